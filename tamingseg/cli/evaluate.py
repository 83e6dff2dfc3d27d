"""`tamingseg evaluate clicks | levels | proposals | regions | mosaics | all DATA ...`.

The same command continues a run that was stopped. `--processes` starts it in several processes,
by torchrun. Over several machines, start it with `torchrun -m tamingseg.cli.main evaluate ...` or
`accelerate launch -m ...`.
"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Generic, NoReturn, TypeVar

import tyro

from tamingseg.cli.commands import Command, dispatch
from tamingseg.cli.data_mosaics import MosaicSettings
from tamingseg.cli.flags import accept_renamed, parse
from tamingseg.data.base import MaskDataset
from tamingseg.data.catalog import open_datasets
from tamingseg.evaluation.protocols import clicks, proposals, regions
from tamingseg.evaluation.protocols.base import FILES_INSTEAD, Protocol, config_of
from tamingseg.evaluation.protocols.table import PROTOCOLS
from tamingseg.evaluation.report import tables
from tamingseg.evaluation.runs import Job, UnreadableImages, own_device, run_jobs
from tamingseg.proposals.generate import ProposalConfig, ProposalMethod
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.load import load_segmentor, model_facts

_Settings = TypeVar("_Settings")
_RENAMED = {
    "--most": "--count",
    "--source": "--method",
    "--proposals.most": "--proposals.count",
}
_MOSAICS = MosaicSettings(regions=(5,))
_WORLD = "WORLD_SIZE"
"""In the environment of a process that torchrun or accelerate started."""


@dataclass(frozen=True)
class Run:
    """What is measured, and where the records go."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders, folders of data sets, names of known data sets below --root, or
    `sample-photos`, which come with the package."""
    root: Path = Path()
    """Folder in which names and relative paths are looked up."""
    model: tuple[str, ...] = ("default",)
    """One or more models: names, checkpoint files, or your own as MODULE:NAME."""
    output: Path = Path("runs/evaluation.jsonl")
    """File for the records, one per image and setup (model with settings). What it holds is not
    measured again."""
    limit: int | None = None
    """Measure at most this many images per data set, spread evenly over it."""
    device: str | None = None
    """Device, such as cpu or cuda:0; by default a GPU for every process if there are any, and torch
    then, also for models that other commands run in ONNX Runtime."""
    threads: int | None = None
    """CPU threads, per process."""
    processes: int = 1
    """Processes on this machine, each of which measures a share of the images, as with torchrun."""

    def datasets(self) -> Sequence[MaskDataset]:
        """Open the data sets."""
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be at least 1 image, got {self.limit}")
        return open_datasets(self.data, self.root)

    def segmentors(self) -> list[tuple[Segmentor, dict[str, str]]]:
        """Load the models, each with what records say of it."""
        device = self.device or own_device()
        made = []
        for name in self.model:
            segmentor = load_segmentor(name, device, self.threads)
            made.append((segmentor, model_facts(segmentor, name)))
        return made


@dataclass(frozen=True)
class _Evaluation(Generic[_Settings]):
    run: Annotated[Run, tyro.conf.arg(name="")]
    settings: Annotated[_Settings, tyro.conf.arg(name="")]
    """What changes a number."""


@dataclass(frozen=True)
class _Clicks(clicks.Settings):
    segnext: bool = False
    """Follow SegNext's own protocol: center clicker, up to 20 clicks, all given to the model
    together, threshold 0.49, masks of any size. A mask that succeeds only at click 20 counts as a
    failure too."""


@dataclass(frozen=True)
class _Mosaics(_Evaluation[_Settings]):
    mosaics: Annotated[MosaicSettings, tyro.conf.arg(name="")] = _MOSAICS
    """Which mosaics are made where no data set is named."""


@dataclass(frozen=True)
class _All(ProposalConfig):
    method: ProposalMethod = "grid"
    """Where proposals come from: a grid of clicks, or the regions of the model's hierarchy."""
    trials: int = 1
    """How often each mask is asked for, with other random clicks; figures are means over them."""


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand."""
    commands = {
        name: Command(protocol.summary, _OWN.get(name, partial(_follow, protocol)))
        for name, protocol in PROTOCOLS.items()
    }
    commands["all"] = Command(
        "clicks, proposals and, where every pixel is labelled, regions", _everything
    )
    return dispatch("tamingseg evaluate", "Measure models.", commands, arguments)


def _follow(protocol: Protocol, arguments: Sequence[str]) -> int:
    """Follow one protocol: parse, evaluate, print."""
    evaluation = _Evaluation[protocol.settings]  # type: ignore[name-defined]
    command = _parse(evaluation, protocol.name, arguments)
    return _measure(protocol, command.run, command.settings, command.run.datasets())


def _clicks(arguments: Sequence[str]) -> int:
    command = _parse(_Evaluation[_Clicks], "clicks", arguments)
    settings = config_of(command.settings, clicks.Settings)
    if command.settings.segnext:
        if settings != clicks.Settings():
            raise ValueError("--segnext is a protocol of its own; leave the other settings away")
        settings = clicks.SEGNEXT
    return _measure(clicks.PROTOCOL, command.run, settings, command.run.datasets())


def _mosaics(arguments: Sequence[str]) -> int:
    protocol = PROTOCOLS["mosaics"]
    evaluation = _Mosaics[protocol.settings]  # type: ignore[name-defined]
    command = _parse(evaluation, "mosaics", arguments)
    if command.run.data and command.mosaics != _MOSAICS:
        raise ValueError("name data sets or say which mosaics to make, not both")
    datasets = command.run.datasets() if command.run.data else [command.mosaics.dataset()]
    return _measure(protocol, command.run, command.settings, datasets)


_OWN: dict[str, Callable[[Sequence[str]], int]] = {"clicks": _clicks, "mosaics": _mosaics}
"""Protocols whose commands know more than their settings."""


def _everything(arguments: Sequence[str]) -> int:
    command = _parse(_Evaluation[_All], "all", arguments)
    run = command.run
    settings = command.settings
    config = config_of(settings, ProposalConfig)
    parts = (
        (clicks.PROTOCOL, clicks.Settings(trials=settings.trials)),
        (clicks.PROTOCOL, clicks.Settings(clicker="center")),
        (proposals.PROTOCOL, proposals.Settings(**asdict(config), method=settings.method)),
        (regions.PROTOCOL, regions.Settings()),
    )
    datasets = run.datasets()
    jobs = [
        Job(protocol, dataset, protocol.from_model(settings, *model), run.limit)
        for model in run.segmentors()
        for dataset in datasets
        for protocol, settings in parts
        if dataset.partition or not protocol.whole_images
    ]
    return _finish(run, jobs)


def _parse(command: type, name: str, arguments: Sequence[str]) -> Any:
    """Parse flags; what the command does is what its list of commands says."""
    summary = PROTOCOLS[name].summary if name in PROTOCOLS else ""
    prog = f"tamingseg evaluate {name}"
    arguments = accept_renamed(prog, arguments, "--out", "--output")
    parsed: Any = parse(command, prog, arguments, _RENAMED, summary)
    if parsed.run.processes != 1 and _WORLD not in os.environ:
        _start_processes(parsed.run.processes, [name, *arguments])
    return parsed


def _start_processes(count: int, arguments: Sequence[str]) -> NoReturn:
    """Go on as `torchrun`, which starts this command in `count` processes."""
    if count < 1:
        raise ValueError(f"expected at least 1 process, got --processes {count}")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = ["-m", "tamingseg.cli.main", "evaluate", *arguments]
    os.execv(sys.executable, [*torchrun, f"--nproc-per-node={count}", *command])


def _measure(protocol: Protocol, run: Run, settings: Any, datasets: Sequence[MaskDataset]) -> int:
    """Measure every model, or the files that take their place, on every data set."""
    method = protocol.from_files(settings)
    if method is not None and run.model != Run.model:
        raise ValueError(FILES_INSTEAD)
    methods = (
        [method]
        if method is not None
        else [protocol.from_model(settings, *model) for model in run.segmentors()]
    )
    jobs = [Job(protocol, dataset, each, run.limit) for each in methods for dataset in datasets]
    return _finish(run, jobs)


def _finish(run: Run, jobs: list[Job]) -> int:
    """Do the jobs and print their tables; of several processes only the first prints.

    Returns 1 if images could not be read.
    """
    try:
        records = run_jobs(jobs, run.output)
    except UnreadableImages as error:
        print(tables(error.records) if error.records else "no image could be read")
        print(f"tamingseg evaluate: {error}", file=sys.stderr)
        return 1
    if records is not None:
        print(tables(records))
    return 0
