"""Photos -> results in a folder: found, done one after the other, gone on with after a stop."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from tamingseg.cli.processes import Make, at_once, in_processes
from tamingseg.cli.results import Results, own_results
from tamingseg.data.base import count_pages, read_image
from tamingseg.data.files import IMAGE_SUFFIXES, count_endings, find_files, name_of

_OF_PHONES = (".heic", ".heif", ".hif")
"""Endings of photos that no reader here knows."""

_BEFORE = ""
"""What is said of a photo that was done before."""


@dataclass(frozen=True, slots=True)
class Photos:
    """Photos by their names, and the other files that lie among them.

    `pages` says which page of its file a photo is, where that is chosen.
    """

    paths: dict[str, Path]
    others: list[Path]
    pages: dict[str, int]


def find_photos(paths: Sequence[Path], output: Path, pages: bool = False) -> Photos:
    """Find photos, and those below folders, whose subfolders are followed.

    The name of a photo is its path below the folder without the suffix. What lies in `output`, and
    what commands wrote beside photos, are results and no photos. With `pages`, every page of a TIFF
    file of several is a photo: name.0001, name.0002, ...

    Raises
    ------
    FileNotFoundError
        If a folder holds no photo.
    ValueError
        If no path is given, or two photos have one name.
    """
    if not paths:
        raise ValueError("expected at least one photo or folder of photos")
    photos = Photos({}, [], {})
    for path in paths:
        found = [path]
        if path.is_dir():
            found = _photos_below(path, output.resolve(), photos.others)
        if not found:
            raise FileNotFoundError(
                f"{path} holds no photo; expected files ending in {', '.join(IMAGE_SUFFIXES)}"
            )
        for file in found:
            name = name_of(file, path if path.is_dir() else path.parent)
            count = count_pages(file) if pages else 1
            numbered = {f"{name}.{page + 1:04}": page for page in range(count)}
            for own in numbered if count > 1 else [name]:
                if own in photos.paths:
                    raise ValueError(
                        f"{file} has the same name as {photos.paths[own]}; rename one of them"
                    )
                photos.paths[own] = file
            if count > 1:
                photos.pages.update(numbered)
    return photos


def do_each(command: str, photos: Photos, results: Results, make: Make, processes: int = 1) -> int:
    """Do all photos that are not done yet, with a progress bar; say how many were, and return 0.

    Photos that cannot be used are said on stderr in the end, the others are done, and 1 is
    returned; if there is but one photo its error is raised.

    Parameters
    ----------
    command
        What is run, for the messages.
    make
        Makes the function that does a photo. It is called with the name, the uint8 RGB (H, W, 3)
        photo and its number in COCO's results, and may raise ValueError or OSError.
    processes
        Photos to do at the same time, each in a process with a function of its own. `make` and the
        arguments go there as pickles. Results are the same for any number. Where the command runs
        on several machines, each does its share of the photos, see `Results.share`.

    Raises
    ------
    ChildProcessError
        If one of several processes was killed.
    """
    paths = results.share(photos.paths)
    with in_processes(make, processes) as do:

        def one(name: str, path: Path) -> str | None:
            """Do a photo; return what is wrong with it, or `_BEFORE`."""
            if results.is_done(name, path):
                return _BEFORE
            try:
                image = read_image(path, photos.pages.get(name))
                with results.making(name, path, image.shape[:2]) as image_id:
                    do(name, image, image_id)
            except (ValueError, OSError) as error:
                if len(photos.paths) == 1:
                    raise
                message = str(error)
                return message if str(path) in message else f"{path}: {message}"
            return None

        done = at_once(processes, one, paths, paths.values())
        outcomes = list(tqdm(done, command, len(paths), unit="image"))
    results.tidy()
    problems = [outcome for outcome in outcomes if outcome]
    before = outcomes.count(_BEFORE)
    for problem in problems:
        print(f"tamingseg {command}: left out: {problem}", file=sys.stderr)
    counts = [
        (len(paths) - before - len(problems), "done"),
        (before, "done before"),
        (len(problems), "left out, see above"),
    ]
    said = [f"{count} {what}" for count, what in counts if count or what == "done"]
    if photos.others:
        said.append(f"{len(photos.others)} other files passed over: {count_endings(photos.others)}")
    if any(path.suffix.lower() in _OF_PHONES for path in photos.others):
        said.append("save HEIC photos as JPEG, they cannot be read")
    print(f"{results.output}: photos: {'; '.join(said)}")
    return 1 if problems else 0


def _photos_below(folder: Path, output: Path, others: list[Path]) -> list[Path]:
    """Return the photos below `folder` that are no results, and add other files to `others`."""
    found = find_files(folder.absolute())
    own = own_results({parent for file in found.files + found.others for parent in file.parents})

    def is_result(file: Path) -> bool:
        in_output = output != folder.resolve() and output in file.resolve().parents
        return in_output or not own.isdisjoint((file, *file.parents))

    others += [file for file in found.others if not is_result(file)]
    return [
        folder / file.relative_to(folder.absolute()) for file in found.files if not is_result(file)
    ]
