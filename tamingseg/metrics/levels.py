"""One answer at every level: how well its level sets meet a mask, and whether its numbers are true.

An answer p(y) claims to be P(y in the wanted mask | the click). Pixels are sorted into `BINS` of
equal width by what it says of them, and counted, all of them and those of the mask. From these
counts follow

- the IoU of every level set {p > t}, t = .05, .10, ..., .95: what a slider over all levels reaches;
- the reliability curve: of the pixels that are called p probable, what share is in the mask (after
  Murphy & Winkler, Reliability of subjective probability forecasts, Applied Statistics 1977);
- the expected calibration error: how far that share is from p, mean over the pixels (Naeini, Cooper
  & Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015).
"""

import numpy as np

BINS = 20

MOST_OFFERED = 7
"""The best of up to so many offered masks is looked for: the default one and six more, since no
answer has more level sets."""

THRESHOLDS = np.arange(1, BINS) / BINS
"""The levels, float64 (BINS - 1,), rising: bin b holds the probabilities above `THRESHOLDS[b - 1]`
and up to `THRESHOLDS[b]`."""


def bin_pixels(probabilities: np.ndarray) -> np.ndarray:
    """Sort the pixels of an answer, float (H, W) in [0, 1], into bins: uint8 (H, W)."""
    bins = np.zeros(probabilities.shape, np.uint8)
    # In the precision of the answer, in which it is compared with a threshold everywhere. For a
    # whole image, comparing level by level is several times as fast as a search for every pixel.
    for threshold in THRESHOLDS.astype(probabilities.dtype):
        bins += probabilities > threshold
    return bins


def level_ious(bins: np.ndarray, mask: np.ndarray, ignore: np.ndarray | None = None) -> np.ndarray:
    """IoU of the level set at each of `THRESHOLDS` with a mask, float64 (BINS - 1,).

    Parameters
    ----------
    bins
        Of `bin_pixels`.
    mask
        bool (H, W), with at least one pixel that counts.
    ignore
        bool (H, W): pixels that count neither way.
    """
    counted, inside = _count(bins, mask, ignore)
    above, shared = (side[::-1].cumsum()[-2::-1] for side in (counted, inside))
    return shared / (inside.sum() + above - shared)


def reliability(
    probabilities: np.ndarray,
    bins: np.ndarray,
    mask: np.ndarray,
    ignore: np.ndarray | None = None,
) -> np.ndarray:
    """Count what an answer says of its pixels and what is so, as shares of the pixels that count.

    Parameters as in `level_ious`.

    Returns
    -------
    float64 (3, BINS): in each bin the share of pixels, the sum of their probabilities, and the
    share of pixels in the mask. The first row sums to 1.
    """
    counted, inside = _count(bins, mask, ignore)
    weights = probabilities if ignore is None else np.where(ignore, 0, probabilities)
    claimed = np.bincount(bins.ravel(), weights.ravel(), minlength=BINS)
    return np.stack([counted, claimed, inside]) / counted.sum()


def calibration_gaps(claimed: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return what each of I images contributes to the expected calibration error, float64 (I,).

    `claimed` and `inside`, float (I, BINS), are the last two rows of `reliability`. The mean of the
    contributions is the error of all images together: in each bin, images count by how far they
    are off in the direction in which all together are. A single contribution may be negative.
    """
    gaps = claimed - inside
    return gaps @ np.sign(gaps.sum(axis=0))


def _count(
    bins: np.ndarray, mask: np.ndarray, ignore: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Count the pixels in each bin, and those of the mask: int64 (BINS,) each."""
    known = bins.ravel() if ignore is None else bins[~ignore]
    inside = bins[mask] if ignore is None else bins[mask & ~ignore]
    return np.bincount(known, minlength=BINS), np.bincount(inside, minlength=BINS)
