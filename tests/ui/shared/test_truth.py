import io

import numpy as np
import pytest
from PIL import Image

from tamingseg.ui.shared import truth
from tamingseg.ui.shared.truth import packed_regions, read_truth

SIZE = (40, 60)


def png(array, mode=None):
    file = io.BytesIO()
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def labels():
    labels = np.zeros(SIZE, np.uint8)
    labels[:20, :20] = 7
    labels[20:, 30:] = 255
    labels[0, 59] = 3  # too small to be scored
    return labels


def unpack(packed):
    return np.unpackbits(packed, axis=-1, count=SIZE[1]).astype(bool)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_regions_of_8_and_16_bits_are_read_without_what_is_too_small(labels, kind):
    scale = 1 if kind is np.uint8 else 200
    found = unpack(read_truth(png(labels.astype(kind) * kind(scale)), SIZE, SIZE))
    assert (found == np.stack([labels == 7, labels == 255])).all()


def test_palette_and_one_bit_images_are_label_maps_too(labels):
    image = Image.fromarray(labels)
    palette = image.convert("P")
    palette.putdata(image.getdata())
    file = io.BytesIO()
    palette.save(file, "PNG")
    assert len(read_truth(file.getvalue(), SIZE, SIZE)) == 2
    assert len(read_truth(png((labels > 0) * np.uint8(255), "1"), SIZE, SIZE)) == 1


def test_a_label_map_of_a_large_photo_is_shrunk_like_the_photo(labels):
    large = labels.repeat(3, axis=0).repeat(3, axis=1)
    found = unpack(read_truth(png(large), large.shape, SIZE))
    assert (found == np.stack([labels == 7, labels == 255])).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a JPEG, PNG"),
        (b"no image", "not a JPEG, PNG"),
        (png(np.ones(SIZE, np.uint8))[:60], "damaged"),
        (png(np.ones((*SIZE, 3), np.uint8)), "3 channels"),
        (png(np.ones((60, 40), np.uint8)), "60 x 40 pixels, but this one is 40 x 60"),
        (png(np.zeros(SIZE, np.uint8)), "this one has 0"),
        (png(np.arange(2400, dtype=np.uint16).reshape(SIZE)), "this one has 0"),
    ],
)
def test_what_is_no_label_map_of_the_photo_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        read_truth(content, SIZE, SIZE)


def test_there_are_only_so_many_regions(monkeypatch):
    monkeypatch.setattr(truth, "MAX_REGIONS", 2)
    labels = np.repeat(np.arange(3, dtype=np.int32), 400).reshape(20, 60)
    assert len(packed_regions(labels)) == 2
    with pytest.raises(ValueError, match="1 to 2 regions"):
        packed_regions(labels + 1)
