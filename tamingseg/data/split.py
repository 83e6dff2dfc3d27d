"""Parts of a data set: what is trained on and what is kept for validation."""

from collections.abc import Sequence

import numpy as np

from tamingseg.data.base import MaskDataset
from tamingseg.values import Sample


class DatasetPart:
    """The samples of `dataset` at `indices`, in that order."""

    def __init__(self, dataset: MaskDataset, indices: Sequence[int]):
        self._dataset, self._indices = dataset, indices
        self.name = dataset.name
        self.names = [dataset.names[index] for index in indices]
        self.fingerprint = dataset.fingerprint
        self.partition = dataset.partition

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Sample:
        return self._dataset[self._indices[index]]


def hold_out(dataset: MaskDataset, every: int) -> tuple[DatasetPart, DatasetPart]:
    """Split into (training, validation): every `every`-th sample is held out, none for 0.

    Raises
    ------
    ValueError
        If nothing would be left to train on.
    """
    held = set(range(every - 1, len(dataset), every)) if every else set()
    if len(held) == len(dataset):
        raise ValueError(
            f"holding out every {every}-th of the {len(dataset)} images of {dataset.name} leaves "
            "none to train on; hold out fewer, or 0 for none"
        )
    kept = [index for index in range(len(dataset)) if index not in held]
    return DatasetPart(dataset, kept), DatasetPart(dataset, sorted(held))


def spread(total: int, limit: int | None) -> list[int]:
    """Choose at most `limit` of the numbers 0..total - 1, spread evenly from first to last."""
    count = total if limit is None else min(limit, total)
    return np.linspace(0, total - 1, count).round().astype(int).tolist()
