"""Masks drawn over images: numpy in, RGB numpy out."""

from collections.abc import Sequence

import cv2
import numpy as np
from scipy import ndimage

from tamingseg.checks import check_image, check_mask
from tamingseg.values import Click

MASK_COLOUR = (86, 180, 233)
"""Sky blue of Okabe & Ito (2008), which stays apart from most photos for colour-blind eyes."""


def overlay(
    image: np.ndarray,
    mask: np.ndarray,
    colour: tuple[int, int, int] = MASK_COLOUR,
    opacity: float = 0.5,
) -> np.ndarray:
    """Tint the mask, bool (H, W), over the uint8 RGB image (H, W, 3) and draw its outline.

    Raises
    ------
    ValueError
        If `image` or `mask` is of another kind, or their sizes differ.
    """
    check_mask(mask, check_image(image).shape[:2])
    drawn = image.copy()
    tinted = image[mask] * (1 - opacity) + np.array(colour) * opacity
    drawn[mask] = tinted.round().astype(np.uint8)
    inner = ndimage.binary_erosion(mask, np.ones((3, 3), bool), border_value=1)
    drawn[mask & ~inner] = colour
    return drawn


def draw_clicks(image: np.ndarray, clicks: Sequence[Click], radius: int = 9) -> np.ndarray:
    """Mark clicks on a copy of the uint8 RGB image: + on green, - on red; `radius` in pixels."""
    drawn = check_image(image).copy()
    for click in clicks:
        col, row = int(click.col), int(click.row)  # cv2 speaks of (x, y)
        colour = (0, 158, 115) if click.positive else (213, 94, 0)
        cv2.circle(drawn, (col, row), radius, colour, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(drawn, (col, row), radius, (255, 255, 255), 2, cv2.LINE_AA)
        arm = radius // 2
        cv2.line(drawn, (col - arm, row), (col + arm, row), (255, 255, 255), 2)
        if click.positive:
            cv2.line(drawn, (col, row - arm), (col, row + arm), (255, 255, 255), 2)
    return drawn
