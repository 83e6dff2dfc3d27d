"""Masks painted over each other, checked pixel by pixel."""

import numpy as np
import pytest

from tamingseg.partition.paint import paint_masks, region_masks
from tamingseg.values import MaskSet


@pytest.fixture
def masks():
    """Best first: a part, the whole it lies on, something apart."""
    masks = np.zeros((3, 4, 9), bool)
    masks[0, 1:3, 1:3] = True
    masks[1, :, :5] = True
    masks[2, 0, 7:] = True
    return MaskSet.from_masks(masks)


def test_parts_stay_visible_on_their_whole(masks):
    maps = paint_masks(masks, [1, 2, 3, 100])
    assert maps.dtype == np.int32
    part, whole, apart = masks[0], masks[1], masks[2]
    np.testing.assert_array_equal(maps[0], np.where(part, 2, 1))
    np.testing.assert_array_equal(maps[1], np.where(part, 2, np.where(whole, 3, 1)))
    np.testing.assert_array_equal(maps[2], np.where(apart, 4, maps[1]))
    np.testing.assert_array_equal(maps[3], maps[2])


def test_no_masks_is_one_region():
    empty = MaskSet.from_masks(np.zeros((0, 4, 9), bool))
    np.testing.assert_array_equal(paint_masks(empty, [1, 5]), np.ones((2, 4, 9), np.int32))


def test_a_budget_of_none(masks):
    with pytest.raises(ValueError, match="at least 1 mask, got 0"):
        paint_masks(masks, [2, 0])


def test_the_regions_of_a_partition_as_masks(masks):
    labels = np.array([[1, 1, 3], [2, 1, 3]], np.int32)
    found = region_masks(labels)
    assert len(found) == 3
    for number in range(3):
        np.testing.assert_array_equal(found[number], labels == number + 1)
    painted = paint_masks(masks, [3])[0]
    assert len(region_masks(painted)) == painted.max()


@pytest.mark.parametrize("labels", [np.zeros((2, 2), int), np.ones((2, 2)), np.ones(4, int)])
def test_what_is_no_partition(labels):
    with pytest.raises(ValueError, match="labels from 1"):
        region_masks(labels)
