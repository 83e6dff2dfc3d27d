"""Frames: how an image is fitted to a model's input, and how points and answers travel.

A `Frame` holds three sizes and no pixels: the image is resized to `content`, which lies in the
top-left corner of `canvas`, the model's input; the rest of the canvas is padding.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Frame:
    """How an image is mapped to a model's input; all sizes are (height, width)."""

    image: tuple[int, int]
    content: tuple[int, int]
    canvas: tuple[int, int]

    @classmethod
    def stretch(cls, image: tuple[int, int], canvas: tuple[int, int]) -> "Frame":
        """Fill `canvas` without keeping the aspect ratio, as SegNext is evaluated."""
        return cls(image, canvas, canvas)

    @classmethod
    def fit(cls, image: tuple[int, int], longest_side: int, multiple: int) -> "Frame":
        """Resize the longest side to `longest_side`, then pad up to multiples of `multiple`."""
        scale = longest_side / max(image)
        content = tuple(max(1, round(side * scale)) for side in image)
        canvas = tuple(-(-side // multiple) * multiple for side in content)
        return cls(image, content, canvas)  # type: ignore[arg-type]

    def to_canvas(self, points: np.ndarray) -> np.ndarray:
        """Image points (..., 2) as (row, col) -> canvas points, float64, same shape.

        Pixel (0, 0) covers [0, 1) x [0, 1) in both, so this is a plain scaling.
        """
        return np.asarray(points, np.float64) * np.divide(self.content, self.image)
