"""Commands that have commands: `tamingseg <command>` and `tamingseg evaluate <protocol>`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command: one line for the list of commands, and what runs it (arguments -> exit code)."""

    summary: str
    run: Callable[[Sequence[str]], int]


def dispatch(
    prog: str, description: str, commands: Mapping[str, Command], arguments: Sequence[str]
) -> int:
    """Run the command that the first argument names, with the other arguments.

    Without arguments, or with ``--help``, the commands are listed. An unknown command is said on
    stderr and gives exit code 2.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        width = max(map(len, commands))
        lines = [f"  {name:{width}}  {command.summary}" for name, command in commands.items()]
        print(f"usage: {prog} COMMAND ...\n\n{description}\n\n" + "\n".join(lines))
        print(f"\n{prog} COMMAND --help explains a command.")
        return 0
    if arguments[0] not in commands:
        print(
            f"{prog}: unknown command {arguments[0]!r}; expected one of {', '.join(commands)}",
            file=sys.stderr,
        )
        return 2
    return commands[arguments[0]].run(arguments[1:])
