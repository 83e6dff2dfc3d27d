"""Outlines and back: every mask survives, by each reader's own rule."""

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tamingseg.annotations.outlines import centre_outlines, edge_outlines, parts_of, without_holes
from tamingseg.annotations.rasters import (
    check_ring,
    fill_rings,
    fill_with_border,
    goes_outside,
    union,
)
from tamingseg.masks.rle import Crop, crop_segmentation, decode_segmentation


@st.composite
def bits(draw):
    height, width = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    values = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    return np.array(values).reshape(height, width)


def whole(crop, size):
    mask = np.zeros(size, bool)
    mask[crop.place] = crop.pixels
    return mask


# A hole whose lower left corner, where its ring begins, touches another hole.
TOUCHING_HOLES = np.array([[0, 1, 1, 1], [1, 1, 0, 1], [1, 0, 1, 1], [0, 1, 1, 0]], bool)


@example(TOUCHING_HOLES)
@given(bits())
def test_edges_keep_every_pixel(mask):
    parts = edge_outlines(Crop.of(mask))
    rings = [ring for part in parts for ring in part]
    np.testing.assert_array_equal(whole(fill_rings(rings, mask.shape), mask.shape), mask)
    count, _ = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    assert len(parts) == count - 1
    for ring in rings:  # no ring touches itself, and only corners are in it
        assert len({*map(tuple, ring.tolist())}) == len(ring)
        assert (np.diff(ring[:, 0], append=ring[0, 0]) == 0).sum() == len(ring) / 2


@given(bits())
def test_coco_reads_the_same_mask_from_edges(mask):
    parts = edge_outlines(Crop.of(mask))
    if all(len(rings) == 1 for rings in parts) and parts:
        polygons = [rings[0].ravel().tolist() for rings in parts]
        np.testing.assert_array_equal(decode_segmentation(polygons, mask.shape), mask)
        np.testing.assert_array_equal(
            whole(crop_segmentation(polygons, mask.shape), mask.shape), mask
        )


@given(bits())
def test_centres_keep_every_pixel_but_holes(mask):
    crop = Crop.of(mask)
    rings = centre_outlines(crop)
    filled = whole(without_holes(crop), mask.shape)
    by_pillow = union([fill_with_border(ring, mask.shape) for ring in rings])
    np.testing.assert_array_equal(whole(by_pillow, mask.shape), filled)
    by_opencv = np.zeros(mask.shape, np.uint8)
    for ring in rings:
        cv2.fillPoly(by_opencv, [ring.astype(np.int32)], 1)
    np.testing.assert_array_equal(by_opencv > 0, filled)


@given(bits())
def test_parts(mask):
    parts = parts_of(Crop.of(mask))
    np.testing.assert_array_equal(whole(union(parts), mask.shape), mask)
    assert sum(int(part.pixels.sum()) for part in parts) == mask.sum()


def test_polygons_of_coco_are_read_without_the_whole_photo(rng):
    for _ in range(50):
        polygon = [rng.uniform(3, 27, (5, 2)).round(2).ravel().tolist() for _ in range(2)]
        crop = crop_segmentation(polygon, (40, 30))
        np.testing.assert_array_equal(whole(crop, (40, 30)), decode_segmentation(polygon, (40, 30)))


def test_what_lies_outside_is_cut_off():
    ring = np.array([[-5, -5], [3, -5], [3, 2], [-5, 2]], float)
    assert fill_rings([ring], (9, 9)).place == (slice(0, 2), slice(0, 3))
    assert fill_with_border(ring, (9, 9)).place == (slice(0, 3), slice(0, 4))
    assert not fill_rings([ring - 100], (9, 9)).pixels.size
    assert not fill_with_border(ring - 100, (9, 9)).pixels.size
    outside = [(ring - 100).ravel().tolist()]
    assert not crop_segmentation(outside, (9, 9)).pixels.size
    assert goes_outside([ring], (9, 9))
    assert not goes_outside([ring.clip(0, 9)], (9, 9))


@pytest.mark.parametrize(
    "points",
    [[], [[1, 2]], [[1, 2, 3]] * 3, [["a", 2]] * 3, [[1e7, 2]] * 3, [[float("nan"), 0]] * 3],
)
def test_what_is_no_outline(points):
    with pytest.raises(ValueError, match="outline"):
        check_ring(points)
