"""Boxes of masks, and which masks are asked about."""

import numpy as np
import pytest
from masks_of_boxes import box_of, middle, some_masks

from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.values import Sample


def test_the_box_of_a_mask_is_tight_and_jitter_moves_its_sides(rng):
    mask = np.zeros((40, 60), bool)
    mask[10:20, 30:50] = True
    assert box_of(mask, 0, rng) == (10, 30, 20, 50)
    moved = np.array([box_of(mask, 0.1, rng) for _ in range(50)])
    assert (np.abs(moved - (10, 30, 20, 50)) <= (1, 2, 1, 2)).all()
    assert moved.std(axis=0).min() > 0.3


def test_the_click_is_in_the_middle_of_the_box():
    seen = []

    def answer(image, clicks):
        seen.extend(clicks)
        return image[..., 0] / 255

    model = FunctionSegmentor(answer, "bright")
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, 30:] = 255
    mask = middle(model, model.embed(image), (10, 30, 20, 50))
    assert mask.sum() == 40 * 30
    assert (seen[0].row, seen[0].col) == (15, 40)
    middle(model, model.embed(image), (38, 58, 44, 64))
    assert (seen[1].row, seen[1].col) == pytest.approx((39.5, 59.5))


def test_masks_are_drawn_at_random_each_once(rng):
    labels = np.repeat(np.arange(4, dtype=np.int32), 20)[None, None].repeat(20, axis=1)
    sample = Sample(np.zeros((20, 80, 3), np.uint8), labels, "stripes")
    found = some_masks(sample, 2, rng)
    assert [int(mask.sum()) for _, mask in found] == [400, 400]
    assert not (found[0][1] & found[1][1]).any()
    assert len(some_masks(sample, 9, rng)) == 3
