"""IoU counted by hand, and what empty masks give."""

import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import arrays

from tamingseg.masks.iou import iou

EMPTY = np.zeros((4, 4), bool)


def square(top, left, side=2):
    mask = EMPTY.copy()
    mask[top : top + side, left : left + side] = True
    return mask


def test_by_hand():
    assert iou(square(0, 0), square(0, 0)) == 1
    assert iou(square(0, 0), square(2, 2)) == 0
    assert iou(square(0, 0), square(0, 1)) == 2 / 6
    assert iou(square(0, 0), square(0, 0, 4)) == 4 / 16


def test_empty_masks():
    assert iou(EMPTY, EMPTY) == 1
    assert iou(EMPTY, square(0, 0)) == 0
    assert iou(square(0, 0), EMPTY) == 0


def test_ignored_pixels_count_neither_way():
    ignore = square(0, 1)
    assert iou(square(0, 0), square(0, 1), ignore) == 0  # only column 0 of the first is left
    assert iou(square(0, 1), square(0, 1), ignore) == 1  # nothing is left
    assert iou(square(0, 0, 4), square(0, 0), ignore) == 2 / 12


@given(*[arrays(bool, (3, 4))] * 3)
def test_symmetric_and_equal_to_counting(first, second, ignore):
    both = either = 0
    for a, b, unknown in zip(first.flat, second.flat, ignore.flat, strict=True):
        both += a and b and not unknown
        either += (a or b) and not unknown
    assert iou(first, second, ignore) == (both / either if either else 1)
    assert iou(first, second, ignore) == iou(second, first, ignore)
