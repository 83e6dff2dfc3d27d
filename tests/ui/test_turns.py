import threading

import pytest

from tamingseg.ui.turns import MOST, MOST_OF_A_CLIENT, MOST_OF_A_USER, Turns


@pytest.fixture
def join():
    turns = Turns()
    return lambda user, line="long", client="": turns.join(line, user, client)


def places(runs):
    return [run.wait(seconds=0) for run in runs]


def test_users_take_turns(join):
    runs = [join(user) for user in "aaba"]
    assert places(runs) == [0, 2, 1, 3]
    with runs[0]:
        pass
    assert places(runs[1:]) == [0, 1, 2]  # in the order they came: of each it is the first now
    with runs[1]:
        pass
    assert places(runs[2:]) == [0, 1]


def test_whose_turn_has_come_keeps_it(join):
    first, second, other = join("a"), join("a"), join("b")
    assert first.wait() == 0
    with first:
        pass
    assert second.wait() == 0
    late = join("c")
    with other:
        pass
    assert places([second, late]) == [0, 1]


def test_short_runs_do_not_wait_for_long_ones(join):
    long, short = join("a"), join("a", "short")
    assert places([long, short]) == [0, 0]


def test_who_waits_hears_at_once_of_a_change(join):
    first, second = join("a"), join("b")
    assert second.wait() == 1
    heard = []
    waiting = threading.Thread(target=lambda: heard.append(second.wait(1, seconds=60)))
    waiting.start()
    first.__exit__()
    waiting.join(30)
    assert heard == [0]


def test_there_is_room_for_so_many(join):
    for _ in range(MOST_OF_A_USER):
        run = join("a")
    with pytest.raises(ValueError, match="of this photo are waiting"):
        join("a")
    with run:
        pass
    join("a")
    for user in range(MOST_OF_A_CLIENT):
        join(user, client="10.0.0.7")
    with pytest.raises(ValueError, match="from your address"):
        join("b", client="10.0.0.7")
    for user in range(MOST - MOST_OF_A_CLIENT - MOST_OF_A_USER):
        join(user + 100, client="10.0.0.8")
    with pytest.raises(ValueError, match="try again in a minute"):
        join("b", client="10.0.0.9")
