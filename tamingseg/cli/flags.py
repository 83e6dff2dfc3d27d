"""Flags of a command -> its settings."""

import sys
from collections.abc import Mapping, Sequence
from typing import TypeVar

import tyro

Settings = TypeVar("Settings")


def parse(
    settings: type[Settings],
    prog: str,
    arguments: Sequence[str],
    renamed: Mapping[str, str] | None = None,
    description: str | None = None,
) -> Settings:
    """Read the settings of a command, a dataclass, from its arguments.

    Parameters
    ----------
    prog
        The command as it is typed, for the help.
    renamed
        Flags of earlier versions and what they are called now.
    description
        What the help says of the command, by default the docstring of `settings`.

    Raises
    ------
    ValueError
        If an argument is a flag of an earlier version; the message says the new name.
    """
    refuse_renamed(prog, arguments, renamed or {})
    return tyro.cli(settings, prog=prog, description=description, args=list(arguments))


def refuse_renamed(prog: str, arguments: Sequence[str], renamed: Mapping[str, str]) -> None:
    """Raise a ValueError for a flag of an earlier version; it says what the flag is called now."""
    for argument in arguments:
        flag = argument.partition("=")[0].replace("_", "-")
        if flag in renamed:
            raise ValueError(f"{flag} of {prog} is called {renamed[flag]} now")


def accept_renamed(prog: str, arguments: Sequence[str], flag: str, name: str) -> list[str]:
    """Return the arguments with the new name of a flag of an earlier version, and say it."""
    accepted = []
    for argument in arguments:
        given, separator, value = argument.partition("=")
        if given == flag:
            print(f"{prog}: {flag} is called {name} now; it still works here", file=sys.stderr)
            argument = name + separator + value
        accepted.append(argument)
    return accepted
