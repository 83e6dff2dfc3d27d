"""The order of proposals: which N of them are the best answer, for every N at once.

Nothing is known of the true objects but the proposals themselves. So let them stand for the
objects: proposal j is one with weight w_j, and the first N proposals S are worth

    E(S) = sum_j w_j max_{i in S} IoU(i, j),

the mIoU(N) that is to be expected. E is monotone and submodular (a facility-location function), so
taking the proposal with the largest gain, again and again, reaches at least 1 - 1/e of the best
value for every N (Nemhauser, Wolsey & Fisher, 1978); and since gains only fall, most of them need
not be computed again ("lazy" greedy, Minoux 1978).
"""

import heapq

import numpy as np

AREA_POWER = 0.75
"""Votes are divided by this power of the area."""


def votes_of(mass: np.ndarray, stability: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Return how much each candidate speaks for being an object, float64 (C,).

    It speaks with its probability and the square of its stability. Large masks hold many clicks and
    are found by all of them: votes go with the area, so that dividing by it would count objects,
    and not dividing, clicks. In between is best; the exponents were chosen on held-out training
    images (docs/experiments.md).
    """
    return mass * stability**2 / area.astype(np.float64) ** AREA_POWER


def expected_order(ious: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Order proposals so that the first N have the greatest expected mIoU, greedily for every N.

    Parameters
    ----------
    ious
        float, (N, N): IoU of each two proposals, with ones on the diagonal.
    weights
        float, (N,), at least 0: how likely each is an object. Their scale plays no part.

    Returns
    -------
    int64, (N,): the numbers of the proposals; of equal gains the earlier comes first.

    Raises
    ------
    ValueError
        If a weight is negative or no number.
    """
    if not (np.asarray(weights) >= 0).all():
        raise ValueError("the weights of proposals must be numbers of at least 0")
    ious = np.asarray(ious, np.float32)
    weights = np.asarray(weights, np.float32)
    best = np.zeros(len(weights), np.float32)
    waiting = [(-gain, number) for number, gain in enumerate((ious @ weights).tolist())]
    heapq.heapify(waiting)
    order = []
    while waiting:
        _, number = heapq.heappop(waiting)
        gain = float(np.maximum(ious[number] - best, 0) @ weights)
        # A gain can only have fallen: if it still leads, no other needs to be looked at.
        if not waiting or (-gain, number) <= waiting[0]:
            order.append(number)
            np.maximum(best, ious[number], out=best)
        else:
            heapq.heappush(waiting, (-gain, number))
    return np.array(order, np.int64)
