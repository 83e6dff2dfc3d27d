"""Non-maximum suppression: of masks that are nearly the same, the best stays.

Boxes, which Segment Anything compares "for efficiency", go wrong both ways: a ring and the disc in
it have like boxes and one of them is lost, and a duplicate with one stray pixel has another box and
stays. So masks are compared; boxes are there for comparison.
"""

from typing import Literal

import numpy as np

from tamingseg.masks.packed import SimilarMasks, areas, intersections, iou_matrix

Overlap = Literal["mask", "box", "containment"]
"""What is compared: IoU of masks, IoU of their boxes, or the share of the smaller mask that lies in
the larger one, which also takes parts away."""

_AT_ONCE = 1024
"""Masks compared together, so that memory does not grow with the square of their number."""


def suppress(
    packed: np.ndarray, order: np.ndarray, above: float, overlap: Overlap = "mask"
) -> tuple[np.ndarray, np.ndarray]:
    """Keep every mask whose overlap with all masks kept before it is at most `above`.

    Parameters
    ----------
    packed
        uint8, (N, h, ceil(w / 8)): masks, packed as in `values.MaskSet`.
    order
        Numbers of masks, the best first; only they are looked at.
    above
        In [0, 1]; an overlap of exactly this suppresses nothing.
    overlap
        What is compared.

    Returns
    -------
    kept, nearest
        int64: the numbers of the masks that stay, the best first; and for each of `order` the
        place in `kept` of the mask with the greatest IoU, the first of equals.
    """
    order = np.asarray(order, np.int64)
    if overlap == "mask":
        return _suppress_masks(packed, order, above)
    kept = np.zeros(0, np.int64)
    for start in range(0, len(order), _AT_ONCE):
        block = order[start : start + _AT_ONCE]
        if len(kept):
            before = _overlaps(packed[block], packed[kept], overlap)
            block = block[(before <= above).all(axis=1)]
        within = _overlaps(packed[block], packed[block], overlap)
        kept = np.concatenate([kept, block[suppress_by(within, above)]])
    nearest = np.zeros(len(order), np.int64)
    for start in range(0, len(order), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        nearest[part] = iou_matrix(packed[order[part]], packed[kept]).argmax(axis=1)
    return kept, nearest


def _suppress_masks(
    packed: np.ndarray, order: np.ndarray, above: float
) -> tuple[np.ndarray, np.ndarray]:
    """Do so by the IoU of masks. What is suppressed is similar to a mask that stays."""
    similar = SimilarMasks(packed[order], above)
    alive = np.ones(len(order), bool)
    highest, nearest = np.zeros(len(order), np.float32), np.arange(len(order))
    for place in range(len(order)):
        if alive[place]:
            others, ious = similar.to(place)
            alive[others[others > place]] = False
            closer = others[ious > highest[others]]
            highest[others] = np.maximum(highest[others], ious)
            nearest[closer] = place
    kept = np.flatnonzero(alive)
    return order[kept], np.searchsorted(kept, nearest)


def suppress_by(overlaps: np.ndarray, above: float) -> np.ndarray:
    """Do the same with overlaps at hand, float (N, N) of masks in order, the best first."""
    alive = np.ones(len(overlaps), bool)
    for place in range(len(overlaps)):
        if alive[place]:
            alive[place + 1 :] &= overlaps[place, place + 1 :] <= above
    return np.flatnonzero(alive)


def boxes(packed: np.ndarray) -> np.ndarray:
    """Return the boxes of masks, int64 (N, 4): top, left, bottom, right, the ends exclusive."""
    cols = np.unpackbits(np.bitwise_or.reduce(packed, axis=1), axis=-1).astype(bool)
    ends = []
    for along in (np.asarray(packed.any(axis=2)), cols):
        first = along.argmax(axis=1)
        last = along.shape[1] - along[:, ::-1].argmax(axis=1)
        ends.append((first, np.where(along.any(axis=1), last, first)))
    (top, bottom), (left, right) = ends
    return np.stack([top, left, bottom, right], axis=1)


def _overlaps(first: np.ndarray, second: np.ndarray, overlap: Overlap) -> np.ndarray:
    if overlap == "containment":
        smaller = np.minimum(areas(first)[:, None], areas(second))
        return intersections(first, second) / np.maximum(smaller, 1)
    one, other = boxes(first)[:, None], boxes(second)[None]
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    both = np.clip(sides, 0, None).prod(axis=2)
    either = _box_areas(one) + _box_areas(other) - both
    return both / np.maximum(either, 1)


def _box_areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2:] - boxes[..., :2]).prod(axis=2)
