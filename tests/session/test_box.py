"""The mask of a box, from a segmentor that answers as it is told."""

import numpy as np
import pytest

from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.session.box import mask_of_box


@pytest.fixture
def nested():
    """A segmentor whose every answer is the grey of the photo: a part, a whole and a group."""
    return FunctionSegmentor(lambda image, clicks: image[..., 0] / 255, "nested")


@pytest.fixture
def image():
    grey = np.zeros((60, 100), np.uint8)
    grey[5:55, 10:90] = 60  # the group
    grey[20:40, 30:70] = 130  # the whole
    grey[28:36, 40:50] = 210  # the part
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize(
    "box", [(28, 40, 36, 50), (20, 30, 40, 70), (5, 10, 55, 90)], ids=["part", "whole", "group"]
)
@pytest.mark.parametrize("off", [0, 1])
def test_the_level_that_fills_the_box_is_taken(nested, image, box, off):
    top, left, bottom, right = box
    mask = np.zeros(image.shape[:2], bool)
    mask[top:bottom, left:right] = True
    wide = (top - off, left - off, bottom + off, right + off)
    assert (mask_of_box(nested, nested.embed(image), wide) == mask).all()


def test_nothing_is_outside_the_box_and_what_is_not_in_the_photo_is_cut_off(nested, image):
    mask = mask_of_box(nested, nested.embed(image), (-20, -20, 30, 50))
    assert mask.any()
    assert not mask[30:].any()
    assert not mask[:, 50:].any()


@pytest.mark.parametrize(
    "box", [(10, 10, 10, 20), (70, 10, 80, 20), (20, 10, 10, 20), (0, 0, float("nan"), 5)]
)
def test_a_box_without_pixels_is_refused(nested, image, box):
    with pytest.raises(ValueError, match="of an image of 60 x 100"):
        mask_of_box(nested, nested.embed(image), box)
