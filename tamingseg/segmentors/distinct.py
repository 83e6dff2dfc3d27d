"""Which of many clicks are worth a full answer: those of one thing are answered nearly alike.

A `ClickNet` says in a quarter of the time roughly what a click means, at stride 16. Of clicks whose
rough answers hardly differ, one stands for all.
"""

import numpy as np

_ALIKE = 0.995
"""Clicks with a higher Tanimoto coefficient of their rough answers are answered once. Half of a
grid is left, and lists are as good; with 0.99 a third is left, and long lists lose half a point
(docs/proposals.md)."""


def distinct_maps(maps: np.ndarray, above: float = _ALIKE) -> tuple[np.ndarray, np.ndarray]:
    """Choose maps so that each is like a chosen one, those with the most alike first.

    Two maps p and q are as alike as pq / (pp + qq - pq), Tanimoto's coefficient, which for masks is
    their IoU.

    Parameters
    ----------
    maps
        float, (N, h, w): probabilities.
    above
        Maps that are more alike than this need not both be chosen.

    Returns
    -------
    chosen, counts
        int64, (M,) each: the numbers of the chosen maps, ascending, and how many maps each stands
        for: all that are most like it, itself included.

    Examples
    --------
    >>> maps = np.array([[[0.9, 0.1]], [[0.9, 0.11]], [[0.1, 0.9]]])
    >>> chosen, counts = distinct_maps(maps)
    >>> chosen.tolist(), counts.tolist()
    ([0, 2], [2, 1])
    """
    flat = maps.reshape(len(maps), -1)
    shared = flat @ flat.T
    squares = shared.diagonal()
    alike = shared / np.maximum(squares[:, None] + squares - shared, np.finfo(shared.dtype).tiny)
    close = alike > above
    free = np.ones(len(maps), bool)
    chosen = []
    for number in np.argsort(-close.sum(axis=1), kind="stable").tolist():
        if free[number]:
            chosen.append(number)
            free &= ~close[number]
            free[number] = False  # also where nothing is like anything, as of zeros
    chosen.sort()
    nearest = alike[:, chosen].argmax(axis=1)
    nearest[chosen] = np.arange(len(chosen))
    return np.array(chosen, np.int64), np.bincount(nearest, minlength=len(chosen))
