"""Images in K regions: whatever the method, exactly K, connected, and nested."""

from typing import get_args

import numpy as np
import pytest

from tamingseg.partition.build import (
    PartitionConfig,
    PartitionMethod,
    build_hierarchy,
    partition_image,
)

METHODS = get_args(PartitionMethod)


@pytest.fixture(params=METHODS)
def method(request):
    return request.param


def test_discs_are_found(two_discs, fake_segmentor, colour_segmentor, method, check_partition):
    """Background and two discs, whether the model is clicked or compares features."""
    truth = two_discs.label_maps[0]
    for segmentor in (fake_segmentor(), colour_segmentor):
        labels = partition_image(segmentor, two_discs.image, 3, method)
        check_partition(labels, 3)
        for label in (0, 1, 2):
            overlaps = np.bincount(labels[truth == label], minlength=4)
            assert overlaps.max() > 0.9 * (truth == label).sum()


def test_multicut_finds_how_many(two_discs, fake_segmentor, check_partition):
    check_partition(partition_image(fake_segmentor(), two_discs.image, None, "multicut"), 3)


def test_the_other_methods_must_be_told(two_discs, fake_segmentor):
    for method in METHODS[:2]:
        with pytest.raises(ValueError, match=f"{method} needs a number of regions"):
            partition_image(fake_segmentor(), two_discs.image, None, method)


def test_connected_and_nested(rng, colour_segmentor, method, check_partition):
    image = rng.integers(0, 256, (23, 31, 3)).astype(np.uint8)
    hierarchy = build_hierarchy(
        colour_segmentor, image, method=method, config=PartitionConfig(superpixels=40)
    )
    finer = hierarchy.cut(hierarchy.count)
    for regions in range(hierarchy.count - 1, 0, -1):
        labels = hierarchy.cut(regions)
        check_partition(labels, regions)
        changed = labels != finer
        assert (finer[changed] == regions + 1).all(), "only the last region joins another"
        assert len(np.unique(labels[changed])) == 1
        finer = labels


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 7), (3, 2), (30, 20)])
def test_constant_images(fake_segmentor, method, size, check_partition):
    """Nothing to see is no reason to fail: regions are as many as asked for all the same."""
    image = np.full((*size, 3), 90, np.uint8)
    for superpixels in (1, 2, 400):
        config = PartitionConfig(superpixels=superpixels)
        hierarchy = build_hierarchy(fake_segmentor(), image, method=method, config=config)
        for regions in {1, min(2, hierarchy.count), hierarchy.count}:
            check_partition(hierarchy.cut(regions), regions)


def test_more_regions_than_there_can_be(fake_segmentor):
    image = np.zeros((2, 2, 3), np.uint8)
    assert partition_image(fake_segmentor(), image, 4).max() == 4
    for regions in (5, 0, -3, 1.5):
        with pytest.raises(ValueError, match=f"from 1 to 4, .*got {regions}"):
            partition_image(fake_segmentor(), image, regions)


def test_no_specks_where_few_regions_are_asked_for(colour_segmentor, rng):
    """Noise of single superpixels does not win against the halves of an image."""
    image = np.full((60, 80, 3), 60, np.uint8)
    image[:, 40:] = 110
    for row, col in rng.integers(4, 50, (6, 2)):
        image[row : row + 3, col : col + 3] = 255
    labels = partition_image(colour_segmentor, image, 2, config=PartitionConfig(area=0.5))
    assert np.bincount(labels.ravel())[1:].min() > 0.3 * labels.size


def test_large_images_are_cut_at_a_smaller_size(colour_segmentor, check_partition):
    image = np.zeros((40, 2100, 3), np.uint8)
    image[:, 1000:] = 200
    labels = partition_image(colour_segmentor, image, 2)
    check_partition(labels, 2)
    assert labels.shape == (40, 2100)
    assert np.abs((labels == labels[0, 0]).sum(axis=1) - 1000).max() < 10


def test_an_embedding_is_used_again(two_discs, fake_segmentor):
    segmentor = fake_segmentor()
    embedding = segmentor.embed(two_discs.image)
    segmentor.embed = None
    again = build_hierarchy(segmentor, embedding)
    fresh = build_hierarchy(fake_segmentor(), two_discs.image)
    np.testing.assert_array_equal(again.merges, fresh.merges)
    labels = partition_image(segmentor, embedding, 3)
    np.testing.assert_array_equal(labels, fresh.cut(3))


def test_refusals(two_discs, fake_segmentor):
    with pytest.raises(ValueError, match="method must be one of greedy"):
        partition_image(fake_segmentor(), two_discs.image, 3, "magic")
    with pytest.raises(ValueError, match="uint8"):
        partition_image(fake_segmentor(), two_discs.image / 255, 3)
    for wrong in ({"superpixels": 0}, {"superpixels": 10**6}, {"boundary": -1},
                  {"area": float("nan")}, {"prior": float("inf")}, {"within": 1.5}):  # fmt: skip
        with pytest.raises(ValueError, match="expected"):
            PartitionConfig(**wrong)
