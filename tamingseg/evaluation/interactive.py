"""Data sets x segmentors x simulated users -> rows of IoUs after 1, 2, ... clicks.

The protocol is SegNext's: every mask of at least 256 px is asked for on its own, the first click is
drawn inside it (``random``) or lies in its middle (``center``), each further one in the middle of
the largest error that is left. The IoU is counted at the original resolution, unlabelled pixels
count neither way.

A mask that is met exactly keeps its IoU of 1 for the clicks that are left. SegNext can also stop at
IoU 0.95; since all of mIoU@1..k is reported here, that would change a number, and is not done.
"""

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from tqdm import tqdm

from tamingseg.checks import check_choice
from tamingseg.data.base import MaskDataset
from tamingseg.evaluation.records import Row, append_rows, finished_images, reopen_rows
from tamingseg.masks.certainty import fuse
from tamingseg.masks.iou import iou
from tamingseg.prompts.clickers import center_click, random_click
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.segmentors.prior import answer_prior
from tamingseg.session.session import DEFAULT_FUSION, SESSION_FUSIONS, SessionFusion
from tamingseg.values import MASK_THRESHOLD, MIN_MASK_AREA, Click, Sample

Clicker = Literal["random", "center"]

_CHUNK_BYTES = 2**27
"""How much memory the answers that are decoded together may take at full size."""


@dataclass(frozen=True)
class ClickProtocol:
    """Every setting of a run that changes a number."""

    clicker: Clicker = "random"
    """Where the first click of a mask lies: anywhere inside, or in the middle."""
    clicks: int = 1
    """How many clicks each mask gets."""
    fusion: SessionFusion = DEFAULT_FUSION
    """How several clicks become one mask: a reading of maximum certainty, or all clicks in one
    forward pass with the previous answer (joint)."""
    threshold: float = MASK_THRESHOLD
    """A pixel belongs to the answer where its probability is above this; SegNext takes 0.49."""
    min_area: int = MIN_MASK_AREA
    """Masks of fewer pixels are skipped."""
    seed: int = 0
    """Seed of the random clicks; they are the same for every model and fusion."""

    def __post_init__(self) -> None:
        check_choice(self.clicker, get_args(Clicker), "clicker")
        check_choice(self.fusion, SESSION_FUSIONS, "fusion")
        if self.clicks < 1 or self.min_area < 1 or not 0 < self.threshold < 1:
            raise ValueError(
                "expected clicks >= 1, min_area >= 1 and a threshold between 0 and 1, got "
                f"clicks={self.clicks}, min_area={self.min_area}, threshold={self.threshold}"
            )

    def method(self, model: str, weights: str, data: str) -> dict[str, Any]:
        """Return what rows say about how they were made, less the settings that play no part.

        `weights` and `data` tell models and data sets of one name apart.
        """
        settings = asdict(self)
        if self.clicks == 1:
            del settings["fusion"]
        if self.clicker == "center":
            del settings["seed"]
        made_by = {"model": model, "weights": weights, "data": data}
        made_by["version"] = version("tamingseg")
        return {**made_by, **settings}


def evaluate_clicks(
    dataset: MaskDataset,
    segmentor: Segmentor,
    protocol: ClickProtocol,
    out: Path,
    weights: str = "",
    limit: int | None = None,
) -> list[Row]:
    """Ask for every mask of `dataset` and append the rows to `out`, with a progress bar.

    Images that `out` already holds for the same method are not done again.

    Parameters
    ----------
    weights
        Tells models of one name apart, such as a hash of their file; part of the method.
    limit
        Do only so many images, spread evenly over the data set.

    Returns
    -------
    The rows of this run, those found in the file included, in order of the images.
    """
    method = protocol.method(segmentor.name, weights, dataset.fingerprint)
    kept = reopen_rows(out)
    finished = finished_images(kept, dataset.name, method)
    count = len(dataset) if limit is None else min(limit, len(dataset))
    indices = np.linspace(0, len(dataset) - 1, count).round().astype(int).tolist()
    chosen = {dataset.names[index] for index in indices}
    rows = [
        row
        for row in kept
        if row.dataset == dataset.name and row.method == method and row.image in chosen
    ]
    for index in tqdm(indices, dataset.name, unit="image"):
        if dataset.names[index] not in finished:
            fresh = evaluate_image(dataset[index], dataset.name, segmentor, protocol, method)
            append_rows(out, fresh)
            rows += fresh
    return rows


def evaluate_image(
    sample: Sample,
    dataset: str,
    segmentor: Segmentor,
    protocol: ClickProtocol,
    method: dict[str, Any] | None = None,
) -> list[Row]:
    """Ask for every mask of one image; `dataset` and `method` go into the rows."""
    method = method or protocol.method(segmentor.name, weights="", data="")
    targets = list(sample.masks(protocol.min_area))
    if not targets:
        return []
    embedding = segmentor.embed(sample.image)
    prior = 0.5
    if protocol.fusion == "prior" and protocol.clicks > 1:
        prior = answer_prior(segmentor, embedding)
    rows = []
    size = max(1, _CHUNK_BYTES // (4 * sample.image.shape[0] * sample.image.shape[1]))
    for start in range(0, len(targets), size):
        chunk = targets[start : start + size]
        users = [
            _User(
                mask,
                sample.ignore(index),
                protocol,
                _generator(protocol.seed, dataset, sample.name, index, label),
            )
            for index, label, mask in chunk
        ]
        ious = _converse(users, segmentor, embedding, protocol, prior)
        for (index, label, mask), values in zip(chunk, ious, strict=True):
            rows.append(
                Row(
                    dataset,
                    sample.name,
                    index,
                    label,
                    int(mask.sum()),
                    len(targets),
                    method,
                    [round(value, 6) for value in values],
                )
            )
    return rows


class _User:
    """Someone who wants one mask and remembers where they have clicked."""

    def __init__(
        self,
        target: np.ndarray,
        ignore: np.ndarray | None,
        protocol: ClickProtocol,
        rng: np.random.Generator,
    ) -> None:
        self.target, self.ignore = target, ignore
        self.protocol = protocol
        self.rng = rng
        self.clicks: list[Click] = []
        self._not_clicked = np.ones_like(target)

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

    def iou(self, answer: np.ndarray) -> float:
        return iou(self._mask(answer), self.target, self.ignore)

    def _mask(self, answer: np.ndarray) -> np.ndarray:
        return answer > self.protocol.threshold


def _converse(
    users: Sequence[_User],
    segmentor: Segmentor,
    embedding: ImageEmbedding,
    protocol: ClickProtocol,
    prior: float | np.ndarray,
) -> list[list[float]]:
    """Let all users click in turn, each step decoded together. IoUs per user and step."""
    for user in users:
        user.click(None)
    answers = list(segmentor.predict(embedding, [user.clicks[0] for user in users]))
    ious = [[user.iou(answer)] for user, answer in zip(users, answers, strict=True)]
    for _ in range(protocol.clicks - 1):
        wrong = [number for number, user in enumerate(users) if user.click(answers[number])]
        if protocol.fusion == "joint":
            for number in wrong:
                clicks = users[number].clicks
                answers[number] = segmentor.predict_jointly(embedding, clicks, answers[number])
        elif wrong:
            fresh = segmentor.predict(embedding, [users[number].clicks[-1] for number in wrong])
            for number, answer in zip(wrong, fresh, strict=True):
                # Fusing one by one equals fusing all at once, and keeps one map per mask.
                pair = np.stack([answers[number], answer])
                last_two = users[number].clicks[-2:]
                answers[number] = fuse(pair, last_two, protocol.fusion, prior, protocol.threshold)
        for number, user in enumerate(users):
            changed = number in wrong
            ious[number].append(user.iou(answers[number]) if changed else ious[number][-1])
    return ious


def _generator(seed: int, *names: str | int) -> np.random.Generator:
    """Random numbers of one mask: the same in whatever order, run or method it is asked for."""
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, names)).encode())])
