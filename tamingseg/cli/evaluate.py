"""`tamingseg evaluate clicks DATA ...`: mIoU@k and number of clicks of a model on data sets."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tyro

from tamingseg.cli.commands import Command, dispatch
from tamingseg.data.catalog import open_dataset
from tamingseg.evaluation.interactive import ClickProtocol, evaluate_clicks
from tamingseg.evaluation.report import click_tables
from tamingseg.segmentors.load import list_segmentors, load_segmentor
from tamingseg.weights.registry import find_weights


@dataclass(frozen=True)
class EvaluateClicks:
    """Ask a model for every mask of data sets with simulated clicks, and print its figures."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders, or names of known data sets below `root`."""
    root: Path = Path()
    """Where names and relative paths start."""
    model: str = "default"
    """Name of a segmentor, or a checkpoint file."""
    protocol: tyro.conf.OmitArgPrefixes[ClickProtocol] = field(default_factory=ClickProtocol)
    """The settings that change a number."""
    out: Path = Path("runs/clicks.jsonl")
    """File for the rows, one per mask and method. What it already holds is not done again."""
    limit: int | None = None
    """Do only so many images per data set, spread evenly over it."""
    device: str | None = None
    """Torch device; by default the GPU if there is one."""
    threads: int | None = None
    """CPU threads of torch."""


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand."""
    commands = {"clicks": Command("IoU after 1, 2, ... simulated clicks", clicks)}
    return dispatch("tamingseg evaluate", "Measure a model.", commands, arguments)


def clicks(arguments: Sequence[str]) -> int:
    """Parse, evaluate, print."""
    command = tyro.cli(EvaluateClicks, prog="tamingseg evaluate clicks", args=list(arguments))
    if not command.data:
        raise ValueError("no data: name at least one data set folder")
    if command.limit is not None and command.limit < 1:
        raise ValueError(f"limit must be at least 1 image, got {command.limit}")
    datasets = [open_dataset(path, command.root) for path in command.data]
    segmentor = load_segmentor(command.model, command.device, command.threads)
    weights = _file_hash(command.model)
    command.out.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for dataset in datasets:
        rows += evaluate_clicks(
            dataset, segmentor, command.protocol, command.out, weights, command.limit
        )
    print(click_tables(rows))
    return 0


def _file_hash(model: str) -> str:
    """Beginning of the SHA-256 of the model's file: a retrained model is another method."""
    path = find_weights(model) if model in list_segmentors() else Path(model)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
