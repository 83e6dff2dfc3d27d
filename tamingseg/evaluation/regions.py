"""Data sets x lists of segmentations -> covering, Rand index and variation of information.

The protocol is that of the BSDS500 benchmark (Arbelaez et al., PAMI 2011): a method gives a list of
segmentations of an image, from few regions to many, and every one is compared with every annotator.
It makes sense only where whole images are labelled.

A record of kind ``regions`` holds the pooled covering if every true region could choose its
segmentation (``best_covered`` of ``area`` pixels), and one result per segmentation, named by the
number it was asked for::

    {"segmentation": 10, "regions": 11, "covered": 98234.5, "rand": 0.81, "variation": 1.9}
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tamingseg.data.base import MaskDataset
from tamingseg.data.bsds500 import read_segmentations
from tamingseg.evaluation.records import Measured
from tamingseg.evaluation.sharding import Job
from tamingseg.evaluation.zeroshot import ProposalMaker
from tamingseg.metrics.regions import score_segmentations
from tamingseg.partition.cut import Method, PartitionConfig, build_hierarchy
from tamingseg.partition.paint import paint_masks
from tamingseg.segmentors.base import Segmentor
from tamingseg.values import Sample

REGION_COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100)
"""How many regions, or masks, are asked for."""

MERGE_COSTS = tuple(range(4, 164, 4))
"""Up to which cost regions are merged, in hundredths, where a cost is asked for and no number."""

Segmenter = Callable[[Sample], tuple[Sequence[int], Sequence[np.ndarray]]]
"""Gives the numbers asked for and as many int32 (H, W) label maps without 0."""


def segmentations_from_files(folder: Path) -> Segmenter:
    """Take the segmentations from ``folder/<image name>.mat``, the benchmark's own ``segs``."""

    def read(sample: Sample) -> tuple[Sequence[int], Sequence[np.ndarray]]:
        maps = read_segmentations(folder / f"{sample.name}.mat")
        return range(1, len(maps) + 1), maps

    return read


def partitions_from_model(
    segmentor: Segmentor, method: Method, config: PartitionConfig, by_cost: bool = False
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
    method: Method, config: PartitionConfig, by_cost: bool = False
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
        return counts, paint_masks(propose(sample), counts)

    return segment


def region_job(
    dataset: MaskDataset,
    segment: Segmenter,
    made_by: dict[str, str],
    settings: dict[str, Any],
    limit: int | None = None,
) -> Job:
    """Compare the segmentations of every image with its annotators.

    Raises
    ------
    ValueError
        If the data set does not label every pixel.
    """
    if not dataset.partition:
        raise ValueError(
            f"{dataset.name} does not label every pixel, so it has no region scores; if it does, "
            'say "partition": true in its set.json'
        )
    title = f"{dataset.name}: {made_by['model']}, regions"

    def measure(sample: Sample) -> Measured:
        return measure_regions(sample, segment)

    return Job("regions", dataset, made_by, settings, measure, title, limit)


def measure_regions(sample: Sample, segment: Segmenter) -> Measured:
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
