"""What the page may call about clicks, without gradio."""

import threading

import numpy as np
import pytest

from tamingseg.masks.rle import decode_rle
from tamingseg.ui.click.calls import click_calls
from tamingseg.ui.click.work import find_click_work
from tamingseg.ui.shared.calls import shared_calls
from tamingseg.ui.shared.truth import compare_masks, packed_regions
from tamingseg.ui.workspaces import Workspaces

RED = {"do": "add_click", "row": 165.0, "col": 185.0, "positive": True}
BLUE = {**RED, "row": 300.0, "col": 440.0}


@pytest.fixture
def segmentor(fake_segmentor):
    return fake_segmentor()


@pytest.fixture
def workspaces(segmentor):
    return Workspaces(segmentor)


@pytest.fixture
def calls(workspaces):
    offered = [*shared_calls(workspaces), *click_calls(workspaces)]
    return {call.__name__: call for call in offered}


def ask(workspace, segmentor, sequence, *operations, **more):
    request = {"sequence": sequence, "operations": list(operations), **more}
    return find_click_work(workspace, segmentor).answer(request)


def test_a_request_sent_twice_is_carried_out_once(workspaces, segmentor, discs_image):
    workspace = workspaces.open_image("a.png", discs_image)
    once = ask(workspace, segmentor, 1, RED)
    assert ask(workspace, segmentor, 1, RED)["objects"] == once["objects"]


def test_an_answer_holds_what_changed_since_the_one_that_the_browser_has(
    workspaces, segmentor, discs_image
):
    workspace = workspaces.open_image("a.png", discs_image)
    first = ask(workspace, segmentor, 1, RED, {"do": "keep"})
    assert (first["since"], len(first["objects"])) == (None, 1)
    second = ask(workspace, segmentor, 2, BLUE, known=1)
    assert (second["since"], [one["id"] for one in second["objects"]]) == (1, [2])
    lost = ask(workspace, segmentor, 3, {"do": "keep"}, known=2)
    assert (lost["since"], lost["objects"], lost["active"]) == (2, [], None)
    again = ask(workspace, segmentor, 3, {"do": "keep"}, known=2)
    assert again | {"encode_ms": 0} == lost | {"encode_ms": 0}
    workspace.rest()
    undone = ask(workspace, segmentor, 4, {"do": "undo"}, {"do": "undo"}, known=3)
    assert (undone["since"], undone["removed"]) == (3, [2])
    for number, known in enumerate([None, 1, 2, 99, True, "4", {}, [4]], 5):
        whole = ask(workspace, segmentor, number, known=known)
        assert (whole["since"], len(whole["objects"])) == (None, 1)


def test_a_refused_operation_ends_the_request_but_what_was_done_stays(
    workspaces, segmentor, discs_image
):
    workspace = workspaces.open_image("a.png", discs_image)
    answer = ask(workspace, segmentor, 1, RED, {**RED, "row": 999}, {"do": "keep"})
    assert "outside the image" in answer["error"]
    assert len(answer["objects"][0]["clicks"]) == 1
    assert answer["active"] == 1


@pytest.fixture
def dim(discs):
    """A photo of a disc that is hardly brighter than the ground, and of a bright one."""
    return np.repeat(np.array([20, 24, 200], np.uint8)[discs][..., None], 3, axis=-1)


DARKER = {"brightness": 0.125, "gamma": 1}
GROUND = {"do": "add_click", "row": 40.0, "col": 60.0, "positive": True}


def test_another_light_changes_answers_but_no_mask(workspaces, segmentor, dim, discs):
    workspace = workspaces.open_image("a.png", dim)
    before = ask(workspace, segmentor, 1, GROUND, {"do": "keep"})
    after = ask(workspace, segmentor, 2, light=DARKER)
    assert after["objects"][0]["mask"] == before["objects"][0]["mask"]
    assert after["objects"][0]["answer"] != before["objects"][0]["answer"]  # its levels are others
    assert after["can_undo"]
    answer = ask(workspace, segmentor, 3, GROUND, light=DARKER)
    assert (decode_rle(answer["objects"][1]["mask"], discs.shape) == (discs != 2)).all()
    ask(workspace, segmentor, 3, light=None)  # an old request once more
    assert workspace.light == (0.125, 1)
    answer = ask(workspace, segmentor, 4, {"do": "undo"}, {"do": "undo"}, GROUND)
    assert (decode_rle(answer["objects"][0]["mask"], discs.shape) == (discs == 0)).all()


def test_regions_are_those_of_the_photo_as_it_is(workspaces, segmentor, dim):
    workspace = workspaces.open_image("a.png", dim)
    ask(workspace, segmentor, 1, light=DARKER)
    assert (workspaces.find_embedding(workspace, segmentor).image == dim).all()
    assert workspace.encoded()[0].image.max() == 25


def test_a_sample_in_another_light_belongs_to_one_user(workspaces, segmentor):
    first, second = (workspaces.open_sample("cat") for _ in range(2))
    ask(first, segmentor, 1)
    small = first.nbytes
    ask(first, segmentor, 2, light=DARKER)
    ask(second, segmentor, 1)
    assert (second.encoded()[0].image == second.image).all()
    assert first.nbytes > small + first.image.nbytes / 2
    ask(first, segmentor, 3)
    assert first.encoded() is second.encoded()


@pytest.mark.parametrize(
    "light",
    ["bright", [1, 1], {"brightness": 1}, {"brightness": 9, "gamma": 1}]
    + [{"brightness": 1, "gamma": bad} for bad in (0, -1, True, "1", float("nan"), 10**400)],
)
def test_a_light_that_cannot_be_is_refused(workspaces, segmentor, discs_image, light):
    workspace = workspaces.open_image("a.png", discs_image)
    with pytest.raises(ValueError, match=r"expected|lie between"):
        ask(workspace, segmentor, 1, light=light)
    assert workspace.light == (1, 1)


def test_a_document_restores_the_work_with_the_first_request_only(
    workspaces, segmentor, discs_image
):
    first = workspaces.open_image("a.png", discs_image)
    document = ask(first, segmentor, 1, RED)
    second = workspaces.open_image("a.png", discs_image)
    restored = ask(second, segmentor, 1, {"do": "keep"}, document=document)
    assert restored["objects"] == document["objects"]
    assert restored["active"] is None
    untouched = ask(second, segmentor, 2, document={"objects": [], "active": None})
    assert untouched["objects"] == document["objects"]


def test_a_spoiled_document_is_refused_with_a_message(workspaces, segmentor, discs_image):
    workspace = workspaces.open_image("a.png", discs_image)
    answer = ask(workspace, segmentor, 1, document={"objects": [1]})
    assert "saved work" in answer["error"]
    assert ask(workspace, segmentor, 2, RED)["error"] is None


def test_requests_of_one_page_do_not_run_into_each_other(workspaces, segmentor, discs_image):
    workspace = workspaces.open_image("a.png", discs_image)
    threads = [
        threading.Thread(target=ask, args=(workspace, segmentor, n, {**RED, "col": 150.0 + n}))
        for n in range(1, 9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clicks = ask(workspace, segmentor, 9)["objects"][0]["clicks"]
    columns = [col for _, col, _ in clicks]
    assert columns == sorted(columns)  # late ones with an old number were not carried out


@pytest.mark.parametrize(
    "value", [None, 3, "token", [], {}, {"token": None}, {"token": "guess", "sequence": 1}]
)
def test_calls_answer_nonsense_with_an_error(calls, value):
    for name in ("answer", "save", "resume", "open_sample", "levels"):
        assert "error" in calls[name](value)


def test_calls_answer_our_own_slips_with_an_error(calls, monkeypatch, segmentor, caplog):
    token = calls["open_sample"]("coffee")["token"]
    monkeypatch.setattr(segmentor, "predict_jointly", lambda *_: 1 / 0)
    answer = calls["answer"]({"token": token, "sequence": 1, "operations": [RED]})
    assert "log" in answer["error"]
    assert "ZeroDivisionError" in caplog.text


def test_a_forgotten_session_is_told_apart(calls):
    assert calls["answer"]({"token": "guess"})["gone"] is True


def test_the_levels_are_those_of_the_object_that_is_edited(calls):
    token = calls["open_sample"]("coffee")["token"]
    assert calls["levels"]({"token": token}) == {"answer": None}
    click = {**RED, "row": 40.0, "col": 60.0}
    outside = {**click, "positive": False}
    calls["answer"]({"token": token, "sequence": 1, "operations": [outside]})
    assert calls["levels"]({"token": token}) == {"answer": None}
    done = calls["answer"]({"token": token, "sequence": 2, "operations": [click]})
    found = calls["levels"]({"token": token})
    assert found["answer"] == done["objects"][0]["answer"] is not None
    assert found.keys() == {"answer", "first", "thresholds", "stable"}
    calls["answer"]({"token": token, "sequence": 3, "operations": [{"do": "keep"}]})
    assert calls["levels"]({"token": token}) == {"answer": None}


@pytest.mark.parametrize("request_", [{"object_id": 7}, {"object_id": "1"}, {"object_id": [1]}])
def test_saving_what_does_not_exist_is_an_error(calls, request_):
    token = calls["open_sample"]("coffee")["token"]
    assert "error" in calls["save"]({"token": token, **request_})


def test_objects_are_compared_with_the_truth_if_it_is_known(
    calls, workspaces, discs, discs_image, monkeypatch
):
    token = workspaces.open_image("discs.png", discs_image).token
    calls["answer"]({"token": token, "sequence": 1, "operations": [RED]})
    compared = []

    def note_and_compare(masks, truth):
        masks = list(masks)
        compared.append(len(masks))
        return compare_masks(masks, truth)

    monkeypatch.setattr("tamingseg.ui.click.calls.compare_masks", note_and_compare)
    assert calls["compare"]({"token": token}) == {"rows": None}
    workspaces.find(token).truth = packed_regions(discs)
    red, blue = ["Object 1", 1, 1.0, 1.0], ["Object 2", 2, 1.0, 1.0]
    assert calls["compare"]({"token": token}) == {"rows": [red]}
    calls["answer"]({"token": token, "sequence": 2, "operations": [{"do": "keep"}, BLUE]})
    assert calls["compare"]({"token": token}) == {"rows": [red, blue]}
    assert compared == [1, 1]  # the new object alone
    workspaces.find(token).truth = packed_regions(3 - discs)
    assert [row[1] for row in calls["compare"]({"token": token})["rows"]] == [2, 1]
    assert compared == [1, 1, 2]
    calls["answer"]({"token": token, "sequence": 3, "operations": [{"do": "undo"}] * 3})
    assert calls["compare"]({"token": token}) == {"rows": []}
