"""Project -> files: writes annotations in any format of the table, and says what is lost."""

import io
import shutil
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tamingseg.annotations.converted import ConvertEach, Converter, Shown, convert_in_turn
from tamingseg.annotations.document import Made, Project
from tamingseg.annotations.files import Files, from_memory
from tamingseg.annotations.matching import finder
from tamingseg.annotations.report import Note, Report
from tamingseg.annotations.table import FORMATS, Format, Written, find_format
from tamingseg.files import UNFINISHED, cannot_write, open_whole, write_whole

_FIRST_TIME = (1980, 1, 1, 0, 0, 0)  # the same work gives the same ZIP
_ZIPS = {".zip", FORMATS["project"].extension}  # endings of files that are ZIPs

NO_FILES = Files({}, "no photos")


def write_files(
    project: Project,
    name: str,
    report: Report,
    images: Files | Mapping[str, bytes] = NO_FILES,
    with_photos: bool = False,
    convert_each: ConvertEach = convert_in_turn,
) -> Written:
    """Yield (name, contents) of every file of a format, and note what it cannot keep.

    The notes are complete when the last file has been taken. `images` are the photos' files by
    name; they are needed for formats that show them, and `with_photos` adds them. `convert_each`
    may let several processes convert the photos.
    """
    format_ = find_format(name)
    images = images if isinstance(images, Files) else from_memory(images)
    _note_lost_fields(project, format_, report)
    converted = convert_each(*to_convert(project, name, images), report)
    yield from format_.write(project, converted, report)
    if with_photos:
        find = finder(images)
        for photo in project.photos:
            if (found := find(photo.name)) is None:
                report.add("the photo itself is missing", photo.name)
            else:
                yield format_.photos.format(name=photo.name), images[found]


def to_convert(project: Project, name: str, images: Files) -> tuple[Converter, list[Shown]]:
    """Return what converts a photo to a format, and the photos."""
    format_, find = find_format(name), finder(images)
    shown: list[Shown] = []
    for photo in project.photos:
        found = find(photo.name) if format_.needs_photos else None
        shown.append((photo, None if found is None else images.reader(found)))
    return format_.converter(project.labels), shown


def write_annotations(
    project: Project,
    output: Path,
    name: str,
    images: Files | Mapping[str, bytes] = NO_FILES,
    with_photos: bool = False,
    convert_each: ConvertEach = convert_in_turn,
) -> list[Note]:
    """Write annotations, whole or not at all; returns what the format could not keep.

    An `output` that ends in .zip, or in the format's own extension, is a file, any other a folder.
    `convert_each` may let several processes convert the photos.

    Raises
    ------
    ValueError
        If `output` is a folder that holds something.
    OSError
        If it cannot be written.
    """
    report, suffix = Report(), output.suffix.lower()
    files = write_files(project, name, report, images, with_photos, convert_each)
    extension = find_format(name).extension
    if suffix in _ZIPS & {".zip", extension}:
        with open_whole(output) as file:
            _write_zip(files, file)
    elif suffix == extension != "" and not with_photos:
        for _, contents in files:
            write_whole(output, contents)
    else:
        _write_folder(files, output)
    return report.notes


def pack(
    project: Project,
    name: str,
    images: Files | Mapping[str, bytes] = NO_FILES,
    with_photos: bool = False,
) -> tuple[str, bytes, list[Note]]:
    """Return a download: the file's ending, its bytes, and what the format could not keep.

    It is the one file of the format, or else a ZIP.
    """
    report, extension = Report(), find_format(name).extension
    files = write_files(project, name, report, images, with_photos)
    if extension and extension not in _ZIPS and not with_photos:
        ((_, contents),) = files
        return extension, contents, report.notes
    buffer = io.BytesIO()
    _write_zip(files, buffer)
    return extension if extension in _ZIPS else ".zip", buffer.getvalue(), report.notes


def _write_zip(files: Written, target: object) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, contents in files:
            archive.writestr(zipfile.ZipInfo(name, _FIRST_TIME), contents, archive.compression)


def _write_folder(files: Written, output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ValueError(f"{output} is there already and not empty; choose another output")
    unfinished = output.with_name(f".{uuid.uuid4().hex[:8]}{UNFINISHED}")
    try:
        unfinished.mkdir(parents=True)
        for name, contents in files:
            write_whole(unfinished / name, contents)
        unfinished.replace(output)
    except OSError as error:
        raise cannot_write(output, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _note_lost_fields(project: Project, format_: Format, report: Report) -> None:
    """Note whatever has not its usual value and does not come back from a format."""
    said = {
        "name": "names of objects are not kept",
        "hidden": "which objects are hidden is not kept",
        "locked": "which objects are locked is not kept",
        "made": "how masks were made is not kept",
    }
    lost = {key: words for key, words in said.items() if key not in format_.keeps}
    for photo, number, item in project.annotations():
        usual = {"name": "", "hidden": False, "locked": False, "made": Made()}
        for key, words in lost.items():
            if getattr(item, key) != usual[key]:
                report.lost(key, f"{format_.title}: {words}", photo.name, number)
    for photo in project.photos:
        if "state" not in format_.keeps and photo.state != "new":
            report.add(
                f"{format_.title}: how far photos are is not kept", photo.name, field="state"
            )
    used = {item.label for _, _, item in project.annotations()}
    for label in project.labels:
        if label.name not in used and "unused" not in format_.keeps:
            text = f"{format_.title}: labels of no object are not kept"
            report.add(text, entry=label.name, field="label")
            continue
        for key in sorted({"colour", "key"} - format_.keeps):
            if getattr(label, key):
                report.add(
                    f"{format_.title}: {key}s of labels are not kept", entry=label.name, field=key
                )
