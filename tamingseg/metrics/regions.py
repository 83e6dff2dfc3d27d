"""Segmentations against annotators: the region measures of the BSDS500 benchmark.

After Arbelaez, Maire, Fowlkes & Malik, Contour detection and hierarchical image segmentation, PAMI
2011. A method gives several segmentations of each image, from few regions to many, and each is
compared with every annotator of the image:

- covering: how well the annotators' regions R are covered, sum |R| max_R' IoU(R, R') / sum |R|, the
  sums over the regions of all annotators of all images;
- probabilistic Rand index: the share of the pairs of pixels that both put together or both put
  apart, mean over annotators, then over images;
- variation of information: the entropy of each given the other, summed, in bits; the same means.

Each is reported at the one level that is best for all images (ODS, optimal data set scale) and at
the best level of each image (OIS, optimal image scale); covering also with the best level of each
region.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


def score_segmentations(
    segmentations: Sequence[np.ndarray], annotators: Sequence[np.ndarray]
) -> tuple[list[dict[str, Any]], float, int]:
    """Compare the segmentations of one image with all its annotators.

    Parameters
    ----------
    segmentations, annotators
        Label maps (H, W) of integers from 1, any of them; a region is all pixels of one label.

    Returns
    -------
    levels
        For each segmentation ``{"regions": int, "covered": float, "rand": float, "variation":
        float}``: how many regions it has, the pixels of all annotators' regions times how well they
        are covered, the two other measures as means over annotators.
    best_covered
        The same pixels covered, if each annotators' region could choose its segmentation.
    area
        Pixels of all annotators' regions, what `covered` is divided by.

    Raises
    ------
    ValueError
        If there is no segmentation or no annotator, the sizes differ, or a pixel has no label.
    """
    if len(segmentations) == 0 or len(annotators) == 0:
        raise ValueError(
            f"expected at least one segmentation and one annotator, got {len(segmentations)} and "
            f"{len(annotators)}"
        )
    size = annotators[0].shape
    truths = [_regions(truth, size, "annotator's label map") for truth in annotators]
    true_areas = np.concatenate([areas for _, areas in truths])
    best = np.zeros(len(true_areas))
    levels = []
    for segmentation in segmentations:
        labels, areas = _regions(segmentation, size, "segmentation")
        shared = [_shared_pixels(labels, areas, *truth) for truth in truths]
        ious = np.concatenate([_best_ious(table) for table in shared])
        best = np.maximum(best, ious)
        levels.append(
            {
                "regions": len(areas),
                "covered": float(true_areas @ ious),
                "rand": float(np.mean([_rand_index(table) for table in shared])),
                "variation": float(np.mean([_variation_of_information(table) for table in shared])),
            }
        )
    return levels, float(true_areas @ best), int(true_areas.sum())


def adjusted_rand_index(segmentation: np.ndarray, truth: np.ndarray) -> float:
    """Agreement of two partitions about pairs of pixels, corrected for chance: at most 1.

    (Index - expected index) / (maximum index - expected index), where the index counts the pairs
    that both put together (Hubert & Arabie, Comparing partitions, Journal of Classification 1985,
    equation 5). It is about 0 for partitions at random. Two partitions that are both one region, or
    both single pixels, agree: 1.

    Parameters
    ----------
    segmentation, truth
        Label maps (H, W) of integers from 1; a region is all pixels of one label.

    Raises
    ------
    ValueError
        If the sizes differ or a pixel has no label.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.array([[1, 1, 2, 2]])
    >>> across = np.array([[1, 2, 1, 2]])
    >>> [round(adjusted_rand_index(found, truth), 6) for found in (truth + 4, across)]
    [1.0, -0.5]
    """
    shared = count_shared_pixels(segmentation, truth)
    together = _count_pairs(shared)
    found, true = _count_pairs(shared.sum(axis=1)), _count_pairs(shared.sum(axis=0))
    every = _count_pairs(shared.sum(keepdims=True))
    expected = found * true / every if every else 0.0
    highest = (found + true) / 2
    return (together - expected) / (highest - expected) if highest != expected else 1.0


def count_shared_pixels(segmentation: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Count the pixels that each region of a label map shares with each of another one.

    Returns int64 (regions, true regions), both in order of their labels. Raises ValueError if the
    sizes differ or a pixel has no label.
    """
    regions = _regions(segmentation, truth.shape, "segmentation")
    return _shared_pixels(*regions, *_regions(truth, truth.shape, "true label map"))


@dataclass(frozen=True, slots=True)
class RegionScore:
    """One measure over a set of images.

    Attributes
    ----------
    curve
        float64, (L,): its value at each level.
    level
        The best level, the lowest of equals.
    ods
        The value there.
    ois
        The value if each image has its own best level.
    """

    curve: np.ndarray
    level: int
    ods: float
    ois: float


@dataclass(frozen=True, slots=True)
class RegionSummary:
    """All measures over a set of images.

    Attributes
    ----------
    levels
        L levels that all images have, ascending.
    covering, rand, variation
        Covering and probabilistic Rand index, in [0, 1], the higher the better; variation of
        information in bits, the lower the better.
    best_covering
        Covering if each true region has its own best level.
    """

    levels: tuple[int, ...]
    covering: RegionScore
    rand: RegionScore
    variation: RegionScore
    best_covering: float


def summarise_regions(
    images: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]],
) -> RegionSummary:
    """Pool what `score_segmentations` counted in each image.

    Parameters
    ----------
    images
        For each image its facts, ``{"best_covered": float, "area": int}``, and its levels, now each
        with a name: ``{"segmentation": int, "covered": float, "rand": float, "variation": float}``.
        Images may have different levels: ODS chooses among those that all have, OIS among all.

    Raises
    ------
    ValueError
        If there is no image, an image has a level twice, or no level is common to all images.
    """
    tables = [{level["segmentation"]: level for level in levels} for _, levels in images]
    for table, (_, levels) in zip(tables, images, strict=True):
        if len(table) < len(levels):
            raise ValueError("an image has two segmentations of one name; each needs its own")
    common = tuple(sorted(set.intersection(*map(set, tables)))) if tables else ()
    if not common:
        raise ValueError(
            f"no segmentation is common to all of {len(tables)} images; score all of them with the "
            "same list of numbers of regions"
        )
    area = sum(facts["area"] for facts, _ in images)

    def score(key: str, total: float, best: Callable[..., float]) -> RegionScore:
        curve = np.array([sum(table[level][key] for table in tables) for level in common]) / total
        place = int(curve.argmax() if best is max else curve.argmin())
        own = sum(best(level[key] for level in table.values()) for table in tables) / total
        return RegionScore(curve, common[place], float(curve[place]), own)

    return RegionSummary(
        levels=common,
        covering=score("covered", area, max),
        rand=score("rand", len(tables), max),
        variation=score("variation", len(tables), min),
        best_covering=sum(facts["best_covered"] for facts, _ in images) / area,
    )


def _regions(label_map: np.ndarray, size: tuple[int, ...], name: str) -> tuple[np.ndarray, ...]:
    """Give the regions numbers from 0: return int64 (pixels,) numbers and (regions,) areas."""
    if label_map.ndim != 2 or label_map.shape != size or not label_map.size:
        raise ValueError(
            f"label maps must have the (height, width) of the truth, {size}, got a {name} of "
            f"{label_map.shape}"
        )
    if label_map.dtype.kind not in "iu" or label_map.min() < 1:
        raise ValueError(
            f"a {name} must be of integers from 1, for every pixel is in a region; got "
            f"{label_map.dtype} from {label_map.min()}; give pixels without region a label"
        )
    flat = label_map.ravel()
    if flat.max() > flat.size:  # too sparse to count label by label
        _, flat = np.unique(flat, return_inverse=True)
    flat = flat.astype(np.int64, copy=False)
    counts = np.bincount(flat)
    numbers = np.cumsum(counts > 0) - 1
    return numbers[flat], counts[counts > 0]


def _shared_pixels(
    labels: np.ndarray, areas: np.ndarray, true_labels: np.ndarray, true_areas: np.ndarray
) -> np.ndarray:
    """Count the pixels that each region shares with each true one: int64 (regions, true ones)."""
    shape = len(areas), len(true_areas)
    pairs = np.bincount(labels * shape[1] + true_labels, minlength=shape[0] * shape[1])
    return pairs.reshape(shape)


def _best_ious(shared: np.ndarray) -> np.ndarray:
    """Return the best IoU of each true region: float64 (true ones,)."""
    areas, true_areas = shared.sum(axis=1, keepdims=True), shared.sum(axis=0)
    return (shared / (areas + true_areas - shared)).max(axis=0)


def _count_pairs(counts: np.ndarray) -> float:
    """Return how many pairs of pixels are in one group, of groups of so many pixels."""
    return float((counts * (counts - 1.0)).sum() / 2)


def _rand_index(shared: np.ndarray) -> float:
    """Return the share of pairs of pixels both agree about, in [0, 1]; 1 for a single pixel."""
    together = _count_pairs(shared)
    in_one = _count_pairs(shared.sum(axis=1)) + _count_pairs(shared.sum(axis=0))
    every = _count_pairs(shared.sum(keepdims=True))
    return 1 - (in_one - 2 * together) / every if every else 1.0


def _variation_of_information(shared: np.ndarray) -> float:
    """Return H(S | T) + H(T | S) in bits, as 2 H(S, T) - H(S) - H(T); 0 for equal partitions."""

    def entropy(counts: np.ndarray) -> float:
        shares = counts[counts > 0] / counts.sum()
        return float(-(shares * np.log2(shares)).sum())

    joint = 2 * entropy(shared)
    return max(0.0, joint - entropy(shared.sum(axis=1)) - entropy(shared.sum(axis=0)))
