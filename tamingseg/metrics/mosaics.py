"""A segmentation against the one true partition: pixels after best matching, and Prague's measures.

The Prague texture segmentation benchmark (Haindl & Mikes, Texture segmentation benchmark, ICPR
2008; mosaic.utia.cas.cz) asks of every region whether it was found, after Hoover et al., An
experimental comparison of range image segmentation algorithms, PAMI 1996. With the threshold
k = 0.75, and A in B short for |A and B| >= k |A|:

- correct (CS): a found region F and a true region T with F in T and T in F;
- oversegmented (OS): T is covered to k by two or more found regions that are each in T;
- undersegmented (US): F is covered to k by two or more true regions that are each in F;
- missed (ME): a true region that is none of these; noise (NE): a found one that is none of these.

CS, OS, US and ME are shares of the true regions, NE of the found ones. What is correct counts as
nothing else (Hoover decides by overlap), so CS + OS + US + ME = 1.

Found and true regions are also matched one to one, so that the pixels that matched pairs share are
as many as possible (the assignment problem); these are the correct pixels. Of each true region the
omission error is the share of its pixels that its partner lacks, of each found one the commission
error the share of its pixels that its partner lacks; without a partner it is 1. O and C are their
means over the regions: the benchmark's description leaves open how it pools regions, so these two
may differ from its published tables.
"""

import numpy as np

from tamingseg.metrics.regions import count_shared_pixels

THRESHOLD = 0.75
"""How much of a region another one must hold, the benchmark's own choice."""

MEASURES = ("correct", "O", "C", "CS", "OS", "US", "ME", "NE")
"""Names of what `score_mosaic` returns."""


def score_mosaic(
    found: np.ndarray, truth: np.ndarray, threshold: float = THRESHOLD
) -> dict[str, float]:
    """Compare a segmentation of an image with its true regions.

    Parameters
    ----------
    found, truth
        Label maps (H, W) of integers from 1; a region is all pixels of one label.
    threshold
        k, in (0.5, 1]: then no region has two correct partners.

    Returns
    -------
    The `MEASURES` by name, in [0, 1]: ``correct`` is the share of correct pixels, for the others
    see the head of this file.

    Raises
    ------
    ValueError
        If the sizes differ, a pixel has no label, or the threshold is another.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import score_mosaic
    >>> truth = np.array([[1, 1, 2, 2]])
    >>> score_mosaic(np.array([[7, 7, 7, 9]]), truth)["correct"]
    0.75
    """
    if not 0.5 < threshold <= 1:
        raise ValueError(f"expected a threshold above 0.5 and at most 1, got {threshold}")
    shared = count_shared_pixels(found, truth)
    return _matched_pixels(shared) | _detections(shared, threshold)


def label_like(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give every found region the label of its true partner: int32 (H, W).

    Regions without a partner get labels above all true ones, so the pixels that equal `truth` are
    the correct ones. Raises like `score_mosaic`.
    """
    shared = count_shared_pixels(found, truth)
    rows, columns = _matched(shared)
    labels = truth.max() + 1 + np.arange(len(shared))
    labels[rows] = np.unique(truth)[columns]
    numbers = np.unique(found, return_inverse=True)[1].reshape(truth.shape)
    return labels[numbers].astype(np.int32)


def _matched(shared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Match found and true regions one to one; `shared` counts pixels (found, true)."""
    # Imported here because it takes .2 s, which the start of the page should not wait for.
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(shared, maximize=True)
    return rows, columns


def _matched_pixels(shared: np.ndarray) -> dict[str, float]:
    """Return the share of correct pixels, O and C; `shared` counts pixels (found, true)."""
    rows, columns = _matched(shared)
    kept = shared[rows, columns]
    areas, true_areas = shared.sum(axis=1), shared.sum(axis=0)
    return {
        "correct": float(kept.sum() / shared.sum()),
        "O": float(1 - (kept / true_areas[columns]).sum() / len(true_areas)),
        "C": float(1 - (kept / areas[rows]).sum() / len(areas)),
    }


def _detections(shared: np.ndarray, threshold: float) -> dict[str, float]:
    """Return CS, OS, US, ME and NE; `shared` counts pixels (found, true)."""
    areas, true_areas = shared.sum(axis=1), shared.sum(axis=0)
    inside = shared >= threshold * areas[:, None]  # found in true
    holds = shared >= threshold * true_areas  # true in found
    pairs = inside & holds
    correct, true_correct = pairs.any(axis=1), pairs.any(axis=0)

    parts = inside & ~true_correct & (inside.sum(axis=0) >= 2)
    parts &= (shared * parts).sum(axis=0) >= threshold * true_areas
    merged = holds & ~correct[:, None] & (holds.sum(axis=1, keepdims=True) >= 2)
    merged &= (shared * merged).sum(axis=1, keepdims=True) >= threshold * areas[:, None]

    instances = pairs | parts | merged
    shares = {
        "CS": true_correct,
        "OS": parts.any(axis=0),
        "US": merged.any(axis=0),
        "ME": ~instances.any(axis=0),
        "NE": ~instances.any(axis=1),
    }
    return {name: float(which.mean()) for name, which in shares.items()}
