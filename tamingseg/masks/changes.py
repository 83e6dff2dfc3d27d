"""What one more click may change: a correction is local, and what is settled stays.

A model that is asked about all clicks together answers anew every time. Now and then such an answer
gives up what earlier clicks had settled, up to the whole object; and far from the click it differs
a little each time, for no reason.
"""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from tamingseg.values import MASK_THRESHOLD, Click

_FREE = 3
"""Answers to this many clicks may change the mask anywhere, for these say what is meant; further
clicks say where it is wrong."""


def component_at(change: np.ndarray, click: Click) -> np.ndarray:
    """Return the 8-connected component of bool (H, W) that holds the click, empty if none does.

    So an answer that agrees with the mask at the click itself proposes nothing there.
    """
    components = _components(change)
    here = components[_pixel(click)]
    return (components == here) if here else np.zeros_like(change)


def settle(answer: np.ndarray, previous: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
    """Keep of an answer to `clicks` what may be due to the last of them.

    Changes are connected components of where the masks at one half differ; a pixel that was clicked
    twice counts with its later click.

    - A change that makes a click wrong which was right is not made. If it is the change at the last
      click, it reaches half the way to the nearest click that it makes wrong.
    - From the fourth click on, where nothing changes for a click (at the last one, or to make an
      earlier one right), the mean of both maps is taken: answers that differ for no reason are
      averaged, and a doubt has to be repeated. Not so if the last click has no effect, nor if
      `previous` is a mask, 0 and 1: that would outweigh every answer.

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
    last = _pixel(clicks[-1])
    mask = answer > MASK_THRESHOLD
    changes = _components(mask != (previous > MASK_THRESHOLD))
    own = changes[last]
    undone: dict[int, list[float]] = {}  # change -> how far clicks that it makes wrong are
    wanted: list[int] = []
    for pixel, positive in {_pixel(click): click.positive for click in clicks}.items():
        if changes[pixel] and mask[pixel] == positive:
            wanted.append(int(changes[pixel]))
        elif changes[pixel]:
            undone.setdefault(int(changes[pixel]), []).append(float(np.hypot(*_from(pixel, last))))
    if undone:
        refused = np.isin(changes, list(undone))
        if own in undone:
            rows, cols = np.indices(mask.shape, sparse=True)
            near = np.hypot(*_from((rows, cols), last)) < min(undone[own]) / 2
            refused &= ~(near & (changes == own))
        answer = np.where(refused, previous, answer)
    moved = own and mask[last] == clicks[-1].positive
    if len(clicks) <= _FREE or not moved or _is_mask(previous):
        return answer
    return np.where(np.isin(changes, wanted), answer, (answer + previous) / 2)


def _pixel(click: Click) -> tuple[int, int]:
    return int(click.row), int(click.col)


def _from(pixel: tuple, origin: tuple[int, int]) -> tuple:
    return pixel[0] - origin[0], pixel[1] - origin[1]


def _is_mask(values: np.ndarray) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def _components(change: np.ndarray) -> np.ndarray:
    """Return bool (H, W) with its 8-connected components numbered from 1; 0 is none."""
    return ndimage.label(change, structure=np.ones((3, 3), bool))[0]
