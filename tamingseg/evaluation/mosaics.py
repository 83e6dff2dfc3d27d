"""Data sets x partitions into the true number of regions -> correct pixels, CS, O, C and others.

Mosaics of textures know their regions exactly, so a partition can be matched with them region by
region; any other data set whose images have one true partition serves as well. The number of
regions is given to the method, where they are is not.

A record of kind ``mosaics`` holds the ``area`` of the image and the number of true ``regions``, and
one result: how many regions were found, and the measures of `tamingseg.metrics.mosaics`::

    {"regions": 5, "correct": 0.93, "O": 0.07, "C": 0.08, "CS": 0.8, "OS": 0.0, ...}
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tamingseg.data.base import MaskDataset
from tamingseg.evaluation.records import Measured
from tamingseg.evaluation.sharding import Job
from tamingseg.metrics.mosaics import score_mosaic
from tamingseg.partition.cut import Method, PartitionConfig, partition_image
from tamingseg.segmentors.base import Segmentor
from tamingseg.values import Sample

Partitioner = Callable[[np.ndarray, int], np.ndarray]
"""Cuts a uint8 RGB image (H, W, 3) into a number of regions: int32 (H, W), labels from 1."""


def partition_with(segmentor: Segmentor, method: Method, config: PartitionConfig) -> Partitioner:
    """Let a segmentor's answers decide where the regions are."""

    def partition(image: np.ndarray, regions: int) -> np.ndarray:
        return partition_image(segmentor, image, regions, method, config=config)

    return partition


def mosaic_job(
    dataset: MaskDataset,
    partition: Partitioner,
    made_by: dict[str, str],
    settings: dict[str, Any],
    limit: int | None = None,
) -> Job:
    """Partition every image into its true number of regions.

    Raises
    ------
    ValueError
        If the data set does not label every pixel.
    """
    if not dataset.partition:
        raise ValueError(
            f"{dataset.name} does not label every pixel, so it is no set of mosaics; if it does, "
            'say "partition": true in its set.json'
        )
    title = f"{dataset.name}: {made_by['model']}, mosaics"

    def measure(sample: Sample) -> Measured:
        return measure_mosaic(sample, partition)

    return Job("mosaics", dataset, made_by, settings, measure, title, limit)


def measure_mosaic(sample: Sample, partition: Partitioner) -> Measured:
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
