"""Grid of clicks -> answers -> masks -> an ordered list without doubles.

The note's pipeline: every click is answered at the model's own resolution, a mask is where the
probability is above 1/2, its score is the stability (Segment Anything, section B1: how much of the
mask at logit -1 is left at logit +1), and of masks with an IoU above 0.75 the most stable stays.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from tamingseg.masks.packed import areas, pairwise_iou
from tamingseg.prompts.grids import grid_clicks
from tamingseg.proposals.nms import suppress
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.values import MaskSet

_CLICKS_AT_ONCE = 64
_LOWER, _UPPER = 1 / (1 + np.e), np.e / (1 + np.e)
"""Probabilities of the logits -1 and +1."""


@dataclass(frozen=True)
class ProposalConfig:
    """How proposals are made."""

    grid: int = 32
    """Clicks per side of the grid."""
    suppress_above: float = 0.75
    """Of masks with a larger IoU only the best stays."""


def propose_masks(
    segmentor: Segmentor,
    image: np.ndarray | ImageEmbedding,
    config: ProposalConfig = ProposalConfig(),
    progress: Callable[[int, int], None] | None = None,
) -> MaskSet:
    """Return the masks of an image, uint8 RGB (H, W, 3) or its embedding, the best first."""
    embedding = image if isinstance(image, ImageEmbedding) else segmentor.embed(image)
    clicks = grid_clicks(config.grid, embedding.size)
    packed, scores, answers = [], [], []
    for start in range(0, len(clicks), _CLICKS_AT_ONCE):
        chunk = segmentor.predict(embedding, clicks[start : start + _CLICKS_AT_ONCE], False)
        masks = chunk > 0.5
        stable = (chunk > _UPPER).sum((1, 2)) / np.maximum((chunk > _LOWER).sum((1, 2)), 1)
        packed.append(np.packbits(masks, axis=-1))
        scores.append(stable)
        answers.append(chunk.astype(np.float16))
        if progress is not None:
            progress(min(start + _CLICKS_AT_ONCE, len(clicks)), len(clicks))
    low, score, answer = np.concatenate(packed), np.concatenate(scores), np.concatenate(answers)
    found = np.flatnonzero(areas(low))
    kept = suppress(
        pairwise_iou(low[found]), np.argsort(-score[found], kind="stable"), config.suppress_above
    )
    kept = found[kept]
    height, width = embedding.size
    full = np.zeros((len(kept), height, -(-width // 8)), np.uint8)
    for place, number in enumerate(kept):
        large = cv2.resize(answer[number].astype(np.float32), (width, height))
        full[place] = np.packbits(large > 0.5, axis=-1)
    return MaskSet(full, embedding.size, score[kept].astype(np.float32))
