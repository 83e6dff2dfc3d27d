"""Overlays, pixel by pixel."""

import numpy as np
import pytest

from tamingseg.values import Click, MaskSet
from tamingseg.viz import colour_of, draw_clicks, overlay, overlay_masks


def test_overlay_tints_the_mask_and_draws_its_outline():
    image = np.full((9, 9, 3), 100, np.uint8)
    mask = np.zeros((9, 9), bool)
    mask[2:7, 2:9] = True  # touches the right edge of the image, where no outline is
    drawn = overlay(image, mask, colour=(200, 0, 50), opacity=0.5)
    assert (image == 100).all()
    assert (drawn[~mask] == 100).all()
    assert drawn[4, 5].tolist() == drawn[4, 8].tolist() == [150, 50, 75]
    assert drawn[2, 5].tolist() == drawn[4, 2].tolist() == [200, 0, 50]


def test_an_empty_mask_changes_nothing(rng):
    image = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    np.testing.assert_array_equal(overlay(image, np.zeros((5, 6), bool)), image)


def test_sizes_must_agree():
    with pytest.raises(ValueError, match="mask must have"):
        overlay(np.zeros((5, 6, 3), np.uint8), np.zeros((6, 5), bool))


def test_click_marks_tell_the_signs_apart_and_leave_the_image_alone():
    image = np.zeros((60, 60, 3), np.uint8)
    drawn = draw_clicks(image, [Click(15.5, 15.5), Click(45.5, 45.5, positive=False)])
    assert not image.any()
    above = 4  # the upright bar of a plus
    assert drawn[15 - above, 15].tolist() == [255, 255, 255]
    assert drawn[45 - above, 45].tolist() == [213, 94, 0]
    assert not drawn[15, 45].any()


def test_small_masks_lie_on_large_ones():
    image = np.full((20, 20, 3), 100, np.uint8)
    masks = np.zeros((2, 20, 20), bool)
    masks[0, 5:15, 5:15] = True
    masks[1, :, :18] = True
    drawn = overlay_masks(image, MaskSet.from_masks(masks))
    assert (image == 100).all()
    for place, colour in (((10, 10), colour_of(0)), ((1, 1), colour_of(1))):
        np.testing.assert_allclose(drawn[place], np.add(100, colour) / 2, atol=0.5)
    assert tuple(drawn[5, 10]) == colour_of(0)
    assert (drawn[:, 18:] == 100).all()


def test_masks_of_another_size_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        overlay_masks(np.zeros((5, 6, 3), np.uint8), MaskSet.from_masks(np.zeros((1, 6, 5), bool)))
