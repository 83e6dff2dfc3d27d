"""COCO's own JSON, and what programs make of it."""

import json
import logging

import numpy as np
import pytest
from PIL import Image

from tamingseg.data.catalog import open_dataset
from tamingseg.data.coco import CocoDataset
from tamingseg.masks.rle import encode_rle

HEIGHT, WIDTH = 20, 30


def box(top, left, bottom, right):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top:bottom, left:right] = True
    return mask


def rle(mask, **more):
    counts = encode_rle(mask)
    return {"image_id": 5, "segmentation": {"size": [HEIGHT, WIDTH], "counts": counts}, **more}


def polygon(top, left, bottom, right, **more):
    points = [left, top, right, top, right, bottom, left, bottom]
    return {"image_id": 5, "segmentation": [points], **more}


def write(root, annotations, images=None, path="annotations/instances_val2017.json"):
    described = [{"id": 5, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}]
    contents = {"images": images or described, "annotations": annotations}
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(json.dumps(contents))
    return root


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "coco"
    (root / "val2017").mkdir(parents=True)
    for name in ("a", "not-annotated"):
        Image.new("RGB", (WIDTH, HEIGHT)).save(root / "val2017" / f"{name}.jpg")
    return root


def test_objects_that_overlap_are_on_different_maps_and_crowds_are_void(root, caplog):
    caplog.set_level(logging.INFO)
    crowd = rle(box(0, 0, 20, 5), iscrowd=1)
    write(root, [polygon(2, 3, 10, 20), rle(box(5, 10, 15, 25), iscrowd=0), crowd])
    dataset = open_dataset(root)
    assert (dataset.name, dataset.names) == ("coco-val2017", ["a"])
    assert "is read as COCO" in caplog.text
    sample = dataset[0]
    assert sample.zero_is_background
    first, second = sample.label_maps
    np.testing.assert_array_equal(first == 1, box(2, 3, 10, 20))
    np.testing.assert_array_equal(second == 2, box(5, 10, 15, 25))
    np.testing.assert_array_equal(first == -1, box(0, 0, 20, 5) & ~box(2, 3, 10, 20))


def test_crowds_on_every_object_are_no_crowds(root):
    write(root, [rle(box(2, 3, 10, 20), iscrowd=1), rle(box(12, 3, 18, 20), iscrowd=1)])
    assert [label for _, label, _ in open_dataset(root)[0].masks(1)] == [1, 2]


@pytest.mark.parametrize("path", ["annotations.json", "_annotations.coco.json"])
def test_files_of_other_programs(root, path):
    write(root, [polygon(2, 3, 10, 20)], path=path)
    (root / "val2017").rename(root / "images")
    assert open_dataset(root).names == ["a"]


@pytest.mark.parametrize("path", ["annotations.json", "annotations/instances_default.json"])
def test_a_set_without_splits_is_trained_on_whole(root, path):
    write(root, [polygon(2, 3, 10, 20)], path=path)
    (root / "val2017").rename(root / "images")
    assert open_dataset(root, split="train").names == ["a"]


def test_splits(root):
    for split in ("train2017", "val2017"):
        write(root, [polygon(2, 3, 10, 20)], path=f"annotations/instances_{split}.json")
    assert open_dataset(root).name == "coco-val2017"
    (root / "val2017").rename(root / "train2017")
    assert open_dataset(root / "train2017").names == ["a"]
    with pytest.raises(FileNotFoundError, match=r"no annotations/instances_test\.json; found"):
        CocoDataset(root, "test")


def test_photos_are_never_looked_for_outside(root):
    outside = root.parent / "secret.jpg"
    Image.new("RGB", (WIDTH, HEIGHT)).save(outside)
    for name in ("../../secret.jpg", str(outside)):
        write(root, [polygon(2, 3, 10, 20)], [{"id": 5, "file_name": name}])
        with pytest.raises(ValueError, match=r"annotates no photo that is there; .*secret"):
            open_dataset(root)


def test_what_does_not_fit_names_the_file(root):
    write(root, [rle(np.zeros((4, 4), bool))])
    with pytest.raises(ValueError, match=r"val2017\.json, annotation 1 of a: .*fill"):
        open_dataset(root)[0]
    sizes = [{"id": 5, "file_name": "a.jpg", "height": WIDTH, "width": HEIGHT}]
    write(root, [polygon(2, 3, 10, 20)], sizes)
    with pytest.raises(ValueError, match=r"\(30, 20\), but it has \(20, 30\); was it turned"):
        open_dataset(root)[0]
    write(root, [polygon(2, 3, 10, 20), {**polygon(1, 1, 3, 3), "image_id": 6}], None)
    assert len(open_dataset(root)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        "{}",
        '{"images": [], "annotations": [1]}',
        '{"images": [1], "annotations": []}',
        '{"images": [{"id": []}], "annotations": []}',
        '{"images": 5, "annotations": []}',
        '{"images": [], "annotations": [{"image_id": {}}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_such_file(root, text):
    write(root, [])
    (root / "annotations/instances_val2017.json").write_text(text)
    with pytest.raises(ValueError, match=r"instances_val2017\.json is not COCO's JSON"):
        open_dataset(root)
