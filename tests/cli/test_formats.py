"""`--format` of `propose` and `partition`: the results once more, for another program."""

import numpy as np
import pytest
from PIL import Image

from tamingseg.annotations.reading import read_annotations
from tamingseg.cli.formats import check_format, write_format
from tamingseg.cli.photos import Photos
from tamingseg.data.mask_files import write_masks
from tamingseg.values import MaskSet


@pytest.fixture
def done(tmp_path):
    """A folder with the results of two photos, and the photos."""
    bits = np.zeros((2, 6, 8), bool)
    bits[0, 1:3, 2:4] = bits[1, 4:, 5:] = True
    paths = {"deep/a": tmp_path / "photos/deep/a.jpg", "b": tmp_path / "photos/b.png"}
    for name, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6)).save(path)
        write_masks(tmp_path / "out" / f"{name}.json", MaskSet.from_masks(bits))
    return Photos(paths, [], {}), tmp_path / "out"


def test_results_in_another_format(done, capsys):
    photos, output = done
    check_format("yolo", output)
    write_format("yolo", photos, output)
    assert "YOLO: colours of labels are not kept" in capsys.readouterr().out
    assert len((output / "yolo/labels/deep/a.txt").read_text().splitlines()) == 2
    with pytest.raises(ValueError, match="yolo is there and not empty"):
        check_format("yolo", output)
    write_format("project", photos, output)
    project, notes = read_annotations(output / "project")
    assert [photo.name for photo in project.photos] == ["deep/a.jpg", "b.png"]
    assert notes == []


def test_what_cannot_be_done_is_said_first(tmp_path):
    with pytest.raises(ValueError, match="there is no format 'word'"):
        check_format("word", tmp_path)
    check_format(None, tmp_path)
    check_format("coco", tmp_path)


def test_cut_outs_show_the_photo(done):
    photos, output = done
    write_format("cutouts", photos, output)
    assert sorted(path.name for path in (output / "cutouts").iterdir()) == [
        "b",
        "cutouts.csv",
        "deep",
    ]


def test_without_results_there_is_nothing(tmp_path):
    write_format("coco", Photos({"a": tmp_path / "a.png"}, [], {}), tmp_path)
    assert list(tmp_path.iterdir()) == []
