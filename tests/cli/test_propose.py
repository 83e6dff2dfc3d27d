"""`tamingseg propose`, from photos to files."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from tamingseg.cli.main import main
from tamingseg.masks.iou import iou


@pytest.fixture
def photos(tmp_path, two_discs):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for name in ("a", "deep/b"):
        Image.fromarray(two_discs.image).save(folder / f"{name}.png")
    return folder


def _without_ids(path):
    return [{**entry, "image_id": None} for entry in json.loads(path.read_text())]


def propose(photos, output, model, *flags):
    return main(["propose", str(photos), "--output", str(output), "--model", model, *flags])


def test_files_of_one_photo(photo, tmp_path, two_discs, fake_model, capsys):
    output = tmp_path / "out"
    assert propose(photo, output, fake_model, "--pngs", "--overlay", "--count", "2") == 0
    entries = json.loads((output / "photo.json").read_text())
    assert len(entries) == 2
    masks = [coco.decode(entry["segmentation"]) for entry in entries]
    regions = [two_discs.label_maps[0] == label for label in (0, 1, 2)]
    assert all(max(iou(mask > 0, region) for region in regions) > 0.8 for mask in masks)
    for number, mask in enumerate(masks, 1):
        png = np.asarray(Image.open(output / "photo" / f"000{number}.png"))
        np.testing.assert_array_equal(png, mask * 255)
    overlay = np.asarray(Image.open(output / "photo.png"))
    assert overlay.shape == two_discs.image.shape
    assert (overlay != two_discs.image).any()
    assert "photos: 1 done" in capsys.readouterr().out


def test_a_folder_is_followed_and_resumed(photos, tmp_path, fake_model):
    output = tmp_path / "out"
    assert propose(photos, output, fake_model) == 0
    first, second = output / "a.json", output / "deep" / "b.json"
    entries, others = (json.loads(file.read_text()) for file in (first, second))
    ids = [entry.pop("image_id") for entry in entries + others]
    assert ids == [ids[0]] * 3 + [ids[3]] * 3
    assert ids[0] != ids[3]
    assert entries == others
    first.unlink()
    before = second.stat().st_mtime_ns
    assert propose(photos, output, fake_model) == 0
    assert first.exists()
    assert second.stat().st_mtime_ns == before


def test_a_photo_alone_gives_what_it_gives_in_a_folder(photos, tmp_path, fake_model):
    assert propose(photos, tmp_path / "all", fake_model) == 0
    assert propose(photos / "deep" / "b.png", tmp_path / "one", fake_model) == 0
    alone, among = tmp_path / "one" / "b.json", tmp_path / "all" / "deep" / "b.json"
    assert _without_ids(alone) == _without_ids(among)
    assert propose(photos / "deep", tmp_path / "two", fake_model) == 0
    assert (tmp_path / "two" / "b.json").read_bytes() == alone.read_bytes()
    (photos / "deep" / "a.png").write_bytes((photos / "a.png").read_bytes())
    assert propose(photos / "deep", tmp_path / "more", fake_model) == 0
    assert (tmp_path / "more" / "b.json").read_bytes() == alone.read_bytes()


def test_other_settings_need_another_folder(photos, tmp_path, fake_model, capsys):
    output = tmp_path / "out"
    assert propose(photos, output, fake_model) == 0
    assert propose(photos, output, fake_model, "--count", "3") == 2
    assert "made with other settings" in capsys.readouterr().err


def test_several_paths_and_the_other_method(photo, photos, tmp_path, fake_model):
    output = tmp_path / "out"
    flags = ["--output", str(output), "--model", fake_model]
    more = ["--method", "hierarchy", "--min-area", "0"]
    assert main(["propose", str(photo), str(photos), *flags, *more]) == 0
    assert all((output / f"{name}.json").exists() for name in ("photo", "a", "deep/b"))
    assert len(json.loads((output / "a.json").read_text())) > 3
    assert main(["propose", *flags]) == 2


def test_damaged_photos_are_listed_and_the_others_done(photos, tmp_path, fake_model, capsys):
    (photos / "broken.jpg").write_bytes(b"no photo")
    output = tmp_path / "out"
    assert propose(photos, output, fake_model) == 1
    said = capsys.readouterr()
    assert "broken.jpg is not a JPEG" in said.err
    assert "photos: 2 done; 1 left out" in said.out
    assert (output / "deep" / "b.json").exists()


def test_refusals(photos, tmp_path, fake_model, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    for path, flags, message in [
        (photos, ["--most", "9"], "--most of tamingseg propose is called --count now"),
        (photos, ["--source=hierarchy"], "--source of tamingseg propose is called --method now"),
        (empty, [], "holds no photo"),
        (tmp_path / "nothing.jpg", [], "there is no file"),
    ]:
        assert propose(path, tmp_path / "out", fake_model, *flags) == 2
        assert message in capsys.readouterr().err
    with pytest.raises(SystemExit):  # tyro's own way to say what a setting raises
        propose(photos, tmp_path / "out", fake_model, "--count", "0")
    assert "count >= 1" in capsys.readouterr().err
    Image.new("RGB", (9, 9)).save(photos / "a.jpg")
    assert propose(photos, tmp_path / "out", fake_model) == 2
    assert "has the same name as" in capsys.readouterr().err


def test_pages_of_a_tiff_are_photos(tmp_path, two_discs, fake_model, capsys):
    photos = tmp_path / "photos"
    photos.mkdir()
    pages = [Image.fromarray(two_discs.image), Image.fromarray(two_discs.image[::-1])]
    pages[0].save(photos / "stack.tif", save_all=True, append_images=pages[1:])
    pages[0].save(photos / "plain.tif")
    assert propose(photos, tmp_path / "first", fake_model) == 0
    said = capsys.readouterr()
    assert "stack.tif has 2 pages; only the first is read" in said.err
    assert "photos: 2 done" in said.out
    assert propose(photos, tmp_path / "all", fake_model, "--pages") == 0
    said = capsys.readouterr()
    assert "pages" not in said.err
    assert "photos: 3 done" in said.out
    names = sorted(path.stem for path in (tmp_path / "all").glob("*.json"))
    assert [name for name in names if not name.startswith(".")] == [
        "plain", "stack.0001", "stack.0002",
    ]  # fmt: skip
    first, second = (
        json.loads((tmp_path / "all" / f"stack.{page}.json").read_text())
        for page in ("0001", "0002")
    )
    turned = [coco.decode(entry["segmentation"])[::-1] for entry in first]
    for entry in second:
        assert max(iou(coco.decode(entry["segmentation"]) > 0, mask > 0) for mask in turned) > 0.8
    assert propose(photos, tmp_path / "all", fake_model, "--pages") == 0
    assert "photos: 0 done; 3 done before" in capsys.readouterr().out
