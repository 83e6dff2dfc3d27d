"""How a command ends when it is told to: by Ctrl-C (SIGINT), or by SIGTERM."""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE = 1.5
"""Seconds that a command has to end by itself."""


@contextmanager
def signals_interrupt() -> Iterator[list[int]]:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt; gives the list of those that came.

    Raising lets what is half done be cleared away. A library may be in the middle of something
    long, or lose the exception, so the process ends after `PATIENCE` seconds in any case. After
    such a signal Python does not take its modules apart in the end: with torch that is long.
    """
    came: list[int] = []

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(128 + came[0])

    def stop(number: int, _: FrameType | None) -> None:
        if came:  # it is ending already
            return
        came.append(number)
        timer = threading.Timer(PATIENCE, os._exit, (128 + number,))
        timer.daemon = True
        timer.start()
        # A destructor that the exception comes into, or cuts short, would print a traceback.
        sys.unraisablehook = lambda _: None
        raise KeyboardInterrupt

    atexit.register(leave)  # before anybody else: so it is called last
    before = {}
    if threading.current_thread() is threading.main_thread():  # only that may set handlers
        # (Another handler is somebody's intention, such as nohup's.)
        for number, usual in (
            (signal.SIGINT, signal.default_int_handler),
            (signal.SIGTERM, signal.SIG_DFL),
        ):
            if signal.getsignal(number) == usual:
                before[number] = signal.signal(number, stop)
    try:
        yield came
    finally:
        if not came:
            atexit.unregister(leave)
        for number, handler in before.items():
            signal.signal(number, handler)
