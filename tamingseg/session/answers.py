"""What a model answers to the clicks of one object, and how several answers become one mask.

Probability maps are needed again when a click or the threshold changes. The latest stay in a
bounded cache; older ones are computed once more.
"""

from collections import OrderedDict
from typing import Literal

import numpy as np

from tamingseg.checks import check_choice
from tamingseg.masks.certainty import FUSIONS, fuse
from tamingseg.masks.changes import component_at
from tamingseg.masks.rle import decode_rle
from tamingseg.segmentors.base import ImageEmbedding, JointSegmentor, Segmentor
from tamingseg.segmentors.prior import answer_prior
from tamingseg.values import MASK_THRESHOLD, Click

SessionFusion = Literal["certainty", "prior", "component", "joint"]
SESSION_FUSIONS = (*FUSIONS, "joint")
"""How several clicks become one mask."""

CACHE_BYTES = 24 << 20
"""Probability maps a session keeps: six at one megapixel. Others are computed again if needed."""

Clicks = tuple[Click, ...]
Thresholds = tuple[float, ...]


def default_fusion(segmentor: Segmentor) -> SessionFusion:
    """Return how clicks are combined unless something else is asked for."""
    return "joint" if isinstance(segmentor, JointSegmentor) else "certainty"


class Answers:
    """Maps and masks that a model gives for clicks in one image.

    Parameters
    ----------
    segmentor
        The model that answers.
    embedding
        The image, as the segmentor embedded it.
    fusion
        How several clicks become one mask, see `Session`; None for what suits the model best.
    """

    def __init__(
        self, segmentor: Segmentor, embedding: ImageEmbedding, fusion: SessionFusion | None
    ) -> None:
        self._segmentor, self._embedding = segmentor, embedding
        self._fusion = _check_fusion(fusion or default_fusion(segmentor), segmentor)
        self._kept: OrderedDict[object, np.ndarray] = OrderedDict()
        self.nbytes = 0
        """Memory of the maps that are kept."""

    def combine(
        self, clicks: Clicks, thresholds: Thresholds, threshold: float
    ) -> np.ndarray | None:
        """Return the map of all clicks together, float32 (H, W); None without clicks.

        Each click was made at a threshold of its own; the present one is `threshold`.
        """
        if not clicks:
            return None
        if self._fusion == "joint":
            return self._joint_answer(clicks, thresholds)
        if len(clicks) == 1:
            return self._answer(clicks[0])
        key = (clicks, threshold)
        known = self._recall(key)
        if known is not None:
            return known
        answers = np.stack([self._answer(click) for click in clicks])
        prior = self._prior() if self._fusion == "prior" else 0.5
        return self._remember(key, fuse(answers, clicks, self._fusion, prior, threshold))

    def edit(self, base: str, clicks: Clicks, threshold: float) -> np.ndarray:
        """Return the mask `base` (RLE) as the clicks change it, bool (H, W).

        A click changes only the connected part of the change that it is in (FocalClick, Chen et
        al. 2022, section 3.4): the model was not the one who drew the rest.
        """
        if not clicks:
            return decode_rle(base, self._embedding.size)
        key = (base, clicks, threshold)
        known = self._recall(key)
        if known is not None:
            return known
        before = self.edit(base, clicks[:-1], threshold)
        if self._fusion == "joint":
            previous = before.astype(np.float32)
            answer = self._ask_jointly(clicks, previous)
        else:
            answer = self._answer(clicks[-1])
        proposed = answer > threshold
        reach = component_at(before != proposed, clicks[-1])
        return self._remember(key, np.where(reach, proposed, before))

    def _prior(self) -> np.ndarray:
        """Return what the model expects of every pixel before any click; asked for once."""
        known = self._recall("prior")
        if known is not None:
            return known
        return self._remember("prior", answer_prior(self._segmentor, self._embedding))

    def _answer(self, click: Click) -> np.ndarray:
        """Ask about one click alone."""
        known = self._recall(click)
        if known is not None:
            return known
        return self._remember(click, self._segmentor.predict(self._embedding, [click])[0])

    def _joint_answer(self, clicks: Clicks, thresholds: Thresholds) -> np.ndarray:
        """Ask about all clicks; the model is told its own answer to those before the last.

        If the user chose another threshold than the default, it is told the mask instead: of the
        raw answer it would go on with the mask at one half. (Second click on objects of DAVIS and
        ccp whose best level is another: mean IoU .64 and .52 with the mask, .54 and .36 without.)
        """
        key = (clicks, thresholds[1:])
        known = self._recall(key)
        if known is not None:
            return known
        previous = self._joint_answer(clicks[:-1], thresholds[:-1]) if len(clicks) > 1 else None
        if previous is not None and thresholds[-1] != MASK_THRESHOLD:
            previous = (previous > thresholds[-1]).astype(np.float32)
        return self._remember(key, self._ask_jointly(clicks, previous))

    def _ask_jointly(self, clicks: Clicks, previous: np.ndarray | None) -> np.ndarray:
        assert isinstance(self._segmentor, JointSegmentor)  # or the fusion is another
        return self._segmentor.predict_jointly(self._embedding, clicks, previous)

    def _recall(self, key: object) -> np.ndarray | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _remember(self, key: object, answer: np.ndarray) -> np.ndarray:
        """Keep the answer; the longest unused ones go when the cache is full."""
        self._kept[key] = answer
        self.nbytes += answer.nbytes
        while self.nbytes > CACHE_BYTES and len(self._kept) > 1:
            _, forgotten = self._kept.popitem(last=False)
            self.nbytes -= forgotten.nbytes
        return answer


def _check_fusion(fusion: SessionFusion, segmentor: Segmentor) -> SessionFusion:
    check_choice(fusion, SESSION_FUSIONS, "fusion")
    if fusion == "joint" and not isinstance(segmentor, JointSegmentor):
        raise ValueError(
            f"{segmentor.name} has no predict_jointly, so it cannot answer several clicks "
            f"together; choose another fusion: {', '.join(FUSIONS)}"
        )
    return fusion
