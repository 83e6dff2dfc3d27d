"""Ordered masks in COCO's JSON: there and back, and what strangers may write."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco
from pycocotools.coco import COCO

from tamingseg.data.mask_files import mask_entries, mask_entry, read_masks, write_masks
from tamingseg.values import MaskSet

SIZE = (13, 21)


@pytest.fixture
def masks(rng):
    bits = rng.random((4, *SIZE)) < 0.4
    bits[1] = False
    return MaskSet.from_masks(bits, np.array([0.9, 0.5, 0.7, 0.1]))


def test_there_and_back(masks, tmp_path):
    path = tmp_path / "deep" / "a.json"
    write_masks(path, masks)
    back = read_masks(path, SIZE)
    np.testing.assert_array_equal(back.packed, masks.packed)
    np.testing.assert_array_equal(back.scores, masks.scores)
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]


def test_entries_are_those_of_coco(masks):
    for entry, mask in zip(mask_entries(masks), masks, strict=False):
        assert entry["area"] == mask.sum()
        np.testing.assert_array_equal(coco.decode(entry["segmentation"]), mask)
        assert entry["bbox"] == coco.toBbox(entry["segmentation"]).tolist()


def test_what_sam_writes_is_read(masks, tmp_path):
    entries = [
        {"segmentation": entry["segmentation"], "predicted_iou": 0.25, "stability_score": 1.0}
        for entry in mask_entries(masks)
    ]
    path = tmp_path / "sam.json"
    path.write_text(json.dumps(entries))
    assert read_masks(path, SIZE).scores.tolist() == [0.25] * 4


def entry(size="[13, 21]", counts='"0"', more=""):
    return f'[{{"segmentation": {{"size": {size}, "counts": {counts}}}{more}}}]'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "is no list of masks"),
        ('{"a": 1}', r"is no list of masks \(it holds a dict"),
        ("[" * 100_000, r"is no list of masks \(the JSON is nested too deeply\)"),
        (entry(more=', "score": ' + "9" * 400), "a whole number beyond 64 bits"),
        ("\ud800", "is no list of masks"),
        ("[1]", "mask 0: it has no segmentation"),
        ('[{"segmentation": {"size": [13, 21]}}]', "mask 0: it has neither run lengths"),
        ('[{"segmentation": 5}]', "mask 0: it has neither run lengths nor polygons"),
        ('[{"segmentation": [5]}]', "mask 0: a polygon must be a list of numbers"),
        ('{"annotations": [{}]}', "mask 0: it has no segmentation"),
        (entry("[13, 22]"), r"mask 0: .*\(13, 22\), but the image"),
        (entry("[13, 21.0]"), "two whole numbers"),
        (entry("[" * 500 + "]" * 500), "two whole numbers"),
        (entry("13"), "two whole numbers"),
        (entry(counts='"~~"'), "mask 0: '~' has no place"),
        (entry(counts="[1, 2]"), "mask 0: .* must be positive and fill 13 x 21 pixels"),
        (entry(counts="null"), "mask 0: .* must be text, got NoneType"),
        (entry(more=', "score": "x"'), "mask 0: its score must be a number"),
        (entry(more=', "score": true'), "mask 0: its score must be a number"),
        (entry(more=', "score": 1e99'), "mask 0: its score must be a number"),
        (entry(more=', "predicted_iou": NaN'), "mask 0: its score must be a number"),
    ],
)
def test_what_is_no_such_file(text, message, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ValueError, match=message) as caught:
        read_masks(path, SIZE)
    assert str(path) in str(caught.value)


def test_more_masks_than_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("tamingseg.data.mask_files.MAX_BYTES", 2 * 13 * 3)
    path = tmp_path / "a.json"
    one = entry(counts='"a8"')[1:-1]
    path.write_text(f"[{one}, {one}]")
    assert len(read_masks(path, SIZE)) == 2
    path.write_text(f"[{one}, {one}, {one}]")
    with pytest.raises(ValueError, match=r"a\.json holds 3 masks of 13 x 21 pixels.*keep fewer"):
        read_masks(path, SIZE)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no masks .*b\.json"):
        read_masks(tmp_path / "b.json", SIZE)


def test_coco_loads_what_is_written(masks, tmp_path, capsys):
    path = tmp_path / "a.json"
    write_masks(path, masks, image_id=7)
    truth = COCO()
    truth.dataset = {
        "images": [{"id": 7, "height": SIZE[0], "width": SIZE[1]}],
        "categories": [{"id": 1, "name": "object"}],
        "annotations": [],
    }
    truth.createIndex()
    loaded = truth.loadRes(str(path))
    entries = loaded.loadAnns(loaded.getAnnIds(imgIds=[7]))
    assert [entry["id"] for entry in entries] == [1, 2, 3, 4]
    assert [entry["id"] for entry in json.loads(path.read_text())] == [1, 2, 3, 4]
    np.testing.assert_array_equal([loaded.annToMask(entry) for entry in entries], list(masks))


def test_all_forms_of_coco_are_read(tmp_path):
    square = np.zeros(SIZE, bool)
    square[2:6, 3:10] = True
    runs = [3 * 13 + 2, *[4, 9] * 6, 4, 13 * 21 - (9 * 13 + 6)]
    forms = [
        {"size": list(SIZE), "counts": runs},
        mask_entry(square, 1.0, 1)["segmentation"],
        [[3, 2, 10, 2, 10, 6, 3, 6]],
        [[3, 2, 7.0, 2, 7, 6, 3, 6], [7, 2, 10, 2, 10, 6, 7, 6], [1, 1, 1, 1]],
    ]
    path = tmp_path / "a.json"
    entries = [{"segmentation": form, "score": 0.5} for form in forms]
    for content in (entries, {"image": {}, "annotations": entries}):
        path.write_text(json.dumps(content))
        back = read_masks(path, SIZE)
        assert len(back) == len(forms)
        assert all((back[number] == square).all() for number in range(len(forms)))
