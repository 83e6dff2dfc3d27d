"""Masks drawn over images: numpy in, RGB numpy out."""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np
from scipy import ndimage

from tamingseg.checks import check_image, check_mask
from tamingseg.masks.packed import areas
from tamingseg.values import Click, MaskSet

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


def colour_of(number: int) -> tuple[int, int, int]:
    """Colour number 0, 1, ...: hues a golden section apart, so that neighbours differ."""
    hue = (0.55 + number * 0.6180339887) % 1
    value = (1.0, 0.75, 0.9)[number % 3]
    return tuple(round(255 * channel) for channel in colorsys.hsv_to_rgb(hue, 0.75, value))


def overlay_masks(image: np.ndarray, masks: MaskSet, opacity: float = 0.5) -> np.ndarray:
    """Tint all masks over the uint8 RGB image (H, W, 3), smaller ones on larger ones.

    Every mask has its own colour, by rank, and its outline is drawn over all of them.

    Raises
    ------
    ValueError
        If `image` is of another kind, or the masks are of another size.
    """
    if check_image(image).shape[:2] != masks.size:
        raise ValueError(f"masks of {masks.size} do not fit an image of {image.shape[:2]}")
    colours = image.copy()
    outlines = np.zeros(masks.size, bool)
    for number in np.argsort(-areas(masks.packed), kind="stable").tolist():
        mask = masks[number]
        colours[mask] = colour_of(number)
        inner = ndimage.binary_erosion(mask, np.ones((3, 3), bool), border_value=1)
        outlines |= mask & ~inner
    drawn = (image * (1 - opacity) + colours * opacity).round().astype(np.uint8)
    drawn[outlines] = colours[outlines]
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
