"""Photos -> results in a folder: found, done one after the other, gone on with after a stop."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tamingseg.data.base import read_image
from tamingseg.data.files import IMAGE_SUFFIXES


def find_images(
    paths: Sequence[Path], output: Path, results: Sequence[str] = (".png",)
) -> dict[str, Path]:
    """Return name -> file for photos and folders of photos, whose subfolders are followed.

    The name is the path below the folder without its suffix. What lies in `output` are results of
    before. `results` are the ends of all that is written as an image, ``output/<name><end>``.

    Raises
    ------
    FileNotFoundError
        If a folder holds no photo.
    ValueError
        If two photos have one name, or a result could lie where a photo or another result lies.
    """
    own = output.resolve()
    images: dict[str, Path] = {}
    for path in paths:
        found = {path.stem: [path]} if not path.is_dir() else _photos_below(path, own)
        if not found:
            raise FileNotFoundError(
                f"{path} holds no photo; expected files ending in {', '.join(IMAGE_SUFFIXES)}"
            )
        for name, files in found.items():
            first, *others = [images[name], *files] if name in images else files
            if others:
                raise ValueError(f"{others[0]} has the same name as {first}; rename one of them")
            images[name] = first
    written = [own / f"{name}{end}" for name in images for end in results]
    taken = {file.resolve() for file in images.values()}
    for file in written:
        if file in taken:
            raise ValueError(
                f"a result would replace {file}, a photo or another result; choose another "
                "--output or rename the photo"
            )
        taken.add(file)
    return images


def keep_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Keep what the results of a folder are made with in the file `path`, and let no others in.

    Raises
    ------
    ValueError
        If the folder holds results that were made with other settings.
    """
    text = json.dumps(settings, indent=1) + "\n"
    known = path.read_text(encoding="utf-8") if path.exists() else None
    if known == text:
        return
    # Settings that gave no result yet, say an impossible number, may be corrected.
    if known is not None and any(file != path for file in path.parent.iterdir()):
        raise ValueError(
            f"{path.parent} holds results made with other settings, see {path}; "
            "choose another --output, or remove the folder"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def do_each(
    command: str,
    images: Mapping[str, Path],
    is_done: Callable[[str], bool],
    do: Callable[[str, np.ndarray], None],
) -> list[str]:
    """Do all photos that are not done yet, with a progress bar.

    Photos that cannot be used are said on stderr in the end, and the others are done; if there is
    but one photo its error is raised.

    Parameters
    ----------
    command
        What is run, for the messages.
    do
        Called with the name and the uint8 RGB (H, W, 3) photo; may raise ValueError or OSError.

    Returns
    -------
    What is wrong with those that were left out.
    """
    problems = []
    for name, path in tqdm(images.items(), command, unit="image"):
        if is_done(name):
            continue
        try:
            do(name, read_image(path))
        except (ValueError, OSError) as error:
            if len(images) == 1:
                raise
            message = str(error)
            problems.append(message if str(path) in message else f"{path}: {message}")
    for problem in problems:
        print(f"tamingseg {command}: left out: {problem}", file=sys.stderr)
    return problems


def _photos_below(folder: Path, results: Path) -> dict[str, list[Path]]:
    """Return name -> files of that name, without what lies below `results`."""
    photos: dict[str, list[Path]] = {}
    for file in sorted(folder.rglob("*")):
        is_result = results != folder.resolve() and results in file.resolve().parents
        if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file() and not is_result:
            name = file.relative_to(folder).with_suffix("").as_posix()
            photos.setdefault(name, []).append(file)
    return photos
