"""Mosaics, and pictures of what a model sees in them or in a photo."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tamingseg.data.mosaics import LAYOUTS, MosaicDataset
from tamingseg.data.texture_formulas import formula_textures
from tamingseg.data.textures import Texture, load_textures
from tamingseg.evaluation.panels import draw_panels, panels
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.ui.shared.pictures import png, shrunk
from tamingseg.ui.wire import check_whole
from tamingseg.values import Sample
from tamingseg.viz import ERROR_COLOUR, contact_sheet

SIZE = (320, 480)
"""(height, width) of mosaics, in pixels."""

MAX_REGIONS = 60
"""Most regions of a mosaic, and of a photo in the pictures."""

PANEL_PIXELS = 320 * 480
"""Pictures of larger photos are drawn at this size."""

FORMULAS = 1000
"""Number of textures by formula to choose from, as in `tamingseg data mosaics`."""

Textures = Mapping[str, Callable[[int], Sequence[Texture]]]
"""Textures to choose from, by name; which ones there are may depend on the seed."""


def find_textures(folder: Path | None) -> Textures:
    """Return the textures by formula, and those of a folder of photos if there is one.

    Raises
    ------
    FileNotFoundError, ValueError
        As `load_textures`.
    """
    found: dict[str, Callable[[int], Sequence[Texture]]] = {
        "formula": partial(formula_textures, FORMULAS)
    }
    if folder is not None:
        photos = load_textures([folder])
        found[folder.resolve().name] = lambda seed: photos
    return found


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a mosaic depends on: name of the textures, seed, layout, number of regions."""

    textures: str
    seed: int
    layout: str
    regions: int

    @property
    def name(self) -> str:
        """What the mosaic is called."""
        return f"mosaic {self.textures} {self.layout} {self.regions} seed {self.seed}"


def check_recipe(value: Any, textures: Textures) -> Recipe:
    """Check and return a recipe; ValueError if there is no such mosaic."""
    if not isinstance(value, dict):
        raise ValueError("expected a recipe: textures, seed, layout and regions")
    name, layout = value.get("textures"), value.get("layout")
    if not isinstance(name, str) or name not in textures:
        raise ValueError(f"there are textures of {', '.join(textures)}")
    if not isinstance(layout, str) or layout not in LAYOUTS:
        raise ValueError(f"a mosaic is laid out as one of {', '.join(LAYOUTS)}")
    return Recipe(name, check_whole(value.get("seed")), layout, check_regions(value.get("regions")))


def check_regions(value: Any) -> int:
    """Check and return a number of regions."""
    if not 1 <= check_whole(value) <= MAX_REGIONS:
        raise ValueError(f"expected 1 to {MAX_REGIONS} regions, got {value}")
    return value


def make(recipe: Recipe, textures: Textures) -> Sample:
    """Make the mosaic of a recipe: the first that `tamingseg data mosaics` makes with it."""
    chosen = textures[recipe.textures](recipe.seed)
    mosaics = MosaicDataset(chosen, 1, recipe.seed, SIZE, recipe.regions, recipe.layout)
    return mosaics[0]


@dataclass(frozen=True, slots=True)
class Pictures:
    """What a model sees in an image, side by side.

    Attributes
    ----------
    files
        Title -> PNG; the first is the image itself.
    sheet
        All of them in one PNG.
    right
        Share of the pixels that are right after best matching; None if the truth is not known.
    recipe
        That of the mosaic; None for a photo.
    mosaic
        The mosaic itself; None for a photo.
    """

    files: Mapping[str, bytes]
    sheet: bytes
    right: float | None = None
    recipe: Recipe | None = None
    mosaic: Sample | None = None

    @property
    def nbytes(self) -> int:
        """Memory they occupy."""
        arrays = [] if self.mosaic is None else [self.mosaic.image, self.mosaic.label_maps]
        files = [self.sheet, *self.files.values()]
        return sum(map(len, files)) + sum(array.nbytes for array in arrays)

    def rest(self) -> None:
        """Do nothing: all of it is needed."""

    def remains(self) -> None:
        """Return nothing: the browser has it all."""

    def describe(self) -> dict[str, Any]:
        """Return everything but the files."""
        recipe = None if self.recipe is None else asdict(self.recipe)
        return {"right": self.right, "recipe": recipe}


def draw_mosaic(segmentor: Segmentor, recipe: Recipe, textures: Textures) -> Pictures:
    """Draw a mosaic, its truth, and what a model makes of it when told the number of regions."""
    sample = make(recipe, textures)
    truth = sample.label_maps[0]
    drawn = panels(segmentor, sample.image, recipe.regions, truth)
    wrong = (drawn["errors"] == ERROR_COLOUR).all(axis=-1)  # all else there is grey
    return Pictures(*_files(drawn), float(1 - wrong.mean()), recipe, sample)


def draw_photo(
    segmentor: Segmentor, embedding: ImageEmbedding, hierarchy: Hierarchy, regions: int
) -> Pictures:
    """Draw a photo and what a model makes of it: its embedding and its hierarchy by that model."""
    size = shrunk(embedding.image, PANEL_PIXELS).shape[:2]
    drawn = draw_panels(segmentor, embedding, hierarchy, regions, size=size)
    return Pictures(*_files(drawn))


def _files(drawn: Mapping[str, np.ndarray]) -> tuple[dict[str, bytes], bytes]:
    """Return pictures as PNG by their titles, and all of them in one."""
    return {title: png(picture) for title, picture in drawn.items()}, png(contact_sheet(drawn))
