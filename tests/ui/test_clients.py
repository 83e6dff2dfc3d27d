import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.ui import clients
from tamingseg.ui.clients import Allowance, Bounds, TooMuch, client


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def bounds():
    return Bounds(Clock())


def passes(bounds, who, allowance):
    try:
        bounds.spend(who, allowance)
    except TooMuch:
        return False
    return True


def test_so_many_in_a_row_and_then_so_many_a_second(bounds):
    allowance = Allowance(3, 2)
    assert [passes(bounds, "a", allowance) for _ in range(5)] == [True] * 3 + [False] * 2
    bounds._clock.now = 0.5
    assert [passes(bounds, "a", allowance) for _ in range(2)] == [True, False]
    bounds._clock.now = 100
    assert [passes(bounds, "a", allowance) for _ in range(4)] == [True] * 3 + [False]


@given(st.lists(st.floats(0, 2), max_size=60))
def test_never_more_than_that_in_any_span(pauses):
    bounds, allowance, done = Bounds(Clock()), Allowance(4, 2.0), []
    for pause in pauses:
        bounds._clock.now += pause
        if passes(bounds, "a", allowance):
            done.append(bounds._clock.now)
    for first, start in enumerate(done):
        for last, end in enumerate(done[first:], first):
            assert last - first + 1 <= 4 + 2.0 * (end - start) + 1e-6


def test_it_is_said_when_to_try_again(bounds):
    bounds.spend("a", Allowance(1, 0.1))
    with pytest.raises(TooMuch, match="wait 10 s and try again") as refusal:
        bounds.spend("a", Allowance(1, 0.1))
    assert refusal.value.seconds == 10


def test_one_costs_the_other_nothing(bounds):
    allowance = Allowance(1, 1)
    assert [passes(bounds, who, allowance) for who in "aab"] == [True, False, True]


def test_what_is_known_is_bounded(bounds, monkeypatch):
    monkeypatch.setattr(clients, "_MOST_KNOWN", 10)
    for who in range(100):
        bounds.spend(who, Allowance(1, 1))
    assert len(bounds._free_at) == 10


def test_requests_at_once_are_bounded_but_not_files(bounds, monkeypatch):
    monkeypatch.setattr(clients, "MOST_AT_ONCE", 1)
    with bounds.request("/config"):
        with pytest.raises(TooMuch), bounds.request("/config"):
            pass
        with bounds.request("/assets/a.js"):
            pass
        token = client.set("10.0.0.7")
        with bounds.request("/config"):
            pass
        client.reset(token)
    with bounds.request("/config"):
        pass
    assert not bounds._under_way
