"""Scores of an ordered list of proposals, from the IoU of each with each object of the image.

With r the best IoU of an object among the first N proposals, everything here is a function of r; a
proposal may meet several objects (many to one)::

    mIoU(N)        mean of r, also called average best overlap
    recall(t, N)   share of objects with r >= t
    mAR(N)         mean of recall over thresholds t

so r is kept, for every N at once, as the few steps at which it grows. Averaging over the objects of
many images is left to `mean_over_masks` and `mean_over_images` of `metrics.clicks`, which take
the table of `best_at`, or what `fraction_reached` makes of it.

COCO's mAR takes the thresholds .5, .55, ..., .95. Its official count differs in two ways: proposals
and objects are matched one to one, greedily by score, so that a proposal never serves two objects;
and only the first 100 proposals are looked at. One to one can only give a lower recall, and gives
the same where objects do not overlap and t > .5: no proposal reaches such a t with two of them.

How these numbers hang together:

- mAR over K thresholds (j - 1/2) / K, dense in [0, 1], differs from mIoU by at most 1 / (2 K);
- AR, the mean of recall over all t in [.5, 1], is the mean of max(2 r - 1, 0) (Hosang et al., What
  makes for effective detection proposals?, PAMI 2016), hence at least 2 mIoU - 1, and equal to it
  only if every r is at least .5;
- COCO's ten thresholds stand for that mean, but the first lets every r >= .5 pass: for r spread
  evenly over [.5, 1] they count .55 instead of .50;
- so below .5 the two may disagree: r = (.45, .45) has the higher mIoU, r = (0, .6) the higher AR.
"""

from collections.abc import Sequence

import numpy as np

COCO_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""The ten thresholds .5, .55, ..., .95."""

Steps = list[tuple[int, float]]
"""From the first n proposals on, the best IoU is iou: (n, iou), both ascending; 0 before."""


def best_so_far(ious: np.ndarray) -> list[Steps]:
    """Find the steps at which each object's best IoU grows.

    Parameters
    ----------
    ious
        float, (N, M), in [0, 1]: N proposals in their order, M objects.

    Returns
    -------
    list
        One `Steps` per object, empty for an object that no proposal touches.

    Raises
    ------
    ValueError
        If the table is not (N, M) of finite numbers in [0, 1].
    """
    best = _running_best(ious)
    grows = np.diff(best, axis=0, prepend=0) > 0
    return [
        [(int(row) + 1, float(curve[row])) for row in np.flatnonzero(grown)]
        for curve, grown in zip(best.T, grows.T, strict=True)
    ]


def best_at(steps: Sequence[Sequence[tuple[int, float]]], budgets: Sequence[int]) -> np.ndarray:
    """Return each object's best IoU among the first N proposals, for every N of `budgets`.

    Parameters
    ----------
    steps
        One `Steps` for each of S objects, of one image or of many.
    budgets
        B numbers of proposals, from 0.

    Returns
    -------
    np.ndarray
        float64, (S, B).

    Raises
    ------
    ValueError
        If the steps of an object do not ascend from n >= 1, or an IoU is not in [0, 1].
    """
    wanted = np.asarray(budgets)
    table = np.zeros((len(steps), len(wanted)))
    for row, pairs in zip(table, steps, strict=True):
        numbers, values = _steps(pairs)
        row[:] = values[np.searchsorted(numbers, wanted, side="right") - 1]
    return table


def oracle_order(ious: np.ndarray) -> np.ndarray:
    """Order the proposals greedily by what they are truly worth: int64 (N,), their row numbers.

    Each next proposal is the one that raises mIoU most; of equals, the earlier one; those that
    raise nothing any more stay in their order. The gain of a proposal never grows while others are
    taken (mIoU of a set is monotone and submodular), so that at every N the greedy choice reaches
    at least 1 - 1/e = 63 % of the mIoU of the best N proposals (Nemhauser, Wolsey & Fisher, 1978).

    Parameters and errors are those of `best_so_far`.
    """
    # float32 numbers add up without rounding in float64, so that equal gains do tie.
    left = _check(ious).astype(np.float32).astype(np.float64)
    order = []
    while left.size:
        gains = left.sum(axis=1)
        best = int(gains.argmax())
        if gains[best] <= 0:
            break
        order.append(best)
        left -= left[best].copy()
        np.maximum(left, 0, out=left)  # what each could still add to each object
    rest = np.ones(len(left), bool)
    rest[order] = False
    return np.concatenate([np.array(order, np.int64), np.flatnonzero(rest)])


def miou_curve(ious: np.ndarray) -> np.ndarray:
    """Return mIoU(N) of one image for N = 1, 2, ...: float64 (N,), mean over its objects.

    Raises
    ------
    ValueError
        If there is no object, or as for `best_so_far`.
    """
    return _running_best(ious, of_objects=True).mean(axis=1)


def fraction_reached(best: np.ndarray, thresholds: Sequence[float] = COCO_THRESHOLDS) -> np.ndarray:
    """Return the share of `thresholds` that each best IoU reaches; its mean over objects is mAR.

    Both are compared as float32, so that an IoU of 7/10 reaches .7 however it was rounded.

    Parameters
    ----------
    best
        float, any shape.
    thresholds
        T numbers in any order.

    Returns
    -------
    np.ndarray
        float64, the shape of `best`.
    """
    ascending = np.sort(np.asarray(thresholds, np.float32))
    return np.searchsorted(ascending, np.asarray(best, np.float32), side="right") / len(ascending)


def dense_thresholds(number: int) -> np.ndarray:
    """Return `number` thresholds (j - 1/2) / number, j = 1, 2, ..., the middles of equal parts."""
    return (np.arange(number) + 0.5) / number


def log_spaced_budgets(largest: int, per_decade: int = 10) -> np.ndarray:
    """Return numbers of proposals from 1 to `largest`, evenly spaced in their logarithm.

    int64, ascending, each once; 1 and `largest` are always among them.
    """
    if largest < 1:
        raise ValueError(f"a budget must be at least one proposal, got {largest}")
    count = int(np.ceil(per_decade * np.log10(largest))) + 1
    return np.unique(np.geomspace(1, largest, count).round().astype(np.int64))


def area_under_steps(steps: Sequence[Sequence[tuple[int, float]]], largest: int) -> np.ndarray:
    """Take the mean of each object's best IoU over log N, N from 1 to `largest`: float64 (S,).

    The best IoU is a step function of N, so this is exact: a gain at the n-th proposal counts for
    the part of the axis that is left, 1 - log n / log `largest`.

    Parameters and errors are those of `best_at`; `largest` is at least 2.
    """
    if largest < 2:
        raise ValueError(f"an axis of log N needs to end at 2 proposals or later, got {largest}")
    areas = np.zeros(len(steps))
    for number, pairs in enumerate(steps):
        ends, values = _steps(pairs)
        left = 1 - np.log(np.minimum(ends[1:], largest)) / np.log(largest)
        areas[number] = np.diff(values) @ left
    return areas


def _steps(pairs: Sequence[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers and IoUs of an object's steps, float64, from the start (0, 0) on."""
    table = np.array([(0, 0), *pairs])
    if table.dtype.kind in "iuf" and table.shape[1:] == (2,):
        numbers, values = table.astype(np.float64).T
        if (np.diff(numbers) > 0).all() and (np.diff(values) >= 0).all() and values[-1] <= 1:
            return numbers, values
    raise ValueError(
        "steps must be (n, iou) with n ascending from 1 and iou ascending up to 1, got "
        f"{list(pairs)!r}; make them with best_so_far"
    )


def _check(ious: np.ndarray) -> np.ndarray:
    ious = np.asarray(ious)
    if ious.ndim != 2 or not ((ious >= 0) & (ious <= 1)).all():
        raise ValueError(
            f"IoUs must be a table (proposals, objects) of numbers in [0, 1], got {ious.dtype} "
            f"{ious.shape}" + (f" from {ious.min()} to {ious.max()}" if ious.size else "")
        )
    return ious


def _running_best(ious: np.ndarray, of_objects: bool = False) -> np.ndarray:
    ious = _check(ious)
    if of_objects and ious.shape[1] == 0:
        raise ValueError("an image without objects has no mean; count it, but leave it out")
    return np.maximum.accumulate(ious, axis=0, dtype=np.float64)
