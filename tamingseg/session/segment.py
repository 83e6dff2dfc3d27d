"""One call from a photo and clicks to a mask."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.session.session import Session
from tamingseg.values import MASK_THRESHOLD, Click


def segment(
    image: np.ndarray | ImageEmbedding,
    clicks: Sequence[Click | tuple[float, float]],
    segmentor: Segmentor | None = None,
    threshold: float = MASK_THRESHOLD,
) -> np.ndarray:
    """Segment the object that some clicks mean.

    Parameters
    ----------
    image
        uint8 RGB (H, W, 3), such as `read_image` gives, or what `segmentor.embed` made of it.
    clicks
        In the order they were made: (row, col) in pixels for a click inside the object,
        ``Click(row, col, positive=False)`` for one outside it.
    segmentor
        The model that answers; by default "default", which is loaded on the first call.
    threshold
        A pixel belongs to the mask where its probability is above this.

    Returns
    -------
    bool (H, W).

    Raises
    ------
    ValueError
        If there is no click, a click is outside the image, or the image is of another kind.

    Examples
    --------
    A model that takes every dark pixel for the object:

    >>> from tamingseg import FunctionSegmentor, segment
    >>> darkness = FunctionSegmentor(lambda image, clicks: 1 - image.mean(axis=2) / 255, "darkness")
    >>> image = np.full((2, 4, 3), 255, np.uint8)
    >>> image[:, 2:] = 0
    >>> segment(image, clicks=[(0, 3)], segmentor=darkness)
    array([[False, False,  True,  True],
           [False, False,  True,  True]])
    """
    if len(clicks) == 0:
        raise ValueError("expected at least one click (row, col), got none")
    session = Session(segmentor or _default_segmentor(), image, threshold=threshold)
    for click in clicks:
        place = click if isinstance(click, Click) else Click(*click)
        session.add_click(place.row, place.col, place.positive)
    return session.mask


@cache
def _default_segmentor() -> Segmentor:
    # Imported here because it brings torch, which a model of one's own may not need.
    from tamingseg.segmentors.load import load_segmentor

    return load_segmentor()
