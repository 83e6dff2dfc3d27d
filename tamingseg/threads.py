"""Parts of one task in several threads: numpy, OpenCV and ONNX Runtime work at the same time."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def usual_threads() -> int:
    """Return $OMP_NUM_THREADS, or else one for each core this process may use, as torch does."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdigit() and int(told) > 0:
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


WORKERS = min(usual_threads(), 8)
"""Threads of one task by default."""


def in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int = WORKERS
) -> list[Result]:
    """Apply a function to each of `items`, `workers` at a time; the results are in their order.

    Examples
    --------
    >>> in_threads(len, ["a", "", "abc"])
    [1, 0, 3]
    """
    items = list(items)
    if min(workers, len(items)) < 2:
        return [function(item) for item in items]
    # Threads of this call only: a pool kept for later would break after a fork.
    with ThreadPoolExecutor(min(workers, len(items))) as pool:
        return list(pool.map(function, items))
