"""Scores of segmentation by clicks, from a table of IoUs.

The table is float (S, K): row = one mask, column k = the IoU after k + 1 clicks. All definitions
are those of SegNext's evaluation (after RITM), so that the numbers compare with published ones;
where it has a quirk, following it is a choice that is named.
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


def number_of_failures(ious: np.ndarray, threshold: float, count_last_click: bool = False) -> int:
    """Count the masks that never reach `threshold`: NoF@threshold.

    With `count_last_click`, also those that reach it for the first time at the last click, as
    SegNext's evaluation does, which looks at the number of clicks alone; for comparison with
    published figures.
    """
    if count_last_click:
        return int((clicks_to_reach(ious, threshold) == np.shape(ious)[1]).sum())
    return int((~(np.asarray(ious) >= threshold).any(axis=1)).sum())
