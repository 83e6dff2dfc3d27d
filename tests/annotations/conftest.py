"""A project with everything that formats lose: holes, parts, thin lines, borders, overlaps."""

import io

import numpy as np
import pytest
from PIL import Image

from tamingseg.annotations.document import Annotation, Label, Made, Photo, Project
from tamingseg.masks.rle import encode_rle
from tamingseg.values import Click

SIZE = (24, 31)


def mask_of(*boxes, without=()):
    """Boxes are (top, left, bottom, right)."""
    mask = np.zeros(SIZE, bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    for top, left, bottom, right in without:
        mask[top:bottom, left:right] = False
    return mask


MASKS = {
    "plain": mask_of((3, 4, 9, 12)),
    "hole": mask_of((10, 2, 20, 12), without=[(13, 5, 17, 9)]),
    "two parts": mask_of((2, 14, 5, 18), (10, 14, 13, 20)),
    "a pixel wide": mask_of((15, 14, 16, 30)),
    "at the border": mask_of((0, 20, 24, 31), without=[(5, 20, 24, 26)]),
    "corner only": mask_of((18, 14, 20, 16), (20, 16, 22, 18)),
    "one pixel": mask_of((22, 2, 23, 3)),
    "all": np.ones(SIZE, bool),
}
"""They overlap where they can."""


@pytest.fixture
def masks():
    return MASKS


@pytest.fixture
def project():
    """Two photos and an empty one, three labels, hidden and locked objects."""
    kinds = ("cell", "dirt", "größte Zelle")
    objects = tuple(
        Annotation(kinds[number % 3], encode_rle(mask), name)
        for number, (name, mask) in enumerate(MASKS.items())
    )
    made = Made("clicks", (Click(3.5, 4.5), Click(20, 30, False)), (0.5, 0.25), 0.4)
    hidden = Annotation("cell", encode_rle(MASKS["hole"]), "", True, True, made)
    return Project(
        (Label("cell", "#112233", "1"), Label("dirt", "#e69f00"), Label(kinds[2], "#009e73")),
        (
            Photo("day1/a.jpg", SIZE, objects[:-1], "done"),
            Photo("day2/b.png", SIZE, (objects[-1], hidden)),
            Photo("nothing.png", SIZE, (), "empty"),
        ),
    )


@pytest.fixture
def images(project, rng):
    """The photos' files by name."""
    files = {}
    for photo in project.photos:
        file = io.BytesIO()
        pixels = rng.integers(0, 256, (*photo.size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(file, "PNG" if photo.name.endswith("png") else "JPEG")
        files[photo.name] = file.getvalue()
    return files
