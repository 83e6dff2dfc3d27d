"""The view: which pixel is under the pointer, whatever was zoomed and panned; run by Chromium."""

import pytest

pytestmark = pytest.mark.browser

PHOTO = (120, 200)
"""(height, width)."""


@pytest.fixture
def view(scripts):
    """A page with a canvas of 400 x 300 pixels and a view of a photo in it, as `view`.

    `told` lists what the tool hears.
    """
    scripts.mouse.move(399, 299)
    scripts.evaluate(
        """([height, width]) => {
            document.body.style.margin = 0;
            document.body.replaceChildren();
            const canvas = document.createElement("canvas");
            canvas.style = "display: block; width: 400px; height: 300px";
            canvas.tabIndex = 0;
            document.body.append(canvas);
            const place = point => point && [Math.floor(point.y), Math.floor(point.x)];
            window.told = [];
            window.holding = false;
            const hold = (point, event) => {
                const tell = what => to => told.push([what, place(to)]);
                tell(event.button === 2 ? "right press" : "press")(point);
                return {move: tell("move"), up: tell("up")};
            };
            window.view = new View(canvas, {
                press: hold, grab: (point, event) => holding ? hold(point, event) : null,
                hover: point => told.push(["hover", place(point)]),
            }, () => {});
            view.show(document.createElement("canvas"), height, width);
        }""",
        list(PHOTO),
    )
    return scripts


def window_of(view, row, col):
    """Where the middle of a pixel is on the screen."""
    return view.evaluate("([y, x]) => view.toWindow({x: x + 0.5, y: y + 0.5})", [row, col])


def told(view):
    return view.evaluate("() => told.splice(0)")


def hovered(view, *place):
    view.mouse.move(*place)
    return told(view)[-1]


def test_the_whole_photo_is_shown_and_each_pixel_is_where_it_is_said_to_be(view):
    for row, col in [(0, 0), (119, 199), (60, 31)]:
        x, y = window_of(view, row, col)
        assert 0 < x < 400
        assert 0 < y < 300
        assert hovered(view, x, y) == ["hover", [row, col]]
    assert view.evaluate("() => [view.holds({x: 199.9, y: 0}), view.holds({x: 200, y: 0})]") == [
        True,
        False,
    ]


def test_zooming_keeps_what_is_under_the_pointer(view):
    x, y = window_of(view, 60, 31)
    view.mouse.move(x, y)
    before = view.evaluate("() => view.scale")
    for _ in range(5):
        view.mouse.wheel(0, -200)
    view.wait_for_function("before => view.scale > 3 * before", arg=before)
    told(view)
    assert hovered(view, x + 0.1, y) == ["hover", [60, 31]]
    view.evaluate("() => view.fit()")
    assert view.evaluate("() => [view.fitted, view.scale]") == [True, before]


def test_zoom_and_pan_have_their_ends(view):
    view.evaluate("() => { for (let i = 0; i < 60; i += 1) view.zoom(2); }")
    assert view.evaluate("() => view.scale") == 40
    view.evaluate("() => view.pan(-1e6, -1e6)")
    x, y = window_of(view, 119, 199)
    assert 0 < x < 60  # a corner stays in sight
    assert 0 < y < 60
    view.evaluate("() => { for (let i = 0; i < 60; i += 1) view.zoom(0.5); }")
    assert view.evaluate("() => view.scale") >= 0.5


def test_the_left_button_is_the_tool_s_and_the_middle_one_pans(view):
    x, y = window_of(view, 10, 10)
    view.mouse.move(x, y)
    told(view)
    view.mouse.down()
    view.mouse.move(*window_of(view, 20, 30))
    view.mouse.up()
    assert told(view) == [["press", [10, 10]], ["move", [20, 30]], ["up", [20, 30]]]
    view.mouse.move(x, y)
    told(view)
    view.mouse.down(button="middle")
    view.mouse.move(x + 30, y + 20)
    view.mouse.up(button="middle")
    assert told(view) == []
    assert hovered(view, x + 30.1, y + 20) == ["hover", [10, 10]]
    assert view.evaluate("() => view.fitted") is False


def touch(view, kind, *fingers):
    """Send a pointer event of each finger, (number, x, y)."""
    view.evaluate(
        """([kind, fingers]) => fingers.forEach(([pointerId, clientX, clientY]) => {
            view.canvas.setPointerCapture = () => {};
            view.canvas.dispatchEvent(new PointerEvent(kind,
                {pointerId, clientX, clientY, pointerType: "touch", button: 0}));
        })""",
        [kind, fingers],
    )


def touch_at_once(view, start, end):
    """Put a finger down and lift it elsewhere, however busy the machine is."""
    view.evaluate(
        """([start, end]) => {
            view.canvas.setPointerCapture = () => {};
            for (const [kind, [pointerId, clientX, clientY]] of [
                ["pointerdown", start], ["pointermove", end], ["pointerup", end],
            ]) view.canvas.dispatchEvent(new PointerEvent(kind,
                {pointerId, clientX, clientY, pointerType: "touch", button: 0}));
        }""",
        [start, end],
    )


def test_a_finger_taps_or_drags_the_photo_or_what_it_holds(view):
    x, y = window_of(view, 60, 100)
    touch_at_once(view, (1, x, y), (1, x + 5, y))
    assert [what for what, _ in told(view)] == ["press", "up"]  # it did not go far
    touch(view, "pointerdown", (1, x, y))
    touch(view, "pointermove", (1, x + 40, y))
    touch(view, "pointerup", (1, x + 40, y))
    assert told(view) == []
    assert hovered(view, x + 40, y) == ["hover", [60, 100]]
    view.evaluate("() => { holding = true; told.length = 0; }")
    touch(view, "pointerdown", (1, x, y))
    touch(view, "pointermove", (1, x + 40, y))
    touch(view, "pointerup", (1, x + 40, y))
    assert [what for what, _ in told(view)] == ["press", "move", "up"]


def test_a_finger_that_is_held_is_the_right_button(view):
    x, y = window_of(view, 60, 100)
    touch(view, "pointerdown", (1, x, y))
    view.evaluate("() => new Promise(done => setTimeout(done, 700))")
    touch(view, "pointerup", (1, x + 2, y))
    assert [what for what, _ in told(view)] == ["right press", "up"]


def test_two_fingers_zoom_and_do_nothing_else(view):
    x, y = window_of(view, 60, 100)
    before = view.evaluate("() => view.scale")
    touch(view, "pointerdown", (1, x - 20, y), (2, x + 20, y))
    touch(view, "pointermove", (1, x - 40, y), (2, x + 40, y))
    touch(view, "pointerup", (1, x - 40, y))
    touch(view, "pointermove", (2, x + 60, y))
    touch(view, "pointerup", (2, x + 60, y))
    assert told(view) == []
    assert view.evaluate("() => view.scale") == pytest.approx(2 * before, rel=1e-6)
    assert view.evaluate("() => view.pointers.size") == 0


def test_a_cancelled_touch_is_no_click(view):
    x, y = window_of(view, 60, 100)
    touch(view, "pointerdown", (1, x, y))
    touch(view, "pointercancel", (1, x, y))
    assert told(view) == []
