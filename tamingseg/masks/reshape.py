"""What is done to the shape of one mask by hand: holes filled, islands dropped, borders moved.

All masks are bool (H, W) and are never changed. Pixels touch at their sides and corners, so the
background, of which holes are a part, touches at sides alone.
"""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from scipy import ndimage

from tamingseg.masks.rle import Crop

MAX_RADIUS = 100
"""Most pixels by which a border is moved in one step."""


def fill_holes(mask: np.ndarray) -> np.ndarray:
    """Fill what the mask encloses.

    >>> import numpy as np
    >>> ring = np.ones((3, 3), bool)
    >>> ring[1, 1] = False
    >>> fill_holes(ring).all()
    np.True_
    """
    return ndimage.binary_fill_holes(mask)


def drop_islands(mask: np.ndarray, points: Sequence[tuple[float, float]] = ()) -> np.ndarray:
    """Keep the pieces that hold one of the points (row, col); if none does, the largest piece.

    >>> import numpy as np
    >>> mask = np.array([[True, True, False, True]])
    >>> drop_islands(mask).tolist()
    [[True, True, False, False]]
    >>> drop_islands(mask, [(0.5, 3.5)]).tolist()
    [[False, False, False, True]]
    """
    pieces, count = ndimage.label(mask, structure=np.ones((3, 3), bool))
    if count < 2:
        return mask.copy()
    meant = {int(pieces[int(row), int(col)]) for row, col in points} - {0}
    if not meant:
        meant = {int(np.bincount(pieces.ravel())[1:].argmax()) + 1}
    return np.isin(pieces, list(meant))


def smooth(mask: np.ndarray, radius: int = 2) -> np.ndarray:
    """Smooth the outline: a pixel is in the mask if most of those around it are.

    Around means within `radius` pixels; beyond the border of the image its last pixels go on.

    >>> import numpy as np
    >>> mask = np.zeros((9, 9), bool)
    >>> mask[4, 4] = True
    >>> smooth(mask).any()
    np.False_
    """
    disc = _disc(radius)
    counts = cv2.filter2D(mask.astype(np.float32), -1, disc.astype(np.float32), borderType=_REPEAT)
    return counts > disc.sum() / 2


def grow(mask: np.ndarray, radius: int = 1) -> np.ndarray:
    """Add all pixels within `radius` pixels of the mask.

    >>> import numpy as np
    >>> mask = np.zeros((5, 5), bool)
    >>> mask[2, 2] = True
    >>> int(grow(mask).sum())
    5
    """
    return cv2.dilate(mask.astype(np.uint8), _disc(radius)).astype(bool)


def shrink(mask: np.ndarray, radius: int = 1) -> np.ndarray:
    """Take away all pixels within `radius` pixels of the background; the image's border is none.

    >>> import numpy as np
    >>> int(shrink(np.ones((5, 5), bool)).sum())
    25
    """
    return ~grow(~mask, radius)


def without(mask: np.ndarray, others: Iterable[Crop]) -> np.ndarray:
    """Take away what belongs to other masks.

    >>> import numpy as np
    >>> other = Crop.of(np.array([[True, False]]))
    >>> without(np.array([[True, True]]), [other]).tolist()
    [[False, True]]
    """
    left = mask.copy()
    for other in others:
        left[other.place] &= ~other.pixels
    return left


_REPEAT = cv2.BORDER_REPLICATE


def _disc(radius: int) -> np.ndarray:
    """Return the pixels within `radius` of the middle one: uint8 (2 radius + 1, 2 radius + 1)."""
    if not 1 <= radius <= MAX_RADIUS:
        raise ValueError(f"expected a radius from 1 to {MAX_RADIUS} pixels, got {radius}")
    rows, cols = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return (rows**2 + cols**2 <= radius**2).astype(np.uint8)
