"""Masks as files: one mask, or all objects as an index image; holes, parts and names stay."""

import io
import json
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tamingseg.session.state import PALETTE, SegmentedObject


def mask_png(mask: np.ndarray, size: tuple[int, int]) -> bytes:
    """PNG, white (255) on black (0), of `size` = (height, width), from a bool mask of any size."""
    return _png(Image.fromarray(np.where(_scaled(mask, size), np.uint8(255), np.uint8(0))))


def index_png(
    objects: Sequence[SegmentedObject], masks: Sequence[np.ndarray], size: tuple[int, int]
) -> bytes:
    """Palette PNG of `size`: 0 where there is nothing, i inside the i-th object, counted from 1.

    Where objects overlap, the later one is in front. The palette has the objects' colours, and the
    text chunk "objects" their names, as JSON in the same order.
    """
    index = np.zeros(size, np.uint8)
    for value, mask in enumerate(masks, start=1):
        index[_scaled(mask, size)] = value
    image = Image.fromarray(index)
    image.putpalette(b"\0\0\0" + b"".join(bytes.fromhex(PALETTE[o.colour][1:]) for o in objects))
    names = PngInfo()
    names.add_itxt("objects", json.dumps([o.name for o in objects], ensure_ascii=False))
    return _png(image, pnginfo=names)


def _scaled(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a mask; its edge runs where the interpolated mask crosses one half."""
    if mask.shape == tuple(size):
        return mask
    grey = mask.astype(np.uint8) * 255
    return cv2.resize(grey, (size[1], size[0]), interpolation=cv2.INTER_LINEAR) > 127


def _png(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()
