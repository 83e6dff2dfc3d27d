"""Ordered masks in COCO's JSON: there and back, and what strangers may write."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco

from tamingseg.data.mask_files import mask_entries, read_masks, write_masks
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "is no list of masks"),
        ('{"a": 1}', "is no list of masks"),
        ("[1]", "is no list of masks"),
        ('[{"segmentation": {"size": [13, 21]}}]', "is no list of masks"),
        ('[{"segmentation": {"size": [13, 22], "counts": "0"}}]', r"\(13, 22\), but the image"),
        ('[{"segmentation": {"size": [13, 21], "counts": "~~"}}]', "a.json, mask 0"),
        ('[{"segmentation": {"size": [13, 21], "counts": [1, 2]}}]', "a.json, mask 0"),
        ('[{"segmentation": {"size": [13, 21], "counts": "0"}, "score": "x"}]', "is no list"),
    ],
)
def test_what_is_no_such_file(text, message, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_masks(path, SIZE)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no masks .*b\.json"):
        read_masks(tmp_path / "b.json", SIZE)
