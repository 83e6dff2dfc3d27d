"""Protocol ``mosaics``: the true number of regions -> pixels right, CS, O, C and others.

Mosaics of textures know their regions exactly, so a partition can be matched with them region by
region; any other data set whose images have one true partition serves as well. The number of
regions is given to the method, where they are is not.

A record holds the ``area`` of the image and the number of true ``regions``, and one result:
how many regions were found, and the measures of `tamingseg.metrics.mosaics`::

    {"regions": 5, "correct": 0.93, "O": 0.07, "C": 0.08, "CS": 0.8, "OS": 0.0, ...}
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tamingseg.evaluation.cells import Summary, main_lines
from tamingseg.evaluation.figure import Figure
from tamingseg.evaluation.protocols.base import Group, Method, Protocol, Table, config_of
from tamingseg.evaluation.records import Measured, Record, check_numbers
from tamingseg.metrics.mosaics import MEASURES, score_mosaic
from tamingseg.partition.build import (
    MOSAIC_PARTITION,
    PartitionConfig,
    PartitionMethod,
    partition_image,
)
from tamingseg.segmentors.base import Segmentor
from tamingseg.values import Sample

RegionFinder = Callable[[np.ndarray, int], np.ndarray]
"""Divides a uint8 RGB image (H, W, 3) into a number of regions: int32 (H, W), labels from 1."""


@dataclass(frozen=True)
class Settings(PartitionConfig):
    """How mosaics are partitioned."""

    area: float = MOSAIC_PARTITION.area
    """How much small regions are preferred for merging: 0 not at all, 1 as in Ward's method.
    Mosaics have no small regions, so more than photos need (greedy only)."""
    method: PartitionMethod = "greedy"
    """How regions are found."""


def from_model(settings: Settings, segmentor: Segmentor, made_by: dict[str, str]) -> Method:
    """Partition every image with a segmentor."""
    way, config = settings.method, config_of(settings, PartitionConfig)

    def partition(image: np.ndarray, regions: int) -> np.ndarray:
        return partition_image(segmentor, image, regions, way, config)

    return method(partition, made_by, {"method": way, "partition": asdict(config)})


def method(partition: RegionFinder, made_by: dict[str, str], settings: dict[str, Any]) -> Method:
    """Compare partitions with the truth; `settings` are those they are made with."""
    return Method(made_by, settings, lambda sample: measure(sample, partition))


def measure(sample: Sample, partition: RegionFinder) -> Measured:
    """Compare a partition with the truth: the facts and the result of a record, see above.

    Raises
    ------
    ValueError
        If the image has several true partitions, or pixels of the truth or of the partition are in
        no region, or sizes differ.
    """
    if len(sample.label_maps) != 1:
        raise ValueError(
            f"a mosaic has one label map, {sample.name!r} has {len(sample.label_maps)}; measure "
            "images of several annotators with `tamingseg evaluate regions`"
        )
    truth = sample.label_maps[0]
    regions = len(np.unique(truth))
    found = partition(sample.image, regions)
    scores = {name: round(score, 6) for name, score in score_mosaic(found, truth).items()}
    result = {"regions": len(np.unique(found)), **scores}
    return {"area": truth.size, "regions": regions}, [result]


def figures(group: Group) -> dict[str, Figure]:
    """``correct`` and the other `MEASURES` of mosaics, and ``regions found``, means over images."""

    def read(record: Record) -> np.ndarray:
        (scores,) = record.results
        return check_numbers(np.array([scores[name] for name in MEASURES]), (len(MEASURES),))

    columns = np.transpose(group.per_image(read))
    found = {
        name: Figure.ratio(column, higher_is_better=name in ("correct", "CS"))
        for name, column in zip(MEASURES, columns, strict=True)
    }
    numbers = group.per_image(
        lambda r: check_numbers(np.array(r.results[0]["regions"]), (), np.inf)
    )
    return found | {"regions found": Figure(float(np.mean(numbers)), "per image")}


def tables(summaries: Sequence[Summary]) -> Iterator[Table]:
    """List all figures."""
    yield "", main_lines(summaries, {name: name for name in (*MEASURES, "regions found")})


PROTOCOL = Protocol(
    name="mosaics",
    summary="pixels right, CS, O and C on mosaics of textures",
    title="Mosaics",
    explanation=(
        "Partitions of mosaics into as many regions as there are; all in percent, means over "
        "images. Correct: pixels in the right region after the best one-to-one matching; O, C: "
        "omission and commission error of the matched regions. CS, OS, US, ME: true regions that "
        "are correct, oversegmented, undersegmented, missed, at an overlap of 75 %; NE: found "
        "regions that are noise."
    ),
    settings=Settings,
    from_model=from_model,
    figures=figures,
    tables=tables,
    whole_images=True,
)
