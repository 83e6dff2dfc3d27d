"""Merging: the cheapest two neighbours become one, again and again, until one region is left.

What is known of pairs is averaged over all pairs of pixels of two regions (average linkage), those
that do not touch included, so that a merge goes by everything the model said about both. What
differs within each of two regions says nothing against merging them, so that a share of it may be
taken off what differs between them; all of it gives the energy distance (Szekely & Rizzo 2013).
Evidence of a boundary is averaged along the common border. What a merge costs is a function handed
in, so that one loop serves all methods.
"""

from collections.abc import Callable

import networkx as nx
import numpy as np

Price = Callable[[np.ndarray, np.ndarray, float, np.ndarray], np.ndarray]
"""(dissimilarity, boundary, area of the one, areas of the others) -> what the merges cost, all as
float64 (M,) but the one area; areas are shares of the image."""


def merge_regions(
    graph: nx.Graph, dissimilarity: np.ndarray, price: Price, within: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Merge all regions of a graph to one.

    Parameters
    ----------
    graph
        As of `graph.region_graph`: nodes 0..S-1 with ``area``, edges with ``length`` and
        ``boundary``.
    dissimilarity
        float, (S, S), symmetric: how little two regions belong together, of all pairs; on the
        diagonal, how little the pixels of a region do.
    price
        What it costs to merge neighbours.
    within
        From 0 to 1: this share of the mean dissimilarity within two regions is taken off that
        between them, which then stops at 0. With 0 it is left as it is.

    Returns
    -------
    merges, costs
        As in `hierarchy.Hierarchy`. A merge that is cheaper than one before it has the cost of that
        one, so that costs never fall.

    Raises
    ------
    ValueError
        If the sizes differ, a value is not finite, or the graph does not hang together.
    """
    count = len(graph)
    if dissimilarity.shape != (count, count) or not np.isfinite(dissimilarity).all():
        raise ValueError(
            f"{count} regions need finite dissimilarities {(count, count)}, got "
            f"{dissimilarity.shape} or values that are not finite"
        )
    if not nx.is_connected(graph):
        raise ValueError("only regions that hang together can be merged to one")
    nodes = np.arange(count)
    areas = np.array([graph.nodes[node]["area"] for node in nodes.tolist()], float)
    areas /= areas.sum()
    apart = dissimilarity.astype(np.float64)
    lengths, borders = np.zeros((2, count, count))
    for one, other, edge in graph.edges(data=True):
        lengths[one, other] = lengths[other, one] = edge["length"]
        borders[one, other] = borders[other, one] = edge["boundary"] * edge["length"]
    costs = np.full((count, count), np.inf)

    def renew(region: int) -> np.ndarray:
        """Price the merges of a region with its neighbours, and return these."""
        others = np.flatnonzero(lengths[region])
        between = apart[region, others]
        if within:
            own = (apart[region, region] + apart[others, others]) / 2
            between = np.maximum(between - within * own, 0)
        evidence = borders[region, others] / lengths[region, others]
        prices = price(between, evidence, areas[region], areas[others])
        costs[region, others] = costs[others, region] = prices
        return others

    for region in range(count):
        renew(region)
    cheapest = costs.argmin(axis=1)
    lowest = costs[nodes, cheapest]
    names = nodes.copy()  # the node that each place of the matrices stands for now
    merges, spent = np.empty((count - 1, 2), np.int64), np.empty(count - 1, np.float32)
    for step in range(count - 1):
        one = int(lowest.argmin())
        other = int(cheapest[one])
        kept, gone = (one, other) if areas[one] >= areas[other] else (other, one)
        merges[step], spent[step] = (names[kept], names[gone]), costs[kept, gone]
        names[kept] = count + step
        share = areas[gone] / (areas[kept] + areas[gone])
        mean = (1 - share) * apart[kept] + share * apart[gone]
        mean[kept] = (1 - share) * mean[kept] + share * mean[gone]
        apart[kept] = apart[:, kept] = mean
        for sums in (lengths, borders):
            sums[kept] += sums[gone]
            sums[kept, [kept, gone]] = 0
            sums[:, kept] = sums[kept]
        areas[kept] += areas[gone]
        lengths[gone] = lengths[:, gone] = 0
        costs[gone] = costs[:, gone] = lowest[gone] = np.inf
        changed = np.append(renew(kept), kept)
        cheapest[changed] = costs[changed].argmin(axis=1)
        lowest[changed] = costs[changed, cheapest[changed]]
    return merges, np.maximum.accumulate(spent)


def ward(area: float, areas: np.ndarray) -> np.ndarray:
    """Return a b / (a + b), by which Ward (1963) makes small regions cheap to merge."""
    return area * areas / (area + areas)
