"""What asking a model in several ways is worth: flips, rotations, scales, auxiliary clicks, votes.

Usage: python scripts/experiments/compare_ensembles.py DATA... [--held-out] [--limit 20]

Each way is a segmentor of its own (`ensembles.py`), asked with the same click for
the same masks; the rows are those of `tamingseg evaluate clicks`, and a run that was stopped
is gone on with. Prints mIoU@1 of the model as it is, and how far each way is above it, in percent
with 95 % intervals: on every data set, and in the mean over data sets. All ways merge small answers
and enlarge the result; "enlarged afterwards" shows what that alone does.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from ensembles import (
    Ensemble,
    Triangulation,
    Turned,
    Votes,
    mean_logit,
    most_certain,
)

from tamingseg.data.catalog import open_datasets
from tamingseg.data.split import hold_out
from tamingseg.evaluation.against import against_baseline
from tamingseg.evaluation.protocols import clicks
from tamingseg.evaluation.runs import Job, run_jobs
from tamingseg.evaluation.users import Clicker
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.segmentors.click import ClickSegmentor, SegNextSegmentor
from tamingseg.segmentors.load import load_segmentor, model_facts
from tamingseg.values import Click

PLAIN = "plain"
SCALES = (0.75, 4 / 3)
AUXILIARY_CLICKS = (4, 16, 64)


@dataclass(frozen=True)
class Compare:
    """Compare ways to ask a model more than once."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders."""
    held_out: bool = False
    """Every 20th image only, which training left out."""
    clicker: Clicker = "random"
    """Where the click of a mask lies: anywhere inside, or in the middle."""
    limit: int | None = None
    """Do only so many images per data set."""
    model: str = "default"
    """Name of a segmentor, or a checkpoint file."""
    output: Path = Path("runs/ensembles.jsonl")
    """File for the rows; what it already holds is not done again."""
    threads: int | None = None
    """CPU threads of torch."""


class Remembering:
    """A segmentor that embeds only once what several ways ask it to embed, one after the other."""

    def __init__(self, segmentor: Segmentor) -> None:
        self.segmentor, self.name = segmentor, segmentor.name
        self._last: tuple[np.ndarray, ImageEmbedding] | None = None

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        """See `Segmentor.embed`."""
        if self._last is None or self._last[0] is not image:
            self._last = image, self.segmentor.embed(image)
        return self._last[1]

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        """See `Segmentor.predict`."""
        return self.segmentor.predict(embedding, clicks, full_size)


def ways_to_ask(segmentor: Segmentor) -> dict[str, Segmentor]:
    """Name all ways, the plain one first."""
    plain = Remembering(segmentor)
    left_right = Remembering(Turned(segmentor, mirrored=True))
    quarter, half, three = (Remembering(Turned(segmentor, turns)) for turns in (1, 2, 3))
    up_down = Remembering(Turned(segmentor, 2, mirrored=True))
    flips = [plain, left_right, up_down, half]
    ways = {
        PLAIN: plain,
        "enlarged afterwards": Ensemble([plain], "enlarged afterwards"),
        "left-right flip": Ensemble([plain, left_right], "left-right flip"),
        "four flips": Ensemble(flips, "four flips"),
        "four flips, mean logit": Ensemble(flips, "four flips, mean logit", mean_logit),
        "four quarter turns": Ensemble([plain, quarter, half, three], "four quarter turns"),
    }
    if isinstance(segmentor, ClickSegmentor) and not isinstance(segmentor, SegNextSegmentor):
        for scale in SCALES:
            name = f"two scales, 1 and {scale:.2f}"
            ways[name] = Ensemble([plain, Remembering(at_scale(segmentor, scale))], name)
    for count in AUXILIARY_CLICKS:
        name = f"{count} auxiliary clicks"
        ways[name] = Triangulation(plain, name, count)
    for count in AUXILIARY_CLICKS:
        name = f"{count} auxiliary clicks, most certain"
        ways[name] = Triangulation(plain, name, count, most_certain)
    return ways | {"votes of 256 clicks": Votes(plain, "votes of 256 clicks", side=16)}


def at_scale(segmentor: ClickSegmentor, scale: float) -> ClickSegmentor:
    """Return the same model, sharing its weights, that sees images at another size.

    For models made of convolutions; a SegNext has a feature for every place of its one size.
    """
    network = copy(segmentor.network)
    network.image_size = round(scale * network.image_size)
    return type(segmentor)(network, segmentor.name)


def main(command: Compare) -> None:
    """Measure image by image, and print the table."""
    segmentor = load_segmentor(command.model, threads=command.threads)
    facts, ways = model_facts(segmentor, command.model), ways_to_ask(segmentor)
    settings = clicks.Settings(clicker=command.clicker)
    jobs = []
    for dataset in open_datasets(command.data, split="train" if command.held_out else None):
        chosen = hold_out(dataset, 20)[1] if command.held_out else dataset
        jobs += [
            Job(
                clicks.PROTOCOL,
                chosen,
                clicks.from_model(settings, way, {**facts, "model": name}),
                command.limit,
            )
            for name, way in ways.items()
        ]
    if records := run_jobs(jobs, command.output):
        print(against_baseline(records, PLAIN, "mIoU@1"))


if __name__ == "__main__":
    main(tyro.cli(Compare, description=__doc__))
