"""HQSeg44K: one object per photo, outlined finely, collected from older data sets.

::

    <root>/                                        images          masks          number
    train                                                                         44,320
        DIS5K/DIS-TR/                              im/             gt/             3,000
        thin_object_detection/ThinObject5K/        images_train/   masks_train/    4,748
        cascade_psp/fss_all/                       in the folder itself           10,000
        cascade_psp/DUTS-TR/                       in the folder itself           10,553
        cascade_psp/DUTS-TE/                       in the folder itself            5,019
        cascade_psp/ecssd/                         in the folder itself            1,000
        cascade_psp/MSRA_10K/                      in the folder itself           10,000
    val                                                                            1,537
        DIS5K/DIS-VD/                              im/             gt/               470
        thin_object_detection/ThinObject5K/        images_test/    masks_test/       500
        thin_object_detection/COIFT/               images/         masks/            280
        thin_object_detection/HRSOD/               images/         masks_max255/     287

An image is ``<name>.jpg``, its mask ``<name>.png``. Whatever is not black in a mask is the object.
Where masks have soft edges this makes the object a little wider than half grey would, but it is the
rule of the published figures (SegNext, isegm/data/datasets/hqseg44k.py). Black is known to be
background.

Source: github.com/SysCV/sam-hq, train/README.md and train/train.py, with the same folders; Ke et
al., arXiv 2306.01567.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tamingseg.checks import check_choice
from tamingseg.data.base import read_sample
from tamingseg.data.files import find_files, name_of
from tamingseg.data.label_maps import read_object
from tamingseg.data.pairs import PairedDataset, Pairs
from tamingseg.values import Sample


class Source(NamedTuple):
    """Where the images of one of the older sets are: its name in sample names, folders, number."""

    name: str
    images: str
    masks: str
    number: int


_CASCADE, _THIN = "cascade_psp", "thin_object_detection"
_THIN_5K = f"{_THIN}/ThinObject5K"

SPLITS = {
    "train": (
        Source("DIS5K-TR", "DIS5K/DIS-TR/im", "DIS5K/DIS-TR/gt", 3000),
        Source("ThinObject5K-TR", f"{_THIN_5K}/images_train", f"{_THIN_5K}/masks_train", 4748),
        Source("FSS", f"{_CASCADE}/fss_all", f"{_CASCADE}/fss_all", 10_000),
        Source("DUTS-TR", f"{_CASCADE}/DUTS-TR", f"{_CASCADE}/DUTS-TR", 10_553),
        Source("DUTS-TE", f"{_CASCADE}/DUTS-TE", f"{_CASCADE}/DUTS-TE", 5019),
        Source("ECSSD", f"{_CASCADE}/ecssd", f"{_CASCADE}/ecssd", 1000),
        Source("MSRA10K", f"{_CASCADE}/MSRA_10K", f"{_CASCADE}/MSRA_10K", 10_000),
    ),
    "val": (
        Source("DIS5K-VD", "DIS5K/DIS-VD/im", "DIS5K/DIS-VD/gt", 470),
        Source("ThinObject5K-TE", f"{_THIN_5K}/images_test", f"{_THIN_5K}/masks_test", 500),
        Source("COIFT", f"{_THIN}/COIFT/images", f"{_THIN}/COIFT/masks", 280),
        Source("HRSOD", f"{_THIN}/HRSOD/images", f"{_THIN}/HRSOD/masks_max255", 287),
    ),
}


class HqSeg44kDataset(PairedDataset):
    """One split of the data set below `root`, see the head of this file.

    Samples are named ``<source>/<file>``. Masks without an image are no error: some folders hold
    other files too.

    Parameters
    ----------
    root
        The folder that holds DIS5K/, cascade_psp/ and thin_object_detection/.
    split
        "train" or "val".
    strict
        Whether a missing folder or mask is an error; else what is there is read and the rest listed
        in `problems`.

    Raises
    ------
    FileNotFoundError
        If (`strict`) folders of the split are missing; names them all.
    ValueError
        If there is no such split, nothing is in it, or (`strict`) an image has no mask.
    """

    def __init__(self, root: str | Path, split: str = "val", strict: bool = True) -> None:
        check_choice(split, list(SPLITS), "split of HQSeg44K")
        root, sources = Path(root), SPLITS[split]
        missing = [
            f"{folder}/ ({source.number} files)"
            for source in sources
            for folder in dict.fromkeys((source.images, source.masks))
            if not (root / folder).is_dir()
        ]
        if missing and strict:
            raise FileNotFoundError(
                f"{root} is not the whole of HQSeg44K's split {split!r}; missing are "
                f"{', '.join(missing)}. `tamingseg data check` reads a part of it"
            )
        pairs, problems = _find_pairs(root, sources)
        problems = [f"{root} has no folder {folder}" for folder in missing] + problems
        expected = sum(source.number for source in sources)
        nothing = f"{root} has no image with a mask of split {split!r}; {expected} expected"
        super().__init__(f"HQSeg44K-{split}", root, pairs, problems, strict, nothing)

    def _read(self, name: str, image: Path, masks: list[Path]) -> Sample:
        return read_sample(image, masks, read_object, name, zero_is_background=True)


def _find_pairs(root: Path, sources: Sequence[Source]) -> tuple[Pairs, list[str]]:
    """Return name -> (image, its mask), and one line for each image without a mask."""
    pairs: Pairs = {}
    unmasked = []
    for source in sources:
        images, masks = root / source.images, root / source.masks
        if not (images.is_dir() and masks.is_dir()):
            continue  # named as missing already
        mask_of = {name_of(path, masks): path for path in find_files(masks, (".png",)).files}
        for image in find_files(images, (".jpg",)).files:
            name = name_of(image, images)
            if name in mask_of:
                pairs[f"{source.name}/{name}"] = (image, [mask_of[name]])
            else:
                unmasked.append(f"{image} has no mask; expected {masks / name}.png")
    return pairs, unmasked
