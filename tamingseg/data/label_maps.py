"""Label maps from files: which values are regions, which background, and which are void.

A `Sample` knows regions (values above 0), 0, and `VOID`. Files follow many conventions, so a
`Meaning` says what their values are. What it does not say is taken as most files mean it: every
value above 0 is one region. Two conventions show in the file itself and are noted in the log: void
in the colour that Pascal VOC gives it, and objects in the colours of VOC and DAVIS-2017.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tamingseg.data.base import opened
from tamingseg.values import VOID

_LOG = logging.getLogger(__name__)

_VOID_16_BITS = 2**16 - 1

_VOID_COLOUR = (224, 224, 192)  # of value 255 in Pascal VOC
_TRIMAP = {0, 64, 128, 255}  # values of GrabCut: 128 is unknown, 64 and 0 are not the object


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the values of label maps mean.

    Attributes
    ----------
    void
        Values of pixels that count neither way; values below 0 always are.
    background
        Values that are known to be in no region. With any, 0 is void unless it is among them.
    one_object
        Whether all other values together are one region.
    """

    void: tuple[int, ...] = ()
    background: tuple[int, ...] = ()
    one_object: bool = False

    def labels(self, values: np.ndarray) -> np.ndarray:
        """Return the int32 labels of a sample for whole numbers of a file, (H, W).

        Examples
        --------
        >>> values = np.array([[0, 64, 128, 255]])
        >>> GRABCUT.labels(values).tolist()
        [[0, 0, -1, 1]]
        """
        void = (values < 0) | np.isin(values, self.void)
        background = np.isin(values, self.background)
        if self.background:
            void |= (values == 0) & ~background
        labels = np.where(self.one_object & (values > 0), 1, values).astype(np.int32)
        labels[background] = 0
        labels[void] = VOID
        return labels


GRABCUT = Meaning(void=(128,), background=(0, 64), one_object=True)
PASCAL_VOC = Meaning(void=(255,))


def read_label_map(path: str | Path, meaning: Meaning | None = None) -> np.ndarray:
    """Read a PNG, TIFF or BMP with one whole number per pixel as an int32 (H, W) label map.

    Without a `meaning` every value above 0 is a region, but for 255 in the colours of Pascal VOC.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, has several channels, or numbers that are not whole.
    """
    with opened(path) as image:
        pixels, colours = np.array(image), _colours(image)
    if pixels.ndim == 2 and pixels.dtype.kind == "f" and (np.abs(pixels) < 2**24).all():
        whole = pixels.astype(np.int32)  # some programs write whole numbers as floating-point ones
        pixels = whole if (whole == pixels).all() else pixels
    if pixels.ndim != 2 or pixels.dtype.kind not in "bui":
        raise ValueError(
            f"label map {path} must have one whole number per pixel (grey or palette PNG, or TIFF),"
            f" got {pixels.dtype} of shape {pixels.shape}; save it with one channel of whole "
            "numbers"
        )
    values = pixels.astype(np.int32)
    return (meaning or _meaning_of(values, colours, path)).labels(values)


def read_object(path: str | Path) -> np.ndarray:
    """Read the mask of one object: int32 (H, W), 1 where the file is not black.

    Raises like `tamingseg.data.base.read_image`.
    """
    with opened(path) as image:
        if image.mode == "P":  # its numbers are places in a table of colours
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        pixels = np.atleast_3d(np.array(image))
    colours = pixels.shape[2] - (pixels.shape[2] in (2, 4))  # transparency is last and no colour
    return np.asarray((pixels[..., :colours] > 0).any(axis=2), np.int32)


def read_objects(path: str | Path) -> np.ndarray:
    """Read the mask of one object, or of several where the file says so: int32 (H, W).

    A palette PNG in the colours of VOC and DAVIS-2017 has several, with 255 for void. A grey file
    of exactly the values 0, 128 and 255, and perhaps 64, is one of GrabCut's: 128 is void. In any
    other the object is what is not black, as in `read_object`.
    """
    with opened(path) as image:
        values = np.array(image) if image.mode in ("L", "P") else np.zeros(0, np.uint8)
        colours = _colours(image)
    used = set(np.unique(values).tolist())
    if colours is not None and len(used - {0, 255}) > 1 and _are_voc_colours(colours, used):
        _LOG.info("%s has a value for each object, as DAVIS-2017 has, and 255 for void", path)
        return PASCAL_VOC.labels(values.astype(np.int32))
    if colours is None and {128, 255} <= used <= _TRIMAP:
        _LOG.info("%s is read as of GrabCut: 255 is the object, 128 is void", path)
        return GRABCUT.labels(values.astype(np.int32))
    return read_object(path)


def as_16_bits(labels: np.ndarray) -> np.ndarray:
    """Keep labels from `VOID` to 2^16 - 2 as uint16, any shape; `from_16_bits` undoes it."""
    return labels.astype(np.uint16)  # VOID becomes the largest number


def from_16_bits(labels: np.ndarray) -> np.ndarray:
    """Return int32 labels from what `as_16_bits` made.

    Examples
    --------
    >>> from_16_bits(as_16_bits(np.array([-1, 0, 65534]))).tolist()
    [-1, 0, 65534]
    """
    values = labels.astype(np.int32)
    values[values == _VOID_16_BITS] = VOID
    return values


def resized_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return labels (H, W), from `VOID` to 2^16 - 2, at `size` = (height, width), as int32."""
    # INTER_NEAREST_EXACT samples pixel centres; INTER_NEAREST shifts masks by up to a pixel.
    small = cv2.resize(as_16_bits(labels), size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return from_16_bits(small)


def _meaning_of(values: np.ndarray, colours: np.ndarray | None, path: str | Path) -> Meaning:
    """Return what the values of a map mean of which nobody says so; note what is assumed."""
    used = np.unique(values)
    if used[-1] != 255 or len(used) < 3:
        return Meaning()
    if colours is not None and len(colours) == 256 and tuple(colours[255]) == _VOID_COLOUR:
        _LOG.info("%s has the colours of Pascal VOC: 255 is void", path)
        return PASCAL_VOC
    if used[-2] < 254:
        _LOG.info(
            "%s: 255 is read as a region like the smaller values; if it is void, say "
            '"void": 255 in set.json, if not, "void": []',
            path,
        )
    return Meaning()


def _colours(image: Image.Image) -> np.ndarray | None:
    """Return the table of colours of a palette image, uint8 (N, 3); None if it has none."""
    if image.mode != "P":
        return None
    return np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)


def _are_voc_colours(colours: np.ndarray, values: Sequence[int] | set[int]) -> bool:
    """Whether the values but 255 have VOC's colours; DAVIS-2017 writes 191 for 192."""
    places = np.array([value for value in values if value < 255])
    if places.max() >= len(colours):
        return False
    return bool((np.abs(colours[places].astype(int) - voc_colours(places)) <= 1).all())


def voc_colours(values: np.ndarray) -> np.ndarray:
    """Return VOC's colours (N, 3): the bits of a value in turn go to red, green and blue.

    Source: VOClabelcolormap.m of Pascal VOC's development kit.
    """
    colours = np.zeros((len(values), 3), int)
    for bit in range(8):
        colours[:, bit % 3] |= (values >> bit & 1) << (7 - bit // 3)
    return colours
