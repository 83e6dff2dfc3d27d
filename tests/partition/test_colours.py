"""Contrast of colours: equal ones have none, the more different the more."""

import numpy as np

from tamingseg.partition.colours import colour_contrast


def test_three_greys_and_a_mixture():
    image = np.repeat(np.array([[50, 50, 90, 200]], np.uint8)[..., None], 3, axis=2)
    contrast = colour_contrast(image, np.array([[1, 2, 3, 4]], np.int32))
    np.testing.assert_array_equal(np.diag(contrast), 0)
    np.testing.assert_array_equal(contrast, contrast.T)
    assert contrast[0, 1] == 0
    assert 0 < contrast[0, 2] < contrast[0, 3] < 1
    mixed = colour_contrast(image, np.array([[1, 1, 1, 2]], np.int32))
    assert mixed[0, 1] < contrast[0, 3]
