"""Prague's measures counted by hand and against loops over masks."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tamingseg.metrics.mosaics import MEASURES, label_like, score_mosaic

MAPS = arrays(np.int32, (4, 5), elements=st.sampled_from([1, 2, 3, 8]))
HALVES = np.repeat([[1] * 4 + [2] * 4], 8, axis=0).astype(np.int32)
QUARTERS = HALVES + np.repeat([[0]] * 4 + [[2]] * 4, 8, axis=1).astype(np.int32)
WHOLE = np.ones((8, 8), np.int32)


def masks_of(label_map):
    return [label_map == label for label in np.unique(label_map)]


def slow_correct(found, truth):
    """Every way to give each true region another found one, or none."""
    found, truth = masks_of(found), masks_of(truth)
    choices = [*found, *[np.zeros_like(truth[0])] * len(truth)]
    ways = itertools.permutations(choices, len(truth))
    return max(sum((f & t).sum() for f, t in zip(way, truth, strict=True)) for way in ways)


def slow_detections(found, truth, k):
    def is_in(part, whole):
        return (part & whole).sum() >= k * part.sum()

    found, truth = masks_of(found), masks_of(truth)
    pairs = [(f, t) for f in range(len(found)) for t in range(len(truth))]
    correct = [(f, t) for f, t in pairs if is_in(found[f], truth[t]) and is_in(truth[t], found[f])]
    right, true_right = {f for f, _ in correct}, {t for _, t in correct}
    over, under, good = set(), set(), set(right)
    for t in set(range(len(truth))) - true_right:
        parts = [f for f in range(len(found)) if is_in(found[f], truth[t])]
        if len(parts) > 1 and is_in(truth[t], np.any([found[f] for f in parts], axis=0)):
            over.add(t)
            good.update(parts)
    for f in set(range(len(found))) - right:
        parts = [t for t in range(len(truth)) if is_in(truth[t], found[f])]
        if len(parts) > 1 and is_in(found[f], np.any([truth[t] for t in parts], axis=0)):
            under.update(parts)
            good.add(f)
    missed = len(truth) - len(true_right | over | under)
    counts = [len(true_right), len(over), len(under), missed]
    return [count / len(truth) for count in counts] + [1 - len(good) / len(found)]


@settings(deadline=None, max_examples=150)
@given(found=MAPS, truth=MAPS, k=st.sampled_from([0.6, 0.75, 1.0]))
def test_against_loops(found, truth, k):
    scores = score_mosaic(found, truth, k)
    assert tuple(scores) == MEASURES
    assert scores["correct"] == pytest.approx(slow_correct(found, truth) / truth.size)
    assert scores["correct"] == pytest.approx((label_like(found, truth) == truth).mean())
    assert [scores[name] for name in ("CS", "OS", "US", "ME", "NE")] == pytest.approx(
        slow_detections(found, truth, k)
    )
    assert sum(scores[name] for name in ("CS", "OS", "US", "ME")) == pytest.approx(1)


@settings(deadline=None)
@given(truth=MAPS)
def test_other_numbers_for_the_same_regions_are_right(truth):
    scores = score_mosaic(10 - truth, truth)
    assert (scores["correct"], scores["CS"]) == (1, 1)
    assert not any(scores[name] for name in ("OS", "US", "ME", "NE", "O", "C"))
    np.testing.assert_array_equal(label_like(10 - truth, truth), truth)


def test_labels_of_partners_and_of_regions_without():
    named = label_like(QUARTERS, 5 * HALVES)
    assert named.dtype == np.int32
    assert set(np.unique(named[:, :4])) <= {5, 11, 12, 13, 14}
    assert set(np.unique(named)) >= {5, 10}
    assert len(np.unique(named)) == 4, "no two regions became one"


def test_each_kind_of_mistake():
    split = score_mosaic(QUARTERS, HALVES)
    assert (split["OS"], split["NE"], split["correct"]) == (1, 0, 0.5)
    assert (split["O"], split["C"]) == (0.5, 0.5)  # two of four quarters have no partner
    joined = score_mosaic(HALVES, QUARTERS)
    assert (joined["US"], joined["NE"], joined["correct"]) == (1, 0, 0.5)
    assert (joined["O"], joined["C"]) == (0.5, 0.5)
    across = score_mosaic(HALVES.T, HALVES)
    assert (across["ME"], across["NE"], across["correct"]) == (1, 1, 0.5)


@pytest.mark.parametrize(("columns", "right"), [(6, 1.0), (5, 0.0)])
def test_both_sides_of_the_threshold(columns, right):
    truth = np.array([[1] * 8 + [2] * 8])
    found = np.array([[1] * columns + [2] * (16 - columns)])
    assert score_mosaic(found, truth)["CS"] == right  # 6 of 8 is 0.75, 5 of 8 is less


def test_pixel_errors_by_hand():
    truth = np.array([[1] * 8 + [2] * 4])
    found = np.array([[1] * 6 + [2] * 6])
    scores = score_mosaic(found, truth)
    assert scores["correct"] == pytest.approx(10 / 12)
    assert scores["O"] == pytest.approx((2 / 8 + 0) / 2)
    assert scores["C"] == pytest.approx((0 + 2 / 6) / 2)


def test_bad_input():
    with pytest.raises(ValueError, match="of the truth"):
        score_mosaic(HALVES[:4], HALVES)
    with pytest.raises(ValueError, match="integers from 1"):
        score_mosaic(HALVES - 1, HALVES)
    with pytest.raises(ValueError, match=r"above 0.5 and at most 1, got 0.5"):
        score_mosaic(HALVES, HALVES, threshold=0.5)
