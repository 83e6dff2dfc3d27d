"""What a training step sees: views of images, targets in them, and clicks on the targets.

Everything about sample i follows from (seed, i) alone. A run that is resumed, or split over
processes or workers, therefore sees the very same samples without storing any sampler state.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from tamingseg.data.augment import AugmentConfig, View, augment, paste_region
from tamingseg.data.base import MaskDataset
from tamingseg.data.levels import level_map_at
from tamingseg.data.teacher import TeacherAnswers
from tamingseg.prompts.clickers import many_clicks, random_click
from tamingseg.values import MIN_MASK_AREA, Click

_MAX_DRAWS = 200

_PASTED = 2**16
"""Label of a pasted region in maps whose own labels are of 16 bits."""

ClickSampler = Literal["one", "posneg", "many"]


@dataclass(frozen=True)
class ClickSampling:
    """Which clicks ask for a target."""

    sampler: ClickSampler = "posneg"
    """``one``: a random positive click. ``posneg``: one positive or one negative click. ``many``:
    SegNext's sampler, up to 24 of either sign."""
    negative_share: float = 0.5  # ``posneg``: how often the click is negative
    queries: int = 12  # targets (with their clicks) per encoded image
    area_power: float = 0.3  # a region is drawn with probability ~ area ** area_power
    min_visible: float = 0.001  # a region must fill this share of the view to be a target
    target: Literal["mask", "levels"] = "mask"
    """What one positive click should be answered with. ``mask``: the region it was drawn for.
    ``levels``: the map with all true masks that hold it as level sets (`tamingseg.data.levels`);
    for losses that are at home with soft targets: cross-entropy, soft-iou, cumulative."""
    small_first: float = 0.0
    """``levels``: of two masks in each other, how much more the smaller one counts. A mask has the
    weight area ** -small_first."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A view, h x w, and where it was taken."""

    image: np.ndarray  # uint8 (h, w, 3)
    label_map: np.ndarray  # int32 (h, w)
    ignore: np.ndarray  # bool (h, w): nothing is known of it
    pasted: np.ndarray  # bool (h, w): it is from another image
    source: int  # number of the data set
    index: int  # number of the image in it
    view: View


class ClickTrainingSet(Dataset):
    """Sample i as tensors: image, label map, what is ignored, target labels and their clicks.

    With ``levels`` as target it also has ``levels`` (N, size, size), float32 in [0, 1]: what each
    query should be answered with. Anything but one positive click asks for the drawn region alone.

    Parameters
    ----------
    datasets
        One is drawn (by data set, not by image), then an image, then one of its label maps.
    size_of
        sample index -> side of the square view, so that a run can raise its resolution.
    sampling, augmentation
        See `ClickSampling` and `AugmentConfig`.
    seed
        All samples follow from it and their number; there is no end to them.
    teachers
        For a distillation: one per data set, or None where the teacher is not asked. Samples then
        also hold ``teacher_clicks`` (N, 1, 3), as many as the sampling has queries, and what the
        teacher answered, ``teacher_answers`` uint8 (N, size / 4, size / 4); a view without (enough)
        answers has empty click slots.

    set_weights
        How often each data set is drawn, by its name; those that are not named have 1.

    Raises
    ------
    ValueError
        If there are teachers and objects are pasted, which no teacher saw; or a weight is not above
        0, or is of a data set that is not there.
    """

    def __init__(
        self,
        datasets: Sequence[MaskDataset],
        size_of: Callable[[int], int],
        sampling: ClickSampling,
        augmentation: AugmentConfig,
        seed: int,
        teachers: Sequence[TeacherAnswers | None] = (),
        set_weights: Mapping[str, float] = MappingProxyType({}),
    ):
        if augmentation.paste and any(teacher is not None for teacher in teachers):
            raise ValueError(
                f"objects are pasted with a probability of {augmentation.paste}, but a teacher "
                "answers about images without them; set paste to 0"
            )
        self.datasets = datasets
        self.size_of = size_of
        self.sampling = sampling
        self.augmentation = augmentation
        self.seed = seed
        self.teachers = teachers
        self._shares = _shares([dataset.name for dataset in datasets], set_weights)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng((self.seed, index))
        size = self.size_of(index)
        for _ in range(_MAX_DRAWS):  # a view may hold no region that can be asked for
            drawn = self._view(size, rng)
            labels, weights = self._targets(drawn.label_map)
            if len(labels):
                break
        else:
            names = ", ".join(dataset.name for dataset in self.datasets)
            raise ValueError(
                f"{_MAX_DRAWS} random views of {names} held no region to train on; regions need at "
                f"least {MIN_MASK_AREA} px and may not fill the whole image"
            )
        chosen = rng.choice(labels, self.sampling.queries, p=weights)
        clicks = [self._clicks(drawn.label_map, label, drawn.ignore, rng) for label in chosen]
        answers = self._answers(drawn, rng) if self.teachers else {}
        sample = {
            **answers,
            "image": torch.from_numpy(drawn.image).permute(2, 0, 1),
            "label_map": torch.from_numpy(drawn.label_map),
            "ignore": torch.from_numpy(drawn.ignore),
            "labels": torch.from_numpy(chosen),
            "clicks": pack_clicks(clicks),
        }
        if self.sampling.target == "levels":
            levels, unknown = self._levels(drawn, chosen, clicks)
            sample["levels"] = torch.from_numpy(levels)
            sample["ignore"] = sample["ignore"] | torch.from_numpy(unknown)
        return sample

    def _view(self, size: int, rng: np.random.Generator) -> _Drawn:
        drawn = self._augmented(size, rng)
        if rng.random() >= self.augmentation.paste:
            return drawn
        donor = self._augmented(size, rng)
        image, label_map = paste_region(
            drawn.image, drawn.label_map, donor.image, donor.label_map, rng
        )
        pasted = label_map != drawn.label_map
        ignore = drawn.ignore & ~pasted
        return replace(drawn, image=image, label_map=label_map, ignore=ignore, pasted=pasted)

    def _augmented(self, size: int, rng: np.random.Generator) -> _Drawn:
        source = int(rng.choice(len(self.datasets), p=self._shares))
        index = int(rng.integers(len(self.datasets[source])))
        sample = self.datasets[source][index]
        original = sample.label_maps[rng.integers(len(sample.label_maps))]
        image, label_map, view = augment(
            sample.image, original, (size, size), self.augmentation, rng
        )
        nowhere = np.zeros(label_map.shape, bool)
        ignore = label_map < 0 if sample.zero_is_background else label_map <= 0
        label_map = _without_small(label_map, original)
        return _Drawn(image, label_map, ignore, nowhere, source, index, view)

    def _levels(
        self, drawn: _Drawn, chosen: np.ndarray, clicks: Sequence[Sequence[Click]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the target of each query, float32 (N, h, w), and bool (h, w), what is unknown.

        That are pixels which any of the image's label maps leaves open.
        """
        sample = self.datasets[drawn.source][drawn.index]
        size = drawn.label_map.shape
        maps = np.stack([drawn.view.labels(label_map, size) for label_map in sample.label_maps])
        unknown = maps < 0 if sample.zero_is_background else maps <= 0
        unknown = unknown.any(axis=0) & ~drawn.pasted
        maps = np.stack(list(map(_without_small, maps, sample.label_maps)))
        maps[:, drawn.pasted] = _PASTED
        levels = np.empty((len(chosen), *size), np.float32)
        for level_map, label, (first, *further) in zip(levels, chosen, clicks, strict=True):
            if first.positive and not further:
                row, col = int(first.row), int(first.col)
                small_first = self.sampling.small_first
                level_map[:] = level_map_at(maps, sample.parents, row, col, small_first)
            else:
                level_map[:] = drawn.label_map == label
        return levels, unknown

    def _answers(self, drawn: _Drawn, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return what the teacher said to clicks in the view: the clicks, and its answers there."""
        view, size = drawn.view, len(drawn.label_map)
        count, side = self.sampling.queries, size // 4
        clicks = np.full((count, 1, 3), -1.0, np.float32)
        answers = np.zeros((count, side, side), np.uint8)
        teacher = self.teachers[drawn.source]
        if teacher is not None:
            points = view.points(teacher.points(view.image), (size, size))
            inside = np.flatnonzero(((points >= 0) & (points < size)).all(axis=1))
            chosen = np.sort(rng.permutation(inside)[:count])
            clicks[: len(chosen), 0, :2] = points[chosen]
            clicks[: len(chosen), 0, 2] = 1
            answers[: len(chosen)] = view.resample(teacher[drawn.index][chosen], (side, side))
        return {
            "teacher_clicks": torch.from_numpy(clicks),
            "teacher_answers": torch.from_numpy(answers),
        }

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


def _shares(names: Sequence[str], weights: Mapping[str, float]) -> np.ndarray | None:
    """How often each data set is drawn; sums to 1. None: all alike.

    Raises
    ------
    ValueError
        If a weight names no data set or is not above 0.
    """
    if unknown := sorted(set(weights) - set(names)):
        raise ValueError(
            f"set_weights names {', '.join(unknown)}, the run has the data sets {', '.join(names)}"
        )
    if not all(weight > 0 for weight in weights.values()):
        raise ValueError(f"weights of data sets must be above 0, got {dict(weights)}")
    if not weights:
        return None
    drawn = np.array([weights.get(name, 1.0) for name in names])
    return drawn / drawn.sum()


def _without_small(label_map: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Make regions of a view background that are too small in the `original` label map.

    What is too small there is so in every crop. Nothing is asked about such regions, but they stay
    known to be "not the target".
    """
    labels, areas = np.unique(original, return_counts=True)
    small = labels[(areas < MIN_MASK_AREA) & (labels > 0)]
    return np.where(np.isin(label_map, small), 0, label_map) if len(small) else label_map


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
