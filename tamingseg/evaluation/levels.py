"""Data sets x segmentors -> what one click offers: its default mask, its levels, its honesty.

The masks and the clicks are those of `interactive` with one click, so that figures of both go
together. Three things are measured of every answer:

- `best`: the best of the first 1, 2, ..., `MOST_OFFERED` masks that are offered. The first is the
  default mask, which the user sees first: all pixels above the threshold. Then a model with one
  answer offers its stable level lines, the most stable first; a model with several answers offers
  those, the best by its own judgement first. What is nearly the default mask takes no place;
- `any`: the best of all level sets of the answer, .05 to .95, which is what a slider reaches.

A pixel can be in several true masks, of other label maps: part and whole, or annotators who differ.
So the same answer is also compared with all others that hold the click: a stack of levels that
holds part and whole meets them all.

A record of kind ``levels`` holds one result per mask and trial. `offered` is how many masks there
were, the default one included; `best` repeats its last number once there are no more::

    {"map": 0, "label": 3, "area": 1024, "trial": 0, "offered": 3,
     "best": [0.61, 0.61, 0.74, 0.74, 0.74, 0.74, 0.74], "any": 0.75, "others":
     [{"map": 1, "label": 1, "area": 4096, "best": [0.2, ...], "any": 0.8}, ...]}

and as a fact of the image its ``reliability``, the mean over these results: what
`tamingseg.metrics.levels.reliability` gives for the wanted mask, as three lists.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from scipy.special import logit

from tamingseg.data.base import MaskDataset
from tamingseg.evaluation.interactive import FirstClickProtocol, users_of
from tamingseg.evaluation.records import Measured
from tamingseg.evaluation.sharding import Job
from tamingseg.masks.iou import iou
from tamingseg.metrics.levels import MOST_OFFERED, bin_pixels, level_ious, reliability
from tamingseg.proposals.levels import level_lines
from tamingseg.segmentors.base import (
    CandidateSegmentor,
    ImageEmbedding,
    Segmentor,
    check_probabilities,
)
from tamingseg.values import Click, Sample

_LARGEST_LOGIT = 10.0
"""Surer answers are taken down to this, since infinite ones cannot be enlarged."""

_ALIKE = 0.9
"""Masks of a greater IoU with the default mask are not offered beside it. (Default model, 100
images held out from training: the best of 3 is .612 so, .605 with all level lines.)"""


def level_job(
    dataset: MaskDataset,
    segmentor: Segmentor,
    made_by: dict[str, str],
    protocol: FirstClickProtocol,
    limit: int | None = None,
) -> Job:
    """Ask `segmentor` for every mask of `dataset`, with one click each."""
    title = f"{dataset.name}: {segmentor.name}, {protocol.clicker}, levels"

    def measure(sample: Sample) -> Measured:
        return measure_levels(sample, segmentor, protocol)

    return Job("levels", dataset, made_by, protocol.settings(), measure, title, limit)


def measure_levels(sample: Sample, segmentor: Segmentor, protocol: FirstClickProtocol) -> Measured:
    """Ask for every mask of one image: the facts and results of a record, see above.

    Raises
    ------
    ValueError
        If the segmentor gives an answer of another shape, or one that is no probability.
    """
    targets = list(sample.masks(protocol.min_area))
    if not targets:
        return {}, []
    embedding = segmentor.embed(sample.image)
    results, counts = [], []
    for users in users_of(sample, targets, protocol):
        for user in users:
            user.click(None)
        clicks = [user.clicks[0] for user in users]
        answers = segmentor.predict(embedding, clicks)
        answers = check_probabilities(answers, (len(clicks), *embedding.size), segmentor.name)
        offers = _offers(segmentor, embedding, clicks, answers, protocol.threshold)
        for user, click, answer, offered in zip(users, clicks, answers, offers, strict=True):
            scores = _Scores(answer, offered)
            others = [
                {"map": index, "label": label, "area": int(mask.sum())}
                | scores.against(mask, sample.ignore(index))
                for index, label, mask in targets
                if mask[int(click.row), int(click.col)]
                and (index, label) != (user.index, user.label)
            ]
            own = {"offered": len(offered)} | scores.against(user.target, user.ignore)
            results.append(user.wanted() | own | {"others": others})
            counts.append(reliability(answer, scores.bins, user.target, user.ignore))
    return {"reliability": np.mean(counts, axis=0).round(9).tolist()}, results


class _Scores:
    """An answer, float32 (H, W), and the masks offered, bool (H, W) each, against true masks."""

    def __init__(self, answer: np.ndarray, offered: Sequence[np.ndarray]) -> None:
        self.offered, self.bins = offered, bin_pixels(answer)

    def against(self, mask: np.ndarray, ignore: np.ndarray | None) -> dict[str, Any]:
        """Return the best of the first ones and the best level against one true mask."""
        ious = np.zeros(MOST_OFFERED)
        ious[: len(self.offered)] = [iou(other, mask, ignore) for other in self.offered]
        return {
            "best": np.maximum.accumulate(ious).round(6).tolist(),
            "any": round(float(level_ious(self.bins, mask, ignore).max()), 6),
        }


def _offers(
    segmentor: Segmentor,
    embedding: ImageEmbedding,
    clicks: Sequence[Click],
    answers: np.ndarray,
    threshold: float,
) -> Iterator[list[np.ndarray]]:
    """Yield what is offered for each click, 1 to `MOST_OFFERED` masks, bool (H, W)."""
    if isinstance(segmentor, CandidateSegmentor):
        others = _candidates(segmentor, embedding, clicks, threshold)
    else:
        others = map(_stable_lines, clicks, answers)
    for answer, further in zip(answers, others, strict=True):
        default = answer > threshold
        distinct = [mask for mask in further if iou(mask, default) <= _ALIKE]
        yield [default, *distinct][:MOST_OFFERED]


def _stable_lines(click: Click, answer: np.ndarray) -> np.ndarray:
    """Return the level lines of an answer, float32 (H, W), the most stable first."""
    point = np.array([[int(click.row), int(click.col)]])
    packed = level_lines(logit(answer)[None], point, MOST_OFFERED - 1).packed
    return np.unpackbits(packed, axis=-1, count=answer.shape[1]).astype(bool)


def _candidates(
    segmentor: CandidateSegmentor,
    embedding: ImageEmbedding,
    clicks: Sequence[Click],
    threshold: float,
) -> Iterator[np.ndarray]:
    """Yield the first `MOST_OFFERED` candidates for each click, bool (C, H, W).

    The first of them usually is the default mask once more.
    """
    several, quality = segmentor.predict_candidates(embedding, clicks)
    several = check_probabilities(several, (len(clicks), *several.shape[1:]), segmentor.name)
    quality = check_probabilities(quality, several.shape[:2], segmentor.name)
    size = embedding.size[::-1]
    for candidates, expected in zip(several, quality, strict=True):
        best_first = candidates[np.argsort(-expected, kind="stable")[:MOST_OFFERED]]
        logits = np.clip(logit(best_first), -_LARGEST_LOGIT, _LARGEST_LOGIT)
        large = [cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) for one in logits]
        yield np.stack(large) > logit(threshold)
