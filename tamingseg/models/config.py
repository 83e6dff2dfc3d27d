"""The fields of a model's configuration, checked: a file may hold any value in them.

A configuration is a frozen dataclass. Its annotations say everything: a plain ``int`` counts
something and is from 1 to `MOST`, `Between` gives a number another range.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Config:
...     width: int = 8
...     dropout: Annotated[float, Between(0, 1)] = 0.1
...     def __post_init__(self):
...         check_config(self)
>>> Config(width=0)
Traceback (most recent call last):
ValueError: width must be a whole number from 1 to 4096, got 0
"""

from dataclasses import fields
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

MOST = 4096
"""No model has more channels, heads or pixels of a side than this."""

LONGEST_TEXT = 200
"""Nor longer names."""


class Between(NamedTuple):
    """The range of a number, both ends included."""

    low: float
    high: float


def check_config(config: Any) -> None:
    """Check every field of a dataclass against its annotation.

    Known are int, float, bool, str, None, Literal, Annotated with `Between`, tuples and unions.

    Raises
    ------
    ValueError
        If a value has another type, or is out of range; the message names the field.
    """
    hints = get_type_hints(type(config), include_extras=True)
    for field in fields(config):
        value, hint = getattr(config, field.name), hints[field.name]
        if not _fits(value, hint):
            raise ValueError(f"{field.name} must be {_in_words(hint)}, got {shown(value)}")


def _fits(value: Any, hint: Any) -> bool:
    hint, limits = _taken_apart(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return isinstance(value, str | int) and value in arguments
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if arguments[1:] == (...,):
            arguments = arguments[:1] * len(value)
        return len(value) == len(arguments) <= MOST and all(map(_fits, value, arguments))
    if arguments:  # a union
        return any(_fits(value, choice) for choice in arguments)
    if hint is float and type(value) in (int, float):
        return limits.low <= value <= limits.high  # False for what is no number as well
    if hint is int:
        return type(value) is int and limits.low <= value <= limits.high
    return type(value) is hint and (hint is not str or len(value) <= LONGEST_TEXT)


def _in_words(hint: Any) -> str:
    """Say what `hint` allows."""
    hint, (low, high) = _taken_apart(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return f"one of {', '.join(map(repr, arguments))}"
    if origin is tuple:
        several = "a list of" if arguments[1:] == (...,) else f"{len(arguments)} values, each"
        return f"{several} {_in_words(arguments[0])}"
    if arguments:
        return " or ".join(map(_in_words, arguments))
    numbers = {int: "a whole number", float: "a number"}
    if hint in numbers:
        return f"{numbers[hint]} from {low:g} to {high:g}"
    words = {str: f"text of at most {LONGEST_TEXT} characters", bool: "true or false"}
    return words.get(hint, "nothing")


def shown(value: Any) -> str:
    """Say what came, in few words whatever it is."""
    if isinstance(value, int) and abs(value) > 1e18:
        return "a huge number"  # Python refuses to write out very large ones
    if isinstance(value, tuple) and len(value) < 10:
        return f"({', '.join(map(shown, value))})"
    return repr(value)[:80] if isinstance(value, int | float | str) else type(value).__name__


def _taken_apart(hint: Any) -> tuple[Any, Between]:
    """Return the type, and the range of its numbers."""
    limits = Between(1, MOST) if hint is int else Between(-1e9, 1e9)
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        limits = next((extra for extra in extras if isinstance(extra, Between)), limits)
    return hint, limits
