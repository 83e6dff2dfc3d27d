"""All partitions of an image at once: a binary tree of merges, cut at any number of regions."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Hierarchy:
    """Superpixels and the order in which they become one.

    Attributes
    ----------
    superpixels
        int32, (H, W): labels 1..S, each 4-connected.
    merges
        int64, (S - 1, 2): node ``S + i`` is made of the two nodes of row i, which touch; nodes
        0..S-1 are the superpixels, label minus one. The first of a row is the larger one.
    costs
        float32, (S - 1,), non-decreasing: how much each merge is against what was seen.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import Hierarchy
    >>> superpixels = np.array([[1, 2, 3]], np.int32)
    >>> merges = np.array([[0, 1], [3, 2]])
    >>> hierarchy = Hierarchy(superpixels, merges, costs=np.array([0.1, 0.6], np.float32))
    >>> hierarchy.cut(2)
    array([[1, 1, 2]], dtype=int32)
    >>> hierarchy.regions_at(0.5)
    2
    """

    superpixels: np.ndarray
    merges: np.ndarray
    costs: np.ndarray

    def __post_init__(self) -> None:
        count = self.count
        if self.merges.shape != (count - 1, 2) or self.costs.shape != (count - 1,):
            raise ValueError(
                f"{count} superpixels need {count - 1} merges of two nodes with a cost each, got "
                f"{self.merges.shape} and {self.costs.shape}"
            )
        once = np.array_equal(np.sort(self.merges.ravel()), np.arange(2 * count - 2))
        if not once or (self.merges.max(axis=1) >= count + np.arange(count - 1)).any():
            raise ValueError("every node but the last must be merged once, after it was made")
        if not (np.isfinite(self.costs).all() and (np.diff(self.costs) >= 0).all()):
            raise ValueError("the costs of merges must be finite and never fall")

    @property
    def count(self) -> int:
        """Number S of superpixels: the most regions there can be."""
        return int(self.superpixels.max())

    def regions_at(self, cost: float) -> int:
        """Return how many regions are left when all merges below `cost` are done."""
        return self.count - int((self.costs < cost).sum())

    def cut(self, regions: int) -> np.ndarray:
        """Return exactly `regions` connected regions: int32 (H, W), labels 1..regions.

        Partitions are nested. From K - 1 to K one region splits in two: the larger piece keeps the
        label, the other gets label K, and all others stay what they are.

        Raises
        ------
        ValueError
            If `regions` is no whole number from 1 to `count`.
        """
        check_regions(regions, self.count)
        count = self.count
        labels = np.ones(2 * count - 1, np.int32)
        for merge in range(count - 2, -1, -1):
            larger, smaller = self.merges[merge]
            own, fresh = labels[count + merge], count - merge
            labels[larger] = own
            labels[smaller] = fresh if fresh <= regions else own
        return labels[self.superpixels - 1]


def check_regions(regions: int, most: int) -> int:
    """Return `regions` if it is a whole number from 1 to `most`.

    Raises
    ------
    ValueError
        If it is not.
    """
    whole = isinstance(regions, int | np.integer) and not isinstance(regions, bool)
    if not whole or not 1 <= regions <= most:
        raise ValueError(
            f"expected a whole number of regions from 1 to {most}, the number of superpixels of "
            f"this image, got {regions!r}"
        )
    return int(regions)
