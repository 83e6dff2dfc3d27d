"""Grids of clicks over an image."""

import math

import numpy as np

from tamingseg.values import Click


def grid_clicks(side: int, size: tuple[int, int]) -> list[Click]:
    """Return `side` x `side` positive clicks at the centres of equal cells, row by row.

    `size` is the image's (height, width). Raises ValueError for a side below 1.
    """
    if side < 1:
        raise ValueError(f"a grid needs at least one click per side, got {side}")
    centres = _centres(side)
    return [Click(row * size[0], col * size[1]) for row in centres for col in centres]


def even_grid(count: int, size: tuple[int, int]) -> list[Click]:
    """Return about `count` positive clicks at the centres of equal, nearly square cells.

    Examples
    --------
    >>> [(click.row, click.col) for click in even_grid(4, (10, 40))]
    [(5.0, 5.0), (5.0, 15.0), (5.0, 25.0), (5.0, 35.0)]
    """
    side = math.sqrt(size[0] * size[1] / count)
    rows, cols = (_centres(max(1, round(length / side))) * length for length in size)
    return [Click(row, col) for row in rows.tolist() for col in cols.tolist()]


def _centres(cells: int) -> np.ndarray:
    """Return the centres of equal cells of [0, 1], float (cells,)."""
    return (np.arange(cells) + 0.5) / cells
