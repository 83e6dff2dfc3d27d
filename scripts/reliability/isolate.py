"""One call in a process of its own, with a limit of memory and of time."""

import multiprocessing
import os
import resource
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import NamedTuple

MEMORY = 2 * 2**30
"""Bytes that a call may take on top of what the process has when it begins."""

SECONDS = 10.0
"""A call that takes longer is ended, and counts as hanging."""


class Outcome(NamedTuple):
    """How a call ended."""

    kind: str  # "returned", "refused" (by ValueError or OSError), "raised", "crashed" or "hung"
    error: str  # class of the exception, or the signal
    message: str
    place: str  # file and line of our package, or where it was raised
    seconds: float


def run_alone(call: Callable[[], object]) -> Outcome:
    """Run `call` in a forked process and say how it ended; what it returns is dropped."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    start = time.perf_counter()
    process = context.Process(target=_run, args=(call, send))
    process.start()
    send.close()
    try:
        told = receive.recv() if receive.poll(SECONDS) else None
    except EOFError:
        told = ("crashed", "", "", "")
    seconds = time.perf_counter() - start
    if told is None:
        process.kill()
    process.join()
    receive.close()
    if told is None:
        return Outcome("hung", f"over {SECONDS:g} s", "", "", seconds)
    if told[0] == "crashed":
        return Outcome("crashed", f"exit code {process.exitcode}", "", "", seconds)
    return Outcome(*told, seconds)


def _run(call: Callable[[], object], send: Connection) -> None:
    limit = _size() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what libraries print about damaged files
    try:
        call()
        told = ("returned", "", "", "")
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "/tamingseg/" in frame.filename] or frames
        place = f"{ours[-1].filename.rpartition('/tamingseg/')[2]}:{ours[-1].lineno}"
        kind = "refused" if isinstance(error, ValueError | OSError) else "raised"
        told = (kind, type(error).__name__, str(error), place)
    send.send(told)
    send.close()


def _size() -> int:
    """Bytes of address space of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
