"""The words everything else is written in: a click, a sample of a data set, and two constants."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tamingseg.checks import check_image

MASK_THRESHOLD = 0.5
"""A pixel belongs to a mask where its probability is above this."""

MIN_MASK_AREA = 16 * 16
"""Regions of fewer pixels are neither trained on nor scored (the note's rule: area, not box)."""


@dataclass(frozen=True, slots=True)
class Click:
    """A point that the user calls inside (`positive`) or outside the wanted mask.

    `row` and `col` are in pixels of the original image; pixel (0, 0) covers [0, 1) x [0, 1), so a
    click on it is (0.5, 0.5) if one speaks of its centre.
    """

    row: float
    col: float
    positive: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.row) and math.isfinite(self.col)):
            raise ValueError(
                f"a click needs finite coordinates, got row={self.row}, col={self.col}"
            )


@dataclass(frozen=True, slots=True)
class Sample:
    """An image with its true answers.

    Attributes
    ----------
    image
        uint8, (H, W, 3), RGB.
    label_maps
        int32, (L, H, W); in each map every value > 0 is one region. Several maps are several true
        answers: annotators who disagree, or levels of detail. Masks may overlap across maps.
    name
        What errors and result rows call it; unique in its data set.
    zero_is_background
        What value 0 means: True, a known negative of every region of that map; False, unlabelled,
        which neither training nor scoring may count.
    """

    image: np.ndarray
    label_maps: np.ndarray
    name: str
    zero_is_background: bool = True

    def __post_init__(self) -> None:
        check_image(self.image, f"image of {self.name!r}")
        maps = self.label_maps
        if maps.dtype != np.int32 or maps.ndim != 3 or maps.shape[1:] != self.image.shape[:2]:
            raise ValueError(
                f"label maps of {self.name!r} must be int32 of shape (L, {self.image.shape[0]}, "
                f"{self.image.shape[1]}) like the image, got {maps.dtype} {maps.shape}"
            )

    def masks(self, min_area: int = MIN_MASK_AREA) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield (map index, label, bool (H, W) mask) of every region of at least `min_area` px."""
        for index, label_map in enumerate(self.label_maps):
            labels, areas = np.unique(label_map, return_counts=True)
            for label, area in zip(labels.tolist(), areas.tolist(), strict=True):
                if label > 0 and area >= min_area:
                    yield index, label, label_map == label

    def ignore(self, index: int) -> np.ndarray | None:
        """Bool (H, W), the pixels of map `index` that nothing is known of; None if all are."""
        return None if self.zero_is_background else self.label_maps[index] == 0
