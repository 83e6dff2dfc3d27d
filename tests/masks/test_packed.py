"""Overlap of packed masks against a slow count of their pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamingseg.masks import packed as packed_module
from tamingseg.masks.iou import iou
from tamingseg.masks.packed import (
    SimilarMasks,
    areas,
    intersections,
    iou_matrix,
    pack_nested,
    pairwise_iou,
)
from tamingseg.values import MaskSet


def pack(masks):
    return np.packbits(masks, axis=-1)


def slow_shared(first, second):
    return [[int((one & other).sum()) for other in second] for one in first]


def random_masks(rng, number, size):
    """Boxes that fill whole tiles and cross others, noise, empty and full masks."""
    height, width = size
    masks = np.zeros((number, height, width), bool)
    for mask, kind in zip(masks, rng.integers(0, 6, number), strict=True):
        if kind == 0:
            mask[:] = rng.random(size) < rng.random()
        elif kind == 1:
            mask[:] = True
        elif kind > 2:
            top, left = rng.integers(0, height), rng.integers(0, width)
            mask[
                top : top + rng.integers(1, height + 1), left : left + rng.integers(1, width + 1)
            ] = True
            mask ^= kind == 5  # also regions with a hole
    return masks


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 50), st.integers(1, 150)),
    numbers=st.tuples(st.integers(0, 7), st.integers(0, 7)),
)
def test_equals_a_slow_count(seed, size, numbers):
    rng = np.random.default_rng(seed)
    first, second = (random_masks(rng, number, size) for number in numbers)
    packed1, packed2 = pack(first), pack(second)
    assert areas(packed1).tolist() == first.sum(axis=(1, 2)).tolist()
    shared = intersections(packed1, packed2)
    assert shared.dtype == np.int32
    assert shared.shape == numbers
    assert shared.tolist() == slow_shared(first, second)
    ious = iou_matrix(packed1, packed2)
    assert ious.dtype == np.float32
    slow = np.array([[iou(one, other) for other in second] for one in first], np.float32)
    np.testing.assert_array_equal(ious, slow.reshape(numbers))
    np.testing.assert_array_equal(pairwise_iou(packed1), iou_matrix(packed1, packed1.copy()))


def test_many_masks_go_through_in_blocks(rng, monkeypatch):
    """With blocks of a few masks, what one block leaves to the next is counted once."""
    monkeypatch.setattr(packed_module, "BLOCK_BYTES", 4096)
    masks = random_masks(rng, 60, (40, 200))
    slow = np.array(slow_shared(masks, masks))
    np.testing.assert_array_equal(intersections(pack(masks), pack(masks[:33])), slow[:, :33])
    area = masks.sum(axis=(1, 2))
    union = area[:, None] + area - slow
    expected = np.where(union > 0, slow / np.maximum(union, 1), 1).astype(np.float32)
    np.testing.assert_array_equal(pairwise_iou(pack(masks)), expected)


def test_by_hand():
    masks = np.zeros((4, 40, 70), bool)
    masks[0, :20, :10] = True
    masks[1, 10:30, :10] = True
    masks[2, :, :] = True
    packed = pack(masks)
    assert areas(packed).tolist() == [200, 200, 2800, 0]
    expected = [
        [1, 100 / 300, 200 / 2800, 0],
        [100 / 300, 1, 200 / 2800, 0],
        [200 / 2800, 200 / 2800, 1, 0],
        [0, 0, 0, 1],  # two empty masks agree
    ]
    np.testing.assert_array_equal(pairwise_iou(packed), np.float32(expected))


def test_the_masks_of_a_set(rng):
    masks = random_masks(rng, 5, (33, 41))
    assert areas(MaskSet.from_masks(masks).packed).tolist() == masks.sum(axis=(1, 2)).tolist()


def test_any_memory_layout(rng):
    masks = random_masks(rng, 9, (20, 90))
    turned = np.asfortranarray(pack(masks))[::2]
    np.testing.assert_array_equal(
        intersections(turned, turned), slow_shared(masks[::2], masks[::2])
    )


def test_counts_beyond_float32_are_exact():
    """4,096 x 4,352 pixels are more than 2^24; a mask of all but one pixel has an odd number."""
    packed = np.full((2, 4096, 544), 255, np.uint8)
    packed[1, 7, 3] = 0b11111110
    pixels = 4096 * 544 * 8
    assert areas(packed).tolist() == [pixels, pixels - 1]
    assert intersections(packed, packed).tolist() == [[pixels, pixels - 1], [pixels - 1] * 2]


@pytest.mark.parametrize("wrong", [np.zeros((2, 8, 8), bool), np.zeros((8, 1), np.uint8)])
def test_what_is_not_packed_is_refused(wrong):
    with pytest.raises(ValueError, match="packbits"):
        areas(wrong)
    with pytest.raises(ValueError, match="packbits"):
        iou_matrix(np.zeros((1, 8, 1), np.uint8), wrong)


def test_two_sizes_are_refused():
    with pytest.raises(ValueError, match="two image sizes"):
        intersections(np.zeros((1, 8, 1), np.uint8), np.zeros((1, 8, 2), np.uint8))


@pytest.mark.parametrize(
    ("regions", "size"), [(1, (5, 7)), (20, (16, 64)), (300, (33, 41)), (9, (3, 8))]
)
def test_nested_masks_are_packed_as_if_painted(rng, regions, size):
    label_map = rng.integers(1, regions + 1, size)
    members = np.eye(regions, dtype=bool)
    alone = list(range(regions))
    while len(alone) > 1:  # merge any two, as a hierarchy does
        one, other = (alone.pop(rng.integers(len(alone))) for _ in range(2))
        alone.append(len(members))
        members = np.vstack([members, members[one] | members[other]])
    members = members[rng.permutation(len(members))[: len(members) // 2 + 1]]
    members = np.vstack([members, members[:1]])  # one of them twice
    expected = np.packbits(members[:, label_map - 1], axis=-1)
    np.testing.assert_array_equal(pack_nested(members, label_map), expected)


def test_no_nested_mask():
    packed = pack_nested(np.zeros((0, 2), bool), np.array([[1, 2, 2]]))
    assert packed.shape == (0, 1, 1)


@pytest.mark.parametrize("above", [0, 0.3, 0.85, 1])
def test_similar_masks_are_those_of_all_pairs(rng, above, monkeypatch):
    monkeypatch.setattr(packed_module, "_AT_ONCE", 7)
    masks = np.repeat(rng.random((12, 20, 30)) > rng.random((12, 1, 1)), 4, axis=0)
    masks ^= rng.random(masks.shape) > rng.choice([0.8, 0.99, 1.01], (len(masks), 1, 1))
    masks[-2:] = False
    packed = np.packbits(masks, axis=-1)
    similar = SimilarMasks(packed, above)
    for number, ious in enumerate(pairwise_iou(packed)):
        others, found = similar.to(number)
        ious[number] = 0
        np.testing.assert_array_equal(others, np.flatnonzero(ious > above))
        np.testing.assert_array_equal(found, ious[others])
    SimilarMasks(packed[:0], above)
