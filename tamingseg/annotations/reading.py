"""Files -> project: reads annotations of any format in the table."""

from collections.abc import Mapping
from pathlib import Path

from tamingseg.annotations.document import Project
from tamingseg.annotations.files import Files, Size, from_memory, open_files
from tamingseg.annotations.matching import matched
from tamingseg.annotations.report import Note, Report
from tamingseg.annotations.table import find_format, recognise


def read_files(
    files: Files | Mapping[str, bytes],
    sizes: Mapping[str, Size] | None = None,
    name: str | None = None,
) -> tuple[Project, list[Note]]:
    """Read annotations from files in memory, in a folder or in a ZIP.

    Parameters
    ----------
    files
        See `tamingseg.annotations.files`; plain names and contents will do.
    sizes
        (height, width) of the photos that are there, by name. What belongs to none of them is left
        out and noted. Without it all photos are taken that the files describe.
    name
        Of the format; by default it is recognised.

    Returns
    -------
    The project, and what was left out or not understood.

    Raises
    ------
    ValueError
        If the files are in no format, or nothing of them can be read.
    """
    files = files if isinstance(files, Files) else from_memory(files)
    format_, report = find_format(name or recognise(files)), Report()
    known = dict(files.photo_sizes() if sizes is None else sizes)
    project = format_.read(files, known, report)
    return matched(project, known, report, all_there=sizes is not None), report.notes


def read_annotations(
    path: Path, photos: Path | None = None, name: str | None = None
) -> tuple[Project, list[Note]]:
    """Read annotations from a folder, a ZIP or a file, see `read_files`.

    With `photos`, a folder, only what belongs to one of its photos is taken.
    """
    sizes = None if photos is None else open_files(photos).photo_sizes()
    return read_files(open_files(path), sizes, name)
