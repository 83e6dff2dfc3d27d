"""How far a figure may be trusted: bootstrap intervals with the image as the sampling unit.

The masks of an image are no independent draws, so images are drawn anew, with all that belongs to
them: I of I images with replacement, many times, and the figure is computed each time. The interval
is between quantiles of these figures, the percentile method (Efron & Tibshirani, An Introduction to
the Bootstrap, 1993, section 13.3). A resample is a row of weights, how often it holds each image.

What cannot be known is not given: with one image the interval is (nan, nan). Where all images
agree, both ends are the common value.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_CHUNK = 1 << 22
"""Weights that are in memory at a time."""

Interval = tuple[np.ndarray, np.ndarray]
"""Lower and upper ends, of the shape of the figure."""


def bootstrap_ratio(
    numerators: np.ndarray,
    denominators: np.ndarray | None,
    rng: np.random.Generator,
    resamples: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Return the interval of sum(numerators) / sum(denominators), the sums over images.

    A mean over images is ``bootstrap_ratio(values, None, rng)``; for a mean over masks, an image
    contributes the sum over its masks and their number. For the difference of two methods on the
    same images see `bootstrap_difference`.

    Parameters
    ----------
    numerators
        float, (I,) or (I, K): what each of I images contributes to each of K figures.
    denominators
        float >= 0 of the same shape, or (I,) for all K; None: all 1. A resample whose sum is zero
        has no figure and is left out.
    rng
        The draws; all K columns share them.
    resamples, level
        How many draws, and the share of them inside the interval.

    Returns
    -------
    tuple
        Lower and upper end, each float64, () or (K,); nan for one image.

    Raises
    ------
    ValueError
        If there is no image, the shapes do not fit, or a number is not finite or a sum of
        denominators not positive.
    """
    above = _table(numerators, "numerators")
    below = np.ones(len(above)) if denominators is None else _table(denominators, "denominators")
    if below.shape not in (above.shape, above.shape[:1]):
        raise ValueError(
            f"denominators must be of shape {above.shape} or {above.shape[:1]} like the "
            f"numerators, got {below.shape}"
        )
    if (below < 0).any() or not (below.sum(axis=0) > 0).all():
        raise ValueError("denominators must be at least 0, and more than 0 in sum over the images")
    if below.ndim < above.ndim:
        below = below[:, None]

    def ratio(weights: np.ndarray) -> np.ndarray:
        sums = weights @ below
        return weights @ above / np.where(sums > 0, sums, np.nan)

    return _interval(ratio, len(above), rng, resamples, level)


def bootstrap_difference(
    first: np.ndarray,
    second: np.ndarray,
    denominators: np.ndarray | None,
    rng: np.random.Generator,
    resamples: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Return the interval of how much larger `first` is than `second`, on the same images.

    Both are numerators over common denominators, with row i of both from image i: what two methods
    reached on the same masks. Each resample holds the same images for both, so that what makes an
    image hard for both cancels. Otherwise as `bootstrap_ratio`.
    """
    first, second = _table(first, "first"), _table(second, "second")
    if first.shape != second.shape:
        raise ValueError(
            f"paired values must come from the same images, got {first.shape} and {second.shape}"
        )
    return bootstrap_ratio(first - second, denominators, rng, resamples, level)


def bootstrap_mean_of_sets(
    sets: Sequence[np.ndarray],
    rng: np.random.Generator,
    resamples: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the interval of the mean over data sets of the mean over images.

    `sets` holds float (I,) per data set. The images of each are drawn anew; which data sets there
    are is no chance. Raises ValueError for anything else.
    """
    values = [_table(one, "sets") for one in sets]
    if not values or any(one.ndim > 1 for one in values):
        raise ValueError("a mean over data sets needs one or more, each with a number per image")
    if any(len(one) == 1 for one in values):
        return math.nan, math.nan
    drawn = [_draw(rng, resamples, len(one)) @ one / len(one) for one in values]
    low, high = np.quantile(np.mean(drawn, axis=0), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation in [-1, 1] with its interval; nan where it is not defined."""

    value: float
    low: float
    high: float


def bootstrap_correlation(
    first: np.ndarray,
    second: np.ndarray,
    rng: np.random.Generator,
    ranks: bool = False,
    resamples: int = 2000,
    level: float = 0.95,
) -> Correlation:
    """Correlate two values of each image.

    Parameters
    ----------
    first, second
        float, (I,): row i of both from image i.
    rng, resamples, level
        As in `bootstrap_ratio`.
    ranks
        False: Pearson's correlation, of the values. True: Spearman's, of their ranks, equal values
        sharing the mean of theirs; each resample is ranked anew.

    Returns
    -------
    Correlation
        All nan if one side is constant. A resample in which one side is constant has no correlation
        and is left out. Two images always correlate by 1 or -1: with fewer than three the interval
        is nan.

    Raises
    ------
    ValueError
        If the shapes differ or are not (I,), there is no image, or a value is not finite.
    """
    first, second = _table(first, "first"), _table(second, "second")
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            f"correlated values must be one per image, got shapes {first.shape} and {second.shape}"
        )

    def correlate(weights: np.ndarray) -> np.ndarray:
        if ranks:
            return _correlate(weights, _ranks(weights, first), _ranks(weights, second))
        return _correlate(weights, first, second)

    value = float(correlate(np.ones((1, len(first))))[0])
    if len(first) < 3 or np.isnan(value):
        return Correlation(value, np.nan, np.nan)
    low, high = _interval(correlate, len(first), rng, resamples, level)
    return Correlation(value, float(low), float(high))


def _table(values: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim not in (1, 2) or len(values) == 0 or not np.isfinite(values).all():
        raise ValueError(
            f"{name} must be finite numbers (images,) or (images, figures) of at least one image, "
            f"got shape {values.shape}; leave images out that have no value"
        )
    return values


def _interval(
    figure: Callable[[np.ndarray], np.ndarray],
    images: int,
    rng: np.random.Generator,
    resamples: int,
    level: float,
) -> Interval:
    """Take quantiles of what `figure` makes of weights (R, images): (R,) or (R, K) figures."""
    if not 0 < level < 1 or resamples < 1:
        raise ValueError(
            f"an interval needs 0 < level < 1 and at least 1 resample, got {level} and {resamples}"
        )
    if images == 1:
        nothing = np.full(figure(np.ones((1, 1))).shape[1:], np.nan)
        return nothing, nothing
    rows = max(1, _CHUNK // images)
    figures = np.concatenate(
        [
            figure(_draw(rng, min(rows, resamples - done), images))
            for done in range(0, resamples, rows)
        ]
    )
    low, high = np.nanquantile(figures, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _draw(rng: np.random.Generator, resamples: int, images: int) -> np.ndarray:
    """Count how often each of `images` draws hits each image: float64 (resamples, images).

    The rows are multinomial; counting draws is several times faster than `rng.multinomial`.
    """
    drawn = rng.integers(0, images, (resamples, images)) + images * np.arange(resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * images)
    return counts.reshape(resamples, images).astype(np.float64)


def _correlate(weights: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's correlation under each row of weights: (R,) from (R, I) and (I,) or (R, I)."""
    total = weights.sum(axis=1)

    def centred(values: np.ndarray) -> np.ndarray:
        means = (weights * values).sum(axis=1) / total
        largest = np.where(weights > 0, values, -np.inf).max(axis=1)
        smallest = np.where(weights > 0, values, np.inf).min(axis=1)
        # The mean of equal numbers may be rounded; they do not vary for that.
        return np.where((largest > smallest)[:, None], values - means[:, None], np.nan)

    one, other = centred(first), centred(second)
    spread = np.sqrt((weights * one**2).sum(axis=1) * (weights * other**2).sum(axis=1))
    spread = np.where(spread > 0, spread, np.nan)  # it may be too small for a float
    return np.clip((weights * one * other).sum(axis=1) / spread, -1, 1)


def _ranks(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Rank values (I,) in each resample, equal ones in the middle of theirs: (R, I)."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    ordered = weights[:, np.argsort(group, kind="stable")]
    below = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(ordered, axis=1)], axis=1)
    ends = np.cumsum(sizes)
    # A group fills the ranks from `below its start` + 1 to `below its end`.
    middles = (below[:, ends - sizes] + 1 + below[:, ends]) / 2
    return middles[:, group]
