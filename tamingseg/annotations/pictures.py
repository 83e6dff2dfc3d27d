"""Masks and maps as PNG files, and back. Photos are read by `tamingseg.data.base`."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from tamingseg.annotations.document import MAX_PIXELS
from tamingseg.data.label_maps import voc_colours
from tamingseg.data.tiff import keep_native_order

VOC_VOID = (224, 224, 192)
"""The colour of Pascal VOC's value 255."""

_KEEPING = ("PNG", "TIFF", "BMP")
"""Formats that keep every number."""


def png(pixels: np.ndarray, colours: Sequence[str] | None = None) -> bytes:
    """Return bool, uint8, uint16 (H, W) or uint8 (H, W, 4) pixels as a PNG.

    With `colours`, #rrggbb for the values from 0 on, it is a palette PNG.
    """
    image = Image.fromarray(pixels)
    if colours is not None:
        image.putpalette(b"".join(bytes.fromhex(colour[1:]) for colour in colours))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def tiff(labels: np.ndarray) -> bytes:
    """Return int32 (H, W) labels as a TIFF."""
    file = io.BytesIO()
    Image.fromarray(labels).save(file, "TIFF", compression="tiff_lzw")
    return file.getvalue()


def read_numbers(data: bytes, most: int = MAX_PIXELS) -> np.ndarray:
    """Read the numbers of a PNG, TIFF or BMP as they are stored, (H, W) or (H, W, C).

    Raises
    ------
    ValueError
        If it is damaged, something else, or has more than `most` pixels.
    """
    return _read(data, most)[0]


def read_labels(data: bytes, colours: Sequence[str] = ()) -> np.ndarray:
    """Read a map with a whole number per pixel as int64 (H, W); void of Pascal VOC becomes 0.

    With `colours`, #rrggbb for the values from 0 on, a picture in these colours is read as well.

    Raises
    ------
    ValueError
        If it is damaged, or has several channels, other numbers or other colours.
    """
    pixels, palette = _read(data, MAX_PIXELS)
    if colours and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8:
        return _by_colour(pixels, colours)
    if pixels.ndim != 2 or pixels.dtype.kind not in "bui":
        raise ValueError(
            f"expected one whole number per pixel, got {pixels.dtype} of shape {pixels.shape}"
        )
    labels = pixels.astype(np.int64)
    if tuple(palette[255 * 3 : 256 * 3]) == VOC_VOID:
        labels[labels == 255] = 0
    return labels


def voc_palette() -> list[str]:
    """Return the 256 colours of Pascal VOC's maps as #rrggbb."""
    colours = voc_colours(np.arange(256))
    colours[255] = VOC_VOID
    return ["#" + bytes(colour).hex() for colour in colours.astype(np.uint8)]


def _by_colour(pixels: np.ndarray, colours: Sequence[str]) -> np.ndarray:
    values = {colour: value for value, colour in reversed(list(enumerate(colours)))}
    values |= {"#" + bytes(VOC_VOID).hex(): 0}
    found, places = np.unique(
        pixels.astype(np.int64) @ (2**16, 2**8, 1), return_inverse=True, axis=None
    )
    named = [f"#{code:06x}" for code in found.tolist()]
    if others := [colour for colour in named if colour not in values]:
        raise ValueError(f"it has colours that stand for nothing, such as {others[0]}")
    return np.array([values[colour] for colour in named])[places].reshape(pixels.shape[:2])


def _read(data: bytes, most: int) -> tuple[np.ndarray, Sequence[int]]:
    try:
        image = Image.open(io.BytesIO(data), formats=_KEEPING)
    except Exception as error:  # decoders raise whatever they like on damaged data
        raise ValueError("it is no PNG, TIFF or BMP, or its beginning is damaged") from error
    with image:
        if image.width * image.height > most:
            raise ValueError(f"it has {image.width} x {image.height} pixels, too many")
        try:
            keep_native_order(image)
            pixels = np.array(image)
            return pixels, (image.getpalette("RGB") or ()) if image.mode == "P" else ()
        except Exception as error:
            raise ValueError(f"it is damaged or truncated ({error})") from error
