"""Readers on small copies of their real layouts, whole and broken."""

import json

import numpy as np
import pytest
from PIL import Image

from tamingseg.data.catalog import CATALOG, open_dataset, open_datasets
from tamingseg.data.davis import DavisDataset
from tamingseg.data.folder import FolderDataset


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


def photo(height=20, width=30):
    return np.full((height, width, 3), 90, np.uint8)


def labels(height=20, width=30):
    stripes = np.zeros((height, width), np.uint8)
    stripes[:, 10:20], stripes[:, 20:] = 1, 7
    return stripes


@pytest.fixture
def folder(tmp_path):
    """Two images; the second has two maps."""
    root = tmp_path / "things"
    for name in ("a", "b"):
        save(root / "images" / f"{name}.jpg", photo())
    save(root / "masks" / "a.png", labels())
    save(root / "masks" / "b.0.png", labels())
    save(root / "masks" / "b.1.png", labels() > 0)
    return root


def test_folder(folder):
    dataset = FolderDataset(folder)
    assert (dataset.name, dataset.names, len(dataset)) == ("things", ["a", "b"], 2)
    first, second = dataset[0], dataset[1]
    assert first.name == "a"
    assert first.image.shape == (20, 30, 3)
    np.testing.assert_array_equal(first.label_maps, labels()[None])
    np.testing.assert_array_equal(second.label_maps, [labels(), labels() > 0])
    assert second.label_maps.dtype == np.int32
    assert [(m, label) for m, label, _ in second.masks(1)] == [(0, 1), (0, 7), (1, 1)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, True),
        ({"kind": "partition"}, False),
        ({"kind": "parts of a car (instances); 0 is background, not unlabelled"}, True),
        ({"kind": "instances"}, True),
        ({"kind": "instances", "zero_is_background": False}, False),
        ({"zero_is_background": True}, True),
    ],
)
def test_what_zero_means(folder, settings, expected):
    if settings is not None:
        (folder / "set.json").write_text(json.dumps(settings))
    assert FolderDataset(folder)[0].zero_is_background == expected
    assert FolderDataset(folder, zero_is_background=not expected)[0].zero_is_background != expected


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"kind": 3}'])
def test_broken_set_json_names_itself(folder, text):
    (folder / "set.json").write_text(text)
    with pytest.raises(ValueError, match=r"set\.json must hold a JSON object"):
        FolderDataset(folder)


def test_without_masks(folder):
    for path in (folder / "masks").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="things has no image with a mask; expected"):
        FolderDataset(folder)
    assert len(FolderDataset(folder, strict=False).problems) == 2, "a check can still list them"
    (folder / "masks").rmdir()
    for opened in (FolderDataset, open_dataset, lambda path: open_datasets([path])):
        with pytest.raises(FileNotFoundError, match="things has no folder masks/; expected"):
            opened(folder)


def test_a_folder_of_data_sets_stands_for_all_of_them(folder):
    assert [dataset.name for dataset in open_datasets([folder.parent, folder])] == ["things"] * 2
    with pytest.raises(ValueError, match="no data"):
        open_datasets([])


def test_the_fingerprint_follows_the_files(folder):
    before = FolderDataset(folder).fingerprint
    assert FolderDataset(folder).fingerprint == before
    assert FolderDataset(folder, zero_is_background=False).fingerprint != before
    save(folder / "masks" / "a.png", 1 - labels())
    assert FolderDataset(folder).fingerprint != before


def test_files_that_do_not_fit_together(folder):
    (folder / "masks" / "a.png").unlink()
    save(folder / "masks" / "z.png", labels())
    with pytest.raises(
        ValueError, match=r"2 files .*z\.png is the mask of no image.*a\.jpg has no"
    ):
        FolderDataset(folder)
    dataset = FolderDataset(folder, strict=False)
    assert dataset.names == ["b"]
    assert len(dataset.problems) == 2


def test_an_error_names_every_bad_file_of_an_image(folder):
    save(folder / "masks" / "b.0.png", labels(20, 31))
    broken = folder / "masks" / "b.1.png"
    broken.write_bytes(broken.read_bytes()[:40])
    with pytest.raises(ValueError, match=r"b\.0\.png has .*\(20, 31\).*\(20, 30\).*b\.1\.png is"):
        FolderDataset(folder)[1]


@pytest.mark.parametrize(
    ("images", "masks", "name"),
    [
        ("img", "gt", "bear_00000"),
        ("JPEGImages/480p", "Annotations/480p", "bear/00000"),
    ],
)
def test_davis_in_both_layouts(tmp_path, images, masks, name):
    save(tmp_path / images / f"{name}.jpg", photo())
    save(tmp_path / masks / f"{name}.png", (labels() > 0) * 255)
    dataset = open_dataset(tmp_path)
    assert isinstance(dataset, DavisDataset)
    assert dataset.names == [name]
    sample = dataset[0]
    np.testing.assert_array_equal(sample.label_maps[0], labels() > 0)
    assert sample.zero_is_background


def test_davis_colour_and_faint_masks_are_object_wherever_not_black(tmp_path):
    colour = np.zeros((20, 30, 3), np.uint8)
    colour[:, 5:9] = (128, 0, 0)
    save(tmp_path / "img" / "a.jpg", photo())
    save(tmp_path / "gt" / "a.png", colour)
    save(tmp_path / "img" / "b.jpg", photo())
    save(tmp_path / "gt" / "b.png", labels())
    dataset = DavisDataset(tmp_path)
    np.testing.assert_array_equal(dataset[0].label_maps[0], colour[..., 0] > 0)
    np.testing.assert_array_equal(dataset[1].label_maps[0], labels() > 0)


@pytest.mark.parametrize("channels", [2, 4])
def test_davis_transparency_is_no_object(tmp_path, channels):
    opaque = np.zeros((20, 30, channels), np.uint8)
    opaque[..., -1] = 255
    opaque[:, 5:9, 0] = 128
    save(tmp_path / "img" / "a.jpg", photo())
    save(tmp_path / "gt" / "a.png", opaque)
    np.testing.assert_array_equal(DavisDataset(tmp_path)[0].label_maps[0], opaque[..., 0] > 0)


def test_davis_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected img/ and gt/ or JPEGImages/480p/ and"):
        DavisDataset(tmp_path)
    save(tmp_path / "img" / "a.jpg", photo())
    (tmp_path / "gt").mkdir()
    with pytest.raises(ValueError, match="no frame with a mask"):
        DavisDataset(tmp_path)
    save(tmp_path / "gt" / "b.png", labels())
    save(tmp_path / "img" / "b.jpg", photo())
    with pytest.raises(ValueError, match=r"a\.jpg has no mask"):
        DavisDataset(tmp_path)
    assert DavisDataset(tmp_path, strict=False).names == ["b"]


def test_open_dataset_finds_folders_and_names(folder):
    assert isinstance(open_dataset(folder), FolderDataset)
    assert open_dataset("things", folder.parent).names == ["a", "b"]
    folder.rename(folder.parent / "nuclei")
    assert open_dataset("Nuclei", folder.parent).name == "nuclei"


def test_open_dataset_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nothing, .*known are DAVIS, bsds500"):
        open_dataset("nothing", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"DAVIS is expected at .*DAVIS; it comes from"):
        open_dataset("davis", tmp_path)
    (tmp_path / "pictures").mkdir()
    with pytest.raises(FileNotFoundError, match=r"expected images/ and masks/.*; found pict"):
        open_dataset(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(FileNotFoundError, match="has no folder masks/"):
        open_dataset(tmp_path)


@pytest.mark.data
@pytest.mark.parametrize("split", ["train", "eval"])
def test_shared_sets_have_the_catalogs_counts_and_meaning_of_zero(shared_data, split):
    for name, entry in CATALOG.items():
        if split in entry.images:
            dataset = open_dataset(name, shared_data / split)
            assert type(dataset) is entry.reader
            assert (dataset.name, len(dataset)) == (name, entry.images[split])
            zero_is_background = name in ("DAVIS", "carparts", "nuclei")
            assert dataset[0].zero_is_background == zero_is_background
