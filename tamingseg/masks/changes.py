"""What a further click may change: corrections stay local, and earlier clicks stay right.

A model that sees all clicks together gives a new answer each time. Sometimes the new answer undoes
what earlier clicks had corrected, up to the whole object. Far from the click it also changes a
little each time, without a reason.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from tamingseg.values import MASK_THRESHOLD, Click

_FREE = 3
"""The first three clicks may change the whole mask, because they say what is meant. Later clicks
say where it is wrong."""

_GROWTH = 1.0
"""A later click adds at most this share of the mask's area; a larger part takes several clicks."""

_LOSS = 0.5
"""A later click takes away at most this share of it."""

_LEVELS = (0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""How sure the model must be, step by step, until a change is small enough."""


def component_at(change: np.ndarray, click: Click) -> np.ndarray:
    """Return the 8-connected component of `change`, bool (H, W), that contains the click.

    It is empty if nothing changes at the click itself.
    """
    components = _components(change)
    here = components[_pixel(click)]
    return (components == here) if here else np.zeros_like(change)


def settle(answer: np.ndarray, previous: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
    """Keep only the changes of an answer that the last click may have caused.

    The two maps are thresholded at one half. A change is a connected component of the pixels
    where these masks differ. If a pixel was clicked twice, its later click counts.

    - From the fourth click on, the change at the last click has a largest size: it may double the
      mask, or halve it. A larger one is cut down to what the model is surer of. Without that, "this
      too" in a nearly finished part of a thing would often be answered with the whole thing.
    - A change that makes an earlier click wrong is refused. If it is the change at the last click,
      it is kept up to half the way to the nearest click that it makes wrong.
    - From the fourth click on, a change must belong to a click: to the last one, or to an earlier
      one that it makes right. Everywhere else the mean of both maps is taken, so that differences
      without a reason are averaged. This step is left out if the last click has no effect, and if
      `previous` is a mask of 0 and 1, which would outweigh every answer.

    Parameters
    ----------
    answer, previous
        float32 (H, W), probabilities after and before the last click.
    clicks
        In the order they were made.

    Returns
    -------
    float32 (H, W); the inputs are not changed.
    """
    last = _pixel(clicks[-1])
    if len(clicks) > _FREE:
        answer = _bounded(answer, previous, clicks[-1])
    mask = answer > MASK_THRESHOLD
    changes = _components(mask != (previous > MASK_THRESHOLD))
    own = changes[last]
    undone: dict[int, list[float]] = {}  # change -> distances of the clicks that it makes wrong
    wanted: list[int] = []
    for pixel, positive in {_pixel(click): click.positive for click in clicks}.items():
        if changes[pixel] and mask[pixel] == positive:
            wanted.append(int(changes[pixel]))
        elif changes[pixel]:
            undone.setdefault(int(changes[pixel]), []).append(float(np.hypot(*_from(pixel, last))))
    if undone:
        refused = np.isin(changes, list(undone))
        if own in undone:
            rows, cols = np.ogrid[: mask.shape[0], : mask.shape[1]]
            near = np.hypot(*_from((rows, cols), last)) < min(undone[own]) / 2
            refused &= ~(near & (changes == own))
        answer = np.where(refused, previous, answer)
    moved = own and mask[last] == clicks[-1].positive
    if len(clicks) <= _FREE or not moved or _is_mask(previous):
        return answer
    return np.where(np.isin(changes, wanted), answer, (answer + previous) / 2)


def _bounded(answer: np.ndarray, previous: np.ndarray, click: Click) -> np.ndarray:
    """Cut the change at a click down to the largest size it may have; nothing else is changed."""
    before = previous > MASK_THRESHOLD
    change = component_at((answer > MASK_THRESHOLD) != before, click)
    largest = before.sum() * (_GROWTH if click.positive else _LOSS)
    if not before.any() or change.sum() <= largest:
        return answer
    sureness = answer if click.positive else 1 - answer
    for level in _LEVELS:
        kept = component_at(change & (sureness > level), click)
        if kept.sum() <= largest:
            break
    if not kept.any() or kept.sum() > largest:  # no level does it: keep what is near the click
        rows, cols = np.nonzero(change)
        nearest = np.argsort(np.hypot(*_from((rows, cols), _pixel(click))), kind="stable")
        nearest = nearest[: max(int(largest), 1)]
        kept = np.zeros_like(change)
        kept[rows[nearest], cols[nearest]] = True
    return np.where(change & ~kept, previous, answer)


def _pixel(click: Click) -> tuple[int, int]:
    return int(click.row), int(click.col)


def _from(pixel: tuple, origin: tuple[int, int]) -> tuple:
    return pixel[0] - origin[0], pixel[1] - origin[1]


def _is_mask(values: np.ndarray) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def _components(change: np.ndarray) -> np.ndarray:
    """Label the 8-connected components of bool (H, W) from 1; 0 is outside."""
    return cv2.connectedComponents(change.astype(np.uint8), connectivity=8)[1]
