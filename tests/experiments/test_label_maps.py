"""Masks in label maps: by hand, and what holds for any masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from label_maps import label_maps_of

from tamingseg.values import MaskSet


def boxes(*ends):
    """Masks 12x12 of (top, left, bottom, right)."""
    masks = np.zeros((len(ends), 12, 12), bool)
    for mask, (top, left, bottom, right) in zip(masks, ends, strict=True):
        mask[top:bottom, left:right] = True
    return MaskSet.from_masks(masks)


def test_parts_and_wholes_lie_in_different_maps():
    masks = boxes((0, 0, 12, 6), (2, 2, 5, 5), (0, 6, 12, 12), (0, 0, 12, 12), (7, 7, 9, 9))
    maps = label_maps_of(masks, 5)
    expected = np.zeros((3, 12, 12), np.int32)
    expected[0, :, :6], expected[0, :, 6:] = 1, 2
    expected[1, 2:5, 2:5], expected[1, 7:9, 7:9] = 1, 2
    expected[2] = 1
    np.testing.assert_array_equal(maps, expected)
    np.testing.assert_array_equal(label_maps_of(masks, 2), expected[:2])


def test_outlines_may_overlap_a_little():
    """Of each mask's 10 columns the other holds one, then two."""
    for left, maps in ((9, 1), (8, 2)):
        masks = np.zeros((2, 12, 20), bool)
        masks[0, :, :10], masks[1, :, left : left + 10] = True, True
        assert len(label_maps_of(MaskSet.from_masks(masks), 3)) == maps


def test_no_masks_no_maps():
    assert label_maps_of(boxes(), 3).shape == (0, 12, 12)
    assert label_maps_of(MaskSet.from_masks(np.zeros((2, 12, 12), bool)), 3).shape == (0, 12, 12)
    with pytest.raises(ValueError, match="at least 1 label map, got 0"):
        label_maps_of(boxes(), 0)


@given(arrays.arrays(bool, st.tuples(st.integers(0, 6), st.just(4), st.just(5))), st.integers(1, 4))
def test_as_the_definition_says(masks, most):
    """Sets of pixels instead of maps: what a region is, and where it goes."""
    maps: list[list[set]] = [[] for _ in range(most)]
    for mask in masks:
        pixels = set(zip(*np.nonzero(mask), strict=True))
        for regions in maps:
            free = pixels - set().union(*regions)
            fits = all(10 * len(pixels & region) <= len(region) for region in regions)
            if free and 10 * len(free) >= 9 * len(pixels) and fits:
                regions.append(free)
                break
    expected = np.zeros((most, 4, 5), np.int32)
    for label_map, regions in zip(expected, maps, strict=True):
        for label, region in enumerate(regions, 1):
            label_map[tuple(zip(*region, strict=True))] = label
    expected = expected[expected.any(axis=(1, 2))]
    np.testing.assert_array_equal(label_maps_of(MaskSet.from_masks(masks), most), expected)
