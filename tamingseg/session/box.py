"""A box as a prompt: the mask that fills it best.

A model that answers clicks is asked about a few of them inside the box. Of all their answers at all
levels, the one whose mask reaches just to the sides of the box is meant: a smaller mask is a part
of the thing, a larger one runs out of the box.
"""

import cv2
import numpy as np

from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.values import Click

Box = tuple[float, float, float, float]
"""(top, left, bottom, right) in pixels of the image."""

SIDE = 3
"""Clicks along each side of the box."""

_LEVELS = np.arange(0.1, 0.91, 0.05)

_COMPARED_AT = 512
"""Answers are compared on a grid of pixels with about so many on the longer side."""


def mask_of_box(
    segmentor: Segmentor, embedding: ImageEmbedding, box: Box, side: int = SIDE
) -> np.ndarray:
    """Return the mask that fills a box best: bool (H, W), nothing outside the box.

    Parameters
    ----------
    box
        (top, left, bottom, right); what lies outside the image is cut off.
    side
        Clicks along each side of the box.

    Raises
    ------
    ValueError
        If the box has no pixel of the image.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import FunctionSegmentor
    >>> from tamingseg.session.box import mask_of_box
    >>> darkness = FunctionSegmentor(lambda image, clicks: 1 - image.mean(axis=2) / 255, "darkness")
    >>> image = np.full((40, 40, 3), 255, np.uint8)
    >>> image[10:20, 10:30] = 0
    >>> mask_of_box(darkness, darkness.embed(image), (9, 9, 21, 31)).sum()
    np.int64(200)
    """
    top, left, bottom, right = box = cut_box(box, embedding.size)
    shares = (np.arange(side) + 0.5) / side
    rows, cols = top + shares * (bottom - top), left + shares * (right - left)
    clicks = [Click(row, col) for row in rows.tolist() for col in cols.tolist()]
    answers = segmentor.predict(embedding, clicks)
    step = -(-max(embedding.size) // _COMPARED_AT)
    fits = [
        _best_piece(answer[::step, ::step], click.row / step, click.col / step, box, step)[0]
        for answer, click in zip(answers, clicks, strict=True)
    ]
    best = int(np.argmax(fits))
    mask = _best_piece(answers[best], clicks[best].row, clicks[best].col, box)[1]
    inside = np.zeros_like(mask)
    inside[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
    return mask & inside


def cut_box(box: Box, size: tuple[int, int]) -> Box:
    """Return the part of a box inside an image of `size`; ValueError if there is none."""
    top, left, bottom, right = (float(side) for side in box)
    height, width = size
    cut = max(top, 0.0), max(left, 0.0), min(bottom, float(height)), min(right, float(width))
    if not (cut[0] < cut[2] and cut[1] < cut[3]):
        raise ValueError(
            "expected a box (top, left, bottom, right) with pixels of an image of "
            f"{height} x {width}, got {box}"
        )
    return cut


def _best_piece(
    answer: np.ndarray, row: float, col: float, box: Box, step: int = 1
) -> tuple[float, np.ndarray]:
    """Return how well a piece of an answer fills a box, and the piece that fills it best.

    The first is the IoU of its own box with the box, the second bool (h, w). The piece holds
    the pixel at (row, col) of the answer; one pixel of it stands for `step` pixels of the image.
    """
    pixel = min(int(row), answer.shape[0] - 1), min(int(col), answer.shape[1] - 1)
    best, piece = -1.0, np.zeros(answer.shape, bool)
    for level in _LEVELS[answer[pixel] > _LEVELS]:
        mask = (answer > level).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        label = labels[pixel]
        x, y, width, height = (step * value for value in stats[label, :4].tolist())
        fit = _box_iou((y, x, y + height, x + width), box)
        if fit > best:
            best, piece = fit, labels == label
    return best, piece


def _box_iou(first: Box, second: Box) -> float:
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    areas = [(bottom - top) * (right - left) for top, left, bottom, right in (first, second)]
    return shared / (sum(areas) - shared)
