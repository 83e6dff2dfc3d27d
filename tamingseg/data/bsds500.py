"""BSDS500, the Berkeley Segmentation Data Set: photos that several people divided into regions.

::

    <root>/images/<split>/<name>.jpg            or <root>/data/images/..., as the archive has it
    <root>/groundTruth/<split>/<name>.mat       groundTruth{1, k}.Segmentation, uint16 (H, W)

Splits are train (200 images), val (100) and test (200), of 321 x 481 or 481 x 321 pixels, with 4 to
9 annotators each. Every annotator's map is a partition: all labels are 1 or more. A test set is for
measuring, so "test" is what opens unless another split is named.

`read_segmentations` reads results in the form that the benchmark takes them: ``segs{1, k}``, label
maps from coarse to fine.

Source: www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping; Arbelaez, Maire, Fowlkes and
Malik, TPAMI 2011.
"""

from pathlib import Path
from typing import Any

import numpy as np

from tamingseg.checks import check_choice
from tamingseg.data.base import read_image
from tamingseg.data.files import IMAGE_SUFFIXES, find_files, name_of
from tamingseg.data.matlab import read_variable
from tamingseg.data.pairs import PairedDataset
from tamingseg.values import Sample

SPLITS = ("train", "val", "test")


class Bsds500Dataset(PairedDataset):
    """One split of the data set below `root`, see the head of this file.

    Parameters
    ----------
    root
        The folder that holds images/ and groundTruth/, or data/ with both.
    split
        One of `SPLITS`.
    strict
        Whether files that do not fit together are an error; else they are left out and listed in
        `problems`.

    Raises
    ------
    FileNotFoundError
        If a folder of the split is missing.
    ValueError
        If there is no such split, nothing is in it, or (`strict`) an image has no ground truth or
        the other way round.
    """

    partition = True

    def __init__(self, root: str | Path, split: str = "test", strict: bool = True) -> None:
        check_choice(split, SPLITS, "split of BSDS500")
        root = Path(root)
        root = root / "data" if (root / "data" / "images").is_dir() else root
        images, truths = (root / kind / split for kind in ("images", "groundTruth"))
        for folder in (images, truths):
            if not folder.is_dir():
                raise FileNotFoundError(
                    f"{root} is not BSDS500 with split {split!r}: there is no folder {folder}; "
                    f"expected images/{split}/*.jpg and groundTruth/{split}/*.mat"
                )
        photos = {name_of(path, images): path for path in find_files(images, IMAGE_SUFFIXES).files}
        answers = {name_of(path, truths): path for path in find_files(truths, (".mat",)).files}
        problems = [
            f"{path} has no ground truth; expected {truths / name}.mat"
            for name, path in photos.items()
            if name not in answers
        ] + [
            f"{path} is the ground truth of no image; expected {images / name}.jpg"
            for name, path in answers.items()
            if name not in photos
        ]
        pairs = {name: (photos[name], [answers[name]]) for name in sorted(photos.keys() & answers)}
        nothing = f"there is no image with ground truth in {images}; expected <name>.jpg"
        super().__init__(f"BSDS500-{split}", root, pairs, problems, strict, nothing)

    def _read(self, name: str, image_path: Path, truths: list[Path]) -> Sample:
        """Read an image and one label map per annotator."""
        truth_path = truths[0]
        image, maps = read_image(image_path), _read_annotators(truth_path)
        if maps[0].shape != image.shape[:2]:
            raise ValueError(
                f"{truth_path} has (height, width) {maps[0].shape}, but expected was "
                f"{image.shape[:2]} like {image_path}"
            )
        # No pixel is 0, so nothing is known of a 0 that appears later, outside the photo.
        return Sample(image, np.stack(maps), name, zero_is_background=False)


def read_segmentations(path: str | Path) -> list[np.ndarray]:
    """Read the segmentations of one image in the benchmark's own form.

    Parameters
    ----------
    path
        A MATLAB file with a cell array ``segs`` of label maps.

    Returns
    -------
    int32 label maps of one (H, W), every label 1 or more, in the order of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, unreasonably large, or holds anything else.
    """
    segmentations = read_variable(path, "segs")
    if not isinstance(segmentations, list):
        raise ValueError(f"{path} must hold a cell array segs; save it as the benchmark does")
    return _label_maps(segmentations, Path(path))


def _read_annotators(path: Path) -> list[np.ndarray]:
    """Label maps of all annotators; raises as `read_segmentations`."""
    annotators = read_variable(path, "groundTruth")
    if not isinstance(annotators, list) or not all(
        isinstance(annotator, dict) and "Segmentation" in annotator for annotator in annotators
    ):
        raise ValueError(
            f"{path} must hold a cell array groundTruth of structs with a field Segmentation, one "
            "per annotator; get it again"
        )
    return _label_maps([annotator["Segmentation"] for annotator in annotators], path)


def _label_maps(arrays: list[Any], path: Path) -> list[np.ndarray]:
    """Check what a file held and return it as int32 label maps of one size."""
    maps: list[np.ndarray] = []
    for array in arrays:
        if not isinstance(array, np.ndarray) or array.ndim != 2:
            raise ValueError(f"{path} must hold label maps (H, W) of numbers; get it again")
        # Written so that no-number fails as well: it compares as False with everything.
        if not array.size or not (array.min() >= 1 and array.max() < 2**31):
            raise ValueError(f"{path} must give every pixel a label of 1 or more; mend it")
        labels = np.ascontiguousarray(array, np.int32)
        if (labels != array).any():
            raise ValueError(f"{path} must hold whole numbers as labels; mend it")
        if maps and labels.shape != maps[0].shape:
            raise ValueError(
                f"{path} holds label maps of (height, width) {maps[0].shape} and {labels.shape}, "
                "but all must be of one image; mend it"
            )
        maps.append(labels)
    if not maps:
        raise ValueError(f"{path} holds no label map; get it again")
    return maps
