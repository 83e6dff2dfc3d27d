"""Masks found through several windows of a photo -> masks of the photo.

Windows overlap. What goes on across the border of its window was found in parts. Two parts are one
mask if they agree where their windows overlap: each is the other's best match there. All masks are
compared on one raster over the photo, as fine as the answers in the windows; those of the list are
enlarged window by window.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tamingseg.masks.packed import iou_matrix
from tamingseg.proposals.levels import Candidates, enlarged
from tamingseg.proposals.ranking import AREA_POWER
from tamingseg.segmentors.windows import Window, inner_borders, slices
from tamingseg.values import Click, MaskSet

_AGREES = 0.5
"""Parts of one mask have a larger IoU where their windows overlap."""

Part = tuple[int, int]
"""Numbers of a view, and of a mask in it."""


@dataclass(frozen=True)
class View:
    """The masks that were found through one window, C of them.

    Attributes
    ----------
    window
        Where it is.
    candidates
        The masks, at the model's own resolution (h, w).
    logits
        float16, (C, h, w): the answer that each was found in.
    scores
        float, (C,): which to prefer of nearly the same ones.
    weights
        float, (C,): how likely each is an object.
    """

    window: Window
    candidates: Candidates
    logits: np.ndarray
    scores: np.ndarray
    weights: np.ndarray

    def mask(self, number: int, size: tuple[int, int]) -> np.ndarray:
        """Return one mask, bool of any `size` for the window."""
        found = self.candidates
        return enlarged(self.logits[number], found.level[number], found.packed[number], size)

    def masks(self, size: tuple[int, int]) -> np.ndarray:
        """Return all masks, bool (C, *size)."""
        masks = np.zeros((len(self.scores), *size), bool)
        for number in range(len(masks)):
            masks[number] = self.mask(number, size)
        return masks


@dataclass(frozen=True)
class Joined:
    """The masks of all views, M of them, on one raster over the photo.

    Attributes
    ----------
    parts
        The parts that each consists of.
    packed
        uint8, (M, h, ceil(w / 8)), packed as in `values.MaskSet`.
    scores, weights
        float, (M,), as of a `View`.
    """

    parts: Sequence[Sequence[Part]]
    packed: np.ndarray
    scores: np.ndarray
    weights: np.ndarray


def share_clicks(
    clicks: Sequence[Click], windows: Sequence[Window]
) -> list[tuple[Window, list[Click]]]:
    """Give every click to the window whose middle is nearest; leave out windows without clicks.

    The clicks come in pixels of the photo, and go in pixels of their window.
    """
    boxes = np.array(windows, float)
    points = np.array([(click.row, click.col) for click in clicks])
    off_centre = np.abs(points[:, None] - boxes[:, :2] - boxes[:, 2:] / 2) / boxes[:, 2:]
    nearest = off_centre.max(axis=2).argmin(axis=1).tolist()
    shared: dict[Window, list[Click]] = {}
    for click, number in zip(clicks, nearest, strict=True):
        top, left, _, _ = windows[number]
        own = shared.setdefault(windows[number], [])
        own.append(Click(click.row - top, click.col - left, click.positive))
    return list(shared.items())


def join_views(views: Sequence[View], size: tuple[int, int]) -> Joined:
    """Join the parts of masks that go on from window to window.

    What leaves its window and goes on nowhere is left out where one of the views is the whole
    photo, in which such a large thing is seen at once.

    Parameters
    ----------
    views
        At least one; the last one is as fine as any.
    size
        (height, width) of the photo.
    """
    raster = np.divide(views[-1].logits.shape[1:], views[-1].window[2:])
    whole = tuple(np.round(np.multiply(size, raster)).astype(int).tolist())
    boxes = [_box(view.window, raster) for view in views]
    masks = [view.masks(box[2:]) for view, box in zip(views, boxes, strict=True)]
    has_whole = any(view.window == (0, 0, *size) for view in views)
    parts, packed, scores, weights = [], [], [], []
    for group in _groups(boxes, masks, whole):
        joined = np.zeros(whole, bool)
        for view, number in group:
            joined[slices(boxes[view])] |= masks[view][number]
        if has_whole and any(
            _goes_on_unseen(joined, boxes[view], masks[view][number]) for view, number in group
        ):
            continue
        area = np.array([np.count_nonzero(masks[view][number]) for view, number in group])
        share = (area / max(1, np.count_nonzero(joined))) ** AREA_POWER
        parts.append(group)
        packed.append(np.packbits(joined, axis=-1))
        scores.append(min(float(views[view].scores[number]) for view, number in group))
        weights.append(share @ [views[view].weights[number] for view, number in group])
    shape = (len(parts), whole[0], -(-whole[1] // 8))
    return Joined(
        parts, np.array(packed, np.uint8).reshape(shape), np.array(scores), np.array(weights)
    )


def enlarge_joined(
    joined: Joined, chosen: Sequence[int], views: Sequence[View], size: tuple[int, int]
) -> MaskSet:
    """Return the `chosen` masks at the photo's (height, width)."""
    packed = np.zeros((len(chosen), size[0], -(-size[1] // 8)), np.uint8)
    for place, number in enumerate(chosen):
        mask = np.zeros(size, bool)
        for view, own in joined.parts[number]:
            window = views[view].window
            mask[slices(window)] |= views[view].mask(own, window[2:])
        packed[place] = np.packbits(mask, axis=-1)
    return MaskSet(packed, size, joined.scores[list(chosen)].astype(np.float32))


def _groups(
    boxes: Sequence[Window], masks: Sequence[np.ndarray], size: tuple[int, int]
) -> list[list[Part]]:
    """Return which parts are one mask; a mask has at most one part in every view."""
    groups = {
        (view, number): [(view, number)]
        for view, found in enumerate(masks)
        for number in range(len(found))
    }
    for _, one, other in sorted(_matches(boxes, masks, size), reverse=True):
        first, second = groups[one], groups[other]
        if {view for view, _ in first}.isdisjoint(view for view, _ in second):
            first += second
            groups.update(dict.fromkeys(second, first))
    return [group for part, group in groups.items() if group[0] == part]


def _matches(
    boxes: Sequence[Window], masks: Sequence[np.ndarray], size: tuple[int, int]
) -> Iterator[tuple[float, Part, Part]]:
    """Yield (IoU, part, part) of the pairs that agree and of which one leaves its window."""
    leaves = [
        np.array([_leaves(mask, box, size) for mask in found], bool)
        for found, box in zip(masks, boxes, strict=True)
    ]
    for one, other in combinations(range(len(boxes)), 2):
        first, second = (_shared(boxes[one], boxes[other]), _shared(boxes[other], boxes[one]))
        if first is None or second is None:
            continue
        overlap1, overlap2 = masks[one][:, *first], masks[other][:, *second]
        seen1, seen2 = (np.flatnonzero(part.any(axis=(1, 2))) for part in (overlap1, overlap2))
        if len(seen1) == 0 or len(seen2) == 0:
            continue
        ious = iou_matrix(
            np.packbits(overlap1[seen1], axis=-1), np.packbits(overlap2[seen2], axis=-1)
        )
        best = ious.argmax(axis=1)
        for row, col in enumerate(best.tolist()):
            mutual = ious[:, col].argmax() == row and ious[row, col] > _AGREES
            if mutual and (leaves[one][seen1[row]] or leaves[other][seen2[col]]):
                yield float(ious[row, col]), (one, int(seen1[row])), (other, int(seen2[col]))


def _leaves(mask: np.ndarray, box: Window, size: tuple[int, int]) -> bool:
    return any(mask[line].any() for line, _ in inner_borders(box, size))


def _goes_on_unseen(joined: np.ndarray, box: Window, mask: np.ndarray) -> bool:
    """Whether a part leaves its window at a border beyond which the joined mask has nothing."""
    return any(
        mask[line].any() and not joined[beyond].any()
        for line, beyond in inner_borders(box, joined.shape)
    )


def _box(window: Window, raster: np.ndarray) -> Window:
    """Return a window in cells of a raster that has so many (rows, columns) per pixel."""
    corners = np.array([window[:2], np.add(window[:2], window[2:])])
    (top, left), (bottom, right) = np.round(corners * raster).astype(int).tolist()
    return top, left, bottom - top, right - left


def _shared(window: Window, other: Window) -> tuple[slice, slice] | None:
    """Return what is also in `other`, as indices of an array of `window`; None if nothing is."""
    low = np.maximum(window[:2], other[:2]) - window[:2]
    high = np.minimum(np.add(window[:2], window[2:]), np.add(other[:2], other[2:])) - window[:2]
    if (low >= high).any():
        return None
    (top, left), (bottom, right) = low.tolist(), high.tolist()
    return slice(top, bottom), slice(left, right)
