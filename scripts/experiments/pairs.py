"""Two pixels, one mask or two? How well a score tells them apart."""

import numpy as np
from scipy.stats import rankdata


def pair_auc(scores: np.ndarray, same: np.ndarray) -> float:
    """Return how often a pair of one mask has a higher score than a pair of two.

    The area under the receiver operating curve, as the statistic of Mann and Whitney (1947): in
    [0, 1], equal scores count half, and the shares of the two kinds of pairs play no part.

    Parameters
    ----------
    scores
        float, any shape.
    same
        bool, the same shape: whether the pair is in one mask.

    Raises
    ------
    ValueError
        If the shapes differ, a score is not a number, or all pairs are of one kind.
    """
    scores, same = _checked(scores, same)
    positive = int(same.sum())
    ranks = rankdata(scores)[same].sum() - positive * (positive + 1) / 2
    return float(ranks / positive / (len(same) - positive))


def pair_precision(scores: np.ndarray, same: np.ndarray, prior: float = 0.5) -> float:
    """Return the average precision if a share `prior` of all pairs were of one mask, in [0, 1].

    Precision depends on how common what is looked for is; fixing that makes images comparable.
    Parameters and errors as in `pair_auc`, and a prior outside (0, 1).
    """
    scores, same = _checked(scores, same)
    if not 0 < prior < 1:
        raise ValueError(f"expected a prior between 0 and 1, got {prior}")
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(same[order]) / same.sum()
    wrong = np.cumsum(~same[order]) / (~same).sum()
    # Equal scores come together: only the last of them is a threshold.
    falling = scores[order]
    last = np.append(falling[1:] != falling[:-1], True)
    found, wrong = found[last], wrong[last]
    precision = prior * found / (prior * found + (1 - prior) * wrong)
    return float(np.diff(found, prepend=0) @ precision)


def _checked(scores: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, same = np.asarray(scores, np.float64), np.asarray(same, bool)
    if scores.shape != same.shape or np.isnan(scores).any():
        raise ValueError(
            f"expected a score for each pair, got {scores.shape} for {same.shape}, "
            f"{np.isnan(scores).sum()} of them no number"
        )
    if same.all() or not same.any():
        raise ValueError(f"expected pairs of one mask and of two, got {same.sum()} of {same.size}")
    return scores.ravel(), same.ravel()
