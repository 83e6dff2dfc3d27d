"""Masks drawn over images: numpy in, RGB numpy out."""

import numpy as np
from scipy import ndimage

from tamingseg.checks import check_image, check_mask

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
