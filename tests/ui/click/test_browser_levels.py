"""The page in a real Chromium: the levels of an answer, from a part to the whole."""

import numpy as np
import pytest

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

UPPER, LOWER, BLUE, GREY = (120, 185), (220, 185), (300, 440), (40, 60)
MIDDLE = 32
"""The place of the threshold .5 on the slider."""


@pytest.fixture(scope="module")
def upper(discs):
    """The upper half of the red disc: bool (480, 640)."""
    return (discs == 1) & (np.arange(480) < 160)[:, None]


@pytest.fixture(scope="module")
def app(fake_segmentor, propose_discs, discs, upper, serve):
    """An app whose model sees a part and a whole in the red disc."""
    from tamingseg.ui.page import build_page

    def layers(click):
        row, col = int(click.row), int(click.col)
        if not upper[row, col]:
            return np.where(discs == discs[row, col], 0.97, 0.01)
        return np.select([upper, discs == 1], [0.99, 0.7], 0.01)

    class Layered(fake_segmentor):
        def predict_jointly(self, embedding, clicks, previous=None):
            answer = np.zeros(embedding.size) if previous is None else previous
            for click in clicks if previous is None else clicks[-1:]:
                layer = layers(click)
                new = np.maximum(answer, layer)
                answer = new if click.positive else np.minimum(answer, 1 - layer)
            return answer.astype(np.float32)

    page = build_page(Layered(), propose_discs)
    page.address = serve(page)
    yield page
    page.close(verbose=False)


def ready(user):
    """The answer is there to be cut."""
    user.page.wait_for_selector("#seg-level:enabled")
    return user.settled()


def drag_to(user, *places):
    """What a hand does to the slider before it lets go."""
    user.page.locator("#seg-level").evaluate(
        """(slider, places) => {
            slider.dispatchEvent(new PointerEvent("pointerdown", {bubbles: true}));
            for (const place of places) {
                slider.value = place;
                slider.dispatchEvent(new Event("input", {bubbles: true}));
            }
        }""",
        places,
    )
    user.frame()


def let_go(user):
    user.page.locator("#seg-level").dispatch_event("change")
    user.settled()


def place(user):
    return int(user.page.locator("#seg-level").input_value())


def level(user):
    return user.page.locator(".level-value").inner_text()


def requests_of(user):
    seen = []
    user.page.on("request", lambda request: seen.append(request.url))
    return seen


def area(user):
    return user.page.locator(".active .note").inner_text()


def px(mask):
    return f"{mask.sum():,} px"


def test_there_is_nothing_to_cut_before_a_positive_click(user):
    slider = user.page.locator("#seg-level")
    assert slider.is_disabled()
    assert user.page.locator("[data-do=part]").is_disabled()
    user.press(".").says("click inside an object first")
    user.click(UPPER, button="right", answers=0)  # there is nothing to exclude from
    user.settled()
    assert slider.is_disabled()
    assert user.page.locator(".ticks i").count() == 0
    user.click(BLUE)
    ready(user)
    user.press("n")
    assert slider.is_disabled()


def test_the_slider_cuts_again_without_a_request(user, discs, upper):
    user.click(UPPER)
    ready(user)
    assert (place(user), level(user)) == (MIDDLE, "0.50 · 2 of 2")
    assert area(user) == px(discs == 1)
    tinted = user.colour((200, 140))
    seen = requests_of(user)
    drag_to(user, 20, 12)
    assert area(user) == px(upper)
    assert user.colour((200, 140)) != tinted
    drag_to(user, 63, 64)
    assert area(user) == px(discs == 1)
    drag_to(user, MIDDLE)
    assert area(user) == px(discs == 1)
    assert seen == []
    let_go(user)
    drag_to(user, 12)
    let_go(user)
    assert len(seen) == 2
    assert (user.mask() == upper).all()


def test_every_place_is_cut_as_the_server_does_it(user):
    user.click(UPPER)
    ready(user)
    for where in (0, 15, 16, 24, 25, 26, 40, 64):
        drag_to(user, where)
        shown = area(user)
        let_go(user)
        assert area(user) == shown


def test_ticks_stand_where_levels_are_stable_and_keys_go_from_one_to_the_next(user, discs, upper):
    user.click(UPPER)
    ready(user)
    assert user.page.locator(".ticks i").count() == 2
    user.press(",").says("stable level 1 of 2")
    assert level(user).endswith("1 of 2")
    assert (user.mask() == upper).all()
    words = user.page.locator("#seg-level").get_attribute("aria-valuetext")
    assert words.startswith(f"{upper.sum():,} pixels, stable level 1 of 2")
    assert user.page.locator(".ticks .here").count() == 1
    user.page.locator("canvas.view").focus()
    user.press(",").says("more of a part")
    user.press(".").says("stable level 2 of 2")
    assert (user.mask() == (discs == 1)).all()
    user.page.locator("canvas.view").focus()
    user.press(".").says("more of a whole")
    user.page.click("[data-do=part]")
    user.says("stable level 1 of 2")
    assert (user.settled().mask() == upper).all()


def test_a_movement_is_one_step_in_the_one_history(user, discs, upper):
    user.click(UPPER)
    ready(user)
    drag_to(user, 30, 20, 10)
    let_go(user)
    user.page.locator("canvas.view").focus()
    user.press("Control+z")
    assert (place(user), area(user)) == (MIDDLE, px(discs == 1))
    user.press("Control+Shift+z")
    assert (place(user), area(user)) == (10, px(upper))
    user.press("Control+z", "Control+z")
    user.has_objects(0)


def test_the_slider_alone_is_moved_by_the_keyboard(user, upper):
    user.click(UPPER)
    ready(user)
    user.page.locator("#seg-level").focus()
    for _ in range(10):  # held down
        user.page.keyboard.down("ArrowLeft")
    user.page.keyboard.up("ArrowLeft")
    user.settled()
    assert place(user) == MIDDLE - 10
    assert area(user) == px(upper)
    user.press("Control+z")
    assert place(user) == MIDDLE


def test_a_level_belongs_to_its_object_and_lasts(user, app, discs, upper):
    user.click(UPPER)
    ready(user)
    user.press(",", "n")
    user.click(BLUE)
    ready(user)
    assert place(user) == MIDDLE
    user.page.click(".open-object")
    ready(user)
    user.says("Object 1")
    assert level(user).endswith("1 of 2")
    assert (user.mask() == upper).all()
    user.saved()
    for forgotten in (False, True):
        if forgotten:
            app.workspaces._workspaces.clear()
        user.reload()
        user.has_objects(2)
        ready(user)
        assert level(user).endswith("1 of 2")
        assert (user.mask() == upper).all()
    index = user.index()
    assert (index == np.select([upper, discs == 2], [1, 2])).all()


def test_further_clicks_go_on_with_the_chosen_level(user, discs, upper):
    user.click(UPPER)
    ready(user)
    user.press(",")
    user.click(BLUE)
    assert (user.mask() == upper | (discs == 2)).all()
    ready(user)
    drag_to(user, 64)  # what was left away is not in the answer any more
    let_go(user)
    assert (user.mask() == upper | (discs == 2)).all()


def test_a_level_at_which_nothing_is_left_is_said_and_undone(user, discs):
    user.click(GREY)
    ready(user)
    drag_to(user, 0)  # nothing is as certain as that
    assert area(user) == "empty"
    let_go(user)
    user.says("is empty")
    user.press("Control+z")
    assert (user.mask() == (discs == 0)).all()


def test_a_mask_begun_with_elsewhere_has_no_levels(user):
    user.page.click("#tab-proposals")
    user.page.click("[data-do=propose]")
    user.says("5 masks in")
    user.page.mouse.dblclick(*user.at(BLUE))
    user.has_objects(1)
    user.click(GREY)
    user.page.wait_for_timeout(300)
    assert user.page.locator("#seg-level").is_disabled()
    user.press(",").says("mask made elsewhere")


def test_rapid_clicks_leave_the_levels_of_the_last_answer(user, discs):
    x, y = user.at(LOWER)
    for step in range(4):
        user.page.mouse.click(x - 60 + 30 * step, y)
    user.page.mouse.click(*user.at(BLUE))
    ready(user)
    drag_to(user, 10)
    assert area(user) == px(discs > 0)


def test_a_narrow_page_has_room_for_the_slider(visitor, discs_png, unreachable):
    user = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    user.upload(discs_png)
    user.tap(UPPER)
    user.has_objects(1)
    ready(user)
    assert unreachable(user) == ([], [])
    assert user.page.evaluate("document.documentElement.scrollWidth") == 390
