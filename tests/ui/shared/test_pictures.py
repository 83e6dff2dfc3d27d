import io

import numpy as np
import pytest
from PIL import Image

from tamingseg.ui.shared.pictures import jpeg, shrunk, thumbnail


def test_thumbnails_are_square_jpegs():
    content = thumbnail(np.zeros((40, 60, 3), np.uint8))
    assert content.startswith(b"\xff\xd8")
    assert Image.open(io.BytesIO(content)).size == (96, 96)


@pytest.mark.parametrize(("size", "wanted"), [((40, 60), (40, 60)), ((80, 120), (40, 60))])
def test_an_image_is_shrunk_to_the_pixels_there_may_be(size, wanted):
    image = np.full((*size, 3), 7, np.uint8)
    assert shrunk(image, 2400).shape == (*wanted, 3)
    assert (shrunk(image, 2400) == 7).all()


def test_a_very_long_image_keeps_a_pixel_of_each_side():
    assert shrunk(np.zeros((2, 60_000, 3), np.uint8), 100).shape[0] == 1


def test_a_jpeg_has_the_size_of_the_image():
    assert Image.open(io.BytesIO(jpeg(np.zeros((20, 30, 3), np.uint8)))).size == (30, 20)
