"""Protocol ``levels``: what one click offers: its default mask, its levels, its honesty.

The masks and the clicks are those of ``clicks`` with one click, so that figures of both go
together. Three things are measured of every answer:

- `best`: the best of the first 1, 2, ..., `MOST_OFFERED` masks that are offered. The first is the
  default mask, which the user sees first: all pixels above the threshold. Then a model with one
  answer offers its stable level sets, the most stable first; a model with several answers offers
  those, the best by its own judgement first. What is nearly the default mask takes no place;
- `any`: the best of all level sets of the answer, .05 to .95, which is what a slider reaches.

A pixel can be in several true masks, of other label maps: part and whole, or annotators who differ.
So the same answer is also compared with all others that hold the click: a stack of levels that
holds part and whole meets them all.

A record holds one result per mask and trial. `offered` is how many masks there
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

from tamingseg.evaluation.cells import Summary, figure_cells, main_lines, number_text
from tamingseg.evaluation.figure import Figure, over_images_and_masks
from tamingseg.evaluation.protocols.base import (
    Group,
    Line,
    Method,
    Panel,
    Plot,
    Protocol,
    Table,
)
from tamingseg.evaluation.records import Measured, Record, check_numbers, masks_of
from tamingseg.evaluation.users import FirstClickSettings, first_answers, users_of
from tamingseg.masks.iou import iou
from tamingseg.metrics.levels import (
    BINS,
    MOST_OFFERED,
    bin_pixels,
    calibration_gaps,
    level_ious,
    reliability,
)
from tamingseg.proposals.levels import level_lines
from tamingseg.segmentors.base import (
    CandidateSegmentor,
    ImageEmbedding,
    Segmentor,
    check_probabilities,
)
from tamingseg.values import Click, Sample

Settings = FirstClickSettings
"""Every setting that changes a number: which masks are asked for, and where the click lies."""

BEST_OF = ("default", *(f"best of {k}" for k in range(2, MOST_OFFERED + 1)))
"""What the numbers of `best` in a result are called: the best of 1 is the default mask."""

_NAMES = (*BEST_OF, "any level")

_LARGEST_LOGIT = 10.0
"""Surer answers are taken down to this, since infinite ones cannot be enlarged."""

_ALIKE = 0.9
"""Masks of a greater IoU with the default mask are not offered beside it. (Default model, 100
images held out from training: the best of 3 is .612 so, .605 with all level sets.)"""


def from_model(settings: Settings, segmentor: Segmentor, made_by: dict[str, str]) -> Method:
    """Ask a segmentor for every mask, with one click each."""
    return Method(made_by, settings.recorded(), lambda sample: measure(sample, segmentor, settings))


def measure(sample: Sample, segmentor: Segmentor, settings: Settings) -> Measured:
    """Ask for every mask of one image: the facts and results of a record, see above.

    Raises
    ------
    ValueError
        If the segmentor gives an answer of another shape, or one that is no probability.
    """
    regions = list(sample.regions(settings.min_area))
    if not regions:
        return {}, []
    embedding = segmentor.embed(sample.image)
    results, counts = [], []
    for users in users_of(sample, regions, settings):
        answers = first_answers(users, segmentor, embedding)
        clicks = [user.clicks[0] for user in users]
        offers = _offers(segmentor, embedding, clicks, answers, settings.threshold)
        for user, click, answer, offered in zip(users, clicks, answers, offers, strict=True):
            scores = _Scores(answer, offered)
            here = sample.label_maps[:, int(click.row), int(click.col)]
            others = [
                {"map": index, "label": label, "area": area}
                | scores.against(sample.label_maps[index] == label, sample.ignore(index))
                for index, label, area in regions
                if here[index] == label and (index, label) != (user.index, user.label)
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
    """Return the level sets of an answer, float32 (H, W), the most stable first."""
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


def figures(group: Group) -> dict[str, Figure]:
    """``default``, ``best of 2``, ..., ``any level`` over images, and ``per mask``.

    IoU with the mask that was asked for. ``around default``, ...: with all true masks that hold the
    click, each click with its mean. ``masks around`` is how many these are per click, ``offered``
    how many masks the model offers, the default one included.

    ``ECE`` is the expected calibration error; its interval keeps in which bins too much and in
    which too little is claimed. For each bin that has pixels there are ``claimed at 0``, the mean
    of their probabilities, ``found at 0``, how many of them are in the mask, and ``pixels at 0``,
    how many of the image's pixels they are.

    Raises
    ------
    ValueError
        If a record does not hold what its protocol wants.
    """
    found: dict[str, Figure] = {}
    means = np.array(group.per_image(_mean_scores))
    counts = np.array([len(masks_of(record)) for record in group.records])
    for row, prefix in enumerate(("", "around ")):
        for column, name in enumerate(_NAMES):
            found |= over_images_and_masks(prefix + name, means[:, row, column], counts)

    bins = np.array(group.per_image(_reliability))
    pixels, claimed, correct = bins.swapaxes(0, 1)
    found["ECE"] = Figure.ratio(calibration_gaps(claimed, correct), higher_is_better=False)
    for place in np.flatnonzero(pixels.sum(axis=0)).tolist():
        share = pixels[:, place]
        found[f"claimed at {place}"] = Figure.ratio(claimed[:, place], share)
        found[f"found at {place}"] = Figure.ratio(correct[:, place], share)
        found[f"pixels at {place}"] = Figure.ratio(share)

    numbers = np.concatenate(group.per_image(_numbers))
    for name, number in zip(("offered", "masks around"), numbers.mean(axis=0), strict=True):
        found[name] = Figure(float(number), "per click")
    return found


def _mean_scores(record: Record) -> np.ndarray:
    """(2, len(_NAMES)): of the masks asked for, and of all around their clicks."""
    own = [_scores(result) for result in record.results]
    around = [
        np.mean([_scores(result), *map(_scores, result["others"])], axis=0)
        for result in record.results
    ]
    return np.mean([own, around], axis=1)


def _scores(result: dict[str, Any]) -> np.ndarray:
    values = np.array([*result["best"], result["any"]])
    return check_numbers(values, (len(_NAMES),))


def _reliability(record: Record) -> np.ndarray:
    return check_numbers(np.array(record.facts["reliability"]), (3, BINS))


def _numbers(record: Record) -> np.ndarray:
    """How many masks are offered and how many are true, (R, 2)."""
    pairs = [(result["offered"], 1 + len(result["others"])) for result in record.results]
    return check_numbers(np.array(pairs), (len(pairs), 2), np.inf)


def tables(summaries: Sequence[Summary]) -> Iterator[Table]:
    """Say what was offered and how honest it is; IoU with one mask, and all around the click."""
    counted = {"masks offered": "offered", "true masks around": "masks around"}
    yield "", main_lines(summaries, counted | {"ECE": "ECE"})
    several = [s for s in summaries if s.figures and s.figures["masks around"].value > 1]
    for caption, prefix, chosen in (
        ("Against the mask asked for:", "", summaries),
        ("Against all true masks that hold the click:", "around ", several),
    ):
        lines = []
        for summary in chosen:
            for mean, suffix in (("images", ""), ("masks", " per mask")):
                figures = {name: f"{prefix}{name}{suffix}" for name in _NAMES}
                cells = figure_cells(summary, figures, with_intervals=True)
                lines.append((summary, {"mean over": mean} | cells))
        yield caption, lines


def columns(result: dict[str, Any]) -> dict[str, Any]:
    """Name the best IoUs of the first masks."""
    return dict(zip(BEST_OF, result["best"], strict=False))


def level_panels(groups: Sequence[Group]) -> list[Panel]:
    """One panel for the mask asked for; another one for all around the click if they are more."""
    meant = {"": "the mask asked for"}
    if any(group.figures["masks around"].value > 1 for group in groups):
        meant["around "] = "all true masks that hold the click"
    offered = range(1, MOST_OFFERED + 1)
    last = MOST_OFFERED + 1
    return [
        Panel(
            title=f"IoU with {words}",
            xlabel="masks K offered",
            ylabel="mIoU, mean over images (%)",
            lines=[
                [
                    Line(offered, [group.figures[prefix + name] for name in BEST_OF]),
                    Line([last], [group.figures[f"{prefix}any level"]]),
                ]
                for group in groups
            ],
            ticks=[*offered, last],
            tick_names=["default", *map(str, offered[1:]), "any\nlevel"],
        )
        for prefix, words in meant.items()
    ]


def reliability_panels(groups: Sequence[Group]) -> list[Panel]:
    """Draw what is found against what is claimed, and of how many pixels it is claimed."""
    found, pixels = [], []
    for group in groups:
        bins = [place for place in range(BINS) if f"pixels at {place}" in group.figures]
        places = [group.figures[f"claimed at {place}"].value for place in bins]
        found.append([Line(places, [group.figures[f"found at {place}"] for place in bins])])
        pixels.append([Line(places, [group.figures[f"pixels at {place}"] for place in bins])])
    errors = [group.figures["ECE"] for group in groups]
    return [
        Panel(
            xlabel="probability claimed (%)",
            ylabel="pixels in the mask asked for (%)",
            lines=found,
            axes={"xlim": (0, 100), "ylim": (0, 100), "aspect": "equal"},
            diagonal=True,
            notes=[f"ECE {number_text(error.value, error.unit)} %" for error in errors],
        ),
        Panel(
            xlabel="probability claimed (%)",
            ylabel="pixels of the image (%)",
            lines=pixels,
            axes={"xlim": (0, 100), "yscale": "log"},
        ),
    ]


PROTOCOL = Protocol(
    name="levels",
    summary="IoU of the best level of one click, and calibration",
    title="Levels of one click",
    explanation=(
        "Mean IoU in percent. Default: all pixels above the threshold; best of K: the best of the "
        "first K masks offered, which are the default one, then stable level sets or a model's "
        "own answers; any level: the best of all level sets at .05, .10, ..., .95. ECE, expected "
        "calibration error: how far the share of pixels in the mask is from the probability they "
        "are given, mean over pixels, images weighing alike."
    ),
    settings=Settings,
    from_model=from_model,
    figures=figures,
    tables=tables,
    columns=columns,
    plots=(
        Plot("levels", "best level of one click", level_panels),
        Plot("reliability", "are the probabilities of one click true?", reliability_panels),
    ),
)
