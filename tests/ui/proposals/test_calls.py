"""What the page may call about proposals, and the runs it may ask for, without gradio."""

import base64
import io
import json
import threading

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from tamingseg.data.sample_images import SAMPLE_IMAGES
from tamingseg.proposals.generate import propose_masks
from tamingseg.ui.click.work import find_click_work
from tamingseg.ui.partition.calls import partition_steps
from tamingseg.ui.proposals.calls import (
    INSTANT,
    proposal_calls,
    propose_on_grid,
    run_steps,
    set_truth,
)
from tamingseg.ui.shared.calls import shared_calls
from tamingseg.ui.workspaces import Workspaces


@pytest.fixture
def workspaces(fake_segmentor):
    return Workspaces(fake_segmentor())


@pytest.fixture
def calls(workspaces):
    offered = [*shared_calls(workspaces), *proposal_calls(workspaces)]
    return {call.__name__: call for call in offered}


@pytest.fixture
def token(workspaces, discs_image):
    return workspaces.open_image("discs.png", discs_image).token


def run(workspaces, propose, own_token, **changes):
    request = {"token": own_token, "run": "r", "grid": 16, **changes}
    return list(run_steps(workspaces, propose, workspaces.segmentor, request))


def run_instantly(workspaces, partitioner, own_token):
    """Ask for no grid; whoever is asked for clicks all the same fails."""
    request = {"token": own_token, "run": "r", "grid": INSTANT}
    return list(run_steps(workspaces, lambda *_: 1 / 0, partitioner, request))


@pytest.fixture
def proposed(workspaces, propose_discs, token):
    run(workspaces, propose_discs, token)
    return token


@pytest.fixture
def truth_png(discs):
    file = io.BytesIO()
    Image.fromarray(discs.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_run_says_how_far_it_is_and_leaves_a_list(workspaces, propose_discs, token, calls):
    nothing = {"regions": None, "list": None}
    assert calls["proposals"]({"token": token}) == nothing
    *steps, end = run(workspaces, propose_discs, token)
    assert all(step["run"] == "r" and step["done"] <= 256 for step in steps)
    assert end["ms"] > 0
    answer = calls["proposals"]({"token": token})
    assert json.loads(json.dumps(answer)) == answer
    assert len(answer["list"]["masks"]) == 5
    assert answer["list"]["miou"] is None


def test_a_list_comes_back_from_the_browser(workspaces, proposed, calls, discs_image, truth_png):
    calls["edit_proposals"]({"token": proposed, "do": "remove", "ids": [0], "known": 5})
    before = calls["proposals"]({"token": proposed})["list"]
    kept = [before["masks"][mask_id] for mask_id in before["order"]]
    again = workspaces.open_image("discs.png", discs_image).token
    set_truth(workspaces, again, truth_png)
    answer = calls["restore_proposals"]({"token": again, "masks": kept})
    assert answer["list"]["masks"] == kept
    assert answer["list"]["order"] == [0, 1, 2, 3]
    assert len(answer["list"]["miou"]) == 4
    assert calls["proposals"]({"token": again}) == answer


def test_a_list_that_comes_back_late_leaves_that_of_a_run(workspaces, proposed, calls):
    before = calls["proposals"]({"token": proposed})
    kept = before["list"]["masks"][:2]
    assert calls["restore_proposals"]({"token": proposed, "masks": kept}) == before


def test_a_list_that_is_refused_leaves_what_there_was(proposed, calls):
    before = calls["proposals"]({"token": proposed})
    for masks in (None, [], [{"counts": "0", "score": 1}]):
        assert "error" in calls["restore_proposals"]({"token": proposed, "masks": masks})
    assert calls["restore_proposals"]({"token": "guess", "masks": []})["gone"]
    assert calls["proposals"]({"token": proposed}) == before


def test_the_package_proposes_what_there_is(workspaces, token, calls, truth_png):
    set_truth(workspaces, token, truth_png)
    *steps, _ = run(workspaces, propose_on_grid, token)
    assert steps[-1]["total"] in (0, 256)
    assert calls["proposals"]({"token": token})["list"]["miou"][-1] > 0.9


def test_instant_masks_are_the_regions_of_a_model_with_a_feature_per_pixel(
    workspaces, pixel_segmentor, token, truth_png
):
    partitioner = pixel_segmentor()
    calls = {call.__name__: call for call in proposal_calls(workspaces)}
    set_truth(workspaces, token, truth_png)
    assert "ms" in run_instantly(workspaces, partitioner, token)[-1]
    listed = calls["proposals"]({"token": token})["list"]
    assert listed["miou"][-1] > 0.9
    workspace = workspaces.find(token)
    assert len(listed["order"]) == len(propose_masks(partitioner, workspace.image, "hierarchy"))


def test_the_regions_of_the_partition_tab_and_of_instant_masks_are_found_once(
    workspaces, pixel_segmentor, token
):
    partitioner = pixel_segmentor()
    request = {"token": token, "run": "r", "method": "greedy"}
    list(partition_steps(workspaces, partitioner, request))
    found = workspaces.find(token).hierarchies["greedy"]
    run_instantly(workspaces, partitioner, token)
    assert workspaces.find(token).hierarchies["greedy"] is found


def test_the_photo_is_encoded_once_for_clicks_and_runs(workspaces, propose_discs, token):
    encoded = []
    embed = workspaces.segmentor.embed
    workspaces.segmentor.embed = lambda image: encoded.append(1) or embed(image)
    run(workspaces, propose_discs, token)
    run(workspaces, propose_discs, token)
    request = {"sequence": 1, "operations": []}
    find_click_work(workspaces.find(token), workspaces.segmentor).answer(request)
    assert len(encoded) == 1


def test_a_run_is_stopped_also_before_it_began(workspaces, propose_discs, token, calls):
    assert calls["stop_run"]({"token": token, "run": "r"}) == {}
    assert run(workspaces, propose_discs, token)[-1] == {"run": "r", "stopped": True}
    assert calls["proposals"]({"token": token})["list"] is None
    assert "ms" in run(workspaces, propose_discs, token, run="other")[-1]


def test_a_run_under_way_is_stopped_and_the_list_from_before_stays(
    workspaces, propose_discs, proposed, calls, slow
):
    slow.set()
    request = {"token": proposed, "run": "r2", "grid": 16}
    steps = run_steps(workspaces, propose_discs, workspaces.segmentor, request)
    while next(steps)["done"] < 128:
        pass
    calls["stop_run"]({"token": proposed, "run": "r2"})
    assert list(steps)[-1] == {"run": "r2", "stopped": True}
    assert len(calls["proposals"]({"token": proposed})["list"]["order"]) == 5


def test_nothing_is_kept_of_a_run_that_was_stopped_while_masks_are_ordered(
    workspaces, propose_discs, token, calls
):
    """After the last word of the proposer, and although another run is stopped as well."""

    def propose(*arguments):
        masks = propose_discs(*arguments)
        for name in ("r", "other"):
            calls["stop_run"]({"token": token, "run": name})
        return masks

    assert run(workspaces, propose, token)[-1] == {"run": "r", "stopped": True}
    assert calls["proposals"]({"token": token})["list"] is None


def test_clicks_are_answered_while_masks_are_proposed(workspaces, propose_discs, token, slow):
    slow.set()
    request = {"token": token, "run": "r", "grid": 16}
    steps = run_steps(workspaces, propose_discs, workspaces.segmentor, request)
    while next(steps)["done"] < 128:
        pass
    click = {"do": "add_click", "row": 165.0, "col": 185.0, "positive": True}
    request = {"sequence": 1, "operations": [click]}
    answer = find_click_work(workspaces.find(token), workspaces.segmentor).answer(request)
    assert len(answer["objects"]) == 1
    slow.clear()
    assert "ms" in list(steps)[-1]


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "guess"},
        {"token": None},
        {"grid": INSTANT},  # which takes a feature per pixel
        {"grid": -1},
        {"grid": 17},
        {"grid": True},
        {"grid": 16.0},
        {"grid": "32"},
        {"grid": [16]},
        {"grid": None},
        {"run": 7},
        {"run": "r" * 33},
    ],
)
def test_a_run_nobody_may_ask_for_is_refused(workspaces, propose_discs, token, changes):
    (end,) = run(workspaces, propose_discs, token, **changes)
    assert end["error"]


@pytest.mark.parametrize("request_", [None, 3, "run", [], {}])
def test_nonsense_is_no_run(workspaces, propose_discs, request_):
    (end,) = run_steps(workspaces, propose_discs, workspaces.segmentor, request_)
    assert end["error"]


def test_a_proposer_that_fails_is_our_own_slip(workspaces, token, caplog):
    *_, end = run(workspaces, lambda *_: 1 / 0, token)
    assert "log" in end["error"]
    assert "ZeroDivisionError" in caplog.text


def test_the_list_is_edited(calls, proposed):
    answer = calls["edit_proposals"]({"token": proposed, "do": "merge", "ids": [1, 2], "known": 5})
    assert answer["list"]["order"] == [0, 5, 3, 4]
    assert len(answer["list"]["masks"]) == 1
    answer = calls["edit_proposals"]({"token": proposed, "do": "remove", "ids": [0], "known": 6})
    assert answer["list"]["order"] == [5, 3, 4]
    assert answer["list"]["masks"] == []
    for edit, order in [("undo", [0, 5, 3, 4]), ("redo", [5, 3, 4])]:
        request = {"token": proposed, "do": edit, "known": 6}
        assert calls["edit_proposals"](request)["list"]["order"] == order


@pytest.mark.parametrize(
    "changes",
    [
        {"do": "describe"},
        {"do": "_push"},
        {"do": ["merge"]},
        {"do": None},
        {"ids": None},
        {"ids": "01"},
        {"ids": [0, 0]},
        {"ids": [0, 7]},
        {"ids": [0, -1]},
        {"ids": [0, 1.0]},
        {"ids": [0, True]},
        {"ids": [[0]]},
        {"ids": list(range(1001))},
        {"known": -1},
        {"known": None},
    ],
)
def test_hostile_edits_are_refused_and_change_nothing(calls, proposed, changes):
    before = calls["proposals"]({"token": proposed})
    request = {"token": proposed, "do": "merge", "ids": [0, 1], "known": 5, **changes}
    assert "error" in calls["edit_proposals"](request)
    assert calls["proposals"]({"token": proposed}) == before


@pytest.mark.parametrize("value", [None, 3, "token", [], {}, {"token": None}, {"token": "guess"}])
def test_calls_answer_nonsense_with_an_error(calls, value):
    for call in calls.values():
        assert "error" in call(value)


def test_without_a_list_there_is_nothing_to_edit_or_save(calls, token):
    for call in ("edit_proposals", "export_proposals"):
        request = {"token": token, "do": "undo", "known": 0, "ids": [0], "form": "json"}
        assert "propose again" in calls[call](request)["error"]


def test_two_users_have_nothing_in_common(workspaces, calls, proposed, discs_image):
    other = workspaces.open_image("discs.png", discs_image).token
    assert calls["proposals"]({"token": other})["list"] is None
    calls["edit_proposals"]({"token": proposed, "do": "remove", "ids": [0], "known": 5})
    assert calls["proposals"]({"token": other})["list"] is None


def test_a_photo_opened_again_gets_back_its_list_and_truth(
    workspaces, calls, proposed, truth_png, discs_image
):
    set_truth(workspaces, proposed, truth_png)
    again = workspaces.open_image("discs.png", discs_image).token
    answer = calls["proposals"]({"token": again, "earlier": proposed})
    assert answer["regions"] == 2
    assert len(answer["list"]["order"]) == 5
    other = workspaces.open_image("other.png", discs_image[::-1]).token
    for earlier in (proposed, "guess", None, [1]):
        assert calls["proposals"]({"token": other, "earlier": earlier})["list"] is None


def saved(calls, token, **request):
    return base64.b64decode(calls["export_proposals"]({"token": token, **request})["file"])


def test_masks_are_saved_for_pycocotools_in_the_order_of_the_list(calls, proposed, disc_masks):
    entries = json.loads(saved(calls, proposed, ids=[3, 0], form="json"))["annotations"]
    assert [entry["score"] for entry in entries] == pytest.approx([0.9, 0.6], abs=1e-6)
    for entry, index in zip(entries, (0, 3), strict=True):
        assert (coco.decode(entry["segmentation"]) == disc_masks[index]).all()


def test_masks_are_saved_as_a_label_map_with_the_small_in_front(calls, proposed, disc_masks):
    image = Image.open(io.BytesIO(saved(calls, proposed, ids=[1, 2], form="png")))
    expected = np.where(disc_masks[2], 2, np.where(disc_masks[1], 1, 0))
    assert image.mode == "I;16"
    assert (np.array(image) == expected).all()


@pytest.mark.parametrize(
    "changes", [{"form": "exe"}, {"form": None}, {"form": ["json"]}, {"ids": []}, {"ids": [9]}]
)
def test_a_file_nobody_offers_is_refused(calls, proposed, changes):
    assert "error" in calls["export_proposals"](
        {"token": proposed, "ids": [0], "form": "json", **changes}
    )


def test_a_truth_gives_the_curve_before_and_after_the_run(
    workspaces, propose_discs, calls, token, truth_png
):
    assert set_truth(workspaces, token, truth_png) == {"regions": 2, "list": None}
    run(workspaces, propose_discs, token)
    assert calls["proposals"]({"token": token})["list"]["miou"][2] == 1
    answer = set_truth(workspaces, token, truth_png)
    assert answer["list"]["masks"] == []
    assert answer["list"]["miou"][2] == 1


def test_a_bad_truth_is_refused_and_the_one_before_stays(workspaces, calls, proposed, truth_png):
    set_truth(workspaces, proposed, truth_png)
    with pytest.raises(ValueError, match="not a JPEG"):
        set_truth(workspaces, proposed, b"nonsense")
    assert calls["proposals"]({"token": proposed})["regions"] == 2
    with pytest.raises(LookupError):
        set_truth(workspaces, "guess", truth_png)


def test_samples_bring_their_truth(workspaces, calls):
    for name in SAMPLE_IMAGES:
        token = workspaces.open_sample(name).token
        assert calls["proposals"]({"token": token})["regions"] >= 3


def test_proposals_count_as_memory(workspaces, propose_discs, token):
    before = workspaces.find(token).nbytes
    run(workspaces, propose_discs, token)
    assert workspaces.find(token).nbytes >= before + 5 * 480 * 80


def test_edits_and_truths_from_many_threads_do_not_mix_up_a_list(
    workspaces, calls, proposed, truth_png
):
    def edit(number):
        for _ in range(10):
            set_truth(workspaces, proposed, truth_png)
            request = {"token": proposed, "do": "merge", "ids": [3, 4], "known": 0}
            calls["edit_proposals"](request)
            calls["edit_proposals"]({**request, "do": "undo"})

    threads = [threading.Thread(target=edit, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listed = calls["proposals"]({"token": proposed})["list"]
    assert len(listed["miou"]) == len(listed["order"]) == len(listed["coverage"])
