"""Superpixels: an image divided into a few hundred small pieces whose outlines follow its edges.

A watershed (Meyer & Beucher 1990) from seeds on a grid: flooding starts at the flattest pixel of
every cell and meets on the ridges of the gradient, so that pieces are of about equal size,
connected by construction, and keep every strong edge on their outlines. No model is needed.
"""

import numpy as np
from skimage.segmentation import watershed


def flood_superpixels(gradient: np.ndarray, count: int) -> np.ndarray:
    """Divide an image along the ridges of its gradient.

    Parameters
    ----------
    gradient
        float, (H, W): how much the image changes at each pixel.
    count
        About so many pieces, on average one per cell of a square grid; at most one per pixel.

    Returns
    -------
    int32 (H, W), labels 1..S: each a 4-connected region.

    Raises
    ------
    ValueError
        If the gradient is not finite (H, W) with at least one pixel, or `count` is below 1.
    """
    if gradient.ndim != 2 or gradient.size == 0 or not np.isfinite(gradient).all():
        raise ValueError(f"expected a finite gradient (H, W), got {gradient.shape} or values apart")
    if count < 1:
        raise ValueError(f"expected a count of at least 1 superpixel, got {count}")
    return watershed(gradient, _seeds(gradient, count)).astype(np.int32, copy=False)


def _seeds(gradient: np.ndarray, count: int) -> np.ndarray:
    """Return int32 (H, W): a number at the flattest pixel of every cell of a grid, 0 elsewhere."""
    height, width = gradient.shape
    side = max(1.0, np.sqrt(height * width / count))
    rows, cols = max(1, round(height / side)), max(1, round(width / side))
    row_cell, col_cell = np.arange(height) * rows // height, np.arange(width) * cols // width
    starts = [np.flatnonzero(np.diff(cell, prepend=-1)) for cell in (row_cell, col_cell)]
    lowest = np.minimum.reduceat(np.minimum.reduceat(gradient, starts[0]), starts[1], axis=1)
    row, col = np.nonzero(gradient == lowest[row_cell][:, col_cell])
    _, first = np.unique(row_cell[row] * cols + col_cell[col], return_index=True)
    seeds = np.zeros(gradient.shape, np.int32)
    seeds[row[first], col[first]] = np.arange(1, len(first) + 1)
    return seeds
