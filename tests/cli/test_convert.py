"""`tamingseg convert`: from files to files, and what it says."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from tamingseg.cli.main import main

SQUARE = {"size": [6, 8], "counts": [13, 2, 4, 2, 27]}


@pytest.fixture
def source(tmp_path):
    """COCO's JSON with a sound object, one of no photo, and one of another size; and the photo."""
    annotations = [
        {"image_id": 1, "category_id": 7, "segmentation": SQUARE},
        {"image_id": 5, "category_id": 7, "segmentation": SQUARE},
        {"image_id": 1, "category_id": 7, "segmentation": SQUARE | {"size": [8, 6]}},
    ]
    contents = {
        "images": [{"id": 1, "file_name": "C:\\photos\\a.png", "height": 6, "width": 8}],
        "categories": [{"id": 7, "name": "cell"}],
        "annotations": annotations,
    }
    (tmp_path / "in.json").write_text(json.dumps(contents))
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (8, 6)).save(tmp_path / "photos" / "a.png")
    return tmp_path


def convert(source, *more):
    return main(["convert", str(source / "in.json"), *more])


def test_what_can_be_read_is_converted_and_the_rest_named(source, capsys):
    assert convert(source, "--to", "coco", "--output", str(source / "out.json")) == 1
    said = capsys.readouterr()
    assert said.out == f"{source / 'out.json'}: 1 photos, 1 objects, 1 labels\n"
    assert "in.json, annotation 2: left out: the file describes no image 5" in said.err
    assert "in.json, annotation 3: left out: it has (height, width) (8, 6), but" in said.err
    found = COCO(source / "out.json")
    assert found.imgs[1]["file_name"] == "a.png"
    mask = np.zeros((6, 8), bool)
    mask[1:3, 2:4] = True
    np.testing.assert_array_equal(found.annToMask(found.anns[1]), mask)


def test_photos_that_are_there(source, capsys):
    photos = ("--photos", str(source / "photos"))
    assert convert(source, "--to", "project", "--output", str(source / "out"), *photos) == 1
    assert convert(source, "--to", "coco", "--output", str(source / "b"), *photos, "--with-photos")
    assert (source / "b" / "images" / "default" / "a.png").is_file()
    (source / "photos" / "a.png").unlink()
    assert convert(source, "--to", "coco", "--output", str(source / "c"), *photos) == 1
    assert "a.png: left out: there is no such photo" in capsys.readouterr().err


def test_errors_in_a_line(source, capsys):
    assert convert(source, "--to", "word", "--output", str(source / "out")) == 2
    assert "there is no format 'word'; expected one of project, coco" in capsys.readouterr().err
    (source / "in.json").write_text("{}")
    assert convert(source, "--to", "coco", "--output", str(source / "out")) == 2
    assert "in.json is in no format that is read" in capsys.readouterr().err
    assert not (source / "out").exists()


def test_no_file_is_replaced(source, capsys):
    before = (source / "in.json").read_bytes()
    assert convert(source, "--to", "coco", "--output", str(source / "in.json")) == 2
    assert "in.json is there already; choose another --output" in capsys.readouterr().err
    assert (source / "in.json").read_bytes() == before


def test_hidden_objects_can_be_left_out(source, capsys):
    contents = json.loads((source / "in.json").read_text())
    contents["annotations"][0]["attributes"] = {"hidden": True}
    (source / "in.json").write_text(json.dumps(contents))
    output = str(source / "out.json")
    assert convert(source, "--to", "coco", "--output", output, "--visible-only") == 1
    assert capsys.readouterr().out == f"{output}: 1 photos, 0 objects, 1 labels\n"


def test_results_of_propose_are_annotations(tmp_path, capsys):
    entries = [{"segmentation": SQUARE, "score": 0.5}, {"segmentation": SQUARE, "score": 0.4}, 3]
    (tmp_path / "masks" / "deep").mkdir(parents=True)
    (tmp_path / "masks" / "deep" / "a.json").write_text(json.dumps(entries))
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    Image.new("RGB", (8, 6)).save(tmp_path / "photos" / "deep" / "a.png")
    more = ("--photos", str(tmp_path / "photos"), "--to", "labelme", "--output")
    assert main(["convert", str(tmp_path / "masks"), *more, str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert "deep/a.json, entry 3: left out: expected an entry with segmentation, got 3" in said.err
    shapes = json.loads((tmp_path / "out" / "deep" / "a.json").read_text())["shapes"]
    assert [shape["label"] for shape in shapes] == ["object"] * 2
