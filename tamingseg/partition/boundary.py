"""How much an image changes at each pixel: what superpixels follow and borders are weighed by."""

import cv2
import numpy as np

from tamingseg.checks import check_image

_FULL_CONTRAST = 10.0
"""Change per pixel in CIE L*a*b* at which a boundary is two thirds sure."""

_SOBEL = 8
"""So many times the change per pixel is what OpenCV's 3x3 Sobel filter gives."""


def boundary_strength(image: np.ndarray) -> np.ndarray:
    """Return how sure a boundary runs through each pixel: float32 (H, W), in [0, 1).

    The gradient of the slightly blurred image in CIE L*a*b*, where distances are those of the eye.
    """
    lab = cv2.cvtColor(check_image(image).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab = cv2.GaussianBlur(lab, (0, 0), 1)
    change = cv2.Sobel(lab, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(lab, cv2.CV_32F, 0, 1) ** 2
    return 1 - np.exp(-np.sqrt(change.sum(axis=-1)) / _SOBEL / _FULL_CONTRAST)
