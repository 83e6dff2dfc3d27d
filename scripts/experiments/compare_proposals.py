"""Ways to make proposals, compared with the same clicks: rows for `tamingseg report`.

Usage: python scripts/experiments/compare_proposals.py DATA... [--held-out] [--ablate] [--limit 20]

Every image is asked once; then each way makes its list from the same answers. The rows are those of
`tamingseg evaluate proposals`, so that tables, plots and comparisons come from `tamingseg report`.
The ways are those of `PIPELINES`, and with --ablate also the default with one thing changed:
a setting, masks rebuilt out of superpixels, or further clicks where answers are least certain.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from superpixels_of_answers import rebuild, superpixels

from tamingseg.data.base import MaskDataset
from tamingseg.data.catalog import open_datasets
from tamingseg.data.split import hold_out
from tamingseg.evaluation.protocols import proposals
from tamingseg.evaluation.report import tables
from tamingseg.evaluation.runs import Job, run_jobs
from tamingseg.prompts.grids import grid_clicks
from tamingseg.proposals.answers import Answers, ask_clicks, join_answers
from tamingseg.proposals.generate import ProposalConfig, find_candidates, list_candidates
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.segmentors.load import load_segmentor, model_facts
from tamingseg.values import Click, MaskSet, Sample

_SAM = ProposalConfig(levels=0, min_area=0, overlap="box", suppress_above=0.7, order="quality")

PIPELINES = {
    "sam": replace(_SAM, min_stability=0.95),
    "sam, unfiltered": _SAM,
    "note": ProposalConfig(levels=0, min_area=0, suppress_above=0.75, order="both"),
    "expected": ProposalConfig(),
}
"""The steps of Segment Anything's automatic masks (without the filter on predicted IoU, which only
its own models have), the same with unstable masks too, the note's zero-shot protocol, and ours."""

OURS = PIPELINES["expected"]
CHANGES = {
    "by stability": {"order": "stability"},
    "one mask per click": {"levels": 0},
    "two levels": {"levels": 2},
    "four levels": {"levels": 4},
    "suppress above .75": {"suppress_above": 0.75},
    "box suppression": {"overlap": "box"},
    "stable ones only": {"min_stability": 0.5},
    "small masks too": {"min_area": 0},
}


@dataclass(frozen=True)
class Compare:
    """Compare ways to make proposals."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders."""
    held_out: bool = False
    """Every 20th image only, which training left out: for choosing settings."""
    ablate: bool = False
    """Also change one setting of the default at a time."""
    limit: int | None = None
    """Do only so many images per data set."""
    model: str = "default"
    """Name of a segmentor, or a checkpoint file."""
    output: Path = Path("runs/compare.jsonl")
    """File for the rows; what it already holds is not done again."""
    threads: int | None = None
    """CPU threads of torch."""


@dataclass(frozen=True)
class Way:
    """A way from the answers to a grid to an ordered list."""

    config: ProposalConfig
    superpixels: bool = False  # whether masks are rebuilt out of superpixels of the answers
    further: int = 0  # clicks where the answers to the grid are least certain

    def settings(self) -> dict[str, Any]:
        """Return what a record says of it."""
        extra = {"superpixels": self.superpixels, "further": self.further}
        return {**asdict(self.config), **{name: value for name, value in extra.items() if value}}


WAYS = {name: Way(config) for name, config in PIPELINES.items()}
ABLATIONS = {name: Way(replace(OURS, **changed)) for name, changed in CHANGES.items()} | {
    "superpixels": Way(OURS, superpixels=True),
    "further clicks": Way(OURS, further=100),
}


def asker(segmentor: Segmentor) -> Callable[[Sample, Way], Answers]:
    """Return a function that asks about the grid, and asks again only for another sample."""
    last: list[tuple[Sample, ImageEmbedding, Answers]] = []

    def ask(sample: Sample, way: Way) -> Answers:
        if not last or last[0][0] is not sample:
            embedding = segmentor.embed(sample.image)
            clicks = grid_clicks(OURS.grid, embedding.size)
            last[:] = [(sample, embedding, ask_clicks(segmentor, embedding, clicks))]
        _, embedding, answers = last[0]
        if not way.further:
            return answers
        certainty = np.abs(answers.logits).max(axis=0).astype(np.float32)
        clicks = uncertain_clicks(certainty, way.further, embedding.size)
        return join_answers([answers, ask_clicks(segmentor, embedding, clicks)])

    return ask


def list_masks(answers: Answers, way: Way) -> MaskSet:
    """Make the ordered list out of answers."""
    found = find_candidates(answers, way.config)
    if way.superpixels and len(found.packed):
        found = replace(found, packed=rebuild(found.packed, superpixels(answers.logits)))
    return list_candidates(found, answers, way.config)


def uncertain_clicks(certainty: np.ndarray, count: int, size: tuple[int, int]) -> list[Click]:
    """Return positive clicks where the answers so far are least certain.

    Parameters
    ----------
    certainty
        float, (h, w), the image at any resolution: certainty of the most certain answer.
    count
        How many clicks, at most one for every pixel of `certainty`.
    size
        The image's (height, width).

    Returns
    -------
    Clicks on the least certain pixels. To spread them, a pixel nearer than sqrt(h w / count) / 2
    to an earlier click is only taken if no other is left.
    """
    height, width = certainty.shape
    reach = np.sqrt(height * width / max(count, 1)) / 2
    left = certainty.astype(np.float64)
    rows, cols = np.mgrid[:height, :width]
    clicks = []
    for _ in range(min(count, left.size)):
        row, col = np.unravel_index(left.argmin(), left.shape)
        clicks.append(Click((row + 0.5) * size[0] / height, (col + 0.5) * size[1] / width))
        left[(rows - row) ** 2 + (cols - col) ** 2 < reach**2] += certainty.max() + 1
        left[row, col] = np.inf
    return clicks


def job_of(
    dataset: MaskDataset,
    ask: Callable[[Sample, Way], Answers],
    name: str,
    way: Way,
    facts: Mapping[str, str],
    limit: int | None,
) -> Job:
    """One way on one data set; its name stands in place of the model's."""

    def propose(sample: Sample) -> MaskSet:
        return list_masks(ask(sample, way), way)

    method = proposals.method(propose, {**facts, "model": name}, way.settings())
    return Job(proposals.PROTOCOL, dataset, method, limit)


def main() -> None:
    """Measure image by image, and print the tables."""
    command = tyro.cli(Compare)
    segmentor = load_segmentor(command.model, threads=command.threads)
    ask, facts = asker(segmentor), model_facts(segmentor, command.model)
    ways = WAYS | (ABLATIONS if command.ablate else {})
    jobs = []
    for dataset in open_datasets(command.data, split="train" if command.held_out else None):
        chosen = hold_out(dataset, 20)[1] if command.held_out else dataset
        jobs += [job_of(chosen, ask, name, way, facts, command.limit) for name, way in ways.items()]
    records = run_jobs(jobs, command.output)
    if records is not None:
        print(tables(records))


if __name__ == "__main__":
    main()
