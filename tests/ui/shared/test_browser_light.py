"""The page in a real Chromium: brightness and gamma of the photo."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tamingseg.data.brightness import Light, relit

pytestmark = [
    pytest.mark.browser,
    # Pydantic's word about gradio's own fields, at times, in whichever thread comes first.
    pytest.mark.filterwarnings("ignore:The '.*' attribute with value:UserWarning"),
]

DARK, BLUE, GREY = (165, 185), (300, 440), (40, 60)


@pytest.fixture(scope="module")
def dim(discs):
    """A photo of a disc that is hardly brighter than the ground, and of a bright one: PNG."""
    file = io.BytesIO()
    Image.fromarray(np.array([20, 24, 200], np.uint8)[discs]).convert("RGB").save(file, "PNG")
    return file.getvalue()


def set_light(user, brightness=None, gamma=None, for_model=None):
    """Move the sliders (powers of two) and let go; choose whether clicks see it so."""
    if not user.page.locator(".light").is_visible():
        user.page.click("[data-do=light]")
    for number, power in enumerate((brightness, gamma)):
        if power is not None:
            user.page.locator(".light input[type=range]").nth(number).fill(str(power))
    if for_model is not None:
        user.page.locator(".light input[type=checkbox]").set_checked(for_model)
    return user.settled()


def seen(user, *points):
    return np.array([user.colour(point)[0] for point in points])


@pytest.fixture
def at_dim(user, dim):
    """The user with the dim photo; the sliders are closed in the end."""
    user.upload(dim, "dim.png")
    yield user
    if user.page.locator(".light").is_visible():
        user.page.click("[data-do=light]")


def test_the_sliders_change_how_the_photo_is_shown(at_dim):
    plain = seen(at_dim, GREY, DARK, BLUE)
    assert np.abs(plain - [20, 24, 200]).max() <= 3  # it is shown as a JPEG
    set_light(at_dim, brightness=1, gamma=1)
    expected = relit(plain.astype(np.uint8), Light(2, 2))
    assert np.abs(seen(at_dim, GREY, DARK, BLUE) - expected.astype(int)).max() <= 2
    assert at_dim.page.locator(".light output").all_inner_texts() == ["200 %", "2.00"]
    at_dim.page.click("[data-do=resetLight]")
    at_dim.settled()
    assert (seen(at_dim, GREY, DARK, BLUE) == plain).all()


def test_clicks_see_the_photo_as_it_is_unless_asked_otherwise(at_dim, discs):
    set_light(at_dim, brightness=-3)
    at_dim.click(GREY)
    assert (at_dim.mask() == (discs == 0)).all()
    set_light(at_dim, for_model=True)
    at_dim.says("Masks stay")
    assert (at_dim.mask() == (discs == 0)).all()
    at_dim.press("n").click(GREY)  # in that light the dark disc is as the ground
    assert (at_dim.mask() == (discs != 2)).all()
    at_dim.page.click("[data-do=resetLight]")
    at_dim.says("as it is")
    at_dim.press("n").click(GREY)
    assert (at_dim.mask() == (discs == 0)).all()


def test_steps_before_and_after_a_change_of_light_are_taken_back(at_dim, discs):
    at_dim.click(GREY).press("n")
    set_light(at_dim, brightness=-3, for_model=True)
    at_dim.click(BLUE)
    at_dim.press("Control+z", "Control+z")
    assert at_dim.objects() == 1
    at_dim.press("Control+z")
    at_dim.has_objects(0)
    at_dim.press("Control+Shift+z")
    assert (at_dim.mask() == (discs == 0)).all()


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_the_light_of_a_photo_is_kept(at_dim, app, discs, discs_png, is_forgotten):
    set_light(at_dim, brightness=-3, for_model=True)
    at_dim.click(BLUE)
    at_dim.saved()
    if is_forgotten:
        app.workspaces._workspaces.clear()
    at_dim.reload()
    at_dim.has_objects(1)
    assert (seen(at_dim, GREY) < 10).all()
    at_dim.press("n").click(GREY)
    assert (at_dim.mask() == (discs != 2)).all()
    at_dim.saved()
    at_dim.upload(discs_png, "other.png")
    expect(at_dim.page.locator(".light output").first).to_have_text("100 %")
    at_dim.page.click('button.photo[title="dim.png"] >> nth=0')
    expect(at_dim.page.locator(".light output").first).to_have_text("13 %")


def test_tones_are_those_of_the_server(scripts):
    for light in (Light(), Light(2.0, 0.5), Light(0.125, 4.0), Light(8.0, 0.25), Light(1.1, 1.3)):
        shown = scripts.evaluate("light => [...tonesOf(light)]", light._asdict())
        off = np.array(shown) - relit(np.arange(256, dtype=np.uint8), light)
        assert (off != 0).mean() <= 0.01  # where the power is rounded the other way
        assert np.abs(off).max() <= 1


@pytest.mark.parametrize("width", [380, 800, 1280])
def test_all_tools_are_within_the_photo_s_frame(visitor, width):
    user = visitor(viewport={"width": width, "height": 700})
    user.page.click("[data-do=light]")
    beyond = user.page.evaluate(
        """() => {
            const stage = document.querySelector(".stage").getBoundingClientRect();
            return [...document.querySelectorAll(".tools button, .light input")]
                .filter(one => one.offsetParent).map(one => one.getBoundingClientRect())
                .filter(box => box.left < stage.left || box.right > stage.right
                    || box.top < stage.top || box.bottom > stage.bottom).length;
        }"""
    )
    assert beyond == 0
