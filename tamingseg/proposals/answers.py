"""Clicks -> answers: what a model says to many clicks, at its own resolution.

Two bytes are kept for each pixel of an answer: 13 MB for the default model and a 32x32 grid.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tamingseg.segmentors.base import (
    LARGEST_LOGIT,
    CandidateSegmentor,
    DistinctClicks,
    DistinctSegmentor,
    ImageEmbedding,
    Segmentor,
    check_probabilities,
)
from tamingseg.values import Click

Progress = Callable[[int, int], None]

_CLICKS_AT_ONCE = 128
_COMPARED_AT_ONCE = 1024
"""Of so many clicks those that would be answered alike are found together."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a segmentor said to clicks all over an image, at its own resolution.

    Attributes
    ----------
    logits
        float16, (N, h, w), K masks in a row for every click if the model gives several.
    points
        int64, (N, 2): (row, col) of the pixel that the click of each lies on.
    quality
        float32, (N,): the IoU the model expects of each; None if it says nothing.
    counts
        int64, (N,): how many clicks each stands for; those that would have been answered nearly as
        another one are not asked.
    size
        (height, width) of the image.
    """

    logits: np.ndarray
    points: np.ndarray
    quality: np.ndarray | None
    counts: np.ndarray
    size: tuple[int, int]


def ask_clicks(
    segmentor: Segmentor,
    embedding: ImageEmbedding,
    clicks: Sequence[Click],
    progress: Progress | None = None,
) -> Answers:
    """Ask a segmentor about at least one click.

    `progress` is called with (clicks answered, clicks in all).
    """
    parts: list[Answers] = []
    done = 0
    for first in range(0, len(clicks), _COMPARED_AT_ONCE):
        compared = clicks[first : first + _COMPARED_AT_ONCE]
        distinct = _distinct(segmentor, embedding, compared)
        for start in range(0, len(distinct.numbers), _CLICKS_AT_ONCE):
            part = slice(start, start + _CLICKS_AT_ONCE)
            parts.append(_ask(segmentor, embedding, compared, distinct, part))
            done += int(distinct.counts[part].sum())
            if progress is not None:
                progress(done, len(clicks))
    return join_answers(parts)


def _distinct(
    segmentor: Segmentor, embedding: ImageEmbedding, clicks: Sequence[Click]
) -> DistinctClicks:
    """Choose the clicks to ask; of a segmentor that cannot tell, all."""
    if isinstance(segmentor, DistinctSegmentor):
        return segmentor.distinct_clicks(embedding, clicks)
    return DistinctClicks(np.arange(len(clicks)), np.ones(len(clicks), np.int64), None)


def join_answers(parts: list[Answers]) -> Answers:
    """Join answers about one image. Empties the list, so that no answer is held twice for long."""
    count = sum(len(part.logits) for part in parts)
    first = parts[0]
    logits = np.empty((count, *first.logits.shape[1:]), np.float16)
    points = np.concatenate([part.points for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    quality = None
    if first.quality is not None:
        quality = np.concatenate([part.quality for part in parts])
    start = 0
    while parts:
        part = parts.pop(0)
        logits[start : start + len(part.logits)] = part.logits
        start += len(part.logits)
    return Answers(logits, points, quality, counts, first.size)


def _ask(
    segmentor: Segmentor,
    embedding: ImageEmbedding,
    clicks: Sequence[Click],
    distinct: DistinctClicks,
    part: slice,
) -> Answers:
    """Ask about some of the distinct clicks, each of which may have several answers in a row."""
    asked = [clicks[number] for number in distinct.numbers[part].tolist()]
    quality, several = None, 1
    if isinstance(segmentor, CandidateSegmentor):
        probabilities, quality = segmentor.predict_candidates(embedding, asked)
        several = probabilities.shape[1]
        check_probabilities(quality, (len(asked), several), segmentor.name)
        probabilities = probabilities.reshape(-1, *probabilities.shape[2:])
        logits = _logits(probabilities, len(asked) * several, segmentor.name)
        quality = quality.ravel()
    elif isinstance(segmentor, DistinctSegmentor):
        logits = segmentor.predict_distinct(embedding, distinct, part)
    else:
        probabilities = segmentor.predict(embedding, asked, full_size=False)
        logits = _logits(probabilities, len(asked), segmentor.name)
    size = logits.shape[1:]
    if np.isnan(logits).any():
        raise ValueError(
            f"the model {segmentor.name!r} must answer with logits, got "
            f"{np.isnan(logits).sum()} values that are NaN"
        )
    places = np.array([(click.row, click.col) for click in asked])
    places = (places * np.divide(size, embedding.size)).astype(np.int64)
    points = np.minimum(places, np.array(size) - 1).repeat(several, axis=0)
    counts = distinct.counts[part].repeat(several)
    return Answers(logits, points, quality, counts, embedding.size)


def _logits(probabilities: np.ndarray, count: int, model: str) -> np.ndarray:
    """Return the logits of `count` answers, float16; raises ValueError if these are none."""
    found = check_probabilities(probabilities, (count, *probabilities.shape[1:]), model)
    edge = 1 / (1 + np.exp(-LARGEST_LOGIT))
    clipped = np.clip(found, 1 - edge, edge)
    return np.log(clipped / (1 - clipped)).astype(np.float16)
