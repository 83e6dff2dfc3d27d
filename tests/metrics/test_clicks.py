"""Scores counted by hand."""

import numpy as np
import pytest

from tamingseg.metrics.clicks import (
    clicks_to_reach,
    mean_over_images,
    mean_over_masks,
    number_of_failures,
)

IOUS = np.array(
    [
        [0.95, 0.96, 0.97],  # reaches .9 at once
        [0.20, 0.90, 0.80],  # at the second click, and both sides of the threshold: .90 counts
        [0.10, 0.50, 0.95],  # at the last click
        [0.00, 0.10, 0.89],  # never
    ]
)


def test_clicks_to_reach():
    assert clicks_to_reach(IOUS, 0.9).tolist() == [1, 2, 3, 3]
    assert clicks_to_reach(IOUS, 0.5).tolist() == [1, 2, 2, 3]


def test_failures_are_masks_that_never_reach_the_threshold():
    assert number_of_failures(IOUS, 0.9) == 1
    assert number_of_failures(IOUS, 0.89) == 0  # the last mask ends on it


def test_failures_as_published_count_success_at_the_last_click():
    assert number_of_failures(IOUS, 0.9, count_last_click=True) == 2
    assert number_of_failures(IOUS, 0.1, count_last_click=True) == 0


def test_mean_over_masks():
    np.testing.assert_allclose(mean_over_masks(IOUS), [0.3125, 0.615, 0.9025])


def test_mean_over_images_weighs_images_alike():
    images = ["a", "b", "b", "b"]
    per_image = mean_over_images(IOUS, images)
    np.testing.assert_allclose(per_image, [(0.95 + 0.1) / 2, (0.96 + 0.5) / 2, (0.97 + 0.88) / 2])
    assert mean_over_images(IOUS[:, 0], images) == pytest.approx(0.525)


def test_mean_over_images_equals_a_slow_count(rng):
    ious = rng.random((50, 4))
    images = rng.integers(0, 7, 50).tolist()
    slow = np.zeros(4)
    for image in set(images):
        slow += ious[[i for i in range(50) if images[i] == image]].mean(axis=0)
    np.testing.assert_allclose(mean_over_images(ious, images), slow / len(set(images)))


def test_one_mask_per_image_makes_the_means_equal():
    np.testing.assert_allclose(mean_over_images(IOUS, "abcd"), mean_over_masks(IOUS))
