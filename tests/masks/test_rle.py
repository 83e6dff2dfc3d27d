import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from tamingseg.masks.rle import decode_rle, decode_segmentation, encode_rle, sample_rle

MASKS = hnp.arrays(
    bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.booleans()
)


def test_known_codes():
    assert encode_rle(np.zeros((2, 3), bool)) == "6"
    assert encode_rle(np.ones((2, 3), bool)) == "06"
    assert encode_rle(np.array([[False, True], [False, False]])) == "211"


@given(mask=MASKS)
def test_decoding_gives_the_mask_back(mask):
    decoded = decode_rle(encode_rle(mask), mask.shape)
    assert decoded.dtype == bool
    assert (decoded == mask).all()
    rows, cols = np.arange(0, mask.shape[0], 2), np.arange(0, mask.shape[1], 3)
    assert (sample_rle(encode_rle(mask), mask.shape, rows, cols) == mask[::2, ::3]).all()


def test_several_values_side_by_side_are_one_run():
    values = np.uint8([[0, 1, 1, 2, 2, 255, 0, 0]])
    assert encode_rle(values) == encode_rle(values > 0)
    assert encode_rle(values / 1000) == encode_rle(values > 0)


def test_long_runs_come_back():
    mask = np.zeros((1000, 900), bool)
    mask[17:950, 3:800] = True
    mask[500:510, 400:410] = False
    assert (decode_rle(encode_rle(mask), mask.shape) == mask).all()
    rows, cols = np.arange(0, mask.shape[0], 2), np.arange(0, mask.shape[1], 3)
    assert (sample_rle(encode_rle(mask), mask.shape, rows, cols) == mask[::2, ::3]).all()


@pytest.mark.parametrize(
    "counts", ["", "5", "7", "061", "0?", "é", "6 ", "P", "0N", "oooooooooo1", "0oooooo0"]
)
def test_hostile_text_is_refused(counts):
    with pytest.raises(ValueError, match="run lengths"):
        decode_rle(counts, (2, 3))


@given(mask=MASKS)
def test_uncompressed_runs_are_those_of_coco(mask):
    flat = np.concatenate([[0], mask.T.ravel().astype(int)])
    runs = np.diff(np.concatenate([[0], np.flatnonzero(np.diff(flat)), [mask.size]])).tolist()
    decoded = decode_segmentation({"size": list(mask.shape), "counts": runs}, mask.shape)
    np.testing.assert_array_equal(decoded, mask)


@pytest.mark.parametrize(
    "polygon",
    [[1.2, 0.6, 9.4, 2.1, 5.5, 7.7], [-5, -5, 20, -3, 6, 30], [0, 0, 12, 0, 12, 8, 0, 8]],
)
def test_polygons_are_those_of_coco(polygon):
    expected = coco.decode(coco.frPyObjects([polygon], 8, 12))[..., 0] > 0
    assert expected.any()
    np.testing.assert_array_equal(decode_segmentation([polygon], (8, 12)), expected)


@pytest.mark.parametrize(
    "polygon", [None, [1], [1, 2, 3], [1, 2, 3, "4"], [float("nan")] * 6, [1e999] * 6, [True] * 6]
)
def test_what_is_no_polygon(polygon):
    with pytest.raises(ValueError, match="a polygon must be a list of numbers"):
        decode_segmentation([polygon], (8, 12))


def test_polygons_of_strangers_need_no_more_memory_than_the_image():
    with pytest.raises(ValueError, match=r"x, y, x, y, .* up to"):
        decode_segmentation([[-1e30, 0, 1e30, 0, 1e30, 1e30]], (8, 12))
    zigzag = [0, 0, 60_000, 0] * 200
    with pytest.raises(ValueError, match="outline is longer than"):
        decode_segmentation([zigzag], (60_000, 60_000))
