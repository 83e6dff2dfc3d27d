"""Who asks, and how much: what one client can take from the others is bounded.

A client is the address that a request comes from. Behind a reverse proxy on the same machine it is
the address that the proxy names in the header X-Forwarded-For. A proxy elsewhere is believed if the
environment variable FORWARDED_ALLOW_IPS has its address; else all its users are one client. The
bounds are wide enough for a class of fifty behind one address.
"""

import math
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

client: ContextVar[str] = ContextVar("client", default="")
"""The client whose request is being answered."""

MOST_AT_ONCE = 200
"""Requests of one client that are under way at the same time."""

_MOST_KNOWN = 10_000

_OF_THE_PAGE = "scripts|samples|decoder/weights|decoder/kernels"
_FILES = re.compile(f"/(assets|static|svelte|tamingseg/({_OF_THE_PAGE}))/.+")
"""What costs next to nothing, and comes in great number whenever a page is loaded."""


class Allowance(NamedTuple):
    """How often something may be done: so many times in a row, and so often in the long run."""

    in_a_row: int
    per_second: float


OF_A_CLIENT = Allowance(1500, 300)
OF_A_TAB = Allowance(300, 60)
"""Calls of one tab of a browser; a drag makes about 30 a second."""
WORK = Allowance(100, 5)
"""Photos that a client opens, and runs that it asks for."""


class TooMuch(Exception):
    """Somebody does something too often; `seconds` says when it can be done again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(
            f"Too many requests came from you or your address; wait {self.seconds} s and try again."
        )


class Bounds:
    """Counts what each client does. For one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free_at: OrderedDict[Hashable, float] = OrderedDict()
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def request(self, path: str) -> Iterator[None]:
        """Count a request of the `client` while it is answered; raise TooMuch if it may not be."""
        who = client.get()
        if _FILES.fullmatch(path):
            yield
            return
        if self._under_way[who] >= MOST_AT_ONCE:
            raise TooMuch(1)
        self.spend(("client", who), OF_A_CLIENT)
        self._under_way[who] += 1
        try:
            yield
        finally:
            self._under_way[who] -= 1
            if not self._under_way[who]:
                del self._under_way[who]

    def spend(self, who: Hashable, allowance: Allowance) -> None:
        """Note that somebody does something once more; raise TooMuch if that is too often.

        Everything done moves the moment at which nothing is owed any more further away, which may
        be `in_a_row` times away at most (the generic cell rate algorithm, ITU-T I.371).
        """
        now, step = self._clock(), 1 / allowance.per_second
        free_at = max(now, self._free_at.pop(who, now))
        self._free_at[who] = free_at
        wait = free_at - now - (allowance.in_a_row - 1) * step
        if wait > 1e-9:
            raise TooMuch(wait)
        self._free_at[who] = free_at + step
        while len(self._free_at) > _MOST_KNOWN:
            self._free_at.popitem(last=False)
