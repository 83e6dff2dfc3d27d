"""Discs are drawn where they are said to be, and measured by the mask that fits best."""

import numpy as np
import pytest
from windows_of_large_photos import best_ious, draw

from tamingseg.values import MaskSet


def test_discs_are_drawn_apart_and_measured():
    image, discs = draw((120, 200), (20, 10))
    (row, col, _), _ = discs
    red = image[..., 0] > 140
    assert red.sum() == pytest.approx(np.pi * (20**2 + 10**2), rel=0.03)
    rows, cols = np.mgrid[:120, :200]
    half = red & (np.hypot(rows - row, cols - col) < 25) & (cols < col)
    assert best_ious(MaskSet.from_masks(half[None]), discs) == pytest.approx([0.5, 0], abs=0.05)
    masks = MaskSet.from_masks(np.stack([half, red]))
    assert best_ious(masks, discs) == pytest.approx([0.8, 0.2], abs=0.02)
