"""Protocol ``clicks``: true masks are asked for by simulated clicks -> IoUs after 1, 2, ... clicks.

The protocol is SegNext's: every mask of at least 256 px is asked for on its own, see
`tamingseg.evaluation.users` for where the clicks lie. The IoU is counted at the original
resolution, unlabelled pixels count neither way. The same holds for how well the outline fits, see
`tamingseg.metrics.boundary`.

A mask that is met exactly keeps its IoU of 1 for the clicks that are left (SegNext's loop goes on
with a negative click at (0, 0), which NoC does not see). SegNext can also stop at IoU 0.95; since
all of mIoU@1..k is reported here, that would change a number, and is not done.

A record holds one result per mask and trial::

    {"map": 0, "label": 3, "area": 1024, "trial": 0, "ious": [0.61, 0.74, ...],
     "boundary_ious": [0.41, 0.53, ...], "boundary_fs": [0.52, 0.64, ...]}

Older records have only the IoUs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tamingseg.checks import check_choice
from tamingseg.evaluation.cells import Summary, figure_cells, main_lines, numbers_after
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
from tamingseg.evaluation.users import (
    FirstClickSettings,
    User,
    answer_each,
    first_answers,
    users_of,
)
from tamingseg.masks.certainty import FUSIONS, fuse
from tamingseg.masks.iou import iou
from tamingseg.metrics.boundary import boundary_f, boundary_iou
from tamingseg.metrics.clicks import clicks_to_reach, number_of_failures
from tamingseg.segmentors.base import (
    ImageEmbedding,
    JointSegmentor,
    Segmentor,
    check_probabilities,
)
from tamingseg.segmentors.prior import answer_prior
from tamingseg.session.answers import SESSION_FUSIONS, SessionFusion, default_fusion
from tamingseg.values import Sample

MEASURES = {"ious": iou, "boundary_ious": boundary_iou, "boundary_fs": boundary_f}
"""What is measured after every click; a result has a list of each."""

OUTLINES = {"boundary IoU": "boundary_ious", "boundary F": "boundary_fs"}
"""How well outlines fit: figure -> key of a result."""

NOC_THRESHOLDS = (0.85, 0.9, 0.95)


@dataclass(frozen=True)
class Settings(FirstClickSettings):
    """Every setting of a run that changes a number."""

    clicks: int = 1
    """How many clicks each mask gets."""
    fusion: SessionFusion | None = None
    """How several clicks become one mask: one of three forms of maximum certainty (certainty,
    prior, component; see docs/clicks.md), or all clicks in one forward pass with the previous
    answer (joint). None takes joint if the model can do it, else certainty."""
    count_last_click: bool = False
    """Whether a mask that succeeds only at the last click counts as a failure (NoF), as in
    SegNext."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fusion is not None:
            check_choice(self.fusion, SESSION_FUSIONS, "fusion")
        if self.clicks < 1:
            raise ValueError(f"expected clicks >= 1, got {self.clicks}")

    def recorded(self) -> dict[str, Any]:
        """Return the settings that play a part, for the method of a record."""
        settings = super().recorded()
        if self.clicks == 1:
            del settings["fusion"], settings["count_last_click"]
        return settings


SEGNEXT = Settings(clicker="center", clicks=20, threshold=0.49, min_area=1, count_last_click=True)
"""What SegNext's own evaluation does, number for number."""


def from_model(settings: Settings, segmentor: Segmentor, made_by: dict[str, str]) -> Method:
    """Ask a segmentor for every mask; raises ValueError if it cannot fuse clicks that way."""
    settings = _with_fusion(settings, segmentor)
    return Method(made_by, settings.recorded(), lambda sample: measure(sample, segmentor, settings))


def _with_fusion(settings: Settings, segmentor: Segmentor) -> Settings:
    """Choose the fusion if the settings leave it open; check that the segmentor can do it."""
    fusion = settings.fusion or default_fusion(segmentor)
    if settings.clicks > 1 and fusion == "joint" and not isinstance(segmentor, JointSegmentor):
        raise ValueError(
            f"{segmentor.name} has no predict_jointly, so it cannot answer several clicks "
            f"together; choose another fusion: {', '.join(FUSIONS)}"
        )
    return replace(settings, fusion=fusion)


def measure(sample: Sample, segmentor: Segmentor, settings: Settings) -> Measured:
    """Ask for every mask of one image: the facts and results of a record, see above.

    Raises
    ------
    ValueError
        If the segmentor cannot fuse clicks that way, gives an answer of another shape, or one that
        is no probability.
    """
    settings = _with_fusion(settings, segmentor)
    regions = list(sample.regions(settings.min_area))
    if not regions:
        return {}, []
    embedding = segmentor.embed(sample.image)
    prior: float | np.ndarray = 0.5
    if settings.fusion == "prior" and settings.clicks > 1:
        prior = answer_prior(segmentor, embedding)
    results = []
    for users in users_of(sample, regions, settings):
        scores = _converse(users, segmentor, embedding, settings, prior)
        for user, steps in zip(users, scores, strict=True):
            values = ([round(value, 6) for value in column] for column in zip(*steps, strict=True))
            results.append(user.wanted() | dict(zip(MEASURES, values, strict=True)))
    return {}, results


def _converse(
    users: Sequence[User],
    segmentor: Segmentor,
    embedding: ImageEmbedding,
    settings: Settings,
    prior: float | np.ndarray,
) -> list[list[list[float]]]:
    """Let all users click; what can be is decoded together. Scores per user and step."""
    assert settings.fusion is not None  # `_with_fusion` chose it
    answers = list(first_answers(users, segmentor, embedding))
    if settings.fusion == "joint":
        # One user after the other, as a model that looks closer likes it.
        return [
            _ask_jointly(user, answer, segmentor, embedding, settings.clicks)
            for user, answer in zip(users, answers, strict=True)
        ]
    scores = [[_score(user, answer)] for user, answer in zip(users, answers, strict=True)]
    for _ in range(settings.clicks - 1):
        wrong = [number for number, user in enumerate(users) if user.click(answers[number])]
        fresh: Iterable[np.ndarray] = (
            answer_each(segmentor, embedding, [users[number].clicks[-1] for number in wrong])
            if wrong
            else []
        )
        for number, answer in zip(wrong, fresh, strict=True):
            # Fusing one by one equals fusing all at once, and keeps one map per mask.
            pair = np.stack([answers[number], answer])
            last_two = users[number].clicks[-2:]
            answers[number] = fuse(pair, last_two, settings.fusion, prior, settings.threshold)
        for number, user in enumerate(users):
            changed = number in wrong
            scores[number].append(_score(user, answers[number]) if changed else scores[number][-1])
    return scores


def _ask_jointly(
    user: User, answer: np.ndarray, segmentor: Segmentor, embedding: ImageEmbedding, clicks: int
) -> list[list[float]]:
    """Let one user click until there are so many clicks, or no error is left: scores per click."""
    assert isinstance(segmentor, JointSegmentor)  # or the job was refused
    scores = [_score(user, answer)]
    while len(scores) < clicks and user.click(answer):
        answer = segmentor.predict_jointly(embedding, user.clicks, answer)
        answer = check_probabilities(answer, embedding.size, segmentor.name)
        scores.append(_score(user, answer))
    return scores + scores[-1:] * (clicks - len(scores))


def _score(user: User, answer: np.ndarray) -> list[float]:
    """Compare an answer (probabilities) with the wanted mask, by each of `MEASURES`."""
    mask = user.mask_of(answer)
    return [compare(mask, user.target, user.ignore) for compare in MEASURES.values()]


def figures(group: Group) -> dict[str, Figure]:
    """``mIoU@k`` over images, ``mIoU@k per mask``; from two clicks on ``NoC85``, ``NoF85``, ...

    Also ``boundary IoU@k`` and ``boundary F@k`` over images, if all records of the group have them.

    Each mask counts with the mean of its trials, also in the number of failures. That is a sum over
    images, I times the mean: its interval is of the sum over as many images.
    """
    clicks, trials = _setting(group, "clicks"), _setting(group, "trials", 1)
    counts = np.array([len(masks_of(record)) for record in group.records])

    def read(key: str) -> list[np.ndarray]:
        """Return the values (masks and trials, clicks) of each image."""

        def table(record: Record) -> np.ndarray:
            values = np.array([result[key] for result in record.results])
            return check_numbers(values, (len(masks_of(record)) * trials, clicks))

        return group.per_image(table)

    ious = read("ious")
    means = np.array([table.mean(axis=0) for table in ious])
    found: dict[str, Figure] = {}
    for k in range(clicks):
        found |= over_images_and_masks(f"mIoU@{k + 1}", means[:, k], counts)
    for name, key in OUTLINES.items():
        if all(key in result for record in group.records for result in record.results):
            means = np.array([table.mean(axis=0) for table in read(key)])
            found |= {f"{name}@{k + 1}": Figure.ratio(means[:, k]) for k in range(clicks)}
    count_last = bool(group.method.get("count_last_click", False))
    if clicks == 1:  # there is no second click to make
        return found
    for threshold in NOC_THRESHOLDS:
        name = f"{threshold * 100:.0f}"
        needed = np.array([clicks_to_reach(table, threshold).sum() for table in ious]) / trials
        failed = np.array([number_of_failures(table, threshold, count_last) for table in ious])
        failed = failed * len(ious) / trials
        found[f"NoC{name}"] = Figure.ratio(needed, counts, "clicks", higher_is_better=False)
        found[f"NoF{name}"] = Figure.ratio(failed, unit="masks", higher_is_better=False)
    return found


def _setting(group: Group, name: str, default: int | None = None) -> int:
    value = group.method.get(name, default)
    if not isinstance(value, int) or value < 1:
        raise ValueError(
            f"the method of {group.protocol_name} on {group.dataset} must have {name!r}, a "
            f"whole number from 1, got {value!r}"
        )
    return value


def tables(summaries: Sequence[Summary]) -> Iterator[Table]:
    """Figures after one click and numbers of clicks; curves over clicks."""
    first = ("mIoU@1", "mIoU@1 per mask", *(f"{name}@1" for name in OUTLINES))
    counted = [f"No{letter}{t * 100:.0f}" for letter in "CF" for t in NOC_THRESHOLDS]
    yield "", main_lines(summaries, {name: name for name in (*first, *counted)})
    clicks = numbers_after(summaries, "mIoU@")
    curves = [("mIoU", "", "images"), ("mIoU", " per mask", "masks")]
    for name, suffix, mean in (*curves, *((name, "", "images") for name in OUTLINES)):
        curve = {f"@{k}": f"{name}@{k}{suffix}" for k in clicks}
        later = {f"{name}@{k}{suffix}" for k in clicks if k > 1}
        several = [s for s in summaries if later & s.figures.keys()]
        yield f"{name}@k, mean over {mean}:", [(s, figure_cells(s, curve)) for s in several]


def columns(result: dict[str, Any]) -> dict[str, Any]:
    """Name the scores after each click."""
    return {
        f"{name}@{k}": value
        for name, key in {"IoU": "ious", **OUTLINES}.items()
        for k, value in enumerate(result.get(key, []), 1)
    }


def panels(groups: Sequence[Group]) -> list[Panel]:
    """Draw mIoU over the number of clicks."""
    counts = [int(group.method["clicks"]) for group in groups]
    lines = [
        [Line(range(1, count + 1), [group.figures[f"mIoU@{k + 1}"] for k in range(count)])]
        for group, count in zip(groups, counts, strict=True)
    ]
    most = max(counts)
    return [
        Panel(
            xlabel="clicks k",
            ylabel="mIoU@k, mean over images (%)",
            lines=lines,
            axes={"xlim": (0.5, most + 0.5)},
            ticks=range(1, most + 1, 1 + (most - 1) // 20),
        )
    ]


PROTOCOL = Protocol(
    name="clicks",
    summary="IoU after 1, 2, ... simulated clicks",
    title="Clicks",
    explanation=(
        "mIoU@k: IoU after k clicks in percent, mean over images of the mean over an image's "
        "masks; per mask: mean over all masks. Boundary IoU and boundary F: how well outlines fit, "
        "in percent, mean over images. NoC85: clicks until IoU 0.85 is reached; NoF85: "
        "masks that do not reach it, or with count_last_click only with the last click; its "
        "interval is of the sum over as many images."
    ),
    settings=Settings,
    from_model=from_model,
    figures=figures,
    tables=tables,
    columns=columns,
    plots=(
        Plot(
            "clicks",
            "IoU after k clicks",
            panels,
            fits=lambda group: "mIoU@2" in group.figures,  # one click is no curve
        ),
    ),
)
