"""Photos and drawings as the browser gets them: shrunk, as JPEG or PNG."""

import io

import cv2
import numpy as np
from PIL import Image


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


def thumbnail(image: np.ndarray, side: int = 96) -> bytes:
    """Return the middle square of an image as a small JPEG."""
    height, width = image.shape[:2]
    square = min(height, width)
    top, left = (height - square) // 2, (width - square) // 2
    middle = image[top : top + square, left : left + square]
    return jpeg(cv2.resize(middle, (side, side), interpolation=cv2.INTER_AREA))
