"""Masks without their surroundings: the same run lengths as those of whole masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.masks.rle import Crop, area_of, decode_crop, encode_crop, encode_regions, encode_rle


@st.composite
def bits(draw):
    height, width = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    values = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    return np.array(values).reshape(height, width)


@given(bits())
def test_run_lengths_of_crops_are_those_of_masks(mask):
    counts = encode_rle(mask)
    crop = decode_crop(counts, mask.shape)
    whole = np.zeros_like(mask)
    whole[crop.place] = crop.pixels
    np.testing.assert_array_equal(whole, mask)
    assert encode_crop(crop, mask.shape) == counts
    assert area_of(counts) == mask.sum()
    if mask.any():
        assert crop.pixels[[0, -1]].any(axis=1).all()
        assert crop.pixels[:, [0, -1]].any(axis=0).all()


@given(bits())
def test_crops_may_have_empty_sides(mask):
    size = (mask.shape[0] + 3, mask.shape[1] + 3)
    whole = np.zeros(size, bool)
    whole[2:-1, 1:-2] = mask
    assert encode_crop(Crop(mask, 2, 1), size) == encode_rle(whole)


@given(bits(), st.randoms(use_true_random=False))
def test_regions_are_those_of_single_masks(mask, random):
    labels = np.array([[random.choice([-1, 0, 3, 70_000]) for _ in row] for row in mask])
    found = dict(encode_regions(labels))
    assert list(found) == [value for value in np.unique(labels).tolist() if value > 0]
    for value, counts in found.items():
        assert counts == encode_rle(labels == value)


def test_crops_outside_are_refused():
    for top, left in ((-1, 0), (0, -1), (1, 0), (0, 1)):
        with pytest.raises(ValueError, match="is not inside 2 x 2"):
            encode_crop(Crop(np.ones((2, 2), bool), top, left), (2, 2))
    with pytest.raises(ValueError, match="must be positive and fill 3 x 3"):
        decode_crop(encode_rle(np.ones((2, 2), bool)), (3, 3))
    with pytest.raises(ValueError, match="must be text"):
        decode_crop(3, (3, 3))
