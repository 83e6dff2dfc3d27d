"""What one click should be answered with where several true masks hold it: a map of level sets.

Masks that lie in each other, M_1 in M_2 in ... in M_K, are the level sets of the one map that says
how probable a pixel is in the wanted mask if that is drawn among them (`tamingseg.losses`). They
come from several label maps of an image, annotators or finer and coarser ones, and from
`Sample.parents`.

Masks that cross cannot both be level sets, so a chain is chosen: masks by growing area, each with
at least `INSIDE` of it in the next, of the greatest weight together. What is not in the chain is
left out. The mean of the chain's masks is nested whatever its outlines do: where two of them
disagree by some pixels, those pixels lie between their levels, as they should.
"""

from collections.abc import Mapping

import numpy as np

INSIDE = 0.9
"""A mask lies in another if this share of its pixels does; annotators draw outlines differently."""


def level_map_at(
    maps: np.ndarray,
    parents: Mapping[tuple[int, int], tuple[int, int]],
    row: int,
    col: int,
    small_first: float = 0.0,
) -> np.ndarray:
    """Return the weighted mean of a chain of true masks around a pixel, float32 (H, W).

    A mask that is in several label maps counts as often. All zero if there is no mask.

    Parameters
    ----------
    maps, parents, row, col
        As in `masks_at`.
    small_first
        A mask has the weight area ** -small_first. At 0 all masks weigh the same, and the larger
        one of two has exactly .5: whether it is the answer is left to chance. Where a click may be
        anywhere in a mask, it says that the mask is wanted with a probability ~ 1 / area.
    """
    masks = masks_at(maps, parents, row, col)
    if len(masks) == 0:
        return np.zeros(maps.shape[1:], np.float32)
    weights = masks.sum((1, 2), dtype=np.float64) ** -small_first
    chain = heaviest_chain(masks, weights)
    return np.average(masks[chain], axis=0, weights=weights[chain]).astype(np.float32)


def masks_at(
    maps: np.ndarray,
    parents: Mapping[tuple[int, int], tuple[int, int]],
    row: int,
    col: int,
) -> np.ndarray:
    """Find the true masks that hold a pixel, bool (N, H, W).

    Parameters
    ----------
    maps
        int32 (L, H, W), label maps as of a `Sample`.
    parents
        Part -> whole, both as (map index, label). A whole of a mask that holds the pixel holds it
        too, even if its outline misses it; wholes without a pixel do not count.
    row, col
        The pixel.
    """
    places = {(index, label) for index, label in enumerate(maps[:, row, col].tolist()) if label > 0}
    for place in sorted(places):
        whole = parents.get(place)
        while whole is not None and whole not in places:
            places.add(whole)
            whole = parents.get(whole)
    masks = [maps[index] == label for index, label in sorted(places)]
    held = np.array([mask for mask in masks if mask.any()], bool)
    return held.reshape(-1, *maps.shape[1:])


def heaviest_chain(masks: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Choose masks each of which lies in the next, with the greatest sum of weights.

    Parameters
    ----------
    masks
        bool (N, H, W), N >= 1, none of them empty.
    weights
        float (N,), above 0.

    Returns
    -------
    int64 (K,), numbers of the chosen masks from the smallest to the largest. Only neighbours have
    to lie in each other by the share `INSIDE`. Of equally heavy chains it is the one whose
    largest mask is the smallest.
    """
    flat = masks.reshape(len(masks), -1).astype(np.float32)
    shared = flat @ flat.T
    order = np.argsort(np.diag(shared), kind="stable")
    shared, weights = shared[np.ix_(order, order)], np.asarray(weights, np.float64)[order]
    inside = shared >= INSIDE * np.diag(shared)[:, None]
    # The heaviest chain that ends with a mask is the heaviest one that ends inside it, and itself.
    total, before = weights.copy(), np.full(len(masks), -1)
    for last in range(1, len(masks)):
        chains = np.where(inside[:last, last], total[:last], 0)
        if chains.max() > 0:
            before[last] = chains.argmax()
            total[last] += chains.max()
    chain = [int(total.argmax())]
    while before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    return order[chain[::-1]]
