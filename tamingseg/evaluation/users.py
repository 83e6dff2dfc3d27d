"""Simulated users: each wants one true mask, and clicks where it is, then where it is wrong.

The first click is drawn inside the mask (``random``) or lies in its middle (``center``), each
further one in the middle of the largest error that is left.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from tamingseg.checks import check_choice
from tamingseg.prompts.clickers import center_click, random_click
from tamingseg.segmentors.base import ImageEmbedding, Segmentor, check_probabilities
from tamingseg.values import MASK_THRESHOLD, MIN_MASK_AREA, Click, Sample

Clicker = Literal["random", "center"]

_CHUNK_BYTES = 2**27
"""How much memory the answers that are decoded together may take at full size."""


@dataclass(frozen=True)
class FirstClickSettings:
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

    def recorded(self) -> dict[str, Any]:
        """Return the settings that play a part, for the method of a record."""
        settings = asdict(self)
        if self.clicker == "center":
            del settings["seed"]
        return settings


def users_of(
    sample: Sample, regions: Sequence[tuple[int, int, int]], settings: FirstClickSettings
) -> Iterator[list["User"]]:
    """Yield users who want `regions` of `Sample.regions`, in order of regions and trials.

    As many come together as there is memory for their answers at full size.
    """
    size = max(1, _CHUNK_BYTES // (4 * sample.image.shape[0] * sample.image.shape[1]))
    asked = [
        (index, label, trial) for index, label, _ in regions for trial in range(settings.trials)
    ]
    for start in range(0, len(asked), size):
        yield [User(sample, *which, settings) for which in asked[start : start + size]]


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
        trial: int,
        settings: FirstClickSettings,
    ) -> None:
        self.index, self.label, self.trial = index, label, trial
        self.target = sample.label_maps[index] == label
        self.ignore = sample.ignore(index)
        self.settings = settings
        self.rng = _generator(settings.seed, sample.name, index, label, trial)
        self.clicks: list[Click] = []
        self._not_clicked = np.ones_like(self.target)

    def wanted(self) -> dict[str, int]:
        """Say which mask is wanted, as a result of a record begins."""
        area = int(self.target.sum())
        return {"map": self.index, "label": self.label, "area": area, "trial": self.trial}

    def click(self, answer: np.ndarray | None) -> bool:
        """Click once more, having seen `answer` (probabilities); False if nothing is wrong."""
        click: Click | None
        if answer is None and self.settings.clicker == "random":
            click = random_click(self.target, self.rng)
        else:
            seen = self.mask_of(answer) if answer is not None else np.zeros_like(self.target)
            click = center_click(self.target, seen, self._not_clicked, self.ignore)
        if click is None:
            return False
        self.clicks.append(click)
        self._not_clicked[int(click.row), int(click.col)] = False
        return True

    def mask_of(self, answer: np.ndarray) -> np.ndarray:
        """Return the mask, bool (H, W), of an answer (probabilities)."""
        return answer > self.settings.threshold


def first_answers(
    users: Sequence[User], segmentor: Segmentor, embedding: ImageEmbedding
) -> np.ndarray:
    """Let each user make the first click; the answers as `answer_each`."""
    for user in users:
        user.click(None)
    return answer_each(segmentor, embedding, [user.clicks[0] for user in users])


def answer_each(
    segmentor: Segmentor, embedding: ImageEmbedding, clicks: Sequence[Click]
) -> np.ndarray:
    """Answer each click alone: float32 probabilities (N, H, W).

    Raises
    ------
    ValueError
        If the segmentor gives an answer of another shape, or one that is no probability.
    """
    answers = segmentor.predict(embedding, clicks)
    return check_probabilities(answers, (len(clicks), *embedding.size), segmentor.name)


def _generator(seed: int, *names: str | int) -> np.random.Generator:
    """Random numbers of one mask: the same in whatever order, run or method it is asked for."""
    text = "/".join(map(str, names)).encode(errors="surrogateescape")
    return np.random.default_rng([seed, zlib.crc32(text)])
