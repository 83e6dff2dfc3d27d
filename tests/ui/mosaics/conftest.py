"""What is too slow for tests of the page, done quickly."""

import numpy as np
import pytest


@pytest.fixture
def divide_by_colour(monkeypatch):
    """Mosaics whose textures have one colour each are divided by it, without a model."""

    def divide(segmentor, image, regions, *_):
        colours = image.astype(np.int32) @ (1, 256, 256**2)
        _, labels = np.unique(colours, return_inverse=True)
        return labels.reshape(image.shape[:2]).astype(np.int32) + 1

    monkeypatch.setattr("tamingseg.ui.mosaics.seeds.partition_image", divide)
