"""Proposals of a model that knows every pixel by a feature: every superpixel is clicked at once.

What such a model would answer to a click on each of S superpixels is a matrix product of features.
So the level lines of the answers are looked for on the graph of superpixels instead of pixels: the
component of {y: A(x, y) > t} that holds x consists of the y to which a path leads from x over
superpixels of affinity above t. The largest t for which it does is the widest path from x to y, and
one search gives it for all x, y and t. What is left is the way of all proposals, see `generate`.
"""

import numpy as np

from tamingseg.masks.packed import pack_unions
from tamingseg.partition.affinity import region_affinity
from tamingseg.partition.boundary import boundary_strength
from tamingseg.partition.graph import borders
from tamingseg.partition.superpixels import flood_superpixels
from tamingseg.proposals.levels import LADDER, choose_levels, stability_of
from tamingseg.proposals.nms import suppress_by
from tamingseg.proposals.ranking import expected_order, votes_of
from tamingseg.segmentors.base import PixelSegmentor
from tamingseg.values import MaskSet

_SUPERPIXELS = 400
_LARGEST_LOGIT = 10.0


def propose_regions(
    segmentor: PixelSegmentor,
    image: np.ndarray,
    levels: int,
    min_stability: float,
    min_area: int,
    suppress_above: float,
    most: int,
) -> MaskSet:
    """List the masks of an image as unions of superpixels.

    Parameters are those of `generate.ProposalConfig`, whose order is the expected one; so is what
    is returned that of `generate.propose_masks`.
    """
    embedding = segmentor.embed(image)
    boundary = boundary_strength(image)
    superpixels = flood_superpixels(boundary, _SUPERPIXELS)
    affinity = region_affinity(segmentor, embedding, superpixels)
    first, second, _, _ = borders(superpixels, boundary)
    reach = widest_paths(_log_odds(affinity), np.stack([first, second], axis=1))
    areas = np.bincount(superpixels.ravel())[1:].astype(np.float32)
    members, stability, mass = region_lines(reach, areas, max(1, levels))

    area = members @ areas
    enough = (area >= max(min_area, 1)) & (stability >= min_stability)
    order = np.flatnonzero(enough)[np.argsort(-stability[enough], kind="stable")]
    members, stability, mass, area = members[order], stability[order], mass[order], area[order]
    # Below 2^24 pixels float32 counts exactly; a hair of a larger photo does no harm.
    shared = (members * areas) @ members.T.astype(np.float32)
    ious = shared / (area[:, None] + area - shared)
    leaders = suppress_by(ious, suppress_above)
    weights = np.zeros(len(leaders))
    if len(leaders):  # of nothing there is no nearest
        np.add.at(weights, ious[:, leaders].argmax(axis=1), votes_of(mass, stability, area))
    listed = leaders[expected_order(ious[np.ix_(leaders, leaders)], weights)[:most]]
    packed = pack_unions(members[listed], superpixels)
    return MaskSet(packed, superpixels.shape, stability[listed].astype(np.float32))


def region_lines(
    reach: np.ndarray, areas: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take up to `most` masks from the answer to a click on each superpixel, stable ones first.

    Parameters
    ----------
    reach
        float, (S, S): up to which logit superpixel t hangs together with the clicked one s, row s.
    areas
        float, (S,): pixels of each superpixel.

    Returns
    -------
    For C masks in the order of the superpixels that were clicked: bool (C, S), which superpixels
    each consists of; their stability and their mass as in `levels.Candidates`.
    """
    within = reach[:, None] > LADDER[:, None].astype(reach.dtype)
    area = within @ areas
    stability = stability_of(area)
    chosen, mass = choose_levels(area, stability, most)
    answer, place = np.nonzero(chosen >= 0)
    level = chosen[answer, place]
    return within[answer, level], stability[answer, level], mass[answer, place]


def widest_paths(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return how high a level may be for a path from each node to each other to stay above it.

    A path from s to t is as wide as the lowest of the values[s, u] of all u on it, its ends
    included. The widest paths from s are found as shortest ones are by Bellman and Ford, for all s
    at once, by sweeping over the nodes forth and back until nothing changes.

    Parameters
    ----------
    values
        float, (S, S): what each node u is worth to each s, row s.
    edges
        int, (E, 2): pairs of neighbours, from 0.

    Returns
    -------
    float32 (S, S): entry (s, t), -inf where no path leads; entry (s, s) is values[s, s].
    """
    count = len(values)
    both = np.concatenate([edges, edges[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    neighbours = np.split(both[:, 1], np.searchsorted(both[:, 0], np.arange(1, count)))
    # Row t of these is about all s, so that a sweep reads and writes whole rows.
    worth = np.ascontiguousarray(values.T, np.float32)
    width = np.full((count, count), -np.inf, np.float32)
    np.fill_diagonal(width, values.diagonal())
    stale = np.array([len(around) > 0 for around in neighbours])
    forth, back = range(count), range(count - 1, -1, -1)
    while stale.any():
        for node in forth:
            if stale[node]:
                stale[node] = False
                around = neighbours[node]
                wider = np.minimum(width[around].max(axis=0), worth[node])
                if (wider > width[node]).any():
                    np.maximum(width[node], wider, out=width[node])
                    stale[around] = True
        forth, back = back, forth
    return width.T


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    edge = 1 / (1 + np.exp(-_LARGEST_LOGIT))
    clipped = np.clip(probabilities, 1 - edge, edge)
    return np.log(clipped / (1 - clipped))
