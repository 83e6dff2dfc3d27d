"""Pascal VOC: photos with the mask of every object of twenty kinds, and void along the outlines.

::

    <root>/JPEGImages/<name>.jpg                     there are more than masks
    <root>/SegmentationObject/<name>.png             palette PNG: objects 1, 2, ..., 255 is void
    <root>/ImageSets/Segmentation/<split>.txt        a name per line; without it all masks are read

VOC2012 has 1,464 images in train and 1,449 in val. What is not an object of the twenty kinds is
background.

Source: host.robots.ox.ac.uk/pascal/VOC; Everingham et al., IJCV 2010.
"""

import logging
from functools import partial
from pathlib import Path

from tamingseg.checks import check_choice
from tamingseg.data.base import read_sample
from tamingseg.data.files import find_files, name_of
from tamingseg.data.label_maps import PASCAL_VOC, read_label_map
from tamingseg.data.pairs import PairedDataset
from tamingseg.values import Sample

SPLITS = ("train", "val", "trainval")

_LOG = logging.getLogger(__name__)


class VocDataset(PairedDataset):
    """One split of the data set below `root`, see the head of this file.

    Parameters
    ----------
    root
        The folder that holds JPEGImages/ and SegmentationObject/.
    split
        One of `SPLITS`.
    strict
        Whether a missing file is an error; else it is left out and listed in `problems`.

    Raises
    ------
    FileNotFoundError
        If a folder is missing.
    ValueError
        If there is no such split, nothing is in it, or (`strict`) a mask has no photo or a name of
        the split no mask.
    """

    def __init__(self, root: str | Path, split: str = "val", strict: bool = True) -> None:
        check_choice(split, SPLITS, "split of Pascal VOC")
        root = Path(root)
        images, masks = root / "JPEGImages", root / "SegmentationObject"
        for folder in (images, masks):
            if not folder.is_dir():
                raise FileNotFoundError(
                    f"{root} is not Pascal VOC: there is no folder {folder.name}/; expected "
                    "JPEGImages/<name>.jpg and SegmentationObject/<name>.png"
                )
        photo_of = {name_of(path, images): path for path in find_files(images).files}
        mask_of = {name_of(path, masks): path for path in find_files(masks, (".png",)).files}
        listed = root / "ImageSets" / "Segmentation" / f"{split}.txt"
        names, name = list(mask_of), root.resolve().name
        if listed.is_file():
            names = listed.read_text(encoding="utf-8", errors="replace").split()
            name = f"{name}-{split}"
        pairs = {
            name: (photo_of[name], [mask_of[name]])
            for name in names
            if name in photo_of and name in mask_of
        }
        source = listed if listed.is_file() else masks
        problems = [
            f"{where / name}{suffix} is missing, but {source} names it"
            for where, suffix, found in ((images, ".jpg", photo_of), (masks, ".png", mask_of))
            for name in names
            if name not in found
        ]
        nothing = f"{root} has no image with a mask of those that {source} names"
        _LOG.info("%s is read as Pascal VOC: 255 is void, 0 is background", root)
        super().__init__(name, root, pairs, problems, strict, nothing)

    def _read(self, name: str, image: Path, masks: list[Path]) -> Sample:
        read = partial(read_label_map, meaning=PASCAL_VOC)
        return read_sample(image, masks, read, name, zero_is_background=True)
