"""The page in a real Chromium: the tab Partition, over a segmentor that knows the discs.

The discs' image falls into three regions at first: the ground, the red disc, the blue one.
"""

import io
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco
from scipy import ndimage

from tamingseg.metrics.mosaics import score_mosaic

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE, GROUND = (190, 185), (300, 440), (60, 600)


@pytest.fixture
def divider(regular, discs_png):
    """The regular user in the tab Partition, who finds the regions of the same photo anew."""
    regular.page.click("#tab-click")
    own = regular.page.locator('button.photo[title="regions.png"]')
    if own.count() == 0:
        regular.upload(discs_png, name="regions.png")
    elif own.get_attribute("aria-pressed") != "true":
        own.click()
    regular.page.wait_for_selector('button.photo[title="regions.png"][aria-pressed=true]')
    regular.page.click("#tab-partition")
    found(regular)
    regular.page.click("[data-method=greedy]")
    regular.says("Greedy")
    yield regular
    assert regular.errors == []
    assert regular.foreign == []


def found(user):
    assert count(user) > 0


def count(user):
    """How many regions the panel says there are, as soon as it says so."""
    tally = "document.querySelector('#panel-partition .tally').textContent"
    return int(user.page.wait_for_function(tally).json_value())


def show(user, regions):
    user.page.fill("#seg-regions", str(regions))
    user.frame()
    assert count(user) == regions


def counts(user, regions):
    user.page.wait_for_function(
        "n => document.querySelector('#panel-partition .tally').textContent === `${n}`",
        arg=regions,
    )


def hovered(user, point):
    user.page.mouse.move(*user.at(point))
    user.frame()
    return user.page.locator("#panel-partition .about").inner_text()


def download(user, button):
    with user.page.expect_download() as started:
        user.page.click(f"[data-do={button}]")
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def labels(user):
    """The regions that are shown, as they are saved."""
    _, content = download(user, "saveRegionsPng")
    return np.array(Image.open(io.BytesIO(content)))


def click(user, point, **options):
    user.page.mouse.click(*user.at(point), **options)
    user.frame()


def test_every_number_of_regions_is_shown_without_the_server(divider):
    asked = []
    divider.page.on("request", lambda request: asked.append(request.url))
    for regions in (1, 2, 3, 4, 5, 9, 30):
        show(divider, regions)
    assert asked == []


def test_regions_are_as_many_as_asked_for_connected_and_nested(divider):
    maps = []
    for regions in (1, 2, 3, 4, 9):
        show(divider, regions)
        maps.append(labels(divider))
        assert sorted(np.unique(maps[-1])) == list(range(1, regions + 1))
        for label in range(1, regions + 1):
            assert ndimage.label(maps[-1] == label)[1] == 1
    for coarse, fine in pairwise(maps):
        pairs = np.unique(np.stack([coarse.ravel(), fine.ravel()]), axis=1)
        assert pairs.shape[1] == fine.max()


def test_three_regions_are_the_discs_and_their_ground(divider, discs):
    show(divider, 3)
    assert score_mosaic(labels(divider), discs + 1)["correct"] > 0.995
    area = int((labels(divider) == labels(divider)[BLUE]).sum())
    assert hovered(divider, BLUE) == (
        f"{area:,} px ({100 * area / discs.size:.1f} %), one of 3 regions"
    )
    assert divider.colour((BLUE[0] + 30, BLUE[1])) != divider.colour((RED[0], RED[1] - 40))


def test_slider_keys_and_number_are_one(divider):
    show(divider, 5)
    slider = divider.page.locator("#seg-regions-slider")
    slider.focus()
    assert slider.get_attribute("aria-valuetext").startswith("5 of up to")
    for key, regions in [("ArrowRight", 6), ("ArrowDown", 5), ("PageUp", 6), ("Home", 1)]:
        divider.page.keyboard.press(key)
        assert count(divider) == regions
    divider.page.keyboard.press("End")
    assert count(divider) == int(slider.get_attribute("aria-valuetext").split()[0]) > 100
    divider.page.fill("#seg-regions", "4")
    divider.page.locator("canvas.view").focus()
    divider.page.keyboard.press("]")
    assert count(divider) == 5
    divider.page.keyboard.press("[")
    divider.page.keyboard.press("[")
    assert count(divider) == 3
    divider.frame()
    times = json.loads(divider.page.locator(".seg").get_attribute("data-region-times"))
    assert 0 <= times["colour"] <= times["total"]
    assert "regions" in divider.page.locator(".latency").inner_text()


def test_a_region_keeps_its_colour_when_another_is_divided(divider):
    divider.page.mouse.move(5, 5)
    show(divider, 3)
    before = [divider.colour(point) for point in (RED, BLUE)]
    show(divider, 4)  # what is divided next has but one colour in the photo: the ground, or a disc
    after = [divider.colour(point) for point in (RED, BLUE)]
    assert sum(one == other for one, other in zip(before, after, strict=True)) >= 1


def test_a_click_splits_a_right_click_merges_and_both_are_undone(divider):
    show(divider, 3)
    three = labels(divider)
    click(divider, BLUE)
    counts(divider, 4)
    four = labels(divider)
    assert (four[three != three[BLUE]] == three[three != three[BLUE]]).all()
    assert len(np.unique(four[three == three[BLUE]])) == 2
    click(divider, BLUE, button="right")
    counts(divider, 3)
    assert score_mosaic(labels(divider), three)["correct"] == 1
    divider.page.keyboard.press("Control+z")
    counts(divider, 4)
    assert (labels(divider) == four).all()
    divider.page.click("[data-do=undo]")
    counts(divider, 3)
    assert (labels(divider) == three).all()
    divider.page.locator("canvas.view").focus()
    divider.page.keyboard.press("Control+Shift+z")
    counts(divider, 4)
    divider.page.click("[data-do=redo]")
    counts(divider, 3)
    assert divider.page.locator("[data-do=redo]").is_disabled()


def test_edits_stay_when_the_number_of_regions_changes(divider):
    show(divider, 3)
    click(divider, BLUE)
    counts(divider, 4)
    edited = labels(divider)
    show(divider, 8)
    finer = labels(divider)
    pairs = np.unique(np.stack([edited.ravel(), finer.ravel()]), axis=1)
    assert pairs.shape[1] == 8
    show(divider, 4)
    assert (labels(divider) == edited).all()


def test_two_regions_are_merged_by_clicking_them(divider):
    show(divider, 3)
    three = labels(divider)
    divider.page.click("[data-edit=merge]")
    click(divider, RED)
    divider.says("Now click a region that touches it")
    click(divider, BLUE)
    divider.says("do not touch")
    assert count(divider) == 3
    click(divider, RED)
    click(divider, GROUND)
    counts(divider, 2)
    two = labels(divider)
    assert two[RED] == two[GROUND] != two[BLUE]
    assert ((two == two[BLUE]) == (three == three[BLUE])).all()
    divider.page.click("[data-edit=split]")


def test_alt_and_click_merges_as_the_right_button_does(divider):
    show(divider, 3)
    divider.page.keyboard.down("Alt")
    click(divider, RED)
    divider.page.keyboard.up("Alt")
    counts(divider, 2)
    two = labels(divider)
    assert two[RED] == two[GROUND]


def test_a_double_click_opens_a_region_and_splits_nothing(divider):
    show(divider, 3)
    region = labels(divider) == labels(divider)[BLUE]
    divider.page.mouse.dblclick(*divider.at(BLUE))
    divider.has_objects(1)
    assert divider.page.locator("#tab-click").get_attribute("aria-selected") == "true"
    assert (divider.mask() == region).all()
    divider.page.click("#tab-partition")
    assert count(divider) == 3


def test_regions_are_saved_for_pycocotools(divider):
    show(divider, 5)
    expected = labels(divider)
    name, content = download(divider, "saveRegionsJson")
    assert name == "regions-regions.json"
    entries = json.loads(content)["annotations"]
    assert len(entries) == 5
    for label, entry in enumerate(entries, start=1):
        assert (coco.decode(entry["segmentation"]) == (expected == label)).all()


def test_what_the_server_forgot_is_saved_all_the_same(divider, app):
    show(divider, 4)
    expected = labels(divider)
    app.workspaces._workspaces.clear()
    assert (labels(divider) == expected).all()


@pytest.mark.parametrize("method", ["normalised-cut", "multicut"])
def test_other_methods_are_asked_for_once_and_undone(divider, method):
    show(divider, 3)
    divider.page.click(f"[data-method={method}]")
    divider.page.wait_for_selector(f"[data-method={method}][aria-pressed=true]")
    chosen = count(divider)
    assert labels(divider).max() == chosen
    if method == "normalised-cut":
        assert chosen == 3
    else:
        assert f"it chose {chosen}" in divider.message() or "Saved" in divider.message()
    show(divider, 7)
    assert labels(divider).max() == 7
    divider.page.click("[data-method=greedy]")
    counts(divider, 7)
    divider.page.click("[data-do=undo]")
    divider.page.wait_for_selector(f"[data-method={method}][aria-pressed=true]")
    assert count(divider) == 7


def test_fills_and_boundaries(divider):
    show(divider, 3)
    divider.page.mouse.move(5, 5)
    filled = divider.colour(GROUND)
    divider.page.click("[data-look=boundaries]")
    bare = divider.colour(GROUND)
    assert bare == [128, 128, 128]
    assert filled != bare
    divider.page.locator("canvas.view").focus()
    divider.page.keyboard.press("f")
    assert divider.colour(GROUND) == filled
    divider.page.locator("#panel-partition .strength input").fill("0")
    assert divider.colour(GROUND) == bare
    divider.page.locator("#panel-partition .strength input").fill("0.5")


def test_keyboard_alone(user):
    user.page.evaluate("document.activeElement.blur()")
    press = user.page.keyboard.press
    while not user.page.evaluate("document.activeElement.matches('#tab-click')"):
        press("Tab")
    for _ in range(3):
        press("ArrowRight")
    found(user)
    user.page.locator("canvas.view").focus()
    while count(user) > 3:
        press("[")
    press("Enter")  # a crosshair appears, in the middle of what is left of the stage
    for _ in range(4):
        press("Shift+ArrowRight")
    user.says("one of 3 regions")
    press("Enter")
    user.says("Split: 4 regions")
    press("Shift+Enter")
    user.says("Merged: 3 regions")
    press("Control+z")
    user.says("Undone: 4 regions")
    press("Control+y")
    user.says("Done again: 3 regions")
    press("e")
    user.has_objects(1)
    assert user.mask()[BLUE]


def test_another_photo_and_back_keeps_the_regions_and_their_history(divider):
    show(divider, 3)
    click(divider, BLUE)
    counts(divider, 4)
    divider.page.click('button.photo[title="coins"]')
    divider.page.wait_for_selector('canvas[data-ready="sample coins"]')
    found(divider)
    divider.page.click('button.photo[title="regions.png"]')
    counts(divider, 4)
    divider.page.locator("canvas.view").focus()
    divider.page.keyboard.press("Control+z")
    counts(divider, 3)


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_reload_keeps_the_regions_and_their_history(user, app, forgotten):
    user.page.click("#tab-partition")
    found(user)
    user.page.click("[data-method=normalised-cut]")
    user.page.wait_for_selector("[data-method=normalised-cut][aria-pressed=true]")
    show(user, 3)
    three = labels(user)
    click(user, BLUE)
    counts(user, 4)
    click(user, RED, button="right")
    counts(user, 3)
    edited = labels(user)
    user.page.keyboard.press("Control+z")
    counts(user, 4)
    user.saved()
    if forgotten:
        app.workspaces._workspaces.clear()
    user.reload()
    user.says("Welcome back: your 4 regions")
    assert user.page.locator("[data-method=normalised-cut][aria-pressed=true]").count() == 1
    user.page.locator("canvas.view").focus()
    user.page.keyboard.press("Control+Shift+z")
    counts(user, 3)
    assert (labels(user) == edited).all()
    user.page.locator("canvas.view").focus()
    user.page.keyboard.press("Control+z")
    user.page.keyboard.press("Control+z")
    counts(user, 3)
    assert (labels(user) == three).all()
    show(user, 9)
    assert labels(user).max() == 9


def test_a_region_divided_right_before_a_reload_stays_divided(user):
    user.page.click("#tab-partition")
    found(user)
    show(user, 3)
    user.page.mouse.click(*user.at(BLUE))
    user.reload()
    counts(user, 4)


def go_on_here(user):
    user.page.click("[data-do=goOnHere]")
    user.page.locator(".elsewhere").wait_for(state="hidden")


def test_another_tab_goes_on_with_the_regions_of_the_first(user, app):
    user.page.click("#tab-partition")
    found(user)
    show(user, 3)
    click(user, BLUE)
    counts(user, 4)
    edited = labels(user.saved())
    second = user.another_tab(app.address)
    go_on_here(second)
    second.page.click("#tab-click")
    second.click(RED)  # saves the photo's clicks, and nothing else
    second.saved().page.click("#tab-partition")
    counts(second, 4)
    assert (labels(second) == edited).all()
    click(second, RED)
    counts(second, 5)
    second.saved()
    go_on_here(user)
    counts(user, 5)
    user.page.click("#tab-click")
    user.has_objects(1)
    assert second.errors == []
    second.page.close()


def test_regions_kept_of_other_superpixels_are_found_anew(user):
    user.page.click("#tab-partition")
    found(user)
    show(user, 5)
    user.saved()
    user.page.evaluate(
        """() => new Promise(resolve => {
            const request = indexedDB.open("tamingseg");
            request.onsuccess = () => {
                const transaction = request.result.transaction("work", "readwrite");
                const cursor = transaction.objectStore("work").openCursor();
                cursor.onsuccess = () => {
                    if (!cursor.result) return;
                    const entry = cursor.result.value;
                    if (entry.areas) entry.areas[0] += 1;
                    cursor.result.update(entry);
                    cursor.result.continue();
                };
                transaction.oncomplete = resolve;
            };
        })"""
    )
    user.reload()
    found(user)
    assert count(user) != 5
    user.says("any number up to")


def test_a_run_is_stopped_and_begun_again(user, slow):
    slow.set()
    user.page.click('button.photo[title="rocket"]')
    user.page.wait_for_selector('canvas[data-ready="sample rocket"]')
    user.page.click("#tab-partition")
    user.page.click("[data-do=stopFinding]")
    user.says("Stopped")
    assert user.page.locator(".parted").is_hidden()
    slow.clear()
    user.page.click("[data-do=findRegions]")
    found(user)


def test_what_is_under_the_pointer_is_right_under_zoom(divider):
    show(divider, 3)
    text = hovered(divider, BLUE)
    divider.page.mouse.move(*divider.at(BLUE))
    for _ in range(5):
        divider.page.mouse.wheel(0, -200)
    assert hovered(divider, BLUE) == text
    divider.page.locator("canvas.view").focus()
    divider.press("0")


def test_a_phone_taps_to_divide(visitor, discs_png):
    user = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    user.upload(discs_png)
    user.page.click("#tab-partition")
    found(user)
    show(user, 3)
    user.page.locator("canvas.view").scroll_into_view_if_needed()
    user.tap(BLUE)
    counts(user, 4)
    assert user.page.evaluate("document.documentElement.scrollWidth") == 390


def test_every_control_has_a_name_and_room_for_a_finger(divider, unreachable):
    assert unreachable(divider) == ([], [])
