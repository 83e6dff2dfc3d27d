import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.masks.rle import encode_rle
from tamingseg.session.session import Session
from tamingseg.session.state import SegmentedObject, State
from tamingseg.ui.click import document as documents

RED = {"row": 165.0, "col": 185.0, "positive": True}


@pytest.fixture
def session(fake_segmentor, discs_image):
    return Session(fake_segmentor(), discs_image)


def click(session, **changes):
    documents.apply_operation(session, {"do": "add_click", **RED, **changes})


def test_every_operation_reaches_the_session(session, discs):
    click(session)
    documents.apply_operation(session, {"do": "rename", "object_id": 1, "name": "  red \n disc "})
    documents.apply_operation(session, {"do": "recolour", "object_id": 1, "colour": 3})
    documents.apply_operation(session, {"do": "hide", "object_id": 1, "hidden": True})
    documents.apply_operation(session, {"do": "move_click", "index": 0, "row": 300, "col": 440})
    documents.apply_operation(session, {"do": "set_threshold", "threshold": 0.4, "gesture": "t1"})
    documents.apply_operation(session, {"do": "keep"})
    item = session.state.find(1)
    assert (item.name, item.colour, item.hidden, item.threshold) == ("red disc", 3, True, 0.4)
    assert (session.mask_of(1) == (discs == 2)).all()
    documents.apply_operation(session, {"do": "edit", "object_id": 1})
    documents.apply_operation(session, {"do": "delete_click", "index": 0})
    documents.apply_operation(session, {"do": "undo"})
    documents.apply_operation(session, {"do": "clear_clicks"})
    documents.apply_operation(session, {"do": "undo"})
    documents.apply_operation(session, {"do": "redo"})
    documents.apply_operation(session, {"do": "undo"})
    documents.apply_operation(session, {"do": "delete", "object_id": 1})
    assert not session.state.objects
    counts = encode_rle(discs == 1)
    documents.apply_operation(session, {"do": "paint", "stroke": counts, "add": True})
    more = [{"name": "blue", "mask": encode_rle(discs == 2), "hidden": False, "colour": 1}]
    documents.apply_operation(session, {"do": "add_objects", "objects": more})
    documents.apply_operation(session, {"do": "reorder", "object_id": 3, "place": 0})
    assert [item.name for item in session.state.objects] == ["blue", "Object 1"]
    documents.apply_operation(session, {"do": "rename", "object_id": 3, "name": "Object 1"})
    documents.apply_operation(session, {"do": "rename_all", "old": "Object 1", "name": "disc"})
    assert [item.name for item in session.state.objects] == ["disc", "disc"]
    documents.apply_operation(session, {"do": "undo"})
    assert [item.name for item in session.state.objects] == ["Object 1", "Object 1"]


HOSTILE = [
    {"do": "paint", "stroke": "", "add": True},
    {"do": "paint", "stroke": "5", "add": 1},
    {"do": "add_objects", "objects": []},
    {"do": "add_objects", "objects": [3]},
    {"do": "add_objects", "objects": [{"name": "a", "mask": "", "hidden": False}]},
    {"do": "add_objects", "objects": [{"name": "", "mask": "5", "hidden": False}] * 2001},
    {"do": "classify", "name": "", "colour": 0},
    {"do": "classify", "name": "a", "colour": 99},
    {"do": "reorder", "object_id": 1, "place": -1},
    {"do": "reorder", "object_id": 1, "place": 99},
    None,
    7,
    "add_click",
    [],
    {},
    {"do": None},
    {"do": ["add_click"]},
    {"do": "_push"},
    {"do": "__init__"},
    {"do": "mask_of", "object_id": 1},
    {"do": "add_click"},
    {"do": "add_click", **RED, "extra": 1},
    {"do": "add_click", **RED, "row": float("nan")},
    {"do": "add_click", **RED, "row": float("inf")},
    {"do": "add_click", **RED, "row": 10**400},
    {"do": "add_click", **RED, "row": -1},
    {"do": "add_click", **RED, "col": 640},
    {"do": "add_click", **RED, "row": "3"},
    {"do": "add_click", **RED, "row": True},
    {"do": "add_click", **RED, "row": [1]},
    {"do": "add_click", **RED, "positive": 1},
    {"do": "add_click", **RED, "gesture": "g" * 33},
    {"do": "add_click", **RED, "gesture": {"a": 1}},
    {"do": "add_mask"},
    {"do": "add_mask", "mask": ""},
    {"do": "add_mask", "mask": 7},
    {"do": "add_mask", "mask": ["0"]},
    {"do": "add_mask", "mask": "nonsense"},
    {"do": "add_mask", "mask": encode_rle(np.ones((4, 4), bool))},
    {"do": "add_mask", "mask": encode_rle(np.zeros((480, 640), bool))},
    {"do": "move_click", "index": 1, "row": 1, "col": 1},
    {"do": "move_click", "index": -1, "row": 1, "col": 1},
    {"do": "delete_click", "index": 0.0},
    {"do": "set_threshold", "threshold": 0},
    {"do": "set_threshold", "threshold": 1.5},
    {"do": "edit", "object_id": 9},
    {"do": "edit", "object_id": "1"},
    {"do": "rename", "object_id": 1, "name": ""},
    {"do": "rename", "object_id": 1, "name": "n" * 65},
    {"do": "rename", "object_id": 1, "name": 3},
    {"do": "recolour", "object_id": 1, "colour": 16},
    {"do": "recolour", "object_id": 1, "colour": -1},
    {"do": "hide", "object_id": 1, "hidden": None},
    {"do": "delete", "object_id": 2**40},
    {"do": "add_box", "top": 1, "left": 1, "bottom": 9},
    {"do": "add_box", "top": 9, "left": 1, "bottom": 1, "right": 9},
    {"do": "add_box", "top": 500, "left": 1, "bottom": 510, "right": 9},
    {"do": "add_box", "top": float("nan"), "left": 1, "bottom": 9, "right": 9},
    {"do": "replace_mask", "mask": encode_rle(np.ones((4, 4), bool))},
    {"do": "reshape", "how": "bend", "radius": 1},
    {"do": "reshape", "how": "grow", "radius": 0},
    {"do": "reshape", "how": "grow", "radius": 101},
    {"do": "reshape", "how": "shrink", "radius": 100},
    {"do": "lock", "object_id": 1, "locked": 1},
    {"do": "duplicate", "object_id": 2},
    {"do": "solo", "object_id": "1"},
]


@pytest.mark.parametrize("operation", HOSTILE, ids=repr)
def test_hostile_operations_are_refused_and_change_nothing(session, operation):
    click(session)
    before = session.state
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        documents.apply_operation(session, operation)
    assert session.state == before


def test_refusals_are_short_whatever_was_sent(session):
    with pytest.raises(ValueError, match="unknown operation") as caught:
        documents.apply_operation(session, "x" * 10**6)
    assert len(str(caught.value)) < 100


def test_at_most_64_clicks(session):
    for step in range(64):
        click(session, col=100.0 + step)
    with pytest.raises(ValueError, match="at most 64 clicks"):
        click(session)


def test_operations_come_as_a_short_list():
    with pytest.raises(ValueError, match="at most 128"):
        documents.check_operations([{}] * 129)
    with pytest.raises(ValueError, match="list"):
        documents.check_operations({"do": "undo"})


def test_the_description_is_json(session):
    click(session)
    first = documents.describe_state(session.state)
    assert json.loads(json.dumps(first)) == first
    (item,) = first["objects"]
    assert item["clicks"] == [[165.0, 185.0, True]]
    assert (first["active"], first["next_threshold"]) == (1, 0.5)


def test_changes_hold_what_the_browser_does_not_have_and_no_mask_that_is_the_same(session, discs):
    click(session)
    first = session.state
    assert documents.describe_changes(first, first)["objects"] == []
    documents.apply_operation(session, {"do": "add_mask", "mask": encode_rle(discs == 2)})
    changes = documents.describe_changes(session.state, first)
    assert [item["id"] for item in changes["objects"]] == [2]
    assert (changes["active"], changes["removed"], changes["order"]) == (2, [], None)
    second = session.state
    documents.apply_operation(session, {"do": "rename", "object_id": 1, "name": "red"})
    (item,) = documents.describe_changes(session.state, second)["objects"]
    assert (item["name"], item.keys() & {"mask", "base"}) == ("red", set())
    documents.apply_operation(session, {"do": "reorder", "object_id": 2, "place": 0})
    assert documents.describe_changes(session.state, second)["order"] == [2, 1]
    documents.apply_operation(session, {"do": "delete", "object_id": 1})
    changes = documents.describe_changes(session.state, second)
    assert (changes["objects"], changes["removed"], changes["order"]) == ([], [1], None)
    (item,) = documents.describe_changes(first, session.state)["objects"]
    assert item["mask"] == first.find(1).mask


def apply_changes(described, changes):
    """What the browser has after it was told of changes, as ui/shared/work.js does it."""
    objects = {item["id"]: item for item in described["objects"]}
    for number in changes["removed"]:
        del objects[number]
    for item in changes["objects"]:
        objects[item["id"]] = objects.get(item["id"], {}) | item
    order = changes["order"] or list(objects)
    return {**changes, "objects": [objects[number] for number in order]}


OBJECTS = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from("ab"), st.sampled_from(["12", "21"])),
    unique_by=lambda one: one[0],
)


@given(OBJECTS, OBJECTS)
def test_changes_lead_from_any_state_to_any_other(first, second):
    known, state = (
        State(tuple(SegmentedObject(number, name, 0, mask=mask) for number, name, mask in objects))
        for objects in (first, second)
    )
    told = apply_changes(documents.describe_state(known), documents.describe_changes(state, known))
    expected = documents.describe_state(state)
    assert {key: told[key] for key in expected} == expected


def test_a_document_brings_the_work_back(session):
    click(session)
    documents.apply_operation(session, {"do": "keep"})
    click(session, positive=False)
    documents.apply_operation(session, {"do": "set_threshold", "threshold": 0.3})
    click(session, row=20.0, col=20.0)
    documents.apply_operation(session, {"do": "keep"})
    documents.apply_operation(session, {"do": "set_threshold", "threshold": 0.4})
    documents.apply_operation(session, {"do": "edit", "object_id": 1})
    document = json.loads(json.dumps(documents.describe_state(session.state)))
    assert [item["threshold"] for item in document["objects"]] == [0.5, 0.3]
    assert [item["cuts"] for item in document["objects"]] == [[0.5], [0.5, 0.3]]
    assert document["next_threshold"] == 0.4
    assert documents.read_document(document, session.size) == session.state


def test_a_document_of_an_earlier_version_has_the_usual_thresholds(session):
    click(session)
    document = documents.describe_state(session.state)
    del document["next_threshold"], document["objects"][0]["cuts"]
    state = documents.read_document(document, session.size)
    assert (state.threshold, state.current.click_thresholds) == (0.5, (0.5,))


def test_an_answer_is_named_by_what_was_clicked_and_not_by_where_it_is_cut(session, discs):
    def name():
        return documents.describe_state(session.state)["objects"][-1]["answer"]

    click(session, positive=False)
    assert name() is None
    click(session)
    first = name()
    documents.apply_operation(session, {"do": "set_threshold", "threshold": 0.3})
    assert name() == first
    click(session, col=190.0)
    second = name()
    documents.apply_operation(session, {"do": "undo"})
    assert name() == first
    documents.apply_operation(session, {"do": "undo"})
    click(session, col=190.0)
    assert name() not in (first, second)  # the model was told another mask
    documents.apply_operation(session, {"do": "add_mask", "mask": encode_rle(discs == 2)})
    click(session)
    assert name() is None


def test_an_object_begun_with_a_mask_comes_back_with_it(session, discs):
    documents.apply_operation(session, {"do": "add_mask", "mask": encode_rle(discs == 2)})
    click(session)
    document = json.loads(json.dumps(documents.describe_state(session.state)))
    state = documents.read_document(document, session.size)
    assert state == session.state
    again = Session(session._segmentor, session._embedding, state=state)
    again.clear_clicks()
    assert (again.mask == (discs == 2)).all()
    del document["objects"][0]["base"]  # written by an earlier version
    assert documents.read_document(document, session.size).current.base == ""


def spoiled(document, **changes):
    return {**document, "objects": [{**document["objects"][0], **changes}]}


def test_hostile_documents_are_refused(session):
    click(session)
    good = documents.describe_state(session.state)
    small = "52" + "0" * 5
    bad = [
        None,
        [],
        {},
        {"objects": 3},
        {"objects": [None]},
        {**good, "active": 2},
        {**good, "active": "1"},
        {**good, "next_threshold": 0},
        {**good, "next_threshold": None},
        {**good, "objects": good["objects"] * 2},
        {**good, "objects": good["objects"] * 2001},
        *(
            spoiled(good, **changes)
            for changes in (
                {"mask": small},
                {"mask": None},
                {"mask": "\x00"},
                {"base": small},
                {"base": None},
                {"id": -1},
                {"id": None},
                {"name": "n" * 65},
                {"colour": 99},
                {"threshold": float("nan")},
                {"hidden": "no"},
                {"clicks": None},
                {"clicks": [[1, 2]]},
                {"clicks": [[1, 2, 1]]},
                {"clicks": [[-1, 2, True]]},
                {"clicks": [[float("nan"), 2, True]]},
                {"clicks": [[1, 2, True]] * 65},
                {"cuts": None},
                {"cuts": []},
                {"cuts": [0.5] * 2},
                {"cuts": [0.5] * 65},
                {"cuts": ["0.5"]},
                {"cuts": [True]},
                {"cuts": [0.0]},
                {"cuts": [float("nan")]},
                {"cuts": [10**400]},
            )
        ),
    ]
    for document in bad:
        with pytest.raises(ValueError):  # noqa: PT011 - each says something else
            documents.read_document(document, session.size)
    assert documents.read_document(good, session.size) == session.state


def test_a_document_of_another_image_is_refused(session, discs_image):
    click(session)
    document = documents.describe_state(session.state)
    with pytest.raises(ValueError, match="another image"):
        documents.read_document(document, (np.array(session.size) * 2).tolist())
