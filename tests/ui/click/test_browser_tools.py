"""The page in a real Chromium: polygon, box, selecting, and what one key does to an object."""

import numpy as np
import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

RED, BLUE, GREY = (165, 185), (300, 440), (40, 60)
SQUARE = [(40, 500), (40, 600), (120, 600), (120, 500)]
"""Corners in the grey of the photo."""


@pytest.fixture
def hand(user):
    """A user with the keyboard on the photo; afterwards clicks make points again."""
    user.page.locator("canvas.view").focus()
    yield user
    user.page.keyboard.press("Escape")


def square(top=40, left=500, bottom=120, right=600):
    rows, cols = np.mgrid[:480, :640]
    return (rows >= top) & (rows < bottom) & (cols >= left) & (cols < right)


def nearly(mask, other):
    """Masks are alike, but for pixels at their outlines."""
    return (mask ^ other).sum() < 0.05 * other.sum()


def tap(user, *points):
    for point in points:
        user.page.mouse.click(*user.at(point))
    return user


def keys(user, *names):
    user.page.locator("canvas.view").focus()
    return user.press(*names)


def drag(user, start, *points, button="left"):
    user.page.mouse.move(*user.at(start))
    user.page.mouse.down(button=button)
    for point in points:
        user.page.mouse.move(*user.at(point), steps=3)
    user.page.mouse.up(button=button)
    return user.settled()


def test_a_polygon_is_drawn_changed_and_closed_by_enter(hand):
    keys(hand, "p")
    assert hand.page.locator("[data-do=polygon]").get_attribute("aria-pressed") == "true"
    undo = hand.page.locator("[data-do=undo]")
    assert undo.is_disabled()
    tap(hand, *SQUARE[:3])
    assert undo.is_enabled()
    keys(hand, "Control+z", "Control+Shift+z")  # a corner taken back and set again
    tap(hand, SQUARE[3])
    assert hand.objects() == 0  # nothing is sent before it is closed
    drag(hand, SQUARE[2], (160, 600))
    drag(hand, SQUARE[3], (160, 500))
    hand.page.mouse.click(*hand.at((100, 600)))  # a new corner on a side
    hand.page.mouse.click(*hand.at((100, 600)), button="right")  # and away again
    keys(hand, "Enter")
    hand.has_objects(1)
    assert nearly(hand.mask(), square(bottom=160))
    keys(hand, "Control+z")
    hand.has_objects(0)


def test_a_polygon_that_is_not_closed_outlives_a_reload(hand):
    keys(hand, "p")
    tap(hand, *SQUARE[:3])
    hand.reload()
    hand.says("The polygon that was not closed is here again")
    keys(hand, "Control+z")  # the corner before
    tap(hand, SQUARE[2], SQUARE[3])
    keys(hand, "Enter")
    hand.has_objects(1)
    assert nearly(hand.mask(), square())
    hand.saved()
    keys(hand, "o")
    hand.says("Drag corners")
    drag(hand, SQUARE[2], (160, 600))
    hand.reload()
    hand.says("The polygon that was not closed is here again")
    drag(hand, SQUARE[3], (160, 500))
    keys(hand, "Enter")
    assert nearly(hand.mask(), square(bottom=160))
    hand.reload()
    hand.says("Welcome back")


@pytest.mark.parametrize("way", ["first corner", "double click"])
def test_a_polygon_is_closed_by_a_click_and_added_or_taken_away(hand, way, discs):
    hand.click(RED)
    keys(hand, "p")
    tap(hand, *SQUARE[:3])
    if way == "double click":
        hand.page.mouse.dblclick(*hand.at(SQUARE[3]))
    else:
        tap(hand, SQUARE[3], SQUARE[0])
    hand.says("Object 1")
    hand.settled()
    assert nearly(hand.mask(), (discs == 1) | square())
    keys(hand, "x")
    hand.says("taken away")
    tap(hand, (20, 400), (20, 639), (460, 639), (460, 400))
    keys(hand, "Enter", "x")
    assert (hand.mask() == (discs == 1)).all()


def test_next_object_closes_a_polygon(hand):
    keys(hand, "p")
    tap(hand, *SQUARE)
    keys(hand, "n")
    hand.has_objects(1)
    assert hand.page.locator(".objects li.active").count() == 0
    assert nearly(hand.mask(), square())
    tap(hand, *SQUARE[:2])
    keys(hand, "n")
    assert "not closed" in hand.message()
    keys(hand, "Escape", "n")
    assert "no object to finish" in hand.message()


def test_another_photo_closes_a_polygon_and_is_refused_while_it_cannot_be_closed(hand):
    here = hand.page.locator("canvas.view").get_attribute("data-ready")
    keys(hand, "p")
    tap(hand, *SQUARE[:2])
    keys(hand, "PageDown")
    hand.says("not closed")
    tap(hand, *SQUARE[2:])
    keys(hand, "PageDown")
    hand.page.wait_for_selector(f'canvas:not([data-ready="{here}"])')
    keys(hand, "PageUp")
    hand.page.wait_for_selector(f'canvas[data-ready="{here}"]')
    hand.has_objects(1)
    assert nearly(hand.settled().mask(), square())


def test_a_changed_outline_is_taken_before_the_photo_is_done(hand, discs):
    hand.click(RED)
    here = hand.page.locator("canvas.view").get_attribute("data-ready")
    keys(hand, "o")
    hand.says("Drag corners")
    rows, cols = np.nonzero(discs == 1)
    right = int(rows[cols.argmax()]), int(cols.max())
    drag(hand, right, (right[0], right[1] + 60))
    keys(hand, "a")
    hand.page.wait_for_selector(f'canvas:not([data-ready="{here}"])')
    keys(hand, "PageUp")
    hand.page.wait_for_selector(f'canvas[data-ready="{here}"]')
    hand.has_objects(1)
    assert hand.settled().mask()[right[0], right[1] + 30]


def test_escape_leaves_a_polygon_then_the_tool(hand):
    keys(hand, "p")
    tap(hand, *SQUARE)
    keys(hand, "Escape", "Enter")
    assert hand.objects() == 0
    assert hand.page.locator("[data-do=polygon]").get_attribute("aria-pressed") == "true"
    keys(hand, "Escape", "Escape")
    assert hand.page.locator("[data-do=polygon]").get_attribute("aria-pressed") == "false"
    assert hand.page.locator("[data-do=include]").get_attribute("aria-pressed") == "true"


def test_a_polygon_by_keyboard(hand):
    keys(hand, "p", "ArrowRight", "Enter", *["Shift+ArrowRight"] * 3, "Enter")
    keys(hand, *["Shift+ArrowDown"] * 3, "Enter", "Enter")
    hand.has_objects(1)
    assert hand.mask().sum() > 500


def test_the_outline_of_an_object_is_changed_only_where_its_corners_are_dragged(hand, discs):
    hand.click(RED)
    keys(hand, "o")
    hand.says("Drag corners")
    rows, cols = np.nonzero(discs == 1)
    right = int(rows[cols.argmax()]), int(cols.max())
    drag(hand, right, (right[0], right[1] + 60))
    assert (hand.mask() == (discs == 1)).all()
    keys(hand, "Enter")
    hand.says("pixels")
    changed = hand.mask()
    assert (changed | (discs != 1))[:, : cols.max() - 30].all()
    assert changed[right[0], right[1] + 30]
    keys(hand, "Control+z")
    assert (hand.mask() == (discs == 1)).all()


def test_a_box_gives_the_mask_that_fills_it(hand, discs):
    rows, cols = np.nonzero(discs == 2)
    keys(hand, "r")
    drag(hand, (rows.min() - 2, cols.min() - 2), (rows.max() + 2, cols.max() + 2))
    hand.has_objects(1)
    assert (hand.mask() == (discs == 2)).all()
    drag(hand, (300, 400), (301, 401))
    hand.says("opposite one")
    keys(hand, "q")
    hand.click(RED)
    assert (hand.mask() == (discs > 0)).all()
    keys(hand, "Control+z", "Control+z")
    hand.has_objects(0)


def test_a_click_with_the_tool_or_with_ctrl_selects_the_object_that_is_seen(hand, discs):
    hand.click(RED).press("n")
    hand.click(BLUE).press("n")
    keys(hand, "v")
    tap(hand, RED)
    assert (hand.settled().mask() == (discs == 1)).all()
    keys(hand, "d")  # a copy in front
    hand.has_objects(3)
    names = hand.page.locator(".objects li.active .object-name")
    assert names.input_value() == "Object 3"
    tap(hand, RED)  # the one behind it
    hand.settled()
    assert names.input_value() == "Object 1"
    keys(hand, "q")
    hand.page.keyboard.down("Control")
    tap(hand, BLUE)
    hand.page.keyboard.up("Control")
    hand.settled()
    assert (hand.mask() == (discs == 2)).all()
    tap(keys(hand, "v"), GREY)
    hand.says("no object here")
    keys(hand, "Delete")
    hand.has_objects(2)


def test_a_locked_object_is_kept_from_changes_until_it_is_unlocked(hand):
    hand.click(RED)
    keys(hand, "l")
    hand.says("Locked")
    assert hand.page.locator(".objects .open-object").is_disabled()
    assert hand.page.locator(".objects .trash").is_hidden()
    keys(hand, "v")
    tap(hand, RED)
    hand.says("is locked")
    hand.page.locator(".objects .unlock").click()
    hand.settled()
    assert "Unlocked" in hand.message()
    tap(hand, RED)
    hand.settled()
    assert hand.page.locator(".objects li.active").count() == 1
    keys(hand, "l")
    assert hand.page.locator(".objects li.active").count() == 0
    keys(hand, "l")  # the one that was locked last
    assert hand.page.locator(".objects li.active").count() == 1
    assert hand.page.locator(".objects .unlock").is_hidden()


def test_one_object_is_shown_alone_and_all_again(hand):
    hand.click(RED).press("n")
    hand.click(BLUE)
    keys(hand, "Shift+H")
    assert hand.page.locator(".objects li.hidden").count() == 1
    keys(hand, "Shift+H")
    assert hand.page.locator(".objects li.hidden").count() == 0


def test_the_shape_of_an_object_is_changed_by_keys_and_buttons(hand, discs):
    hand.click(RED)
    for key, words in (("f", "no holes"), ("i", "no pieces"), ("t", "overlaps no other")):
        keys(hand, key)
        hand.says(words)
    keys(hand, "g", "Shift+G")
    grown = hand.mask()
    assert (grown | (discs != 1)).all()
    keys(hand, "k", "Shift+K")
    assert nearly(hand.mask(), discs == 1)
    keys(hand, "e")
    hand.page.mouse.click(*hand.at(RED))  # a hole
    hand.settled()
    keys(hand, "f")
    assert nearly(hand.mask(), discs == 1)
    keys(hand, "q", "p")
    tap(hand, *SQUARE)
    keys(hand, "Enter", "i")
    assert nearly(hand.mask(), discs == 1)
    hand.page.locator(".shape summary").click()
    hand.page.click("[data-do=leaveOthers]")  # there are none
    keys(hand, "n", "q")
    hand.click(BLUE)
    keys(hand, "p")
    tap(hand, (20, 20), (20, 400), (460, 400), (460, 20))
    keys(hand, "Enter", "t")
    hand.settled()
    shared = hand.index()
    assert (shared == 1).sum() > 0.9 * (discs == 1).sum()  # nothing of it is covered
    hand.page.locator(".shape summary").click()
