"""What the tests of partitions share: a check of what a partition is, a model of pixel features."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from tamingseg.segmentors.base import ImageEmbedding


def assert_partition(labels: np.ndarray, count: int) -> None:
    """Labels are exactly 1..count, and each is one 4-connected region."""
    assert labels.dtype == np.int32
    assert np.unique(labels).tolist() == list(range(1, count + 1))
    for label in range(1, count + 1):
        assert ndimage.label(labels == label)[1] == 1, f"region {label} falls apart"


@pytest.fixture(scope="session")
def check_partition() -> Callable[[np.ndarray, int], None]:
    return assert_partition


class ColourSegmentor:
    """A `PixelSegmentor` whose feature is the colour of every second pixel, from 0 to 1."""

    name = "colours"

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        return ImageEmbedding(image, image[::2, ::2] / np.float32(255))

    def predict(self, embedding, clicks, full_size=True):
        raise AssertionError("a model of pixel features is not asked click by click")

    def pixel_features(self, embedding: ImageEmbedding) -> np.ndarray:
        return embedding.features

    def affinity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        squares = ((first[:, None] - second) ** 2).sum(axis=-1)
        return (0.98 * np.exp(-10 * squares)).astype(np.float32)


@pytest.fixture
def colour_segmentor() -> ColourSegmentor:
    return ColourSegmentor()
