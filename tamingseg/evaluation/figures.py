"""Records -> figures: every number of a report, method by method and data set by data set.

An image without objects contributes to no figure and is counted beside them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tamingseg.evaluation.figure import MEASURED, Figure
from tamingseg.evaluation.level_figures import level_figures
from tamingseg.evaluation.records import Record, check_numbers, masks_of, read_record
from tamingseg.metrics.interactive import clicks_to_reach, number_of_failures
from tamingseg.metrics.mosaics import MEASURES
from tamingseg.metrics.regions import summarise_regions
from tamingseg.metrics.zeroshot import (
    COCO_THRESHOLDS,
    area_under_steps,
    best_at,
    dense_thresholds,
    fraction_reached,
)

NOC_THRESHOLDS = (0.85, 0.9, 0.95)
OUTLINES = {"boundary IoU": "boundary_ious", "boundary F": "boundary_fs"}
"""How well outlines fit after clicks: figure -> key of a result."""

BUDGETS = (1, 3, 10, 30, 100, 300, 1000)
"""Numbers of proposals that mIoU(N) is reported at; the last one also ends the area."""

RECALL_BUDGETS = (10, 100, 1000)
RECALL_THRESHOLDS = {"R50": (0.5,), "R75": (0.75,), "R90": (0.9,), "mAR": COCO_THRESHOLDS}
"""Recall is reported at these numbers of proposals; its names and the IoUs it is a mean over."""

_MOST_REGIONS = 1 << 31
"""More pixels than an image has."""


@dataclass(frozen=True)
class Group:
    """The records of one method on one data set.

    Attributes
    ----------
    kind, dataset, method
        What they have in common.
    records
        Those of images with objects, in order of the images' names.
    without_objects
        Names of the other images.
    """

    kind: str
    dataset: str
    method: dict[str, Any]
    records: list[Record]
    without_objects: list[str]
    source: ClassVar[str] = MEASURED

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """All figures by name, see the functions below; none if no image has objects.

        Raises
        ------
        ValueError
            If a record does not hold what its kind should.
        """
        return _FIGURES[self.kind](self) if self.records else {}

    @property
    def counts(self) -> dict[str, int]:
        """How many images, of these how many without objects, and true masks if any are named."""
        empty = len(self.without_objects)
        counts = {"images": len(self.records) + empty, "without objects": empty}
        if self.kind in ("clicks", "proposals", "levels"):
            counts["masks"] = sum(len(masks_of(record)) for record in self.records)
        return counts

    def per_image(self, read: Callable[[Record], Any]) -> list[Any]:
        """Apply `read` to every record; an error names the one that is damaged."""
        return [read_record(record, read) for record in self.records]


def group_records(records: Iterable[Record]) -> list[Group]:
    """Sort records into groups, in order of their appearance.

    Raises
    ------
    ValueError
        If a record is of a kind that is not known.
    """
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        if record.kind not in _FIGURES:
            raise ValueError(
                f"the record of {record.dataset}, image {record.image} has the kind "
                f"{record.kind!r}; expected one of {', '.join(_FIGURES)}"
            )
        groups.setdefault((record.kind, record.dataset, record.method_key), []).append(record)
    return [
        Group(
            kind,
            dataset,
            found[0].method,
            sorted((record for record in found if record.results), key=lambda r: r.image),
            [record.image for record in found if not record.results],
        )
        for (kind, dataset, _), found in groups.items()
    ]


def level_letter(method: Mapping[str, Any]) -> str:
    """Return what the levels of a region method count.

    ``N`` masks painted, ``T`` hundredths of the cost up to which regions were merged, ``S`` the one
    segmentation of a method that finds the number of regions itself, or ``K`` regions.
    """
    letters = {"painted": "N", "costs": "T", "own_count": "S"}
    return next((letter for key, letter in letters.items() if key in method), "K")


def _click_figures(group: Group) -> dict[str, Figure]:
    """``mIoU@k`` over images, ``mIoU@k per mask``; from two clicks on ``NoC85``, ``NoF85``, ...

    Also ``boundary IoU@k`` and ``boundary F@k`` over images, if all records of the group have them.

    Each mask counts with the mean of its trials, also in the number of failures. That is a sum over
    images, I times the mean: its interval is of the sum over as many images.
    """
    clicks, trials = _setting(group, "clicks"), _setting(group, "trials", 1)
    counts = np.array([len(masks_of(record)) for record in group.records])

    def read(key: str) -> list[np.ndarray]:
        """Return the values (masks and trials, clicks) of each image."""

        def table(record: Record) -> np.ndarray:
            values = np.array([result[key] for result in record.results])
            return check_numbers(values, (len(masks_of(record)) * trials, clicks))

        return group.per_image(table)

    ious = read("ious")
    means = np.array([table.mean(axis=0) for table in ious])
    figures = {}
    for k in range(clicks):
        figures[f"mIoU@{k + 1}"] = Figure.ratio(means[:, k])
        figures[f"mIoU@{k + 1} per mask"] = Figure.ratio(means[:, k] * counts, counts)
    for name, key in OUTLINES.items():
        if all(key in result for record in group.records for result in record.results):
            means = np.array([table.mean(axis=0) for table in read(key)])
            figures |= {f"{name}@{k + 1}": Figure.ratio(means[:, k]) for k in range(clicks)}
    count_last = bool(group.method.get("count_last_click", False))
    if clicks == 1:  # there is no second click to make
        return figures
    for threshold in NOC_THRESHOLDS:
        name = f"{threshold * 100:.0f}"
        needed = np.array([clicks_to_reach(table, threshold).sum() for table in ious]) / trials
        failed = np.array([number_of_failures(table, threshold, count_last) for table in ious])
        failed = failed * len(ious) / trials
        figures[f"NoC{name}"] = Figure.ratio(needed, counts, "clicks", higher_is_better=False)
        figures[f"NoF{name}"] = Figure.ratio(failed, unit="masks", higher_is_better=False)
    return figures


def _proposal_figures(group: Group) -> dict[str, Figure]:
    """``mIoU(N)``, ``mAR[0,1]``, ``AUC``, ``R50(N)``, ``R75(N)``, ``R90(N)``, ``mAR(N)``.

    The second and third are of the first 1000 proposals; the recalls of 10, 100 and 1000. Each as
    the mean over images, and as ``... per mask`` over all masks; as ``oracle ...`` with the
    proposals in greedy oracle order. ``proposals`` is how many there are per image.
    """
    names = [f"mIoU({budget})" for budget in BUDGETS] + ["mAR[0,1]", "AUC"]
    names += [f"{name}({budget})" for name in RECALL_THRESHOLDS for budget in RECALL_BUDGETS]

    def scores(steps: list[Any]) -> np.ndarray:
        """(S, len(names)) of the S masks of an image."""
        best = best_at(steps, BUDGETS)
        dense = fraction_reached(best[:, -1], dense_thresholds(100))
        area = area_under_steps(steps, BUDGETS[-1])
        fewer = best_at(steps, RECALL_BUDGETS)
        recalls = [fraction_reached(fewer, chosen) for chosen in RECALL_THRESHOLDS.values()]
        return np.column_stack([best, dense, area, *recalls])

    found = group.per_image(lambda r: check_numbers(np.array(r.facts["proposals"]), (), np.inf))
    figures = {"proposals": Figure(float(np.mean(found)), "per image")}
    for prefix, field in (("", "steps"), ("oracle ", "oracle")):
        tables = group.per_image(lambda r: scores([result[field] for result in r.results]))  # noqa: B023
        counts = np.array([len(table) for table in tables])
        means = np.array([table.mean(axis=0) for table in tables])
        for column, name in enumerate(names):
            figures[prefix + name] = Figure.ratio(means[:, column])
            figures[f"{prefix}{name} per mask"] = Figure.ratio(means[:, column] * counts, counts)
    return figures


def _region_figures(group: Group) -> dict[str, Figure]:
    """``covering ODS``, ``covering OIS``, ``covering at K=5``, ..., the same for PRI and VI.

    Also ``covering Best``; ``covering ODS at K``, the K of its best level, the same for PRI and VI;
    ``regions at K=5``, how many there were on average. The interval of an ODS keeps its K. For
    painted proposals it is N instead of K, and other letters for others, see `level_letter`.
    """
    letter = level_letter(group.method)
    units = {"N": "masks painted", "T": "hundredths", "S": "segmentation"}
    unit_of_level = units.get(letter, "regions asked for")
    summary = summarise_regions(group.per_image(_region_levels))
    tables = [{level["segmentation"]: level for level in r.results} for r in group.records]
    areas = np.array([record.facts["area"] for record in group.records])
    best = np.array([record.facts["best_covered"] for record in group.records])
    figures = {}
    for name, key, score, unit, pick, denominators in (
        ("covering", "covered", summary.covering, "%", max, areas),
        ("PRI", "rand", summary.rand, "%", max, None),
        ("VI", "variation", summary.variation, "bits", min, None),
    ):

        def ratio(numerators: list[float]) -> Figure:
            return Figure.ratio(numerators, denominators, unit, higher_is_better=pick is max)  # noqa: B023

        for level in summary.levels:
            figures[f"{name} at {letter}={level}"] = ratio([table[level][key] for table in tables])
        figures[f"{name} ODS"] = figures[f"{name} at {letter}={score.level}"]
        figures[f"{name} ODS at {letter}"] = Figure(score.level, unit_of_level)
        figures[f"{name} OIS"] = ratio(
            [pick(level[key] for level in table.values()) for table in tables]
        )
    figures["covering Best"] = Figure.ratio(best, areas)
    for level in summary.levels:
        found = [table[level]["regions"] for table in tables]
        figures[f"regions at {letter}={level}"] = Figure(float(np.mean(found)), "per image")
    return figures


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


def _mosaic_figures(group: Group) -> dict[str, Figure]:
    """``correct`` and the other `MEASURES` of mosaics, and ``regions found``, means over images."""

    def read(record: Record) -> np.ndarray:
        (scores,) = record.results
        return check_numbers(np.array([scores[name] for name in MEASURES]), (len(MEASURES),))

    columns = np.transpose(group.per_image(read))
    figures = {
        name: Figure.ratio(column, higher_is_better=name in ("correct", "CS"))
        for name, column in zip(MEASURES, columns, strict=True)
    }
    found = group.per_image(lambda r: check_numbers(np.array(r.results[0]["regions"]), (), np.inf))
    return figures | {"regions found": Figure(float(np.mean(found)), "per image")}


def _setting(group: Group, name: str, default: int | None = None) -> int:
    value = group.method.get(name, default)
    if not isinstance(value, int) or value < 1:
        raise ValueError(
            f"the method of {group.kind} on {group.dataset} must have {name!r}, a whole number "
            f"from 1, got {value!r}"
        )
    return value


_FIGURES: dict[str, Callable[[Group], dict[str, Figure]]] = {
    "clicks": _click_figures,
    "proposals": _proposal_figures,
    "regions": _region_figures,
    "mosaics": _mosaic_figures,
    "levels": lambda group: level_figures(group.records),
}
