"""Superpixels of answers that cut an image in a known way."""

import numpy as np
from superpixels_of_answers import rebuild, superpixels


def test_every_pixel_takes_the_most_certain_answer():
    logits = np.zeros((2, 6, 9))
    logits[0, :, :4], logits[1, :, 4:] = 3, -2  # a certain "no" counts like a certain "yes"
    labels = superpixels(logits)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, np.repeat([[0] * 4 + [1] * 5], 6, axis=0))


def test_what_does_not_hang_together_is_apart():
    logits = np.zeros((2, 5, 9))
    logits[0] = 1
    logits[1, :, 4] = 2  # a wall in the middle
    labels = superpixels(logits)
    assert len(np.unique(labels)) == 3
    assert len({labels[0, 0], labels[0, 4], labels[0, 8]}) == 3


def test_labels_fill_the_image_without_gaps(rng):
    labels = superpixels(rng.normal(size=(7, 20, 30)))
    np.testing.assert_array_equal(np.unique(labels), np.arange(labels.max() + 1))


def test_masks_are_rebuilt_of_what_they_mostly_cover():
    labels = np.repeat([[0, 0, 0, 0, 1, 1, 1, 1, 2]], 4, axis=0).astype(np.int32)
    mask = np.zeros((2, 4, 9), bool)
    mask[0, :, :5] = True  # all of 0, a quarter of 1
    mask[0, 0, 5] = True
    mask[1, :2, 8] = True  # just half of 2
    rebuilt = np.unpackbits(rebuild(np.packbits(mask, axis=-1), labels), axis=-1, count=9)
    np.testing.assert_array_equal(rebuilt[0], labels == 0)
    assert not rebuilt[1].any()
    more = np.unpackbits(rebuild(np.packbits(mask, axis=-1), labels, 0.2), axis=-1, count=9)
    np.testing.assert_array_equal(more[0], labels <= 1)
    np.testing.assert_array_equal(more[1], labels == 2)
