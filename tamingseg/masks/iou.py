"""Overlap of masks. What empty masks give is decided here and nowhere else."""

import numpy as np


def iou(first: np.ndarray, second: np.ndarray, ignore: np.ndarray | None = None) -> float:
    """Intersection over union of two bool (H, W) masks, in [0, 1].

    Pixels of `ignore`, bool (H, W), are not counted. If neither mask has a counted pixel, the IoU
    is 1.0: both say that there is nothing. (SegNext's evaluation divides 0 by 0 here.)
    """
    both, either = first & second, first | second
    if ignore is not None:
        both, either = both & ~ignore, either & ~ignore
    union = np.count_nonzero(either)
    return np.count_nonzero(both) / union if union else 1.0
