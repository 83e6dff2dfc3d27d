"""HQSeg44K on a small copy of its folders."""

import numpy as np
import pytest
from PIL import Image

from tamingseg.data.hqseg44k import SPLITS, HqSeg44kDataset

FOLDERS = {
    "train": [
        ("DIS5K/DIS-TR/im", "DIS5K/DIS-TR/gt"),
        (
            "thin_object_detection/ThinObject5K/images_train",
            "thin_object_detection/ThinObject5K/masks_train",
        ),
        ("cascade_psp/fss_all", "cascade_psp/fss_all"),
        ("cascade_psp/DUTS-TR", "cascade_psp/DUTS-TR"),
        ("cascade_psp/DUTS-TE", "cascade_psp/DUTS-TE"),
        ("cascade_psp/ecssd", "cascade_psp/ecssd"),
        ("cascade_psp/MSRA_10K", "cascade_psp/MSRA_10K"),
    ],
    "val": [
        ("DIS5K/DIS-VD/im", "DIS5K/DIS-VD/gt"),
        (
            "thin_object_detection/ThinObject5K/images_test",
            "thin_object_detection/ThinObject5K/masks_test",
        ),
        ("thin_object_detection/COIFT/images", "thin_object_detection/COIFT/masks"),
        ("thin_object_detection/HRSOD/images", "thin_object_detection/HRSOD/masks_max255"),
    ],
}
"""As in train/train.py of github.com/SysCV/sam-hq."""


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


def soft_mask():
    """Black, a faint edge, white."""
    mask = np.zeros((20, 30), np.uint8)
    mask[:, 10], mask[:, 11:] = 1, 255
    return mask


@pytest.fixture
def root(tmp_path):
    """One photo, called the same, in every folder."""
    for images, masks in [pair for pairs in FOLDERS.values() for pair in pairs]:
        save(tmp_path / images / "1#Bag.v2.jpg", np.full((20, 30, 3), 90))
        save(tmp_path / masks / "1#Bag.v2.png", soft_mask())
    return tmp_path


def test_official_numbers():
    numbers = {split: sum(source.number for source in sources) for split, sources in SPLITS.items()}
    assert numbers == {"train": 44_320, "val": 1_537}


@pytest.mark.parametrize("split", ["train", "val"])
def test_every_source_is_read(root, split):
    dataset = HqSeg44kDataset(root, split)
    assert dataset.name == f"HQSeg44K-{split}"
    assert len(dataset) == len(FOLDERS[split])
    assert dataset.names == [f"{source.name}/1#Bag.v2" for source in SPLITS[split]]
    assert not dataset.partition
    for index, name in enumerate(dataset.names):
        sample = dataset[index]
        assert sample.name == name
        assert sample.zero_is_background
        np.testing.assert_array_equal(sample.label_maps, soft_mask()[None] > 0)


def test_val_is_what_opens(root):
    assert HqSeg44kDataset(root).name == "HQSeg44K-val"
    with pytest.raises(ValueError, match="split of HQSeg44K"):
        HqSeg44kDataset(root, "test")


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_any_colour_is_object_and_transparency_is_none(root, channels):
    mask = np.zeros((20, 30, channels), np.uint8)
    if channels != 3:
        mask[..., -1] = 255
    mask[:, 5:9, 0] = 128
    save(root / "DIS5K/DIS-VD/gt/1#Bag.v2.png", mask)
    np.testing.assert_array_equal(HqSeg44kDataset(root)[0].label_maps[0], mask[..., 0] > 0)


def test_all_missing_folders_are_named_with_their_numbers(root):
    for folder in ("DIS5K/DIS-TR/gt", "cascade_psp/ecssd"):
        for path in (root / folder).iterdir():
            path.unlink()
        (root / folder).rmdir()
    with pytest.raises(
        FileNotFoundError,
        match=r"missing are DIS5K/DIS-TR/gt/ \(3000 files\), cascade_psp/ecssd/ \(1000 files\)\.",
    ):
        HqSeg44kDataset(root, "train")
    assert len(HqSeg44kDataset(root, "val")) == 4, "the other split is whole"
    partly = HqSeg44kDataset(root, "train", strict=False)
    assert len(partly) == 5
    assert [line.rpartition("no folder ")[2] for line in partly.problems] == [
        "DIS5K/DIS-TR/gt/ (3000 files)",
        "cascade_psp/ecssd/ (1000 files)",
    ]


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"DIS-VD/im/ \(470 files\), .*HRSOD/masks_max255"):
        HqSeg44kDataset(tmp_path)
    for images, masks in FOLDERS["val"]:
        (tmp_path / images).mkdir(parents=True)
        (tmp_path / masks).mkdir()
    with pytest.raises(ValueError, match="no image with a mask of split 'val'; 1537 expected"):
        HqSeg44kDataset(tmp_path)


def test_an_image_without_a_mask_is_a_problem_and_a_mask_alone_is_not(root):
    save(root / "thin_object_detection/COIFT/masks/extra.png", soft_mask())
    assert len(HqSeg44kDataset(root)) == 4
    save(root / "thin_object_detection/COIFT/images/bare.jpg", np.zeros((20, 30, 3)))
    save(root / "thin_object_detection/COIFT/images/._bare.jpg", np.zeros((20, 30, 3)))
    with pytest.raises(ValueError, match=r"1 files .*COIFT.images.bare\.jpg has no mask; expected"):
        HqSeg44kDataset(root)
    assert len(HqSeg44kDataset(root, strict=False)) == 4


def test_damage_names_the_file(root):
    (root / "DIS5K/DIS-VD/gt/1#Bag.v2.png").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"gt.1#Bag\.v2\.png is not a JPEG"):
        HqSeg44kDataset(root)[0]


def test_the_fingerprint_follows_the_files(root):
    before = HqSeg44kDataset(root).fingerprint
    assert HqSeg44kDataset(root).fingerprint == before
    save(root / "DIS5K/DIS-VD/gt/1#Bag.v2.png", soft_mask()[::-1] // 2)
    assert HqSeg44kDataset(root).fingerprint != before
