"""Data sets x segmentors x simulated users -> IoUs after 1, 2, ... clicks.

The protocol is SegNext's: every mask of at least 256 px is asked for on its own, the first click is
drawn inside it (``random``) or lies in its middle (``center``), each further one in the middle of
the largest error that is left. The IoU is counted at the original resolution, unlabelled pixels
count neither way. The same holds for how well the outline fits, see `tamingseg.metrics.boundary`.

A mask that is met exactly keeps its IoU of 1 for the clicks that are left (SegNext's loop goes on
with a negative click at (0, 0), which NoC does not see). SegNext can also stop at IoU 0.95; since
all of mIoU@1..k is reported here, that would change a number, and is not done.

A record of kind ``clicks`` holds one result per mask and trial::

    {"map": 0, "label": 3, "area": 1024, "trial": 0, "ious": [0.61, 0.74, ...],
     "boundary_ious": [0.41, 0.53, ...], "boundary_fs": [0.52, 0.64, ...]}

Older records have only the IoUs.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from tamingseg.checks import check_choice
from tamingseg.data.base import MaskDataset
from tamingseg.evaluation.records import Measured
from tamingseg.evaluation.sharding import Job
from tamingseg.masks.certainty import FUSIONS, fuse
from tamingseg.masks.iou import iou
from tamingseg.metrics.boundary import boundary_f, boundary_iou
from tamingseg.prompts.clickers import center_click, random_click
from tamingseg.segmentors.base import (
    ImageEmbedding,
    JointSegmentor,
    Segmentor,
    check_probabilities,
)
from tamingseg.segmentors.prior import answer_prior
from tamingseg.session.session import DEFAULT_FUSION, SESSION_FUSIONS, SessionFusion
from tamingseg.values import MASK_THRESHOLD, MIN_MASK_AREA, Click, Sample

Clicker = Literal["random", "center"]

MEASURES = {"ious": iou, "boundary_ious": boundary_iou, "boundary_fs": boundary_f}
"""What is measured after every click; a result has a list of each."""

_CHUNK_BYTES = 2**27
"""How much memory the answers that are decoded together may take at full size."""


@dataclass(frozen=True)
class FirstClickProtocol:
    """Which masks are asked for, and where the first click lies."""

    clicker: Clicker = "random"
    """Where the first click of a mask lies: anywhere inside, or in the middle."""
    trials: int = 1
    """How often each mask is asked for, with other random clicks; figures are means over them."""
    threshold: float = MASK_THRESHOLD
    """A pixel belongs to the answer where its probability is above this; SegNext takes 0.49."""
    min_area: int = MIN_MASK_AREA
    """Masks of fewer pixels are skipped."""
    seed: int = 0
    """Seed of the random clicks; they are the same for every model and fusion."""

    def __post_init__(self) -> None:
        check_choice(self.clicker, get_args(Clicker), "clicker")
        if min(self.trials, self.min_area) < 1 or not 0 < self.threshold < 1:
            raise ValueError(
                "expected trials and min_area >= 1 and a threshold between 0 and 1, got "
                f"trials={self.trials}, min_area={self.min_area}, threshold={self.threshold}"
            )
        if self.clicker == "center" and self.trials > 1:
            raise ValueError("the center clicker always clicks alike; leave trials at 1")

    def settings(self) -> dict[str, Any]:
        """Return the settings that play a part, for the method of a record."""
        settings = asdict(self)
        if self.clicker == "center":
            del settings["seed"]
        return settings


@dataclass(frozen=True)
class ClickProtocol(FirstClickProtocol):
    """Every setting of a run that changes a number."""

    clicks: int = 1
    """How many clicks each mask gets."""
    fusion: SessionFusion = DEFAULT_FUSION
    """How several clicks become one mask: a reading of maximum certainty, or all clicks in one
    forward pass with the previous answer (joint)."""
    count_last_click: bool = False
    """Whether the number of failures (NoF) counts success exactly at the last click as one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self.fusion, SESSION_FUSIONS, "fusion")
        if self.clicks < 1:
            raise ValueError(f"expected clicks >= 1, got {self.clicks}")

    def settings(self) -> dict[str, Any]:
        """Return the settings that play a part, for the method of a record."""
        settings = super().settings()
        if self.clicks == 1:
            del settings["fusion"], settings["count_last_click"]
        return settings


SEGNEXT_PROTOCOL = ClickProtocol(
    clicker="center", clicks=20, threshold=0.49, min_area=1, count_last_click=True
)
"""What SegNext's own evaluation does, number for number."""


def click_job(
    dataset: MaskDataset,
    segmentor: Segmentor,
    made_by: dict[str, str],
    protocol: ClickProtocol,
    limit: int | None = None,
) -> Job:
    """Ask `segmentor` for every mask of `dataset`.

    Raises
    ------
    ValueError
        If clicks are to be answered together by a segmentor that only answers one.
    """
    together = protocol.clicks > 1 and protocol.fusion == "joint"
    if together and not isinstance(segmentor, JointSegmentor):
        raise ValueError(
            f"{segmentor.name} has no predict_jointly, so it cannot answer several clicks "
            f"together; choose another fusion: {', '.join(FUSIONS)}"
        )
    title = f"{dataset.name}: {segmentor.name}, {protocol.clicker}, clicks {protocol.clicks}"

    def measure(sample: Sample) -> Measured:
        return measure_clicks(sample, segmentor, protocol)

    return Job("clicks", dataset, made_by, protocol.settings(), measure, title, limit)


def measure_clicks(sample: Sample, segmentor: Segmentor, protocol: ClickProtocol) -> Measured:
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
    prior = 0.5
    if protocol.fusion == "prior" and protocol.clicks > 1:
        prior = answer_prior(segmentor, embedding)
    results = []
    for users in users_of(sample, targets, protocol):
        scores = _converse(users, segmentor, embedding, protocol, prior)
        for user, steps in zip(users, scores, strict=True):
            values = ([round(value, 6) for value in column] for column in zip(*steps, strict=True))
            results.append(user.wanted() | dict(zip(MEASURES, values, strict=True)))
    return {}, results


def users_of(
    sample: Sample, targets: Sequence[tuple[int, int, np.ndarray]], protocol: FirstClickProtocol
) -> Iterator[list["User"]]:
    """Yield users who want the masks `targets` of `Sample.masks`, in order of masks and trials.

    As many come together as there is memory for their answers at full size.
    """
    size = max(1, _CHUNK_BYTES // (4 * sample.image.shape[0] * sample.image.shape[1]))
    asked = [(*target, trial) for target in targets for trial in range(protocol.trials)]
    for start in range(0, len(asked), size):
        yield [User(sample, *which, protocol) for which in asked[start : start + size]]


class User:
    """Someone who wants one mask and remembers where they have clicked.

    Attributes
    ----------
    index, label, target
        Which mask: number of its label map, its label there, and itself, bool (H, W).
    trial
        Which of the trials this is, from 0.
    ignore
        bool (H, W), pixels that count neither way; None if all count.
    clicks
        Those made, in order.
    """

    def __init__(
        self,
        sample: Sample,
        index: int,
        label: int,
        target: np.ndarray,
        trial: int,
        protocol: FirstClickProtocol,
    ) -> None:
        self.index, self.label, self.target, self.trial = index, label, target, trial
        self.ignore = sample.ignore(index)
        self.protocol = protocol
        self.rng = _generator(protocol.seed, sample.name, index, label, trial)
        self.clicks: list[Click] = []
        self._not_clicked = np.ones_like(target)

    def wanted(self) -> dict[str, int]:
        """Say which mask is wanted, as a result of a record begins."""
        area = int(self.target.sum())
        return {"map": self.index, "label": self.label, "area": area, "trial": self.trial}

    def click(self, answer: np.ndarray | None) -> bool:
        """Click once more, having seen `answer` (probabilities); False if nothing is wrong."""
        if answer is None and self.protocol.clicker == "random":
            click = random_click(self.target, self.rng)
        else:
            seen = self._mask(answer) if answer is not None else np.zeros_like(self.target)
            click = center_click(self.target, seen, self._not_clicked, self.ignore)
        if click is None:
            return False
        self.clicks.append(click)
        self._not_clicked[int(click.row), int(click.col)] = False
        return True

    def score(self, answer: np.ndarray) -> list[float]:
        """Compare `answer` (probabilities) with the wanted mask, by each of `MEASURES`."""
        mask = self._mask(answer)
        return [measure(mask, self.target, self.ignore) for measure in MEASURES.values()]

    def _mask(self, answer: np.ndarray) -> np.ndarray:
        return answer > self.protocol.threshold


def _converse(
    users: Sequence[User],
    segmentor: Segmentor,
    embedding: ImageEmbedding,
    protocol: ClickProtocol,
    prior: float | np.ndarray,
) -> list[list[list[float]]]:
    """Let all users click; what can be is decoded together. Scores per user and step."""

    def answer_each(clicks: Sequence[Click]) -> np.ndarray:
        answers = segmentor.predict(embedding, clicks)
        return check_probabilities(answers, (len(clicks), *embedding.size), segmentor.name)

    for user in users:
        user.click(None)
    answers = list(answer_each([user.clicks[0] for user in users]))
    if protocol.fusion == "joint":
        # One user after the other, as a model that looks closer likes it.
        return [
            _ask_jointly(user, answer, segmentor, embedding, protocol.clicks)
            for user, answer in zip(users, answers, strict=True)
        ]
    scores = [[user.score(answer)] for user, answer in zip(users, answers, strict=True)]
    for _ in range(protocol.clicks - 1):
        wrong = [number for number, user in enumerate(users) if user.click(answers[number])]
        fresh = answer_each([users[number].clicks[-1] for number in wrong]) if wrong else []
        for number, answer in zip(wrong, fresh, strict=True):
            # Fusing one by one equals fusing all at once, and keeps one map per mask.
            pair = np.stack([answers[number], answer])
            last_two = users[number].clicks[-2:]
            answers[number] = fuse(pair, last_two, protocol.fusion, prior, protocol.threshold)
        for number, user in enumerate(users):
            changed = number in wrong
            scores[number].append(user.score(answers[number]) if changed else scores[number][-1])
    return scores


def _ask_jointly(
    user: User, answer: np.ndarray, segmentor: Segmentor, embedding: ImageEmbedding, clicks: int
) -> list[list[float]]:
    """Let one user click until there are so many clicks, or no error is left: scores per click."""
    scores = [user.score(answer)]
    while len(scores) < clicks and user.click(answer):
        answer = segmentor.predict_jointly(embedding, user.clicks, answer)
        answer = check_probabilities(answer, embedding.size, segmentor.name)
        scores.append(user.score(answer))
    return scores + scores[-1:] * (clicks - len(scores))


def _generator(seed: int, *names: str | int) -> np.random.Generator:
    """Random numbers of one mask: the same in whatever order, run or method it is asked for."""
    text = "/".join(map(str, names)).encode(errors="surrogateescape")
    return np.random.default_rng([seed, zlib.crc32(text)])
