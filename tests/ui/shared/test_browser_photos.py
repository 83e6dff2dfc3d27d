"""The page in a real Chromium: many photos, and one photo in several tabs of the browser."""

import io
import json

import numpy as np
import pytest
from PIL import Image

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE = (165, 185), (300, 440)
LONG = "a photo whose name is long enough that nobody would want it to be cut at ten letters.png"


def drop(user, files):
    """Drop files, name -> content, all at once."""
    user.page.evaluate(
        """files => {
            const carried = new DataTransfer();
            for (const [name, bytes] of files) {
                const type = name.endsWith(".png") ? "image/png" : "text/plain";
                carried.items.add(new File([new Uint8Array(bytes)], name, {type}));
            }
            document.querySelector(".stage").dispatchEvent(
                new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        [[name, list(content)] for name, content in files.items()],
    )


def strip(user):
    """Names of the user's own photos in the strip."""
    return user.page.locator(".photos .photo[data-key^=photo]").evaluate_all(
        "all => all.map(one => one.title)"
    )


def open_name(user):
    return user.page.locator(".photo[aria-pressed=true]").get_attribute("title")


def is_open(user, name):
    user.page.wait_for_selector(f'.photo[title="{name}"][aria-pressed=true]')


def small_png(discs_image, number):
    file = io.BytesIO()
    pixels = discs_image[::4, ::4].copy()
    pixels[0, 0] = number
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_twenty_photos_are_dropped_and_the_work_on_all_of_them_stays(visitor, discs_image):
    user = visitor(viewport={"width": 1000, "height": 700})
    names = [f"p{number:02}.png" for number in range(19)] + [LONG]
    files = {name: small_png(discs_image, number) for number, name in enumerate(names)}
    drop(user, {**files, "notes.pdf": b"no photo"})
    user.says("Not opened, for they are no photos: notes.pdf")
    assert strip(user) == names
    assert open_name(user) == names[0]
    thumbs = user.page.locator(".photos .photo[data-key^=photo] img[src^='data:image/jpeg']")
    assert thumbs.count() == len(names)
    for number in range(10):  # one more than there was room for
        user.click((RED[0] // 4, RED[1] // 4))
        user.saved()
        user.page.locator("canvas.view").focus()
        user.page.keyboard.press("PageDown")
        is_open(user, names[number + 1])
    user.page.keyboard.press("PageUp")
    is_open(user, names[9])
    user.reload()
    assert strip(user) == names
    user.page.locator("canvas.view").focus()
    for number in (8, 7):
        user.page.keyboard.press("PageUp")
        is_open(user, names[number])
        user.has_objects(1)
    user.page.locator(".photos").evaluate("strip => { strip.scrollLeft = 0; }")
    user.page.click(f'.photo[title="{names[0]}"]')
    is_open(user, names[0])
    user.has_objects(1)
    # The last ones are reached by the wheel, and their names are whole.
    user.page.locator(".photos").hover()
    before = user.page.locator(".photos").evaluate("strip => strip.scrollLeft")
    user.page.mouse.wheel(0, 4000)
    user.page.wait_for_function(
        "before => document.querySelector('.photos').scrollLeft > before", arg=before
    )
    user.page.locator(f'.photo[title="{LONG}"]').click()
    is_open(user, LONG)
    caption = user.page.locator(".caption")
    assert caption.inner_text() == f"{LONG} · 20 of 26"
    assert caption.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert user.page.locator(".notice").is_hidden()


def test_a_full_browser_says_so_in_a_bar_that_stays_until_there_is_room(user, discs_png):
    user.saved()
    user.page.evaluate(
        """() => {
            window.commit = IDBTransaction.prototype.commit;
            IDBTransaction.prototype.commit = function () { this.abort(); };
        }"""
    )
    user.upload(discs_png, name="no room.png")
    notice = user.page.locator(".notice")
    notice.wait_for()
    assert "no room left: the work on no room.png is not kept" in notice.inner_text()
    user.click(RED).press("n")
    user.saved()
    assert notice.is_visible()
    user.page.evaluate("() => { IDBTransaction.prototype.commit = commit; }")
    user.click(BLUE)
    user.saved()
    notice.wait_for(state="hidden")


def test_the_browser_is_asked_to_keep_what_is_stored(visitor, discs_png):
    user = visitor()
    user.page.evaluate(
        """() => {
            window.asked = 0;
            navigator.storage.persist = async () => { window.asked += 1; return true; };
        }"""
    )
    user.upload(discs_png).click(RED)
    user.saved()
    assert user.page.evaluate("window.asked") == 1


def test_a_photo_open_in_two_tabs_is_worked_on_in_one_of_them(user, discs, app):
    user.click(RED)
    user.saved()
    second = user.another_tab(app.address)
    bar = second.page.locator(".elsewhere")
    bar.wait_for()
    second.click(BLUE, answers=0)
    second.page.wait_for_selector(".message.error")
    assert "Go on here" in second.message()
    second.press("Control+z")
    assert second.objects() == 1
    assert second.page.locator("#panel-click").evaluate("panel => panel.inert")

    user.click(BLUE)  # the first one goes on, and has not saved that yet
    second.page.click("[data-do=goOnHere]")
    bar.wait_for(state="hidden")
    second.has_objects(1)
    assert (second.mask() == (discs > 0)).all()
    assert user.page.locator(".elsewhere").is_visible()
    second.press("n").click((40, 60))
    second.saved()
    second.page.close()

    user.page.click("[data-do=goOnHere]")
    user.page.locator(".elsewhere").wait_for(state="hidden")
    user.has_objects(2)
    assert second.errors == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_photo_that_the_server_had_to_drop_at_once_is_opened_again(user, discs_png, times):
    left = [times]

    def drop_first(route):
        left[0] -= 1
        route.fulfill(status=404) if left[0] >= 0 else route.continue_()

    user.page.route("**/tamingseg/picture/*", drop_first)
    before = user.page.locator("canvas.view").get_attribute("data-ready")
    user.upload(discs_png, "dropped.png", wait=times == 1)
    if times == 1:
        user.click(RED)
        user.has_objects(1)
    else:
        user.says("The picture did not arrive")
        assert user.page.locator("canvas.view").get_attribute("data-ready") == before


def test_few_steps_lead_to_the_photo_by_keyboard(user):
    user.page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, [tabindex]")]
            .find(one => one.tabIndex >= 0).focus()"""
    )
    user.page.keyboard.press("Enter")
    assert user.page.evaluate("document.activeElement.matches('canvas.view')")
    user.page.locator(".skip").focus()
    steps = 0
    while not user.page.evaluate("document.activeElement.matches('canvas.view')"):
        user.page.keyboard.press("Tab")
        steps += 1
    assert steps <= 7
    user.page.locator(".photo[aria-pressed=true]").focus()
    user.page.keyboard.press("ArrowRight")
    assert user.page.evaluate("document.activeElement.matches('.photo[aria-pressed=false]')")


def test_space_pans_also_while_a_button_has_the_focus(user, discs):
    user.click(RED)
    user.page.locator("[data-do=zoomIn]").focus()
    x, y = user.at(BLUE)
    scale = user.page.locator("canvas.view").get_attribute("data-view").split()[0]
    user.page.keyboard.down(" ")
    user.page.mouse.move(x, y)
    user.page.mouse.down()
    user.page.mouse.move(x - 60, y - 30, steps=3)
    user.page.mouse.up()
    user.page.keyboard.up(" ")
    assert user.at(BLUE) == pytest.approx((x - 60, y - 30), abs=2)
    assert user.page.locator("canvas.view").get_attribute("data-view").split()[0] == scale
    assert (user.mask() == (discs == 1)).all()


def test_pixels_are_counted_in_the_photo_as_it_came(user, discs_image):
    file = io.BytesIO()
    large = discs_image[::4, ::4].repeat(16, axis=0).repeat(16, axis=1)  # 1920 x 2560
    Image.fromarray(large).save(file, "PNG")
    user.upload(file.getvalue(), name="large.png")
    session = json.loads(user.page.evaluate("sessionStorage.getItem('tamingseg session')"))
    height, width = 1920, 2560
    scale = user.page.locator("canvas.view").get_attribute("data-view").split()
    assert session["key"].startswith("photo ")
    assert float(scale[0]) > 0
    row = 0.34 * user.page.evaluate(
        """async () => {
            const link = document.querySelector("link[href$='/shared/state.js']");
            return (await import(link.href)).state.photo.size[0];
        }"""
    )
    user.click((row, row * RED[1] / RED[0]))
    said = user.page.locator(".objects .note").inner_text()
    saved = np.array(user.save()[1]) > 0
    assert saved.shape == (height, width)
    counted = int(said.removeprefix("about ").removesuffix(" px").replace(",", ""))
    assert counted == pytest.approx(saved.sum(), rel=0.01)
    assert f"about {counted:,} pixels" in user.message() or "Saved" in user.message()


def test_a_page_that_is_magnified_shows_the_photo_where_clicks_find_it(user, discs):
    user.page.evaluate("document.body.style.zoom = '1.25'")
    user.page.wait_for_function(
        """() => {
            const canvas = document.querySelector("canvas.view");
            return canvas.width === Math.round(canvas.getBoundingClientRect().width);
        }"""
    )
    user.click(RED)
    assert (user.mask() == (discs == 1)).all()
    user.page.get_by_role("button", name="Hide").first.click()
    user.settled()
    shown = np.asarray(Image.open(io.BytesIO(user.page.screenshot())).convert("RGB"))
    x, y = map(int, user.at(RED))
    assert shown[y, x].tolist() == user.colour(RED) != shown[y, x - 200].tolist()


def test_what_is_said_never_moves_the_photo(user):
    user.page.set_viewport_size({"width": 800, "height": 600})
    canvas = user.frame().page.locator("canvas.view")
    before = canvas.bounding_box()
    user.page.evaluate(
        "document.querySelector('.message').textContent = 'a sentence too long. '.repeat(20)"
    )
    assert canvas.bounding_box() == before
