"""`tamingseg <command>`: the table of commands; each is imported only when it is called."""

import importlib
import io
import os
import re
import signal
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version

from tamingseg.cli.commands import Command, dispatch
from tamingseg.cli.notes import notes_said_once
from tamingseg.cli.stop import signals_interrupt


def _call(module: str, arguments: Sequence[str]) -> int:
    return importlib.import_module(module).main(arguments)


COMMANDS = {
    name: Command(summary, partial(_call, f"tamingseg.cli.{name}"))
    for name, summary in (
        ("app", "start the page in the browser"),
        ("segment", "segment a photo from clicks, into a file"),
        ("propose", "list all masks of photos, best first, into files"),
        ("partition", "split photos into K regions, into files"),
        ("convert", "convert annotations to another format"),
        ("panels", "draw what a model sees in a photo, side by side"),
        ("train", "train a click model"),
        ("export", "make a trained model start faster, without torch"),
        ("distill", "train a model that gives every pixel a feature"),
        ("evaluate", "measure a model on data sets"),
        ("report", "make tables, plots and comparisons of what was measured"),
        ("data", "check, download and make data sets"),
    )
}


_OF_TRAINING = ("accelerate", "onnx", "timm", "torch")
"""Libraries of the extra train, which only some commands need."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; `arguments` are those of the process by default. Returns the exit code.

    What the user can mend (a ValueError, a missing or unwritable file, a missing extra) is said in
    one line on stderr, with exit code 2 and no traceback. SIGINT (Ctrl-C) and SIGTERM end a command
    in one line too, with exit codes 130 and 143; the same command continues later.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if list(arguments) == ["--version"]:
        print(f"tamingseg {version('tamingseg')}")
        return 0
    for stream in (sys.stdout, sys.stderr):  # names of files need not be valid UTF-8
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with signals_interrupt() as came:
        try:
            with notes_said_once():
                code = dispatch(
                    "tamingseg",
                    "Image segmentation from clicks, and without any.",
                    COMMANDS,
                    arguments,
                )
            if came:  # a library, such as gradio, kept the exception to itself
                raise KeyboardInterrupt
            return code
        except BrokenPipeError:  # whoever read the output, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        except (Exception, KeyboardInterrupt) as error:
            if came or isinstance(error, KeyboardInterrupt):
                print("tamingseg: interrupted", file=sys.stderr)
                return 128 + (came or [signal.SIGINT])[0]
            if not isinstance(error, ValueError | OSError | ImportError | FloatingPointError):
                raise
            said = re.sub(r"^\[Errno \d+\] ", "", str(error))
            if isinstance(error, ModuleNotFoundError) and error.name in _OF_TRAINING:
                said += "; install it with: pip install 'tamingseg[train]'"
            print(f"tamingseg: error: {said}", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
