"""Boundaries are where colours change."""

import numpy as np
import pytest

from tamingseg.partition.boundary import boundary_strength


def test_a_step_is_strongest_where_it_is():
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, 12:] = 200
    strength = boundary_strength(image)
    assert strength.dtype == np.float32
    assert strength.shape == (20, 30)
    assert set(strength.argmax(axis=1)) <= {11, 12}
    assert strength.max() < 1
    assert strength[:, 20:].max() == 0


def test_stronger_where_the_colours_differ_more():
    def peak(grey):
        image = np.full((9, 16, 3), 100, np.uint8)
        image[:, 8:] = grey
        return boundary_strength(image).max()

    assert 0 == peak(100) < peak(110) < peak(150) < peak(250)


def test_other_images_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        boundary_strength(np.zeros((4, 4, 3)))
