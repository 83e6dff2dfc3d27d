"""What the page may call about regions, and the runs it may ask for, without gradio."""

import base64
import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from tamingseg.metrics.mosaics import score_mosaic
from tamingseg.ui.click.work import find_click_work
from tamingseg.ui.partition.calls import METHODS, partition_calls, partition_steps
from tamingseg.ui.proposals.calls import inherit
from tamingseg.ui.shared.truth import packed_regions
from tamingseg.ui.wire import pack_labels
from tamingseg.ui.workspaces import Workspaces


@pytest.fixture
def workspaces(fake_segmentor):
    return Workspaces(fake_segmentor())


@pytest.fixture
def calls(workspaces):
    return {call.__name__: call for call in partition_calls(workspaces)}


@pytest.fixture
def token(workspaces, two_discs):
    return workspaces.open_image("discs.png", two_discs.image).token


def run(workspaces, own_token, **changes):
    request = {"token": own_token, "run": "r", "method": "greedy", **changes}
    return list(partition_steps(workspaces, workspaces.segmentor, request))


def unpack(text, size):
    cells = np.frombuffer(zlib.decompress(base64.b64decode(text)), "<u2")
    return cells.reshape(size[1], size[0]).T


def test_a_run_leaves_the_hierarchy_which_the_browser_gets_whole(workspaces, token, calls):
    end = run(workspaces, token)[-1]
    assert (end["run"], end["method"]) == ("r", "greedy")
    assert end["ms"] > 0
    answer = calls["hierarchy"]({"token": token, "method": "greedy"})
    assert json.loads(json.dumps(answer)) == answer
    found = workspaces.find(token).hierarchies["greedy"]
    assert (unpack(answer["cells"], (48, 64)) == found.superpixels - 1).all()
    assert answer["merges"] == found.merges.tolist()
    assert answer["regions"] is None


def test_the_hierarchy_finds_the_discs(workspaces, token, two_discs):
    run(workspaces, token)
    labels = workspaces.find(token).hierarchies["greedy"].cut(3)
    assert score_mosaic(labels, two_discs.label_maps[0] + 1)["correct"] > 0.99


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_hierarchy_of_the_same_superpixels(workspaces, token, calls, method):
    run(workspaces, token)
    run(workspaces, token, method=method)
    first, second = (calls["hierarchy"]({"token": token, "method": m}) for m in ("greedy", method))
    assert second["cells"] == first["cells"]
    assert (second["regions"] is None) == (method != "multicut")
    if method == "multicut":
        assert 1 <= second["regions"] <= len(second["merges"]) + 1


def test_the_photo_is_encoded_once_and_its_hierarchy_found_once(workspaces, token):
    asked = []
    embed, predict = workspaces.segmentor.embed, workspaces.segmentor.predict
    workspaces.segmentor.embed = lambda image: asked.append("embed") or embed(image)
    workspaces.segmentor.predict = lambda *args, **options: (
        asked.append("predict") or predict(*args, **options)
    )
    run(workspaces, token)
    once = list(asked)
    assert once.count("embed") == 1
    run(workspaces, token)
    work = find_click_work(workspaces.find(token), workspaces.segmentor)
    work.answer({"sequence": 1, "operations": []})
    assert asked == once


def test_another_model_can_find_the_regions(workspaces, token, fake_segmentor):
    other = fake_segmentor()
    request = {"token": token, "run": "r", "method": "greedy"}
    assert "ms" in list(partition_steps(workspaces, other, request))[-1]


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "guess"},
        {"token": None},
        {"method": "magic"},
        {"method": None},
        {"method": ["greedy"]},
        {"method": {"a": 1}},
        {"run": 7},
        {"run": "r" * 33},
    ],
)
def test_a_run_nobody_offers_is_refused(workspaces, token, changes):
    (end,) = run(workspaces, token, **changes)
    assert "error" in end


@pytest.mark.parametrize("request_", [None, 7, "token", [], {}])
def test_a_request_that_is_none_is_refused(workspaces, calls, request_):
    (end,) = partition_steps(workspaces, workspaces.segmentor, request_)
    assert "error" in end
    for call in calls.values():
        assert "error" in call(request_)


def test_a_run_is_stopped(workspaces, token):
    workspaces.find(token).stopped.append("r")
    assert run(workspaces, token)[-1] == {"run": "r", "stopped": True}
    assert not workspaces.find(token).hierarchies


def test_a_hierarchy_nobody_asked_for_is_not_there(calls, token):
    answer = calls["hierarchy"]({"token": token, "method": "multicut"})
    assert "find them again" in answer["error"]


def test_a_photo_opened_again_gets_back_its_hierarchy(workspaces, token, two_discs):
    run(workspaces, token)
    again = workspaces.open_image("discs.png", two_discs.image)
    inherit(again, workspaces.find(token))
    assert "greedy" in again.hierarchies


def test_hierarchies_count_as_memory(workspaces, token):
    before = workspaces.find(token).nbytes
    run(workspaces, token)
    assert workspaces.find(token).nbytes >= before + 4 * 48 * 64


def saved(calls, token, labels, form):
    request = {"token": token, "labels": pack_labels(labels), "form": form}
    return base64.b64decode(calls["export_regions"](request)["file"])


def test_regions_are_saved_as_a_label_map(calls, token, two_discs):
    labels = two_discs.label_maps[0] + 1
    image = Image.open(io.BytesIO(saved(calls, token, labels, "png")))
    assert image.mode == "I;16"
    assert (np.array(image) == labels).all()


def test_regions_are_saved_for_pycocotools(calls, token, two_discs):
    labels = two_discs.label_maps[0] + 1
    entries = json.loads(saved(calls, token, labels, "json"))["annotations"]
    assert len(entries) == 3
    for label, entry in enumerate(entries, start=1):
        assert (coco.decode(entry["segmentation"]) == (labels == label)).all()
        assert entry["area"] == (labels == label).sum()


@pytest.mark.parametrize("form", ["exe", None, ["json"], 3])
def test_a_file_nobody_offers_is_refused(calls, token, two_discs, form):
    labels = pack_labels(two_discs.label_maps[0] + 1)
    assert "error" in calls["export_regions"]({"token": token, "labels": labels, "form": form})


def test_regions_are_compared_with_the_truth_if_it_is_known(workspaces, calls, token, two_discs):
    request = {"token": token, "method": "greedy"}
    assert "find them again" in calls["compare_regions"](request)["error"]
    run(workspaces, token)
    assert calls["compare_regions"](request) == {"rows": None}
    workspaces.find(token).truth = packed_regions(two_discs.label_maps[0] + 1)
    rows = calls["compare_regions"](request)["rows"]
    assert [row[0] for row in rows[:4]] == [1, 2, 3, 4]
    # The two discs and the rest, but for the pixels that lie on their outlines.
    assert rows[2] == [
        3,
        pytest.approx(1, abs=0.02),
        pytest.approx(1, abs=0.02),
        pytest.approx(0, abs=0.15),
    ]
    assert "method" in calls["compare_regions"]({"token": token, "method": "guess"})["error"]
