import io

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def discs(two_discs):
    """The two discs, ten times as large: label map int32 (480, 640)."""
    return np.kron(two_discs.label_maps[0], np.ones((10, 10), np.int32))


@pytest.fixture(scope="session")
def discs_image(two_discs):
    """The photo of the two discs, ten times as large: uint8 (480, 640, 3)."""
    return two_discs.image.repeat(10, axis=0).repeat(10, axis=1)


@pytest.fixture(scope="session")
def discs_png(discs_image):
    file = io.BytesIO()
    Image.fromarray(discs_image).save(file, "PNG")
    return file.getvalue()
