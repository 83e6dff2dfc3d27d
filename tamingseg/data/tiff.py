"""TIFF files with several channels of more than 8 bits, and pages.

Pillow knows no colours of 32 bits or of floating-point numbers. Where every channel lies in a plane
of its own, Pillow and OpenCV decode 16 bits wrongly. tifffile decodes them all, but of compressions
only those that Python itself knows; for the others OpenCV is asked, unless there are planes.
"""

import io
import logging
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin

from tamingseg.data.brightness import scaled, to_8_bits
from tamingseg.data.limits import check_size

_LOG = logging.getLogger(__name__)
logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what is wrong is said below

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF files begin."""

MAX_PAGES = 10_000
"""Further ones are left out."""

Source = str | Path | bytes
"""A path, or the bytes of a file."""

_ORIENTATION = 274  # a tag of TIFF
_SEPARATED, _RGB, _GREYS, _PLANES = 5, 2, (0, 1), 2  # values of tags
_SIDEWAYS = 5  # orientations from here on exchange height and width
_NATIVE = {"I;16S": "I;16NS", "I;32S": "I;32NS", "F;32F": "F;32NF"} | {
    "I;16BS": "I;16NS",
    "I;32BS": "I;32NS",
    "F;32BF": "F;32NF",
}
"""Pillow's names of numbers in the order of the file -> in the order of the machine."""
_ALPHA = (1, 2)  # kinds of further channels that are transparency


class Deep(NamedTuple):
    """Pixels of 8 bits, out of more.

    Attributes
    ----------
    image
        Mode L, LA, RGB, RGBA or CMYK.
    orientation
        As in EXIF data.
    """

    image: Image.Image
    orientation: int


def read_deep(source: Source, place: int, name: str) -> Deep | None:
    """Read the page at a `place` if it has several channels of more than 8 bits; else None.

    Raises
    ------
    ValueError
        If it is too large, or has colours or a compression that nothing here decodes.
    """
    try:
        with _opened(source) as file:
            page = file.pages[place].aspage()
            dtype, channels, kind = page.dtype, page.samplesperpixel, page.photometric
            height, width = page.imagelength, page.imagewidth
            planes = page.planarconfig == _PLANES
            extra = tuple(page.extrasamples)
            orientation = page.tags.valueof(_ORIENTATION, default=1)
    except Exception:  # damaged; whoever else reads it says so
        return None
    if dtype is None or dtype.itemsize == 1 or (channels == 1 and dtype != np.float16):
        return None
    check_size(width, height, name, channels * dtype.itemsize)
    if kind not in (*_GREYS, _RGB, _SEPARATED):
        raise ValueError(f"{name} has colours of a kind that is not read here; save it as RGB")
    try:
        pixels = _decode(source, place, planes)
    except Exception as error:  # decoders raise whatever they like
        unknown = "imagecodecs" in str(error)  # a package with more compressions, LZW for one
        by_opencv = _decode_by_opencv(source, place) if unknown and not planes else None
        if by_opencv is None:
            raise ValueError(
                f"{name} cannot be decoded ({error}); save it without compression"
            ) from error
        pixels = by_opencv
        height, width = (width, height) if orientation >= _SIDEWAYS else (height, width)
        orientation = 1
    if pixels.shape != (height, width, channels):
        raise ValueError(f"{name} is damaged: its parts have different sizes; get it again")
    return Deep(_image_of(pixels, kind == _SEPARATED, extra, name), orientation)


def keep_native_order(image: Image.Image) -> None:
    """Have the numbers of an opened page decoded rightly, if Pillow would swap their bytes.

    Of compressed pages, the decoder returns the order of the machine, and Pillow takes it for that
    of the file (findings/pillow-swaps-compressed-big-endian.sh). Other images stay as they are.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    image.tile = [
        tile._replace(args=(_NATIVE.get(tile.args[0], tile.args[0]), *tile.args[1:]))
        if tile.codec_name == "libtiff" and isinstance(tile.args, tuple)
        else tile
        for tile in image.tile
    ]


def _image_of(pixels: np.ndarray, cmyk: bool, extra: tuple[int, ...], name: str) -> Image.Image:
    """Scale numbers (H, W, C) to an image; `extra` says what the channels beyond colours are."""
    channels = pixels.shape[2]
    colours = 1 if channels < 3 else 4 if cmyk and channels > 3 else 3
    eight = scaled(pixels[..., :colours], None, name)
    if colours == 4:
        return Image.fromarray(eight, "CMYK")
    if channels > colours and extra[:1] and extra[0] in _ALPHA:
        opaque = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
        alpha = to_8_bits(pixels[..., colours : colours + 1], 0, opaque)
        eight = np.concatenate([eight, alpha], axis=2)
    elif channels > colours:
        _LOG.warning("%s has %s channels; the first %s are read", name, channels, colours)
    return Image.fromarray(eight[..., 0] if eight.shape[2] == 1 else eight)


def find_pages(source: Source) -> list[int]:
    """Return the places of the pages that are no smaller copies of others; at least [0].

    What is damaged after the first page is left out.
    """
    places: list[int] = []
    try:
        with _opened(source) as file:
            for place, page in enumerate(islice(file.pages, MAX_PAGES)):
                if place == 0 or not page.aspage().is_reduced:
                    places.append(place)
    except Exception:  # the first page may be sound
        return places or [0]
    return places or [0]


def _opened(source: Source) -> tifffile.TiffFile:
    return tifffile.TiffFile(io.BytesIO(source) if isinstance(source, bytes) else source)


def _decode(source: Source, page: int, planes: bool) -> np.ndarray:
    """Return the numbers of a page as (H, W, C)."""
    with _opened(source) as file:
        pixels = file.pages[page].asarray(maxworkers=1)
    return np.atleast_3d(np.moveaxis(pixels, 0, -1) if planes else pixels)


def _decode_by_opencv(source: Source, page: int) -> np.ndarray | None:
    """Do the same for all compressions of channels side by side; None if they are damaged.

    OpenCV turns photos upright.
    """
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    flags = cv2.IMREAD_UNCHANGED
    _, images = cv2.imdecodemulti(np.frombuffer(data, np.uint8), flags, range=(page, page + 1))
    if len(images) != 1:
        return None
    pixels = np.atleast_3d(images[0])
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]] if pixels.shape[2] in (3, 4) else pixels
