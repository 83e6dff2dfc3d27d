"""Run-length encoding as COCO writes it: column by column, starting with the length of a 0-run.

Compressed counts are a short text: each count is the difference to the one two places before it,
in groups of five bits, lowest first, as characters from "0" on. Encoding is pycocotools' C code.
Decoding is our own: the text may come from a stranger, and the C code trusts it. COCO has two more
forms, which `decode_segmentation` reads: uncompressed counts, a list of numbers, and polygons.
"""

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


def decode_rle(counts: str, size: tuple[int, int]) -> np.ndarray:
    """Bool (H, W) mask of `size` = (height, width) from compressed COCO counts.

    Raises
    ------
    ValueError
        If it is no text, no such encoding, or the runs do not fill the size exactly.
    """
    if not isinstance(counts, str):
        raise ValueError(
            f"COCO's compressed run lengths must be text, got {type(counts).__name__}; encode them "
            "with encode_rle"
        )
    return _decode_runs(_parse(counts), size)


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
    if isinstance(segmentation, list):
        return _decode_polygons(segmentation, size)
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
        return _decode_runs(counts, size)
    return decode_rle(counts, size)


def _decode_polygons(polygons: list[Any], size: tuple[int, int]) -> np.ndarray:
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
        return np.zeros(size, bool)
    parts = coco.frPyObjects(outlines, height, width)
    return coco.decode(coco.merge(parts)).astype(bool)


def _decode_runs(runs: list[int], size: tuple[int, int]) -> np.ndarray:
    height, width = size
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise ValueError(
            f"the run lengths must be positive and fill {height} x {width} pixels, "
            f"got {len(runs)} runs of {sum(runs)} pixels; was the mask made for another image?"
        )
    values = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


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
