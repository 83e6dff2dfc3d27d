"""Whose turn it is: runs wait in two lines, of each of which one at a time is carried out.

Short runs have a line of their own, so that they never wait behind a grid of clicks. In a line
users take turns: the second run of a user comes after the first ones of all others. Clicks wait for
nothing but each other: runs, and the encoding of photos, have threads of less priority.
"""

import os
import sys
import threading
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

Line = Literal["short", "long"]

MOST = 60
"""Most runs in both lines, of all users together."""

MOST_OF_A_USER = 4
MOST_OF_A_CLIENT = 30

NICE_RUN, NICE_ENCODING = 10, 5
"""A run gets a tenth, and the encoding of a photo a third, of what a click gets of a core that both
want."""

_AT_ONCE = max(2, os.cpu_count() or 2)


def let_others_go_first(nice: int) -> None:
    """Lower the priority of this thread and those it begins, where threads have their own."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + nice)


clicks_at_once = threading.BoundedSemaphore(_AT_ONCE)
"""Held while a click is answered. More at once would be no faster, and take more memory."""

encoders = ThreadPoolExecutor(_AT_ONCE, "encode", let_others_go_first, (NICE_ENCODING,))
"""Threads that encode photos."""


def start_encoders() -> None:
    """Begin all threads of `encoders` now: one that a run began would have less priority still."""
    all_there = threading.Barrier(_AT_ONCE)
    for _ in range(_AT_ONCE):
        encoders.submit(all_there.wait)


class Turns:
    """Both lines. Safe to use from several threads."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []  # as they came
        self._changed = threading.Condition()

    def join(self, line: Line, user: Hashable, client: str) -> "Turn":
        """Stand in a line.

        Raises
        ------
        ValueError
            If there are too many runs, of this user, of this client or of all.
        """
        with self._changed:
            if sum(turn.user == user for turn in self._turns) >= MOST_OF_A_USER:
                raise ValueError(
                    f"{MOST_OF_A_USER} tasks of this photo are waiting already; wait for one of "
                    "them, or stop it"
                )
            if sum(turn.client == client for turn in self._turns) >= MOST_OF_A_CLIENT:
                raise ValueError(
                    f"{MOST_OF_A_CLIENT} tasks from your address are waiting already; try again in "
                    "a minute"
                )
            if len(self._turns) >= MOST:
                raise ValueError(f"{MOST} tasks are waiting already; try again in a minute")
            turn = Turn(self, line, user, client)
            self._turns.append(turn)
            return turn

    def _order(self, line: Line) -> list["Turn"]:
        """Return the runs of a line, that which is carried out first."""
        earlier: dict[Hashable, int] = {}
        places: list[tuple[bool, int, int, Turn]] = []
        for turn in self._turns:
            if turn.line == line:
                rank = earlier.get(turn.user, 0)
                earlier[turn.user] = rank + 1
                places.append((not turn.has_begun, rank, len(places), turn))
        return [turn for *_, turn in sorted(places, key=lambda place: place[:3])]


class Turn:
    """The place of one run in its line; left at the end of a `with` block.

    Attributes
    ----------
    has_begun
        Whether it is, or was, its turn.
    """

    def __init__(self, turns: Turns, line: Line, user: Hashable, client: str) -> None:
        self.line: Line = line
        self.user, self.client = user, client
        self.has_begun = False
        self._turns = turns

    def wait(self, known: int | None = None, seconds: float = 2.0) -> int:
        """Return how many runs come before; 0 means that this one may begin now.

        If that number is `known`, waits for so many seconds for another one.
        """
        changed = self._turns._changed
        with changed:
            changed.wait_for(lambda: self._ahead() != known, seconds)
            ahead = self._ahead()
            self.has_begun = self.has_begun or not ahead
            return ahead

    def __enter__(self) -> "Turn":
        return self

    def __exit__(self, *_: object) -> None:
        with self._turns._changed:
            self._turns._turns.remove(self)
            self._turns._changed.notify_all()

    def _ahead(self) -> int:
        return self._turns._order(self.line).index(self)
