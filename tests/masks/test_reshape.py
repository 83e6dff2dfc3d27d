"""Shapes changed by hand: known small worlds, and what must hold for every mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tamingseg.masks.reshape import (
    MAX_RADIUS,
    drop_islands,
    fill_holes,
    grow,
    shrink,
    smooth,
    without,
)
from tamingseg.masks.rle import Crop

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9))
radii = st.integers(1, 3)


def grown_slowly(mask, radius):
    rows, cols = np.indices(mask.shape)
    grown = np.zeros_like(mask)
    for row, col in np.argwhere(mask):
        grown |= (rows - row) ** 2 + (cols - col) ** 2 <= radius**2
    return grown


def flooded(mask):
    """The background that is reached from beyond the border, pixel by pixel."""
    outside = np.pad(~mask, 1, constant_values=True)
    reached, todo = np.zeros_like(outside), [(0, 0)]
    while todo:
        row, col = todo.pop()
        inside = 0 <= row < outside.shape[0] and 0 <= col < outside.shape[1]
        if inside and outside[row, col] and not reached[row, col]:
            reached[row, col] = True
            todo += [(row + 1, col), (row - 1, col), (row, col + 1), (row, col - 1)]
    return reached[1:-1, 1:-1]


@given(masks)
def test_holes_are_what_cannot_be_reached_from_outside(mask):
    assert (fill_holes(mask) == ~flooded(mask)).all()


@given(masks, radii)
def test_growing_adds_the_pixels_within_reach(mask, radius):
    before = mask.copy()
    assert (grow(mask, radius) == grown_slowly(mask, radius)).all()
    assert (shrink(mask, radius) == ~grown_slowly(~mask, radius)).all()
    assert (mask == before).all()


@given(masks, radii)
def test_growing_and_shrinking_again_loses_nothing(mask, radius):
    assert (shrink(grow(mask, radius), radius) | ~mask).all()
    assert (grow(shrink(mask, radius), radius) & ~mask).sum() == 0


@given(masks, radii)
def test_smoothing_treats_mask_and_background_alike(mask, radius):
    assert (smooth(mask, radius) == ~smooth(~mask, radius)).all()


def test_smoothing_keeps_straight_lines_and_drops_specks():
    half = np.zeros((20, 20), bool)
    half[:, :10] = True
    rough = half.copy()
    rough[5, 5], rough[12, 15] = False, True
    assert (smooth(rough) == half).all()


@given(masks, st.lists(st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)), max_size=3))
def test_islands_are_kept_whole_or_not_at_all(mask, shares):
    points = [(y * mask.shape[0], x * mask.shape[1]) for y, x in shares]
    kept = drop_islands(mask, points)
    assert (mask | ~kept).all()
    assert kept.any() == mask.any()
    assert not_touching(kept, mask & ~kept)


def not_touching(first, second):
    padded = np.pad(first, 1)
    height, width = first.shape
    near = [padded[r : r + height, c : c + width] for r in range(3) for c in range(3)]
    return not (np.any(near, axis=0) & second).any()


def test_the_clicked_pieces_stay_else_the_largest():
    mask = np.zeros((5, 9), bool)
    mask[:, :2] = mask[1, 4] = mask[3:, 7:] = True
    assert (drop_islands(mask) == (mask & (np.arange(9) < 2))).all()
    assert drop_islands(mask, [(1.5, 4.5)]).sum() == 1
    assert drop_islands(mask, [(1.5, 4.5), (4.9, 8.9), (0, 5)]).sum() == 5
    assert drop_islands(mask, [(0, 5)]).sum() == 10  # a click beside the mask means none of them


def test_others_are_left_their_pixels():
    mask, left = np.ones((2, 4), bool), np.zeros((2, 4), bool)
    left[:, 0] = True
    others = [Crop.of(left), Crop.of(np.roll(left, 1, axis=1)), Crop.of(left & False)]
    assert (without(mask, others) == (np.arange(4) > 1)).all()
    assert without(mask, []).all()


def test_a_radius_must_make_sense():
    for radius in (0, -1, MAX_RADIUS + 1):
        with pytest.raises(ValueError, match=f"from 1 to {MAX_RADIUS} pixels, got {radius}"):
            grow(np.ones((3, 3), bool), radius)
