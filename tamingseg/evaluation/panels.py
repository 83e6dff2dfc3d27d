"""What a model sees in an image, as pictures to be put side by side."""

import numpy as np

from tamingseg.checks import check_image
from tamingseg.metrics.mosaics import label_like
from tamingseg.partition.cut import MOSAIC_PARTITION, Method, PartitionConfig, build_hierarchy
from tamingseg.prompts.clickers import center_click
from tamingseg.prompts.grids import grid_clicks
from tamingseg.segmentors.base import ImageEmbedding, PixelSegmentor, Segmentor
from tamingseg.values import Click
from tamingseg.viz import (
    colour_features,
    draw_borders,
    draw_clicks,
    draw_errors,
    draw_level_lines,
    draw_regions,
    heat_map,
)

_GRID = 8
"""Clicks per side of the grid whose certainty is shown."""


def panels(
    segmentor: Segmentor,
    image: np.ndarray,
    regions: int,
    truth: np.ndarray | None = None,
    click: Click | None = None,
    method: Method = "greedy",
) -> dict[str, np.ndarray]:
    """Draw an image and what a model makes of it.

    Parameters
    ----------
    segmentor
        Any model.
    image
        uint8 RGB (H, W, 3).
    regions
        How many regions it is cut into.
    truth
        int (H, W), the true regions from 1 on, if they are known.
    click
        Where the model is asked; by default in the middle of the largest true region, or of the
        image.
    method
        How the regions are found, see `tamingseg.partition.cut`; where there is a truth, with the
        settings for mosaics.

    Returns
    -------
    Title -> uint8 RGB (H, W, 3), in this order: ``image``; ``truth``, if it is known; ``one
    click``, the level lines of its answer; ``certainty`` of the surest answer to a grid of clicks,
    from the least to the most certain pixel; ``superpixels``; ``pixel features`` as colours, if the
    model is a `PixelSegmentor`; ``5 regions``, in the colours of their true partners; and
    ``errors``, the wrong pixels, if the truth is known.

    Raises
    ------
    ValueError
        If the image or the truth is of another kind, the click is outside, or there are fewer
        superpixels than regions.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import FunctionSegmentor, panels
    >>> def same_colour(image, clicks):
    ...     alike = (image == image[int(clicks[0].row), int(clicks[0].col)]).all(axis=2)
    ...     return np.where(alike, 0.9, 0.1)
    >>> image = np.zeros((32, 48, 3), np.uint8)
    >>> image[:, 30:] = 255
    >>> segmentor = FunctionSegmentor(same_colour, "same colour")
    >>> list(panels(segmentor, image, regions=2))
    ['image', 'one click', 'certainty', 'superpixels', '2 regions']
    """
    height, width = check_image(image).shape[:2]
    if click is None:
        click = Click(height / 2, width / 2) if truth is None else _middle_of_largest(truth)
    config = PartitionConfig() if truth is None else MOSAIC_PARTITION
    embedding = segmentor.embed(image)
    answer = segmentor.predict(embedding, [click])[0]
    hierarchy = build_hierarchy(segmentor, embedding, method, config)
    found = hierarchy.cut(regions)
    if truth is not None:
        found = label_like(found, truth)  # so that partners have one colour

    drawn = {"image": image}
    if truth is not None:
        drawn["truth"] = draw_regions(image, truth)
    drawn["one click"] = draw_clicks(draw_level_lines(image, answer), [click], radius=7)
    drawn["certainty"] = heat_map(_stretched(greatest_certainty(segmentor, embedding)))
    drawn["superpixels"] = draw_borders(image, hierarchy.superpixels)
    if isinstance(segmentor, PixelSegmentor):
        features = segmentor.pixel_features(embedding)
        drawn["pixel features"] = colour_features(features, (height, width))
    drawn[f"{regions} regions"] = draw_regions(image, found)
    if truth is not None:
        drawn["errors"] = draw_errors(image, found == truth)
    return drawn


def greatest_certainty(segmentor: Segmentor, embedding: ImageEmbedding) -> np.ndarray:
    """Return how certain the surest answer to a grid of clicks is: float32 (H, W), in [0, 1].

    Certainty is 2 |p - 1/2|: 0 for an answer of one half, 1 for a sure yes or no.
    """
    best = np.zeros(embedding.size, np.float32)
    for click in grid_clicks(_GRID, embedding.size):
        answer = segmentor.predict(embedding, [click])[0]
        np.maximum(best, 2 * np.abs(answer - 0.5), out=best)
    return best


def _middle_of_largest(truth: np.ndarray) -> Click:
    """Return a click on the innermost pixel of the largest region."""
    largest = truth == np.bincount(truth.ravel()).argmax()
    click = center_click(largest, np.zeros_like(largest))
    assert click is not None  # it is missed everywhere
    return click


def _stretched(values: np.ndarray) -> np.ndarray:
    """Map the values to 0..1 from the least to the greatest; equal ones to 0."""
    low, high = values.min(), values.max()
    return (values - low) / max(high - low, 1e-6)
