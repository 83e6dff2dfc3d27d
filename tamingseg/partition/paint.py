"""Overlapping masks -> partitions, by painting the larger masks first; and partitions -> masks."""

from collections.abc import Sequence

import numpy as np

from tamingseg.masks.packed import areas
from tamingseg.values import MaskSet


def paint_masks(masks: MaskSet, budgets: Sequence[int]) -> np.ndarray:
    """Turn the first N masks into a partition, for every budget N.

    A pixel belongs to the smallest of the first N masks that hold it, so that parts stay visible on
    their whole; pixels of no mask are together one region.

    Parameters
    ----------
    masks
        An ordered list, best first.
    budgets
        Numbers N >= 1; more masks than there are mean all of them.

    Returns
    -------
    int32 (len(budgets), H, W) label maps, labels from 1; 1 is what no mask holds.

    Raises
    ------
    ValueError
        If a budget is below 1.
    """
    if min(budgets, default=1) < 1:
        raise ValueError(f"a budget must be at least 1 mask, got {min(budgets)}")
    maps = np.ones((len(budgets), *masks.size), np.int32)
    for number in np.lexsort((-np.arange(len(masks)), -areas(masks.packed))):  # ties: best last
        mask = masks[number]
        for label_map, budget in zip(maps, budgets, strict=True):
            if number < budget:
                label_map[mask] = number + 2
    return maps


def region_masks(labels: np.ndarray) -> MaskSet:
    """Return the regions 1, 2, ... of a label map (H, W) of integers as masks, in that order.

    Raises
    ------
    ValueError
        If a pixel has no label.
    """
    if labels.ndim != 2 or labels.dtype.kind not in "iu" or labels.min(initial=1) < 1:
        raise ValueError(f"expected (H, W) labels from 1, got {labels.dtype} {labels.shape}")
    count = int(labels.max(initial=0))
    height, width = labels.shape
    packed = np.empty((count, height, -(-width // 8)), np.uint8)
    for number in range(count):  # one by one, for all of a large photo would not fit as bytes
        packed[number] = np.packbits(labels == number + 1, axis=-1)
    return MaskSet(packed, (height, width), np.ones(count, np.float32))
