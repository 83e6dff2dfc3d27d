"""`tamingseg evaluate clicks | levels | proposals | regions | mosaics | all DATA ...`.

The same command goes on with a run that was stopped. Over several processes or machines, start it
with `torchrun -m tamingseg.cli.main evaluate ...` or `accelerate launch -m ...`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import tyro

from tamingseg.cli.commands import Command, dispatch
from tamingseg.cli.data_mosaics import MosaicSettings
from tamingseg.cli.flags import parse
from tamingseg.data.base import MaskDataset
from tamingseg.data.catalog import open_datasets
from tamingseg.evaluation.interactive import (
    SEGNEXT_PROTOCOL,
    ClickProtocol,
    FirstClickProtocol,
    click_job,
)
from tamingseg.evaluation.levels import level_job
from tamingseg.evaluation.mosaics import mosaic_job, partition_with
from tamingseg.evaluation.regions import (
    REGION_COUNTS,
    painted_proposals,
    partition_settings,
    partitions_from_model,
    region_job,
    segmentations_from_files,
)
from tamingseg.evaluation.report import tables
from tamingseg.evaluation.sharding import Job, own_device, run_jobs
from tamingseg.evaluation.zeroshot import (
    proposal_job,
    proposals_from_files,
    proposals_from_model,
)
from tamingseg.partition.cut import MOSAIC_PARTITION, Method, PartitionConfig
from tamingseg.proposals.generate import ProposalConfig, ProposalMethod
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.load import load_segmentor, model_facts

RENAMED = {"--most": "--count", "--source": "--method", "--proposals.most": "--proposals.count"}

_MOSAICS = MosaicSettings(regions=(5,))


@dataclass(frozen=True)
class Run:
    """What is measured, and where the records go."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders, folders of data sets, names of known data sets below `root`, or
    `sample-photos`, which come with the package."""
    root: Path = Path()
    """Where names and relative paths start."""
    model: tuple[str, ...] = ("default",)
    """Names of segmentors, checkpoint files, or own models as MODULE:NAME; one or more."""
    out: Path = Path("runs/evaluation.jsonl")
    """File for the records, one per image and method. What it already holds is not done again."""
    limit: int | None = None
    """Do only so many images per data set, spread evenly over it."""
    device: str | None = None
    """Torch device; by default a GPU for every process if there are any."""
    threads: int | None = None
    """CPU threads of torch, per process."""

    def datasets(self) -> list[MaskDataset]:
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
class EvaluateClicks:
    """Ask models for every mask of data sets with simulated clicks, and print the figures."""

    run: tyro.conf.OmitArgPrefixes[Run]
    protocol: tyro.conf.OmitArgPrefixes[ClickProtocol] = field(default_factory=ClickProtocol)
    """The settings that change a number."""
    segnext: bool = False
    """Follow SegNext's own protocol: center clicker, up to 20 clicks in one forward pass, threshold
    0.49, masks of any size, and a failure is also what succeeds at click 20."""


@dataclass(frozen=True)
class EvaluateLevels:
    """Ask models for every mask of data sets with one click, and look at every level they offer."""

    run: tyro.conf.OmitArgPrefixes[Run]
    protocol: tyro.conf.OmitArgPrefixes[FirstClickProtocol] = field(
        default_factory=FirstClickProtocol
    )
    """The settings that change a number."""


@dataclass(frozen=True)
class EvaluateProposals:
    """Let models propose masks without a click, and print mIoU against the number of proposals."""

    run: tyro.conf.OmitArgPrefixes[Run]
    method: ProposalMethod = "grid"
    """Where proposals come from: a grid of clicks, or the regions of the model's hierarchy."""
    proposals: tyro.conf.OmitArgPrefixes[ProposalConfig] = field(default_factory=ProposalConfig)
    """How proposals are made."""
    masks: Path | None = None
    """Take the proposals from FOLDER/<image name>.json (COCO's results, the best first) instead of
    a model; the folder's name stands for it."""
    by_score: bool = False
    """Whether to sort these by their scores first; Segment Anything writes them unsorted."""


@dataclass(frozen=True)
class EvaluateRegions:
    """Compare partitions with all annotators of data sets whose images are labelled everywhere."""

    run: tyro.conf.OmitArgPrefixes[Run]
    method: Method | Literal["painted"] = "greedy"
    """How regions are found: by one of the ways to cut an image, or as proposals painted over each
    other."""
    partition: tyro.conf.OmitArgPrefixes[PartitionConfig] = field(default_factory=PartitionConfig)
    """How images are cut into regions."""
    by_cost: bool = False
    """Whether regions are merged up to a cost, the same for all images, instead of to a number."""
    proposals: ProposalConfig = field(default_factory=ProposalConfig)
    """How the proposals are made that are painted over each other."""
    segmentations: Path | None = None
    """Take the segmentations from FOLDER/<image name>.mat (the benchmark's `segs`) instead of a
    model; the folder's name stands for it."""


@dataclass(frozen=True)
class EvaluateMosaics:
    """Cut mosaics of textures into as many regions as there are; without DATA they are made."""

    run: tyro.conf.OmitArgPrefixes[Run]
    mosaics: tyro.conf.OmitArgPrefixes[MosaicSettings] = _MOSAICS
    """Which mosaics are made where no data set is named."""
    partition: tyro.conf.OmitArgPrefixes[PartitionConfig] = MOSAIC_PARTITION
    """How images are cut into regions; small ones are merged first, since mosaics have none."""
    method: Method = "greedy"
    """How regions are found."""


@dataclass(frozen=True)
class EvaluateAll:
    """The whole benchmark: random and center clicks, proposals, and regions where they apply."""

    run: tyro.conf.OmitArgPrefixes[Run]
    method: ProposalMethod = "grid"
    """Where proposals come from: a grid of clicks, or the regions of the model's hierarchy."""
    proposals: tyro.conf.OmitArgPrefixes[ProposalConfig] = field(default_factory=ProposalConfig)
    """How proposals are made."""
    trials: int = 1
    """How often each mask is asked for with another random click."""


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand."""
    commands = {
        "clicks": Command("IoU after 1, 2, ... simulated clicks", clicks),
        "levels": Command("IoU of the best level of one click, and calibration", levels),
        "proposals": Command("mIoU against the number of proposals, without a click", proposals),
        "regions": Command("covering, Rand index, variation of information", regions),
        "mosaics": Command("pixels right, CS, O and C on mosaics of textures", mosaics),
        "all": Command("clicks, proposals and regions, in one run", everything),
    }
    return dispatch("tamingseg evaluate", "Measure models.", commands, arguments)


def clicks(arguments: Sequence[str]) -> int:
    """Parse, evaluate, print."""
    command = _parse(EvaluateClicks, "clicks", arguments)
    run, protocol = command.run, command.protocol
    if command.segnext:
        if protocol != ClickProtocol():
            raise ValueError("--segnext is a protocol of its own; leave the other settings away")
        protocol = SEGNEXT_PROTOCOL
    datasets = run.datasets()
    return _finish(
        run,
        [
            click_job(dataset, segmentor, made_by, protocol, run.limit)
            for segmentor, made_by in run.segmentors()
            for dataset in datasets
        ],
    )


def levels(arguments: Sequence[str]) -> int:
    """Parse, evaluate, print."""
    command = _parse(EvaluateLevels, "levels", arguments)
    run = command.run
    datasets = run.datasets()
    return _finish(
        run,
        [
            level_job(dataset, segmentor, made_by, command.protocol, run.limit)
            for segmentor, made_by in run.segmentors()
            for dataset in datasets
        ],
    )


def proposals(arguments: Sequence[str]) -> int:
    """Parse, evaluate, print."""
    command = _parse(EvaluateProposals, "proposals", arguments)
    run, config = command.run, command.proposals
    datasets = run.datasets()
    if command.masks is not None:
        changed = config != ProposalConfig() or command.method != EvaluateProposals.method
        _refuse_model_settings(run, changed)
        propose = proposals_from_files(command.masks, command.by_score)
        made_by = _made_by_folder(command.masks, "*.json")
        makers = [(propose, made_by, {"by_score": command.by_score})]
    else:
        settings = {"method": command.method, **asdict(config)}
        makers = [
            (proposals_from_model(segmentor, command.method, config), made_by, settings)
            for segmentor, made_by in run.segmentors()
        ]
    return _finish(
        run,
        [
            proposal_job(dataset, propose, made_by, settings, limit=run.limit)
            for propose, made_by, settings in makers
            for dataset in datasets
        ],
    )


def regions(arguments: Sequence[str]) -> int:
    """Parse, evaluate, print."""
    command = _parse(EvaluateRegions, "regions", arguments)
    run, config = command.run, command.proposals
    if command.by_cost and command.method in ("multicut", "painted"):
        raise ValueError(
            "--by-cost is for methods that merge to a number of regions, not for "
            f"{command.method}; leave it away"
        )
    datasets = run.datasets()
    if command.segmentations is not None:
        _refuse_model_settings(run, replace(command, segmentations=None) != EvaluateRegions(run))
        segment = segmentations_from_files(command.segmentations)
        makers = [(segment, _made_by_folder(command.segmentations, "*.mat"), {})]
    elif command.method == "painted":
        makers = [
            (
                painted_proposals(proposals_from_model(segmentor, "grid", config)),
                made_by,
                _painted(config),
            )
            for segmentor, made_by in run.segmentors()
        ]
    else:
        cut = command.method, command.partition, command.by_cost
        makers = [
            (partitions_from_model(segmentor, *cut), made_by, partition_settings(*cut))
            for segmentor, made_by in run.segmentors()
        ]
    return _finish(
        run,
        [
            region_job(dataset, segment, made_by, settings, run.limit)
            for segment, made_by, settings in makers
            for dataset in datasets
        ],
    )


def mosaics(arguments: Sequence[str]) -> int:
    """Parse, evaluate, print."""
    command = _parse(EvaluateMosaics, "mosaics", arguments)
    run = command.run
    if run.data and command.mosaics != _MOSAICS:
        raise ValueError("name data sets or say which mosaics to make, not both")
    datasets = run.datasets() if run.data else [command.mosaics.dataset()]
    method, partition = command.method, command.partition
    settings = {"method": method, "partition": asdict(partition)}
    makers = [
        (partition_with(segmentor, method, partition), made_by)
        for segmentor, made_by in run.segmentors()
    ]
    return _finish(
        run,
        [
            mosaic_job(dataset, cut, made_by, settings, run.limit)
            for cut, made_by in makers
            for dataset in datasets
        ],
    )


def everything(arguments: Sequence[str]) -> int:
    """Parse, evaluate, print."""
    command = _parse(EvaluateAll, "all", arguments)
    run, config = command.run, command.proposals
    cut: tuple[Method, PartitionConfig] = ("greedy", PartitionConfig())
    settings = {"method": command.method, **asdict(config)}
    protocols = [ClickProtocol(trials=command.trials), ClickProtocol(clicker="center")]
    datasets = run.datasets()
    jobs = []
    for segmentor, made_by in run.segmentors():
        propose = proposals_from_model(segmentor, command.method, config)
        for dataset in datasets:
            for protocol in protocols:
                jobs.append(click_job(dataset, segmentor, made_by, protocol, run.limit))
            jobs.append(proposal_job(dataset, propose, made_by, settings, limit=run.limit))
            if dataset.partition:
                segment = partitions_from_model(segmentor, *cut)
                jobs.append(
                    region_job(dataset, segment, made_by, partition_settings(*cut), run.limit)
                )
    return _finish(run, jobs)


def _parse(command: type, name: str, arguments: Sequence[str]) -> Any:
    return parse(command, f"tamingseg evaluate {name}", arguments, RENAMED)


def _finish(run: Run, jobs: list[Job]) -> int:
    """Do the jobs and print their tables; of several processes only the first prints."""
    records = run_jobs(jobs, run.out)
    if records is not None:
        print(tables(records))
    return 0


def _painted(config: ProposalConfig) -> dict[str, Any]:
    return {"painted": list(REGION_COUNTS), "proposals": asdict(config)}


def _refuse_model_settings(run: Run, changed: bool) -> None:
    if run.model != Run.model or changed:
        raise ValueError("files take the place of a model; leave --model and its settings away")


def _made_by_folder(folder: Path, pattern: str) -> dict[str, str]:
    """Return what stands for the model of masks made elsewhere; other files, other hash."""
    files = sorted(folder.rglob(pattern))
    if not files:
        raise FileNotFoundError(f"{folder} holds no files; expected {pattern}, one per image")
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return {"model": folder.resolve().name, "weights": digest.hexdigest()[:12]}
