"""`tamingseg data check PATH ...`: read every file of a data set and list what is wrong.

`tamingseg data download NAME` is in ``data_download.py``, `tamingseg data mosaics` in
``data_mosaics.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro
from tqdm import tqdm

from tamingseg.cli.commands import Command, dispatch
from tamingseg.cli.data_download import download
from tamingseg.cli.data_mosaics import mosaics
from tamingseg.data.base import MaskDataset
from tamingseg.data.catalog import find_entry, open_dataset
from tamingseg.values import MIN_MASK_AREA


@dataclass(frozen=True)
class Check:
    """List damaged files of data sets, and files that do not fit together; exit code 1 if any."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders, or names of known data sets below --root; `<folder>/<split>` for one split
    of a data set that has several."""
    root: Path = Path()
    """Folder in which names and relative paths are looked up."""


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand."""
    commands = {
        "check": Command("list damaged files, and files that do not fit together", check),
        "download": Command("fetch a data set", download),
        "mosaics": Command("make pictures of textures with their true regions", mosaics),
    }
    return dispatch("tamingseg data", "Data sets on disk.", commands, arguments)


def check(arguments: Sequence[str]) -> int:
    """Parse, read everything, print."""
    command = tyro.cli(Check, prog="tamingseg data check", args=list(arguments))
    if not command.data:
        raise ValueError("no data: name at least one data set folder")
    damaged = [_check_one(path, command.root) for path in command.data]
    return 1 if any(damaged) else 0


def _check_one(path: str, root: Path) -> int:
    """Read one data set and print what is wrong with it; returns the number of problems."""
    dataset = open_dataset(path, root, strict=False)
    problems = list(dataset.problems)
    for problem in problems:
        print(problem)
    regions = without_region = 0
    for index in tqdm(range(len(dataset)), dataset.name, unit="image"):
        try:
            sample = dataset[index]
        except ValueError as error:
            problems.append(str(error))
            tqdm.write(problems[-1])
            continue
        found = sum(1 for _ in sample.masks())
        regions += found
        without_region += found == 0
    print(
        f"{dataset.name}: {len(dataset)} images with masks, {regions} regions of at least "
        f"{MIN_MASK_AREA} px, {without_region} images without one, {len(problems)} problems"
    )
    _print_expected(dataset)
    return len(problems)


def _print_expected(dataset: MaskDataset) -> None:
    """Print how many images a known data set should have, and whether these are as many."""
    entry, split = find_entry(dataset.name)
    if entry is None:
        return
    counts = ", ".join(f"{count} ({name})" for name, count in entry.images.items())
    print(f"{dataset.name}: expected images {counts or 'unknown'}; licence: {entry.licence}")
    numbers = [count for name, count in entry.images.items() if split in (None, name)]
    if numbers and len(dataset) not in numbers:
        print(
            f"{dataset.name}: {len(dataset)} images with masks are not the expected "
            f"{' or '.join(map(str, numbers))}; files are missing or do not belong here"
        )
