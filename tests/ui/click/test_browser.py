"""The page in a real Chromium, over a segmentor that knows the answers: the tab Click."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from tamingseg.ui import guard

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE, GREY = (165, 185), (300, 440), (40, 60)


def test_the_page_opens_with_a_photo_and_a_click_paints_the_object(user, discs):
    before = user.colour(RED)
    user.click(GREY)
    user.click(RED)
    user.press("Control+z", "Control+z")
    user.click(RED)
    assert (user.mask() == (discs == 1)).all()
    tinted = user.colour((RED[0] + 40, RED[1]))
    assert tinted != before
    assert user.colour(BLUE)[2] > 200
    latency = user.latency()
    assert latency["encode"] > 0
    assert 0 < latency["decode"] < latency["total"]
    assert "total" in user.page.locator(".latency").inner_text()


def test_right_click_alt_click_and_the_sign_exclude(user, discs):
    user.click(RED).click(BLUE)
    assert (user.mask() == (discs > 0)).all()
    user.click((BLUE[0], BLUE[1] + 40), button="right")
    assert (user.mask() == (discs == 1)).all()
    user.press("Control+z").page.keyboard.down("Alt")
    user.click((BLUE[0], BLUE[1] + 60))
    user.page.keyboard.up("Alt")
    assert (user.mask() == (discs == 1)).all()
    user.press("Control+z")
    user.page.click("[data-do=exclude]")
    user.click((RED[0], RED[1] + 40))
    assert (user.mask() == (discs == 2)).all()
    assert user.page.locator("[data-do=exclude]").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("ratio", [1, 2])
def test_the_pixel_under_the_pointer_is_meant_under_zoom_and_on_fine_screens(
    user, visitor, discs_png, discs, ratio
):
    if ratio > 1:
        user = visitor(device_scale_factor=ratio).upload(discs_png)
    edge = int(np.flatnonzero(discs[BLUE[0]] == 2)[-1])
    x, y = user.at((BLUE[0], edge))
    user.page.mouse.move(x, y)
    for _ in range(6):
        user.page.mouse.wheel(0, -200)
    assert user.at((BLUE[0], edge)) == pytest.approx((x, y), abs=12)
    user.click((BLUE[0], edge))
    assert (user.mask() == (discs == 2)).all()
    user.press("Control+z").click((BLUE[0], edge + 1))
    assert (user.mask() == (discs == 0)).all()
    user.press("0").click(RED, button="right")
    assert not user.mask()[RED]


def test_a_photo_rotated_by_its_exif_data_is_upright(user, discs_image, discs):
    file, exif = io.BytesIO(), Image.Exif()
    exif[274] = 6  # to be turned clockwise
    Image.fromarray(np.rot90(discs_image)).save(file, "PNG", exif=exif)
    user.upload(file.getvalue())
    user.click(RED)
    assert (user.mask() == (discs == 1)).all()


def test_a_click_before_the_encoding_is_done_is_answered_then(user, discs_png, discs, slow):
    slow.set()
    user.upload(discs_png)
    user.click(RED, answers=0).click(BLUE, answers=0)
    assert user.objects() == 0
    slow.clear()
    user.has_objects(1)
    assert (user.mask() == (discs > 0)).all()


def test_rapid_clicks_are_all_answered_in_order(user, discs):
    x, y = user.at(RED)
    for step in range(6):
        user.page.mouse.click(x - 60 + 24 * step, y)
    user.page.mouse.click(*user.at(BLUE))
    user.page.mouse.click(*user.at((RED[0] + 50, RED[1])), button="right")
    assert (user.mask() == (discs == 2)).all()
    user.press(*["Control+z"] * 2)
    assert (user.mask() == (discs == 1)).all()
    user.press(*["Control+z"] * 6)
    user.has_objects(0)


def test_an_answer_to_a_photo_no_longer_shown_is_dropped_but_the_click_comes_back(user, discs):
    held = []

    def hold(route):
        held.append(route) if '"add_click"' in (
            route.request.post_data or ""
        ) else route.continue_()

    user.page.route("**/component_server/**", hold)
    user.click(RED, answers=0)
    user.page.click('button.photo[title="coffee"]')
    user.page.wait_for_selector('canvas[data-ready="sample coffee"]')
    held.pop().continue_()
    user.says("Ready")
    user.page.wait_for_timeout(200)
    assert user.objects() == 0
    user.page.unroute_all()
    user.page.click('button.photo[title="discs.png"]')
    user.has_objects(1)
    assert (user.mask() == (discs == 1)).all()


def test_undo_and_redo_cross_clicks_and_objects(user, discs):
    user.click(RED).press("n").click(BLUE)
    user.page.fill(".active .object-name", "blue")
    user.press("Enter")
    user.page.locator(".objects li").first.hover()
    user.page.locator(".objects li").first.locator(".trash").click()
    user.has_objects(1)
    user.page.locator("canvas.view").focus()
    user.press("Control+z")
    user.has_objects(2)
    user.press("Control+z", "Control+z")
    user.has_objects(1)
    user.press("Control+z", "Control+z")
    user.has_objects(0)
    assert user.page.locator("[data-do=undo]").is_disabled()
    for _ in range(5):
        user.press("Control+Shift+z")
    user.has_objects(1)
    assert user.page.locator(".object-name").input_value() == "blue"
    assert (user.mask() == (discs == 2)).all()


def test_a_point_is_dragged_in_one_step_and_deleted_by_a_click(user, discs):
    user.click(RED)
    user.page.wait_for_timeout(400)
    x, y = user.at(RED)
    user.page.mouse.move(x, y)
    user.page.mouse.down()
    user.page.mouse.move(*user.at((200, 300)), steps=4)
    user.page.mouse.move(*user.at(BLUE), steps=4)
    user.page.mouse.up()
    assert (user.mask() == (discs == 2)).all()
    user.press("Control+z")
    assert (user.mask() == (discs == 1)).all()
    user.press("Control+Shift+z")
    user.click(BLUE)
    user.says("is gone")
    user.has_objects(0)
    user.press("Control+z")
    assert (user.mask() == (discs == 2)).all()


def test_a_double_click_is_one_point(user, discs):
    user.page.mouse.dblclick(*user.at(RED))
    assert (user.mask() == (discs == 1)).all()


def test_an_object_is_opened_again_hidden_and_coloured(user, discs):
    user.click(RED).press("n").click(BLUE)
    tinted = user.colour((RED[0] + 40, RED[1]))
    user.page.click(".open-object")
    user.press("h")
    assert user.colour((RED[0] + 40, RED[1])) != tinted
    user.press("h")
    user.page.click(".active .swatch")
    user.page.click('.active .colour[aria-label="vermilion"]')
    user.settled()
    assert user.colour((RED[0] + 40, RED[1])) != tinted
    user.click(BLUE)
    assert (user.mask() == (discs > 0)).all()


def test_two_users_see_nothing_of_each_other(user, visitor):
    user.click(RED)
    second = visitor()
    second.says("Ready")
    assert second.objects() == 0
    assert second.page.locator(".own, .photo[data-key^=photo]").count() == 0
    tokens = [
        json.loads(one.page.evaluate("sessionStorage.getItem('tamingseg session')"))["token"]
        for one in (user, second)
    ]
    assert tokens[0] != tokens[1]


def test_markup_in_names_is_text(user, discs_png):
    evil = "<img src=x onerror=window.hacked=1>${window.hacked=1}{{hacked}}.png"
    user.upload(discs_png, name=evil)
    user.click(RED)
    user.page.fill(".active .object-name", evil[:60])
    user.press("Enter", "n")
    assert user.page.locator(".open-object").inner_text() == evil[:60]
    user.reload()
    user.has_objects(1)
    assert user.page.locator(f'button.photo[title="{evil}"]').count() == 1
    assert user.page.evaluate("window.hacked") is None
    assert user.save()[0].startswith("img-src")


def test_keyboard_alone(user, discs):
    user.page.evaluate("document.activeElement.blur()")
    while not user.page.evaluate("document.activeElement.matches('canvas.view')"):
        user.page.keyboard.press("Tab")
    user.press("Enter", *["Shift+ArrowRight"] * 5, *["Shift+ArrowDown"] * 2, "Enter")
    user.has_objects(1)
    assert (user.mask() == (discs == 2)).all()
    user.page.locator("canvas.view").focus()
    user.press(*["Shift+ArrowLeft"] * 6, *["Shift+ArrowLeft"] * 4, *["Shift+ArrowUp"] * 4, "Enter")
    assert (user.mask() == (discs > 0)).all()
    user.page.locator("canvas.view").focus()
    user.press("ArrowRight", "Shift+Enter")
    assert (user.mask() == (discs == 2)).all()
    user.page.locator("canvas.view").focus()
    user.press("Control+z", "Delete")
    assert (user.mask() == (discs == 2)).all()
    user.page.locator("canvas.view").focus()
    user.press("Escape", "n", "?")
    assert user.page.locator("dialog[open]").count() == 1
    user.press("Escape")
    assert user.page.locator("dialog[open]").count() == 0
    assert user.objects() == 1


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"this is no image", "image"),
        (b"", "image"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "image"),
        (None, "pixel"),
    ],
)
def test_a_bad_upload_is_explained_and_nothing_is_lost(user, discs, content, part):
    if content is None:
        file = io.BytesIO()
        Image.new("L", (1, 1)).save(file, "PNG")
        content = file.getvalue()
    user.click(RED)
    user.upload(content, name="bad.png", wait=False)
    user.page.wait_for_selector(".message.error")
    assert part in user.message()
    assert (user.mask() == (discs == 1)).all()


def test_photos_are_dropped_and_pasted(user, discs_png, discs):
    for event in ("drop", "paste"):
        ready = user.page.locator("canvas.view").get_attribute("data-ready")
        user.page.evaluate(
            """([event, bytes]) => {
                const data = new DataTransfer(), file = new Uint8Array(bytes);
                data.items.add(new File([file], "x.png", {type: "image/png"}));
                const options = {bubbles: true, cancelable: true};
                document.querySelector(".stage").dispatchEvent(event === "drop"
                    ? new DragEvent("drop", {...options, dataTransfer: data})
                    : new ClipboardEvent("paste", {...options, clipboardData: data}));
            }""",
            [event, list(discs_png)],
        )
        user.page.wait_for_selector(f'canvas:not([data-ready="{ready}"])')
        user.click(RED)
        assert (user.mask() == (discs == 1)).all()


def test_a_server_that_does_not_answer_is_asked_again(user, discs):
    failures = iter([True, True])

    def fail(route):
        route.abort() if next(failures, False) else route.continue_()

    user.page.route("**/component_server/**", fail)
    user.click(RED, answers=0)
    user.says("trying again")
    user.has_objects(1)
    assert (user.mask() == (discs == 1)).all()


def test_a_phone_paints_with_one_finger(visitor, discs_png):
    user = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    user.upload(discs_png)
    user.page.click("[data-do=brush]")
    user.tap(BLUE)
    user.has_objects(1)
    assert user.mask()[BLUE]
    assert user.page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_phone_taps(visitor, discs_png, discs):
    user = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    user.upload(discs_png)
    user.tap(RED)
    user.has_objects(1)
    assert (user.mask() == (discs == 1)).all()
    assert user.page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_finger_that_is_held_excludes(visitor, discs_png, discs):
    user = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    user.upload(discs_png)
    user.tap(RED).tap(BLUE)
    user.settled()
    user.tap((BLUE[0], BLUE[1] + 60), seconds=1)
    user.settled()
    assert (user.mask() == (discs == 1)).all()


def test_every_control_has_a_name_and_room_for_a_finger(user, unreachable):
    user.click(RED)
    user.page.click(".active .swatch")
    assert unreachable(user) == ([], [])


def test_too_much_is_refused_and_every_answer_has_its_headers(user, app, monkeypatch):
    monkeypatch.setattr(guard, "MAX_REQUEST_BYTES", 100_000)
    monkeypatch.setattr(guard, "MAX_PHOTO_BYTES", 200_000)
    request = user.page.context.request
    for path, size in (("gradio_api/component_server/", 100_001), ("tamingseg/photo", 200_001)):
        answer = request.post(app.address + path, data=b"x" * size)
        assert answer.status == 413
        assert "too large" in answer.json()["error"]
    for path in ("", "tamingseg/samples/coffee", "tamingseg/picture/guess"):
        headers = request.get(app.address + path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert request.get(app.address + "tamingseg/picture/guess").status == 404


def test_the_photo_chosen_last_wins(user):
    held = []

    def hold(route):
        held.append(route) if '"cat"' in (route.request.post_data or "") else route.continue_()

    user.page.route("**/component_server/**", hold)
    user.page.click('button.photo[title="cat"]')
    user.page.click('button.photo[title="coffee"]')
    user.page.wait_for_selector('canvas[data-ready="sample coffee"]')
    held.pop().continue_()
    user.page.wait_for_timeout(500)
    assert user.page.locator("canvas.view").get_attribute("data-ready") == "sample coffee"


def test_the_keyboard_stays_on_the_photo_it_chose(user):
    user.page.locator('button.photo[title="cat"]').focus()
    user.page.keyboard.press("Enter")
    user.page.wait_for_selector('canvas[data-ready="sample cat"]')
    assert user.page.evaluate("document.activeElement.title") == "cat"
    user.page.keyboard.press("ArrowRight")
    assert user.page.evaluate("document.activeElement.className") == "photo"


def test_keys_of_other_alphabets_mean_what_is_at_their_place(user):
    user.click(RED)
    user.page.evaluate(
        """document.body.dispatchEvent(new KeyboardEvent("keydown",
            {key: "я", code: "KeyZ", ctrlKey: true, bubbles: true}))"""
    )
    user.has_objects(0)


def test_space_let_go_in_another_window_pans_no_longer(user, discs):
    user.page.locator("canvas.view").focus()
    user.page.keyboard.down(" ")
    user.page.evaluate("window.dispatchEvent(new Event('blur'))")
    user.click(RED)
    user.page.keyboard.up(" ")
    assert (user.mask() == (discs == 1)).all()


def test_the_first_click_must_include(user, discs):
    user.click(RED, answers=0, button="right")
    user.page.wait_for_selector(".message.error")
    assert "Nothing to exclude from yet: click an object first" in user.message()
    user.settled()
    assert user.objects() == 0
    assert user.page.locator("[data-do=undo]").is_disabled()
    user.click(RED)
    user.click(BLUE, button="right")
    assert (user.mask() == (discs == 1)).all()


def test_what_belongs_to_an_object_says_which_and_its_file_has_its_own_name(user, discs):
    long = "a cup of coffee with a long name"
    user.click(RED)
    user.page.fill(".active .object-name", long)
    user.press("Enter", "n").click(BLUE)
    user.page.fill(".active .object-name", long)
    user.press("Enter")
    names = user.page.locator(".objects button:not(.colour, [hidden])").evaluate_all(
        "all => all.map(one => one.getAttribute('aria-label'))"
    )
    assert all(long in name for name in names)
    assert {name.split(" ")[0] for name in names} == {"Edit", "Move", "Colour", "Hide", "Delete"}
    closed = user.page.locator(".objects li:not(.active) .open-object")
    assert closed.evaluate("one => one.scrollWidth <= one.clientWidth")  # it is not cut
    assert user.save()[0] == "discs-a-cup-of-coffee-with-a-long-name-2.png"
    closed.click()
    user.settled()
    assert user.save()[0] == "discs-a-cup-of-coffee-with-a-long-name-1.png"


def test_what_one_tab_said_is_not_said_in_another(user):
    user.click(RED)
    user.says("Object 1")
    user.page.click("#tab-mosaics")
    assert user.message() == ""


def drag(user, *points, button="left"):
    user.page.mouse.move(*user.at(points[0]))
    user.page.mouse.down(button=button)
    for point in points[1:]:
        user.page.mouse.move(*user.at(point), steps=3)
    user.page.mouse.up(button=button)
    user.settled()


def test_brush_and_eraser_change_the_mask_in_the_one_history(user, discs):
    user.click(RED)
    user.press("b")
    assert user.page.locator("[data-do=brush]").get_attribute("aria-pressed") == "true"
    user.page.locator(".brush input").fill("40")
    user.page.locator("canvas.view").focus()
    drag(user, (60, 400), (60, 560))
    rows, cols = np.mgrid[:480, :640] + 0.5
    near = np.hypot(cols - np.clip(cols, 400.5, 560.5), rows - 60.5) <= 20
    painted = user.mask()
    assert not (painted & ~near & (discs != 1)).any()  # the red disc and the stroke, no more
    inner = np.hypot(cols - np.clip(cols, 400.5, 560.5), rows - 60.5) <= 18
    assert (painted | ~(inner | (discs == 1))).all()
    user.page.locator("canvas.view").focus()
    user.press("x")
    drag(user, (60, 480), (60, 620))
    erased = user.mask()
    assert erased[60, 420]
    assert not erased[60, 500]
    drag(user, (60, 500), (60, 500), button="right")  # the other of the two
    assert user.mask()[60, 500]
    user.page.locator("canvas.view").focus()
    user.press("Control+z", "Control+z")
    assert (user.mask() == painted).all()
    user.press("q")
    user.click(BLUE)
    assert (user.mask() == (painted | (discs == 2))).all()
    user.page.locator("canvas.view").focus()
    user.press("Control+z", "Control+z")
    assert (user.mask() == (discs == 1)).all()  # with its point
    user.page.locator("canvas.view").focus()
    user.press("n", "e")
    drag(user, GREY, GREY)
    assert "choose an object" in user.message()
    user.press("b", "]", "Enter", "Enter")  # by keyboard, at the crosshair
    user.has_objects(2)
    user.press("q")


def test_classes_have_keys_and_objects_take_name_and_colour_of_theirs(user, discs):
    field = user.page.locator(".classes input")
    for name in ("cup", "plate"):
        field.fill(name)
        field.press("Enter")
    user.page.locator("canvas.view").focus()
    user.press("1")
    user.says("The next objects: cup")
    user.click(RED)
    assert user.page.locator(".active .object-name").input_value() == "cup"
    user.page.locator("canvas.view").focus()
    user.press("Control+z")  # one step, the class included
    user.has_objects(0)
    user.click(RED)
    user.press("n").click(BLUE)
    user.press("2")
    assert user.page.locator(".active .object-name").input_value() == "plate"
    colours = user.page.locator(".objects li").evaluate_all(
        "all => all.map(one => one.style.getPropertyValue('--colour'))"
    )
    chips = user.page.locator(".classes .class").evaluate_all(
        "all => all.map(one => one.style.getPropertyValue('--colour'))"
    )
    assert colours == chips
    assert len(set(chips)) == 2
    pressed = user.page.locator(".classes .class[aria-pressed=true]")
    assert pressed.inner_text().startswith("plate")
    user.page.locator(".objects .open-object").first.click()
    user.settled()
    assert pressed.inner_text().startswith("cup")  # that of the object that is open
    user.page.locator("canvas.view").focus()
    user.press("2")  # also where the next ones would be of that class already
    assert user.page.locator(".active .object-name").input_value() == "plate"
    pressed.click()
    user.settled()
    assert user.page.locator(".active .object-name").input_value() == "Object 1"
    assert pressed.count() == 0
    user.page.locator("canvas.view").focus()
    user.press("1", "n", "1").click(GREY)
    assert user.page.locator(".active .object-name").input_value() == "cup"
    user.reload()
    assert user.page.locator(".classes .class").count() == 2
    user.page.locator(".classes .icon").first.click()
    user.page.locator(".classes .icon").first.click()
    assert user.page.locator(".classes .class").count() == 0
    user.has_objects(3)


def test_a_class_without_a_key_is_chosen_by_its_name(visitor, discs_png):
    user = visitor()
    user.upload(discs_png)
    names = "".join(f"kind {number}\n" for number in range(10, 30)).encode()
    user.page.set_input_files(
        ".file", {"name": "classes.txt", "mimeType": "text/plain", "buffer": names}
    )
    user.says("20 classes were read from classes.txt")
    user.page.locator("canvas.view").focus()
    user.page.keyboard.press("c")
    user.page.keyboard.type("Kind 2")  # completed to the first that begins so
    field = user.page.locator(".classes input")
    assert field.input_value() == "kind 20"
    user.page.keyboard.type("5")
    user.page.keyboard.press("Enter")
    user.says("The next objects: kind 25")
    user.click(RED)
    assert user.page.locator(".active .object-name").input_value() == "kind 25"
    user.press("n")  # the keys are the photo's again
    user.page.keyboard.press("c")
    user.page.keyboard.type("kind")
    user.page.keyboard.press("Delete")  # a new class that others begin with
    assert field.input_value() == "kind"
    user.page.keyboard.press("Enter")
    user.says("The next objects: kind.")
    assert user.page.locator(".class").count() == 21


def test_many_classes_leave_room_for_an_object(visitor, discs_png):
    user = visitor()
    user.upload(discs_png)
    names = "".join(f"class number {number}\n" for number in range(20)).encode()
    user.page.set_input_files(
        ".file", {"name": "classes.txt", "mimeType": "text/plain", "buffer": names}
    )
    user.page.wait_for_selector(".class >> nth=19")
    user.click(RED)
    user.page.click(".shape summary")
    row = user.page.locator(".objects li").bounding_box()
    box = user.page.locator(".objects").bounding_box()
    assert box["height"] >= row["height"] >= 28
