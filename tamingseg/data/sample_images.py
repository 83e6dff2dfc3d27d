"""The photos the app and the demos start with: those that ship inside scikit-image's wheel.

All are free to use; scikit-image's `data` module says where each comes from. Nothing is downloaded.

The label maps in `sample_truth` were made for this package: outlines set by hand, point by point,
and checked over the photo; the coins by watershed of the gradient from their dark ground and bright
middles. What stands in front of what is cut out of it, a wheel is filled, a lattice too.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import skimage

from tamingseg.checks import check_choice
from tamingseg.data.base import read_image
from tamingseg.data.label_maps import read_label_map
from tamingseg.values import Sample

_FILES = {
    "coffee": "coffee.png",
    "cat": "chelsea.png",
    "astronaut": "astronaut.png",
    "motorcycle": "motorcycle_left.png",
    "rocket": "rocket.jpg",
    "coins": "coins.png",
}

_FOLDER = Path(skimage.__file__).parent / "data"
"""Read from there, for scikit-image's own functions load all it has for reading images."""

_TRUTH = Path(__file__).parent / "sample_truth"

SAMPLE_IMAGES = tuple(_FILES)
"""Names for `load_sample_image`, the one to start with first."""


SAMPLE_PHOTOS = "sample-photos"
"""Name of `SamplePhotos`, wherever a data set can be named."""


def load_sample_image(name: str) -> np.ndarray:
    """Return one of `SAMPLE_IMAGES`, uint8 RGB (H, W, 3); raises ValueError for another name.

    Examples
    --------
    >>> from tamingseg import load_sample_image
    >>> load_sample_image("cat").shape
    (300, 451, 3)
    """
    check_choice(name, SAMPLE_IMAGES, "sample image")
    return read_image(_FOLDER / _FILES[name])


def load_sample_truth(name: str) -> np.ndarray:
    """Return the label map of one of `SAMPLE_IMAGES`, int32 (H, W), 0 = nothing that is named."""
    check_choice(name, SAMPLE_IMAGES, "sample image")
    return read_label_map(_TRUTH / f"{name}.png")


class SamplePhotos:
    """The photos as a data set, `SAMPLE_PHOTOS`: what can be measured where nothing else is.

    Examples
    --------
    >>> photos = SamplePhotos()
    >>> photos.names[1], photos[1].label_maps.shape
    ('cat', (1, 300, 451))
    """

    name = SAMPLE_PHOTOS
    names: Sequence[str] = SAMPLE_IMAGES
    partition = False
    problems: Sequence[str] = ()

    def __init__(self) -> None:
        content = hashlib.sha256()
        for name in self.names:
            content.update(load_sample_image(name).tobytes() + load_sample_truth(name).tobytes())
        self.fingerprint = content.hexdigest()[:12]

    def __len__(self) -> int:
        """How many photos there are."""
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        """Load one photo and its label map, where 0 is a known negative of every object."""
        name = self.names[index]
        return Sample(load_sample_image(name), load_sample_truth(name)[None], name)
