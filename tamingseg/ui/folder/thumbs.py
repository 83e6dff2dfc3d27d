"""Small pictures of the folder's photos, with the objects that were made in them."""

import io
from collections import OrderedDict

import numpy as np
from PIL import Image

from tamingseg.annotations.document import Photo
from tamingseg.data.base import read_image
from tamingseg.masks.rle import sample_rle
from tamingseg.session.state import PALETTE
from tamingseg.ui.click.annotated import colour_of, colours_of
from tamingseg.ui.folder.project import FolderProject
from tamingseg.ui.shared.pictures import THUMB, jpeg, middle_square, thumbnail

_KEPT = 4000
"""Small pictures of photos that are kept in memory, of about 3 kB."""

_OPACITY = 0.5


class Thumbs:
    """The small pictures of a folder, JPEG. Safe to use from several threads."""

    def __init__(self, project: FolderProject) -> None:
        self._project = project
        self._bare: OrderedDict[str, bytes] = OrderedDict()  # without objects, by the name

    def find(self, name: str) -> bytes:
        """Return the small picture of a photo with its objects; raises as `read_image` does."""
        photo, bare = self._project.photo(name), self._bare.get(name)
        if bare is None:
            image = read_image(self._project.path(name), side=2 * THUMB)
            bare = self._bare[name] = thumbnail(image)
            while len(self._bare) > _KEPT:
                self._bare.popitem(last=False)
        return self._painted(bare, photo) if photo.objects else bare

    def _painted(self, bare: bytes, photo: Photo) -> bytes:
        """Lay what is not hidden of a photo's objects, in their colours, on its small picture."""
        pixels = np.array(Image.open(io.BytesIO(bare)))
        top, left, side = middle_square(photo.size)
        places = np.arange(THUMB) * side // THUMB + side // (2 * THUMB)
        colours = colours_of(self._project.labels)
        for number, item in enumerate(photo.objects, 1):
            if not item.hidden:
                inside = sample_rle(item.mask, photo.size, top + places, left + places)
                colour = bytes.fromhex(PALETTE[colour_of(item, number, colours)].removeprefix("#"))
                pixels[inside] = (1 - _OPACITY) * pixels[inside] + _OPACITY * np.array([*colour])
        return jpeg(pixels)
