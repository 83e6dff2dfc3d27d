"""Build the hierarchy of an image's partitions from a model's answers, by one of three methods.

All methods merge superpixels two by two (`merging`). They differ in the cost of a merge:

- ``greedy``: low for two regions that the model puts into the same masks, whose colours are
  similar, and that no boundary separates;
- ``normalised-cut``: low for two regions that are near in the eigenvectors of the normalised cut
  (`spectral`), by Ward's method;
- ``multicut``: each pair of pixels votes for or against being together, with its log-odds. The two
  neighbours with the greatest sum of votes are merged: greedy additive edge contraction (Keuper
  et al., ICCV 2015), which here also counts pairs that do not touch. The number of regions is
  found when no merge has more votes for it than against it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import sparse

from tamingseg.checks import check_choice
from tamingseg.partition.evidence import SUPERPIXELS, Evidence, find_evidence
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.partition.merging import Price, merge_regions, ward
from tamingseg.partition.spectral import spectral_coordinates, squared_distances
from tamingseg.segmentors.base import ImageEmbedding, Segmentor

PartitionMethod = Literal["greedy", "normalised-cut", "multicut"]

_MOST_SUPERPIXELS = 4096
_EIGENVECTORS = 8
_LEAST_AFFINITY = 0.1
"""Pairs of a lower affinity are no edge of the graph of the normalised cut, unless they touch."""
_SUREST = 0.01
"""Affinities are clipped to [this, 1 - this] before their log-odds are taken."""


@dataclass(frozen=True)
class PartitionConfig:
    """How partitions are made. The defaults were chosen on held-out training images.

    Examples
    --------
    >>> from tamingseg import PartitionConfig
    >>> PartitionConfig(superpixels=200).superpixels
    200
    """

    superpixels: int = SUPERPIXELS
    """Approximate number of superpixels, and so the largest number of regions. Memory grows with
    its square."""
    colour: float = 0.5
    """Weight of the difference in colour, beside the model's affinities (greedy and multicut)."""
    boundary: float = 0.8
    """Weight of the evidence of a boundary, beside the affinities (greedy and multicut)."""
    within: float = 0.7
    """From 0 to 1: this share of the mean difference within two regions is subtracted from the
    difference between them (greedy only)."""
    area: float = 0.07
    """How much merging small regions is preferred: 0 not at all, 1 as in Ward's method. A larger
    value suits images whose regions have about the same size (greedy only)."""
    prior: float = 1.0
    """Prior log-odds that two pixels belong together (multicut only)."""

    def __post_init__(self) -> None:
        weights = (self.colour, self.within, self.boundary, self.area)
        if not 1 <= self.superpixels <= _MOST_SUPERPIXELS:
            raise ValueError(
                f"expected 1 to {_MOST_SUPERPIXELS} superpixels, got {self.superpixels}"
            )
        finite = np.isfinite([*weights, self.prior]).all()
        if not finite or min(weights) < 0 or self.within > 1:
            raise ValueError(
                "expected colour, boundary and area >= 0, within from 0 to 1 and a finite prior, "
                f"got colour={self.colour}, boundary={self.boundary}, area={self.area}, "
                f"within={self.within}, prior={self.prior}"
            )


MOSAIC_PARTITION = PartitionConfig(area=0.5)
"""For mosaics of textures, whose regions have about the same size (chosen on mosaics of training
textures)."""


def partition_image(
    segmentor: Segmentor,
    image: np.ndarray | ImageEmbedding,
    regions: int | None,
    method: PartitionMethod = "greedy",
    config: PartitionConfig = PartitionConfig(),
) -> np.ndarray:
    """Divide an image into connected regions.

    Parameters
    ----------
    segmentor
        Any model. A `PixelSegmentor` is fast; any other gets a click on every superpixel.
    image
        uint8 RGB (H, W, 3), or what `segmentor.embed` made of it.
    regions
        How many; None lets ``multicut`` find the number.

    Returns
    -------
    int32 (H, W), labels 1..K: exactly `regions` of them, each 4-connected.

    Raises
    ------
    ValueError
        As `build_hierarchy`, and if `regions` is no whole number from 1 to the number of
        superpixels, or None where the method needs one.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import FunctionSegmentor, PartitionConfig, partition_image
    >>> def same_colour(image, clicks):
    ...     alike = (image == image[int(clicks[0].row), int(clicks[0].col)]).all(axis=2)
    ...     return np.where(alike, 0.9, 0.1)
    >>> image = np.zeros((32, 48, 3), np.uint8)
    >>> image[:, 30:] = 255
    >>> segmentor = FunctionSegmentor(same_colour, "same colour")
    >>> labels = partition_image(segmentor, image, 2, config=PartitionConfig(superpixels=20))
    >>> np.bincount(labels.ravel()).tolist()
    [0, 960, 576]
    """
    if regions is None and method != "multicut":
        raise ValueError(f"{method} needs a number of regions; only multicut finds one by itself")
    hierarchy = build_hierarchy(segmentor, image, method=method, config=config)
    return hierarchy.cut(hierarchy.regions_at(0) if regions is None else regions)


def build_hierarchy(
    segmentor: Segmentor,
    image: np.ndarray | ImageEmbedding,
    method: PartitionMethod = "greedy",
    config: PartitionConfig = PartitionConfig(),
) -> Hierarchy:
    """Merge the superpixels of an image, once for every number of regions.

    Parameters
    ----------
    segmentor
        As in `partition_image`.
    image
        As in `partition_image`.

    Raises
    ------
    ValueError
        If the method is unknown, the image is of another kind, or the model answers with anything
        but probabilities.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import FunctionSegmentor, PartitionConfig, build_hierarchy
    >>> def same_colour(image, clicks):
    ...     alike = (image == image[int(clicks[0].row), int(clicks[0].col)]).all(axis=2)
    ...     return np.where(alike, 0.9, 0.1)
    >>> image = np.zeros((32, 48, 3), np.uint8)
    >>> image[:, 30:] = 255
    >>> segmentor = FunctionSegmentor(same_colour, "same colour")
    >>> hierarchy = build_hierarchy(segmentor, image, config=PartitionConfig(superpixels=20))
    >>> [int(hierarchy.cut(regions).max()) for regions in (1, 2, 5)]
    [1, 2, 5]
    """
    check_choice(method, get_args(PartitionMethod), "method")
    return merge_evidence(find_evidence(segmentor, image, config.superpixels), method, config)


def merge_evidence(
    evidence: Evidence,
    method: PartitionMethod = "greedy",
    config: PartitionConfig = PartitionConfig(),
) -> Hierarchy:
    """Merge the superpixels of an image by one method; all methods use the same `Evidence`.

    Raises ValueError if the method is unknown.
    """
    check_choice(method, get_args(PartitionMethod), "method")
    merges, costs = merge_regions(evidence.borders, *_METHODS[method](evidence, config))
    return Hierarchy(evidence.superpixels, merges, costs)


def _greedy(evidence: Evidence, config: PartitionConfig) -> tuple[np.ndarray, Price, float]:
    strength, power = config.boundary, config.area  # asked for thousands of times

    def price(apart: float, boundary: float, area: float, other: float) -> float:
        return (apart + strength * boundary) * ward(area, other) ** power

    apart = 1 - evidence.affinity + config.colour * evidence.contrast
    return apart, price, config.within


def _normalised_cut(evidence: Evidence, _: PartitionConfig) -> tuple[np.ndarray, Price, float]:
    def price(apart: float, _: float, area: float, other: float) -> float:
        return apart * ward(area, other)

    affinity, areas = evidence.affinity, evidence.borders.areas / evidence.borders.areas.mean()
    first, second = evidence.borders.pairs.T
    linked = affinity >= _LEAST_AFFINITY
    linked[first, second] = linked[second, first] = True
    weights = np.where(linked, affinity**2 + 1e-9, 0)
    flow = sparse.csr_array(weights * np.outer(areas, areas))
    # Less what is within, squared distances are those of the means: Ward's method is complete.
    return squared_distances(spectral_coordinates(flow, _EIGENVECTORS)), price, 1.0


def _multicut(evidence: Evidence, config: PartitionConfig) -> tuple[np.ndarray, Price, float]:
    def price(apart: float, boundary: float, area: float, other: float) -> float:
        return (apart + config.boundary * boundary) * area * other

    sure = np.clip(evidence.affinity, _SUREST, 1 - _SUREST)
    apart = np.log((1 - sure) / sure) + config.colour * evidence.contrast - config.prior
    return apart, price, 0.0


_METHODS: dict[PartitionMethod, Callable[..., tuple[np.ndarray, Price, float]]] = {
    "greedy": _greedy,
    "normalised-cut": _normalised_cut,
    "multicut": _multicut,
}
"""Each gives what `merge_regions` takes: the dissimilarity of all pairs, the cost of merging
neighbours, and the share of the difference within regions that is subtracted."""
