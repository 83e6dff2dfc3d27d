"""`tamingseg data download hypersim`: frames of HyperSim, file by file out of its archives."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from tqdm import tqdm

from tamingseg.cli.commands import Command, dispatch
from tamingseg.data.download import Outcome, download_members, fetch
from tamingseg.data.hypersim_frames import (
    BASE_URL,
    FOLDERS,
    SPLIT_FILE,
    SPLIT_URL,
    archive_members,
    read_split,
    select_shots,
)
from tamingseg.files import write_whole

LISTED = 10
"""So many of the files that failed for one reason are listed by name."""


@dataclass(frozen=True)
class Hypersim:
    """Download frames of HyperSim (licence CC BY-SA 3.0).

    By default these are the 434 frames that the research note Taming Image Segmentation evaluates.
    Of the archives, 1.9 TB in all, only the wanted files are read. Started again, it checks and
    keeps what is there and fetches the rest. Files that cannot be had are listed at the end, and
    the exit code is 1 then.
    """

    root: Path = Path("hypersim")
    """Folder that the scenes are put in."""
    pattern: Literal["first", "all"] = "first"
    """Frame 0 of cam_00 of each scene, or all frames (then name a split or scenes)."""
    split: Literal["train", "val", "test"] | None = None
    """Only scenes of this split, as the official file lists them."""
    scenes: tuple[str, ...] = ()
    """Only these scenes, named like ai_001_001."""
    files: tuple[str, ...] = tuple(FOLDERS)
    """Which files of each frame. The reader needs color.hdf5 (4 MB, the image before tone mapping)
    and render_entity_id.hdf5, or what it is told to use instead."""
    base_url: str = BASE_URL
    """Where the archives are, one <scene>.zip per scene."""
    split_url: str = SPLIT_URL
    """Where the official split file is fetched from if it is not in --root."""
    connections: int = 4
    """How many archives are read at the same time."""


def download(arguments: Sequence[str]) -> int:
    """Run the subcommand."""
    commands = {"hypersim": Command("rendered rooms with the id of every object", hypersim)}
    return dispatch("tamingseg data download", "Data sets to download.", commands, arguments)


def hypersim(arguments: Sequence[str]) -> int:
    """Parse, download, say what is missing."""
    command = tyro.cli(Hypersim, prog="tamingseg data download hypersim", args=list(arguments))
    if command.pattern == "all" and not (command.split or command.scenes):
        raise ValueError("all frames of all scenes are some 300 GB; name --split or --scenes")
    split_file = command.root / SPLIT_FILE
    if not split_file.is_file():
        write_whole(split_file, fetch(command.split_url))
    shots = select_shots(read_split(split_file), command.pattern, command.split, command.scenes)
    archives = archive_members(shots, command.files, command.base_url)
    print(f"{len(shots)} frames of {len(archives)} scenes into {command.root}")

    outcomes: list[Outcome] = []
    received = 0
    with tqdm(total=len(shots) * len(command.files), unit="file") as bar:

        def report(outcome: Outcome) -> None:
            nonlocal received
            outcomes.append(outcome)
            received += 0 if outcome.kept else outcome.size
            bar.set_postfix_str(f"{received / 1e6:,.1f} MB", refresh=False)
            bar.update()

        download_members(archives, command.root, report, command.connections)
    return _print_summary(outcomes, received)


def _print_summary(outcomes: Sequence[Outcome], received: int) -> int:
    """Say what became of the files, `received` bytes of them new; returns the exit code."""
    failed = defaultdict(list)
    for outcome in outcomes:
        if outcome.failure:
            failed[outcome.failure].append(outcome.name)
    kept = sum(outcome.kept for outcome in outcomes)
    missing = sum(map(len, failed.values()))
    print(
        f"{len(outcomes) - kept - missing} files downloaded ({received / 1e6:,.1f} MB), "
        f"{kept} were there, {missing} failed"
    )
    for reason, names in failed.items():
        print(f"{reason}:")
        print(*(f"  {name}" for name in names[:LISTED]), sep="\n")
        if len(names) > LISTED:
            print(f"  and {len(names) - LISTED} more")
    if failed:
        print("start it again to try these once more")
    return 1 if failed else 0
