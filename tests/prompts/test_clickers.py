"""Simulated clicks: never on the wrong side, equal to the official evaluation clicker."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tamingseg.prompts.clickers import center_click, error_click, many_clicks, random_click

MASKS = arrays(bool, (7, 9))


def pixel(click):
    return int(click.row), int(click.col)


@settings(deadline=None)
@given(target=MASKS, ignore=MASKS, seed=st.integers(0, 2**32), positive=st.booleans())
def test_random_click_is_on_its_side_and_never_ignored(target, ignore, seed, positive):
    allowed = (target if positive else ~target) & ~ignore
    rng = np.random.default_rng(seed)
    if not allowed.any():
        with pytest.raises(ValueError, match=r"no pixel .* to click on"):
            random_click(target, rng, positive, ignore)
        return
    click = random_click(target, rng, positive, ignore)
    assert allowed[pixel(click)]
    assert click.positive == positive


@settings(deadline=None)
@given(target=MASKS, others=MASKS, ignore=MASKS, seed=st.integers(0, 2**32))
def test_many_clicks_are_on_their_side_and_never_ignored(target, others, ignore, seed):
    rng = np.random.default_rng(seed)
    if not (target & ~ignore).any():
        with pytest.raises(ValueError, match="to click on"):
            many_clicks(target, rng, others, ignore)
        return
    clicks = many_clicks(target, rng, others, ignore)
    assert all(target[pixel(click)] == click.positive for click in clicks)
    assert not any(ignore[pixel(click)] for click in clicks)
    signs = [click.positive for click in clicks]
    assert signs == sorted(signs, reverse=True)
    assert 1 <= sum(signs) <= 24
    assert len(signs) - sum(signs) <= 24


@settings(deadline=None)
@given(target=MASKS, prediction=MASKS, ignore=MASKS, seed=st.integers(0, 2**32))
def test_clicks_on_errors_are_on_errors(target, prediction, ignore, seed):
    wrong = (target != prediction) & ~ignore
    for click in (
        center_click(target, prediction, ignore=ignore),
        error_click(target, prediction, np.random.default_rng(seed), ignore),
    ):
        assert (click is None) == (not wrong.any())
        if click is not None:
            assert wrong[pixel(click)]
            assert target[pixel(click)] == click.positive


def test_random_click_is_uniform(rng):
    target = np.zeros((4, 5), bool)
    target[1, 2:4] = target[3, 0] = True
    counts = np.zeros(target.shape)
    for _ in range(3000):
        counts[pixel(random_click(target, rng))] += 1
    assert (counts[~target] == 0).all()
    assert np.abs(counts[target] - 1000).max() < 150  # about six standard deviations


def test_clicks_lie_on_pixel_centres(rng):
    click = random_click(np.ones((1, 1), bool), rng)
    assert (click.row, click.col) == (0.5, 0.5)


def test_center_click_by_hand():
    target = np.zeros((9, 9), bool)
    target[2:7, 2:7] = True
    click = center_click(target, np.zeros_like(target))
    assert (pixel(click), click.positive) == ((4, 4), True)
    # What is missing and what is too much are equally deep: not strictly deeper, so negative.
    prediction = np.zeros_like(target)
    target = np.zeros_like(target)
    target[0:3, 0:3] = prediction[5:8, 5:8] = True
    click = center_click(target, prediction)
    assert (pixel(click), click.positive) == ((6, 6), False)


def test_the_edge_of_the_image_bounds_an_error():
    click = center_click(np.ones((5, 7), bool), np.zeros((5, 7), bool))
    assert pixel(click) == (2, 2)  # depth 3 from column 2 to 4: the first in reading order


def test_nothing_wrong_is_no_click(rng):
    mask = np.eye(4, dtype=bool)
    assert center_click(mask, mask) is None
    assert error_click(mask, mask, rng) is None


def test_a_pixel_is_not_clicked_twice():
    target = np.zeros((3, 3), bool)
    target[1, 1] = True
    assert center_click(target, np.zeros_like(target), not_clicked=~target) is None


def test_error_click_stays_in_the_inner_half(rng):
    target = np.zeros((20, 20), bool)
    target[2:18, 2:18] = True  # depth 8 in the middle; deeper than 4 is rows and columns 6..13
    hits = {pixel(error_click(target, np.zeros_like(target), rng)) for _ in range(500)}
    rows, cols = np.array(sorted(hits)).T
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (6, 13, 6, 13)


def test_many_clicks_has_segnexts_frequencies(rng):
    target = np.zeros((30, 30), bool)
    target[8:20, 8:20] = True
    counts = [
        np.bincount([click.positive for click in many_clicks(target, rng)], minlength=2)
        for _ in range(1500)
    ]
    negatives, positives = np.array(counts).T
    # 1500 draws: the standard error is about .01 of a share and .12 of a mean.
    assert np.mean(positives == 1) == pytest.approx(0.201, abs=0.05)
    assert np.mean(negatives == 0) == pytest.approx(0.201, abs=0.05)
    assert positives.mean() == pytest.approx(4.89, abs=0.5)
    assert negatives.mean() == pytest.approx(3.91, abs=0.5)


def test_many_clicks_prefers_other_objects_and_the_ring(rng):
    target, others = np.zeros((2, 100, 100), bool)
    target[40:60, 40:60] = True  # the ring is ceil(.1 * 20) = 2 px wide
    others[:5, :5] = True
    ring = np.zeros_like(target)
    ring[38:62, 38:62] = True
    clicks = [c for _ in range(300) for c in many_clicks(target, rng, others) if not c.positive]
    in_ring = np.mean([ring[pixel(click)] for click in clicks])
    in_others = np.mean([others[pixel(click)] for click in clicks])
    assert in_ring == pytest.approx(0.5, abs=0.08)
    assert in_others == pytest.approx(0.4, abs=0.08)


@pytest.mark.parametrize("width", [120, 128, 133])
def test_the_first_of_equally_deep_pixels_is_taken(width):
    rows, cols = np.mgrid[:100, :width]
    centres = [(12 + 22 * (i // 5) + i % 3, 12 + 22 * (i % 5)) for i in range(20)]
    # The deepest pixels are the centres, at a distance whose root OpenCV gives in several ways.
    near = [(rows - row) ** 2 + (cols - col) ** 2 < 90 for row, col in centres]
    target = np.logical_or.reduce(near)
    for _ in range(5):
        assert pixel(center_click(target, np.zeros_like(target))) == min(centres)


@pytest.mark.data
def test_center_click_equals_the_official_clicker(shared_fixtures):
    cases = np.load(shared_fixtures / "centre_clicker_official.npz")
    for target, prediction, clicks in zip(
        cases["targets"].astype(bool), cases["first_prediction"], cases["clicks"], strict=True
    ):
        not_clicked = np.ones_like(target)
        painted = prediction.astype(np.uint8)
        for positive, row, col in clicks.tolist():
            click = center_click(target, painted.astype(bool), not_clicked)
            assert (click.positive, *pixel(click)) == (positive, row, col)
            not_clicked[row, col] = False
            cv2.circle(painted, (col, row), 9, positive, -1)
