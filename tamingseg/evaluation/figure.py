"""One number of a report, with what each image contributes to it.

A figure is a sum over images divided by another one: a mean over images, a mean over masks, or a
covering pooled over pixels. Keeping the two parts per image lets the bootstrap draw images anew,
and two methods be compared image by image.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tamingseg.metrics.bootstrap import bootstrap_ratio

MEASURED = "measured"
"""The source of every figure that was not published by others."""

_SEED = 0
"""Of every bootstrap, so that a report of the same records always says the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One number of a method on a data set.

    Attributes
    ----------
    value
        In `unit`.
    unit
        ``%``, ``bits``, ``clicks``, or what is counted.
    parts
        Numerators and denominators, both float64 (I,), one pair per image with objects, in order of
        the images' names: `value` is sum by sum. None for a number that is no such ratio.
    higher_is_better
        Which of two values is the better one.
    """

    value: float
    unit: str
    parts: tuple[np.ndarray, np.ndarray] | None = None
    higher_is_better: bool = True

    @classmethod
    def ratio(
        cls,
        numerators: np.ndarray,
        denominators: np.ndarray | None = None,
        unit: str = "%",
        higher_is_better: bool = True,
    ) -> "Figure":
        """Divide sum by sum over images; without `denominators`, take the mean over images.

        With the unit ``%``, the numerators are shares and are made percent.
        """
        numerators = np.asarray(numerators, np.float64) * (100 if unit == "%" else 1)
        if denominators is None:
            denominators = np.ones(len(numerators))
        denominators = np.asarray(denominators, np.float64)
        value = float(numerators.sum() / denominators.sum())
        return cls(value, unit, (numerators, denominators), higher_is_better)


def over_images_and_masks(name: str, means: np.ndarray, counts: np.ndarray) -> dict[str, Figure]:
    """Return `name`, the mean over images, and `name per mask`, the mean over all masks.

    `means` (I,) are shares, the mean over the masks of each image; `counts` (I,) are their numbers.
    """
    return {name: Figure.ratio(means), f"{name} per mask": Figure.ratio(means * counts, counts)}


def intervals(figures: Mapping[str, Figure]) -> dict[str, tuple[float, float]]:
    """Return 95 % intervals, by name, from drawing the images anew; in the units of the figures.

    Left out are figures that are no ratio, and those of a single image. All `figures` are of the
    same images.
    """
    parts = {name: figure.parts for name, figure in figures.items() if figure.parts is not None}
    if not parts or len(next(iter(parts.values()))[0]) < 2:
        return {}
    numerators, denominators = (
        np.stack(side, axis=1) for side in zip(*parts.values(), strict=True)
    )
    low, high = bootstrap_ratio(numerators, denominators, generator())
    return dict(zip(parts, zip(low.tolist(), high.tolist(), strict=True), strict=True))


def generator() -> np.random.Generator:
    """Return the random numbers of one bootstrap: the same ones every time."""
    return np.random.default_rng(_SEED)
