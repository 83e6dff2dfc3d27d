"""Superpixels -> a graph: which regions touch, how well they fit, and what lies between them.

The graph is the public form, for own merging and for looking at it; the loops of this package take
matrices out of it.
"""

import networkx as nx
import numpy as np


def region_graph(superpixels: np.ndarray, affinity: np.ndarray, boundary: np.ndarray) -> nx.Graph:
    """Connect superpixels that share a border.

    Parameters
    ----------
    superpixels
        int32, (H, W): labels 1..S.
    affinity
        float, (S, S): entry (s, t) is the probability that t is in the mask of s, in [0, 1].
    boundary
        float, (H, W): how much the image changes at each pixel.

    Returns
    -------
    Graph with nodes 0..S-1, superpixel s + 1 each, with its ``area`` in pixels; edges have
    ``affinity``, the mean of both directions, ``length``, the pairs of pixels that face each other
    over the border, and ``boundary``, the mean over these of the larger value of `boundary`.

    Raises
    ------
    ValueError
        If labels are missing or sizes do not fit, or a value is not finite.
    """
    areas = np.bincount(superpixels.ravel())[1:]
    count = len(areas)
    if superpixels.min() < 1 or not areas.all():
        raise ValueError("superpixels must be labelled 1..S, every label in use")
    check_affinity(affinity, count)
    if boundary.shape != superpixels.shape or not np.isfinite(boundary).all():
        raise ValueError(
            f"boundary must be finite numbers of the superpixels' size {superpixels.shape}, got "
            f"{boundary.shape} or values that are not finite"
        )
    first, second, lengths, strengths = _borders(superpixels, boundary)
    mutual = (affinity[first, second] + affinity[second, first]) / 2
    graph = nx.Graph()
    graph.add_nodes_from((node, {"area": area}) for node, area in enumerate(areas.tolist()))
    columns = (first, second, mutual, strengths, lengths)
    graph.add_edges_from(
        (s, t, {"affinity": fit, "boundary": strength, "length": length})
        for s, t, fit, strength, length in zip(*(c.tolist() for c in columns), strict=True)
    )
    return graph


def check_affinity(affinity: np.ndarray, count: int) -> np.ndarray:
    """Return `affinity` if it is probabilities (count, count).

    Raises
    ------
    ValueError
        If the shape is another, or a value is no number in [0, 1].
    """
    if affinity.shape != (count, count):
        raise ValueError(
            f"{count} superpixels need affinities {(count, count)}, got {affinity.shape}"
        )
    if not ((affinity >= 0) & (affinity <= 1)).all():  # which NaN is not either
        raise ValueError("affinities must be probabilities, numbers in [0, 1]")
    return affinity


def _borders(superpixels: np.ndarray, boundary: np.ndarray) -> tuple[np.ndarray, ...]:
    """Find the pairs of superpixels that touch.

    Parameters
    ----------
    superpixels, boundary
        As in `region_graph`.

    Returns
    -------
    first, second
        int64, (E,): the two of each pair, from 0, the lower one first.
    lengths
        int64, (E,): pairs of pixels that face each other over the border.
    strengths
        float64, (E,): means over these of the larger value of `boundary`.
    """
    count = int(superpixels.max())
    keys, strengths = [], []
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        one, other = superpixels[here], superpixels[there]
        apart = one != other
        low = np.minimum(one[apart], other[apart]).astype(np.int64) - 1
        high = np.maximum(one[apart], other[apart]).astype(np.int64) - 1
        keys.append(low * count + high)
        strengths.append(np.maximum(boundary[here][apart], boundary[there][apart]))
    pairs, places, lengths = np.unique(
        np.concatenate(keys), return_inverse=True, return_counts=True
    )
    sums = np.bincount(places, np.concatenate(strengths), len(pairs))
    return pairs // count, pairs % count, lengths, sums / lengths
