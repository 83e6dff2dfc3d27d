"""The boundary measures against their definitions, written out slowly and plainly.

Sources: Cheng et al., "Boundary IoU", CVPR 2021, and bowenc0221/boundary-iou-api; Perazzi et al.,
CVPR 2016, and davisvideochallenge/davis-2017 (``f_boundary.py``).
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tamingseg.metrics.boundary import boundary_f, boundary_f_of_regions, boundary_iou


def slow_band(mask, width):
    """Erode `width` times by a 3 x 3 square in an image framed by background; what goes is it."""
    kept = np.pad(mask, 1)
    for _ in range(width):
        before = np.pad(kept, 1)
        for row in range(kept.shape[0]):
            for col in range(kept.shape[1]):
                kept[row, col] = before[row : row + 3, col : col + 3].all()
    return mask & ~kept[1:-1, 1:-1]


def slow_boundary_iou(first, second):
    width = max(1, round(0.02 * math.sqrt(first.shape[0] ** 2 + first.shape[1] ** 2)))
    one, other = slow_band(first, width), slow_band(second, width)
    union = (one | other).sum()
    return (one & other).sum() / union if union else 1.0


def slow_outline(mask):
    """The benchmark's ``seg2bmap``: half a pixel up and left of the edge between pixels."""
    outline = set()
    height, width = mask.shape
    for row in range(height):
        for col in range(width):
            others = [(row, col + 1), (row + 1, col), (row + 1, col + 1)]
            inside = [(r, c) for r, c in others if r < height and c < width]
            if any(mask[place] != mask[row, col] for place in inside):
                outline.add((row, col))
    return outline


def slow_boundary_f(first, second):
    radius = math.ceil(0.008 * math.sqrt(first.shape[0] ** 2 + first.shape[1] ** 2))
    one, other = slow_outline(first), slow_outline(second)
    if not one or not other:
        return float(not one and not other)

    def share(points, targets):
        targets = np.array(list(targets))
        near = [(((targets - point) ** 2).sum(axis=1) <= radius**2).any() for point in points]
        return sum(near) / len(near)

    precision, recall = share(one, other), share(other, one)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0


def blobs(rng, size):
    """A mask of a few rectangles, some over the edge of the image, one of them a hole."""
    mask = np.zeros(size, bool)
    for number in range(3):
        top, left = rng.integers(-4, size)
        high, wide = rng.integers(1, size)
        mask[max(0, top) : top + high, max(0, left) : left + wide] = number < 2
    return mask


@pytest.mark.parametrize("size", [(40, 60), (60, 70), (2, 130), (120, 9)])
def test_against_the_definitions(size, rng):
    seen = set()
    for _ in range(5):
        first, second = blobs(rng, size), blobs(rng, size)
        iou, f = boundary_iou(first, second), boundary_f(first, second)
        assert iou == pytest.approx(slow_boundary_iou(first, second), abs=1e-12)
        assert f == pytest.approx(slow_boundary_f(first, second), abs=1e-12)
        seen |= {iou, f}
    assert len(seen) > 3


masks = arrays(bool, (7, 12))


@settings(max_examples=40)
@given(masks, masks, masks)
def test_any_masks(first, second, ignore):
    assert boundary_iou(first, second) == pytest.approx(slow_boundary_iou(first, second))
    assert boundary_f(first, second) == pytest.approx(slow_boundary_f(first, second))
    for measure in (boundary_iou, boundary_f):
        value = measure(first, second, ignore)
        assert 0 <= value <= 1
        assert value == measure(second, first, ignore)  # each is symmetric
        assert value == measure(first | ignore, second & ~ignore, ignore)
        assert measure(first, first, ignore) == 1


label_maps = arrays(np.int32, (7, 12), elements=st.integers(0, 3))


@settings(max_examples=40)
@given(label_maps, label_maps)
def test_any_label_maps(first, second):
    f = boundary_f_of_regions(first, second)
    assert f == pytest.approx(slow_boundary_f(first, second))
    assert f == boundary_f_of_regions(second, 3 - first)  # labels may have any numbers
    assert boundary_f_of_regions(first, first) == 1
    halves = first > 1
    assert boundary_f_of_regions(halves, second > 1) == boundary_f(halves, second > 1)


def test_label_maps_of_other_sizes_are_refused():
    with pytest.raises(ValueError, match="two label maps of one"):
        boundary_f_of_regions(np.ones((2, 3), int), np.ones((3, 2), int))


@given(st.integers(100, 300), st.integers(100, 300), st.integers(0, 12))
def test_a_square_that_is_moved(height, width, move):
    """By hand: bands of d pixels of two squares of side 60, one `move` pixels further down."""
    first, second = np.zeros((2, height, width), bool)
    first[20:80, 20:80] = second[20 + move : 80 + move, 20:80] = True
    d = max(1, round(0.02 * math.hypot(height, width)))
    hole = 60 - 2 * d
    both_squares = 60 * (60 - move)
    in_hole_and_square = hole * min(hole, 60 - move - d)
    both_holes = hole * (hole - move)
    both = both_squares - 2 * in_hole_and_square + both_holes
    each = 60**2 - hole**2
    assert boundary_iou(first, second) == pytest.approx(both / (2 * each - both))
    if move <= math.ceil(0.008 * math.hypot(height, width)):
        assert boundary_f(first, second) == 1
    else:
        assert boundary_f(first, second) < 1


def test_empty_and_full_masks():
    empty, full = np.zeros((30, 40), bool), np.ones((30, 40), bool)
    disc = np.hypot(*(np.mgrid[:30, :40] - 15)) < 9
    assert boundary_iou(empty, empty) == boundary_f(empty, empty) == 1
    assert boundary_iou(empty, disc) == boundary_f(empty, disc) == boundary_f(disc, empty) == 0
    assert boundary_iou(full, full) == boundary_f(full, full) == 1
    assert boundary_f(full, empty) == 1  # neither has an outline inside the image
    assert boundary_iou(full, empty) == 0  # but the image's edge bounds a band


def test_where_nothing_is_known_everything_is_right():
    disc = np.hypot(*(np.mgrid[:30, :40] - 15)) < 9
    everywhere = np.ones((30, 40), bool)
    for measure in (boundary_iou, boundary_f):
        assert measure(disc, ~disc, everywhere) == 1
