"""Grids of clicks over an image."""

import numpy as np

from tamingseg.values import Click


def grid_clicks(side: int, size: tuple[int, int]) -> list[Click]:
    """Return `side` x `side` positive clicks at the centres of equal cells, row by row.

    `size` is the image's (height, width). Raises ValueError for a side below 1.
    """
    if side < 1:
        raise ValueError(f"a grid needs at least one click per side, got {side}")
    centres = (np.arange(side) + 0.5) / side
    return [Click(row * size[0], col * size[1]) for row in centres for col in centres]


def uncertain_clicks(certainty: np.ndarray, count: int, size: tuple[int, int]) -> list[Click]:
    """Return positive clicks where the answers so far are least certain.

    Parameters
    ----------
    certainty
        float, (h, w), the image at any resolution: certainty of the most certain answer.
    count
        How many clicks, at most one for every pixel of `certainty`.
    size
        The image's (height, width).

    Returns
    -------
    Clicks on the least certain pixels. To spread them, a pixel nearer than sqrt(h w / count) / 2
    to an earlier click is only taken if no other is left.
    """
    height, width = certainty.shape
    reach = np.sqrt(height * width / max(count, 1)) / 2
    left = certainty.astype(np.float64)
    rows, cols = np.mgrid[:height, :width]
    clicks = []
    for _ in range(min(count, left.size)):
        row, col = np.unravel_index(left.argmin(), left.shape)
        clicks.append(Click((row + 0.5) * size[0] / height, (col + 0.5) * size[1] / width))
        left[(rows - row) ** 2 + (cols - col) ** 2 < reach**2] += certainty.max() + 1
        left[row, col] = np.inf
    return clicks
