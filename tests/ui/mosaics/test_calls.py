"""What the page may call about mosaics, and the runs it may ask for, without gradio."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from tamingseg.ui.mosaics.calls import mosaic_calls, mosaic_tab, picture_steps
from tamingseg.ui.mosaics.pictures import Recipe, find_textures, make
from tamingseg.ui.partition.calls import partition_steps
from tamingseg.ui.workspaces import Workspaces

RECIPE = {"textures": "plain", "seed": 3, "layout": "grid", "regions": 3}


@pytest.fixture
def workspaces(fake_segmentor):
    return Workspaces(fake_segmentor())


@pytest.fixture(scope="module")
def textures(plain_textures):
    return find_textures(plain_textures)


@pytest.fixture
def calls(workspaces, textures):
    return {call.__name__: call for call in mosaic_calls(workspaces, textures)}


@pytest.fixture
def token(workspaces, two_discs):
    return workspaces.open_image("discs.png", two_discs.image).token


@pytest.fixture
def run(workspaces, textures, token):
    def steps(**changes):
        request = {"token": token, "run": "r", "recipe": RECIPE, "regions": 3, **changes}
        return list(picture_steps(workspaces, workspaces.segmentor, textures, request))

    return steps


def pixels(text):
    return np.array(Image.open(io.BytesIO(base64.b64decode(text))))


def test_the_page_is_told_what_there_is_to_choose_from(workspaces, textures):
    settings = mosaic_tab(workspaces, workspaces.segmentor, textures).settings
    assert settings["TEXTURES"] == ["formula", "plain"]
    assert settings["LAYOUTS"] == ["voronoi", "wavy", "grid"]


def test_a_run_leaves_pictures_which_are_fetched_and_saved(run, calls, token, textures):
    assert "make them again" in calls["pictures"]({"token": token})["error"]
    assert run()[-1]["ms"] > 0
    answer = calls["pictures"]({"token": token})
    assert json.loads(json.dumps(answer)) == answer
    assert (answer["recipe"], answer["right"]) == (RECIPE, 1)
    image = make(Recipe(**RECIPE), textures).image
    assert (pixels(answer["pictures"][0]["png"]) == image).all()
    sheet = pixels(calls["save_pictures"]({"token": token})["file"])
    assert sheet.shape[0] > 2 * image.shape[0]


def test_a_run_without_a_recipe_draws_the_photo(run, calls, token, two_discs):
    run(recipe=None)
    answer = calls["pictures"]({"token": token})
    assert (answer["recipe"], answer["right"]) == (None, None)
    assert (pixels(answer["pictures"][0]["png"]) == two_discs.image).all()


def test_the_photo_is_embedded_once_for_both_tabs(workspaces, textures, token, fake_segmentor):
    partitioner, embedded = fake_segmentor(), []
    embed = partitioner.embed
    partitioner.embed = lambda image: embedded.append(image.shape) or embed(image)
    request = {"token": token, "run": "r", "regions": 3}
    for _ in range(2):
        *_, end = picture_steps(workspaces, partitioner, textures, request)
        assert "ms" in end
    *_, end = partition_steps(workspaces, partitioner, {**request, "method": "multicut"})
    assert "ms" in end
    assert embedded == [workspaces.find(token).image.shape]


def test_a_mosaic_is_opened_as_a_photo_whose_truth_is_known(workspaces, calls, textures):
    greeting = calls["open_mosaic"]({"recipe": RECIPE})
    workspace = workspaces.find(greeting["token"])
    assert (workspace.image == make(Recipe(**RECIPE), textures).image).all()
    assert len(workspace.truth) == 3
    assert greeting["name"] == "mosaic plain grid 3 seed 3"


def test_a_mosaic_that_was_drawn_is_not_made_anew(workspaces, run, calls, token, monkeypatch):
    run()
    held = workspaces.find(token).slots["mosaics"].mosaic
    monkeypatch.setattr("tamingseg.ui.mosaics.calls.make", lambda *_: 1 / 0)
    greeting = calls["open_mosaic"]({"token": token, "recipe": RECIPE})
    assert (workspaces.find(greeting["token"]).image == held.image).all()
    other = {"token": token, "recipe": {**RECIPE, "seed": 4}}
    assert "log says why" in calls["open_mosaic"](other)["error"]


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "guess"},
        {"recipe": 7},
        {"recipe": []},
        {"recipe": {**RECIPE, "layout": "spiral"}},
        {"regions": 0},
        {"regions": None},
        {"regions": 1000},
        {"recipe": None, "regions": "3"},
        {"run": ["r"]},
    ],
)
def test_a_run_nobody_offers_is_refused(run, changes):
    (end,) = run(**changes)
    assert "error" in end


@pytest.mark.parametrize("request_", [None, 7, "token", [], {}, {"token": "guess"}])
def test_a_request_that_is_none_is_refused(calls, request_):
    for name in ("pictures", "save_pictures", "open_mosaic"):
        assert "error" in calls[name](request_)


def test_two_users_have_nothing_in_common(workspaces, run, calls, two_discs):
    run()
    other = workspaces.open_image("discs.png", two_discs.image).token
    assert "error" in calls["pictures"]({"token": other})


def test_a_run_is_stopped(workspaces, run, token):
    workspaces.find(token).stopped.append("r")
    assert run()[-1] == {"run": "r", "stopped": True}
    assert "mosaics" not in workspaces.find(token).slots


def test_nothing_is_kept_of_a_run_that_was_stopped_while_it_drew(
    workspaces, run, token, monkeypatch
):
    def draw(*_):
        workspaces.find(token).stopped.append("r")
        return "pictures"

    monkeypatch.setattr("tamingseg.ui.mosaics.calls.draw_mosaic", draw)
    assert run()[-1] == {"run": "r", "stopped": True}
    assert "mosaics" not in workspaces.find(token).slots


def test_pictures_count_as_memory(workspaces, run, token):
    before = workspaces.find(token).nbytes
    run()
    assert workspaces.find(token).nbytes == before + workspaces.find(token).slots["mosaics"].nbytes
