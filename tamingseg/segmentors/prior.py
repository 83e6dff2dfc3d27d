"""What a segmentor answers before anyone has clicked."""

import numpy as np

from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.values import Click

_CHUNK_BYTES = 2**27


def answer_prior(segmentor: Segmentor, embedding: ImageEmbedding, side: int = 6) -> np.ndarray:
    """Mean answer to a grid of `side` x `side` positive clicks: float32 probabilities (H, W).

    The mean over clicks drawn anywhere approximates P(pixel in mask) when nothing is known of the
    mask; the "prior" fusion measures every answer against it.
    """
    height, width = embedding.size
    centres = (np.arange(side) + 0.5) / side
    clicks = [Click(row * height, col * width) for row in centres for col in centres]
    chunk = max(1, _CHUNK_BYTES // (4 * height * width))
    total = np.zeros((height, width), np.float32)
    for start in range(0, len(clicks), chunk):
        total += segmentor.predict(embedding, clicks[start : start + chunk]).sum(axis=0)
    return total / len(clicks)
