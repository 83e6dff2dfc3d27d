"""Looking closer: which window is taken, and what is asked through it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.segmentors.click import ClickSegmentor
from tamingseg.segmentors.zoom import ZOOMS, ZoomSegmentor, zoom_window
from tamingseg.values import Click


def box(height, width, rows, cols):
    mask = np.zeros((height, width), bool)
    mask[slice(*rows), slice(*cols)] = True
    return mask


@st.composite
def scenes(draw):
    height, width = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    bottom, right = draw(st.integers(top, height)), draw(st.integers(left, width))
    clicks = draw(
        st.lists(
            st.builds(
                Click,
                st.floats(0, height, exclude_max=True),
                st.floats(0, width, exclude_max=True),
                st.booleans(),
            ),
            min_size=1,
            max_size=4,
        )
    )
    return box(height, width, (top, bottom), (left, right)), clicks


@given(scenes())
def test_a_window_holds_mask_and_clicks_and_lies_in_the_image(scene):
    mask, clicks = scene
    window = zoom_window(mask, clicks)
    if window is None:
        return
    top, left, height, width = window
    assert 0 <= top <= top + height <= mask.shape[0]
    assert 0 <= left <= left + width <= mask.shape[1]
    assert mask[top : top + height, left : left + width].sum() == mask.sum()
    for click in clicks:
        assert top <= click.row < top + height
        assert left <= click.col < left + width
    assert any(
        height == np.ceil(mask.shape[0] / zoom) and width == np.ceil(mask.shape[1] / zoom)
        for zoom in ZOOMS
    )


def test_small_objects_are_seen_larger():
    click = [Click(100, 100)]
    assert zoom_window(box(400, 800, (90, 110), (90, 120)), click) == (48, 0, 100, 200)
    assert zoom_window(box(400, 800, (50, 180), (90, 120)), click)[2:] == (200, 400)
    assert zoom_window(box(400, 800, (10, 390), (90, 120)), click) is None
    # A click far off has to be seen too.
    assert zoom_window(box(400, 800, (90, 110), (90, 120)), [*click, Click(399, 799)]) is None


def test_a_little_more_mask_is_seen_through_the_same_window():
    click = [Click(100, 100)]
    first = zoom_window(box(400, 800, (90, 110), (90, 120)), click)
    assert zoom_window(box(400, 800, (88, 111), (90, 122)), click) == first


@pytest.fixture
def pair(make_model):
    model = make_model("clicknet")
    return ClickSegmentor(model, "plain"), ZoomSegmentor(model, "zoom")


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (120, 160, 3), np.uint8)


CLICKS = [Click(60, 80), Click(70, 90, positive=False)]


def test_without_a_mask_to_look_at_nothing_changes(pair, image):
    one = [segmentor.predict_jointly(segmentor.embed(image), CLICKS) for segmentor in pair]
    np.testing.assert_array_equal(*one)
    both = [segmentor.predict(segmentor.embed(image), CLICKS) for segmentor in pair]
    np.testing.assert_array_equal(*both)


def test_the_window_is_asked_about_like_an_image_of_its_own(pair, image, monkeypatch):
    plain, zoom = pair
    previous = box(120, 160, (55, 75), (70, 95)).astype(np.float32)
    monkeypatch.setattr(
        "tamingseg.segmentors.zoom.zoom_window", lambda mask, clicks: (30, 40, 60, 80)
    )
    answer = zoom.predict_jointly(zoom.embed(image), CLICKS, previous)
    moved = [Click(click.row - 30, click.col - 40, click.positive) for click in CLICKS]
    part = np.s_[30:90, 40:120]
    cut = plain.embed(image[part].copy())
    np.testing.assert_array_equal(answer[part], plain.predict_jointly(cut, moved, previous[part]))
    around = plain.predict_jointly(plain.embed(image), CLICKS, previous)
    outside = np.ones((120, 160), bool)
    outside[part] = False
    np.testing.assert_array_equal(answer[outside], around[outside])


def test_answers_do_not_depend_on_what_was_asked_before(pair, image, rng):
    _, zoom = pair
    used = zoom.embed(image)
    for _ in range(6):
        top, left = rng.integers(0, 80), rng.integers(0, 120)
        previous = box(120, 160, (top, top + 12), (left, left + 12)).astype(np.float32)
        clicks = [Click(top + 5, left + 5)]
        fresh = zoom.predict_jointly(zoom.embed(image), clicks, previous)
        np.testing.assert_array_equal(zoom.predict_jointly(used, clicks, previous), fresh)
        assert len(used.windows) <= 2
    assert used.nbytes > 3 * pair[0].embed(image).nbytes
