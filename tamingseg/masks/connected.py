"""One click means one piece: what an answer claims elsewhere is not part of it.

A pixel belongs to the piece of a click at some level if a path of pixels above that level leads to
the click. So a pixel is at most as probable as the best path to it (grey-scale reconstruction by
dilation, Vincent 1993). Every level set of the result above the threshold is then in one piece.
"""

import cv2
import numpy as np

_GAP = np.ones((3, 3), np.uint8)
"""Pieces at most two cells apart are one, each grown by one cell: thin things break into pieces."""

_STEP = 0.5
"""Distance of the levels that are compared, in logits."""

_LOWEST = -6.0
"""Below this logit nothing matters any more."""


def connected_to(logits: np.ndarray, row: int, col: int) -> np.ndarray:
    """Lower the logits of what is not connected to a cell.

    Parameters
    ----------
    logits
        float32 (h, w), above 0 in the mask. They are not changed.
    row, col
        The cell that was clicked. Where it is not in the mask, the answer is left as it is.

    Returns
    -------
    float32 (h, w). What is connected to the cell at its own level keeps its logits. What is
    connected only at a lower level is at most one step of the ladder above it.

    >>> import numpy as np
    >>> logits = np.array([[3, 3, -4, -4, -4, 3]], np.float32)
    >>> (connected_to(logits, 0, 0) > 0).tolist()
    [[True, True, False, False, False, False]]
    """
    reach = cv2.dilate(logits, _GAP)
    own = float(reach[row, col])
    if own <= 0:
        return logits.copy()
    most = np.full(logits.shape, np.inf, np.float32)
    connected, count = _piece(reach >= own, row, col)
    above = own
    for level in np.arange(np.ceil(own / _STEP - 1) * _STEP, _LOWEST, -_STEP):
        piece, larger = _piece(reach >= level, row, col)
        if larger > count:
            most[piece & ~connected] = above
            connected, count = piece, larger
        above = float(level)
    most[~connected] = above
    return np.minimum(logits, most)


def _piece(mask: np.ndarray, row: int, col: int) -> tuple[np.ndarray, int]:
    """Return the 8-connected part of a mask that holds a cell of it, and how many cells it has."""
    filled = mask.view(np.uint8)
    count, *_ = cv2.floodFill(filled, None, (col, row), 2, flags=8)
    return filled == 2, count
