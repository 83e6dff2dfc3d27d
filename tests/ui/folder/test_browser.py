"""The page on a folder of photos in Chromium; and the list of photos opened in the browser."""

import contextlib
import io
import threading

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tamingseg.annotations.reading import read_annotations
from tamingseg.masks.rle import decode_rle
from tamingseg.ui.folder.project import FolderProject

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE = (165, 185), (300, 440)
NAMES = ["a  b.png", "c <b>&amp;.png", "day1/d.png", "day1/e.png", "day2/f.png"]


@pytest.fixture
def folder(tmp_path, discs_image):
    place = tmp_path / "photos"
    for name in NAMES:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(discs_image).save(place / name)
    return place


@pytest.fixture
def folder_app(folder, pixel_segmentor, serve):
    """A page that works on the folder."""
    from tamingseg.ui.page import build_page

    project = FolderProject(folder)
    page = build_page(pixel_segmentor(), project=project)
    page.address = serve(page)
    yield page
    page.close(verbose=False)
    project.close()


@pytest.fixture
def annotator(chromium, folder_app, user_class):
    """Makes annotators, each in a browser of their own."""
    with contextlib.ExitStack() as stack:
        users = []

        def arrive(**options):
            viewport = {"width": 1280, "height": 800}
            context = chromium.new_context(**{"viewport": viewport} | options)
            stack.callback(context.close)
            context.set_default_timeout(60_000)
            users.append(user_class(context.new_page()))
            return users[-1].visit(folder_app.address)

        yield arrive
        for user in users:
            assert user.errors == []
            assert user.foreign == []


def row(user, name):
    return user.page.locator(".listed-photo", has=user.page.get_by_text(name, exact=True))


def says(user, name, text):
    """Wait until the row of a photo says that."""
    user.page.wait_for_function(
        """([name, text]) => [...document.querySelectorAll(".listed-photo")].some(row =>
            row.querySelector(".called").textContent === name && row.textContent.includes(text))""",
        arg=[name, text],
    )


def is_open(user, name):
    user.page.wait_for_function(
        """name => document.querySelector("[aria-current=true] .called")?.textContent === name
            && document.querySelector("canvas.view").getAttribute("data-ready").endsWith(name)""",
        arg=name,
    )
    user.settled()


def step(user, key, name):
    user.page.keyboard.press(key)
    is_open(user, name)


def lists(user, names):
    """The list shows these photos, in this order; it is painted a frame after it was changed."""
    user.page.wait_for_function(
        """names => JSON.stringify(names) === JSON.stringify(
            [...document.querySelectorAll(".listed-photo")].filter(row => row.offsetParent)
            .map(row => row.querySelector(".called").innerText))""",
        arg=names,
    )


def shows_object(user, name, point):
    """Wait until the small picture of a photo shows a blue object laid on something red."""
    user.page.wait_for_function(
        """([name, [row, col]]) => [...document.querySelectorAll(".listed-photo")].some(one => {
            const small = one.querySelector("img"), canvas = document.createElement("canvas");
            if (one.querySelector(".called").textContent !== name || !small.complete) return false;
            canvas.getContext("2d").drawImage(small, 0, 0);
            const [, , blue] = canvas.getContext("2d").getImageData(col, row, 1, 1).data;
            return blue > 90; // that of what is red is 40
        })""",
        arg=[name, point],
    )


def kept(folder_app):
    return {photo.name: photo for photo in folder_app.desk.project.project.photos}


def test_a_folder_is_worked_through_by_keyboard(annotator, folder_app, folder, discs):
    user = annotator()
    is_open(user, NAMES[0])
    lists(user, NAMES)
    assert user.page.locator(".list .tally input").input_value() == "1"
    assert user.page.locator(".list .tally").inner_text().strip() == "of 5"
    user.click(RED)
    says(user, NAMES[0], "In progress · 1 object")
    step(user, "a", NAMES[1])
    says(user, NAMES[0], "Done · 1 object")
    shows_object(user, NAMES[0], (33, 21))
    user.page.keyboard.press("a")
    user.says("There is no object in this photo")
    step(user, "Shift+A", NAMES[2])
    user.click(BLUE)
    user.page.keyboard.press("Shift+A")
    user.says("There are objects in this photo")
    user.press("Control+z")
    says(user, NAMES[2], "New")
    user.press("Control+Shift+z")
    step(user, "PageUp", NAMES[1])
    step(user, "Shift+A", NAMES[1])  # said once more, it is not
    says(user, NAMES[1], "New")
    step(user, "PageDown", NAMES[2])
    photos = kept(folder_app)
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
    is_open(user, NAMES[0])
    user.click(RED)
    user.page.keyboard.press("n")
    user.page.keyboard.press("a")
    user.page.keyboard.press("a")
    user.page.mouse.click(*user.at(BLUE))
    user.says("Going on to the next photo")
    user.page.keyboard.press("PageDown")
    gate.set()
    is_open(user, NAMES[1])
    user.click(BLUE)  # here it counts
    assert marked == [NAMES[0]]
    photos = kept(folder_app)
    assert (photos[NAMES[0]].state, len(photos[NAMES[0]].objects)) == ("done", 1)
    assert (photos[NAMES[1]].state, len(photos[NAMES[1]].objects)) == ("started", 1)


def test_a_key_that_is_held_marks_one_photo(annotator, folder_app):
    user = annotator()
    is_open(user, NAMES[0])
    user.click(RED)
    step(user, "PageDown", NAMES[1])
    user.click(RED)
    step(user, "PageUp", NAMES[0])
    user.page.keyboard.down("a")
    is_open(user, NAMES[1])
    user.page.keyboard.down("a")
    user.page.keyboard.up("a")
    step(user, "PageDown", NAMES[2])
    photos = kept(folder_app)
    assert [photos[name].state for name in NAMES[:2]] == ["done", "started"]


def test_every_press_of_a_key_is_one_photo_further(annotator):
    user = annotator()
    is_open(user, NAMES[0])
    for _ in range(4):
        user.page.keyboard.press("PageDown")
    is_open(user, NAMES[4])
    user.page.keyboard.press("PageUp")
    step(user, "PageUp", NAMES[2])


def test_a_done_photo_that_is_changed_is_in_progress_again(annotator, folder_app):
    user = annotator()
    is_open(user, NAMES[0])
    user.click(RED)
    step(user, "a", NAMES[1])
    step(user, "PageUp", NAMES[0])
    user.press("h")  # to hide an object changes nothing in it
    says(user, NAMES[0], "Done · 1 object")
    user.press("n")
    user.click(BLUE)
    user.says("now it is in progress again")
    says(user, NAMES[0], "In progress · 2 objects")
    assert kept(folder_app)[NAMES[0]].state == "started"
    step(user, "a", NAMES[1])
    assert kept(folder_app)[NAMES[0]].state == "done"


def test_the_list_is_searched_and_filtered_and_keys_go_through_what_is_left(annotator):
    user = annotator()
    is_open(user, NAMES[0])
    user.page.keyboard.press("/")
    user.page.keyboard.type("DAY")
    lists(user, NAMES[2:])
    user.page.locator("canvas.view").focus()
    step(user, "PageDown", NAMES[2])
    user.page.fill(".list [type=search]", "nothing")
    user.page.wait_for_selector(".list .none")
    user.page.press(".list [type=search]", "Escape")
    lists(user, NAMES)
    user.page.locator("canvas.view").focus()
    step(user, "Shift+A", NAMES[3])
    user.page.click(".list h2")  # by mouse: filters and sliders leave the keys to the photo
    state = user.page.locator(".list select").first
    state.select_option("open")
    lists(user, [NAMES[0], NAMES[1], NAMES[3], NAMES[4]])
    assert "Empty (1)" in state.inner_text()
    expect(user.page.locator(".list .so-far")).to_have_text("1 done")
    step(user, "PageUp", NAMES[1])
    user.page.click(".opacity")
    step(user, "PageDown", NAMES[3])
    user.page.fill(".list [type=search]", "day1")  # A goes to listed photos alone
    user.page.locator("canvas.view").focus()
    user.page.keyboard.press("Shift+A")
    user.says("All listed photos are done. Search and filter leave out 3 photos to do.")
    user.page.wait_for_selector(".list .none")


def test_photos_are_listed_by_class_and_by_state(annotator):
    user = annotator()
    is_open(user, NAMES[0])
    for name in ("disc", "plate"):
        user.page.fill(".classes input", name)
        user.page.keyboard.press("Enter")
    user.page.locator("canvas.view").focus()
    user.press("1").click(RED)
    says(user, NAMES[0], "1 object")
    step(user, "PageDown", NAMES[1])
    user.press("1", "2").click(RED)  # of the first photo the list knows by the server
    says(user, NAMES[1], "1 object")
    by_state, by_class = user.page.locator(".list select").all()
    by_class.select_option(label="disc (1)")
    lists(user, [NAMES[0]])
    user.page.locator("canvas.view").focus()
    user.press("1")  # the object is a disc now
    lists(user, NAMES[:2])
    assert "plate (0)" in by_class.inner_text()
    by_state.select_option("new")
    lists(user, [])
    assert "disc (0)" in by_class.inner_text()  # of those that are new
    by_state.select_option("started")
    lists(user, NAMES[:2])
    step(user, "PageUp", NAMES[0])
    user.page.keyboard.press("PageDown")
    is_open(user, NAMES[1])
    user.page.keyboard.press("PageDown")
    user.says("This is the last photo.")
    by_class.select_option("none")
    lists(user, [])
    user.page.locator(".classes .icon").first.click()  # both objects are of no class now
    lists(user, NAMES[:2])


def test_a_number_leads_to_its_photo(annotator):
    user = annotator()
    is_open(user, NAMES[0])
    user.page.keyboard.press("j")
    user.page.keyboard.type("4")
    step(user, "Enter", NAMES[3])
    step(user, "PageUp", NAMES[2])
    number = user.page.locator(".list .tally input")
    expect(number).to_have_value("3")
    user.page.keyboard.press("j")
    user.page.keyboard.type("17")
    user.page.keyboard.press("Enter")
    user.says("There are photos 1 to 5.")
    expect(number).to_have_value("3")


def test_after_the_last_photo_the_first_one_follows_that_is_not_done(annotator):
    user = annotator()
    is_open(user, NAMES[0])
    step(user, "Shift+A", NAMES[1])
    for name in NAMES[2:]:
        step(user, "PageDown", name)
    step(user, "Shift+A", NAMES[1])
    user.says(f"the list begins again: {NAMES[1]} is not done")
    step(user, "Shift+A", NAMES[2])
    step(user, "Shift+A", NAMES[3])
    user.page.keyboard.press("Shift+A")
    user.says("All photos are done.")


def test_a_damaged_photo_is_said_and_passed_over(annotator, folder, folder_app):
    damaged = folder / NAMES[2]
    damaged.write_bytes(damaged.read_bytes()[:1000])
    user = annotator()
    is_open(user, NAMES[0])
    step(user, "PageDown", NAMES[1])
    step(user, "PageDown", NAMES[3])
    user.says(f"Passed over: {NAMES[2]}, which cannot be opened")
    says(user, NAMES[2], "Cannot be opened")
    step(user, "PageUp", NAMES[1])
    step(user, "Shift+A", NAMES[3])
    assert kept(folder_app)[NAMES[1]].state == "empty"
    step(user, "Shift+A", NAMES[4])
    step(user, "Shift+A", NAMES[0])
    user.page.keyboard.press("Shift+A")  # only the damaged one is left
    user.says(f"All photos are done, but for 1 photo that cannot be opened: {NAMES[2]} (")
    user.page.locator(".list select").first.select_option("broken")
    lists(user, [NAMES[2]])


def test_a_narrow_page_begins_with_the_photo_and_goes_on_without_the_list(
    annotator, folder_app, unreachable
):
    user = annotator(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    assert user.page.locator(".list").is_hidden()
    user.page.tap("[data-do=help]")
    user.page.get_by_text("Two fingers move and zoom the photo").wait_for()
    assert user.page.locator(".seg kbd:visible").count() == 0
    user.page.tap(".help [aria-label=Close]")

    def go_on(button, name):
        user.page.tap(f".turns [data-do={button}]")
        user.page.wait_for_selector(f'canvas[data-ready$="{name}"]')
        user.settled()

    go_on("nextPhoto", NAMES[1])
    go_on("previousPhoto", NAMES[0])
    user.page.evaluate("scrollTo(0, 0)")
    user.tap(RED)
    user.has_objects(1)
    user.settled()
    go_on("markDone", NAMES[1])
    go_on("markEmpty", NAMES[2])
    assert [kept(folder_app)[name].state for name in NAMES[:2]] == ["done", "empty"]
    assert unreachable(user) == ([], [])
    assert user.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("tab", ["click", "proposals", "mosaics", "partition"])
def test_the_list_lies_left_of_the_photo_and_the_panel_right_in_every_tab(annotator, tab):
    user = annotator()
    is_open(user, NAMES[0])
    for width, height in ((1400, 900), (1280, 800)):
        user.page.set_viewport_size({"width": width, "height": height})
        user.page.click(f"#tab-{tab}")
        found = [
            user.page.locator(which).bounding_box()
            for which in (".list", ".stage", f"#panel-{tab}")
        ]
        assert [box["y"] for box in found] == [found[0]["y"]] * 3
        assert [box["height"] for box in found] == [found[0]["height"]] * 3
        (left, stage, panel) = found
        assert (left["x"], left["width"]) == (0, 248)
        assert stage["x"] == 248
        assert panel["x"] == stage["x"] + stage["width"]
        assert panel["x"] + panel["width"] == width
        assert 300 <= panel["width"] <= 336
        # The page is as high as the window.
        assert user.page.evaluate("document.documentElement.scrollHeight") == height


def test_rows_are_not_made_anew(annotator):
    user = annotator()
    is_open(user, NAMES[0])
    user.page.evaluate(
        "() => document.querySelectorAll('.list-photos li').forEach((one, i) => { one.place = i; })"
    )
    user.click(RED)
    step(user, "a", NAMES[1])
    step(user, "PageDown", NAMES[2])
    row(user, NAMES[4]).click()
    is_open(user, NAMES[4])
    places = user.page.evaluate(
        "() => [...document.querySelectorAll('.list-photos li')].map(one => one.place)"
    )
    assert places == [0, 1, 2, 3, 4]


def test_two_people_on_one_folder(annotator, folder_app):
    ann, bob = annotator(), annotator()
    is_open(ann, NAMES[0])
    ann.click(RED)
    is_open(bob, NAMES[1])  # the first one is in use
    says(bob, NAMES[0], "in use")
    says(ann, NAMES[1], "in use")
    says(bob, NAMES[0], "1 object")
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
    row(bob, NAMES[0]).click()
    bob.page.wait_for_selector(".elsewhere:visible")
    is_open(bob, NAMES[0])
    assert bob.objects() == 1
    bob.click(BLUE, answers=0)
    bob.says("Somebody else (127.0.0.1) works on this photo. Press “Go on here” first")
    bob.page.click("[data-do=goOnHere]")
    bob.page.wait_for_selector(".elsewhere", state="hidden")
    bob.settled()
    ann.page.wait_for_selector(".elsewhere:visible")
    bob.press("n")
    bob.click(BLUE)
    assert len(kept(folder_app)[NAMES[0]].objects) == 2
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
    is_open(ann, NAMES[0])
    for name in ("cell", "dirt"):
        ann.page.fill(".classes input", name)
        ann.page.keyboard.press("Enter")
    ann.page.locator("canvas.view").focus()
    ann.press("1")
    ann.click(RED)
    bob = annotator()
    bob.page.wait_for_selector(".class >> nth=1")
    assert bob.page.locator(".class span").all_inner_texts() == ["cell", "dirt"]
    step(ann, "a", NAMES[2])
    ann.click(BLUE)  # the class stays
    photos = kept(folder_app)
    assert [photos[NAMES[i]].objects[0].label for i in (0, 2)] == ["cell", "cell"]
    for old, new, left in (("cell", "nucleus", ["nucleus", "dirt"]), ("nucleus", "dirt", ["dirt"])):
        ann.page.get_by_role("button", name=old).first.click(button="right")
        ann.page.keyboard.type(new)
        ann.page.keyboard.press("Enter")
        ann.says(f"“{old}” is called “{new}” now, also in 1 other photo.")
        photos = kept(folder_app)
        assert [photos[NAMES[i]].objects[0].label for i in (0, 2)] == [new, new]
        assert photos[NAMES[0]].state == "done"
        for user in (ann, bob):
            expect(user.page.locator(".class span")).to_have_text(left)


def test_a_reload_goes_on_and_undo_goes_back(annotator):
    user = annotator()
    is_open(user, NAMES[0])
    step(user, "PageDown", NAMES[1])
    user.click(RED)
    held = []  # the first request about the photo

    def hold(route):
        if '"answer"' in (route.request.post_data or "") and not held:
            held.append(route)
        else:
            route.continue_()

    user.page.route("**/component_server**", hold)
    user.reload()
    is_open(user, NAMES[1])
    user.has_objects(1)
    assert user.page.locator(".elsewhere").is_hidden()
    user.page.keyboard.press("Control+z")  # nobody knows yet whether there is a step to undo
    assert held
    held[0].continue_()
    user.says("Undone.")
    user.has_objects(0)
    user.press("Control+z")
    user.says("There is nothing to undo.")
    says(user, NAMES[1], "New")


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
    is_open(user, NAMES[0])
    user.upload(discs_png, wait=False)
    user.says("This page works on the photos of its folder")
    lists(user, NAMES)


def test_every_control_of_the_list_has_a_name_and_is_large_enough(annotator, unreachable):
    user = annotator()
    is_open(user, NAMES[0])
    assert unreachable(user) == ([], [])


def small(number):
    file = io.BytesIO()
    pixels = np.full((60, 80, 3), 90, np.uint8)
    pixels[10:30, 20 : 40 + number] = (220, 40, 40)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_photos_opened_in_the_browser_have_the_same_list(visitor):
    user = visitor()
    files = [
        {"name": f"{number}.png", "mimeType": "image/png", "buffer": small(number)}
        for number in range(4)
    ]
    user.page.set_input_files(".file", files)
    user.says("4 photos are here")
    user.page.click(".show-list")
    shown = user.page.locator(".listed-photo:visible .called")
    for number in range(4):
        expect(shown.nth(number)).to_have_text(f"{number}.png")
    assert user.page.locator(".photos").is_hidden()
    user.page.locator("canvas.view").focus()
    user.click((20, 30))
    user.page.keyboard.press("a")
    is_shown(user, "1.png")
    says(user, "0.png", "Done · 1 object")
    shows_object(user, "0.png", (32, 32))
    user.page.keyboard.press("Shift+A")
    is_shown(user, "2.png")
    says(user, "1.png", "Empty")
    user.saved()
    user.reload()
    is_shown(user, "2.png")
    says(user, "0.png", "Done · 1 object")
    says(user, "1.png", "Empty")
    user.page.keyboard.press("PageUp")
    is_shown(user, "1.png")
    user.click((20, 30))
    says(user, "1.png", "In progress · 1 object")
    user.page.keyboard.press("PageUp")
    is_shown(user, "0.png")
    user.press("n")
    user.click((5, 5))
    user.says("now it is in progress again")
    says(user, "0.png", "In progress")
    user.page.keyboard.press("PageDown")
    is_shown(user, "1.png")
    away = user.page.locator(".list .forget")
    away.click()
    away.click()
    user.page.wait_for_function(
        "() => ![...document.querySelectorAll('.called')].some(one => one.textContent === '1.png')"
    )


def is_shown(user, name):
    user.page.wait_for_function(
        """name => document.querySelector("[aria-current=true] .called")?.textContent === name""",
        arg=name,
    )
    user.settled()
