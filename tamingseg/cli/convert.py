"""`tamingseg convert IN --to FORMAT --output OUT`: annotations from one format to another."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tamingseg.annotations.document import without_hidden
from tamingseg.annotations.files import open_files
from tamingseg.annotations.reading import read_files
from tamingseg.annotations.report import Note, summary
from tamingseg.annotations.table import FORMATS, find_format
from tamingseg.annotations.writing import to_convert, write_annotations
from tamingseg.cli.flags import parse
from tamingseg.cli.processes import in_processes, own_rank
from tamingseg.cli.shards import Shards, load


@dataclass(frozen=True)
class Convert:
    """Convert annotations to another format, and say what could not be read or kept.

    The same command goes on where it was stopped.
    """

    source: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="SOURCE")]
    """The annotations: a folder, a ZIP or a file."""
    to: str
    """Format to write, see the list above."""
    output: Path
    """Folder for the result; or a ZIP, or a file with the format's own ending."""
    photos: Path | None = None
    """Folder of the photos, where they do not lie in SOURCE. Only annotations of these photos are
    taken."""
    format: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """Format to read; by default it is recognised."""
    with_photos: bool = False
    """Whether to copy the photos into the result."""
    visible_only: bool = False
    """Whether to leave out the objects that are hidden."""
    processes: int = 1
    """How many processes convert the photos."""


def main(arguments: Sequence[str]) -> int:
    """Parse, convert, report; exit code 1 if anything of the source was left out."""
    formats = "; ".join(f"{name} ({format_.title})" for name, format_ in FORMATS.items())
    command = parse(
        Convert,
        "tamingseg convert",
        arguments,
        description=f"{Convert.__doc__}\n\nFormats: {formats}.",
    )
    find_format(command.to)
    output, rank = command.output, own_rank()
    if _is_there(output):
        if rank.number:
            print(f"{output} is there already: the process with RANK 0 was faster")
            return 0
        raise ValueError(f"{output} is there already; choose another --output")
    files = open_files(command.source)
    images = files if command.photos is None else open_files(command.photos)
    sizes = None if command.photos is None else images.photo_sizes()
    project, notes = read_files(files, sizes, command.format)
    if command.visible_only:
        project = without_hidden(project)
    objects = sum(1 for _ in project.annotations())
    with in_processes(load, command.processes) as convert_keyed:
        shards = Shards(output, command.to, project.labels, rank, convert_keyed, command.processes)
        count = shards.convert_share(*to_convert(project, command.to, images))
        if rank.number:
            if _is_there(output):
                shards.remove()
            print(f"{output}: {count} photos converted; the process with RANK 0 writes all")
            return 0
        lost = write_annotations(
            project, output, command.to, images, command.with_photos, convert_each=shards
        )
        shards.remove()
    _print(f"{command.source}: ", notes)
    _print(f"{output}: ", lost, objects)
    print(
        f"{output}: {len(project.photos)} photos, {objects} objects, {len(project.labels)} labels"
    )
    return 1 if any(note.text.startswith("left out") for note in notes) else 0


def _is_there(output: Path) -> bool:
    return output.is_file() or (output.is_dir() and any(output.iterdir()))


def _print(prefix: str, notes: Sequence[Note], objects: int | None = None) -> None:
    for line in summary(notes, objects):
        print(f"tamingseg convert: {prefix}{line}", file=sys.stderr)
