"""Simulated users: functions that see the true mask and return a click.

Training and evaluation use the same functions. A click lies on the centre of a pixel, at
(row + 0.5, col + 0.5), because a real click on that pixel lies there on average. Unlabelled regions
(`ignore`) are never clicked. Random choices take a generator.

- `random_click`: uniform inside the mask, or outside it for a negative click (the note).
- `center_click`: the centre of the largest error, SegNext's and RITM's evaluation clicker.
- `error_click`: near the centre of the largest error, SegNext's iterative training.
- `many_clicks`: a first prompt of several clicks of both signs, SegNext's training sampler.
"""

import math

import cv2
import numpy as np

from tamingseg.values import Click

# SegNext's many-click sampler (after RITM, Sofiiuk et al. 2022, section 3.3).
_ERODE_PROBABILITY = 0.9
_ERODE_PIXELS = 3
_RING_SHARE = 0.1
"""Width of the ring around the mask, as a share of the square root of its area."""
_NEGATIVE_SOURCES = {"background": 0.1, "others": 0.4, "ring": 0.5}


def random_click(
    target: np.ndarray,
    rng: np.random.Generator,
    positive: bool = True,
    ignore: np.ndarray | None = None,
) -> Click:
    """Click on a pixel drawn uniformly inside `target`, or outside it if not `positive`.

    Parameters
    ----------
    target
        bool, (H, W).
    rng
        Source of the draw.
    positive
        The sign of the click. A negative click is never inside the target.
    ignore
        bool, (H, W): unlabelled pixels, which are never clicked.

    Raises
    ------
    ValueError
        If there is no pixel to click on.
    """
    allowed = target if positive else ~target
    if ignore is not None:
        allowed = allowed & ~ignore
    click = _click_in(allowed, rng, positive)
    if click is None:
        where = "inside" if positive else "outside"
        raise ValueError(
            f"no pixel {where} the target to click on: {int(target.sum())} of {target.size} pixels "
            f"are target, {0 if ignore is None else int(ignore.sum())} are ignored; skip this mask"
        )
    return click


def center_click(
    target: np.ndarray,
    prediction: np.ndarray,
    not_clicked: np.ndarray | None = None,
    ignore: np.ndarray | None = None,
) -> Click | None:
    """Click on the pixel deepest inside the largest error, as SegNext is evaluated.

    Depth is the Euclidean distance to the nearest pixel that is not part of the error; pixels
    outside the image are not part of it. The click is positive if the missing part is strictly
    deeper than the surplus part. Of equally deep pixels the first in reading order is taken.

    Parameters
    ----------
    target, prediction
        bool, (H, W).
    not_clicked
        bool, (H, W): False where a click lies already; these pixels are not clicked again.
    ignore
        bool, (H, W): pixels that do not count as errors.

    Returns
    -------
    The click. None if no wrong pixel is left to click: `prediction` equals `target`, or all wrong
    pixels have been clicked already.
    """
    missing, surplus = _error_depths(target, prediction, ignore)
    if not_clicked is not None:
        missing, surplus = missing * not_clicked, surplus * not_clicked
    positive = bool(missing.max() > surplus.max())
    depth = missing if positive else surplus
    row, col = np.unravel_index(depth.argmax(), depth.shape)
    if depth[row, col] == 0:
        return None
    return Click(row + 0.5, col + 0.5, positive)


def error_click(
    target: np.ndarray,
    prediction: np.ndarray,
    rng: np.random.Generator,
    ignore: np.ndarray | None = None,
) -> Click | None:
    """Click on a random pixel of the inner half of the largest error; None if nothing is wrong.

    The inner half are the pixels deeper than half the greatest depth. Depth, sign and `ignore` are
    explained in `center_click`.
    """
    missing, surplus = _error_depths(target, prediction, ignore)
    positive = bool(missing.max() > surplus.max())
    depth = missing if positive else surplus
    return _click_in(depth > depth.max() / 2, rng, positive)


def many_clicks(
    target: np.ndarray,
    rng: np.random.Generator,
    others: np.ndarray | None = None,
    ignore: np.ndarray | None = None,
    max_clicks: int = 24,
    gamma: float = 0.8,
) -> list[Click]:
    """Draw a first prompt of several clicks, the positive ones first.

    There are 1..`max_clicks` positive and 0..`max_clicks` negative clicks; each further one is
    `gamma` times as likely. With probability 0.9 the positive ones keep 3 px away from the edge of
    the target (if anything is left there). A negative one comes from the background, from another
    object or from a ring around the target with probabilities 0.1, 0.4 and 0.5; where that source
    is empty, from anywhere outside.

    Parameters
    ----------
    target
        bool, (H, W), with at least one pixel that is not ignored.
    rng
        Source of all draws.
    others
        bool, (H, W): the other objects of the image.
    ignore
        bool, (H, W): pixels that no click falls on.

    Raises
    ------
    ValueError
        If there is no pixel for a positive click.
    """
    known = np.ones_like(target) if ignore is None else ~ignore
    positives = 1 + _draw_count(max_clicks - 1, gamma, rng)
    negatives = _draw_count(max_clicks, gamma, rng)

    inside = target & known
    if rng.random() < _ERODE_PROBABILITY:
        inner = (_depth(target) > _ERODE_PIXELS) & known
        inside = inner if inner.any() else inside
    clicks = [random_click(inside, rng) for _ in range(positives)]

    outside = ~target & known
    if negatives == 0 or not outside.any():
        return clicks
    elsewhere = np.zeros_like(target) if others is None else others
    radius = math.ceil(_RING_SHARE * math.sqrt(target.sum()))
    distance = _distances((~target).astype(np.uint8))
    regions = {
        "background": outside & ~elsewhere,
        "others": outside & elsewhere,
        "ring": outside & (distance <= radius),
    }
    names, weights = list(_NEGATIVE_SOURCES), list(_NEGATIVE_SOURCES.values())
    for name in rng.choice(names, size=negatives, p=weights):
        region = regions[name] if regions[name].any() else outside
        clicks.append(random_click(~region, rng, positive=False))
    return clicks


def _draw_count(most: int, gamma: float, rng: np.random.Generator) -> int:
    """0..most, each number `gamma` times as likely as the one before."""
    weights = gamma ** np.arange(most + 1)
    return int(rng.choice(most + 1, p=weights / weights.sum()))


def _click_in(allowed: np.ndarray, rng: np.random.Generator, positive: bool) -> Click | None:
    pixels = np.flatnonzero(allowed)
    if pixels.size == 0:
        return None
    row, col = divmod(int(pixels[rng.integers(pixels.size)]), allowed.shape[1])
    return Click(row + 0.5, col + 0.5, positive)


def _error_depths(
    target: np.ndarray, prediction: np.ndarray, ignore: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Depth inside the missing part and inside the surplus part, float64 (H, W) each."""
    missing, surplus = target & ~prediction, prediction & ~target
    if ignore is not None:
        missing, surplus = missing & ~ignore, surplus & ~ignore
    return _depth(missing), _depth(surplus)


def _depth(mask: np.ndarray) -> np.ndarray:
    """Distance of each pixel of `mask` to the nearest pixel outside it, or outside the image."""
    return _distances(np.pad(mask.astype(np.uint8), 1))[1:-1, 1:-1]


def _distances(inside: np.ndarray) -> np.ndarray:
    """Distance of each pixel to the nearest zero of uint8 (H, W): float64 (H, W).

    cv2 is as exact as scipy's transform, and fast enough for twenty clicks on every mask. But the
    last bit of its square roots differs from call to call, and so would the deepest of equally deep
    pixels. Squares of distances are whole numbers, so rounding the squares repairs this.
    """
    found = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.sqrt(np.rint(np.square(found, dtype=np.float64)))
