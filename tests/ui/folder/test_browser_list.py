"""The list of photos beside the open one in Chromium; also of photos opened in the browser."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE = (165, 185), (300, 440)
NAMES = ["a  b.png", "c <b>&amp;.png", "day1/d.png", "day1/e.png", "day2/f.png"]


def test_the_list_is_searched_and_filtered_and_keys_go_through_what_is_left(annotator):
    user = annotator()
    user.is_open(NAMES[0])
    user.page.keyboard.press("/")
    user.page.keyboard.type("DAY")
    user.lists(NAMES[2:])
    user.page.locator("canvas.view").focus()
    user.step("PageDown", NAMES[2])
    user.page.fill(".list [type=search]", "nothing")
    user.page.wait_for_selector(".list .none")
    user.page.press(".list [type=search]", "Escape")
    user.lists(NAMES)
    user.page.locator("canvas.view").focus()
    user.step("Shift+A", NAMES[3])
    user.page.click(".list h2")  # by mouse: filters and sliders leave the keys to the photo
    state = user.page.locator(".list select").first
    state.select_option("open")
    user.lists([NAMES[0], NAMES[1], NAMES[3], NAMES[4]])
    assert "Empty (1)" in state.inner_text()
    expect(user.page.locator(".list .so-far")).to_have_text("1 done")
    user.step("PageUp", NAMES[1])
    user.page.click(".opacity")
    user.step("PageDown", NAMES[3])
    user.page.fill(".list [type=search]", "day1")  # A goes to listed photos alone
    user.page.locator("canvas.view").focus()
    user.page.keyboard.press("Shift+A")
    user.says("All listed photos are done. Search and filter leave out 3 photos to do.")
    user.page.wait_for_selector(".list .none")


def test_photos_are_listed_by_class_and_by_state(annotator):
    user = annotator()
    user.is_open(NAMES[0])
    for name in ("disc", "plate"):
        user.page.fill(".classes input", name)
        user.page.keyboard.press("Enter")
    user.page.locator("canvas.view").focus()
    user.press("1").click(RED)
    user.row_says(NAMES[0], "1 object")
    user.step("PageDown", NAMES[1])
    user.press("1", "2").click(RED)  # of the first photo the list knows by the server
    user.row_says(NAMES[1], "1 object")
    by_state, by_class = user.page.locator(".list select").all()
    by_class.select_option(label="disc (1)")
    user.lists([NAMES[0]])
    user.page.locator("canvas.view").focus()
    user.press("1")  # the object is a disc now
    user.lists(NAMES[:2])
    assert "plate (0)" in by_class.inner_text()
    by_state.select_option("new")
    user.lists([])
    assert "disc (0)" in by_class.inner_text()  # of those that are new
    by_state.select_option("started")
    user.lists(NAMES[:2])
    user.step("PageUp", NAMES[0])
    user.page.keyboard.press("PageDown")
    user.is_open(NAMES[1])
    user.page.keyboard.press("PageDown")
    user.says("This is the last photo.")
    by_class.select_option("none")
    user.lists([])
    user.page.locator(".classes .icon").first.click()  # both objects are of no class now
    user.lists(NAMES[:2])


def test_a_number_leads_to_its_photo(annotator):
    user = annotator()
    user.is_open(NAMES[0])
    user.page.keyboard.press("j")
    user.page.keyboard.type("4")
    user.step("Enter", NAMES[3])
    user.step("PageUp", NAMES[2])
    number = user.page.locator(".list .tally input")
    expect(number).to_have_value("3")
    user.page.keyboard.press("j")
    user.page.keyboard.type("17")
    user.page.keyboard.press("Enter")
    user.says("There are photos 1 to 5.")
    expect(number).to_have_value("3")


def test_after_the_last_photo_the_first_one_follows_that_is_not_done(annotator):
    user = annotator()
    user.is_open(NAMES[0])
    user.step("Shift+A", NAMES[1])
    for name in NAMES[2:]:
        user.step("PageDown", name)
    user.step("Shift+A", NAMES[1])
    user.says(f"the list begins again: {NAMES[1]} is not done")
    user.step("Shift+A", NAMES[2])
    user.step("Shift+A", NAMES[3])
    user.page.keyboard.press("Shift+A")
    user.says("All photos are done.")


def test_a_damaged_photo_is_said_and_passed_over(annotator, folder, folder_app):
    damaged = folder / NAMES[2]
    damaged.write_bytes(damaged.read_bytes()[:1000])
    user = annotator()
    user.is_open(NAMES[0])
    user.step("PageDown", NAMES[1])
    user.step("PageDown", NAMES[3])
    user.says(f"Passed over: {NAMES[2]}, which cannot be opened")
    user.row_says(NAMES[2], "Cannot be opened")
    user.step("PageUp", NAMES[1])
    user.step("Shift+A", NAMES[3])
    assert folder_app.kept()[NAMES[1]].state == "empty"
    user.step("Shift+A", NAMES[4])
    user.step("Shift+A", NAMES[0])
    user.page.keyboard.press("Shift+A")  # only the damaged one is left
    user.says(f"All photos are done, but for 1 photo that cannot be opened: {NAMES[2]} (")
    user.page.locator(".list select").first.select_option("broken")
    user.lists([NAMES[2]])


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
    assert [folder_app.kept()[name].state for name in NAMES[:2]] == ["done", "empty"]
    assert unreachable(user) == ([], [])
    assert user.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("tab", ["click", "proposals", "mosaics", "partition"])
def test_the_list_lies_left_of_the_photo_and_the_panel_right_in_every_tab(annotator, tab):
    user = annotator()
    user.is_open(NAMES[0])
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
    user.is_open(NAMES[0])
    user.page.evaluate(
        "() => document.querySelectorAll('.list-photos li').forEach((one, i) => { one.place = i; })"
    )
    user.click(RED)
    user.step("a", NAMES[1])
    user.step("PageDown", NAMES[2])
    user.row(NAMES[4]).click()
    user.is_open(NAMES[4])
    places = user.page.evaluate(
        "() => [...document.querySelectorAll('.list-photos li')].map(one => one.place)"
    )
    assert places == [0, 1, 2, 3, 4]


def test_every_control_of_the_list_has_a_name_and_is_large_enough(annotator, unreachable):
    user = annotator()
    user.is_open(NAMES[0])
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
    user.row_says("0.png", "Done · 1 object")
    user.shows_object("0.png", (32, 32))
    user.page.keyboard.press("Shift+A")
    is_shown(user, "2.png")
    user.row_says("1.png", "Empty")
    user.saved()
    user.reload()
    is_shown(user, "2.png")
    user.row_says("0.png", "Done · 1 object")
    user.row_says("1.png", "Empty")
    user.page.keyboard.press("PageUp")
    is_shown(user, "1.png")
    user.click((20, 30))
    user.row_says("1.png", "In progress · 1 object")
    user.page.keyboard.press("PageUp")
    is_shown(user, "0.png")
    user.press("n")
    user.click((5, 5))
    user.says("now it is in progress again")
    user.row_says("0.png", "In progress")
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
