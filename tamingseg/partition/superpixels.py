"""Superpixels: an image divided into a few hundred small pieces whose outlines follow its edges.

A watershed (Meyer & Beucher 1990) from seeds on a grid: flooding starts at the flattest pixel of
every cell and meets on the ridges of the gradient, so that pieces are of about equal size,
connected by construction, and keep every strong edge on their outlines. No model is needed.

OpenCV floods with a queue for each of 256 levels, which takes a quarter of the time of a heap. It
floods over differences between neighbouring pixels, though, the largest of three channels. So the
gradient is painted into two channels like a chessboard, each zero where the other is not: then the
difference of two neighbours is the larger of their gradients, which is where a flood gets over.
"""

import cv2
import numpy as np


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
    # A frame of one pixel around the image, which OpenCV leaves out.
    labels = np.pad(_seeds(gradient, count), 1)
    heights = np.pad(gradient, 1, constant_values=np.inf)
    cv2.watershed(_chessboard(_levels(np.pad(gradient, 1, "edge"))), labels)
    _close_lines(labels, heights)
    return np.ascontiguousarray(labels[1:-1, 1:-1])


def _levels(gradient: np.ndarray) -> np.ndarray:
    """Round a gradient to 256 levels, which are finest where it is flat: uint8 (H, W)."""
    lowest, highest = gradient.min(), gradient.max()
    share = (gradient - lowest) / max(highest - lowest, np.finfo(np.float32).tiny)
    return np.rint(255 * np.sqrt(share)).astype(np.uint8)


def _chessboard(levels: np.ndarray) -> np.ndarray:
    """Make an image whose neighbouring pixels differ by the larger of their levels, see above."""
    image = np.zeros((*levels.shape, 3), np.uint8)
    for row in (0, 1):
        for col in (0, 1):
            image[row::2, col::2, (row + col) % 2] = levels[row::2, col::2]
    return image


def _close_lines(labels: np.ndarray, heights: np.ndarray) -> None:
    """Give pixels on and between lines, below 1, the label of their lowest neighbour with one."""
    flat, lowest = labels.ravel(), heights.ravel()
    steps = np.array([-1, 1, -labels.shape[1], labels.shape[1]])
    line = np.flatnonzero((flat < 1) & np.isfinite(lowest))
    while len(line):
        near = line[:, None] + steps
        best = np.where(flat[near] > 0, lowest[near], np.inf).argmin(axis=1)
        flat[line] = flat[near[np.arange(len(line)), best]]
        line = line[flat[line] < 1]


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
