"""Who works on which photo: one page of a browser at a time, so that nobody overwrites anybody.

A page is told by a name that it made up, and holds one photo at most. It has to say now and then
that it is still there; what it held becomes free a while after it stopped.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = 150.0
"""A page that was not heard of for this long holds nothing. Browsers let a page in the background
speak once a minute."""


@dataclass(slots=True)
class Holder:
    """A page that works on a photo; `who` is what others call its user."""

    page: str
    who: str
    photo: str
    heard: float


class Locks:
    """Photo -> who works on it. Safe to use from several threads."""

    def __init__(
        self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._clock = seconds, clock
        self._holders: dict[str, Holder] = {}  # by the page
        self._lock = threading.Lock()

    def take(self, photo: str, page: str, who: str, force: bool = False) -> str | None:
        """Give a photo to a page, which lets go of the one it held.

        Returns who works on it already, and gives nothing then, unless by `force`.
        """
        with self._lock:
            self._drop_silent()
            self._holders.pop(page, None)
            for other in [one for one in self._holders.values() if one.photo == photo]:
                if not force:
                    return other.who
                del self._holders[other.page]
            self._holders[page] = Holder(page, who, photo, self._clock())
            return None

    def release(self, page: str) -> None:
        """Let a page hold nothing any more."""
        with self._lock:
            self._holders.pop(page, None)

    def listed(self, page: str) -> dict[str, str]:
        """Return photo -> who works on it, of all other pages; `page` is heard of by that."""
        with self._lock:
            self._drop_silent()
            if page in self._holders:
                self._holders[page].heard = self._clock()
            others = (one for one in self._holders.values() if one.page != page)
            return {one.photo: one.who for one in others}

    def _drop_silent(self) -> None:
        last = self._clock() - self._seconds
        for silent in [one.page for one in self._holders.values() if one.heard < last]:
            del self._holders[silent]
