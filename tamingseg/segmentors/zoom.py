"""Looking closer: once a mask is known roughly, further clicks are answered at a higher resolution.

A model sees every photo at its own few hundred pixels, and a mask can only be as fine as that. So
the part of the image that holds the mask and the clicks is cut out, fitted to the model like an
image, and asked about again (zoom-in, Sofiiuk et al. 2020, section 4.2). Windows come from a fixed
pyramid, so that one click after the other looks through the same window, which is encoded once; and
what a click is answered with follows from the clicks and the mask alone.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.click import ClickSegmentor
from tamingseg.values import MASK_THRESHOLD, Click

ZOOMS = (4, 2 * 2**0.5, 2, 2**0.5)
"""How much larger a window shows things; the first whose window is wide enough is taken."""

_FILLED = 0.7
"""Largest share of a window's height and width that mask and clicks fill: some context helps."""

_KEPT = 2
"""Windows of an image that are remembered."""

Window = tuple[int, int, int, int]
"""(top, left, height, width) in pixels."""


def zoom_window(mask: np.ndarray, clicks: Sequence[Click]) -> Window | None:
    """Return the part of an image to look at; None if that is all of it.

    Parameters
    ----------
    mask
        bool (H, W), what is in it so far.
    clicks
        At least one click, all inside the image.

    Returns
    -------
    A window of the image's aspect ratio (to a pixel) around mask and clicks.
    """
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    points = np.array([(click.row, click.col) for click in clicks])
    low, high = points.min(axis=0), points.max(axis=0) + 1
    if len(rows):
        low = np.minimum(low, (rows[0], cols[0]))
        high = np.maximum(high, (rows[-1] + 1, cols[-1] + 1))
    image = np.array(mask.shape)
    for zoom in ZOOMS:
        size = np.ceil(image / zoom)
        if np.all(high - low <= _FILLED * size):
            # On a grid of an eighth, the centre moves by a sixteenth at most: nothing is cut off.
            step = np.maximum(size // 8, 1)
            corner = np.round(((low + high) / 2 - size / 2) / step) * step
            top, left = np.clip(corner, 0, image - size).astype(int).tolist()
            height, width = size.astype(int).tolist()
            return top, left, height, width
    return None


@dataclass(frozen=True, slots=True)
class ZoomEmbedding(ImageEmbedding):
    """An embedding that can be looked into: the `image` itself, and the windows seen last."""

    image: np.ndarray
    windows: OrderedDict[Window, ImageEmbedding]


class ZoomSegmentor(ClickSegmentor):
    """A `ClickNet` as a segmentor that looks closer when there is a mask to look at.

    `embed` and `predict` are those of `ClickSegmentor`, as fast as they are.
    """

    def embed(self, image: np.ndarray) -> ZoomEmbedding:
        """See `Segmentor.embed`."""
        whole = super().embed(image)
        nbytes = (1 + _KEPT) * whole.nbytes + image.nbytes
        return ZoomEmbedding(whole.features, whole.frame, nbytes, image.copy(), OrderedDict())

    def predict_jointly(
        self,
        embedding: ZoomEmbedding,
        clicks: Sequence[Click],
        previous: np.ndarray | None = None,
    ) -> np.ndarray:
        """See `Segmentor.predict_jointly`; with a previous answer the model is asked twice.

        First about the whole image, then about the window around what is in either answer.
        """
        answer = super().predict_jointly(embedding, clicks, previous)
        if previous is None:
            return answer
        seen = (answer > MASK_THRESHOLD) | (previous > MASK_THRESHOLD)
        window = zoom_window(seen, clicks)
        if window is None:
            return answer
        top, left, height, width = window
        part = np.s_[top : top + height, left : left + width]
        moved = [replace(click, row=click.row - top, col=click.col - left) for click in clicks]
        closer = self._look(embedding, window, part)
        answer[part] = super().predict_jointly(closer, moved, previous[part])
        return answer

    def _look(
        self, embedding: ZoomEmbedding, window: Window, part: tuple[slice, slice]
    ) -> ImageEmbedding:
        """Embed a window, unless it is remembered."""
        known = embedding.windows.get(window)
        if known is None:
            known = super().embed(np.ascontiguousarray(embedding.image[part]))
            embedding.windows[window] = known
            while len(embedding.windows) > _KEPT:
                embedding.windows.popitem(last=False)
        return known
