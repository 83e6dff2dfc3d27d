"""How likely each superpixel is in the mask of each other: what a model says, for all pairs."""

import numpy as np
from scipy import ndimage, sparse

from tamingseg.segmentors.base import ImageEmbedding, PixelSegmentor, Segmentor, check_probabilities
from tamingseg.values import Click

_CLICKS_AT_ONCE = 64


def region_affinity(
    segmentor: Segmentor, embedding: ImageEmbedding, superpixels: np.ndarray
) -> np.ndarray:
    """Ask a model about all pairs of superpixels.

    A model with a feature per pixel is asked about mean features; any other gets a click on the
    innermost pixel of every superpixel.

    Parameters
    ----------
    embedding
        What `segmentor` made of the image.
    superpixels
        int32, (H, W), labels 1..S, of the whole image at any resolution.

    Returns
    -------
    float32 (S, S): entry (s, t) is the mean probability that a pixel of t is in the mask of s. It
    need not be symmetric: a part may be in the mask of its whole, and not the other way round.

    Raises
    ------
    ValueError
        If the model answers with anything but probabilities.
    """
    count = int(superpixels.max())
    if isinstance(segmentor, PixelSegmentor):
        features = segmentor.pixel_features(embedding)
        size = features.shape[:2]
        means = mean_over(superpixels, size) @ features.reshape(size[0] * size[1], -1)
        answers = segmentor.affinity(means, means)
        return check_probabilities(answers, (count, count), segmentor.name)
    clicks = _innermost(superpixels, embedding.size)
    rows = []
    for start in range(0, count, _CLICKS_AT_ONCE):
        chunk = clicks[start : start + _CLICKS_AT_ONCE]
        answers = segmentor.predict(embedding, chunk, full_size=False)
        size = answers.shape[1:]
        check_probabilities(answers, (len(chunk), *size), segmentor.name)
        rows.append((mean_over(superpixels, size) @ answers.reshape(len(chunk), -1).T).T)
    return np.concatenate(rows).clip(0, 1)  # rounded, a mean of ones can be a hair more


def mean_over(superpixels: np.ndarray, size: tuple[int, int]) -> sparse.csr_array:
    """Average something of another resolution over superpixels.

    Returns
    -------
    float32 (S, h * w), whose rows sum to 1: times values (h * w, ...) it gives their means over
    the pixels of each superpixel, each pixel taking the value of the cell that its centre lies in.
    """
    rows, cols = (
        (2 * np.arange(length) + 1) * cells // (2 * length)
        for length, cells in zip(superpixels.shape, size, strict=True)
    )
    # Pixels side by side that have superpixel and cell in common count together.
    first = np.empty(superpixels.shape, bool)
    first[:, 1:] = superpixels[:, 1:] != superpixels[:, :-1]
    first[:, np.diff(cols, prepend=-1) != 0] = True
    starts = np.flatnonzero(first)
    row, col = np.divmod(starts, superpixels.shape[1])
    labels, areas = superpixels.ravel()[starts] - 1, np.bincount(superpixels.ravel())[1:]
    weights = np.diff(starts, append=superpixels.size) / areas[labels]
    places = labels, rows[row] * size[1] + cols[col]
    shape = len(areas), size[0] * size[1]
    return sparse.coo_array((weights.astype(np.float32), places), shape).tocsr()


def _innermost(superpixels: np.ndarray, size: tuple[int, int]) -> list[Click]:
    """Return a click into each superpixel, farthest from its outline, in an image of `size`."""
    padded = np.pad(superpixels, 1)
    inner = np.ones(superpixels.shape, bool)
    centre = padded[1:-1, 1:-1]
    for shifted in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]):
        inner &= shifted == centre
    depth = ndimage.distance_transform_edt(np.pad(inner, 1))[1:-1, 1:-1]
    places = ndimage.maximum_position(depth, superpixels, np.arange(1, superpixels.max() + 1))
    scaled = (np.array(places) + 0.5) * np.divide(size, superpixels.shape)
    return [Click(row, col) for row, col in scaled.tolist()]
