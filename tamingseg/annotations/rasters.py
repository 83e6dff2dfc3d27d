"""Outlines -> masks, by each of the rules that programs have for it.

`fill_rings` takes the pixels whose centres are inside an odd number of rings, as SVG (evenodd) and
geometry do. `fill_with_border` is Pillow's rule, which LabelMe and Cityscapes use: what the outline
touches is inside too. COCO's own rule is `crop_segmentation` in `tamingseg.masks.rle`.
Coordinates are (x, y), and pixel (0, 0) covers [0, 1) x [0, 1).
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tamingseg.masks.rle import Crop

MAX_POINTS = 1_000_000
"""Of one object."""

_FAR = 1e6

Rings = Sequence[np.ndarray]
"""Closed outlines, float (N, 2) each: x, y."""


def check_ring(points: Any, least: int = 3) -> np.ndarray:
    """Return points as float64 (N, 2), x and y, if they are an outline.

    Raises
    ------
    ValueError
        If they are no list of [x, y], fewer than `least`, too many, or not finite and reasonable.
    """
    try:
        ring = np.array(points, np.float64)
    except (ValueError, TypeError, OverflowError):
        ring = np.zeros(0)
    if ring.ndim != 2 or ring.shape[1:] != (2,) or not least <= len(ring) <= MAX_POINTS:
        raise ValueError(f"expected an outline of at least {least} points [x, y]")
    if not (np.abs(ring) <= _FAR).all():
        raise ValueError(f"the coordinates of an outline must be numbers up to {_FAR:g}")
    return ring


def fill_rings(rings: Rings, size: tuple[int, int]) -> Crop:
    """Fill the pixels of an image of `size` whose centres are inside an odd number of rings.

    Examples
    --------
    >>> square = np.array([[1, 1], [3, 1], [3, 3], [1, 3]], float)
    >>> fill_rings([square], (9, 9)).place
    (slice(1, 3, None), slice(1, 3, None))
    """
    if not rings:
        return Crop.of(np.zeros((0, 0), bool))
    points = np.concatenate(rings)
    (left, top), (right, bottom) = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    top, left = max(0, int(top)), max(0, int(left))
    height, width = min(size[0], int(bottom)) - top, min(size[1], int(right)) - left
    if height <= 0 or width <= 0:
        return Crop.of(np.zeros((0, 0), bool))
    crossings = np.zeros((height, width + 1), np.int32)
    for ring in rings:
        for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            (x0, y0), (x1, y1) = sorted((start, end), key=lambda point: point[1])
            first, last = max(np.ceil(y0 - 0.5), top), min(np.ceil(y1 - 0.5), top + height)
            if first >= last:
                continue
            rows = np.arange(int(first), int(last))
            x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
            crossings[rows - top, np.clip(np.ceil(x - 0.5) - left, 0, width).astype(int)] += 1
    return Crop.of(np.cumsum(crossings[:, :-1], axis=1) % 2 == 1, top, left)


def fill_with_border(ring: np.ndarray, size: tuple[int, int], by: str = "Pillow") -> Crop:
    """Fill an outline as Pillow does, or OpenCV, which draw the outline itself as well.

    OpenCV takes whole numbers; what is behind the point is cut off, as ultralytics does.
    """
    low, high = np.floor(ring.min(axis=0)), np.ceil(ring.max(axis=0)) + 1
    left, top = (max(0, int(value)) for value in low)
    right, bottom = min(size[1], int(high[0])), min(size[0], int(high[1]))
    if right <= left or bottom <= top:
        return Crop.of(np.zeros((0, 0), bool))
    shifted = ring - (left, top)
    if by == "OpenCV":
        pixels = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(pixels, [np.trunc(ring).astype(np.int32) - (left, top)], 1)
        return Crop.of(pixels > 0, top, left)
    image = Image.new("L", (right - left, bottom - top))
    points = [tuple(point) for point in shifted.tolist()]
    ImageDraw.Draw(image).polygon(points * 2 if len(points) < 2 else points, fill=1, outline=1)
    return Crop.of(np.asarray(image) > 0, top, left)


def fill_circle(centre: np.ndarray, radius: float, size: tuple[int, int]) -> Crop:
    """Fill a circle around (x, y) as Pillow does."""
    if radius > _FAR / 10:
        raise ValueError(f"a circle has a radius of {_FAR / 10:g} pixels at most")
    left, top = (max(0, int(value)) for value in np.floor(centre - radius))
    right, bottom = (int(value) + 2 for value in centre + radius)
    width, height = min(size[1], right) - left, min(size[0], bottom) - top
    if width <= 0 or height <= 0:
        return Crop.of(np.zeros((0, 0), bool))
    image = Image.new("L", (width, height))
    box = [*(centre - radius - (left, top)), *(centre + radius - (left, top))]
    ImageDraw.Draw(image).ellipse(box, fill=1, outline=1)
    return Crop.of(np.asarray(image) > 0, top, left)


def same_mask(one: Crop, other: Crop) -> bool:
    """Whether two masks have the same pixels; both must be cut down to what is inside."""
    return one.place == other.place and np.array_equal(one.pixels, other.pixels)


def union(crops: Sequence[Crop]) -> Crop:
    """Return what is in any of the crops."""
    crops = [crop for crop in crops if crop.pixels.size]
    if len(crops) < 2:
        return crops[0] if crops else Crop.of(np.zeros((0, 0), bool))
    top, left = min(crop.top for crop in crops), min(crop.left for crop in crops)
    bottom = max(crop.place[0].stop for crop in crops)
    right = max(crop.place[1].stop for crop in crops)
    pixels = np.zeros((bottom - top, right - left), bool)
    for crop in crops:
        rows, cols = crop.place
        pixels[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left] |= (
            crop.pixels
        )
    return Crop(pixels, top, left)


def goes_outside(rings: Rings, size: tuple[int, int]) -> bool:
    """Whether an outline leaves the photo by a pixel or more."""
    points = np.concatenate(rings)
    height, width = size
    return bool((points <= -1).any() or (points >= (width + 1, height + 1)).any())
