"""The level of an answer that persists is its default mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit

from tamingseg.masks.persistent import centred_on, persistent_level

LEVELS = np.arange(0.05, 0.96, 0.05)

MAPS = arrays(np.float32, (6, 7), elements=st.floats(0.0625, 0.9375, width=16))


def nested(*parts):
    """A map of one row: so many pixels of each probability."""
    return np.concatenate([np.full(count, value) for count, value in parts])


def test_a_sure_answer_keeps_its_level():
    assert persistent_level(nested((50, 0.99), (50, 0.01))) == pytest.approx(0.5)


def test_half_way_through_a_jump_the_longer_plateau_is_taken():
    """Ten pixels over eight levels, 25 over six; at 1/2 it is 20, for one level only."""
    part = persistent_level(nested((10, 0.97), (5, 0.58), (5, 0.53), (5, 0.48), (75, 0.17)))
    assert 0.58 <= part < 0.97
    # Most levels are those of the whole: it is the answer, though the part is surer.
    whole = persistent_level(nested((10, 0.96), (40, 0.72), (50, 0.02)))
    assert whole < 0.72


def test_what_is_probably_not_meant_is_not_taken():
    """The whole has the longer plateau, but below .4 everywhere."""
    assert persistent_level(nested((10, 0.97), (90, 0.36))) >= 0.4 - 1e-9


@given(MAPS)
def test_it_is_the_greatest_expected_iou_of_the_levels_allowed(answer):
    def expected(level):
        chosen = answer > level
        ious = []
        for other in (answer > t for t in LEVELS):
            union = (chosen | other).sum()
            # An empty set counts as one pixel.
            ious.append(max((chosen & other).sum(), 1) / max(union, 1))
        return np.mean(ious)

    best = max(expected(level) for level in LEVELS if level > 0.39)
    assert expected(LEVELS[np.abs(LEVELS - persistent_level(answer)).argmin()]) >= best - 1e-6


@given(MAPS, st.floats(0.4, 0.95))
def test_bending_keeps_the_order_and_moves_the_level_to_one_half(answer, level):
    logits = logit(answer.astype(np.float64))
    bent = centred_on(logits, level)
    far = np.abs(answer - level) > 1e-6
    np.testing.assert_array_equal((bent > 0)[far], (answer > level)[far])
    assert (np.diff(bent.ravel()[np.argsort(logits, axis=None)]) >= -1e-9).all()
    below = answer < level
    np.testing.assert_allclose(expit(bent)[below], (answer * 0.5 / level)[below], atol=1e-5)
    np.testing.assert_allclose(centred_on(logits, 0.5), logits, atol=1e-4)


def test_sure_logits_stay_numbers():
    bent = centred_on(np.array([-200, -30, 0, 30, 200], np.float32), 0.6)
    assert np.isfinite(bent).all()
    assert bent.dtype == np.float32
    assert (np.diff(bent) >= 0).all()
