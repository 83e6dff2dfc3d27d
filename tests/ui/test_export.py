import io
import json

import numpy as np
import pytest
from PIL import Image

from tamingseg.session.state import PALETTE, SegmentedObject
from tamingseg.ui.export import index_png, mask_png


@pytest.fixture
def ring():
    """A ring with a hole and a part of its own."""
    mask = np.zeros((20, 30), bool)
    mask[2:18, 2:18] = True
    mask[6:12, 6:12] = False
    mask[3:9, 22:28] = True
    return mask


def read(png):
    return Image.open(io.BytesIO(png))


def test_a_mask_keeps_its_holes_and_parts(ring):
    image = read(mask_png(ring, ring.shape))
    assert image.mode == "L"
    assert (np.array(image) == ring * np.uint8(255)).all()


def test_an_empty_mask_is_a_black_image():
    assert not np.array(read(mask_png(np.zeros((4, 6), bool), (4, 6)))).any()


def test_a_mask_is_saved_at_the_size_of_the_photo(ring):
    saved = np.array(read(mask_png(ring, (40, 60)))) > 0
    assert saved.shape == (40, 60)
    assert saved[2 * 4, 2 * 4]
    assert not saved[2 * 9, 2 * 9]
    assert abs(saved.sum() - 4 * ring.sum()) <= 16


def test_an_index_image_holds_all_objects_their_colours_and_names(ring):
    other = np.zeros_like(ring)
    other[0:4, 0:30] = True
    objects = [SegmentedObject(3, "Ring ☉", 2), SegmentedObject(5, "<b>bar</b>", 4)]
    image = read(index_png(objects, [ring, other], ring.shape))
    assert image.mode == "P"
    assert (np.array(image) == np.where(other, 2, np.where(ring, 1, 0))).all()
    palette = image.getpalette()
    assert palette[:3] == [0, 0, 0]
    assert bytes(palette[3:6]) == bytes.fromhex(PALETTE[2][1:])
    assert bytes(palette[6:9]) == bytes.fromhex(PALETTE[4][1:])
    assert json.loads(image.text["objects"]) == ["Ring ☉", "<b>bar</b>"]


def test_an_index_image_without_objects_is_empty():
    assert not np.array(read(index_png([], [], (4, 6)))).any()
