"""What a model makes of the mosaics of several seeds, compared with their truth."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tamingseg.metrics.boundary import boundary_f_of_regions
from tamingseg.metrics.mosaics import score_mosaic
from tamingseg.metrics.regions import adjusted_rand_index
from tamingseg.partition.build import MOSAIC_PARTITION, partition_image
from tamingseg.segmentors.base import Segmentor
from tamingseg.ui.mosaics.pictures import Recipe, Textures, make

SEEDS = 10
"""How many mosaics are measured."""

MEASURES = ("Pixels right", "Adjusted Rand", "Boundary F")
"""Names of the measures of a mosaic."""

Row = list[str | float]
"""Name of a seed, "Mean" or "Spread", and the `MEASURES`."""


def measure_seeds(
    segmentor: Segmentor,
    recipe: Recipe,
    textures: Textures,
    progress: Callable[[int, int], None],
    count: int = SEEDS,
) -> list[Row]:
    """Divide the mosaics of `count` seeds, from that of the recipe on, and measure each.

    The model is told the number of regions. Returns a row for each seed, then the means and the
    standard deviations over the seeds.
    """
    scores = []
    for done in range(count):
        progress(done, count)
        scores.append(_measure(segmentor, replace(recipe, seed=recipe.seed + done), textures))
    progress(count, count)
    names = [f"Seed {recipe.seed + done}" for done in range(count)]
    columns = np.array(scores)
    ends = [("Mean", columns.mean(axis=0)), ("Spread", columns.std(axis=0, ddof=1))]
    return [[name, *map(float, row)] for name, row in [*zip(names, scores, strict=True), *ends]]


def _measure(segmentor: Segmentor, recipe: Recipe, textures: Textures) -> list[float]:
    sample = make(recipe, textures)
    truth = sample.label_maps[0]
    found = partition_image(segmentor, sample.image, recipe.regions, "greedy", MOSAIC_PARTITION)
    right = score_mosaic(found, truth)["correct"]
    return [right, adjusted_rand_index(found, truth), boundary_f_of_regions(found, truth)]
