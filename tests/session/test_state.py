import pytest

from tamingseg.session import state as states
from tamingseg.session.state import History, SegmentedObject, State
from tamingseg.values import Click


def test_a_new_object_is_active_in_front_and_has_the_freest_colour():
    state = states.begin_object(State())
    state = states.change_object(state, 1, clicks=(Click(1, 1),), click_thresholds=(0.5,))
    state = states.begin_object(state)
    assert [item.id for item in state.objects] == [1, 2]
    assert [item.name for item in state.objects] == ["Object 1", "Object 2"]
    assert [item.colour for item in state.objects] == [0, 1]
    assert state.current.id == 2


def test_a_new_object_has_the_threshold_of_the_state():
    state = states.begin_object(State(threshold=0.3))
    assert state.current.threshold == state.threshold == 0.3
    with pytest.raises(ValueError, match="between 0 and 1"):
        State(threshold=1.0)


def test_finish_keeps_what_has_clicks_and_drops_what_is_empty():
    empty = states.begin_object(State())
    assert states.finish(empty) == State(next_id=2)
    clicked = states.change_object(empty, 1, clicks=(Click(1, 1),), click_thresholds=(0.5,))
    assert states.finish(clicked).active is None
    assert states.finish(clicked).objects == clicked.objects


def test_edit_finishes_the_one_before():
    state = states.change_object(
        states.begin_object(State()), 1, clicks=(Click(1, 1),), click_thresholds=(0.5,)
    )
    state = states.begin_object(state)
    state = states.edit_object(state, 1)
    assert state.active == 1
    assert [item.id for item in state.objects] == [1]


def test_ids_are_not_given_twice():
    state = states.change_object(
        states.begin_object(State()), 1, clicks=(Click(1, 1),), click_thresholds=(0.5,)
    )
    state = states.begin_object(states.delete_object(state, 1))
    assert state.current.id == 2


def test_deleting_the_active_object_leaves_none_active():
    state = states.begin_object(State())
    assert states.delete_object(state, 1).active is None


def test_clicks_are_added_moved_and_deleted_in_copies():
    clicks = states.added((), Click(1, 2))
    both = states.added(clicks, Click(3, 4, False))
    assert states.moved(both, 1, 5, 6) == (Click(1, 2), Click(5, 6, False))
    assert states.deleted(both, 0) == (Click(3, 4, False),)
    assert both == (Click(1, 2), Click(3, 4, False))
    with pytest.raises(ValueError, match="no click 2"):
        states.deleted(both, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "1 to 64 characters"),
        ({"name": "n" * 65}, "1 to 64 characters"),
        ({"colour": 16}, "index from 0 to 15"),
        ({"threshold": 0.0}, "between 0 and 1"),
        ({"threshold": float("nan")}, "between 0 and 1"),
        ({"clicks": (Click(0, 0),) * 65}, "at most 64 clicks"),
        ({"clicks": (Click(0, 0),)}, "0 of them for 1 clicks"),
        ({"clicks": (Click(0, 0),), "click_thresholds": (1.0,)}, "between 0 and 1"),
    ],
)
def test_an_object_checks_itself(changes, message):
    with pytest.raises(ValueError, match=message):
        SegmentedObject(**{"id": 1, "name": "a", "colour": 0} | changes)


def test_an_active_object_must_exist():
    with pytest.raises(ValueError, match="no object 3"):
        State(active=3)


def test_history_goes_back_and_forth_and_forgets_what_was_undone_on_a_new_step():
    a, b, c = State(), State(next_id=2), State(next_id=3)
    history = History(a).push(b)
    assert history.undo().present == a
    assert history.undo().redo() == history
    assert history.undo().undo() == history.undo()
    assert not history.undo().push(c).future


def test_a_gesture_is_one_step_and_no_change_is_none():
    steps = [State(next_id=n) for n in range(2, 6)]
    history = History(State()).push(State())
    assert not history.past
    for state in steps[:3]:
        history = history.push(state, "drag 1")
    history = history.push(steps[3], "drag 2")
    assert history.undo().present == steps[2]
    assert history.undo().undo().present == State()


def test_masks_count_once_for_all_states_that_have_them():
    item = SegmentedObject(id=1, name="a", colour=0, mask="mask", base="base")
    state = State((item,), next_id=2)
    history = History().push(state).push(states.begin_object(state))
    history = history.push(states.change_object(history.present, 1, mask="another"))
    references = 8 * (1 + 2 + 2)  # of the states to their objects
    masks = len("mask" + "base" + "another")
    assert history.nbytes == history.undo().undo().redo().nbytes == masks + references


def test_memory_follows_the_steps_that_are_kept(monkeypatch):
    monkeypatch.setattr(states, "MAX_STEPS", 2)
    masks = ["a" * 10, "b" * 200, "c" * 3000, "d" * 40000]
    steps = [State((SegmentedObject(1, "a", 0, mask=mask),)) for mask in masks]
    history = History(steps[0])
    sizes = []
    for step in steps[1:]:
        history = history.push(step)
        sizes.append(history.nbytes - 8 * (len(history.past) + 1))
    assert sizes == [210, 3210, 43200]
    dragged = history.undo().push(steps[0], "drag").push(steps[1], "drag")
    assert dragged.nbytes == 3 * 8 + 200 + 3000 + 200
