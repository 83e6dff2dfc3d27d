"""Superpixels -> which of them touch, and what lies between them.

`find_borders` gives arrays, which the loops of this package work on; `region_graph` makes a
networkx graph of them, for own merging and for looking at it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # no loop needs it, and importing it takes a while
    import networkx as nx


@dataclass(frozen=True, slots=True, eq=False)
class Borders:
    """The borders of superpixels.

    Attributes
    ----------
    areas
        int64, (S,): pixels of superpixels 1..S.
    pairs
        int64, (E, 2): the superpixels that touch, label minus one, the lower one first.
    lengths
        int64, (E,): pairs of pixels that face each other over the border.
    strengths
        float64, (E,): how sure there is a boundary, as the mean over these.
    """

    areas: np.ndarray
    pairs: np.ndarray
    lengths: np.ndarray
    strengths: np.ndarray

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return sum(part.nbytes for part in (self.areas, self.pairs, self.lengths, self.strengths))


def find_borders(superpixels: np.ndarray, boundary: np.ndarray) -> Borders:
    """Find the pairs of superpixels that share a border.

    Parameters
    ----------
    superpixels
        int32, (H, W): labels 1..S.
    boundary
        float, (H, W): how much the image changes at each pixel. Of two pixels that face each other,
        the larger value counts.

    Raises
    ------
    ValueError
        If labels are missing, sizes do not fit, or a value is not finite.
    """
    areas = np.bincount(superpixels.ravel())[1:]
    if superpixels.min() < 1 or not areas.all():
        raise ValueError("superpixels must be labelled 1..S, every label in use")
    if boundary.shape != superpixels.shape or not np.isfinite(boundary).all():
        raise ValueError(
            f"boundary must be finite numbers of the superpixels' size {superpixels.shape}, got "
            f"{boundary.shape} or values that are not finite"
        )
    count, width = len(areas), superpixels.shape[1]
    flat, values = superpixels.ravel() - 1, boundary.ravel()
    keys, strengths = [], []
    for step in (1, width):  # to the right, and down
        here = np.flatnonzero(flat[:-step] != flat[step:])
        if step == 1:
            here = here[here % width != width - 1]
        one, other = flat[here], flat[here + step]
        keys.append(np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other))
        strengths.append(np.maximum(values[here], values[here + step]))
    places = np.concatenate(keys)
    lengths = np.bincount(places)
    sums = np.bincount(places, np.concatenate(strengths))
    found = np.flatnonzero(lengths)
    pairs = np.stack(np.divmod(found, count), axis=1)
    return Borders(areas, pairs, lengths[found], sums[found] / lengths[found])


def region_graph(borders: Borders, affinity: np.ndarray) -> "nx.Graph":
    """Connect superpixels that share a border.

    Parameters
    ----------
    borders
        Those of S superpixels.
    affinity
        float, (S, S): entry (s, t) is the probability that t is in the mask of s, in [0, 1].

    Returns
    -------
    Graph with nodes 0..S-1, superpixel s + 1 each, with its ``area`` in pixels; edges have
    ``affinity``, the mean of both directions, ``length`` and ``boundary``, which are the lengths
    and strengths of `Borders`.

    Raises
    ------
    ValueError
        If `affinity` is of another size, or no probabilities.
    """
    import networkx as nx

    check_affinity(affinity, len(borders.areas))
    first, second = borders.pairs.T
    mutual = (affinity[first, second] + affinity[second, first]) / 2
    graph = nx.Graph()
    graph.add_nodes_from((node, {"area": area}) for node, area in enumerate(borders.areas.tolist()))
    columns = (first, second, mutual, borders.strengths, borders.lengths)
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
