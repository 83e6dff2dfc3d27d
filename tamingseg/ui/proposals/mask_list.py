"""The proposals of one photo as a user works on them: merged, removed, compared with the truth.

Each mask has a number, its id, which it keeps. The list is an order of ids, best masks first; every
change of the order can be undone. The browser gets each mask once, as run lengths. After that it
gets only the order, and how good the first N masks are.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from tamingseg.masks.packed import areas, iou_matrix
from tamingseg.masks.rle import decode_rle, encode_rle
from tamingseg.metrics.proposals import miou_curve
from tamingseg.ui.wire import check_counts, check_number
from tamingseg.values import MaskSet

MAX_MASKS = 1000
"""Most proposals of one photo, merged ones not counted."""

MAX_BYTES = 128 << 20
"""Most memory for the proposals of one photo; with two million pixels that is 536 masks."""

MAX_EDITS = 200
"""Most merges and removals of one list; all of them can be undone."""

Order = tuple[int, ...]


class MaskList:
    """An ordered list of masks that can be edited.

    Safe to use from several threads.

    Parameters
    ----------
    masks
        Best masks first. Those beyond `MAX_MASKS` and `MAX_BYTES` are dropped.
    truth
        The true regions, packed like the masks: uint8 (M, H, ceil(W / 8)).
    """

    def __init__(self, masks: MaskSet, truth: np.ndarray | None = None) -> None:
        self._masks = masks.take(np.arange(min(len(masks), _room(masks.size))))
        self._past: list[Order] = []
        self._order: Order = tuple(range(len(self._masks)))
        self._future: list[Order] = []
        self._lock = threading.Lock()
        self.compare(truth)

    @property
    def nbytes(self) -> int:
        """Memory it occupies."""
        ious = self._ious
        return self._masks.packed.nbytes + (0 if ious is None else ious.nbytes)

    @property
    def order(self) -> Order:
        """The ids of the masks, best first."""
        return self._order

    def rest(self) -> None:
        """Do nothing: all of it is needed."""

    def remains(self) -> None:
        """Return nothing: the browser has it all."""

    def compare(self, truth: np.ndarray | None) -> None:
        """Compare with these true regions from now on; None if they are not known."""
        with self._lock:
            self._truth = truth
            self._ious = None if truth is None else iou_matrix(self._masks.packed, truth)

    def merge(self, ids: Sequence[int]) -> None:
        """Replace several masks by their union, which gets place and score of the best of them."""
        with self._lock:
            chosen = self._places(ids)
            if len(chosen) < 2:
                raise ValueError("at least two masks are needed to merge them")
            best = self._order[chosen[0]]
            packed = np.bitwise_or.reduce(self._masks.packed[[self._order[i] for i in chosen]])
            merged = MaskSet(packed[None], self._masks.size, self._masks.scores[best : best + 1])
            order = self._without(chosen)
            order.insert(chosen[0], len(self._masks))
            if len(self._masks) >= MAX_MASKS + MAX_EDITS:
                raise ValueError("so many masks were merged that there is no room; propose again")
            self._push(order)
            self._append(merged)

    def remove(self, ids: Sequence[int]) -> None:
        """Take masks out of the list."""
        with self._lock:
            self._push(self._without(self._places(ids)))

    def undo(self) -> None:
        """Take back the last merge or removal; do nothing if there is none."""
        with self._lock:
            if self._past:
                self._future.append(self._order)
                self._order = self._past.pop()

    def redo(self) -> None:
        """Do again what was taken back; do nothing if there is nothing."""
        with self._lock:
            if self._future:
                self._past.append(self._order)
                self._order = self._future.pop()

    def take(self, ids: Sequence[int]) -> MaskSet:
        """Return masks of the list in its order, whatever the order of `ids`."""
        with self._lock:
            chosen = [self._order[place] for place in self._places(ids)]
            return self._masks.take(np.array(chosen))

    def describe(self, known: int | None = 0) -> dict[str, Any]:
        """Tell the browser the order, and how good the first N masks are for every N.

        The browser has the masks with ids below `known`, which are not sent again; None is all.
        The curves over N are ``miou`` (None without a truth), ``coverage``, the share of pixels in
        at least one of the masks, and ``score``, their mean score. ``knees`` says where the first
        two bend.
        """
        with self._lock:
            known = len(self._masks) if known is None else known
            order = np.array(self._order, np.int64)
            curves = {"coverage": coverage_curve(self._masks.take(order))}
            if self._ious is not None:
                curves["miou"] = miou_curve(self._ious[order])
            counts = np.arange(1, len(order) + 1)
            scores = self._masks.scores[order].astype(np.float64).cumsum() / counts
            area = areas(self._masks.packed[known:])
            masks = [
                {
                    "counts": encode_rle(self._masks[i]),
                    "area": int(area[i - known]),
                    "score": round(float(self._masks.scores[i]), 4),
                }
                for i in range(known, len(self._masks))
            ]
            return {
                "order": list(self._order),
                "masks": masks,
                "miou": None,
                **{name: _rounded(curve) for name, curve in curves.items()},
                "score": _rounded(scores),
                "knees": {name: knee(curve) for name, curve in curves.items()},
                "can_undo": bool(self._past),
                "can_redo": bool(self._future),
            }

    def _places(self, ids: Sequence[int]) -> list[int]:
        """Return the places of masks in the list, ascending; each may be named once."""
        where = {mask_id: place for place, mask_id in enumerate(self._order)}
        if not ids or len(set(ids)) != len(ids) or not where.keys() >= set(ids):
            raise ValueError("expected some masks of the list, each once; propose again")
        return sorted(where[mask_id] for mask_id in ids)

    def _without(self, places: Sequence[int]) -> list[int]:
        left_out = set(places)
        return [mask_id for place, mask_id in enumerate(self._order) if place not in left_out]

    def _push(self, order: Sequence[int]) -> None:
        if len(self._past) >= MAX_EDITS:
            raise ValueError(f"a list can be changed {MAX_EDITS} times; propose again")
        self._past.append(self._order)
        self._future.clear()
        self._order = tuple(order)

    def _append(self, more: MaskSet) -> None:
        packed = np.concatenate([self._masks.packed, more.packed])
        scores = np.concatenate([self._masks.scores, more.scores])
        self._masks = MaskSet(packed, more.size, scores)
        if self._ious is not None and self._truth is not None:
            self._ious = np.concatenate([self._ious, iou_matrix(more.packed, self._truth)])


def read_list(value: Any, size: tuple[int, int]) -> MaskSet:
    """Check and read a list that a browser kept, of a photo of `size` = (height, width).

    It has ``counts`` and ``score`` of each mask as `MaskList.describe` gives them, best first.
    Raises ValueError for anything else.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= _room(size):
        raise ValueError(f"expected a list of 1 to {_room(size)} masks; propose again")
    packed = np.zeros((len(value), size[0], -(-size[1] // 8)), np.uint8)
    scores = np.zeros(len(value), np.float32)
    for place, kept in enumerate(value):
        if not isinstance(kept, dict):
            raise ValueError("a mask of the list that was kept has no run lengths; propose again")
        packed[place] = np.packbits(decode_rle(check_counts(kept.get("counts")), size), axis=-1)
        scores[place] = check_number(kept.get("score"))
    return MaskSet(packed, size, scores)


def _room(size: tuple[int, int]) -> int:
    mask_bytes = size[0] * -(-size[1] // 8)
    return min(MAX_MASKS, max(1, MAX_BYTES // mask_bytes))


def coverage_curve(masks: MaskSet) -> np.ndarray:
    """Return the share of the pixels in at least one of the first N masks: float64 (N,)."""
    covered = np.zeros(masks.packed.shape[1:], np.uint8)
    counts = np.zeros(len(masks))
    for number, packed in enumerate(masks.packed):
        covered |= packed
        counts[number] = np.bitwise_count(covered).sum()
    return counts / (masks.size[0] * masks.size[1])


def knee(values: np.ndarray) -> int:
    """Return the N >= 1 at which a curve over log N bends: where more masks begin to cost more.

    That is where it lies furthest above its chord, the line from its first to its last point (the
    smallest such N; Satopaa et al., Finding a "Kneedle" in a Haystack, 2011, with log N for x).

    Parameters
    ----------
    values
        float, (K,): the value at N = 1, ..., K.
    """
    if len(values) < 3:
        return len(values)
    across = np.log(np.arange(1, len(values) + 1))
    chord = values[0] + (values[-1] - values[0]) * across / across[-1]
    return int(np.argmax(np.round(values - chord, 9))) + 1  # what rounding makes is no bend


def _rounded(values: np.ndarray) -> list[float]:
    return np.round(values, 4).tolist()
