"""Scores of interactive segmentation, from a table of IoUs.

The table is float (S, K): row = one mask, column k = the IoU after k + 1 clicks. All definitions
are those of SegNext's evaluation (after RITM), so that the numbers compare with published ones.
"""

from collections.abc import Hashable, Sequence

import numpy as np


def mean_over_masks(values: np.ndarray) -> np.ndarray:
    """Take the mean over the first axis: every mask counts the same."""
    return np.asarray(values, np.float64).mean(axis=0)


def mean_over_images(values: np.ndarray, images: Sequence[Hashable]) -> np.ndarray:
    """Take the mean over images of the mean over each image's masks: every image counts the same.

    Parameters
    ----------
    values
        (S,) or (S, K), one row per mask.
    images
        S keys; masks with equal keys are of one image.
    """
    values = np.asarray(values, np.float64)
    numbers = {image: number for number, image in enumerate(dict.fromkeys(images))}
    owner = np.array([numbers[image] for image in images])
    sums = np.zeros((len(numbers), *values.shape[1:]))
    np.add.at(sums, owner, values)
    counts = np.bincount(owner).reshape(-1, *[1] * (values.ndim - 1))
    return (sums / counts).mean(axis=0)


def clicks_to_reach(ious: np.ndarray, threshold: float) -> np.ndarray:
    """Count the clicks at which each mask first reaches `threshold`: int (S,), 1..K.

    A mask that never does counts K. The mean is NoC@threshold, the "number of clicks".
    """
    reached = np.asarray(ious) >= threshold
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, reached.shape[1])


def number_of_failures(ious: np.ndarray, threshold: float) -> int:
    """Count the masks that need all K clicks: NoF@threshold.

    As published, this also counts a mask that reaches the threshold exactly at the last click,
    because only the number of clicks is looked at.
    """
    clicks = clicks_to_reach(ious, threshold)
    return int((clicks == np.shape(ious)[1]).sum())
