"""Run-length encoding as COCO writes it: column by column, starting with the length of a 0-run.

Compressed counts are a short text: each count is the difference to the one two places before it,
in groups of five bits, lowest first, as characters from "0" on. Encoding is pycocotools' C code.
Decoding is our own: the text may come from a stranger, and the C code trusts it. COCO has two more
forms, which `decode_segmentation` reads: uncompressed counts, a list of numbers, and polygons.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from pycocotools import mask as coco

_LONGEST_OUTLINE, _FAR = 1e6, 1e6
"""In pixels. The C code trusts what it gets, and needs some 100 bytes for each pixel of outline."""


def encode_rle(mask: np.ndarray) -> str:
    """Compressed COCO counts of a bool (H, W) mask; in other types, what is not 0 is inside."""
    inside = np.asarray(mask, bool)  # the C code starts a new run at every change of the value
    encoded = coco.encode(np.asfortranarray(inside, dtype=np.uint8))
    return encoded["counts"].decode("ascii")


@dataclass(frozen=True, slots=True)
class Crop:
    """A mask without its empty surroundings: bool (h, w) `pixels`, the first at (`top`, `left`)."""

    pixels: np.ndarray
    top: int
    left: int

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the image that it covers."""
        height, width = self.pixels.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    @classmethod
    def of(cls, mask: np.ndarray, top: int = 0, left: int = 0) -> "Crop":
        """Cut a bool (H, W) mask, whose first pixel is at (`top`, `left`), down to what is inside.

        Examples
        --------
        >>> mask = np.zeros((9, 9), bool)
        >>> mask[2:5, 3] = True
        >>> Crop.of(mask).place
        (slice(2, 5, None), slice(3, 4, None))
        """
        rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not rows.size:
            return cls(np.zeros((0, 0), bool), 0, 0)
        inside = mask[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        return cls(inside, top + int(rows[0]), left + int(cols[0]))


def encode_crop(crop: Crop, size: tuple[int, int]) -> str:
    """Compressed COCO counts of a mask of `size` = (height, width), from the part that matters.

    Its cost does not depend on the size of the image, so thousands of small masks are quick.

    Raises
    ------
    ValueError
        If a part of the crop lies outside the image.
    """
    (height, width), (rows, cols) = size, crop.place
    if min(rows.start, cols.start) < 0 or rows.stop > height or cols.stop > width:
        raise ValueError(
            f"the mask at rows {rows}, columns {cols} is not inside {height} x {width}"
        )
    columns = np.pad(crop.pixels.T.astype(np.int8), ((0, 0), (1, 1)))
    column, row = np.nonzero(np.diff(columns, axis=1))  # beginnings and ends of runs in turn
    changes = (column + cols.start) * height + row + rows.start
    goes_on = np.flatnonzero(changes[1:-1:2] == changes[2::2])  # from one column into the next
    changes = np.delete(changes, np.concatenate([goes_on * 2 + 1, goes_on * 2 + 2]))
    return _compressed([0, *changes.tolist(), height * width], size)


def encode_regions(labels: np.ndarray) -> Iterator[tuple[int, str]]:
    """Yield (value, compressed COCO counts) of every value above 0 of a label map, in order.

    Parameters
    ----------
    labels
        (H, W), whole numbers. Tens of thousands of regions take a second.

    Examples
    --------
    >>> list(encode_regions(np.array([[0, 7], [2, 7]])))
    [(2, '112'), (7, '22')]
    """
    flat = labels.T.ravel()
    if not flat.size:
        return
    starts = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    values, ends = flat[starts], np.append(starts[1:], flat.size)
    order = np.argsort(values, kind="stable")
    order = order[values[order] > 0]
    firsts = np.flatnonzero(np.diff(values[order], prepend=0))
    for group in np.split(order, firsts[1:]) if len(order) else []:
        bounds = np.stack([starts[group], ends[group]], axis=1).ravel().tolist()
        yield int(values[group[0]]), _compressed([0, *bounds, flat.size], labels.shape)


def decode_crop(counts: str, size: tuple[int, int]) -> Crop:
    """Decode the part of a mask that matters; errors are those of `decode_rle`.

    Examples
    --------
    >>> mask = np.zeros((900, 900), bool)
    >>> mask[2:5, 3] = True
    >>> crop = decode_crop(encode_rle(mask), (900, 900))
    >>> crop.place, encode_crop(crop, (900, 900)) == encode_rle(mask)
    ((slice(2, 5, None), slice(3, 4, None)), True)
    """
    return _crop_runs(_check_runs(_runs_of(counts), size), size)


def sample_rle(
    counts: str, size: tuple[int, int], rows: np.ndarray, cols: np.ndarray
) -> np.ndarray:
    """Decode a mask at some rows and columns alone: bool (len(rows), len(cols)).

    Its cost does not depend on the size of the image, so small pictures of masks are quick. Errors
    are those of `decode_rle`.

    Examples
    --------
    >>> counts = encode_rle(np.eye(900, dtype=bool))
    >>> sample_rle(counts, (900, 900), np.array([7, 8]), np.array([8, 9])).tolist()
    [[False, False], [True, False]]
    """
    ends = np.cumsum(_check_runs(_runs_of(counts), size), dtype=np.int64)
    pixels = np.asarray(cols, np.int64) * size[0] + np.asarray(rows, np.int64)[:, None]
    return np.searchsorted(ends, pixels, side="right") % 2 == 1


def check_rle(counts: str, size: tuple[int, int]) -> int:
    """Return the area of a mask without decoding its pixels; errors are those of `decode_rle`.

    Examples
    --------
    >>> check_rle(encode_rle(np.eye(3, dtype=bool)), (3, 3))
    3
    """
    return sum(_check_runs(_runs_of(counts), size)[1::2])


def area_of(counts: str) -> int:
    """Return how many pixels a mask has whose compressed COCO counts are sound."""
    return sum(_parse(counts)[1::2])


def decode_rle(counts: str, size: tuple[int, int]) -> np.ndarray:
    """Bool (H, W) mask of `size` = (height, width) from compressed COCO counts.

    Raises
    ------
    ValueError
        If it is no text, no such encoding, or the runs do not fill the size exactly.
    """
    return _decode_runs(_runs_of(counts), size)


def decode_segmentation(segmentation: Any, size: tuple[int, int]) -> np.ndarray:
    """Bool (H, W) mask of `size` = (height, width) from any of COCO's ways to write one.

    Parameters
    ----------
    segmentation
        ``{"size": [height, width], "counts": ...}`` with a text or a list of numbers, or a list of
        polygons, ``[[x, y, x, y, ...], ...]``, whose union is the mask.

    Raises
    ------
    ValueError
        If it is none of them, of another size, or does not fit the size.

    Examples
    --------
    >>> decode_segmentation({"size": [2, 3], "counts": [1, 2, 3]}, (2, 3)).astype(int)
    array([[0, 1, 0],
           [1, 0, 0]])
    >>> decode_segmentation([[1, 0, 3, 0, 3, 2, 1, 2]], (2, 3)).astype(int)
    array([[0, 1, 1],
           [0, 1, 1]])
    """
    return _decode_runs(_segmentation_runs(segmentation, size), size)


def crop_segmentation(segmentation: Any, size: tuple[int, int]) -> Crop:
    """Decode the part that matters, in time that depends on it alone; see `decode_segmentation`."""
    return _crop_runs(_segmentation_runs(segmentation, size), size)


def _compressed(bounds: list[int], size: tuple[int, ...]) -> str:
    """Return compressed counts from where runs begin and end, from 0 to the number of pixels."""
    runs = [end - start for start, end in pairwise(bounds)]
    if len(runs) > 1 and not runs[-1]:
        del runs[-1]
    encoded = coco.frPyObjects({"size": list(size), "counts": runs}, *size)
    return encoded["counts"].decode("ascii")


def _segmentation_runs(segmentation: Any, size: tuple[int, int]) -> list[int]:
    if isinstance(segmentation, list):
        return _polygon_runs(segmentation, size)
    if not isinstance(segmentation, dict) or not {"size", "counts"} <= segmentation.keys():
        raise ValueError("it has neither run lengths nor polygons")
    came, counts = segmentation["size"], segmentation["counts"]
    if not (isinstance(came, list) and [type(side) for side in came] == [int, int]):
        raise ValueError("its size must be [height, width] in pixels, two whole numbers")
    if tuple(came) != size:
        raise ValueError(
            f"it has (height, width) {tuple(came)}, but the image has {size}; was it made for a "
            "resized image?"
        )
    if isinstance(counts, list):
        if not all(type(run) is int for run in counts):
            raise ValueError("uncompressed run lengths must be whole numbers")
        return _check_runs(counts, size)
    return _check_runs(_runs_of(counts), size)


def _polygon_runs(polygons: list[Any], size: tuple[int, int]) -> list[int]:
    height, width = size
    outlines, length = [], 0.0
    for polygon in polygons:
        fits = isinstance(polygon, list) and all(type(value) in (int, float) for value in polygon)
        if not fits or len(polygon) % 2 or not all(abs(value) <= _FAR for value in polygon):
            raise ValueError(f"a polygon must be a list of numbers x, y, x, y, ... up to {_FAR:g}")
        points = np.array(polygon, np.float64).reshape(-1, 2)
        steps = np.diff(points, axis=0, append=points[:1])
        length += np.abs(steps).max(axis=1, initial=0).sum()
        if len(points) > 2:
            outlines.append(points.ravel().tolist())
    if length > _LONGEST_OUTLINE:
        raise ValueError(f"its outline is longer than {_LONGEST_OUTLINE:g} pixels")
    if not outlines:
        return [height * width]
    merged = coco.merge(coco.frPyObjects(outlines, height, width))
    return _parse(merged["counts"].decode("ascii"))


def _decode_runs(runs: list[int], size: tuple[int, int]) -> np.ndarray:
    height, width = size
    _check_runs(runs, size)
    values = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def _crop_runs(runs: list[int], size: tuple[int, int]) -> Crop:
    height, width = size
    ends = np.cumsum(runs, dtype=np.int64)
    if len(ends) < 2:
        return Crop.of(np.zeros((0, 0), bool))
    first = int(ends[0]) // height
    last = min(-(-int(ends[-1 if len(ends) % 2 == 0 else -2]) // height), width)
    inside = np.clip(ends - first * height, 0, (last - first) * height)
    lengths = np.diff(inside, prepend=0, append=(last - first) * height)
    values = np.arange(len(lengths)) % 2 == 1
    return Crop.of(np.repeat(values, lengths).reshape(last - first, height).T, left=first)


def _check_runs(runs: list[int], size: tuple[int, int]) -> list[int]:
    height, width = size
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(
            f"the run lengths must be positive and fill {height} x {width} pixels, "
            f"got {len(runs)} runs of {sum(runs)} pixels; was the mask made for another image?"
        )
    return runs


def _runs_of(counts: str) -> list[int]:
    if not isinstance(counts, str):
        raise ValueError(
            f"COCO's compressed run lengths must be text, got {type(counts).__name__}; encode them "
            "with encode_rle"
        )
    return _parse(counts)


def _parse(counts: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for character in counts:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError(
                f"{character!r} has no place in COCO's compressed run lengths; "
                "expected the text that encode_rle writes"
            )
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("COCO's compressed run lengths end in the middle of a number")
    return runs
