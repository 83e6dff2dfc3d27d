"""One function in several processes, each with its own model; the command keeps the books."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context, parent_process
from typing import Any, NamedTuple

from tamingseg.cli.notes import notes_said_once
from tamingseg.threads import usual_threads

Make = Callable[[], Callable[..., Any]]
"""What makes the function, such as one that loads a model first."""

_THREADS = "OMP_NUM_THREADS"

_own: Callable[..., Any]
_until_the_end = ExitStack()


class Rank(NamedTuple):
    """Which of so many processes this is, from 0, where one command runs on several machines."""

    number: int = 0
    total: int = 1


ALONE = Rank()


def own_rank() -> Rank:
    """Return what torchrun, `accelerate launch` or the user says in RANK and WORLD_SIZE.

    Raises
    ------
    ValueError
        If these are no such numbers.
    """
    said = os.environ.get("RANK", "0"), os.environ.get("WORLD_SIZE", "1")
    if not all(text.isascii() and text.isdecimal() for text in said) or int(said[0]) >= int(
        said[1]
    ):
        raise ValueError(
            "expected RANK, from 0, and WORLD_SIZE, the number of processes, in the environment, "
            f"got {said[0]!r:.40} and {said[1]!r:.40}"
        )
    return Rank(*map(int, said))


@contextmanager
def in_processes(make: Make, processes: int) -> Iterator[Callable[..., Any]]:
    """Give the function that `make` makes, or one that lets one of several processes call it.

    It may be called by as many threads at the same time, and its arguments go there as pickles. The
    processes share the CPU's cores, and end when this one does, even if it is killed.

    Raises
    ------
    ValueError
        If there is not at least one process.
    BrokenProcessPool
        By the function, if a process was killed.
    """
    if processes < 1:
        raise ValueError(f"expected at least 1 process, got --processes {processes}")
    function = make()  # what is wrong with the model is said here, once
    if processes == 1:
        yield function
        return
    with (
        _threads_of_each(max(1, usual_threads() // processes)),
        ProcessPoolExecutor(processes, get_context("spawn"), _begin, (make,)) as pool,
    ):
        yield lambda *arguments: pool.submit(_call, *arguments).result()


def at_once(workers: int, function: Callable[..., Any], *arguments: Iterable[Any]) -> Iterator[Any]:
    """Yield what `function` returns, like `map`, with as many threads as there are processes.

    Raises
    ------
    ChildProcessError
        If one of several processes was killed.
    """
    if workers == 1:
        yield from map(function, *arguments)
        return
    threads = ThreadPoolExecutor(workers)
    try:
        yield from threads.map(function, *arguments)
    except BrokenProcessPool as error:
        raise ChildProcessError(
            "a process was killed, perhaps for want of memory; the same command goes on, with a "
            "smaller number of --processes if it happens again"
        ) from error
    finally:
        threads.shutdown(cancel_futures=True)


@contextmanager
def _threads_of_each(threads: int) -> Iterator[None]:
    """Let processes that are started here use so many threads, unless the user says how many."""
    known = os.environ.get(_THREADS)
    os.environ.setdefault(_THREADS, str(threads))
    try:
        yield
    finally:
        if known is None:
            del os.environ[_THREADS]


def _begin(make: Make) -> None:
    global _own
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; one answers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _until_the_end.enter_context(notes_said_once())
    _own = make()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _call(*arguments: Any) -> Any:
    return _own(*arguments)
