"""What a training step sees: views of images, targets in them, and clicks on the targets.

Everything about sample i follows from (seed, i) alone. A run that is resumed, or split over
processes or workers, therefore sees the very same samples without storing any sampler state.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from tamingseg.data.augment import AugmentConfig, augment, paste_region
from tamingseg.data.base import MaskDataset
from tamingseg.prompts.clickers import many_clicks, random_click
from tamingseg.values import MIN_MASK_AREA, Click

_MAX_DRAWS = 200

ClickSampler = Literal["one", "posneg", "many"]


@dataclass(frozen=True)
class ClickSampling:
    """Which clicks a target is asked with."""

    sampler: ClickSampler = "posneg"
    """``one``: a random positive click. ``posneg``: one positive or one negative click. ``many``:
    SegNext's sampler, up to 24 of either sign."""
    negative_share: float = 0.5  # ``posneg``: how often the click is negative
    queries: int = 12  # targets (with their clicks) per encoded image
    area_power: float = 0.3  # a region is drawn with probability ~ area ** area_power
    min_visible: float = 0.001  # a region must fill this share of the view to be a target


class ClickTrainingSet(Dataset):
    """Sample i as tensors: image, label map, what is ignored, target labels and their clicks.

    Parameters
    ----------
    datasets
        Drawn from evenly (by data set, not by image), then an image, then one of its label maps.
    size_of
        sample index -> side of the square view, so that a run can raise its resolution.
    sampling, augmentation
        See `ClickSampling` and `AugmentConfig`.
    seed
        All samples follow from it and their number; there is no end to them.
    """

    def __init__(
        self,
        datasets: Sequence[MaskDataset],
        size_of: Callable[[int], int],
        sampling: ClickSampling,
        augmentation: AugmentConfig,
        seed: int,
    ):
        self.datasets = datasets
        self.size_of = size_of
        self.sampling = sampling
        self.augmentation = augmentation
        self.seed = seed

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng((self.seed, index))
        size = self.size_of(index)
        for _ in range(_MAX_DRAWS):  # a view may hold no region that can be asked for
            image, label_map, ignore = self._view(size, rng)
            labels, weights = self._targets(label_map)
            if len(labels):
                break
        else:
            names = ", ".join(dataset.name for dataset in self.datasets)
            raise ValueError(
                f"{_MAX_DRAWS} random views of {names} held no region to train on; regions need at "
                f"least {MIN_MASK_AREA} px and may not fill the whole image"
            )
        chosen = rng.choice(labels, self.sampling.queries, p=weights)
        clicks = [self._clicks(label_map, label, ignore, rng) for label in chosen]
        return {
            "image": torch.from_numpy(image).permute(2, 0, 1),
            "label_map": torch.from_numpy(label_map),
            "ignore": torch.from_numpy(ignore),
            "labels": torch.from_numpy(chosen),
            "clicks": pack_clicks(clicks),
        }

    def _view(
        self, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        image, label_map, ignore = self._augmented(size, rng)
        if rng.random() < self.augmentation.paste:
            donor_image, donor_map, _ = self._augmented(size, rng)
            image, pasted = paste_region(image, label_map, donor_image, donor_map, rng)
            ignore = ignore & (pasted == label_map)
            label_map = pasted
        return image, label_map, ignore

    def _augmented(
        self, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        dataset = self.datasets[rng.integers(len(self.datasets))]
        sample = dataset[rng.integers(len(dataset))]
        label_map = sample.label_maps[rng.integers(len(sample.label_maps))]
        # Too small in the original is too small in every crop: such regions become background
        # where nothing is asked about them but they stay known to be "not the target".
        labels, areas = np.unique(label_map, return_counts=True)
        small = labels[(areas < MIN_MASK_AREA) & (labels > 0)]
        image, label_map = augment(sample.image, label_map, (size, size), self.augmentation, rng)
        ignore = np.zeros(label_map.shape, bool)
        if not sample.zero_is_background:
            ignore = label_map == 0
        if len(small):
            label_map = np.where(np.isin(label_map, small), 0, label_map)
        return image, label_map, ignore

    def _targets(self, label_map: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Labels that may be asked for, and the probability of each."""
        labels, areas = np.unique(label_map, return_counts=True)
        # A region that fills the whole view leaves no pixel for a negative click.
        large = (areas >= self.sampling.min_visible * label_map.size) & (areas < label_map.size)
        keep = (labels > 0) & large
        weights = areas[keep].astype(np.float64) ** self.sampling.area_power
        return labels[keep], weights / weights.sum()

    def _clicks(
        self, label_map: np.ndarray, label: int, ignore: np.ndarray, rng: np.random.Generator
    ) -> list[Click]:
        target = label_map == label
        if self.sampling.sampler == "many":
            return many_clicks(target, rng, others=(label_map > 0) & ~target, ignore=ignore)
        negative = self.sampling.sampler == "posneg" and rng.random() < self.sampling.negative_share
        if negative and not (~target & ~ignore).any():
            negative = False
        return [random_click(target, rng, positive=not negative, ignore=ignore)]


def pack_clicks(clicks: Sequence[Sequence[Click]]) -> Tensor:
    """N lists of clicks -> float32 (N, K, 3), K the longest; empty slots have sign -1."""
    slots = max(map(len, clicks))
    packed = torch.full((len(clicks), slots, 3), -1.0)
    for row, query in zip(packed, clicks, strict=True):
        for slot, click in zip(row, query, strict=False):
            slot[:] = torch.tensor([click.row, click.col, float(click.positive)])
    return packed


def collate(samples: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Stack samples to a batch; click slots are filled up to the longest list."""
    slots = max(sample["clicks"].shape[1] for sample in samples)
    for sample in samples:
        missing = slots - sample["clicks"].shape[1]
        sample["clicks"] = torch.nn.functional.pad(sample["clicks"], (0, 0, 0, missing), value=-1.0)
    return {key: torch.stack([sample[key] for sample in samples]) for key in samples[0]}
