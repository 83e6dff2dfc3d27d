"""The true regions of a photo, which a user brings as a label map, and comparisons with them."""

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np

from tamingseg.data.base import read_pixels
from tamingseg.masks.packed import iou_matrix
from tamingseg.metrics.boundary import boundary_iou
from tamingseg.metrics.regions import score_segmentations
from tamingseg.values import MIN_MASK_AREA

MAX_REGIONS = 255
"""Most regions of one label map."""


def read_truth(content: bytes, full_size: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Read a label map from the bytes of a file: its regions, packed, uint8 (M, H, ceil(W / 8)).

    Parameters
    ----------
    content
        An 8- or 16-bit grey or palette PNG: every value above 0 is one region.
    full_size
        The photo's own (height, width), which the label map must have.
    size
        The size at which the photo is worked on, (H, W).

    Raises
    ------
    ValueError
        If it is no such file, has another size, no region large enough to be scored, or more than
        `MAX_REGIONS`.
    """
    pixels = read_pixels(content)
    if pixels.ndim != 2:
        raise ValueError(
            "a label map has one whole number per pixel (8- or 16-bit grey or palette PNG), but "
            f"this image has {pixels.shape[2]} channels; save it with one"
        )
    if pixels.shape != tuple(full_size):
        raise ValueError(
            f"a label map of this photo must be {full_size[1]} x {full_size[0]} pixels, but this "
            f"one is {pixels.shape[1]} x {pixels.shape[0]}; resize it with nearest neighbour"
        )
    labels: np.ndarray = pixels.astype(np.int32)
    if labels.shape != tuple(size):
        labels = cv2.resize(labels, (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT)
    return packed_regions(labels)


def packed_regions(labels: np.ndarray) -> np.ndarray:
    """Return the regions of an int32 (H, W) label map, 0 = none, that are scored: the large enough.

    They are packed as in `values.MaskSet`: uint8 (M, H, ceil(W / 8)), in the order of their labels.

    Raises
    ------
    ValueError
        If there is none, or there are more than `MAX_REGIONS`.
    """
    values, areas = np.unique(labels, return_counts=True)
    found = values[(values > 0) & (areas >= MIN_MASK_AREA)]
    if not 1 <= len(found) <= MAX_REGIONS:
        raise ValueError(
            f"a label map must have 1 to {MAX_REGIONS} regions of at least {MIN_MASK_AREA} pixels, "
            f"this one has {len(found)}; every value above 0 is one region"
        )
    return np.stack([np.packbits(labels == label, axis=-1) for label in found])


def compare_masks(masks: Iterable[np.ndarray], truth: np.ndarray) -> list[dict[str, Any]]:
    """Compare each mask, bool (H, W), with the true region that it has the highest IoU with.

    Returns for each ``{"region": int, "iou": float, "boundary": float}``: the number of that
    region, from 1, the IoU and the boundary IoU (Cheng et al. 2021).
    """
    rows = []
    for mask in masks:  # thousands of a large photo would not fit
        row = iou_matrix(np.packbits(mask, axis=-1)[None], truth)[0]
        best = int(row.argmax())
        region = np.unpackbits(truth[best], axis=-1, count=mask.shape[1]).astype(bool)
        boundary = boundary_iou(mask, region)
        rows.append({"region": best + 1, "iou": float(row[best]), "boundary": boundary})
    return rows


def compare_partitions(
    partitions: Sequence[np.ndarray], truth: np.ndarray
) -> list[dict[str, float]]:
    """Compare label maps (H, W), 1..K, with the true regions; pixels of none do not count.

    Returns for each ``{"regions": int, "covering": float, "rand": float, "variation": float}``, see
    `tamingseg.metrics.regions`.
    """
    height, width = partitions[0].shape
    labels = np.zeros((height, width), np.int32)
    for number, packed in enumerate(truth, 1):
        labels[np.unpackbits(packed, axis=-1, count=width).astype(bool)] = number
    known = labels > 0
    cut = [partition[known].reshape(1, -1) for partition in partitions]
    levels, _, area = score_segmentations(cut, [labels[known].reshape(1, -1)])
    return [
        {
            "regions": int(partition.max()),
            "covering": level["covered"] / area,
            "rand": level["rand"],
            "variation": level["variation"],
        }
        for partition, level in zip(partitions, levels, strict=True)
    ]
