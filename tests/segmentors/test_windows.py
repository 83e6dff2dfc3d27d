"""Windows that cover a photo: all of it, few and alike, and none for a normal photo."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.segmentors import windows as windows_module
from tamingseg.segmentors.windows import covering_windows, inner_borders, is_wide, slices

SIDES = st.one_of(st.integers(2, 400), st.integers(2, 65_000))


@given(SIDES, SIDES, st.integers(1, 60))
def test_windows_cover_the_photo_and_are_few(height, width, most):
    if height * width > 80_000_000:
        return
    windows = covering_windows((height, width), most)
    assert len(windows) <= most
    assert len({window[2:] for window in windows}) <= 1
    if not (is_wide((height, width)) or height * width > 16_000_000):
        assert windows == []
    if not windows:
        return
    spans = {axis: sorted({(w[axis], w[axis] + w[axis + 2]) for w in windows}) for axis in (0, 1)}
    assert len(windows) == len(spans[0]) * len(spans[1])
    for axis, length in ((0, height), (1, width)):
        own = spans[axis]
        assert own[0][0] == 0
        assert own[-1][1] == length
        for (_, end), (start, stop) in pairwise(own):
            assert end - start >= 0.25 * (stop - start) - 1  # rounded to pixels


@pytest.mark.parametrize(
    ("size", "most", "count", "shape"),
    [
        ((480, 640), 24, 0, None),
        ((3000, 4000), 24, 0, None),
        ((4000, 6000), 24, 24, (1264, 1264)),
        ((300, 12_000), 24, 24, (300, 658)),
        ((300, 12_000), 100, 53, (300, 300)),
        ((12_000, 300), 24, 24, (658, 300)),
        ((100, 1000), 1, 0, None),
        ((10, 60), 24, 0, None),
        ((100, 1000), 0, 0, None),
    ],
)
def test_sizes_of_windows(size, most, count, shape):
    windows = covering_windows(size, most)
    assert len(windows) == count
    assert all(window[2:] == shape for window in windows)


def test_borders_are_those_inside_the_photo():
    size = (6, 8)
    image = np.arange(48).reshape(size)
    window = (0, 2, 3, 6)
    lines = [
        (image[slices(window)][line], image[beyond]) for line, beyond in inner_borders(window, size)
    ]
    assert [(line.tolist(), beyond.tolist()) for line, beyond in lines] == [
        ([18, 19, 20, 21, 22, 23], [26, 27, 28, 29, 30, 31]),
        ([2, 10, 18], [1, 9, 17]),
    ]
    assert list(inner_borders((0, 0, *size), size)) == []


def test_a_photo_is_wide_from_four_times():
    assert not is_wide((100, 400))
    assert is_wide((100, 401))
    assert is_wide((401, 100))
    assert windows_module._LARGE == 16_000_000
