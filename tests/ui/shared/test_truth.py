import io

import numpy as np
import pytest
from PIL import Image

from tamingseg.ui.shared import truth
from tamingseg.ui.shared.truth import (
    compare_masks,
    compare_partitions,
    packed_regions,
    read_truth,
)

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


def test_masks_are_compared_with_the_region_they_fit_best():
    labels = np.zeros((40, 60), np.int32)
    labels[5:35, 5:25], labels[5:35, 30:55] = 1, 2
    truth = packed_regions(labels)
    half = labels == 2
    half[:20] = False
    first, second, none = compare_masks([labels == 1, half, np.zeros_like(half)], truth)
    assert first == {"region": 1, "iou": 1.0, "boundary": 1.0}
    assert second["region"] == 2
    assert second["iou"] == pytest.approx(0.5)
    assert 0 < second["boundary"] < 0.6
    assert none["iou"] == none["boundary"] == 0
    assert compare_masks([], truth) == []


def test_partitions_are_compared_where_the_truth_is_known():
    labels = np.zeros((40, 60), np.int32)
    labels[:, :20], labels[:, 20:40] = 1, 2  # the rest is unknown
    columns = np.broadcast_to(np.arange(60), (40, 60))
    one, right, finer = (np.ones_like(labels), 1 + columns // 20, 1 + columns // 10)
    rows = compare_partitions([one, right.astype(np.int32), finer], packed_regions(labels))
    assert [row["regions"] for row in rows] == [1, 3, 6]
    assert rows[0]["covering"] == pytest.approx(0.5)
    assert rows[0]["variation"] == pytest.approx(1)
    assert rows[1] == {"regions": 3, "covering": 1, "rand": 1, "variation": pytest.approx(0)}
    assert rows[2]["covering"] == pytest.approx(0.5)
    assert rows[2]["variation"] == pytest.approx(1)
