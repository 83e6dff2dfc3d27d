"""What a model sees in an image, as pictures to be put side by side."""

import cv2
import numpy as np

from tamingseg.metrics.mosaics import label_like
from tamingseg.partition.build import (
    MOSAIC_PARTITION,
    PartitionConfig,
    PartitionMethod,
    build_hierarchy,
)
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.prompts.clickers import center_click
from tamingseg.prompts.grids import grid_clicks
from tamingseg.segmentors.base import ImageEmbedding, PixelSegmentor, Segmentor, embed_image
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
    image: np.ndarray | ImageEmbedding,
    regions: int,
    truth: np.ndarray | None = None,
    click: Click | None = None,
    method: PartitionMethod = "greedy",
) -> dict[str, np.ndarray]:
    """Draw an image and what a model sees in it.

    Parameters
    ----------
    segmentor
        Any model.
    image
        uint8 RGB (H, W, 3), or what `segmentor.embed` made of it.
    regions
        Number of regions to draw.
    truth
        int (H, W), the true regions from 1 on, if they are known.
    click
        Where the model is asked; by default in the middle of the largest true region, or of the
        image.
    method
        How the regions are found, see `tamingseg.partition.build`; where there is a truth, with the
        settings for mosaics.

    Returns
    -------
    dict
        Title -> uint8 RGB (H, W, 3), in this order: ``image``; ``truth``, if it is known;
        ``one click``, contour lines of its answer; ``certainty`` of the most certain answer to a
        grid of clicks, from the least to the most certain pixel; ``superpixels``;
        ``pixel features`` as colours, if the model is a `PixelSegmentor`; ``5 regions``, in the
        colours of their true partners; and ``errors``, the wrong pixels, if the truth is known.

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
    embedding = embed_image(segmentor, image)
    config = PartitionConfig() if truth is None else MOSAIC_PARTITION
    hierarchy = build_hierarchy(segmentor, embedding, method, config)
    return draw_panels(segmentor, embedding, hierarchy, regions, truth, click)


def draw_panels(
    segmentor: Segmentor,
    embedding: ImageEmbedding,
    hierarchy: Hierarchy,
    regions: int,
    truth: np.ndarray | None = None,
    click: Click | None = None,
    size: tuple[int, int] | None = None,
) -> dict[str, np.ndarray]:
    """Draw what `panels` draws, from a hierarchy that was built before.

    The pictures have (height, width) `size`, by default that of the image. Everything is scaled
    first and drawn then, so that lines stay one pixel wide.
    """
    height, width = size = size or embedding.size
    if click is None:
        rows, cols = embedding.size
        click = Click(rows / 2, cols / 2) if truth is None else _middle_of_largest(truth)
    answer = segmentor.predict(embedding, [click])[0]
    found = hierarchy.cut(regions)
    if truth is not None:
        found = label_like(found, truth)  # so that partners have one colour
        truth = _scaled(truth.astype(np.int32), size, cv2.INTER_NEAREST_EXACT)
    found = _scaled(found, size, cv2.INTER_NEAREST_EXACT)
    superpixels = _scaled(hierarchy.superpixels, size, cv2.INTER_NEAREST_EXACT)
    image = _scaled(embedding.image, size, cv2.INTER_AREA)
    scale_row, scale_col = height / embedding.size[0], width / embedding.size[1]
    shown_click = Click(click.row * scale_row, click.col * scale_col, click.positive)
    level_lines = draw_level_lines(image, _scaled(answer, size, cv2.INTER_AREA))
    certainty = _scaled(greatest_certainty(segmentor, embedding), size, cv2.INTER_LINEAR)

    drawn = {"image": image}
    if truth is not None:
        drawn["truth"] = draw_regions(image, truth)
    drawn["one click"] = draw_clicks(level_lines, [shown_click], radius=7)
    drawn["certainty"] = heat_map(_stretched(certainty))
    drawn["superpixels"] = draw_borders(image, superpixels)
    if isinstance(segmentor, PixelSegmentor):
        drawn["pixel features"] = colour_features(segmentor.pixel_features(embedding), size)
    drawn[f"{regions} regions"] = draw_regions(image, found)
    if truth is not None:
        drawn["errors"] = draw_errors(image, found == truth)
    return drawn


def greatest_certainty(segmentor: Segmentor, embedding: ImageEmbedding) -> np.ndarray:
    """Return how certain the most certain answer to a grid of clicks is: float32 (h, w), in [0, 1].

    It has the model's own resolution; (0, 0) to (h, w) is the whole image. Certainty is
    2 |p - 1/2|: 0 for an answer of one half, 1 for a certain yes or no.
    """
    answers = (
        segmentor.predict(embedding, [click], full_size=False)[0]
        for click in grid_clicks(_GRID, embedding.size)
    )
    certainties = (2 * np.abs(answer - 0.5) for answer in answers)
    return np.maximum.reduce(list(certainties))


def _scaled(values: np.ndarray, size: tuple[int, int], how: int) -> np.ndarray:
    """Scale an image, a map or labels to (height, width); `how` is OpenCV's interpolation."""
    same = values.shape[:2] == tuple(size)
    return values if same else cv2.resize(values, size[::-1], interpolation=how)


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
