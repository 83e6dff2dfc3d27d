"""Gives memory back to the system that nobody needs any more."""

import ctypes
import threading

from tamingseg.ui.workspaces import Workspaces

_SECONDS = 5.0
"""How often it is looked for memory that became free."""

_ARENA_MAX = -8
"""Number of a setting of glibc, M_ARENA_MAX in malloc.h."""


def keep_tidy(workspaces: Workspaces, ended: threading.Event, seconds: float = _SECONDS) -> None:
    """Tidy up every so many seconds, until `ended` is set."""
    while not ended.wait(seconds):
        if workspaces.tidy():
            trim()


def use_one_heap() -> None:
    """Let all threads that begin from now on share one heap, if the C library is glibc.

    It makes heaps for up to eight threads per core otherwise, and `trim` cannot give back the free
    end of any but the first: up to 64 MB each.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_ARENA_MAX, 1)


def trim() -> None:
    """Give freed blocks back to the system, if the C library is glibc.

    It keeps them otherwise, for each thread: after many users that can be more than is in use.
    """
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)
