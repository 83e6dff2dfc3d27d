"""Windows: parts of a photo that are shown to a model like photos of their own.

A model sees every photo at its own few hundred pixels. What is small in a photo is larger in a
window of it. Here is decided which windows there are: around a mask and a click, for a closer look
(`zoom`), and side by side over a photo that is too wide or too large to be seen at once
(`tamingseg.proposals.windows`).
"""

import math
from bisect import bisect_left
from collections.abc import Iterator

import numpy as np

from tamingseg.values import Click

Window = tuple[int, int, int, int]
"""(top, left, height, width) in pixels."""

Border = tuple[tuple[int | slice, int | slice], tuple[int | slice, int | slice]]
"""The indices of a line of pixels, in the window and in the photo."""

_SMALLEST = 64
"""Height and width of the smallest window in pixels."""

_MARGIN = 1.2
"""Enlarge a window around a mask by 20 % for context."""

_LARGEST = 0.6
"""Share of the photo above which a window shows nothing larger."""

_WIDE = 4
"""A photo is very wide, or high, if one side is so many times as long as the other."""

_LARGE = 16_000_000
"""A photo of more pixels is large."""

_LEAST_COVERING = 768
"""Windows that cover a photo are at least this high and wide, or as its shorter side if that is
less: twice the pixels that the shipped models see."""

_OVERLAP = 0.25
"""Share of a window that its neighbour shows as well."""


def is_wide(size: tuple[int, int]) -> bool:
    """Whether next to nothing is left of a photo of (height, width) at a model's own size."""
    return max(size) > _WIDE * min(size)


def zoom_window(mask: np.ndarray, click: Click) -> Window | None:
    """Return the part of a photo to look at, around mask and click; None if that is (nearly) all.

    Sizes are `_SMALLEST` times powers of sqrt(2), and places are on a grid of an eighth of that:
    one click after the other sees the same window, which is encoded once.

    Parameters
    ----------
    mask
        bool (H, W), what is in it so far.
    click
        The last one, inside the photo.
    """
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    low = np.array([click.row, click.col])
    high = low + 1
    if len(rows):
        low = np.minimum(low, (rows[0], cols[0]))
        high = np.maximum(high, (rows[-1] + 1, cols[-1] + 1))
    # The grid moves the centre by a sixteenth at most, so the margin keeps everything inside.
    photo = np.array(mask.shape)
    octaves = np.log2(np.maximum(_MARGIN * (high - low) / _SMALLEST, 1))
    size = np.minimum(np.ceil(_SMALLEST * 2 ** (np.ceil(2 * octaves) / 2)), photo)
    if size.prod() > _LARGEST * mask.size:
        return None
    step = np.maximum(size // 8, 1)
    corner = np.round(((low + high) / 2 - size / 2) / step) * step
    top, left = np.clip(corner, 0, photo - size).astype(int).tolist()
    height, width = size.astype(int).tolist()
    return top, left, height, width


def mark_around(click: Click, size: tuple[int, int]) -> np.ndarray:
    """Mark the square around a click whose `zoom_window` fills the photo's shorter side."""
    half = int(min(size) / _MARGIN / 2)
    marked = np.zeros(size, bool)
    row, col = int(click.row), int(click.col)
    marked[max(row - half, 0) : row + half + 1, max(col - half, 0) : col + half + 1] = True
    return marked


def covering_windows(size: tuple[int, int], most: int) -> list[Window]:
    """Return windows that cover a very wide or large photo; none where one would show all of it.

    They are alike and as small as `most` of them allow, and neighbours overlap by a quarter.

    Examples
    --------
    >>> covering_windows((480, 640), most=24)
    []
    >>> covering_windows((100, 410), most=3)
    [(0, 0, 100, 164), (0, 123, 100, 164), (0, 246, 100, 164)]
    >>> len(covering_windows((4000, 6000), most=24))
    24
    """
    if most < 1 or not (is_wide(size) or size[0] * size[1] > _LARGE):
        return []
    least = max(_SMALLEST, min(*size, _LEAST_COVERING))
    sides = range(least, max(least, *size) + 1)
    side = sides[bisect_left(sides, True, key=lambda side: _total(size, side) <= most)]
    rows, cols = (_starts(length, side) for length in size)
    height, width = (min(side, length) for length in size)
    windows = [(top, left, height, width) for top in rows for left in cols]
    return windows if len(windows) > 1 else []


def slices(window: Window) -> tuple[slice, slice]:
    """Return a window as indices of an array of the photo."""
    top, left, height, width = window
    return slice(top, top + height), slice(left, left + width)


def crop(image: np.ndarray, window: Window) -> np.ndarray:
    """Crop an image (H, W, ...) to a window; a copy."""
    return np.ascontiguousarray(image[slices(window)])


def inner_borders(window: Window, size: tuple[int, int]) -> Iterator[Border]:
    """Yield the borders of a window that are not borders of the photo.

    Each is the outermost line of the window, as indices of an array of the window, and the line
    next to it outside, as indices of an array of the photo's `size`.
    """
    top, left, height, width = window
    rows, cols = slices(window)
    every = slice(None)
    if top > 0:
        yield (0, every), (top - 1, cols)
    if top + height < size[0]:
        yield (-1, every), (top + height, cols)
    if left > 0:
        yield (every, 0), (rows, left - 1)
    if left + width < size[1]:
        yield (every, -1), (rows, left + width)


def _total(size: tuple[int, int], side: int) -> int:
    """Return how many windows of `side` x `side` pixels cover a photo."""
    return math.prod(_count(length, side) for length in size)


def _count(length: int, side: int) -> int:
    """Return how many windows of `side` pixels cover a line of `length`."""
    return 1 + max(0, math.ceil((length - side) / ((1 - _OVERLAP) * side)))


def _starts(length: int, side: int) -> list[int]:
    """Return where these windows begin, evenly from end to end."""
    return np.linspace(0, max(0, length - side), _count(length, side)).round().astype(int).tolist()
