"""Ways to make proposals, compared with the same clicks: rows for `tamingseg report`.

Usage: python scripts/compare_proposals.py DATA... [--held-out] [--ablate] [--limit 20]

Every image is asked once; then each way makes its list from the same answers. The rows are those of
`tamingseg evaluate proposals`, so that tables, plots and comparisons come from `tamingseg report`.
The ways are those of `PIPELINES`, and with --ablate also the default with one thing changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import tyro

from tamingseg.data.base import MaskDataset
from tamingseg.data.catalog import open_datasets
from tamingseg.data.split import hold_out
from tamingseg.evaluation.report import tables
from tamingseg.evaluation.sharding import Job, run_jobs
from tamingseg.evaluation.zeroshot import proposal_job
from tamingseg.proposals.generate import (
    PIPELINES,
    Answers,
    ProposalConfig,
    ask_grid,
    masks_from_answers,
)
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.load import load_segmentor, model_facts
from tamingseg.values import MaskSet, Sample

OURS = PIPELINES["expected"]
CHANGES = {
    "by stability": {"order": "stability"},
    "one mask per click": {"levels": 0},
    "two levels": {"levels": 2},
    "four levels": {"levels": 4},
    "suppress above .75": {"suppress_above": 0.75},
    "box suppression": {"overlap": "box"},
    "superpixels": {"superpixels": True},
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
    out: Path = Path("runs/compare.jsonl")
    """File for the rows; what it already holds is not done again."""
    threads: int | None = None
    """CPU threads of torch."""


def asker(segmentor: Segmentor) -> Callable[[Sample], Answers]:
    """Return a function that asks about the grid, and asks again only for another sample."""
    last: list[tuple[Sample, Answers]] = []

    def ask(sample: Sample) -> Answers:
        if not last or last[0][0] is not sample:
            last[:] = [(sample, ask_grid(segmentor, sample.image))]
        return last[0][1]

    return ask


def job_of(
    dataset: MaskDataset,
    ask: Callable[[Sample], Answers],
    name: str,
    config: ProposalConfig,
    facts: Mapping[str, str],
    limit: int | None,
) -> Job:
    """One way on one data set; its name stands in place of the model's."""

    def propose(sample: Sample) -> MaskSet:
        return masks_from_answers(ask(sample), config)

    return proposal_job(dataset, propose, {**facts, "model": name}, asdict(config), limit=limit)


def main() -> None:
    """Measure image by image, and print the tables."""
    command = tyro.cli(Compare)
    segmentor = load_segmentor(command.model, threads=command.threads)
    ask, facts = asker(segmentor), model_facts(segmentor, command.model)
    ways = dict(PIPELINES)
    if command.ablate:
        ways |= {name: replace(OURS, **changed) for name, changed in CHANGES.items()}
    jobs = []
    for dataset in open_datasets(command.data, split="train" if command.held_out else None):
        chosen = hold_out(dataset, 20)[1] if command.held_out else dataset
        jobs += [
            job_of(chosen, ask, name, config, facts, command.limit) for name, config in ways.items()
        ]
    records = run_jobs(jobs, command.out)
    if records is not None:
        print(tables(records))


if __name__ == "__main__":
    main()
