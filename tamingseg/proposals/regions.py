"""Proposals of a model that knows every pixel by a feature: the regions of one hierarchy.

Such a model says of all pairs of superpixels at once how likely they are in one mask, and merging
them greedily gives a tree of regions, from superpixels to the whole image (`partition`). What level
lines are to one click, the regions above a superpixel are to all of them: nested, from part to
whole. A region is made at one cost and merged into another at a higher one; the longer it persists
between the two, the more levels speak for it. So it stands for an object with the weight

    (cost of its end - cost of its making) * area ** 0.35,

and the order is the expected one, see `ranking`. The exponent was chosen on held-out training
images (docs/experiments.md). Level lines of the affinities themselves, looked for on the graph of
superpixels, were eight points worse at N = 100.
"""

import numpy as np

from tamingseg.masks.packed import pack_nested
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.proposals.nms import suppress_by
from tamingseg.proposals.ranking import expected_order
from tamingseg.values import MaskSet

_AREA_POWER = 0.35


def propose_regions(
    hierarchy: Hierarchy, min_stability: float, min_area: int, suppress_above: float, count: int
) -> MaskSet:
    """List the regions of an image's hierarchy, so that the first N are good for every N.

    Parameters are those of `generate.ProposalConfig`; what is returned is that of
    `generate.propose_masks`. The stability of a region is the share of its end's cost that was
    still to come when it was made.
    """
    members = region_members(hierarchy)
    sizes = np.bincount(hierarchy.superpixels.ravel())[1:].astype(np.float32)
    area = members @ sizes
    made, ended = lifetimes(hierarchy)
    stability = (ended - made) / np.maximum(ended, 1e-12)
    weights = (ended - made) * area**_AREA_POWER

    enough = (area >= max(min_area, 1)) & (stability >= min_stability)
    order = np.lexsort((-area, made - ended))  # the longest lived first, of equals the largest
    order = order[enough[order]]
    members, area, weights = members[order], area[order], weights[order]
    ious = _ious(members, area)
    leaders = suppress_by(ious, suppress_above)
    votes = np.zeros(len(leaders))
    if len(leaders):  # of nothing there is no nearest
        np.add.at(votes, ious[:, leaders].argmax(axis=1), weights)
    listed = leaders[expected_order(ious[np.ix_(leaders, leaders)], votes)[:count]]
    packed = pack_nested(members[listed], hierarchy.superpixels)
    scores = stability[order][listed].astype(np.float32)
    return MaskSet(packed, hierarchy.superpixels.shape, scores)


def _ious(members: np.ndarray, area: np.ndarray) -> np.ndarray:
    """IoU of each two regions of a hierarchy, which are nested or apart: float32 (N, N)."""
    holds = members[:, members.argmax(axis=1)]  # a superpixel of the other one, and so all or more
    nested = holds | holds.T
    return nested * (np.minimum.outer(area, area) / np.maximum.outer(area, area))


def region_members(hierarchy: Hierarchy) -> np.ndarray:
    """Return which superpixels each node of a hierarchy consists of: bool (2 S - 1, S)."""
    count = hierarchy.count
    members = np.eye(2 * count - 1, count, dtype=bool)
    for node, (one, other) in enumerate(hierarchy.merges, count):
        members[node] = members[one] | members[other]
    return members


def lifetimes(hierarchy: Hierarchy) -> tuple[np.ndarray, np.ndarray]:
    """Return at what cost each node was made and merged into another, float64 (2 S - 1,) each.

    Superpixels are made at no cost; the whole image ends at 1, the cost of merging what is surely
    apart, or where it is made.
    """
    made = np.concatenate([np.zeros(hierarchy.count), hierarchy.costs])
    ended = np.maximum(made, 1)
    ended[hierarchy.merges] = hierarchy.costs[:, None]
    return made, np.maximum(ended, made)
