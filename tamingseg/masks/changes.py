"""What one more click may change: a correction is local, and what is settled stays.

A model that is asked about all clicks together answers anew every time. Now and then such an answer
gives up what earlier clicks had settled, up to the whole object; and far from the click it differs
a little each time, for no reason.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from tamingseg.values import MASK_THRESHOLD, Click

_SETTLED_AFTER = 3
"""Answers that may change the mask anywhere: so many clicks say what is meant, further ones where
it is wrong."""


def component_at(change: np.ndarray, click: Click) -> np.ndarray:
    """Return the 8-connected component of bool (H, W) that holds the click, empty if none does."""
    components = _components(change)
    here = components[int(click.row), int(click.col)]
    return (components == here) if here else np.zeros_like(change)


def settle(answer: np.ndarray, previous: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
    """Keep of an answer to `clicks` what may be due to the last of them.

    - A connected change of the mask that makes an earlier click wrong which was right is not made.
      If it is the one that the last click asks for, it reaches half the way to the nearest click
      that it makes wrong.
    - From the fourth click on, all that is not the connected change at the click is the mean of
      both maps: answers that differ for no reason are averaged, and a doubt has to be repeated.

    Parameters
    ----------
    answer, previous
        float32 (H, W), probabilities with the last click and before it.
    clicks
        In the order they were made.

    Returns
    -------
    float32 (H, W); the inputs are left as they are.
    """
    last = clicks[-1]
    mask = answer > MASK_THRESHOLD
    changes = _components(mask != (previous > MASK_THRESHOLD))
    own = changes[int(last.row), int(last.col)]
    undone: dict[int, list[float]] = {}
    for click in clicks[:-1]:
        pixel = int(click.row), int(click.col)
        if changes[pixel] and mask[pixel] != click.positive:
            distance = np.hypot(click.row - last.row, click.col - last.col)
            undone.setdefault(int(changes[pixel]), []).append(float(distance))
    if undone:
        refused = np.isin(changes, list(undone))
        if own in undone:
            rows, cols = np.indices(mask.shape, sparse=True)
            near = np.hypot(rows + 0.5 - last.row, cols + 0.5 - last.col) < min(undone[own]) / 2
            refused &= ~(near & (changes == own))
        answer = np.where(refused, previous, answer)
    if len(clicks) <= _SETTLED_AFTER or not own:
        return answer
    return np.where(changes == own, answer, (answer + previous) / 2)


def _components(change: np.ndarray) -> np.ndarray:
    """Return bool (H, W) with its 8-connected components numbered from 1; 0 is none."""
    return cv2.connectedComponents(change.astype(np.uint8), connectivity=8)[1]
