"""Protocol ``regions``: segmentations against annotators: covering, Rand index, VI.

The protocol is that of the BSDS500 benchmark (Arbelaez et al., PAMI 2011): a method gives a list of
segmentations of an image, from few regions to many, and every one is compared with every annotator.
It makes sense only where whole images are labelled.

A record holds the pooled covering if every true region could choose its segmentation
(``best_covered`` of ``area`` pixels), and one result per segmentation, named by the number it was
asked for::

    {"segmentation": 10, "regions": 11, "covered": 98234.5, "rand": 0.81, "variation": 1.9}
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tamingseg.data.bsds500 import read_segmentations
from tamingseg.evaluation.cells import Summary, figure_cells, main_lines, numbers_after
from tamingseg.evaluation.figure import Figure
from tamingseg.evaluation.protocols.base import (
    Group,
    Line,
    Method,
    Panel,
    Plot,
    Protocol,
    Table,
    config_of,
    made_by_files,
)
from tamingseg.evaluation.protocols.proposals import ProposalMaker, proposals_from_model
from tamingseg.evaluation.records import Measured, Record, check_numbers
from tamingseg.metrics.regions import score_segmentations, summarise_regions
from tamingseg.partition.build import PartitionConfig, PartitionMethod, build_hierarchy
from tamingseg.partition.paint import paint_masks
from tamingseg.proposals.generate import ProposalConfig
from tamingseg.segmentors.base import Segmentor
from tamingseg.values import Sample

REGION_COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100)
"""How many regions, or masks, are asked for."""

MERGE_COSTS = tuple(range(4, 164, 4))
"""Up to which cost regions are merged, in hundredths, where a cost is asked for and no number."""

Segmenter = Callable[[Sample], tuple[Sequence[int], Sequence[np.ndarray]]]
"""Gives the numbers asked for and as many int32 (H, W) label maps without 0."""

_MOST_REGIONS = 1 << 31
"""More pixels than an image has."""


@dataclass(frozen=True)
class _Levels:
    """What the segmentations of an image are numbered by."""

    unit: str
    axis: str
    caption: str


_LEVELS: Mapping[str, _Levels] = {
    "K": _Levels(
        "regions asked for",
        "regions K asked for",
        "Against K, the number of regions asked for:",
    ),
    "N": _Levels("masks painted", "masks N painted", "Against N, the number of masks painted:"),
    "T": _Levels(
        "hundredths",
        "cost T in hundredths",
        "Against T, the cost in hundredths up to which regions were merged:",
    ),
    "S": _Levels(
        "segmentation",
        "the one segmentation",
        "With as many regions as the method found itself:",
    ),
}
"""By their letter, see `level_letter`."""


@dataclass(frozen=True)
class Settings(PartitionConfig):
    """How regions are found, or where segmentations are taken from."""

    method: PartitionMethod | Literal["painted"] = "greedy"
    """How regions are found: by a method of `build`, or as proposals painted over each other."""
    by_cost: bool = False
    """Whether regions are merged up to a cost, the same for all images, instead of to a number."""
    proposals: ProposalConfig = field(default_factory=ProposalConfig)
    """How the proposals are made that are painted over each other."""
    segmentations: Path | None = None
    """Take the segmentations from FOLDER/<image name>.mat (the benchmark's `segs`) instead of a
    model; the folder's name stands for it."""


def from_model(settings: Settings, segmentor: Segmentor, made_by: dict[str, str]) -> Method:
    """Partition every image with a model, or paint its proposals.

    Raises
    ------
    ValueError
        If the method has no cost to merge up to.
    """
    if settings.method == "painted":
        _refuse_cost(settings)
        segment = painted_proposals(proposals_from_model(segmentor, "grid", settings.proposals))
        painted = {"painted": list(REGION_COUNTS), "proposals": asdict(settings.proposals)}
        return method(segment, made_by, painted)
    if settings.method == "multicut":
        _refuse_cost(settings)
    how = settings.method, config_of(settings, PartitionConfig), settings.by_cost
    return method(partitions_from_model(segmentor, *how), made_by, partition_settings(*how))


def from_files(settings: Settings) -> Method | None:
    """Take segmentations from files, if the settings name them; raises as `made_by_files`."""
    if settings.segmentations is None:
        return None
    changed = replace(settings, segmentations=None) != Settings()
    made_by = made_by_files(settings.segmentations, "*.mat", changed)
    return method(segmentations_from_files(settings.segmentations), made_by, {})


def method(segment: Segmenter, made_by: dict[str, str], settings: dict[str, Any]) -> Method:
    """Compare segmentations with annotators; `settings` are those they are made with."""
    return Method(made_by, settings, lambda sample: measure(sample, segment))


def _refuse_cost(settings: Settings) -> None:
    if settings.by_cost:
        raise ValueError(
            "--by-cost is for methods that merge to a number of regions, not for "
            f"{settings.method}; leave it away"
        )


def segmentations_from_files(folder: Path) -> Segmenter:
    """Take the segmentations from ``folder/<image name>.mat``, the benchmark's own ``segs``."""

    def read(sample: Sample) -> tuple[Sequence[int], Sequence[np.ndarray]]:
        maps = read_segmentations(folder / f"{sample.name}.mat")
        return range(1, len(maps) + 1), maps

    return read


def partitions_from_model(
    segmentor: Segmentor, method: PartitionMethod, config: PartitionConfig, by_cost: bool = False
) -> Segmenter:
    """Cut the hierarchy of every image into each of `REGION_COUNTS`, or as many as it can give.

    With `by_cost` it is cut at each of `MERGE_COSTS` instead: an image in which more is to be seen
    falls into more regions, as with the thresholds of a contour map. The method ``multicut`` gives
    one segmentation, with the number of regions it finds.
    """

    def segment(sample: Sample) -> tuple[Sequence[int], Sequence[np.ndarray]]:
        hierarchy = build_hierarchy(segmentor, sample.image, method=method, config=config)
        if method == "multicut":
            return [1], [hierarchy.cut(hierarchy.regions_at(0))]
        if by_cost:
            counts = [hierarchy.regions_at(cost / 100) for cost in MERGE_COSTS]
            return MERGE_COSTS, [hierarchy.cut(count) for count in counts]
        counts = [min(count, hierarchy.count) for count in REGION_COUNTS]
        return REGION_COUNTS, [hierarchy.cut(count) for count in counts]

    return segment


def partition_settings(
    method: PartitionMethod, config: PartitionConfig, by_cost: bool = False
) -> dict[str, Any]:
    """Return what a record says of `partitions_from_model`."""
    if method == "multicut":
        levels: dict[str, Any] = {"own_count": True}
    else:
        costs = f"{MERGE_COSTS[0]}, {MERGE_COSTS[1]}, ..., {MERGE_COSTS[-1]}"
        levels = {"costs": costs} if by_cost else {"regions": list(REGION_COUNTS)}
    return {"method": method, **levels, "partition": asdict(config)}


def painted_proposals(propose: ProposalMaker, counts: Sequence[int] = REGION_COUNTS) -> Segmenter:
    """Paint the first N proposals over each other, for every N of `counts`."""

    def segment(sample: Sample) -> tuple[Sequence[int], Sequence[np.ndarray]]:
        return counts, list(paint_masks(propose(sample), counts))

    return segment


def measure(sample: Sample, segment: Segmenter) -> Measured:
    """Compare segmentations with all annotators: the facts and results of a record, see above.

    Raises
    ------
    ValueError
        If pixels of the truth or of a segmentation are in no region, or sizes differ.
    """
    numbers, maps = segment(sample)
    levels, best_covered, area = score_segmentations(list(maps), list(sample.label_maps))
    results = [
        {"segmentation": int(number), **level}
        for number, level in zip(numbers, levels, strict=True)
    ]
    return {"best_covered": best_covered, "area": area}, results


def level_letter(method: Mapping[str, Any]) -> str:
    """Return what the levels of a region method count.

    ``N`` masks painted, ``T`` hundredths of the cost up to which regions were merged, ``S`` the one
    segmentation of a method that finds the number of regions itself, or ``K`` regions.
    """
    letters = {"painted": "N", "costs": "T", "own_count": "S"}
    return next((letter for key, letter in letters.items() if key in method), "K")


def figures(group: Group) -> dict[str, Figure]:
    """``covering ODS``, ``covering OIS``, ``covering at K=5``, ..., the same for PRI and VI.

    Also ``covering Best``; ``covering ODS at K``, the K of its best level, the same for PRI and VI;
    ``regions at K=5``, how many there were on average. The interval of an ODS keeps its K. For
    painted proposals it is N instead of K, and other letters for others, see `level_letter`.
    """
    letter = level_letter(group.method)
    summary = summarise_regions(group.per_image(_region_levels))
    tables = [{level["segmentation"]: level for level in r.results} for r in group.records]
    areas = np.array([record.facts["area"] for record in group.records])
    best = np.array([record.facts["best_covered"] for record in group.records])
    found = {}
    for name, key, score, unit, pick, denominators in (
        ("covering", "covered", summary.covering, "%", max, areas),
        ("PRI", "rand", summary.rand, "%", max, None),
        ("VI", "variation", summary.variation, "bits", min, None),
    ):

        def ratio(numerators: list[float]) -> Figure:
            return Figure.ratio(
                np.array(numerators),
                denominators,  # noqa: B023
                unit,  # noqa: B023
                higher_is_better=pick is max,  # noqa: B023
            )

        for level in summary.levels:
            found[f"{name} at {letter}={level}"] = ratio([table[level][key] for table in tables])
        found[f"{name} ODS"] = found[f"{name} at {letter}={score.level}"]
        found[f"{name} ODS at {letter}"] = Figure(score.level, _LEVELS[letter].unit)
        found[f"{name} OIS"] = ratio(
            [pick(level[key] for level in table.values()) for table in tables]
        )
    found["covering Best"] = Figure.ratio(best, areas)
    for level in summary.levels:
        numbers = [table[level]["regions"] for table in tables]
        found[f"regions at {letter}={level}"] = Figure(float(np.mean(numbers)), "per image")
    return found


def _region_levels(record: Record) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the facts and levels of a record, once their numbers have been looked at."""
    area = float(check_numbers(np.array(record.facts["area"]), (), np.inf))
    if area <= 0:
        raise ValueError(f"expected an area of at least a pixel, got {area}")
    check_numbers(np.array(record.facts["best_covered"]), (), area)
    keys = {"covered": area, "rand": 1, "variation": np.inf, "regions": np.inf}
    for level in record.results:
        number = level["segmentation"]
        if not isinstance(number, int) or not 1 <= number <= _MOST_REGIONS:
            raise ValueError(
                f"expected a number of regions from 1 to {_MOST_REGIONS}, got {number!r}"
            )
        for key, largest in keys.items():
            check_numbers(np.array(level[key]), (), largest)
    return record.facts, record.results


def tables(summaries: Sequence[Summary]) -> Iterator[Table]:
    """List the best levels; then every level, one table for regions by number and one by cost."""
    main: dict[str, str] = {}
    for name in ("covering", "PRI", "VI"):
        main |= {f"{name} ODS": f"{name} ODS"}
        main |= {f"{name} at {letter}": f"{name} ODS at {letter}" for letter in _LEVELS}
        main |= {f"{name} OIS": f"{name} OIS", f"{name} Best": f"{name} Best"}
    yield "", main_lines(summaries, main)
    for letter, meant in _LEVELS.items():
        levels = numbers_after(summaries, f"covering at {letter}=")
        lines = []
        for summary in summaries:
            for name in ("covering", "PRI", "VI", "regions"):
                figures = {f"{letter}={k}": f"{name} at {letter}={k}" for k in levels}
                if figures.values() & summary.figures.keys():
                    lines.append((summary, {"figure": name} | figure_cells(summary, figures)))
        yield meant.caption, lines


_PANELS = (
    ("covering", "covering (%)", "higher is better"),
    ("PRI", "probabilistic Rand index (%)", "higher is better"),
    ("VI", "variation of information (bits)", "lower is better"),
)


def panels(groups: Sequence[Group]) -> list[Panel]:
    """Draw each measure over the levels; a ring marks the one that is best for all images."""
    letters = [level_letter(group.method) for group in groups]
    levels = [
        numbers_after([group], f"covering at {letter}=")
        for group, letter in zip(groups, letters, strict=True)
    ]
    drawn = []
    for name, label, better in _PANELS:
        lines, rings = [], []
        for group, letter, numbers in zip(groups, letters, levels, strict=True):
            figures = [group.figures[f"{name} at {letter}={number}"] for number in numbers]
            lines.append([Line(numbers, figures)])
            best = group.figures[f"{name} ODS at {letter}"].value
            rings.append((best, group.figures[f"{name} ODS"].value))
        drawn.append(
            Panel(
                title=better,
                xlabel=" or ".join(_LEVELS[letter].axis for letter in sorted(set(letters))),
                ylabel=label,
                lines=lines,
                ticks=sorted(set().union(*levels)),
                log=True,
                rings=rings,
            )
        )
    return drawn


PROTOCOL = Protocol(
    name="regions",
    summary="covering, Rand index, variation of information",
    title="Regions",
    explanation=(
        "Covering and PRI (Rand index) in percent; VI (variation of information) in bits, the "
        "lower the better. ODS: at the K, the number of regions asked for, that is best for all "
        "images; OIS: at the best K of each image; Best: at the best K of each true region. The "
        "interval of an ODS keeps its K. In place of K, painted proposals have N, the number of "
        "masks painted, partitions by cost T, up to which regions were merged, and methods that "
        "find the number themselves S, their one segmentation."
    ),
    settings=Settings,
    from_model=from_model,
    from_files=from_files,
    figures=figures,
    tables=tables,
    plots=(
        Plot(
            "regions",
            "regions against annotators",
            panels,
            {"o": "best for all images (ODS)"},
        ),
    ),
    whole_images=True,
)
