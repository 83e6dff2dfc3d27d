"""Readers on small copies of their real layouts, whole and broken."""

import json
import pickle
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tamingseg.cli.main import main
from tamingseg.data import hqseg44k
from tamingseg.data.catalog import CATALOG, find_entry, open_dataset, open_datasets
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
        ({"void": 255, "source": "a friend"}, True),
    ],
)
def test_what_zero_means(folder, settings, expected):
    if settings is not None:
        (folder / "set.json").write_text(json.dumps(settings))
    assert FolderDataset(folder)[0].zero_is_background == expected
    assert FolderDataset(folder, zero_is_background=not expected)[0].zero_is_background != expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, False),
        ({"kind": "partition, several annotators"}, True),
        ({"kind": "parts of a partition"}, False),
        ({"kind": "partition", "partition": False}, False),
        ({"partition": True}, True),
    ],
)
def test_what_is_a_partition(folder, settings, expected):
    if settings is not None:
        (folder / "set.json").write_text(json.dumps(settings))
    assert FolderDataset(folder).partition is expected


def test_what_other_values_mean(folder):
    plain = FolderDataset(folder).fingerprint
    for settings, expected in [
        ({"void": 7}, {0: 0, 1: 1, 7: -1}),
        ({"void": [1, 7]}, {0: 0, 1: -1, 7: -1}),
        ({"background": [1]}, {0: -1, 1: 0, 7: 7}),
        ({"objects": "one"}, {0: 0, 1: 1, 7: 1}),
    ]:
        (folder / "set.json").write_text(json.dumps(settings))
        dataset = FolderDataset(folder)
        wanted = np.vectorize(expected.get)(labels())
        np.testing.assert_array_equal(dataset[0].label_maps[0], wanted)
        assert dataset[0].zero_is_background
        assert dataset.fingerprint != plain
        assert dataset.settings.keys() == {"zero_is_background", "labels"}
    for settings in ({"void": "255"}, {"void": [1.5]}, {"background": True}, {"objects": "two"}):
        (folder / "set.json").write_text(json.dumps(settings))
        with pytest.raises(ValueError, match=r"set\.json must give"):
            FolderDataset(folder)


def test_grabcut(tmp_path):
    trimap = np.zeros((20, 30), np.uint8)
    trimap[:, 10:20], trimap[:, 12:18], trimap[:, :5] = 128, 255, 64
    save(tmp_path / "data_GT" / "a.jpg", photo())
    save(tmp_path / "boundary_GT" / "a.bmp", trimap)
    sample = open_dataset(tmp_path)[0]
    expected = np.select([trimap == 255, trimap == 128], [1, -1])
    np.testing.assert_array_equal(sample.label_maps[0], expected)


def make_voc(root, listed=True):
    for name in ("2007_1", "2007_2", "unlabelled"):
        save(root / "JPEGImages" / f"{name}.jpg", photo())
    for name in ("2007_1", "2007_2"):
        values = labels()
        values[:, 9] = 255
        save(root / "SegmentationObject" / f"{name}.png", values)
        save(root / "SegmentationClass" / f"{name}.png", values)
    if listed:
        (root / "ImageSets" / "Segmentation").mkdir(parents=True)
        for split, names in (("train", "2007_1"), ("val", "2007_2"), ("trainval", "2007_1 2007_2")):
            (root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(names + "\n")


def test_pascal_voc(tmp_path):
    root = tmp_path / "VOC2012"
    make_voc(root)
    dataset = open_dataset(root)
    assert (dataset.name, dataset.names) == ("VOC2012-val", ["2007_2"])
    sample = dataset[0]
    assert (sample.label_maps[0][:, 9] == -1).all()
    assert [label for _, label, _ in sample.masks(1)] == [1, 7]
    assert sample.zero_is_background
    assert open_dataset(root / "trainval").names == ["2007_1", "2007_2"]
    (root / "SegmentationObject" / "2007_2.png").unlink()
    with pytest.raises(
        ValueError, match=r"SegmentationObject.2007_2\.png is missing, but .*val\.txt"
    ):
        open_dataset(root / "trainval")
    make_voc(tmp_path / "own", listed=False)
    assert open_dataset(tmp_path / "own").names == ["2007_1", "2007_2"]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"kind": 3}'])
def test_broken_set_json_names_itself(folder, text):
    (folder / "set.json").write_text(text)
    with pytest.raises(ValueError, match=r"set\.json must "):
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
    (folder / "images").rename(folder / "masks")
    with pytest.raises(FileNotFoundError, match="things has no folder images/; expected"):
        open_dataset(folder)


def test_a_folder_of_data_sets_stands_for_all_of_them(folder, monkeypatch):
    monkeypatch.chdir(folder.parent.parent)
    beside = folder.parent.name  # a root that is not absolute
    assert [dataset.name for dataset in open_datasets([".", "things"], beside)] == ["things"] * 2
    assert [dataset.name for dataset in open_datasets([folder.parent, folder])] == ["things"] * 2
    with pytest.raises(ValueError, match="no data"):
        open_datasets([])


def test_different_sets_of_one_name_are_told_apart_by_their_folders(folder, tmp_path):
    places = [tmp_path / place / "val" for place in ("x/a", "x/b", "y/b")]
    for number, place in enumerate(places):
        shutil.copytree(folder, place)
        save(place / "images" / f"{number}.png", photo())
        save(place / "masks" / f"{number}.png", labels())
    names = [dataset.name for dataset in open_datasets([*places[:2], folder, places[0]])]
    assert names == ["a/val", "b/val", "things", "a/val"]
    names = [dataset.name for dataset in open_datasets(places)]
    assert names == ["x/a/val", "x/b/val", "y/b/val"]


def test_what_is_no_data_set_is_named_as_it_was_given(tmp_path):
    (tmp_path / "VOC" / "Annotations").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=r"VOC is no data set we can read.*found Annota"):
        open_datasets(["VOC"], tmp_path)


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
    assert not dataset.partition
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
    with pytest.raises(FileNotFoundError, match=r"no folder .*nothing, .*known are DAVIS, BSDS500"):
        open_dataset("nothing", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"DAVIS is expected at .*DAVIS; it comes from"):
        open_dataset("davis", tmp_path)
    (tmp_path / "pictures").mkdir()
    with pytest.raises(
        FileNotFoundError, match=r"expected images/ and masks/.*; found pict"
    ) as all_:
        open_dataset(tmp_path)
    for name in (
        "any folder",
        "DAVIS",
        "HyperSim",
        "COCO+LVIS",
        "HQSeg44K",
        "BSDS500",
        "Pascal VOC",
        "COCO)",
    ):
        assert f"({name}" in str(all_.value)
    (tmp_path / "images").mkdir()
    with pytest.raises(FileNotFoundError, match="has no folder masks/"):
        open_dataset(tmp_path)


def make_bsds500(root):
    for split in ("train", "val", "test"):
        save(root / "images" / split / "1.jpg", photo())
        truth = np.empty((1, 1), object)
        truth[0, 0] = {"Segmentation": labels() + 1}
        (root / "groundTruth" / split).mkdir(parents=True)
        savemat(root / "groundTruth" / split / "1.mat", {"groundTruth": truth})


def make_hqseg44k(root):
    for source in (source for sources in hqseg44k.SPLITS.values() for source in sources):
        save(root / source.images / "1.jpg", photo())
        save(root / source.masks / "1.png", labels())


def make_coco_lvis(root):
    for split in ("train", "val"):
        save(root / split / "images" / "1.jpg", photo())
        (root / split / "masks").mkdir()
        layer = cv2.imencode(".png", labels())[1]
        (root / split / "masks" / "1.pickle").write_bytes(pickle.dumps(([layer], [(0, 1), (0, 7)])))
        entry = {"num_instance_masks": 1, "hierarchy": {0: None}}
        (root / split / "hannotation.pickle").write_bytes(pickle.dumps({"1": entry}))


OFFICIAL = {"BSDS500": make_bsds500, "HQSeg44K": make_hqseg44k, "COCO_LVIS": make_coco_lvis}


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_layouts_are_told_by_their_folders(tmp_path, name):
    OFFICIAL[name](tmp_path / "anything")
    (tmp_path / "anything").rename(tmp_path / name)
    entry = CATALOG[name]
    default = "test" if name == "BSDS500" else "val"
    opened = open_dataset(tmp_path / name)
    assert type(opened) is entry.reader
    assert opened.name == f"{name}-{default}"
    assert len(opened[0].label_maps) == 1
    for wanted in (f"{name}/train", f"{name.lower()}/train", tmp_path / name / "train"):
        assert open_dataset(wanted, tmp_path).name == f"{name}-train"
    assert open_dataset(name, tmp_path, split="train").name == f"{name}-train"
    assert open_dataset(f"{name}/{default}", tmp_path, split="train").name == f"{name}-{default}"
    inside = open_datasets([tmp_path, name, f"{name}/train"], tmp_path)
    assert [dataset.name for dataset in inside] == [opened.name, opened.name, f"{name}-train"]
    assert open_datasets([name], tmp_path, split="train")[0].name == f"{name}-train"
    assert find_entry(opened.name) == (entry, default)
    with pytest.raises(ValueError, match=f"split of {name[:4]}"):
        open_dataset(name, tmp_path, split="eval")


def test_a_split_is_only_what_the_layout_has(folder):
    """A folder that happens to be called train is a data set like any other."""
    folder.rename(folder.parent / "train")
    assert open_dataset(folder.parent / "train").name == "train"
    assert open_dataset("train", folder.parent, split="val").names == ["a", "b"]


def test_two_entries_may_differ_in_case_only(tmp_path):
    make_bsds500(tmp_path / "eval" / "BSDS500")
    assert open_dataset("bsds500", tmp_path / "eval").name == "BSDS500-test"
    with pytest.raises(FileNotFoundError, match="BSDS500 is expected at"):
        open_dataset("BSDS500", tmp_path)


def test_entries_by_the_name_of_a_data_set():
    assert find_entry("camvid") == (CATALOG["camvid"], None)
    assert find_entry("HQSeg44K-val") == (CATALOG["HQSeg44K"], "val")
    for name in ("things", "things-val", "camvid-small", "-val", ""):
        assert find_entry(name)[0] is None


def test_check_says_what_is_expected_and_what_differs(tmp_path, folder, capsys):
    make_bsds500(tmp_path / "BSDS500")
    assert main(["data", "check", "BSDS500/val", "things", "--root", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "BSDS500-val: 1 images with masks, 0 regions of at least 256 px" in out
    assert "expected images 200 (train), 100 (val), 200 (test); licence: non-comm" in out
    assert "BSDS500-val: 1 images with masks are not the expected 100; files are missing" in out
    assert out.count("expected") == 2, "nothing is expected of things"
    folder.rename(tmp_path / "camvid")
    assert main(["data", "check", str(tmp_path / "camvid")]) == 0
    assert "2 images with masks are not the expected 468 or 43" in capsys.readouterr().out
    make_coco_lvis(tmp_path / "COCO_LVIS")
    assert main(["data", "check", str(tmp_path / "COCO_LVIS")]) == 0
    assert "COCO_LVIS-val: expected images unknown; licence: ann" in capsys.readouterr().out


@pytest.mark.data
@pytest.mark.parametrize("split", ["train", "eval"])
def test_shared_sets_have_the_catalogs_counts_and_meaning_of_zero(shared_data, split):
    sets = {name: entry for name, entry in CATALOG.items() if split in entry.images}
    for name in sets.keys() - OFFICIAL.keys():
        entry = sets[name]
        dataset = open_dataset(name, shared_data / split)
        assert type(dataset) is entry.reader
        assert (dataset.name, len(dataset)) == (name, entry.images[split])
        assert dataset[0].zero_is_background == (name in ("DAVIS", "carparts", "nuclei"))
        assert dataset.partition == (name in ("bsds500", "msrc"))
