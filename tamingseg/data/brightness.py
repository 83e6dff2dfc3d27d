"""Brightness of photos with more than 8 bits -> 8 bits.

Cameras and microscopes keep 10, 12 or 14 bits in files of 16, and programs write floating-point
numbers of any range. What white is follows from the file where it says so. Else it is the smallest
usual full scale that the photo makes use of. Else the 0.1 and 99.9 percentiles of the photo become
black and white. `relit` makes a photo of 8 bits brighter or darker.
"""

import logging
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

_LOG = logging.getLogger(__name__)

_WHOLE = (255, 1023, 4095, 16_383, 65_535)
"""Full scales of 8, 10, 12, 14 and 16 bits."""

_FLOATING = (1, 255, 65_535)

_PERCENTILES = (0.1, 99.9)
_SAMPLED = 1_000_000  # pixels that the percentiles are taken of

_MIN_SAMPLE_VALUE, _MAX_SAMPLE_VALUE, _DESCRIPTION = 280, 281, 270  # tags of TIFF


def to_8_bits(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """Scale numbers of any shape and type to uint8; what is not a number becomes black.

    Examples
    --------
    >>> to_8_bits(np.array([0, 1024, 4095, 5000], np.uint16), 0, 4095).tolist()
    [0, 64, 255, 255]
    """
    scale = 255 / (white - black)
    if values.dtype == np.uint16:  # a table takes less time and memory than a sum
        levels = (np.arange(65_536) - black) * scale
        return np.clip(np.rint(levels), 0, 255).astype(np.uint8)[values]
    numbers = np.nan_to_num(values.astype(np.float32), nan=black, posinf=white, neginf=black)
    return np.clip(np.rint((numbers - black) * scale), 0, 255).astype(np.uint8)


def range_of(values: np.ndarray, said: tuple[float, float] | None = None) -> tuple[float, float]:
    """Return (black, white) of a photo, as the head of this file says.

    Parameters
    ----------
    values
        Whole or floating-point numbers of any shape.
    said
        What the file calls black and white, if it does.

    Examples
    --------
    >>> range_of(np.array([0, 800, 4000], np.uint16))  # 12 bits
    (0.0, 4095.0)
    >>> range_of(np.array([0, 0.25, 0.9]))
    (0.0, 1.0)
    """
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()
    if finite.size == 0:
        return 0.0, 1.0
    sample = finite[:: max(1, finite.size // _SAMPLED)]
    low, high = np.percentile(sample, _PERCENTILES).tolist()
    if said is not None and said[0] < said[1] and low < said[1] and high > said[0]:
        return said
    least, most = float(finite.min()), float(finite.max())
    for full in _FLOATING if values.dtype.kind == "f" else _WHOLE:
        if least >= 0 and most <= full and high >= full / 2:
            return 0.0, float(full)
    if low == high:
        low, high = least, most
    return (low, high) if low < high else (min(0.0, low), max(1.0, high))


def scaled(values: np.ndarray, said: tuple[float, float] | None, name: str) -> np.ndarray:
    """Scale the numbers of a photo called `name` to uint8, and note what was read as what.

    `said` is as in `range_of`.
    """
    black, white = range_of(values, said)
    if (black, white) != (0, 65_535):
        _LOG.info(
            "%s has more than 8 bits; %g is read as black and %g as white", name, black, white
        )
    return to_8_bits(values, black, white)


def range_said(image: Image.Image, values: np.ndarray) -> tuple[float, float] | None:
    """Return what a TIFF file of these `values` calls black and white.

    That is ImageJ's range, or the tags for it.
    """
    tags = getattr(image, "tag_v2", {})
    text = str(tags.get(_DESCRIPTION, ""))
    if text.startswith("ImageJ="):
        ends = [
            re.search(rf"^{end}=([-+.\deE]+)\s*$", text, re.MULTILINE) for end in ("min", "max")
        ]
        return _pair([match[1] for match in ends if match])
    found = _pair([tags.get(_MIN_SAMPLE_VALUE, 0), tags.get(_MAX_SAMPLE_VALUE)])
    # Some programs write what is not true: then there are brighter pixels.
    return found if found and not (values > found[1]).any() else None


class Light(NamedTuple):
    """How a photo is brightened: by a factor, then by gamma; both above 0, above 1 is brighter."""

    brightness: float = 1.0
    gamma: float = 1.0


PLAIN = Light()
"""The photo as it is."""


def relit(image: np.ndarray, light: Light) -> np.ndarray:
    """Return a uint8 image of any shape in another light.

    With values from 0 to 1, ``min(1, brightness * value) ** (1 / gamma)``.

    Examples
    --------
    >>> relit(np.array([0, 64, 128, 255], np.uint8), Light(brightness=1.5)).tolist()
    [0, 96, 192, 255]
    >>> relit(np.array([0, 64, 128, 255], np.uint8), Light(gamma=2)).tolist()
    [0, 128, 181, 255]
    """
    values = np.minimum(1, light.brightness * np.arange(256) / 255) ** (1 / light.gamma)
    return np.floor(255 * values + 0.5).astype(np.uint8)[image]


def _pair(numbers: Sequence[Any]) -> tuple[float, float] | None:
    try:
        black, white = (float(np.ravel(number)[0]) for number in numbers)
    except (ValueError, TypeError, IndexError):
        return None
    return (black, white) if np.isfinite([black, white]).all() else None
