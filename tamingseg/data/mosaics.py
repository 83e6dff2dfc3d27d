"""Mosaics: pictures put together from textures, so that the true regions are known exactly."""

import hashlib
from collections.abc import Sequence

import cv2
import numpy as np
from scipy import ndimage

from tamingseg.checks import check_choice
from tamingseg.data.limits import MAX_PIXELS
from tamingseg.data.textures import Texture
from tamingseg.values import Sample

LAYOUTS = ("voronoi", "wavy", "grid")
"""Straight borders between random points, any borders bent, or rows of rectangles."""

MOST_MOSAICS = 10_000_000
"""Of a data set: their names are kept in memory."""

MOST_SIDE = 32_766
"""Pixels of a side: what OpenCV can bend."""

MOST_REGIONS = 65_535
"""Of a mosaic in a data set: label maps of files have at most 16 bits."""


def make_mosaic(
    textures: Sequence[Texture],
    size: tuple[int, int],
    layout: str,
    regions: int,
    rng: np.random.Generator,
    name: str = "mosaic",
) -> Sample:
    """Make a picture of `regions` regions; those that touch show different textures.

    Parameters
    ----------
    textures
        What to choose from, at random and each once if there are enough.
    size
        (height, width) in pixels.
    layout
        One of `LAYOUTS`.
    regions
        How many, from 1 to the number of pixels.

    Returns
    -------
    A sample with one label map of labels 1..regions, each with a pixel at least. Regions are
    connected, up to a pixel or two in sharp corners.

    Raises
    ------
    ValueError
        If the layout is unknown, size or regions are impossible, or the textures are too few for
        neighbours to differ.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import formula_textures, make_mosaic
    >>> rng = np.random.default_rng(0)
    >>> mosaic = make_mosaic(formula_textures(10), (32, 48), "voronoi", regions=3, rng=rng)
    >>> mosaic.image.shape, np.unique(mosaic.label_maps).tolist()
    ((32, 48, 3), [1, 2, 3])
    """
    check_choice(layout, LAYOUTS, "layout")
    _check_size(size, regions)
    height, width = size
    labels = _lay_out(size, layout, regions, rng)
    chosen = _choose_textures(labels, regions, len(textures), rng)
    image = np.empty((height, width, 3), np.uint8)
    for number, box in enumerate(ndimage.find_objects(labels)):
        inside = labels[box] == number + 1
        patch = textures[chosen[number]].draw(inside.shape, rng)
        np.copyto(image[box], patch, where=inside[..., None])
    return Sample(image, labels[None], name)


class MosaicDataset:
    """`count` mosaics, made when they are asked for; mosaic i follows from the settings and i.

    Parameters
    ----------
    textures
        What to choose from, see `load_textures` and `formula_textures`.
    count
        How many mosaics; a longer set begins with those of a shorter one.
    seed
        Other seeds give other mosaics.
    size
        (height, width) in pixels.
    regions
        How many regions, or the least and the most of a range to draw from.
    layout
        One of `LAYOUTS`; None draws one for each mosaic.
    name
        What records call the data set.

    Raises
    ------
    ValueError
        If there is no texture, or a setting is impossible.
    """

    partition = True

    def __init__(
        self,
        textures: Sequence[Texture],
        count: int,
        seed: int = 0,
        size: tuple[int, int] = (256, 256),
        regions: int | tuple[int, int] = (2, 10),
        layout: str | None = None,
        name: str = "mosaics",
    ) -> None:
        low, high = (regions, regions) if isinstance(regions, int) else regions
        if not textures:
            raise ValueError("no textures to make mosaics of; load or make at least one")
        if not 1 <= count <= MOST_MOSAICS or seed < 0:
            raise ValueError(
                f"expected 1 to {MOST_MOSAICS} mosaics and a seed of 0 or more, got {count} and "
                f"{seed}"
            )
        if not 1 <= low <= high <= MOST_REGIONS:
            raise ValueError(
                f"expected 1 <= least regions <= most regions <= {MOST_REGIONS}, got {low} and "
                f"{high}"
            )
        if layout is not None:
            check_choice(layout, LAYOUTS, "layout")
        _check_size(size, low)
        self._textures, self._regions = textures, (low, high)
        self._seed, self._size, self._layout = seed, size, layout
        self.name = name
        self.names = [f"{number:06d}" for number in range(count)]
        self.settings = {
            "seed": seed,
            "size": list(size),
            "regions": [low, high],
            "layout": layout or "any",
        }
        facts = [texture.identity for texture in textures], sorted(self.settings.items())
        self.fingerprint = hashlib.sha256(repr(facts).encode()).hexdigest()[:12]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        """Make mosaic `index`; raises ValueError if its textures or its pixels are too few."""
        name = self.names[index]
        rng = np.random.default_rng([self._seed, int(name)])
        layout = self._layout or LAYOUTS[rng.integers(len(LAYOUTS))]
        regions = int(rng.integers(self._regions[0], self._regions[1], endpoint=True))
        return make_mosaic(self._textures, self._size, layout, regions, rng, name)


def _check_size(size: tuple[int, int], regions: int) -> None:
    height, width = size
    if height * width > MAX_PIXELS or max(size) > MOST_SIDE:
        raise ValueError(
            f"a mosaic can have {MAX_PIXELS} pixels and sides of {MOST_SIDE}, got {height} x "
            f"{width}"
        )
    if height < 1 or width < 1 or not 1 <= regions <= height * width:
        raise ValueError(
            f"a mosaic of {height} x {width} pixels (height x width) can have 1 to "
            f"{max(height, 0) * max(width, 0)} regions, got {regions}"
        )


def _lay_out(
    size: tuple[int, int], layout: str, regions: int, rng: np.random.Generator
) -> np.ndarray:
    """Return int32 (height, width), labels 1..regions."""
    if layout == "grid" or (layout == "wavy" and rng.random() < 0.5):
        labels = _grid(size, regions, rng)
    else:
        labels = _voronoi(size, regions, rng)
    return _bend(labels, regions, rng) if layout == "wavy" else labels


def _voronoi(size: tuple[int, int], regions: int, rng: np.random.Generator) -> np.ndarray:
    """Give every pixel to the nearest of random points, which are spread out a little."""
    points = rng.choice(size[0] * size[1], regions, replace=False)
    labels = _nearest(size, points)
    for _ in range(2):  # Lloyd's steps: else some regions would be too small to see
        rows, cols = np.indices(size).reshape(2, -1)
        areas = np.bincount(labels.ravel())[1:]
        centres = [np.bincount(labels.ravel(), place)[1:] / areas for place in (rows, cols)]
        spread = np.ravel_multi_index(np.round(centres).astype(int), size)
        if len(np.unique(spread)) < regions:
            break
        labels = _nearest(size, spread)
    return labels


def _nearest(size: tuple[int, int], points: np.ndarray) -> np.ndarray:
    """Return int32 (height, width): 1 + the number of the nearest point (given as flat index)."""
    others = np.ones(size, np.uint8)
    others.flat[points] = 0
    _, nearest = cv2.distanceTransformWithLabels(
        others, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    numbers = np.zeros(nearest.max() + 1, np.int32)
    numbers[nearest.flat[points]] = np.arange(1, len(points) + 1)
    return numbers[nearest]


def _grid(size: tuple[int, int], regions: int, rng: np.random.Generator) -> np.ndarray:
    """Divide into rows, and each row into its share of nearly square cells."""
    height, width = size
    wanted = round(np.sqrt(regions * height / width))
    rows = int(np.clip(wanted, -(-regions // width), min(height, regions)))
    cells = np.full(rows, regions // rows)
    cells[rng.permutation(rows)[: regions % rows]] += 1
    row = np.arange(height) * rows // height
    column = np.arange(width) * cells[row, None] // width
    first = np.cumsum(cells) - cells
    return (first[row, None] + column + 1).astype(np.int32)


def _bend(labels: np.ndarray, regions: int, rng: np.random.Generator) -> np.ndarray:
    """Bend the borders as far as no region gets lost.

    The shift changes by less than a pixel from one pixel to the next and nothing is moved across
    the edges of the image, so regions are not torn.
    """
    size = labels.shape
    rows, cols = np.indices(size, np.float32)
    length = np.clip(np.sqrt(size[0] * size[1] / regions), 8, 80) * rng.uniform(0.7, 1.5)
    shifts = [
        _smooth_noise(size, length, rng) * np.clip(np.minimum(place, last - place) / length, 0, 1)
        for place, last in ((rows, size[0] - 1), (cols, size[1] - 1))
    ]
    slopes = [np.abs(np.diff(shift, axis=axis)) for shift in shifts for axis in (0, 1)]
    strength = 0.6 / max(1e-6, *(slope.max(initial=0) for slope in slopes))
    while strength > 0.1 / max(size):
        down, right = ((strength * shift).astype(np.float32) for shift in shifts)
        bent = cv2.remap(
            labels.astype(np.float32),  # exact: labels are at most the number of pixels
            cols + right,
            rows + down,
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.int32)
        if np.bincount(bent.ravel(), minlength=regions + 1)[1:].all():
            return bent
        strength /= 2
    return labels


def _smooth_noise(size: tuple[int, int], length: float, rng: np.random.Generator) -> np.ndarray:
    """Return float32 (height, width): noise whose hills are about `length` pixels apart."""
    coarse = [int(np.ceil(side / length)) + 2 for side in size]
    noise = rng.standard_normal(coarse, dtype=np.float32)
    return cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)


def _choose_textures(
    labels: np.ndarray, regions: int, textures: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the number of a texture for each region, different for those that touch."""
    if textures >= regions:
        return rng.choice(textures, regions, replace=False)
    neighbours = _neighbours(labels, regions)
    chosen = np.full(regions, -1)
    possible = np.full(regions, textures)  # how many textures each region could still take
    for _ in range(regions):  # the region with the least choice first (Brelaz 1979)
        region = int(np.where(chosen < 0, possible, textures + 1).argmin())
        choice = _possible_textures(chosen[neighbours[region]], textures)
        if not len(choice):
            raise ValueError(
                f"{textures} textures are too few for {regions} regions whose neighbours differ; "
                "give more textures"
            )
        chosen[region] = rng.choice(choice)
        for other in neighbours[region]:
            possible[other] = len(_possible_textures(chosen[neighbours[other]], textures))
    return chosen


def _possible_textures(around: np.ndarray, textures: int) -> np.ndarray:
    """Return the numbers of textures that no neighbour has; one without texture has -1."""
    return np.setdiff1d(np.arange(textures), around)


def _neighbours(labels: np.ndarray, regions: int) -> list[np.ndarray]:
    """For each region the numbers (label - 1) of those it shares a border with."""
    numbers = labels.astype(np.int64) - 1
    pairs = [
        (numbers[:-1].ravel(), numbers[1:].ravel()),
        (numbers[:, :-1].ravel(), numbers[:, 1:].ravel()),
    ]
    one, other = (np.concatenate(side) for side in zip(*pairs, strict=True))
    codes = np.concatenate([one * regions + other, other * regions + one])
    codes = np.unique(codes[np.concatenate([one != other] * 2)])
    first, second = np.divmod(codes, regions)
    return np.split(second, np.searchsorted(first, np.arange(1, regions)))
