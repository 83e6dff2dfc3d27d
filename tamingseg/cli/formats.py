"""Results of `tamingseg propose` and `partition` in the format of another program."""

from dataclasses import replace
from pathlib import Path

from tamingseg.annotations.files import Files
from tamingseg.annotations.reading import read_files
from tamingseg.annotations.report import summary
from tamingseg.annotations.table import find_format
from tamingseg.annotations.writing import write_annotations
from tamingseg.cli.photos import Photos
from tamingseg.cli.processes import own_rank


def check_format(name: str | None, output: Path) -> None:
    """Say what cannot be written before a model is loaded.

    Raises
    ------
    ValueError
        If there is no such format, OUTPUT/<format> holds something, or this is one of several
        processes, of which none knows when all are done.
    """
    if name is None:
        return
    find_format(name)
    if own_rank().total > 1:
        raise ValueError(
            "--format is written when all photos are done: leave it out on several machines, and "
            "run the same command with it on one of them in the end"
        )
    folder = output / name
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is there and not empty; move it away, or leave out --format")


def write_format(name: str | None, photos: Photos, output: Path) -> None:
    """Write the results of `photos` in `output` to OUTPUT/<format>, and say what it cannot keep."""
    if name is None:
        return
    results = {f"{photo}.json": output / f"{photo}.json" for photo in photos.paths}
    there = {file: path.read_bytes for file, path in results.items() if path.is_file()}
    if not there:
        return
    project, notes = read_files(Files(there, str(output)), name="coco")
    named = {photo: photo + path.suffix for photo, path in photos.paths.items()}
    project = replace(
        project,
        photos=tuple(replace(photo, name=named[photo.name]) for photo in project.photos),
    )
    images = {
        named[photo]: path.read_bytes
        for photo, path in photos.paths.items()
        if photo not in photos.pages
    }
    lost = write_annotations(project, output / name, name, Files(images, "the photos"))
    objects = sum(1 for _ in project.annotations())
    for line in summary(notes) + summary(lost, objects):
        print(f"{output / name}: {line}")
