"""The page in a real Chromium: the tab Mosaics, over textures of one colour each.

The segmentor takes pixels of one colour for one region, so it makes no error in a mosaic of them;
in those by formula it does.
"""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tamingseg.ui.mosaics.pictures import Recipe, find_textures, make
from tamingseg.viz import ERROR_COLOUR

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]


@pytest.fixture
def maker(user):
    """The user in the tab Mosaics, who chose plain textures, a grid and three regions, seed 0."""
    user.page.click("#tab-mosaics")
    user.page.click(".textures button:has-text('plain')")
    user.page.click(".layouts button:has-text('grid')")
    user.page.fill("#seg-pieces", "3")
    user.page.fill("#seg-seed", "0")
    return user


def wait_for(user, words):
    user.page.wait_for_function(
        "words => document.querySelector('.message').textContent.includes(words)", arg=words
    )


def make_it(user, words="grid 3 seed 0"):
    user.page.click("[data-do=makeMosaic]")
    wait_for(user, f"{words}: ")
    return user


def titles(user):
    return user.page.locator(".gallery figcaption b").all_inner_texts()


def picture(user, title):
    """The pixels of a picture, RGB."""
    source = user.page.locator(".gallery figure", has_text=title).locator("img")
    content = source.get_attribute("src").partition(",")[2]
    return np.array(Image.open(io.BytesIO(base64.b64decode(content))))


def recipe(plain_textures, seed=0, layout="grid"):
    return make(Recipe("plain", seed, layout, 3), find_textures(plain_textures))


def test_a_mosaic_is_made_and_its_pictures_stand_side_by_side(maker, plain_textures):
    assert maker.page.locator(".gallery .nothing").is_visible()
    make_it(maker)
    assert titles(maker) == [
        "Image",
        "Truth",
        "One click",
        "Certainty",
        "Superpixels",
        "Pixel features",
        "3 regions",
        "Errors",
    ]
    sample = recipe(plain_textures)
    assert (picture(maker, "Image") == sample.image).all()
    truth, found = picture(maker, "Truth"), picture(maker, "3 regions")
    for label in (1, 2, 3):
        inside = sample.label_maps[0] == label
        colours, counts = np.unique(truth[inside], axis=0, return_counts=True)
        assert counts.max() > 0.9 * inside.sum()
        same = (found[inside] == colours[counts.argmax()]).all(axis=-1)
        assert same.mean() > 0.9  # in the colour of the true one
    assert (picture(maker, "Errors") == ERROR_COLOUR).all(axis=-1).mean() < 0.001
    assert (
        maker.page.locator("#panel-mosaics .right").inner_text() == "100 % of the pixels are right"
    )
    assert "100 % right" in maker.page.locator(".gallery figure", has_text="Errors").inner_text()
    assert "drawn in" in maker.page.locator(".latency").inner_text()
    boxes = [maker.page.locator(".gallery img").nth(i).bounding_box() for i in range(3)]
    assert boxes[0]["y"] == boxes[1]["y"] == boxes[2]["y"]
    for image in maker.page.locator(".gallery img").all():
        assert image.get_attribute("alt").startswith("mosaic plain grid 3 seed 0: ")


def test_several_seeds_are_measured_and_saved_as_a_table(maker, divide_by_colour):
    maker.page.fill("#seg-seed", "5")
    maker.page.locator("#panel-mosaics .scores summary").click()
    measure = maker.page.locator("[data-do=measureSeeds]")
    assert measure.inner_text() == "Measure 10 seeds from 5 on"
    measure.click()
    maker.says("mosaic plain grid 3 seed 5 to 14: 100 % of the pixels are right")
    maker.page.locator("#panel-mosaics .scores td").first.wait_for()
    with maker.page.expect_download() as download:
        maker.page.click("[data-do=saveSeedScores]")
    name = download.value.suggested_filename
    assert name == "mosaic-plain-grid-3-seed-5-to-14-mosaics-scores.csv"
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0] == '"Mosaic","Pixels right","Adjusted Rand","Boundary F"'
    assert [line.split(",")[0] for line in lines[1:]] == [
        *(f'"Seed {seed}"' for seed in range(5, 15)),
        '"Mean"',
        '"Spread"',
    ]
    assert lines[-2:] == ['"Mean",1,1,1', '"Spread",0,0,0']
    maker.page.locator("#panel-mosaics .scores summary").click()


def test_the_next_seed_and_the_one_before(maker, plain_textures):
    make_it(maker)
    first = picture(maker, "Image")
    maker.page.click("[data-do=seedAfter]")
    wait_for(maker, "seed 1: ")
    second = picture(maker, "Image")
    assert (second == recipe(plain_textures, 1).image).all()
    assert (first != second).any()
    maker.page.click("[data-do=seedBefore]")
    wait_for(maker, "seed 0: ")
    assert (picture(maker, "Image") == first).all()
    maker.page.click("[data-do=seedBefore]")
    maker.says("This is the first seed")


def test_layout_and_regions_and_textures_are_as_chosen(maker, plain_textures):
    maker.page.click(".layouts button:has-text('wavy')")
    assert maker.page.locator(".layouts [aria-pressed=true]").inner_text() == "wavy"
    make_it(maker, "plain wavy 3 seed 0")
    assert (picture(maker, "Image") == recipe(plain_textures, layout="wavy").image).all()
    maker.page.click(".textures button:has-text('formula')")
    maker.page.fill("#seg-pieces", "5")
    make_it(maker, "formula wavy 5 seed 0")
    wrong = (picture(maker, "Errors") == ERROR_COLOUR).all(axis=-1).mean()
    said = re.search(r"([\d.]+) %", maker.page.locator("#panel-mosaics .right").inner_text())
    assert float(said[1]) == pytest.approx(100 * (1 - wrong), abs=0.1)
    assert "5 regions" in titles(maker)


def test_a_picture_opens_the_mosaic_in_the_other_tabs(maker, plain_textures):
    make_it(maker)
    maker.page.locator(".gallery button").nth(3).click()
    maker.page.wait_for_selector('canvas[data-ready="photo mosaic plain grid 3 seed 0"]')
    assert maker.page.locator("#tab-click").get_attribute("aria-selected") == "true"
    labels = recipe(plain_textures).label_maps[0]
    maker.click((20, 20))
    assert (maker.mask() == (labels == labels[20, 20])).all()
    maker.page.click("#tab-proposals")
    maker.page.click("[data-grid='32']")
    maker.page.click("[data-do=propose]")
    maker.says("5 masks in")
    assert "3 true regions" in maker.page.locator(".truth-says").inner_text()
    maker.page.click("#tab-mosaics")  # the pictures are still there
    assert "Errors" in titles(maker)


def test_an_opened_mosaic_survives_a_reload_and_a_forgetful_server(maker, app, plain_textures):
    maker.page.fill("#seg-seed", "2")  # nobody worked on it before
    make_it(maker, "grid 3 seed 2")
    maker.page.locator(".gallery button").first.click()
    maker.page.wait_for_selector('canvas[data-ready="photo mosaic plain grid 3 seed 2"]')
    maker.click((20, 20))
    maker.saved()
    app.workspaces._workspaces.clear()
    maker.page.reload()
    maker.page.wait_for_selector('canvas[data-ready="photo mosaic plain grid 3 seed 2"]')
    maker.has_objects(1)
    labels = recipe(plain_textures, 2).label_maps[0]
    assert (maker.mask() == (labels == labels[20, 20])).all()


def test_the_photo_is_drawn_without_a_truth(maker):
    maker.page.click("[data-do=drawPhoto]")
    wait_for(maker, "discs.png: 6 pictures")
    assert not {"Truth", "Errors"} & set(titles(maker))
    assert titles(maker)[-1] == "3 regions"
    assert maker.page.locator("#panel-mosaics .right").inner_text() == ""
    maker.page.locator(".gallery button").first.click()
    assert maker.page.locator("#tab-click").get_attribute("aria-selected") == "true"


def test_all_pictures_are_saved_in_one(maker):
    make_it(maker)
    with maker.page.expect_download() as started:
        maker.page.click("[data-do=savePictures]")
    assert started.value.suggested_filename == "mosaic-plain-grid-3-seed-0-pictures.png"
    sheet = np.array(Image.open(io.BytesIO(Path(started.value.path()).read_bytes())))
    image = picture(maker, "Image")
    assert sheet.shape[1] > 4 * image.shape[1]
    rows, cols = np.nonzero((sheet == image[0, 0]).all(axis=-1))
    top, left = rows.min(), cols[rows == rows.min()].min()
    assert (sheet[top : top + image.shape[0], left : left + image.shape[1]] == image).all()


def test_pictures_are_saved_while_another_photo_is_open(maker, app):
    make_it(maker)
    others = set(app.workspaces._workspaces)
    maker.page.click('button.photo[title="cat"]')
    maker.page.wait_for_selector('canvas[data-ready="sample cat"]', state="attached")
    with maker.page.expect_download() as started:
        maker.page.click("[data-do=savePictures]")
    assert started.value.suggested_filename == "mosaic-plain-grid-3-seed-0-pictures.png"
    for token in others:
        app.workspaces._workspaces.pop(token)
    left = set(app.workspaces._workspaces)
    maker.page.click("[data-do=savePictures]")
    maker.says("forgotten these pictures")
    maker.page.wait_for_timeout(300)
    assert set(app.workspaces._workspaces) == left  # the cat was not opened anew


def test_the_pointer_is_shown_in_all_pictures(maker):
    make_it(maker)
    box = maker.page.locator(".gallery img").nth(2).bounding_box()
    maker.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    gallery = maker.page.locator(".gallery")
    assert "pointing" in gallery.get_attribute("class")
    style = gallery.get_attribute("style")
    shares = [float(share) for share in re.findall(r"([\d.]+)%", style)]
    assert shares == pytest.approx([25, 50], abs=0.6)
    maker.page.mouse.move(5, 5)
    assert "pointing" not in gallery.get_attribute("class")


@pytest.mark.parametrize(("field", "value"), [("#seg-pieces", "0"), ("#seg-seed", "-1")])
def test_a_bad_number_is_explained(maker, field, value):
    maker.page.fill(field, value)
    maker.page.click("[data-do=makeMosaic]")
    maker.says("Seeds are whole numbers from 0")


def test_more_regions_than_textures_can_tell_apart_is_explained(maker):
    maker.page.click(".layouts button:has-text('voronoi')")
    maker.page.fill("#seg-pieces", "61")
    maker.page.click("[data-do=makeMosaic]")
    maker.says("regions from 1 to 60")


def test_a_run_is_stopped(maker, slow):
    slow.set()
    maker.page.click("[data-do=makeMosaic]")
    maker.page.click("[data-do=stopDrawing]")
    maker.says("Stopped")
    slow.clear()
    make_it(maker)


def test_a_bracket_that_needs_alt_is_a_bracket(maker):
    maker.page.evaluate(
        """document.body.dispatchEvent(new KeyboardEvent("keydown",
            {key: "]", code: "Digit6", altKey: true, bubbles: true}))"""
    )
    wait_for(maker, "seed 1: ")


def test_what_the_server_forgot_is_made_anew(maker, app):
    make_it(maker)
    app.workspaces._workspaces.clear()
    maker.page.click("[data-do=seedAfter]")
    wait_for(maker, "seed 1: ")


def test_keyboard_alone(user):
    user.page.evaluate("document.activeElement.blur()")
    press = user.page.keyboard.press
    while not user.page.evaluate("document.activeElement.matches('#tab-click')"):
        press("Tab")
    press("ArrowRight")
    press("ArrowRight")
    while not user.page.evaluate("document.activeElement.textContent === 'plain'"):
        press("Tab")
    press("Enter")
    while not user.page.evaluate("document.activeElement.matches('#seg-seed')"):
        press("Tab")
    press("Control+a")
    user.page.keyboard.type("4")
    press("Enter")
    wait_for(user, "seed 4: ")
    press("Tab")
    press("]")
    wait_for(user, "seed 5: ")
    press("[")
    wait_for(user, "seed 4: ")
    while not user.page.evaluate("document.activeElement.closest('.gallery button')"):
        press("Shift+Tab")
    press("Enter")
    user.page.wait_for_selector('canvas[data-ready^="photo mosaic plain"]')


def test_a_phone_sees_all_pictures_below_each_other(visitor):
    user = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    user.page.click("#tab-mosaics")
    user.page.click(".textures button:has-text('plain')")
    user.page.click("[data-do=makeMosaic]")
    wait_for(user, "seed 0: ")
    assert user.page.evaluate("document.documentElement.scrollWidth") == 390
    gallery = user.page.locator(".gallery")
    assert gallery.evaluate("g => g.scrollHeight <= g.clientHeight + 1")


def test_two_users_see_nothing_of_each_other(maker, visitor):
    make_it(maker)
    second = visitor()
    second.page.click("#tab-mosaics")
    assert second.page.locator(".gallery img").count() == 0


def test_every_control_has_a_name_and_room_for_a_finger(maker, unreachable):
    make_it(maker)
    assert unreachable(maker) == ([], [])
