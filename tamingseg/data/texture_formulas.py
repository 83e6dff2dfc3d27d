"""Textures made by formula: endless, of several families, each decided by a whole number.

A family computes a field of grey values from two random generators: `look` decides what the texture
is (period, angle, proportions) and is the same every time, `place` decides which part of the
endless texture is seen. A palette of two to four colours then turns the field into a picture.

Worley, A cellular texture basis function, SIGGRAPH 1996; Lagae et al., Procedural noise using
sparse Gabor convolution, SIGGRAPH 2009; Perlin, An image synthesizer, SIGGRAPH 1985.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

Field = Callable[[tuple[int, int], np.random.Generator, np.random.Generator], np.ndarray]
"""Called with (height, width), `look` and `place`: float32 (height, width), of any range."""

_PERIODS = 5.0, 28.0
"""Shortest and longest distance in pixels from one element of a texture to the next."""


@dataclass(frozen=True, slots=True)
class FormulaTexture:
    """The endless texture number `seed`; which of the `FAMILIES` it is of follows from it too."""

    seed: int

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"the number of a texture must be 0 or more, got {self.seed}")

    @property
    def family(self) -> str:
        """The name of its formula, one of `FAMILIES`."""
        return list(FAMILIES)[self.seed % len(FAMILIES)]

    @property
    def name(self) -> str:
        """Its family and number."""
        return f"{self.family}-{self.seed}"

    @property
    def identity(self) -> str:
        """What tells it from other textures; see `tamingseg.data.textures.Texture`."""
        return f"formula {self.name}"

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Draw a random part: uint8 RGB of `size` = (height, width)."""
        look = np.random.default_rng(self.seed)
        palette = _palette(look)
        field = FAMILIES[self.family](size, look, rng)
        return palette[np.clip(field * 255, 0, 255).astype(np.uint8)]


def formula_textures(count: int, seed: int = 0) -> list[FormulaTexture]:
    """List `count` textures of all families in turn; other seeds give other textures.

    Raises
    ------
    ValueError
        If `count` is less than 1 or `seed` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import formula_textures
    >>> texture = formula_textures(10)[0]
    >>> texture.draw((16, 24), np.random.default_rng(0)).shape
    (16, 24, 3)
    """
    if count < 1 or seed < 0:
        raise ValueError(
            f"expected at least one texture and a seed of 0 or more, got {count} and {seed}"
        )
    return [FormulaTexture((seed << 32) + number) for number in range(count)]


def _palette(look: np.random.Generator) -> np.ndarray:
    """Return uint8 (256, 3): two to four colours far apart, with soft or hard changes."""
    count = int(look.integers(2, 5))
    tries = look.uniform(0, 255, (8, count, 3))
    contrast = np.abs(np.diff(tries, axis=1)).sum(axis=2).min(axis=1)
    colours = tries[contrast.argmax()]
    places = np.linspace(0, count - 1, 256)
    if look.random() < 0.4:
        places = places.round()
    channels = [np.interp(places, np.arange(count), channel) for channel in colours.T]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def _coordinates(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 (height, width) coordinates u and v in periods, turned and moved."""
    period, angle = _period(look), look.uniform(0, np.pi)
    stretch = look.uniform(1, 2)
    rows, cols = np.ogrid[: size[0], : size[1]]
    rows = rows.astype(np.float32) / np.float32(period)
    cols = cols.astype(np.float32) / np.float32(period)
    start_u, start_v = place.uniform(0, 1000, 2).astype(np.float32)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u = cosine * cols + sine * rows + start_u
    v = (cosine * rows - sine * cols) / np.float32(stretch) + start_v
    return u, v


def _period(look: np.random.Generator) -> float:
    return float(np.exp(look.uniform(*np.log(_PERIODS))))


def _gratings(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> np.ndarray:
    """Add one to three oriented sine waves."""
    waves = [
        np.sin(2 * np.pi * _coordinates(size, look, place)[0]) for _ in range(look.integers(1, 4))
    ]
    return 0.5 + 0.5 * np.sum(waves, axis=0) / len(waves)


def _waves(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> np.ndarray:
    """Bend stripes along a sine; they are soft or hard."""
    u, v = _coordinates(size, look, place)
    swing, sharpness = look.uniform(0.1, 0.6), look.uniform(0.6, 4)
    bent = np.sin(2 * np.pi * (u + swing * np.sin(2 * np.pi * v / 2)))
    return 0.5 + 0.5 * np.clip(sharpness * bent, -1, 1)


def _checks(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> np.ndarray:
    """Two kinds of squares in turn."""
    u, v = _coordinates(size, look, place)
    return ((np.floor(u) + np.floor(v)) % 2).astype(np.float32)


def _bricks(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> np.ndarray:
    """Rows of bricks of slightly different greys, every other row moved, mortar between them."""
    u, v = _coordinates(size, look, place)
    length, mortar, variety = look.uniform(1.5, 3), look.uniform(0.08, 0.25), look.uniform(0, 0.4)
    row = np.floor(v)
    along = u / length + 0.5 * (row % 2)
    brick = 1 - variety * _hashed(np.floor(along), row)
    return np.where((v % 1 < mortar) | (along % 1 < mortar / length), 0, brick)


def _spots(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> np.ndarray:
    """Dots on a lattice, more or less out of place and of different greys."""
    u, v = _coordinates(size, look, place)
    radius, disorder, variety = look.uniform(0.2, 0.45), look.uniform(0, 1), look.uniform(0, 0.5)
    column, row = np.floor(u), np.floor(v)
    room = disorder * (0.5 - radius)
    off_u = u - column - 0.5 - room * (2 * _hashed(column, row) - 1)
    off_v = v - row - 0.5 - room * (2 * _hashed(row, column) - 1)
    inside = np.clip((radius - np.hypot(off_u, off_v)) * 12, 0, 1)
    return inside * (1 - variety * _hashed(column + 7, row))


def _cells(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> np.ndarray:
    """Show the distance to the nearest of scattered points, or a grey for each point's cell."""
    period, flat = max(_period(look), 7.0), look.random() < 0.5
    margin = int(2 * period)  # cells at the border belong to points beyond it, too
    height, width = size[0] + 2 * margin, size[1] + 2 * margin
    count = max(1, round(height * width / period**2))
    points = np.ones((height, width), np.uint8)
    points[place.integers(height, size=count), place.integers(width, size=count)] = 0
    distance, cell = cv2.distanceTransformWithLabels(
        points, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    inner = slice(margin, margin + size[0]), slice(margin, margin + size[1])
    if flat:
        return place.random(count + 1, dtype=np.float32)[cell[inner]]
    return distance[inner] / np.float32(period)


def _fractal(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> np.ndarray:
    """Add noise of several sizes, each half as large as the last; maybe stretched one way."""
    period, weight = 2 * _period(look), look.uniform(0.4, 0.8)
    stretch = np.exp(look.uniform(-1, 1))
    total = np.zeros(size, np.float32)
    for octave in range(4):
        step = max(period / 2**octave, 1.0)
        coarse = np.ceil(np.array(size) / (step * stretch, step / stretch)).astype(int) + 3
        noise = place.standard_normal(np.minimum(coarse, np.add(size, 3)), dtype=np.float32)
        fine = cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
        total += np.float32(weight**octave) * fine
    return 0.5 + 0.3 * total


def _gabor(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> np.ndarray:
    """Filter white noise to one direction and period (band-pass, or Gabor, noise)."""
    period, angle = min(_period(look), 14.0), look.uniform(0, np.pi)
    sigma, roundness = period * look.uniform(0.5, 0.9), look.uniform(0.3, 1)
    side = 2 * int(2 * sigma) + 1
    kernel: np.ndarray = cv2.getGaborKernel(
        (side, side), sigma, angle, period, roundness, 0, cv2.CV_32F
    )
    kernel -= kernel.mean()
    kernel /= np.linalg.norm(kernel)
    noise = place.standard_normal(size, dtype=np.float32)
    filtered = cv2.filter2D(noise, -1, kernel, borderType=cv2.BORDER_REFLECT)
    return 0.5 + 0.25 * filtered


def _woven(
    size: tuple[int, int], look: np.random.Generator, place: np.random.Generator
) -> np.ndarray:
    """Threads that cross over and under each other, rounded by shading."""
    u, v = _coordinates(size, look, place)
    over, wide = int(look.integers(1, 3)), look.uniform(0.65, 0.95)
    warp_up = (np.floor(u) + np.floor(v)) % (over + 1) < 1
    across_warp, across_weft = np.abs(u % 1 - 0.5) * 2 / wide, np.abs(v % 1 - 0.5) * 2 / wide
    warp = np.where(across_warp < 1, 0.6 + 0.4 * np.sqrt(np.maximum(1 - across_warp**2, 0)), 0)
    weft = np.where(across_weft < 1, 0.15 + 0.4 * np.sqrt(np.maximum(1 - across_weft**2, 0)), 0)
    upper, lower = np.where(warp_up, warp, weft), np.where(warp_up, weft, warp)
    return np.where(upper > 0, upper, lower)


def _hashed(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return one number of [0, 1) for every pair of whole numbers, always the same."""
    mixed = first.astype(np.int64) * 73_856_093 ^ second.astype(np.int64) * 19_349_663
    mixed = (mixed ^ mixed >> 13) * 1_274_126_177
    return ((mixed >> 8) & 0xFFFF).astype(np.float32) / np.float32(65536)


FAMILIES: dict[str, Field] = {
    "gratings": _gratings,
    "waves": _waves,
    "checks": _checks,
    "bricks": _bricks,
    "spots": _spots,
    "cells": _cells,
    "fractal": _fractal,
    "gabor": _gabor,
    "woven": _woven,
}
