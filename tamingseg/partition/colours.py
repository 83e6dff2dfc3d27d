"""How much the colours of regions differ: what can be seen without any model."""

import cv2
import numpy as np
from scipy.spatial.distance import cdist

_CLEAR_DIFFERENCE = 8.0
"""Distance in CIE L*a*b* at which colours count as different by two thirds."""


def colour_contrast(image: np.ndarray, superpixels: np.ndarray) -> np.ndarray:
    """Return how much the mean colours of all pairs of superpixels differ.

    Parameters
    ----------
    image
        uint8 RGB (H, W, 3).
    superpixels
        int32, (H, W): labels 1..S.

    Returns
    -------
    float64 (S, S), symmetric, in [0, 1): from the distances in CIE L*a*b*, which are those of the
    eye.
    """
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    labels = superpixels.ravel() - 1
    sums = np.stack([np.bincount(labels, channel) for channel in lab.T], axis=1)
    means = sums / np.bincount(labels)[:, None]
    return 1 - np.exp(-cdist(means, means) / _CLEAR_DIFFERENCE)
