import threading
import time

import pytest

from tamingseg.ui.runs import Stopped, follow


def drain(steps):
    """All steps, and the result."""
    said = []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return said, end.value


def test_the_work_says_how_far_it_is_and_what_came_of_it():
    go_on = threading.Event()

    def work(progress):
        progress(3, 8)
        go_on.wait(10)
        return "done"

    steps = follow(work, lambda: False, seconds=0.01)
    while next(steps) != (3, 8):
        pass
    go_on.set()
    said, result = drain(steps)
    assert set(said) <= {(3, 8)}
    assert result == "done"


def test_work_is_stopped_at_its_next_report():
    stopped = threading.Event()
    reports = []

    def work(progress):
        while True:
            progress(len(reports), 100)
            reports.append(1)
            time.sleep(0.001)

    steps = follow(work, stopped.is_set, seconds=0.01)
    next(steps)
    stopped.set()
    with pytest.raises(Stopped):
        drain(steps)


def test_work_nobody_follows_any_more_ends():
    ended = threading.Event()

    def work(progress):
        try:
            while True:
                progress(0, 1)
                time.sleep(0.001)
        finally:
            ended.set()

    steps = follow(work, lambda: False, seconds=0.01)
    next(steps)
    steps.close()
    assert ended.wait(10)


def test_who_leaves_does_not_wait_for_the_work():
    go_on, ended = threading.Event(), threading.Event()

    def work(progress):
        go_on.wait(10)
        ended.set()

    steps = follow(work, lambda: False, seconds=0.01)
    next(steps)
    steps.close()
    assert not ended.is_set()
    go_on.set()


def test_what_the_work_raises_comes_out():
    with pytest.raises(ZeroDivisionError):
        drain(follow(lambda progress: 1 / 0, lambda: False))
