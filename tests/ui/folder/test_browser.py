"""The page on a folder of photos in Chromium: working on the photos, alone and with others."""

import threading

import pytest
from playwright.sync_api import expect

from tamingseg.annotations.reading import read_annotations
from tamingseg.masks.rle import decode_rle

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE = (165, 185), (300, 440)
NAMES = ["a  b.png", "c <b>&amp;.png", "day1/d.png", "day1/e.png", "day2/f.png"]


def test_a_folder_is_worked_through_by_keyboard(annotator, folder_app, folder, discs):
    user = annotator()
    user.is_open(NAMES[0])
    user.lists(NAMES)
    assert user.page.locator(".list .tally input").input_value() == "1"
    assert user.page.locator(".list .tally").inner_text().strip() == "of 5"
    user.click(RED)
    user.row_says(NAMES[0], "In progress · 1 object")
    user.step("a", NAMES[1])
    user.row_says(NAMES[0], "Done · 1 object")
    user.shows_object(NAMES[0], (33, 21))
    user.page.keyboard.press("a")
    user.says("There is no object in this photo")
    user.step("Shift+A", NAMES[2])
    user.click(BLUE)
    user.page.keyboard.press("Shift+A")
    user.says("There are objects in this photo")
    user.press("Control+z")
    user.row_says(NAMES[2], "New")
    user.press("Control+Shift+z")
    user.step("PageUp", NAMES[1])
    user.step("Shift+A", NAMES[1])  # said once more, it is not
    user.row_says(NAMES[1], "New")
    user.step("PageDown", NAMES[2])
    photos = folder_app.kept()
    assert photos[NAMES[0]].state == "done"
    assert photos[NAMES[2]].state == "started"
    for name, value in ((NAMES[0], 1), (NAMES[2], 2)):
        (item,) = photos[name].objects
        assert (decode_rle(item.mask, discs.shape) == (discs == value)).all()
    folder_app.desk.project.tidy(at_once=True)
    assert read_annotations(folder / "annotations.tamingseg")[0].photos == tuple(photos.values())


def test_a_photo_that_was_marked_is_not_changed_while_the_next_one_comes(
    annotator, folder_app, monkeypatch
):
    user, marked, gate = annotator(), [], threading.Event()
    mark = folder_app.desk.mark

    def mark_slowly(*given):
        marked.append(given[0])
        assert gate.wait(60)
        return mark(*given)

    monkeypatch.setattr(folder_app.desk, "mark", mark_slowly)
    user.is_open(NAMES[0])
    user.click(RED)
    user.page.keyboard.press("n")
    user.page.keyboard.press("a")
    user.page.keyboard.press("a")
    user.page.mouse.click(*user.at(BLUE))
    user.says("Going on to the next photo")
    user.page.keyboard.press("PageDown")
    gate.set()
    user.is_open(NAMES[1])
    user.click(BLUE)  # here it counts
    assert marked == [NAMES[0]]
    photos = folder_app.kept()
    assert (photos[NAMES[0]].state, len(photos[NAMES[0]].objects)) == ("done", 1)
    assert (photos[NAMES[1]].state, len(photos[NAMES[1]].objects)) == ("started", 1)


def test_a_key_that_is_held_marks_one_photo(annotator, folder_app):
    user = annotator()
    user.is_open(NAMES[0])
    user.click(RED)
    user.step("PageDown", NAMES[1])
    user.click(RED)
    user.step("PageUp", NAMES[0])
    user.page.keyboard.down("a")
    user.is_open(NAMES[1])
    user.page.keyboard.down("a")
    user.page.keyboard.up("a")
    user.step("PageDown", NAMES[2])
    photos = folder_app.kept()
    assert [photos[name].state for name in NAMES[:2]] == ["done", "started"]


def test_every_press_of_a_key_is_one_photo_further(annotator):
    user = annotator()
    user.is_open(NAMES[0])
    for _ in range(4):
        user.page.keyboard.press("PageDown")
    user.is_open(NAMES[4])
    user.page.keyboard.press("PageUp")
    user.step("PageUp", NAMES[2])


def test_a_done_photo_that_is_changed_is_in_progress_again(annotator, folder_app):
    user = annotator()
    user.is_open(NAMES[0])
    user.click(RED)
    user.step("a", NAMES[1])
    user.step("PageUp", NAMES[0])
    user.press("h")  # to hide an object changes nothing in it
    user.row_says(NAMES[0], "Done · 1 object")
    user.press("n")
    user.click(BLUE)
    user.says("now it is in progress again")
    user.row_says(NAMES[0], "In progress · 2 objects")
    assert folder_app.kept()[NAMES[0]].state == "started"
    user.step("a", NAMES[1])
    assert folder_app.kept()[NAMES[0]].state == "done"


def test_two_people_on_one_folder(annotator, folder_app):
    ann, bob = annotator(), annotator()
    ann.is_open(NAMES[0])
    ann.click(RED)
    bob.is_open(NAMES[1])  # the first one is in use
    bob.row_says(NAMES[0], "in use")
    ann.row_says(NAMES[1], "in use")
    bob.row_says(NAMES[0], "1 object")
    overlaps = bob.page.evaluate(
        """() => [...document.querySelectorAll(".listed-photo")].some(row => {
            const [called, how, lock] = ["called", "how", "lock"]
                .map(name => row.querySelector(`.${name}`).getBoundingClientRect());
            const cross = (a, b) => a.left < b.right && b.left < a.right
                && a.top < b.bottom - 1 && b.top < a.bottom - 1;
            return lock.width && (cross(lock, how) || cross(lock, called));
        })"""
    )
    assert not overlaps
    bob.row(NAMES[0]).click()
    bob.page.wait_for_selector(".elsewhere:visible")
    bob.is_open(NAMES[0])
    assert bob.objects() == 1
    bob.click(BLUE, answers=0)
    bob.says("Somebody else (127.0.0.1) works on this photo. Press “Go on here” first")
    bob.page.click("[data-do=goOnHere]")
    bob.page.wait_for_selector(".elsewhere", state="hidden")
    bob.settled()
    ann.page.wait_for_selector(".elsewhere:visible")
    bob.press("n")
    bob.click(BLUE)
    assert len(folder_app.kept()[NAMES[0]].objects) == 2
    ann.page.click("[data-do=goOnHere]")
    ann.page.wait_for_selector(".elsewhere", state="hidden")
    ann.has_objects(2)
    bob.page.wait_for_selector(".elsewhere:visible")
    bob.page.context.close()  # what Bob had is free
    ann.page.wait_for_function(
        "() => ![...document.querySelectorAll('.listed-photo .lock')].some(one => one.textContent)"
    )


def test_classes_belong_to_the_folder(annotator, folder_app):
    ann = annotator()
    ann.is_open(NAMES[0])
    for name in ("cell", "dirt"):
        ann.page.fill(".classes input", name)
        ann.page.keyboard.press("Enter")
    ann.page.locator("canvas.view").focus()
    ann.press("1")
    ann.click(RED)
    bob = annotator()
    bob.page.wait_for_selector(".class >> nth=1")
    assert bob.page.locator(".class span").all_inner_texts() == ["cell", "dirt"]
    ann.step("a", NAMES[2])
    ann.click(BLUE)  # the class stays
    photos = folder_app.kept()
    assert [photos[NAMES[i]].objects[0].label for i in (0, 2)] == ["cell", "cell"]
    for old, new, left in (("cell", "nucleus", ["nucleus", "dirt"]), ("nucleus", "dirt", ["dirt"])):
        ann.page.get_by_role("button", name=old).first.click(button="right")
        ann.page.keyboard.type(new)
        ann.page.keyboard.press("Enter")
        ann.says(f"“{old}” is called “{new}” now, also in 1 other photo.")
        photos = folder_app.kept()
        assert [photos[NAMES[i]].objects[0].label for i in (0, 2)] == [new, new]
        assert photos[NAMES[0]].state == "done"
        for user in (ann, bob):
            expect(user.page.locator(".class span")).to_have_text(left)


def test_a_reload_goes_on_and_undo_goes_back(annotator):
    user = annotator()
    user.is_open(NAMES[0])
    user.step("PageDown", NAMES[1])
    user.click(RED)
    held = []  # the first request about the photo

    def hold(route):
        if '"answer"' in (route.request.post_data or "") and not held:
            held.append(route)
        else:
            route.continue_()

    user.page.route("**/component_server**", hold)
    user.reload()
    user.is_open(NAMES[1])
    user.has_objects(1)
    assert user.page.locator(".elsewhere").is_hidden()
    user.page.keyboard.press("Control+z")  # nobody knows yet whether there is a step to undo
    assert held
    held[0].continue_()
    user.says("Undone.")
    user.has_objects(0)
    user.press("Control+z")
    user.says("There is nothing to undo.")
    user.row_says(NAMES[1], "New")


def test_each_photo_of_the_folder_has_its_light(annotator, folder_app):
    user = annotator()
    user.page.click("[data-do=light]")
    user.page.locator(".light input[type=checkbox]").check()
    user.page.locator(".light input[type=range]").first.fill("3")  # all colours become white
    user.says("Masks stay")
    user.click(RED)
    user.saved().press("PageDown")
    user.page.wait_for_selector(f'canvas[data-ready$="{NAMES[1]}"]')
    expect(user.page.locator(".light output").first).to_have_text("100 %")
    user.settled().press("PageUp")
    user.page.wait_for_selector(f'canvas[data-ready$="{NAMES[0]}"]')
    expect(user.page.locator(".light output").first).to_have_text("800 %")
    (item,) = folder_app.desk.project.photo(NAMES[0]).objects
    assert decode_rle(item.mask, (480, 640)).all()


def test_photos_that_are_dropped_are_not_taken_for_the_folder_s(annotator, discs_png):
    user = annotator()
    user.is_open(NAMES[0])
    user.upload(discs_png, wait=False)
    user.says("This page works on the photos of its folder")
    user.lists(NAMES)
