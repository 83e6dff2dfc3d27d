"""Checks of values from outside. Each error says what was expected, what came, and what to do."""

from collections.abc import Sequence

import numpy as np


def check_image(image: np.ndarray, name: str = "image") -> np.ndarray:
    """Return `image` if it is uint8 RGB of shape (H, W, 3) with at least one pixel.

    Raises
    ------
    ValueError
        If the type, the number of channels or the size is wrong.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        came = f"{image.dtype} array" if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f"{name} must be a uint8 array, got {came}; scale it to 0..255 first")
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"{name} must have shape (H, W, 3), RGB, got {image.shape}; "
            "read files with tamingseg.read_image, which converts every kind of photo"
        )
    return image


def check_mask(mask: np.ndarray, size: tuple[int, int], name: str = "mask") -> np.ndarray:
    """Return `mask` if it is bool of shape `size` = (height, width).

    Raises
    ------
    ValueError
        If the type or the shape is wrong.
    """
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        came = f"{mask.dtype} array" if isinstance(mask, np.ndarray) else type(mask).__name__
        raise ValueError(f"{name} must be a bool array, got {came}; threshold it first")
    if mask.shape != tuple(size):
        raise ValueError(
            f"{name} must have the image's (height, width) {tuple(size)}, got {mask.shape}; "
            "resize it with nearest neighbour"
        )
    return mask


def check_point(row: float, col: float, size: tuple[int, int]) -> tuple[float, float]:
    """Return the point (row, col) if it is finite and inside an image of `size` = (height, width).

    Raises
    ------
    ValueError
        If a coordinate is not a finite number or lies outside [0, height) x [0, width).
    """
    height, width = size
    if not (np.isfinite(row) and np.isfinite(col)):
        raise ValueError(f"a click needs finite coordinates, got row={row}, col={col}")
    if not (0 <= row < height and 0 <= col < width):
        raise ValueError(
            f"the click at row={row:g}, col={col:g} is outside the image of height {height} and "
            f"width {width}; rows run from 0 to {height - 1}, columns from 0 to {width - 1}"
        )
    return float(row), float(col)


def check_choice(value: str, choices: Sequence[str], name: str) -> str:
    """Return `value` if it is one of `choices`.

    Raises
    ------
    ValueError
        If it is not; the message lists the choices.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r:.100}")
    return value
