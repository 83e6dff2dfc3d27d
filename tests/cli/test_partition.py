"""`tamingseg partition`, from photos to files."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from tamingseg.cli.main import main


@pytest.fixture
def photos(tmp_path, two_discs):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for name in ("a", "deep/b"):
        Image.fromarray(two_discs.image).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def partition(tmp_path, fake_model):
    def run(*arguments):
        output = ["--output", str(tmp_path / "out"), "--model", fake_model]
        return main(["partition", *map(str, arguments), *output])

    return run


def test_files_of_one_photo(photo, tmp_path, two_discs, partition, capsys):
    assert partition(photo, "--regions", 3, "--overlay") == 0
    with Image.open(tmp_path / "out" / "photo.png") as file:
        assert file.mode == "I;16"
        labels = np.asarray(file)
    assert np.unique(labels).tolist() == [1, 2, 3]
    blue = labels[two_discs.label_maps[0] == 2]
    assert np.bincount(blue).max() > 0.9 * blue.size
    entries = json.loads((tmp_path / "out" / "photo.json").read_text())
    masks = [coco.decode(entry["segmentation"]) for entry in entries]
    np.testing.assert_array_equal(sum(k * mask for k, mask in enumerate(masks, 1)), labels)
    overlay = np.asarray(Image.open(tmp_path / "out" / "photo.overlay.png"))
    assert overlay.shape == two_discs.image.shape
    assert "photos: 1 done" in capsys.readouterr().out


def test_multicut_finds_how_many(photo, tmp_path, partition):
    assert partition(photo, "--method", "multicut") == 0
    assert np.asarray(Image.open(tmp_path / "out" / "photo.png")).max() == 3


def test_photos_and_folders_are_followed_and_resumed(photo, photos, tmp_path, partition):
    assert partition(photo, photos, "--regions", 2) == 0
    results = [tmp_path / "out" / name for name in ("photo.json", "a.json", "deep/b.json")]
    assert all(result.exists() for result in results)
    results[1].unlink()
    before = results[2].stat().st_mtime_ns
    assert partition(photo, photos, "--regions", 2) == 0
    assert results[1].exists()
    assert results[2].stat().st_mtime_ns == before


def test_other_settings_need_another_folder(photo, partition, capsys):
    assert partition(photo, "--regions", 2) == 0
    assert partition(photo, "--regions", 3) == 2
    assert "made with other settings" in capsys.readouterr().err


def test_settings_without_a_result_may_be_corrected(photo, tmp_path, partition):
    assert partition(photo, "--regions", 10_000) == 2
    assert partition(photo, "--regions", 2) == 0
    assert (tmp_path / "out" / "photo.json").exists()


def test_photos_that_cannot_be_cut_are_listed_and_the_others_done(
    photos, tmp_path, partition, capsys
):
    (photos / "broken.jpg").write_bytes(b"no photo")
    Image.new("RGB", (2, 2)).save(photos / "tiny.png")
    assert partition(photos, "--regions", 5) == 1
    said = capsys.readouterr()
    assert "broken.jpg is not a JPEG" in said.err
    assert "tiny.png: expected a whole number of regions from 1 to 4" in said.err
    assert "photos: 2 done; 2 left out" in said.out
    assert not (tmp_path / "out" / "tiny.json").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--regions", 0], "at least 1 region, got 0"),
        (["--regions", -4], "at least 1 region, got -4"),
        (["--regions", 10_000], "from 1 to"),
        ([], "needs --regions"),
        (["--method", "normalised-cut"], "needs --regions"),
    ],
)
def test_numbers_that_cannot_be(photo, partition, capsys, flags, message):
    assert partition(photo, *flags) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("regions", ["2.5", "many", "nan"])
def test_numbers_that_are_none(photo, partition, capsys, regions):
    with pytest.raises(SystemExit) as stop:
        partition(photo, "--regions", regions)
    assert stop.value.code == 2


def test_photos_that_are_not_there(photos, tmp_path, partition, capsys):
    (tmp_path / "empty").mkdir()
    for paths, message in [
        ([], "at least one photo"),
        ([tmp_path / "nothing.jpg"], "there is no file"),
        ([tmp_path / "empty"], "holds no photo"),
        ([photos / "a.png", photos], "has the same name as"),
    ]:
        assert partition(*paths, "--regions", 2) == 2
        assert message in capsys.readouterr().err


def test_results_never_replace_photos(two_discs, tmp_path, partition, capsys):
    (tmp_path / "out").mkdir()
    for name in ("x", "x.overlay"):
        Image.fromarray(two_discs.image).save(tmp_path / f"{name}.png")
    both = tmp_path / "x.png", tmp_path / "x.overlay.png"
    assert partition(*both, "--regions", 2, "--overlay") == 2
    assert "would replace" in capsys.readouterr().err
    inside = tmp_path / "out" / "y.png"
    Image.fromarray(two_discs.image).save(inside)
    assert partition(inside, "--regions", 2) == 2
    assert "would replace" in capsys.readouterr().err
