"""BSDS500 on a small copy of its layout, on damaged files, and on the real one where it is."""

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat, savemat

from tamingseg.data.bsds500 import Bsds500Dataset, read_segmentations

COARSE = np.ones((20, 30), np.uint16)
FINE = np.repeat(np.arange(1, 4, dtype=np.uint16), 10)[None].repeat(20, axis=0)


def cells(*items):
    array = np.empty((1, len(items)), object)
    for index, item in enumerate(items):
        array[0, index] = item
    return array


def save_truth(path, *maps):
    path.parent.mkdir(parents=True, exist_ok=True)
    people = [{"Segmentation": labels, "Boundaries": labels > 1} for labels in maps]
    savemat(path, {"groundTruth": cells(*people)}, do_compression=True)


def save_image(path, size=(20, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), 90, np.uint8)).save(path)


@pytest.fixture
def root(tmp_path):
    data = tmp_path / "BSDS500" / "data"
    for split, names in (("train", ["3"]), ("val", ["4"]), ("test", ["1", "2"])):
        for name in names:
            save_image(data / "images" / split / f"{name}.jpg")
            save_truth(data / "groundTruth" / split / f"{name}.mat", COARSE, FINE)
    (data / "images" / "test" / "Thumbs.db").touch()  # the archive has these
    return tmp_path / "BSDS500"


def test_every_annotator_is_a_map(root):
    dataset = Bsds500Dataset(root)
    assert (dataset.name, dataset.names, len(dataset)) == ("BSDS500-test", ["1", "2"], 2)
    assert dataset.partition
    assert dataset.problems == []
    sample = dataset[1]
    assert sample.name == "2"
    assert sample.label_maps.dtype == np.int32
    np.testing.assert_array_equal(sample.label_maps, [COARSE, FINE])
    assert not sample.zero_is_background
    assert sample.parents == {}


@pytest.mark.parametrize(("split", "names"), [("train", ["3"]), ("val", ["4"])])
def test_other_splits_and_the_folder_inside(root, split, names):
    for folder in (root, root / "data"):
        dataset = Bsds500Dataset(folder, split)
        assert (dataset.name, dataset.names) == (f"BSDS500-{split}", names)


def test_the_fingerprint_follows_the_files(root):
    before = Bsds500Dataset(root).fingerprint
    assert Bsds500Dataset(root).fingerprint == before
    assert Bsds500Dataset(root, "val").fingerprint != before
    save_truth(root / "data" / "groundTruth" / "test" / "1.mat", COARSE)
    assert Bsds500Dataset(root).fingerprint != before


def test_what_does_not_fit_together(root):
    (root / "data" / "images" / "test" / "1.jpg").unlink()
    (root / "data" / "groundTruth" / "test" / "2.mat").unlink()
    with pytest.raises(ValueError, match=r"2\.jpg has no ground truth.*1\.mat is the ground truth"):
        Bsds500Dataset(root)
    assert len(Bsds500Dataset(root, strict=False).problems) == 2
    (root / "data" / "images" / "test" / "2.jpg").unlink()
    (root / "data" / "groundTruth" / "test" / "1.mat").unlink()
    with pytest.raises(ValueError, match="there is no image with ground truth in"):
        Bsds500Dataset(root)
    (root / "data" / "groundTruth" / "test").rmdir()
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*groundTruth.test; expected"):
        Bsds500Dataset(root)
    with pytest.raises(ValueError, match="split of BSDS500"):
        Bsds500Dataset(root, "eval")


def test_sizes_that_differ_name_both_files(root):
    save_image(root / "data" / "images" / "test" / "1.jpg", (20, 31))
    with pytest.raises(ValueError, match=r"1\.mat has .*\(20, 30\).*\(20, 31\) like .*1\.jpg"):
        Bsds500Dataset(root)[0]


@pytest.mark.parametrize(
    "truth",
    [
        1.0,
        cells(),
        cells("text"),
        cells(COARSE),
        cells({"Boundaries": COARSE}),
        cells({"Segmentation": "text"}),
        cells({"Segmentation": cells(COARSE)}),
        cells({"Segmentation": np.ones((2, 20, 30))}),
    ],
)
def test_wrong_contents_are_an_error_that_names_the_file(root, truth):
    path = root / "data" / "groundTruth" / "test" / "1.mat"
    savemat(path, {"groundTruth": truth})
    with pytest.raises(ValueError, match=r"1\.mat "):
        Bsds500Dataset(root)[0]


def test_damage_names_the_file(root):
    path = root / "data" / "groundTruth" / "test" / "1.mat"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"1\.mat is damaged"):
        Bsds500Dataset(root)[0]


def test_segmentations(tmp_path):
    path = tmp_path / "1.mat"
    savemat(path, {"segs": cells(COARSE, FINE.astype(float))})
    maps = read_segmentations(path)
    assert [labels.dtype for labels in maps] == [np.int32, np.int32]
    np.testing.assert_array_equal(maps, [COARSE, FINE])
    assert maps[0].flags.writeable, "it is ours, not a view into the file"


@pytest.mark.parametrize(
    ("segmentations", "problem"),
    [
        (cells(FINE - 1), "every pixel a label of 1 or more"),
        (cells(-FINE.astype(int)), "every pixel a label of 1 or more"),
        (cells(FINE.astype(float) * np.nan), "every pixel a label of 1 or more"),
        (cells(FINE.astype(float) * np.inf), "every pixel a label of 1 or more"),
        (cells(FINE.astype(np.int64) << 31), "every pixel a label of 1 or more"),
        (cells(np.ones((0, 3))), "every pixel a label of 1 or more"),
        (cells(FINE + 0.5), "whole numbers"),
        (cells(FINE, FINE[:, 1:]), r"\(20, 30\) and \(20, 29\)"),
        (cells(), "no label map"),
        (FINE, "must hold a cell array segs"),
        ({"a": FINE}, "must hold a cell array segs"),
    ],
)
def test_segmentations_that_are_none(tmp_path, segmentations, problem):
    path = tmp_path / "1.mat"
    savemat(path, {"segs": segmentations})
    with pytest.raises(ValueError, match=rf"1\.mat .*{problem}"):
        read_segmentations(path)


@pytest.mark.data
def test_the_real_test_split(shared_data):
    dataset = Bsds500Dataset(shared_data / "eval" / "BSDS500")
    assert len(dataset) == 200
    for index in range(0, 200, 40):
        sample = dataset[index]
        path = shared_data / "eval/BSDS500/data/groundTruth/test" / f"{sample.name}.mat"
        people = loadmat(path)["groundTruth"].ravel()
        maps = [person["Segmentation"].item() for person in people]
        np.testing.assert_array_equal(sample.label_maps, maps)
        assert 4 <= len(maps) <= 9
        assert sample.label_maps.min() == 1


@pytest.mark.data
def test_the_benchmarks_own_segmentations(shared_fixtures):
    paths = sorted((shared_fixtures / "bsds_bench" / "segs").glob("*.mat"))
    assert len(paths) == 5
    for path in paths:
        np.testing.assert_array_equal(read_segmentations(path), list(loadmat(path)["segs"].ravel()))
