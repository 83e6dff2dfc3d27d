"""Superpixels from the predictions, and masks rebuilt out of them.

Every pixel takes the answer that is most certain about it (`masks.certainty`): pixels that take the
same answer and hang together are a superpixel. Masks that are unions of superpixels share their
outlines, so that they fit together without slivers.
"""

import cv2
import numpy as np


def superpixels(logits: np.ndarray) -> np.ndarray:
    """Cut an image by which answer is most certain about each pixel.

    Parameters
    ----------
    logits
        float, (N, h, w): N answers; the larger |logit|, the more certain.

    Returns
    -------
    int32 (h, w), labels from 0: 4-connected regions that take the same answer.
    """
    taken = np.abs(logits).argmax(axis=0)
    labels = np.zeros(taken.shape, np.int32)
    count = 0
    for answer in np.unique(taken):
        found, parts = cv2.connectedComponents((taken == answer).astype(np.uint8), connectivity=4)
        np.copyto(labels, parts + count - 1, where=parts > 0)
        count += found - 1
    return labels


def rebuild(packed: np.ndarray, labels: np.ndarray, share: float = 0.5) -> np.ndarray:
    """Replace each mask by the union of the superpixels of which it covers more than `share`.

    Parameters
    ----------
    packed
        uint8, (N, h, ceil(w / 8)): masks, packed as in `values.MaskSet`.
    labels
        int32, (h, w), labels from 0.

    Returns
    -------
    Packed masks of the same shape. A mask that covers no superpixel by more than `share` is empty.
    """
    sizes = np.bincount(labels.ravel())
    rebuilt = np.empty_like(packed)
    for place, mask in enumerate(np.unpackbits(packed, axis=-1, count=labels.shape[1])):
        covered = np.bincount(labels.ravel(), mask.ravel(), len(sizes))
        rebuilt[place] = np.packbits((covered > share * sizes)[labels], axis=-1)
    return rebuilt
