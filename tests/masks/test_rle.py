import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tamingseg.masks.rle import decode_rle, encode_rle

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


def test_long_runs_come_back():
    mask = np.zeros((1000, 900), bool)
    mask[17:950, 3:800] = True
    mask[500:510, 400:410] = False
    assert (decode_rle(encode_rle(mask), mask.shape) == mask).all()


@pytest.mark.parametrize(
    "counts", ["", "5", "7", "061", "0?", "é", "6 ", "P", "0N", "oooooooooo1", "0oooooo0"]
)
def test_hostile_text_is_refused(counts):
    with pytest.raises(ValueError, match="run lengths"):
        decode_rle(counts, (2, 3))
