"""Normalised cut: regions as points, near where much affinity flows between them.

After Shi & Malik, Normalized cuts and image segmentation, PAMI 2000: the relaxed cut of a graph
with weights W and degrees D are the first eigenvectors of (D - W) y = lambda D y. Several of them
are used at once, each divided by the root of its eigenvalue, as in Arbelaez et al., PAMI 2011.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigsh

_SHIFT = -1e-2
"""Eigenvalues are looked for near this: below all of them, so that the shifted matrix can be
inverted even where the graph falls apart."""


def spectral_coordinates(weights: sparse.sparray, count: int) -> np.ndarray:
    """Place the nodes of a graph so that those between which much flows are near.

    Parameters
    ----------
    weights
        (S, S), symmetric, not negative, with a positive sum in every row.
    count
        So many coordinates, or as many as a graph of this size has.

    Returns
    -------
    float64 (S, D): the eigenvectors after the constant one, over the roots of their eigenvalues.
    """
    nodes = weights.shape[0]
    count = min(count, nodes - 1)
    if count == 0:
        return np.zeros((nodes, 0))
    roots = 1 / np.sqrt(weights.sum(axis=1))
    scaling = sparse.diags_array(roots)
    laplacian = sparse.eye_array(nodes) - scaling @ weights @ scaling
    if count + 1 < nodes:
        # The start is fixed, for a random one would give other signs and ties every time.
        start = np.ones(nodes)
        values, vectors = eigsh(laplacian.tocsc(), count + 1, sigma=_SHIFT, v0=start)
    else:  # Lanczos cannot give all of them
        values, vectors = np.linalg.eigh(laplacian.toarray())
    order = np.argsort(values)[1 : count + 1]
    return vectors[:, order] * roots[:, None] / np.sqrt(np.maximum(values[order], 1e-6))


def squared_distances(points: np.ndarray) -> np.ndarray:
    """Return the squared distances of all pairs of (S, D) points: float64 (S, S)."""
    norms = (points**2).sum(axis=1)
    return np.maximum(norms[:, None] + norms - 2 * points @ points.T, 0)
