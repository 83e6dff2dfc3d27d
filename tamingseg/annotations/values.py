"""Values out of strangers' JSON, each checked where it is taken out."""

import math
from typing import Any

_MISSING = object()


def items(entry: Any, key: str) -> list[Any]:
    """Return a list, empty if it is missing."""
    value = _get(entry, key, [])
    if not isinstance(value, list):
        raise ValueError(f"{key} must be a list, got {value!r:.100}")
    return value


def text(entry: Any, key: str, default: Any = _MISSING, empty: bool = False) -> str:
    """Return text, of at least one character unless it may be `empty`.

    Examples
    --------
    >>> text({"name": 3}, "name")
    Traceback (most recent call last):
    ValueError: name must be text, got 3
    """
    value = _get(entry, key, default)
    if not isinstance(value, str) or not (value or empty):
        raise ValueError(f"{key} must be text, got {value!r:.100}")
    return value


def number(entry: Any, key: str, default: Any = _MISSING, whole: bool = False) -> Any:
    """Return a finite number, an int if it must be `whole`."""
    value = _get(entry, key, default)
    fits = type(value) is int or (type(value) is float and not whole and math.isfinite(value))
    if not fits:
        raise ValueError(f"{key} must be a {'whole ' * whole}number, got {value!r:.100}")
    return value


def flag(entry: Any, key: str) -> bool:
    """Return true or false, false if it is missing."""
    value = _get(entry, key, False)
    if type(value) is not bool:
        raise ValueError(f"{key} must be true or false, got {value!r:.100}")
    return value


def _get(entry: Any, key: str, default: Any) -> Any:
    if not isinstance(entry, dict):
        raise ValueError(f"expected an entry with {key}, got {entry!r:.100}")
    value = entry.get(key, default)
    if value is _MISSING:
        raise ValueError(f"it has no {key}")
    return value
