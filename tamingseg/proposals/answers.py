"""Clicks -> answers: what a model says to many clicks, at its own resolution.

Two bytes are kept for each pixel of an answer: 13 MB for the default model and a 32x32 grid.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tamingseg.segmentors.base import (
    CandidateSegmentor,
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
_LARGEST_LOGIT = 10.0


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
    chosen, counts = _distinct(segmentor, embedding, clicks)
    for start in range(0, len(chosen), _CLICKS_AT_ONCE):
        part = slice(start, start + _CLICKS_AT_ONCE)
        chunk = [clicks[number] for number in chosen[part].tolist()]
        parts.append(_ask(segmentor, embedding, chunk, counts[part]))
        done += int(counts[part].sum())
        if progress is not None:
            progress(done, len(clicks))
    return join_answers(parts)


def _distinct(
    segmentor: Segmentor, embedding: ImageEmbedding, clicks: Sequence[Click]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the clicks to ask, and how many each stands for."""
    if not isinstance(segmentor, DistinctSegmentor):
        return np.arange(len(clicks)), np.ones(len(clicks), np.int64)
    found = []
    for start in range(0, len(clicks), _COMPARED_AT_ONCE):
        chunk = clicks[start : start + _COMPARED_AT_ONCE]
        chosen, counts = segmentor.distinct_clicks(embedding, chunk)
        order = np.argsort(chosen)  # as clicked, so that neighbours are asked together
        found.append((chosen[order] + start, counts[order]))
    return np.concatenate([c for c, _ in found]), np.concatenate([n for _, n in found])


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
    segmentor: Segmentor, embedding: ImageEmbedding, clicks: Sequence[Click], counts: np.ndarray
) -> Answers:
    """Ask about a few clicks, each of which may have several answers in a row."""
    quality, several = None, 1
    if isinstance(segmentor, CandidateSegmentor):
        probabilities, quality = segmentor.predict_candidates(embedding, clicks)
        several = probabilities.shape[1]
        check_probabilities(quality, (len(clicks), several), segmentor.name)
        probabilities = probabilities.reshape(-1, *probabilities.shape[2:])
        quality = quality.ravel()
    else:
        probabilities = segmentor.predict(embedding, clicks, full_size=False)
    size = probabilities.shape[1:]
    check_probabilities(probabilities, (len(clicks) * several, *size), segmentor.name)
    places = np.array([(click.row, click.col) for click in clicks])
    places = (places * np.divide(size, embedding.size)).astype(np.int64)
    points = np.minimum(places, np.array(size) - 1).repeat(several, axis=0)
    counts = counts.repeat(several)
    return Answers(_logits(probabilities), points, quality, counts, embedding.size)


def _logits(probabilities: np.ndarray) -> np.ndarray:
    edge = 1 / (1 + np.exp(-_LARGEST_LOGIT))
    clipped = np.clip(probabilities, 1 - edge, edge)
    return np.log(clipped / (1 - clipped)).astype(np.float16)
