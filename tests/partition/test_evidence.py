"""What is seen before merging: boundaries, colours, and all of it gathered once."""

import numpy as np
import pytest

from tamingseg.partition.build import PartitionConfig, build_hierarchy, merge_evidence
from tamingseg.partition.evidence import boundary_strength, colour_contrast, find_evidence


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


def test_three_greys_and_a_mixture():
    image = np.repeat(np.array([[50, 50, 90, 200]], np.uint8)[..., None], 3, axis=2)
    contrast = colour_contrast(image, np.array([[1, 2, 3, 4]], np.int32))
    np.testing.assert_array_equal(np.diag(contrast), 0)
    np.testing.assert_array_equal(contrast, contrast.T)
    assert contrast[0, 1] == 0
    assert 0 < contrast[0, 2] < contrast[0, 3] < 1
    mixed = colour_contrast(image, np.array([[1, 1, 1, 2]], np.int32))
    assert mixed[0, 1] < contrast[0, 3]


def test_one_evidence_serves_all_methods(two_discs, fake_segmentor):
    segmentor = fake_segmentor()
    evidence = find_evidence(segmentor, two_discs.image, 60)
    segmentor.embed = segmentor.predict = None  # nothing more is asked
    config = PartitionConfig(superpixels=60)
    for method in ("greedy", "normalised-cut", "multicut"):
        merged = merge_evidence(evidence, method, config)
        built = build_hierarchy(fake_segmentor(), two_discs.image, method, config)
        np.testing.assert_array_equal(merged.merges, built.merges)
        np.testing.assert_array_equal(merged.costs, built.costs)
        np.testing.assert_array_equal(merged.superpixels, built.superpixels)


def test_superpixels_of_a_large_image_are_found_in_a_smaller_one(fake_segmentor):
    image = np.zeros((40, 2100, 3), np.uint8)
    image[:, 1000:] = 255
    evidence = find_evidence(fake_segmentor(), image, 30)
    assert evidence.superpixels.shape == (40, 2100)
    assert len(evidence.affinity) == evidence.superpixels.max() == len(evidence.graph)
