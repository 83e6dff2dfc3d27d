"""What a texture is, and textures from folders of photos; `texture_formulas.py` makes others."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from tamingseg.checks import check_image
from tamingseg.data.base import read_image
from tamingseg.data.files import IMAGE_SUFFIXES, find_files, name_of

_SCALES = 0.7, 1.4
"""A photo is shown between these sizes: enough to vary it, too little to make it another thing."""


class Texture(Protocol):
    """Something from which pictures of any size can be drawn that all show the same stuff.

    `name` is for people; `identity` is a text that changes with what is drawn, so that a data set
    made of textures knows when it is another one.
    """

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def identity(self) -> str:
        """What tells it from all other textures."""
        ...

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Draw a random part: uint8 RGB of `size` = (height, width)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PhotoTexture:
    """A photo full of one stuff, uint8 RGB (H, W, 3).

    Drawn are parts of it, mirrored, turned by quarters and a little scaled; where the photo ends it
    goes on as its mirror image.
    """

    pixels: np.ndarray = field(repr=False)
    name: str

    def __post_init__(self) -> None:
        check_image(self.pixels, f"texture {self.name!r}")

    @property
    def identity(self) -> str:
        """Its name and a hash of its pixels."""
        digest = hashlib.sha256(self.pixels.tobytes()).hexdigest()[:12]
        return f"photo {self.name} {self.pixels.shape} {digest}"

    def draw(self, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Draw a random part: uint8 RGB of `size` = (height, width)."""
        scale = np.exp(rng.uniform(*np.log(_SCALES)))
        pixels = np.rot90(self.pixels, int(rng.integers(4)))  # views: nothing is copied yet
        if rng.random() < 0.5:
            pixels = pixels[:, ::-1]
        rows, cols = (
            _walk(round(wanted / scale) or 1, there, rng)
            for wanted, there in zip(size, pixels.shape[:2], strict=True)
        )
        part = pixels[rows[:, None], cols]
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return cv2.resize(part, size[::-1], interpolation=method)


def load_textures(folders: Sequence[str | Path]) -> list[PhotoTexture]:
    """Read all photos of some folders, subfolders included, in order of their names.

    Raises
    ------
    FileNotFoundError
        If a folder is missing.
    ValueError
        If there is no photo in a folder, or one is damaged; names it.
    """
    textures = []
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {folder}; expected one of texture photos")
        paths = find_files(folder).files
        if not paths:
            raise ValueError(
                f"{folder} holds no texture photo; expected files that end with "
                f"{', '.join(IMAGE_SUFFIXES)}"
            )
        textures += [PhotoTexture(read_image(path), name_of(path, folder)) for path in paths]
    return textures


def _walk(count: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Return `count` successive places of a line of `length`, from anywhere, turning at its ends.

    A stretch that fits in is not mirrored.
    """
    start = rng.integers(max(length - count, 0) + 1) if count <= length else rng.integers(length)
    places = (start + np.arange(count)) % (2 * length)
    return np.minimum(places, 2 * length - 1 - places)
