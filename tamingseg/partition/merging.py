"""Merging: the cheapest two neighbours become one, again and again, until one region is left.

What is known of pairs is averaged over all pairs of pixels of two regions (average linkage), those
that do not touch included, so that a merge goes by everything the model said about both. What
differs within each of two regions says nothing against merging them, so that a share of it may be
taken off what differs between them; all of it gives the energy distance (Szekely & Rizzo 2013).
Evidence of a boundary is averaged along the common border. What a merge costs is a function handed
in, so that one loop serves all methods.
"""

import heapq
from collections.abc import Callable

import numpy as np

from tamingseg.partition.graph import Borders

Price = Callable[[float, float, float, float], float]
"""(dissimilarity, boundary, area of the one, area of the other) -> the cost of merging the two.
Areas are shares of the image."""


def merge_regions(
    borders: Borders, dissimilarity: np.ndarray, price: Price, within: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Merge all regions of an image to one.

    Parameters
    ----------
    borders
        Those of S regions.
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
        If the sizes differ, a value is not finite, or the regions do not hang together.
    """
    count = len(borders.areas)
    if dissimilarity.shape != (count, count) or not np.isfinite(dissimilarity).all():
        raise ValueError(
            f"{count} regions need finite dissimilarities {(count, count)}, got "
            f"{dissimilarity.shape} or values that are not finite"
        )
    areas = (borders.areas / borders.areas.sum()).tolist()
    apart = dissimilarity.astype(np.float64)
    inner = apart.diagonal().tolist()

    def cost(one: int, other: int, boundary: float) -> float:
        between = apart.item(one, other)
        if within:
            between = max(between - within * ((inner[one] + inner[other]) / 2), 0.0)
        return price(between, boundary, areas[one], areas[other])

    # Of each region, its neighbours with the length of the border, and its strength times that.
    touching: list[dict[int, tuple[float, float]]] = [{} for _ in range(count)]
    columns = (borders.pairs, borders.lengths, borders.lengths * borders.strengths)
    for (one, other), *sides in zip(*(column.tolist() for column in columns), strict=True):
        touching[one][other] = touching[other][one] = sides[0], sides[1]

    # Possible merges, the cheapest first: cost, the two places, and after how many merges that was.
    waiting = [
        (cost(one, other, strength / length), one, other, 0)
        for one, around in enumerate(touching)
        for other, (length, strength) in around.items()
        if one < other
    ]
    heapq.heapify(waiting)
    changed = [0] * count  # after how many merges each place changed for the last time
    names = list(range(count))  # the node that each place stands for now
    merges: list[tuple[int, int]] = []
    spent: list[float] = []
    while len(merges) < count - 1:
        if not waiting:
            raise ValueError("only regions that hang together can be merged to one")
        lowest, one, other, since = heapq.heappop(waiting)
        if since < max(changed[one], changed[other]):
            continue  # one of them is no longer what it was
        kept, gone = (one, other) if areas[one] >= areas[other] else (other, one)
        merges.append((names[kept], names[gone]))
        spent.append(lowest)
        changed[kept], changed[gone] = len(merges), count
        names[kept] = count + len(merges) - 1

        share = areas[gone] / (areas[kept] + areas[gone])
        mean = apart[kept]  # the row itself
        mean *= 1 - share
        mean += share * apart[gone]
        inner[kept] = mean[kept] = (1 - share) * mean.item(kept) + share * mean.item(gone)
        apart[:, kept] = mean
        areas[kept] += areas[gone]
        around = touching[kept]
        for place, (length, strength) in touching[gone].items():
            del touching[place][gone]
            if place != kept:
                before = around.get(place, (0, 0))
                around[place] = touching[place][kept] = length + before[0], strength + before[1]
        now = len(merges)
        for place, (length, strength) in around.items():
            one, other = (kept, place) if kept < place else (place, kept)
            heapq.heappush(waiting, (cost(one, other, strength / length), one, other, now))
    pairs = np.array(merges, np.int64).reshape(-1, 2)
    return pairs, np.maximum.accumulate(np.array(spent, np.float32))


def ward(area: float, other: float) -> float:
    """Return a b / (a + b), by which Ward (1963) makes small regions cheap to merge."""
    return area * other / (area + other)
