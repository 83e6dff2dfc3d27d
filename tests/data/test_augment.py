from dataclasses import replace

import numpy as np
import pytest

from tamingseg.data.augment import AugmentConfig, augment, paste_region

STILL = AugmentConfig((1.0, 1.0), 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def painted(label_map):
    """An image whose red channel is its label, so that both can be compared after a warp."""
    image = np.zeros((*label_map.shape, 3), np.uint8)
    image[..., 0] = label_map * 20
    return image


@pytest.fixture
def label_map():
    labels = np.ones((40, 60), np.int32)
    labels[:20, :30], labels[20:, 30:] = 2, 5
    return labels


def test_without_variation_nothing_changes(label_map, rng):
    image, labels, _ = augment(painted(label_map), label_map, (40, 60), STILL, rng)
    np.testing.assert_array_equal(labels, label_map)
    np.testing.assert_allclose(image, painted(label_map), atol=1)


def test_image_and_labels_stay_together(label_map, rng):
    config = AugmentConfig(crop_area=(0.3, 1.0), brightness=0, contrast=0, saturation=0,
                           colour_shift=0, grey=0)  # fmt: skip
    for _ in range(30):
        image, labels, _ = augment(painted(label_map), label_map, (32, 32), config, rng)
        assert image.shape == (32, 32, 3)
        assert labels.shape == (32, 32)
        agree = np.abs(image[..., 0].astype(int) - labels * 20) <= 2
        assert agree.mean() > 0.85  # all but the blurred seams between regions


def test_flipping_mirrors_both(label_map, rng):
    always = AugmentConfig((1.0, 1.0), 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    image, labels, _ = augment(painted(label_map), label_map, (40, 60), always, rng)
    np.testing.assert_array_equal(labels, label_map[:, ::-1])
    np.testing.assert_allclose(image, painted(label_map)[:, ::-1], atol=1)


def test_a_pasted_region_is_new_and_covers_what_was_there(label_map, rng):
    donor = np.ones((40, 60), np.int32)
    donor[10:20, 10:20] = 2
    donor_image = np.full((40, 60, 3), 200, np.uint8)
    image, labels = paste_region(painted(label_map), label_map, donor_image, donor, rng)
    np.testing.assert_array_equal(labels == 6, donor == 2)
    np.testing.assert_array_equal(labels[donor == 1], label_map[donor == 1])
    assert (image[13:17, 13:17] == 200).all()


def test_regions_that_lean_on_the_border_are_not_pasted(label_map, rng):
    donor = np.ones((40, 60), np.int32)
    donor[:, :20] = 2
    image = painted(label_map)
    pasted_image, labels = paste_region(image, label_map, image, donor, rng)
    assert pasted_image is image
    assert labels is label_map


def test_a_negative_swaps_dark_and_bright_and_leaves_labels(label_map, rng):
    image = painted(label_map)
    negative = replace(STILL, invert=1.0)
    seen, labels, _ = augment(image, label_map, (40, 60), negative, rng)
    np.testing.assert_array_equal(labels, label_map)
    np.testing.assert_allclose(seen.astype(int), 255 - image.astype(int), atol=1)
