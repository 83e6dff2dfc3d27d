"""Long work that says how far it is and can be stopped."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

Progress = Callable[[int, int], None]
"""What the work calls now and then with how much is done, and of how much."""

Result = TypeVar("Result")


class Stopped(Exception):
    """The work was stopped before its end."""


def follow(
    work: Callable[[Progress], Result], is_stopped: Callable[[], bool], seconds: float = 0.1
) -> Generator[tuple[int, int], None, Result]:
    """Carry out ``work(progress)`` in a thread, yield (done, total) so often, return its result.

    The work ends at its next report once `is_stopped` says so, or nobody follows it any more; who
    leaves does not wait for that. Raises Stopped then, and whatever the work raises.
    """
    latest = (0, 0)
    is_left = False

    def report(done: int, total: int) -> None:
        nonlocal latest
        latest = (done, total)
        if is_left or is_stopped():
            raise Stopped

    pool = ThreadPoolExecutor(1)
    future = pool.submit(work, report)
    try:
        while not future.done():
            yield latest
            wait([future], seconds)
        return future.result()
    finally:
        is_left = True
        # A page that is closed is left on the thread that serves all pages.
        pool.shutdown(wait=False)
