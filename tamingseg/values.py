"""The types that everything else uses: a click, a sample, a list of masks; and constants."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tamingseg.checks import check_image

MASK_THRESHOLD = 0.5
"""A pixel belongs to a mask where its probability is above this."""

VOID = -1
"""Label of pixels that nothing is known of, in any label map: they count neither way."""

MIN_MASK_AREA = 16 * 16
"""Regions of fewer pixels are not trained on and not scored (the note's rule: area, not box)."""


@dataclass(frozen=True, slots=True)
class Click:
    """A point inside (`positive`) or outside the wanted mask.

    `row` and `col` are in pixels of the original image. Pixel (0, 0) covers [0, 1) x [0, 1), so its
    centre is (0.5, 0.5).

    Examples
    --------
    >>> from tamingseg import Click
    >>> Click(row=120, col=80)
    Click(row=120, col=80, positive=True)
    >>> Click(40, 200, positive=False).positive
    False
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
        int32, (L, H, W); in each map every value > 0 is one region, and `VOID` counts neither way.
        Several maps are several true answers: annotators who disagree, or finer and coarser ones.
        Masks may overlap across maps.
    name
        What errors and result rows call it; unique in its data set.
    zero_is_background
        What value 0 means. True: background, in no region of that map. False: unlabelled, which
        neither training nor scoring may count.
    parents
        Part -> its whole, both as (map index, label), where the data set knows it.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import Sample
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> labels = np.zeros((1, 20, 30), np.int32)
    >>> labels[0, :, 10:] = 1
    >>> sample = Sample(image, labels, "half")
    >>> [(index, label, int(mask.sum())) for index, label, mask in sample.masks()]
    [(0, 1, 400)]
    """

    image: np.ndarray
    label_maps: np.ndarray
    name: str
    zero_is_background: bool = True
    parents: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_image(self.image, f"image of {self.name!r}")
        maps = self.label_maps
        if maps.dtype != np.int32 or maps.ndim != 3 or maps.shape[1:] != self.image.shape[:2]:
            raise ValueError(
                f"label maps of {self.name!r} must be int32 of shape (L, {self.image.shape[0]}, "
                f"{self.image.shape[1]}) like the image, got {maps.dtype} {maps.shape}"
            )

    def regions(self, min_area: int = MIN_MASK_AREA) -> Iterator[tuple[int, int, int]]:
        """Yield (map index, label, area) of every region of at least `min_area` px."""
        for index, label_map in enumerate(self.label_maps):
            labels, areas = np.unique(label_map, return_counts=True)
            for label, area in zip(labels.tolist(), areas.tolist(), strict=True):
                if label > 0 and area >= min_area:
                    yield index, label, area

    def masks(self, min_area: int = MIN_MASK_AREA) -> Iterator[tuple[int, int, np.ndarray]]:
        """Yield (map index, label, bool (H, W) mask) of every region of at least `min_area` px."""
        for index, label, _ in self.regions(min_area):
            yield index, label, self.label_maps[index] == label

    def ignore(self, index: int) -> np.ndarray | None:
        """Bool (H, W), the unlabelled pixels of map `index`; None if there can be none."""
        if not self.zero_is_background:
            return self.label_maps[index] <= 0
        void = self.label_maps[index] < 0
        return void if void.any() else None


@dataclass(frozen=True, slots=True)
class MaskSet:
    """An ordered list of masks of one image, the best first.

    A thousand masks of a photo do not fit in memory as bytes, so each pixel is one bit.

    Attributes
    ----------
    packed
        uint8, (N, H, ceil(W / 8)): bool masks (N, H, W) after ``np.packbits(masks, axis=-1)``, the
        bits beyond the width zero.
    size
        (height, width) of the image.
    scores
        float32, (N,): an estimate of how good each mask is. The order need not follow the scores.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import MaskSet
    >>> masks = MaskSet.from_masks(np.array([[[True, False]], [[True, True]]]))
    >>> len(masks), masks.size
    (2, (1, 2))
    >>> masks[0]
    array([[ True, False]])
    >>> len(masks.take(np.array([1])))
    1
    """

    packed: np.ndarray
    size: tuple[int, int]
    scores: np.ndarray

    def __post_init__(self) -> None:
        height, width = self.size
        shape = (len(self.scores), height, -(-width // 8))
        if self.packed.dtype != np.uint8 or self.packed.shape != shape:
            raise ValueError(
                f"{len(self.scores)} masks of (height, width) {self.size} must be packed as uint8 "
                f"{shape}, got {self.packed.dtype} {self.packed.shape}; use MaskSet.from_masks"
            )
        if self.scores.dtype != np.float32 or not np.isfinite(self.scores).all():
            raise ValueError("the scores of masks must be finite float32 numbers")

    @classmethod
    def from_masks(cls, masks: np.ndarray, scores: np.ndarray | None = None) -> "MaskSet":
        """Pack bool masks (N, H, W), best first; without `scores` all have score 1.

        Raises
        ------
        ValueError
            If the masks are not bool, or there is not one score per mask.
        """
        if masks.dtype != bool or masks.ndim != 3:
            raise ValueError(
                f"masks must be bool (N, H, W), got {masks.dtype} {masks.shape}; threshold them"
            )
        scores = np.ones(len(masks)) if scores is None else np.asarray(scores)
        size = (masks.shape[1], masks.shape[2])
        return cls(np.packbits(masks, axis=-1), size, scores.astype(np.float32))

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int) -> np.ndarray:
        """Mask `index` as bool (H, W)."""
        return np.unpackbits(self.packed[index], axis=-1, count=self.size[1]).astype(bool)

    def take(self, indices: np.ndarray) -> "MaskSet":
        """Return the masks at `indices`, in that order."""
        return MaskSet(self.packed[indices], self.size, self.scores[indices])
