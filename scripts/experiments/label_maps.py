"""Overlapping masks -> label maps, as data sets keep them."""

import numpy as np

from tamingseg.data.levels import INSIDE
from tamingseg.values import MaskSet


def label_maps_of(masks: MaskSet, count: int) -> np.ndarray:
    """Spread masks over as few label maps as first fit finds, in each of which none overlap.

    Masks are taken in their order. Each becomes a region of the first map where nine tenths of it
    (`INSIDE`) are free and it covers at most a tenth of every region, and gets what is free there.
    So of a part and its whole the worse one opens the next map. A mask without room in any is left
    out.

    Parameters
    ----------
    masks
        An ordered list, best first.
    count
        At most this many maps, 1 or more.

    Returns
    -------
    int32 (L, H, W), 0 <= L <= count, labels 1, 2, ... in each map; 0 is what none of its masks
    holds.

    Raises
    ------
    ValueError
        If `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"expected at least 1 label map, got {count}")
    maps = np.zeros((count, *masks.size), np.int32)
    for number in range(len(masks)):
        mask = masks[number]
        for label_map in maps:
            free = mask & (label_map == 0)
            areas = np.bincount(label_map.ravel())[1:]
            apart = areas - np.bincount(label_map[mask], minlength=len(areas) + 1)[1:]
            enough = free.any() and free.sum() >= INSIDE * mask.sum()
            if enough and (apart >= INSIDE * areas).all():
                label_map[free] = len(areas) + 1
                break
    return maps[maps.any(axis=(1, 2))]
