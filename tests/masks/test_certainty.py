"""Fusion of answers: a slow reference, and what one negative click does in each reading."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tamingseg.masks.certainty import FUSIONS, fuse
from tamingseg.values import Click

PROBABILITIES = st.integers(1, 63).map(lambda n: n / 64)  # exact in float32, ties included
ANSWERS = arrays(np.float32, (3, 4, 5), elements=PROBABILITIES)
CORNER = Click(0.5, 0.5)


def slow_certainty(answers):
    fused = np.empty(answers.shape[1:], np.float32)
    for pixel in np.ndindex(fused.shape):
        fused[pixel] = max((p[pixel] for p in answers), key=lambda p: abs(p - 0.5))
    return fused


def slow_prior(answers, prior):
    def odds(p):
        return math.log(p / (1 - p))

    fused = np.empty(answers.shape[1:], np.float32)
    for pixel in np.ndindex(fused.shape):
        held = odds(float(prior[pixel]))
        # Rounded, so that equal changes of mind tie here as they do in float32.
        fused[pixel] = max(
            (float(p[pixel]) for p in answers),
            key=lambda p, held=held: round(abs(odds(p) - held), 4),
        )
    return fused


def slow_component(answers, clicks, threshold):
    current = answers[0].copy()
    height, width = current.shape
    for answer, click in zip(answers[1:], clicks[1:], strict=True):
        proposed = slow_certainty(np.stack([current, answer]))
        changed = (current > threshold) != (proposed > threshold)
        todo, reached = [(int(click.row), int(click.col))], set()
        while todo:
            row, col = pixel = todo.pop()
            if not (0 <= row < height and 0 <= col < width):
                continue
            if pixel not in reached and changed[pixel]:
                reached.add(pixel)
                todo += [(row + dr, col + dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1)]
        for pixel in reached:
            current[pixel] = proposed[pixel]
    return current


@settings(deadline=None)
@given(answers=ANSWERS)
def test_certainty_equals_the_slow_reference(answers):
    np.testing.assert_array_equal(fuse(answers, [CORNER] * 3, "certainty"), slow_certainty(answers))


@settings(deadline=None)
@given(answers=ANSWERS, prior=arrays(np.float32, (4, 5), elements=PROBABILITIES))
def test_prior_equals_the_slow_reference(answers, prior):
    fused, slow = fuse(answers, [CORNER] * 3, "prior", prior), slow_prior(answers, prior)
    # Two answers the same way from the prior on either side may tie up to rounding.
    change_fused, change_slow = (
        np.abs(np.log(p / (1 - p)) - np.log(prior / (1 - prior))) for p in (fused, slow)
    )
    np.testing.assert_allclose(change_fused, change_slow, atol=1e-3)


@settings(deadline=None)
@given(
    answers=ANSWERS,
    places=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=3, max_size=3),
    threshold=st.sampled_from([0.49, 0.5]),
)
def test_component_equals_the_slow_reference(answers, places, threshold):
    clicks = [Click(row + 0.5, col + 0.5) for row, col in places]
    np.testing.assert_array_equal(
        fuse(answers, clicks, "component", threshold=threshold),
        slow_component(answers, clicks, threshold),
    )


@settings(deadline=None)
@given(answers=ANSWERS, fusion=st.sampled_from(FUSIONS))
def test_fusing_one_by_one_equals_fusing_at_once(answers, fusion):
    clicks = [CORNER, Click(2.5, 3.5), Click(3.5, 0.5)]
    current = answers[0]
    for number in (1, 2):
        pair = np.stack([current, answers[number]])
        current = fuse(pair, clicks[number - 1 : number + 1], fusion, prior=0.3)
    np.testing.assert_array_equal(current, fuse(answers, clicks, fusion, prior=0.3))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_one_answer_is_itself(fusion, rng):
    answer = rng.random((1, 4, 5), np.float32)
    np.testing.assert_array_equal(fuse(answer, [CORNER], fusion), answer[0])


def test_prior_one_half_is_plain_certainty(rng):
    answers = rng.uniform(0.01, 0.99, (3, 6, 7)).astype(np.float32)
    plain, against_half = (fuse(answers, [CORNER] * 3, f) for f in ("certainty", "prior"))
    np.testing.assert_array_equal(plain, against_half)


class TestNegativeClick:
    """A scene of many objects, 10x10: the wanted one is the left half, found with p = .9.

    A second spot at the right, apart from it, was taken as well (p = .6). Somebody says "not
    here" there. A calibrated model then knows that a random mask that avoids the spot does not
    hold any given pixel either: certainly no everywhere, p = .02, as it is before any click.
    """

    wanted = np.zeros((10, 10), bool)
    wanted[:, :5] = True
    spot = np.zeros((10, 10), bool)
    spot[3:6, 7:9] = True
    first = np.where(wanted, 0.9, np.where(spot, 0.6, 0.05)).astype(np.float32)
    # What everybody expected of a mask, here and there alike; the spot is now surely excluded.
    prior = np.full((10, 10), 0.04, np.float32)
    second = np.where(spot, 0.001, 0.02).astype(np.float32)
    clicks = (Click(5.5, 2.5), Click(4.5, 7.5, positive=False))

    def mask(self, fusion):
        answers = np.stack([self.first, self.second])
        return fuse(answers, self.clicks, fusion, self.prior) > 0.5

    def test_certainty_as_written_wipes_the_mask(self):
        assert not self.mask("certainty").any()

    @pytest.mark.parametrize("fusion", ["prior", "component"])
    def test_the_other_readings_take_the_spot_away_and_keep_the_rest(self, fusion):
        np.testing.assert_array_equal(self.mask(fusion), self.wanted)

    def test_component_is_no_help_where_the_spot_touches_the_mask(self):
        """The known limit of ``component``: the change is then one piece, and all of it is done."""
        touching = np.where(self.wanted | (np.arange(10) < 9), 0.9, 0.05).astype(np.float32)
        fused = fuse(np.stack([touching, self.second]), self.clicks, "component")
        assert not (fused > 0.5).any()

    def test_a_negative_click_where_nothing_was_taken_changes_nothing_in_component(self):
        clicks = (self.clicks[0], Click(9.5, 9.5, positive=False))
        answers = np.stack([self.first, self.second])
        np.testing.assert_array_equal(fuse(answers, clicks, "component"), self.first)


def test_saturated_answers_stay_finite():
    answers = np.array([[[0.0, 1.0]], [[1.0, 0.0]]], np.float32)
    fused = fuse(answers, [CORNER] * 2, "prior", prior=np.array([[0.0, 1.0]]))
    np.testing.assert_array_equal(fused, [[1.0, 0.0]])


def test_refusals(rng):
    answers = rng.random((2, 3, 3), np.float32)
    with pytest.raises(ValueError, match="2 answers for 1 clicks"):
        fuse(answers, [CORNER], "certainty")
    with pytest.raises(ValueError, match="at least one click"):
        fuse(answers[:0], [], "certainty")
    with pytest.raises(ValueError, match="fusion must be one of certainty, prior, component"):
        fuse(answers, [CORNER] * 2, "mean")
