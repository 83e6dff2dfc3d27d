"""How well outlines fit: boundary IoU and the boundary F of DAVIS of masks, F of label maps.

IoU hardly sees outlines: in a large mask nearly all pixels are inside. Both measures here look at
the outline only. Their definitions, edge cases included, are those of the official evaluations.

Two empty masks agree: 1.0, as in `tamingseg.masks.iou`. Pixels of `ignore` are taken out of both
masks first, as DAVIS 2017 does with its void, so what an answer says there changes nothing.
"""

import math

import cv2
import numpy as np
from scipy.spatial import KDTree

from tamingseg.masks.iou import iou

DILATION_RATIO = 0.02
"""Width of the band that boundary IoU looks at, as a share of the image's diagonal."""

TOLERANCE = 0.008
"""How far apart two outlines may be for boundary F, as a share of the image's diagonal."""


def boundary_iou(first: np.ndarray, second: np.ndarray, ignore: np.ndarray | None = None) -> float:
    """Intersection over union of the bands inside the outlines of two masks, in [0, 1].

    The band of a mask has its pixels that are at most d = `DILATION_RATIO` of the diagonal away
    from a pixel outside, rows and columns counted apart (Cheng et al., "Boundary IoU", CVPR 2021,
    section 4). Beyond the image all is outside.

    Parameters
    ----------
    first, second
        bool (H, W).
    ignore
        bool (H, W), pixels that count neither way.

    Examples
    --------
    >>> whole, half = np.zeros((2, 50, 50), bool)
    >>> whole[10:40, 10:40] = half[10:40, 10:25] = True
    >>> boundary_iou(whole, whole), round(boundary_iou(whole, half), 2)
    (1.0, 0.4)
    """
    width = max(1, round(DILATION_RATIO * math.hypot(*first.shape)))
    first, second = _cropped(first, second, ignore)
    return float(iou(_band(first, width), _band(second, width)))


def boundary_f(first: np.ndarray, second: np.ndarray, ignore: np.ndarray | None = None) -> float:
    """F of DAVIS: how much of either outline is near the other one, in [0, 1].

    Near is at most `TOLERANCE` of the diagonal, rounded up to pixels. Precision is the share of the
    outline of `first` that is near that of `second`, recall the share the other way round, F their
    harmonic mean (Perazzi et al., CVPR 2016, section 4). The image's edge is no outline, so a mask
    of all pixels has none.

    Parameters
    ----------
    first, second
        bool (H, W).
    ignore
        bool (H, W), pixels that count neither way.

    Examples
    --------
    >>> whole, half = np.zeros((2, 50, 50), bool)
    >>> whole[10:40, 10:40] = half[10:40, 10:25] = True
    >>> boundary_f(whole, whole), round(boundary_f(whole, half), 2)
    (1.0, 0.6)
    """
    radius = math.ceil(TOLERANCE * math.hypot(*first.shape))
    one, other = (_outline(mask) for mask in _cropped(first, second, ignore))
    return _f_of_outlines(one, other, radius)


def boundary_f_of_regions(first: np.ndarray, second: np.ndarray) -> float:
    """F of the outlines of all regions of two label maps, in [0, 1]: what `boundary_f` is of masks.

    The labels themselves do not matter, only where they change.

    Parameters
    ----------
    first, second
        int (H, W).

    Raises
    ------
    ValueError
        If the sizes differ.

    Examples
    --------
    >>> halves = np.repeat([[1, 2]], 25, axis=1).repeat(50, axis=0)
    >>> boundary_f_of_regions(halves, 7 - halves), boundary_f_of_regions(halves, halves.T)
    (1.0, 0.06)
    """
    if first.ndim != 2 or first.shape != second.shape:
        raise ValueError(
            f"expected two label maps of one (height, width), got {first.shape} and {second.shape}"
        )
    radius = math.ceil(TOLERANCE * math.hypot(*first.shape))
    return _f_of_outlines(_outline(first), _outline(second), radius)


def _f_of_outlines(one: np.ndarray, other: np.ndarray, radius: int) -> float:
    """Harmonic mean of the shares of either outline near the other one; 1 if both are empty."""
    if not (len(one) and len(other)):
        return float(len(one) == len(other))
    precision, recall = _share_near(one, other, radius), _share_near(other, one, radius)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _cropped(
    first: np.ndarray, second: np.ndarray, ignore: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Crop both masks to their common box and one pixel around it, where the image has one."""
    if ignore is not None:
        first, second = first & ~ignore, second & ~ignore
    either = first | second
    rows, cols = np.flatnonzero(either.any(axis=1)), np.flatnonzero(either.any(axis=0))
    if not len(rows):
        return first[:1, :1], second[:1, :1]
    box = tuple(slice(max(0, places[0] - 1), places[-1] + 2) for places in (rows, cols))
    return first[box], second[box]


def _band(mask: np.ndarray, width: int) -> np.ndarray:
    """Pixels of a mask that a square of 2 `width` + 1 pixels around them does not keep inside."""
    square = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    inner = cv2.erode(mask.view(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return mask & ~inner.astype(bool)


def _outline(mask: np.ndarray) -> np.ndarray:
    """Pixels that differ from the one below, on the right, or both ways: int (P, 2), row and col.

    `mask` may be a label map. So does the BSDS benchmark. Beyond its last row and column the image
    goes on as it is there.
    """
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    below, right, both = padded[1:, :-1], padded[:-1, 1:], padded[1:, 1:]
    return np.argwhere((mask != below) | (mask != right) | (mask != both))


def _share_near(points: np.ndarray, others: np.ndarray, radius: int) -> float:
    """Share of `points` with one of `others` at most `radius` away."""
    # Squared distances are whole numbers, so half a unit more leaves no doubt about rounding.
    nearest, _ = KDTree(others).query(points, distance_upper_bound=math.sqrt(radius**2 + 0.5))
    return float(np.isfinite(nearest).mean())
