"""The page in a real Chromium: the tab Proposals, over a proposer that knows the discs.

Its list: the blue disc, the left half, the red disc, its upper half, everything.
"""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, CAP, BLUE, LEFT, RIGHT = (190, 185), (120, 185), (300, 440), (400, 60), (60, 600)


@pytest.fixture
def truth_png(discs):
    file = io.BytesIO()
    Image.fromarray(discs.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def propose_slowly(user, slow):
    """Begin a run, which stays in its middle as long as `slow` is set."""
    user.page.wait_for_function(
        "JSON.parse(document.querySelector('.seg').dataset.latency).encode !== null"
    )
    slow.set()
    user.page.click("#tab-proposals")
    user.page.click("[data-grid='32']")
    user.page.click("[data-do=propose]")
    user.page.wait_for_function(
        "document.querySelector('.step').textContent.startsWith('512 of 1,024')"
    )


def propose(user, grid=32):
    user.page.click("#tab-proposals")
    user.page.click(f"[data-grid='{grid}']")
    user.page.click("[data-do=propose]")
    user.says("5 masks in")
    return user


def shown(user):
    return int(user.page.locator(".number").input_value())


def show(user, count):
    user.page.fill(".number", str(count))
    user.frame()


def hovered(user, point):
    user.page.mouse.move(*user.at(point))
    user.frame()
    return user.page.locator(".which").inner_text()


def choose(user, *points):
    for number, point in enumerate(points):
        if number:
            user.page.keyboard.down("Shift")
        user.page.mouse.click(*user.at(point))
        user.page.keyboard.up("Shift")


def worth(user):
    return user.page.locator(".worth").inner_text()


def total(user):
    return user.page.locator(".total").inner_text()


def load(user, selector, content):
    user.page.set_input_files(
        selector, {"name": "truth.png", "mimeType": "image/png", "buffer": content}
    )


def download(user, button):
    with user.page.expect_download() as started:
        user.page.click(f"[data-do={button}]")
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def test_run_slide_hover_open_in_the_first_tab_and_export(user, disc_masks, discs, slow):
    propose_slowly(user, slow)
    assert user.page.locator("[data-grid='32']").get_attribute("aria-pressed") == "true"
    assert user.page.locator(".progress").evaluate("bar => bar.value / bar.max") == 0.5
    assert user.page.locator("[data-do=propose]").is_disabled()
    slow.clear()
    user.says("5 masks in")
    assert total(user) == "5"
    assert shown(user) == 2  # where the coverage bends

    asked = []
    user.page.on("request", lambda request: asked.append(request.url))
    slider = user.page.locator(".slider")
    slider.focus()
    bare = user.colour(RIGHT)
    user.page.keyboard.press("End")
    assert shown(user) == 5
    assert user.colour(RIGHT) != bare
    assert slider.get_attribute("aria-valuetext") == "5 of 5 masks"
    user.page.keyboard.press("ArrowLeft")
    user.page.keyboard.press("ArrowLeft")
    assert shown(user) == 3
    assert user.colour(RIGHT) == bare
    assert float(user.page.locator(".seg").get_attribute("data-repaint")) > 0

    assert hovered(user, CAP) == f"Mask 3: score 0.70, {(discs == 1).sum():,} px (8.3 %)"
    show(user, 4)
    assert hovered(user, CAP).startswith("Mask 4: score 0.60")
    assert hovered(user, RED).startswith("Mask 3: score 0.70")
    assert hovered(user, LEFT).startswith("Mask 2: score 0.80")
    assert hovered(user, RIGHT).startswith("Click to choose")
    assert asked == []  # all that without the server

    choose(user, CAP)
    user.says("Chosen")
    user.page.keyboard.press("Enter")
    assert user.page.locator("#tab-click").get_attribute("aria-selected") == "true"
    user.has_objects(1)
    assert (user.mask() == disc_masks[3]).all()
    user.click(BLUE)
    assert (user.mask() == (disc_masks[3] | (discs == 2))).all()
    user.click(CAP, button="right")
    assert (user.mask() == (discs == 2)).all()
    user.press("Control+z", "Control+z")
    assert (user.mask() == disc_masks[3]).all()
    user.press("Control+z")
    user.has_objects(0)

    user.page.click("#tab-proposals")
    user.press("Escape")
    name, content = download(user, "saveJson")
    assert name == "discs-proposals.json"
    entries = json.loads(content)["annotations"]
    assert [entry["score"] for entry in entries] == pytest.approx([0.9, 0.8, 0.7, 0.6], abs=1e-6)
    for entry, index in zip(entries, range(4), strict=True):
        assert (coco.decode(entry["segmentation"]) == disc_masks[index]).all()


def test_without_a_choice_all_regions_of_the_pixel_model_are_proposed_at_once(visitor, discs_png):
    user = visitor().upload(discs_png)
    user.page.click("#tab-proposals")
    instant = user.page.locator("[data-grid='0']")
    assert instant.get_attribute("aria-pressed") == "true"
    assert "regions of the fake model" in instant.get_attribute("title")
    user.page.click("[data-do=propose]")
    user.says("the best first")
    assert hovered(user, BLUE).startswith("Mask ")
    propose(user, 16)
    assert instant.get_attribute("aria-pressed") == "false"
    instant.click()
    user.page.click("[data-do=propose]")
    user.page.wait_for_function("document.querySelector('.total').textContent !== '5'")
    user.page.reload()  # the choice stays
    user.page.wait_for_selector("[data-grid='0'][aria-pressed=true]")


def test_without_a_pixel_model_only_grids_are_offered(
    chromium, fake_segmentor, propose_discs, serve
):
    from tamingseg.ui.page import build_page

    app = build_page(fake_segmentor(), propose_discs)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(serve(app))
    page.wait_for_selector("canvas[data-ready]")
    page.click("#tab-proposals")
    assert page.locator("[data-grid='0']").is_hidden()
    assert page.locator("[data-grid='32']").get_attribute("aria-pressed") == "true"
    page.click("[data-do=propose]")
    page.wait_for_function("document.querySelector('.total').textContent === '5'")
    context.close()
    app.close(verbose=False)


def test_what_is_chosen_is_saved_alone_also_as_a_label_map(user, disc_masks):
    propose(user)
    show(user, 3)
    choose(user, LEFT, BLUE)
    name, content = download(user, "saveLabels")
    assert name == "discs-labels.png"
    labels = np.array(Image.open(io.BytesIO(content)))
    expected = np.where(disc_masks[0], 1, np.where(disc_masks[1], 2, 0))
    assert (labels == expected).all()


def test_a_run_is_stopped_and_another_one_comes_to_its_end(user, slow):
    propose_slowly(user, slow)
    user.page.click("[data-do=stopRun]")
    user.says("Stopped")
    assert user.page.locator(".listed").is_hidden()
    slow.clear()
    propose(user, 16)
    propose(user)
    assert total(user) == "5"


def test_the_truth_gives_the_curve_and_the_best_number(user, truth_png):
    propose(user)
    assert "covered" in worth(user)
    assert "mean score\n0.85" in worth(user)
    load(user, ".truth-file", truth_png)
    user.says("2 true regions")
    show(user, 1)
    assert "mIoU\n50.0 %" in worth(user)
    user.page.click("[data-do=bestNumber]")
    assert shown(user) == 3
    assert "mIoU\n100 %" in worth(user)
    curve = user.page.locator(".curve")
    assert "The best number is 3" in curve.get_attribute("aria-label")
    box = curve.bounding_box()
    user.page.mouse.click(box["x"] + box["width"] - 12, box["y"] + 40)
    assert shown(user) == 5
    user.page.mouse.move(box["x"] + 40, box["y"] + 40)
    assert curve.locator(".read").text_content() == "1: 50.0 %"


@pytest.mark.parametrize(
    ("content", "part"), [(b"no image", "not a JPEG, PNG"), (None, "640 x 480 pixels")]
)
def test_a_bad_truth_is_explained(user, content, part):
    propose(user)
    if content is None:
        file = io.BytesIO()
        Image.new("L", (480, 640), 1).save(file, "PNG")
        content = file.getvalue()
    load(user, ".truth-file", content)
    user.page.wait_for_selector(".message.error")
    assert part in user.message()
    assert "mean score" in worth(user)


def test_masks_are_merged_and_removed_and_that_is_undone(user, disc_masks):
    propose(user)
    show(user, 3)
    choose(user, LEFT, BLUE)
    user.says("2 masks are chosen")
    user.page.click("[data-do=mergeMasks]")
    user.says("Mask 1: score 0.90")
    assert total(user) == "4"
    user.page.keyboard.press("Enter")
    user.has_objects(1)
    assert (user.mask() == (disc_masks[0] | disc_masks[1])).all()
    user.page.click("#tab-proposals")
    user.page.locator("canvas.view").focus()
    user.page.keyboard.press("Delete")
    user.says("removed")
    assert total(user) == "3"
    assert hovered(user, BLUE).startswith("Mask 3")
    user.page.click("[data-do=undo]")
    user.says("Undone")
    user.page.keyboard.press("Control+z")
    user.page.wait_for_function("document.querySelector('.total').textContent === '5'")
    assert user.page.locator("[data-do=undo]").is_disabled()
    user.page.keyboard.press("Control+Shift+z")
    user.page.wait_for_function("document.querySelector('.total').textContent === '4'")
    user.page.click("#tab-click")
    user.page.click("[data-do=undo]")  # the objects have a history of their own
    user.has_objects(0)


def test_all_can_be_removed(user):
    propose(user)
    show(user, 5)
    user.page.locator("canvas.view").focus()
    for count, point in [(4, RIGHT), (3, BLUE), (2, CAP), (1, CAP), (0, CAP)]:
        choose(user, point)
        user.page.keyboard.press("Delete")
        user.page.wait_for_function(
            "n => document.querySelector('.total').textContent === (n ? `${n}` : '')", arg=count
        )
    assert user.page.locator("[data-do=saveJson]").is_disabled()
    user.page.keyboard.press("Control+z")
    user.page.wait_for_function("document.querySelector('.total').textContent === '1'")
    assert shown(user) == 1


def test_a_double_click_opens_a_mask(user, disc_masks):
    propose(user)
    user.page.mouse.dblclick(*user.at(BLUE))
    user.has_objects(1)
    assert (user.mask() == disc_masks[0]).all()


def test_an_opened_mask_is_of_the_chosen_class_in_one_step(user):
    field = user.page.locator(".classes input")
    field.fill("disc")
    field.press("Enter")
    propose(user)
    show(user, 5)
    user.page.mouse.dblclick(*user.at(BLUE))
    user.has_objects(1)
    user.settled()
    assert user.page.locator(".active .object-name").input_value() == "disc"
    user.page.locator(".classes .icon").first.click()
    user.page.locator("canvas.view").focus()
    user.press("Control+z")
    user.has_objects(0)


def test_an_opened_mask_is_still_there_when_the_server_forgot_it(user, app, disc_masks, discs):
    propose(user)
    show(user, 4)
    choose(user, CAP)
    user.page.keyboard.press("Enter")
    user.has_objects(1)
    user.saved()
    app.workspaces._workspaces.clear()
    user.click(BLUE)
    assert (user.mask() == (disc_masks[3] | (discs == 2))).all()
    user.press("Escape")
    assert (user.mask() == disc_masks[3]).all()


def test_several_masks_become_objects_the_small_ones_in_front(user):
    propose(user)
    show(user, 3)
    choose(user, RED, BLUE, LEFT)
    user.page.click("[data-do=openMasks]")
    user.has_objects(3)
    labels = user.index()
    assert labels[LEFT] < labels[BLUE] < labels[RED]


def test_the_first_masks_become_objects_of_the_chosen_class_in_one_step(user, disc_masks):
    field = user.page.locator(".classes input")
    field.fill("disc")
    field.press("Enter")
    propose(user)
    show(user, 3)
    take = user.page.locator("[data-do=takeMasks]")
    assert take.inner_text().startswith("Take the first 3 as “disc”")
    take.click()
    user.says("3 objects of “disc” from proposals")
    names = user.page.locator(".objects .open-object")
    assert names.all_inner_texts() == ["disc"] * 3
    blue, left, red, _, _ = disc_masks
    areas = [(left & ~blue & ~red).sum(), blue.sum(), red.sum()]  # no two overlap
    notes = user.page.locator(".objects .note")
    assert notes.all_inner_texts() == [f"{area:,} px" for area in areas]
    user.page.click("#tab-proposals")
    choose(user, RED, BLUE)
    user.page.keyboard.press("t")
    user.says("Objects are there already.")
    user.page.locator("canvas.view").focus()
    user.press("Control+z")
    user.has_objects(0)
    user.page.locator(".classes .icon").first.click()
    user.page.click("#tab-proposals")
    user.page.keyboard.press("t")
    user.says("2 objects from proposals")
    assert names.all_inner_texts() == ["Object 1", "Object 2"]
    user.page.click("#tab-proposals")
    user.press("Escape")
    show(user, 5)
    user.page.locator("canvas.view").focus()
    user.page.keyboard.press("t")  # of the discs, and of everything but them, too little is left
    user.says("1 object from proposals. Undo takes them away in one step. 4 left out")
    assert notes.all_inner_texts()[-1] == f"{areas[0]:,} px"


def test_keyboard_alone(user):
    user.page.evaluate("document.activeElement.blur()")
    press = user.page.keyboard.press
    while not user.page.evaluate("document.activeElement.matches('#tab-click')"):
        press("Tab")
    press("ArrowRight")
    for control in ("[data-grid='32']", "[data-do=propose]"):
        while not user.page.evaluate(f'document.activeElement.matches("{control}")'):
            press("Tab")
        press("Enter")
    user.says("5 masks in")
    user.page.locator("canvas.view").focus()
    press("Enter")  # a crosshair appears, in the middle of what is left of the stage
    for _ in range(4):
        press("Shift+ArrowRight")
    user.says("Mask 1: score 0.90")
    press("s")
    user.says("Chosen")
    press("]")
    assert shown(user) == 3
    press("[")
    press("k")
    assert shown(user) == 2
    press("Enter")
    user.has_objects(1)
    assert user.page.locator("#tab-click").get_attribute("aria-selected") == "true"


def test_a_click_takes_the_mask_that_is_previewed_and_further_clicks_refine_it(
    user, discs, disc_masks
):
    propose(user)
    show(user, 4)
    user.page.click("#tab-click")
    user.page.mouse.move(*user.at(CAP))
    user.click(CAP)
    assert (user.mask() == disc_masks[3]).all()  # the upper half, which no click would give
    bare = user.colour((LEFT[0], LEFT[1] + 40))
    user.page.mouse.move(*user.at(LEFT))
    assert user.colour((LEFT[0], LEFT[1] + 40)) == bare  # nothing is promised any more
    user.click(BLUE)
    assert (user.mask() == (disc_masks[3] | (discs == 2))).all()
    user.press("n")
    user.page.mouse.move(*user.at(BLUE))
    user.page.mouse.dblclick(*user.at(BLUE))
    user.has_objects(2)
    assert (user.mask() == disc_masks[0]).all()
    user.press("Control+z", "Control+z", "Control+z")
    assert (user.mask() == disc_masks[3]).all()


def test_a_quick_click_elsewhere_is_no_double_click(user, discs, disc_masks):
    propose(user)
    show(user, 4)
    user.page.click("#tab-click")
    cap, blue = user.at(CAP), user.at(BLUE)
    user.page.mouse.click(*cap)
    user.page.mouse.click(*blue)
    user.has_objects(1)
    assert (user.mask() == (disc_masks[3] | (discs == 2))).all()


def test_a_run_that_is_cut_off_begins_anew(user, slow):
    propose_slowly(user, slow)
    user.reload()  # as gradio does once it has lost the connection
    user.says("it has started again")
    slow.clear()
    user.page.click("#tab-proposals")
    user.page.wait_for_function("document.querySelector('.total').textContent === '5'")
    propose_slowly(user, slow)
    user.page.context.set_offline(True)
    user.says("The connection was cut during the task")
    slow.clear()
    user.page.context.set_offline(False)
    user.page.locator("#panel-proposals .running").wait_for(state="hidden")
    user.page.wait_for_selector(".listed:visible")
    user.page.wait_for_function("document.querySelector('.total').textContent === '5'")
    user.reload()
    user.says("Ready")
    assert user.page.locator("#panel-proposals .running").is_hidden()


def test_the_first_tab_shows_what_was_proposed_under_the_pointer(user, disc_masks):
    propose(user)
    user.page.click("#tab-click")
    bare = user.colour(RED)
    user.page.mouse.move(*user.at(BLUE))
    aside = user.colour((BLUE[0] + 40, BLUE[1]))
    user.page.mouse.move(*user.at(RIGHT))
    assert user.colour((BLUE[0] + 40, BLUE[1])) != aside
    user.page.mouse.move(*user.at(RED))
    assert user.colour((RED[0], RED[1] - 40)) != bare
    user.click(RED)
    assert (user.mask() == disc_masks[1]).all()  # of the two that are shown, the one it is in
    user.press("Control+z")
    user.page.uncheck(".preview input")
    user.page.mouse.move(*user.at(BLUE))
    user.page.mouse.move(*user.at(RED))
    assert user.colour((RED[0], RED[1] - 40)) == bare
    user.page.check(".preview input")


def test_what_is_under_the_pointer_is_right_under_zoom(user):
    propose(user)
    show(user, 3)
    user.page.mouse.move(*user.at(RED))
    for _ in range(5):
        user.page.mouse.wheel(0, -200)
    assert hovered(user, RED).startswith("Mask 3")
    user.page.locator("canvas.view").focus()
    user.press("0")
    assert hovered(user, BLUE).startswith("Mask 1")


def test_a_reload_and_another_photo_keep_the_list(user):
    propose(user)
    show(user, 4)
    choose(user, RED)
    user.page.keyboard.press("Delete")
    user.says("removed")
    user.reload()
    user.page.wait_for_function("document.querySelector('.total').textContent === '4'")
    assert user.page.locator("#tab-proposals").get_attribute("aria-selected") == "true"
    user.page.click('button.photo[title="coffee"]')
    user.page.wait_for_selector('canvas[data-ready="sample coffee"]')
    user.page.wait_for_function("document.querySelector('.total').textContent === ''")
    user.page.click('button.photo[title="discs.png"]')
    user.page.wait_for_function("document.querySelector('.total').textContent === '4'")


def test_a_sample_brings_its_truth(user):
    user.page.click('button.photo[title="coins"]')
    user.page.wait_for_selector('canvas[data-ready="sample coins"]')
    propose(user)
    assert "24 true regions" in user.page.locator(".truth-says").inner_text()
    assert "mIoU" in worth(user)


def test_a_list_the_server_forgot_is_brought_back(user, app):
    propose(user)
    choose(user, BLUE)
    user.page.keyboard.press("Delete")
    user.says("removed")
    show(user, 3)
    app.workspaces._workspaces.clear()
    choose(user, RED)
    user.page.keyboard.press("Delete")
    user.says("forgotten this photo: try that again")
    assert (total(user), shown(user)) == ("4", 3)
    user.page.keyboard.press("Delete")  # what was chosen is still chosen
    user.says("removed")
    assert total(user) == "3"
    assert hovered(user, CAP).startswith("Mask 2: score 0.60")


def test_a_list_comes_back_to_a_server_that_forgot_it_before_it_is_asked(user, app):
    propose(user)
    app.workspaces._workspaces.clear()
    user.page.click("#tab-click")
    user.click(BLUE)  # it is this click that finds out
    user.page.click("#tab-proposals")
    choose(user, BLUE)
    user.page.keyboard.press("Delete")
    user.says("removed")
    assert total(user) == "4"


def test_a_list_is_kept_in_the_browser(user, app):
    propose(user)
    show(user, 5)
    propose(user)
    user.saved()
    user.reload()
    user.page.wait_for_function("document.querySelector('.total').textContent === '5'")
    assert shown(user) == 2  # what the second run shows, not what was chosen of the first
    choose(user, BLUE)
    user.page.keyboard.press("Delete")
    user.says("removed")
    show(user, 3)
    user.saved()
    app.workspaces._workspaces.clear()
    user.reload()
    user.page.wait_for_function("document.querySelector('.total').textContent === '4'")
    assert shown(user) == 3
    choose(user, RED)
    user.page.keyboard.press("Delete")
    user.says("removed")
    assert total(user) == "3"


def test_the_truth_of_a_photo_that_the_server_forgot_opens_it_again(user, app, truth_png):
    load(user, ".truth-file", truth_png)
    user.says("2 true regions")
    app.workspaces._workspaces.clear()
    load(user, ".truth-file", truth_png)
    user.says("forgotten this photo: try that again")
    load(user, ".truth-file", truth_png)
    user.says("2 true regions")
    propose(user)
    app.workspaces._workspaces.clear()
    load(user, ".truth-file", truth_png)
    user.says("forgotten this photo: try that again")
    load(user, ".truth-file", truth_png)
    user.says("2 true regions")
    assert "mIoU" in worth(user)


def test_a_run_of_a_photo_no_longer_shown_is_forgotten(user, slow):
    propose_slowly(user, slow)
    user.page.click('button.photo[title="cat"]')
    user.page.wait_for_selector('canvas[data-ready="sample cat"]')
    slow.clear()
    user.page.wait_for_timeout(400)
    assert total(user) == ""
    assert user.page.locator(".running").is_hidden()


def test_who_waits_sees_how_many_are_first_and_clicks_meanwhile(user, visitor, discs_png, slow):
    other = visitor().upload(discs_png).click((165, 185))
    propose_slowly(user, slow)
    other.page.click("#tab-proposals")
    other.page.click("[data-grid='16']")
    other.page.click("[data-do=propose]")
    other.page.wait_for_function(
        "document.querySelector('.step').textContent.includes('; 1 task before it')"
    )
    other.page.click("#tab-click")
    other.press("n").click((300, 440))  # is answered although a run goes on
    other.has_objects(2)
    other.page.click("#tab-proposals")
    slow.clear()
    other.says("5 masks in")
    user.says("5 masks in")


def test_two_users_see_nothing_of_each_other(user, visitor, discs_png):
    first, second = user, visitor().upload(discs_png)
    propose(first)
    second.page.click("#tab-proposals")
    second.page.wait_for_timeout(200)
    assert total(second) == ""
    propose(second)
    choose(first, BLUE)
    first.page.keyboard.press("Delete")
    first.says("removed")
    assert (total(first), total(second)) == ("4", "5")
    second.reload()
    second.page.wait_for_function("document.querySelector('.total').textContent === '5'")


def test_a_phone_taps_to_choose(visitor, discs_png):
    user = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    propose(user.upload(discs_png))
    user.page.locator("canvas.view").scroll_into_view_if_needed()
    user.tap(BLUE)
    user.tap(LEFT)
    user.says("2 masks are chosen")
    assert user.page.evaluate("document.documentElement.scrollWidth") == 390


def test_every_control_has_a_name_and_room_for_a_finger(user, unreachable):
    propose(user)
    choose(user, BLUE)
    assert unreachable(user) == ([], [])
