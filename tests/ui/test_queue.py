"""What takes its time, and what is said about it."""

import pytest

from tamingseg.ui.queue import carry_out
from tamingseg.ui.sessions import Workspaces


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
    assert "stumbled" in end["error"]
    assert "this failed" in caplog.text


def test_work_is_stopped_at_its_next_report(workspaces, request_):
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
