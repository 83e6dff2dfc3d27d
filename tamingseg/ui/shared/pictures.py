"""Photos and drawings as the browser gets them: shrunk, as JPEG or PNG."""

import io

import cv2
import numpy as np
from PIL import Image

THUMB = 96
"""Pixels of each side of a small picture."""


def shrunk(image: np.ndarray, pixels: int) -> np.ndarray:
    """Shrink an image, uint8 RGB (H, W, 3), to at most so many pixels, its aspect kept."""
    height, width = shrunk_size(image.shape[:2], pixels)
    if (height, width) == image.shape[:2]:
        return image
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def shrunk_size(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """Return the (height, width) that `shrunk` makes of an image of `size`.

    >>> shrunk_size((2000, 4000), 2_000_000)
    (1000, 2000)
    """
    height, width = size
    if height * width <= pixels:
        return size
    scale = (pixels / (height * width)) ** 0.5
    return max(1, int(height * scale)), max(1, int(width * scale))


def jpeg(image: np.ndarray) -> bytes:
    """Return the image as the bytes of a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=92)
    return file.getvalue()


def png(image: np.ndarray) -> bytes:
    """Return the image as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def thumbnail(image: np.ndarray) -> bytes:
    """Return the middle square of an image as a small JPEG."""
    top, left, square = middle_square(image.shape[:2])
    middle = image[top : top + square, left : left + square]
    return jpeg(cv2.resize(middle, (THUMB, THUMB), interpolation=cv2.INTER_AREA))


def middle_square(size: tuple[int, int]) -> tuple[int, int, int]:
    """Return (top, left, side) of the largest square in the middle of an image of `size`.

    >>> middle_square((40, 60))
    (0, 10, 40)
    """
    height, width = size
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side
