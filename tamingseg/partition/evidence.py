"""Superpixels of an image, with their affinities, boundaries and colours.

This is gathered once per image and model. All methods of `build` merge by it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from scipy.spatial.distance import cdist

from tamingseg.checks import check_image
from tamingseg.partition.affinity import region_affinity
from tamingseg.partition.graph import Borders, find_borders, region_graph
from tamingseg.partition.superpixels import flood_superpixels
from tamingseg.segmentors.base import ImageEmbedding, Segmentor, embed_image
from tamingseg.threads import in_threads

if TYPE_CHECKING:
    import networkx as nx

SUPERPIXELS = 400
"""About so many superpixels, unless something else is asked for."""

_LONGEST_SIDE = 1024
"""Larger images are made this small to be divided into superpixels, which are then enlarged."""

_FULL_CONTRAST = 10.0
"""Change per pixel in CIE L*a*b* at which a boundary is two thirds sure."""

_SOBEL = 8
"""OpenCV's 3x3 Sobel filter gives this many times the change per pixel."""

_CLEAR_DIFFERENCE = 8.0
"""Distance in CIE L*a*b* at which colours count as different by two thirds."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a model and the colours say about the superpixels of an image.

    Attributes
    ----------
    superpixels
        int32, (H, W): labels 1..S of the whole image, each 4-connected.
    affinity
        float32, (S, S), symmetric: how likely two superpixels are in one mask.
    contrast
        float64, (S, S), symmetric: how much their colours differ, in [0, 1).
    borders
        Which superpixels touch.
    """

    superpixels: np.ndarray
    affinity: np.ndarray
    contrast: np.ndarray
    borders: Borders

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        parts = (self.superpixels, self.affinity, self.contrast, self.borders)
        return sum(part.nbytes for part in parts)

    @property
    def graph(self) -> "nx.Graph":
        """The superpixels as a graph, see `region_graph`."""
        return region_graph(self.borders, self.affinity)


def find_evidence(
    segmentor: Segmentor, image: np.ndarray | ImageEmbedding, superpixels: int = SUPERPIXELS
) -> Evidence:
    """Divide an image into superpixels and ask a model about all pairs of them.

    Parameters
    ----------
    segmentor
        Any model. A `PixelSegmentor` is fast; any other gets a click on every superpixel.
    image
        uint8 RGB (H, W, 3), or what `segmentor.embed` made of it.
    superpixels
        About so many.

    Raises
    ------
    ValueError
        If the image is of another kind, or the model answers with anything but probabilities.
    """
    # Superpixels need no model, so the photo is divided while the model looks at it.
    calls: list[Callable[[], Any]] = [
        partial(embed_image, segmentor, image),
        partial(_divide, image, superpixels),
    ]
    embedding, (labels, contrast, borders) = in_threads(lambda call: call(), calls)
    affinity = region_affinity(segmentor, embedding, labels)
    mutual = (affinity + affinity.T) / 2.0
    return Evidence(_enlarged(labels, embedding.size), mutual, contrast, borders)


def _divide(
    image: np.ndarray | ImageEmbedding, count: int
) -> tuple[np.ndarray, np.ndarray, Borders]:
    """Return what needs no model: about `count` superpixels, their contrast and their borders."""
    small = _shrunk(image.image if isinstance(image, ImageEmbedding) else check_image(image))
    boundary = boundary_strength(small)
    labels = flood_superpixels(boundary, count)
    return labels, colour_contrast(small, labels), find_borders(labels, boundary)


def boundary_strength(image: np.ndarray) -> np.ndarray:
    """Return how sure a boundary runs through each pixel: float32 (H, W), in [0, 1).

    The gradient of the slightly blurred image in CIE L*a*b*, where distances are those of the eye.
    """
    lab = cv2.cvtColor(check_image(image).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab = cv2.GaussianBlur(lab, (0, 0), 1)
    change = cv2.Sobel(lab, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(lab, cv2.CV_32F, 0, 1) ** 2
    return 1 - np.exp(-np.sqrt(change @ np.ones(3, np.float32)) / _SOBEL / _FULL_CONTRAST)


def colour_contrast(image: np.ndarray, superpixels: np.ndarray) -> np.ndarray:
    """Return how much the mean colours of all pairs of superpixels differ.

    Parameters
    ----------
    image
        uint8 RGB (H, W, 3).
    superpixels
        int32, (H, W): labels 1..S.

    Returns
    -------
    float64 (S, S), symmetric, in [0, 1): from the distances in CIE L*a*b*, which are those of the
    eye.
    """
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    labels = superpixels.ravel() - 1
    sums = np.stack([np.bincount(labels, channel) for channel in lab.T], axis=1)
    means = sums / np.bincount(labels)[:, None]
    return 1 - np.exp(-cdist(means, means) / _CLEAR_DIFFERENCE)


def _shrunk(image: np.ndarray) -> np.ndarray:
    scale = _LONGEST_SIDE / max(image.shape)
    if scale >= 1:
        return image
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _enlarged(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Repeat labels, so that what hangs together does so still."""
    return cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
