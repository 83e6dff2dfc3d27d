"""Non-maximum suppression of masks: of several that are nearly the same, the first stays."""

import numpy as np


def suppress(ious: np.ndarray, order: np.ndarray, threshold: float) -> np.ndarray:
    """Keep each mask whose IoU with all masks kept before it is at most `threshold`.

    Parameters
    ----------
    ious
        float (N, N), IoU of each two masks.
    order
        The masks from the best to the worst: numbers 0..N-1.
    threshold
        In [0, 1]; an IoU of exactly the threshold suppresses nothing.

    Returns
    -------
    int64, the numbers of the masks that stay, the best first.
    """
    alive = np.ones(len(ious), bool)
    kept = []
    for number in order:
        if alive[number]:
            kept.append(number)
            alive &= ious[number] <= threshold
    return np.array(kept, np.int64)
