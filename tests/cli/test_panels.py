"""`tamingseg panels`, from photos and seeds to pictures."""

import numpy as np
import pytest
from PIL import Image

from tamingseg.cli.main import main


def panels(output, model, *flags):
    return main(["panels", *map(str, flags), "--output", str(output), "--model", model])


def test_a_photo_gets_a_sheet_and_single_pictures(photo, tmp_path, two_discs, fake_model, capsys):
    output = tmp_path / "out"
    assert panels(output, fake_model, photo, "--regions", "3", "--click", "16,18") == 0
    names = {path.stem for path in (output / "photo").iterdir()}
    assert names == {"image", "one-click", "certainty", "superpixels", "3-regions"}
    single = np.asarray(Image.open(output / "photo" / "image.png"))
    np.testing.assert_array_equal(single, two_discs.image)
    assert np.asarray(Image.open(output / "photo.png")).shape[1] > 4 * 64
    assert "photos: 1 done" in capsys.readouterr().out


def test_mosaics_show_their_truth_too(tmp_path, fake_model):
    mosaic = ("--mosaic.count", "2", "--mosaic.size", "32", "40", "--mosaic.regions", "3")
    assert panels(tmp_path / "a", fake_model, *mosaic) == 0
    assert {p.name for p in (tmp_path / "a").glob("*.png")} == {
        "mosaic-000000.png",
        "mosaic-000001.png",
    }
    names = {path.stem for path in (tmp_path / "a" / "mosaic-000000").iterdir()}
    assert {"truth", "3-regions", "errors"} <= names
    assert panels(tmp_path / "b", fake_model, *mosaic) == 0
    first, again = ((tmp_path / side / "mosaic-000000.png").read_bytes() for side in "ab")
    assert first == again


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "nothing to draw"),
        (("missing.png",), "there is no file missing.png"),
        (("a/x.png", "b/x.jpg"), "has the same name as"),
        (("--mosaic.count", "1", "--mosaic.regions", "0"), "1 <= least regions"),
        (("--mosaic.count", "1", "--click", "here"), "expected a click as ROW,COL"),
    ],
)
def test_bad_input_is_said_in_one_line(tmp_path, monkeypatch, fake_model, capsys, flags, message):
    monkeypatch.chdir(tmp_path)
    assert panels(tmp_path / "out", fake_model, *flags) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_pictures_never_replace_photos(photo, two_discs, fake_model, capsys):
    before = photo.read_bytes()
    assert panels(photo.parent, fake_model, photo, "--regions", "3") == 2
    assert "would replace" in capsys.readouterr().err
    assert photo.read_bytes() == before
    named = photo.rename(photo.with_name("mosaic-000000.png"))
    assert panels(photo.parent / "out", fake_model, named, "--mosaic.count", "1") == 2
    assert "both called mosaic-000000" in capsys.readouterr().err


def test_folders_of_photos_are_followed(photo, tmp_path, fake_model):
    (tmp_path / "photos/sub").mkdir(parents=True)
    photo.rename(tmp_path / "photos/sub/a.png")
    assert panels(tmp_path / "out", fake_model, tmp_path / "photos", "--regions", "2") == 0
    assert (tmp_path / "out/sub/a.png").exists()
    assert (tmp_path / "out/sub/a/2-regions.png").exists()


def test_a_photo_that_is_none_does_not_stop_the_others(photo, tmp_path, fake_model, capsys):
    (tmp_path / "broken.png").write_bytes(b"no photo")
    output = tmp_path / "out"
    assert panels(output, fake_model, photo, tmp_path / "broken.png", "--regions", "3") == 1
    assert "broken.png" in capsys.readouterr().err
    assert (output / f"{photo.stem}.png").exists()
