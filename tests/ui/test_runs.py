import os
import sys
import threading
import time

import pytest

from tamingseg.ui.runs import Stopped, carry_out, follow
from tamingseg.ui.turns import MOST_OF_A_USER, NICE_RUN
from tamingseg.ui.workspaces import Workspaces


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


@pytest.fixture
def workspaces(fake_segmentor):
    return Workspaces(fake_segmentor())


@pytest.fixture
def request_(workspaces, two_discs):
    return {"token": workspaces.open_image("discs.png", two_discs.image).token, "run": "r"}


def said(workspaces, request, work):
    return list(carry_out(workspaces, request, lambda workspace, request: work, "this"))


def test_the_end_tells_what_the_work_returned_and_how_long_it_took(workspaces, request_):
    end = said(workspaces, request_, lambda progress: {"found": 3})[-1]
    assert end.pop("ms") >= 0
    assert end == {"run": "r", "found": 3}


def test_what_is_wrong_with_a_request_is_said_before_any_work(workspaces, request_):
    def prepare(workspace, request):
        raise ValueError("no such thing")

    steps = carry_out(workspaces, request_, prepare, "this")
    assert list(steps) == [{"run": "r", "error": "no such thing"}]


def test_work_that_fails_says_so_and_only_the_log_says_how(workspaces, request_, caplog):
    end = said(workspaces, request_, lambda progress: 1 / 0)[-1]
    assert "log says why" in end["error"]
    assert "this failed" in caplog.text


def test_a_run_that_was_to_be_stopped_keeps_nothing(workspaces, request_):
    workspaces.find(request_["token"]).stopped.append("r")
    reached = []

    def work(progress):
        progress(0, 1)
        reached.append(1)

    assert said(workspaces, request_, work)[-1] == {"run": "r", "stopped": True}
    assert not reached


def test_a_page_that_is_gone_is_told(workspaces):
    end = said(workspaces, {"token": "guess", "run": "r"}, lambda progress: {})[-1]
    assert end["gone"]
    assert end["run"] == "r"


def test_a_run_waits_for_its_turn_and_says_how_many_are_before_it(workspaces, request_, two_discs):
    begun, go_on = threading.Event(), threading.Event()

    def hold(progress):
        begun.set()
        go_on.wait(30)
        return {}

    other = {"token": workspaces.open_image("b.png", two_discs.image).token, "run": "other"}
    first = threading.Thread(target=said, args=(workspaces, other, hold))
    first.start()
    begun.wait(30)
    steps = carry_out(workspaces, request_, lambda *_: lambda progress: {}, "this")
    assert next(steps) == {"run": "r", "ahead": 1, "done": 0, "total": 0, "seconds": 0}
    go_on.set()
    first.join(30)
    *_, end = steps
    assert end.keys() == {"run", "ms"}


def test_a_run_that_waits_is_stopped_and_holds_up_nobody(workspaces, request_, two_discs):
    turn = workspaces.turns.join("short", "other", "")
    steps = carry_out(workspaces, request_, lambda *_: lambda progress: 1 / 0, "this")
    assert next(steps)["ahead"] == 1
    workspaces.find(request_["token"]).stopped.append("r")
    assert list(steps)[-1] == {"run": "r", "stopped": True}
    left = carry_out(workspaces, {**request_, "run": "s"}, lambda *_: lambda progress: {}, "this")
    assert next(left)["ahead"] == 1
    left.close()
    turn.__exit__()
    assert not workspaces.turns._turns


def test_who_runs_too_much_is_told(workspaces, request_):
    workspace = workspaces.find(request_["token"])
    for _ in range(MOST_OF_A_USER):
        workspaces.turns.join("short", workspace, "")
    (end,) = carry_out(workspaces, request_, lambda *_: lambda progress: {}, "this")
    assert "waiting already" in end["error"]


def test_runs_have_less_priority_than_clicks():
    if sys.platform != "linux":
        pytest.skip("only on Linux have threads priorities of their own")

    def work(progress):
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = work(None)
    assert drain(follow(work, lambda: False))[1] == min(19, before + NICE_RUN)
    assert work(None) == before
