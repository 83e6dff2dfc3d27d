import contextlib
import io
import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from pycocotools import mask as coco
from pycocotools.coco import COCO

from tamingseg.masks.rle import Crop
from tamingseg.ui import export
from tamingseg.ui.export import (
    label_png,
    mask_png,
    masks_json,
    regions_json,
    regions_png,
    scale_crop,
    scale_mask,
)
from tamingseg.values import MaskSet


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


SIDES = st.integers(1, 40)


@given(
    arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12)),
    st.tuples(SIDES, SIDES, SIDES, SIDES),
)
def test_a_mask_is_resized_alone_as_with_all_around_it(pixels, sides):
    top, left, *target = sides
    size, target = (top + len(pixels) + 2, left + pixels.shape[1]), tuple(target)
    mask = np.zeros(size, bool)
    mask[top:-2, left:] = pixels
    crop = scale_crop(Crop.of(mask), size, target)
    found = np.zeros(target, bool)
    found[crop.place] = crop.pixels
    grey = cv2.resize(mask.astype(np.float32), target[::-1], interpolation=cv2.INTER_LINEAR)
    is_clear = np.abs(grey - 0.5) > 0.01
    assert (found == scale_mask(mask, target))[is_clear].all()


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


@pytest.fixture
def masks(ring):
    other = np.zeros_like(ring)
    other[0:10, 0:30] = True
    return MaskSet.from_masks(np.stack([other, ring]), np.array([0.75, 0.5]))


def load(path, content):
    """What pycocotools makes of a COCO file."""
    path.write_bytes(content)
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(path)


def test_proposals_are_saved_as_pycocotools_reads_them(masks, tmp_path):
    file = load(tmp_path / "a.json", masks_json(masks, masks.size, "a ☉.png"))
    assert file.imgs[1]["file_name"] == "a ☉.png"
    assert [category["name"] for category in file.cats.values()] == ["mask"]
    entries = file.loadAnns(file.getAnnIds(imgIds=[1], catIds=[1]))
    for entry, mask in zip(entries, masks, strict=True):
        assert (file.annToMask(entry) == mask).all()
    assert [entry["score"] for entry in entries] == [0.75, 0.5]
    for index, entry in enumerate(entries):
        assert (coco.decode(entry["segmentation"]) == masks[index]).all()
        assert entry["area"] == coco.area(entry["segmentation"])
        assert entry["bbox"] == coco.toBbox(entry["segmentation"]).tolist()


def test_without_a_name_masks_are_a_list_of_results(masks):
    entries = json.loads(masks_json(masks, masks.size))
    assert entries == json.loads(masks_json(masks, masks.size, "a.png"))["annotations"]


def test_proposals_are_saved_at_the_size_of_the_photo(masks):
    (first, _) = json.loads(masks_json(masks, (40, 60), "a.png"))["annotations"]
    assert first["segmentation"]["size"] == [40, 60]
    assert abs(first["area"] - 4 * masks[0].sum()) <= 60
    labels = np.array(read(label_png(masks, (40, 60))))
    assert labels.shape == (40, 60)
    assert set(np.unique(labels)) == {0, 1, 2}


def test_a_file_holds_only_so_many_masks_of_a_large_photo(masks, monkeypatch):
    monkeypatch.setattr(export, "MAX_PIXELS", 2 * 20 * 30 - 1)
    with pytest.raises(ValueError, match="30 x 20 pixels at most 1 masks"):
        masks_json(masks, masks.size, "a.png")


def test_a_label_map_of_proposals_has_the_smaller_in_front_and_room_for_a_thousand(ring, masks):
    assert ring.sum() < masks[0].sum()
    labels = np.array(read(label_png(masks, masks.size)))
    assert (labels == np.where(ring, 2, np.where(masks[0], 1, 0))).all()
    many = MaskSet.from_masks(np.eye(1000, dtype=bool).reshape(1000, 20, 50))
    assert (np.array(read(label_png(many, (20, 50)))).ravel() == np.arange(1, 1001)).all()


def test_regions_become_larger_with_their_photo_and_leave_no_gaps(rng):
    labels = rng.permutation(np.arange(300, 480)).reshape(12, 15).astype(np.int32)
    large = labels.repeat(3, axis=0).repeat(3, axis=1)
    image = read(regions_png(labels, (36, 45)))
    assert image.mode == "I;16"
    assert (np.array(image) == large).all()


def test_regions_are_entries_in_their_order_which_fill_the_photo():
    labels = np.array([[1, 1, 2], [3, 3, 2]], np.int32)
    file = json.loads(regions_json(labels, (4, 6), "a.png"))
    assert file["categories"][0]["name"] == "region"
    entries = file["annotations"]
    masks = np.stack([coco.decode(entry["segmentation"]) for entry in entries])
    large = labels.repeat(2, axis=0).repeat(2, axis=1)
    assert (masks.sum(axis=0) == 1).all()
    assert (masks.argmax(axis=0) + 1 == large).all()
    assert [entry["area"] for entry in entries] == [8, 8, 8]


def test_so_many_regions_of_a_large_photo_are_refused(monkeypatch):
    monkeypatch.setattr(export, "MAX_PIXELS", 20)
    with pytest.raises(ValueError, match="at most 3 masks"):
        regions_json(np.array([[1, 2, 3], [4, 4, 4]], np.int32), (2, 3), "a.png")
