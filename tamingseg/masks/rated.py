"""Which level of an answer is its default mask, where a model rates the levels.

A click can mean several masks that lie in each other, and its answer holds them as level sets. A
model that is `rated` (see `tamingseg.models.rating`) says of each level which IoU with the wanted
mask to expect. All it is told is how large the level sets are. Without it, see
`tamingseg.masks.persistent`.
"""

import numpy as np
from scipy.special import expit

LEVELS = expit(np.arange(-2.75, 4.5, 0.5))
"""Probabilities of the levels that are rated, from .06 to .99. They lie between the steps at which
`connected_to` cuts pieces: what was cut is clearly on one side."""


def log_areas(probabilities: np.ndarray) -> np.ndarray:
    """Return how large the set at each level is: the log of its share of all cells, float32 (15,).

    >>> import numpy as np
    >>> np.exp(log_areas(np.array([[0.01, 0.4, 0.6, 0.8]]))).round(2).tolist()[:8:7]
    [0.75, 0.25]
    """
    areas = np.array([np.count_nonzero(probabilities > level) for level in LEVELS])
    return np.log(np.maximum(areas, 1) / probabilities.size).astype(np.float32)


def rated_level(expected: np.ndarray, at_click: float) -> float:
    """Return the level with the greatest expected IoU whose set holds the click.

    Parameters
    ----------
    expected
        float, (15,): of the set at each of `LEVELS`.
    at_click
        The probability at the click. If it is below all levels, the lowest one is returned.

    >>> import numpy as np
    >>> round(rated_level(np.linspace(0, 1, 15), 0.7), 2)
    0.68
    """
    possible = np.where(at_click > LEVELS, expected, -1)
    return float(LEVELS[possible.argmax()])
