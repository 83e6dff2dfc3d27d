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
