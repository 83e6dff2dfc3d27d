"""Bins, level sets and calibration counted by hand and pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tamingseg.masks.iou import iou
from tamingseg.metrics.levels import (
    BINS,
    THRESHOLDS,
    bin_pixels,
    calibration_gaps,
    level_ious,
    reliability,
)

ANSWERS = arrays(np.float32, (3, 4), elements=st.floats(0, 1, width=32))
MASKS = arrays(bool, (3, 4))


def test_bins_end_with_their_threshold():
    for dtype in (np.float32, np.float64):
        for place, threshold in enumerate(THRESHOLDS.astype(dtype)):
            around = [threshold, np.nextafter(threshold, dtype(1))]
            assert bin_pixels(np.array([around], dtype)).tolist() == [[place, place + 1]]
        assert bin_pixels(np.array([[0, 1]], dtype)).tolist() == [[0, BINS - 1]]


def test_a_level_by_hand():
    answer = np.array([[0.92, 0.62, 0.01, 0.01]], np.float32)
    ious = level_ious(bin_pixels(answer), np.array([[True, True, True, False]]))
    assert ious[:12] == pytest.approx(2 / 3)  # .05 to .60
    assert ious[12:18] == pytest.approx(1 / 3)  # .65 to .90
    assert ious[18] == 0  # .95, an empty level set


@given(ANSWERS, MASKS, st.none() | MASKS)
def test_levels_against_one_comparison_each(answer, mask, ignore):
    if ignore is not None:
        ignore = ignore & ~mask
    mask[0, 0] = True
    if ignore is not None:
        ignore[0, 0] = False
    ious = level_ious(bin_pixels(answer), mask, ignore)
    slow = [iou(answer > np.float32(level), mask, ignore) for level in THRESHOLDS]
    assert ious.tolist() == pytest.approx(slow)


def test_reliability_by_hand():
    answer = np.array([[0.92, 0.92, 0.62, 0.01]], np.float32)
    mask = np.array([[True, False, True, False]])
    pixels, claimed, found = reliability(answer, bin_pixels(answer), mask)
    assert (pixels[[18, 12, 0]].tolist(), pixels.sum()) == ([0.5, 0.25, 0.25], 1)
    assert claimed[[18, 12, 0]] == pytest.approx([0.46, 0.155, 0.0025])
    assert (found[[18, 12]].tolist(), found.sum()) == ([0.25, 0.25], 0.5)
    ignore = np.array([[False, True, False, False]])
    pixels, claimed, found = reliability(answer, bin_pixels(answer), mask, ignore)
    assert (pixels[18], found[18]) == (1 / 3, 1 / 3)
    assert claimed[18] == pytest.approx(0.92 / 3)


@given(ANSWERS, MASKS, MASKS)
def test_reliability_pixel_by_pixel(answer, mask, ignore):
    ignore[0, 0] = False
    slow = np.zeros((3, BINS))
    for p, inside, ignored in zip(answer.flat, mask.flat, ignore.flat, strict=True):
        if not ignored:
            slow[:, sum(p > t for t in THRESHOLDS.astype(np.float32))] += 1, p, inside
    table = reliability(answer, bin_pixels(answer), mask, ignore)
    np.testing.assert_allclose(table, slow / (~ignore).sum(), atol=1e-9)


def test_calibration_error_is_that_of_all_images_together():
    claimed = np.array([[0.2, 0.3], [0.1, 0.3]])
    found = np.array([[0.3, 0.2], [0.2, 0.6]])
    # Together too little is claimed, in both bins; image 0 is off the other way in the second.
    assert calibration_gaps(claimed, found) == pytest.approx([0.1 - 0.1, 0.1 + 0.3])
    assert calibration_gaps(claimed, claimed).tolist() == [0, 0]


@given(arrays(float, (2, 4, BINS), elements=st.floats(0, 1)))
def test_calibration_error_against_a_loop(tables):
    claimed, found = tables
    slow = sum(abs(claimed[:, place].mean() - found[:, place].mean()) for place in range(BINS))
    assert calibration_gaps(claimed, found).mean() == pytest.approx(slow)
