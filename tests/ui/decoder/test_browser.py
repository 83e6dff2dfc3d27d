"""The mask under the pointer needs no server; in a real browser, with the shipped model."""

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from tamingseg.data.sample_images import load_sample_image
from tamingseg.segmentors.load import load_segmentor
from tamingseg.values import Click

pytestmark = pytest.mark.browser

FIRST, SECOND = (200, 280), (60, 520)
"""Points of the photo "coffee" whose masks differ."""


@pytest.fixture(scope="module")
def segmentor():
    return load_segmentor("default", threads=1)


@pytest.fixture(scope="module")
def expected(segmentor):
    """`expected(point)`: the server's mask of one click in the middle of a pixel of "coffee"."""
    embedding = segmentor.embed(load_sample_image("coffee"))

    def answer(point):
        return segmentor.predict(embedding, [Click(point[0] + 0.5, point[1] + 0.5)])[0] > 0.5

    return answer


@pytest.fixture(scope="module")
def app(segmentor, propose_discs, serve):
    """A running app with the model that is shipped."""
    from tamingseg.ui.page import build_page

    page = build_page(segmentor, propose_discs)
    page.address = serve(page)
    yield page
    page.close(verbose=False)


@pytest.fixture
def guest(visitor):
    """A user who has not moved the pointer; `asked` lists what the page asks from then on."""
    user = visitor()
    user.says("Ready")
    user.asked = []
    user.page.on("request", lambda request: user.asked.append(request.url))
    return user


NOTE_QUESTIONS = """() => {
    window.questions = [];
    window.answers = 0;
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
        if (message.clicks?.length > 1) {
            questions.push(JSON.stringify(message.clicks));
            this.addEventListener("message", () => answers += 1, {once: true});
        }
        return post.call(this, message, ...rest);
    };
}"""
"""Note further clicks that the page's thread is asked about, and count its answers."""


def asked_for(user, part):
    return sum(part in url for url in user.asked)


def between(mask, other):
    """Pixels well inside a mask and outside of another one."""
    rows, cols = np.nonzero(binary_erosion(mask & ~other, iterations=8))
    middle = len(rows) // 2
    return int(rows[middle]), int(cols[middle])


def paints(user, point, *others):
    """Wait until something else than these colours is painted at a pixel; return it."""
    wait_for_colour(user, point, others, isOne=False)
    return user.colour(point)


def rests(user, point, bare):
    """Wait until `bare` is painted at a pixel."""
    wait_for_colour(user, point, [bare], isOne=True)


def wait_for_colour(user, point, colours, **wanted):
    x, y = user.at(point)
    box = user.page.locator("canvas.view").bounding_box()
    user.page.wait_for_function(
        """({x, y, colours, isOne}) => {
            const canvas = document.querySelector("canvas.view"), d = devicePixelRatio;
            const {data} = canvas.getContext("2d").getImageData(x * d, y * d, 1, 1);
            return colours.some(one => one.every((value, i) => value === data[i])) === isOne;
        }""",
        arg={"x": x - box["x"], "y": y - box["y"], "colours": list(colours), **wanted},
    )


def test_the_mask_under_the_pointer_is_that_of_a_click_and_no_server_is_asked(guest, expected):
    first, second = expected(FIRST), expected(SECOND)
    only_first, only_second = between(first, second), between(second, first)
    bare_first, bare_second = guest.colour(only_first), guest.colour(only_second)
    assert asked_for(guest, "decoder") == 0  # before the pointer is there
    guest.page.mouse.move(*guest.at(FIRST))
    paints(guest, only_first, bare_first)
    assert guest.colour(only_second) == bare_second
    guest.page.mouse.move(*guest.at(SECOND), steps=10)
    paints(guest, only_second, bare_second)
    rests(guest, only_first, bare_first)
    for part in ("features", "weights/", "kernels/"):
        assert asked_for(guest, f"decoder/{part}") == 1
    assert asked_for(guest, "gradio_api") == 0
    guest.page.mouse.move(5, 5)
    rests(guest, only_second, bare_second)


def test_a_click_is_painted_before_the_server_answers(guest, expected):
    held = []
    guest.page.route("**/component_server/**", lambda route: held.append(route))
    inside = between(expected(FIRST), expected(SECOND))
    bare = guest.colour(inside)
    guest.page.mouse.move(*guest.at(FIRST))
    soft = paints(guest, inside, bare)
    guest.page.mouse.down()
    guest.page.mouse.up()
    painted = paints(guest, inside, bare, soft)
    assert guest.objects() == 0  # the server knows nothing yet
    for route in held:
        route.continue_()
    guest.page.unroute("**/component_server/**")
    guest.answered(1)
    assert guest.colour(inside) == painted
    assert (guest.mask() == expected(FIRST)).mean() > 0.999
    guest.press("Control+z")
    rests(guest, inside, bare)


def test_a_further_click_is_painted_before_the_server_answers(guest, segmentor, expected):
    embedding = segmentor.embed(load_sample_image("coffee"))
    clicks = [Click(row + 0.5, col + 0.5) for row, col in (FIRST, SECOND)]
    first = segmentor.predict(embedding, clicks[:1])[0]
    final = segmentor.predict_jointly(embedding, clicks, first) > 0.5
    added, inside = between(final, first > 0.5), between(first > 0.5, expected(SECOND))
    bare_inside = guest.colour(inside)
    guest.page.mouse.move(*guest.at(FIRST))
    paints(guest, inside, bare_inside)  # the decoder is here
    guest.click(FIRST)
    bare = guest.colour(added)
    held = []
    guest.page.route("**/component_server/**", lambda route: held.append(route))
    guest.page.evaluate(NOTE_QUESTIONS)
    guest.page.mouse.move(*guest.at(SECOND))
    guest.page.wait_for_function("answers > 0")  # what a click there would give is found ahead
    asked = guest.page.evaluate("questions")
    guest.page.mouse.down()
    guest.page.mouse.up()
    painted = paints(guest, added, bare)
    assert guest.latency()["answers"] == 1  # the server has not answered it
    assert guest.page.evaluate("questions") == asked
    for route in held:
        route.continue_()
    guest.page.unroute("**/component_server/**")
    guest.answered(2)
    assert guest.colour(added) == painted
    assert (guest.mask() == final).mean() > 0.999
    guest.press("Control+z")
    rests(guest, added, bare)


def test_features_are_fetched_once_for_each_photo_and_no_longer_when_it_is_left(guest, expected):
    def is_features(request):
        return request.url.endswith("decoder/features")

    guest.page.route("**/decoder/features", lambda route: None)  # never answered
    with guest.page.expect_request(is_features):
        guest.page.mouse.move(*guest.at(FIRST))
    with guest.page.expect_event("requestfailed", is_features):
        guest.page.click('button.photo[title="cat"]')
    guest.page.wait_for_selector('canvas[data-ready="sample cat"]')
    guest.page.unroute("**/decoder/features")
    guest.says("Ready")
    guest.page.click('button.photo[title="coffee"]')
    guest.page.wait_for_selector('canvas[data-ready="sample coffee"]')
    guest.says("Ready")
    inside = between(expected(FIRST), expected(SECOND))
    bare = guest.colour(inside)
    guest.page.mouse.move(*guest.at(FIRST))
    paints(guest, inside, bare)
    assert asked_for(guest, "decoder/features") == 2
    assert asked_for(guest, "decoder/weights") == 1


@pytest.mark.parametrize(
    "missing",
    [
        "decoder/weights/*",
        "decoder/kernels/*",
        "decoder/features",
        "scripts/**/decoder/worker.js",
    ],
)
def test_where_the_browser_cannot_the_server_answers(guest, expected, missing):
    guest.page.route(f"**/tamingseg/{missing}", lambda route: route.abort())
    with guest.page.expect_event("requestfailed"):
        guest.page.mouse.move(*guest.at(FIRST))
    guest.click(FIRST)
    assert (guest.mask() == expected(FIRST)).all()


def test_nothing_is_fetched_while_nothing_is_previewed(guest, expected):
    guest.page.uncheck(".preview input")
    guest.page.mouse.move(*guest.at(SECOND))
    guest.click(FIRST)
    assert (guest.mask() == expected(FIRST)).all()
    assert asked_for(guest, "decoder") == 0
