"""Every format in one table, and the ways in and out that the command and the page share."""

import io
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tamingseg.annotations.document import Made, Project
from tamingseg.annotations.files import Files, Size, from_memory, open_files
from tamingseg.annotations.formats import (
    cityscapes,
    coco,
    cutouts,
    cvat,
    geojson,
    label_maps,
    labelme,
    labelstudio,
    project,
    svg,
    voc,
    yolo,
)
from tamingseg.annotations.matching import finder, matched
from tamingseg.annotations.report import Note, Report
from tamingseg.files import UNFINISHED, cannot_write, open_whole, write_whole

_FIRST_TIME = (1980, 1, 1, 0, 0, 0)  # the same work gives the same ZIP

Written = Iterator[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of annotation files.

    Attributes
    ----------
    title, what
        What people call it, and what it consists of.
    write
        (project, photos' files, report) -> (name, contents) of each file.
    read
        (files, sizes of photos by name, report) -> project.
    recognised
        Whether files are of this format.
    keeps
        Which of name, hidden, locked, made (of objects), colour, key, unused (of labels, the last
        for those of no object) and state (of photos) come back; the others are noted when lost.
    extension
        Of the one file it consists of, a ZIP for the project; "" for a folder.
    photos
        Where photos lie in it, with "{name}".
    """

    title: str
    what: str
    write: Callable[[Project, Files, Report], Written]
    read: Callable[[Files, Mapping[str, Size], Report], Project]
    recognised: Callable[[Files], bool]
    keeps: frozenset[str] = frozenset()
    extension: str = ""
    photos: str = "images/{name}"


FORMATS = {
    "project": Format(
        "tamingseg project",
        "a ZIP with project.json; holds everything",
        project.write,
        project.read,
        project.recognised,
        frozenset({"name", "hidden", "locked", "made", "colour", "key", "unused", "state"}),
        ".tamingseg",
        "photos/{name}",
    ),
    "coco": Format(
        "COCO",
        "one JSON file, masks as run lengths",
        coco.write,
        coco.read,
        coco.recognised,
        frozenset({"name", "hidden", "locked", "colour", "key", "unused"}),
        ".json",
        "images/default/{name}",
    ),
    "coco-polygons": Format(
        "COCO, polygons",
        "one JSON file, polygons where they keep every pixel",
        coco.write_polygons,
        coco.read,
        coco.recognised,
        frozenset({"name", "hidden", "locked", "colour", "key", "unused"}),
        ".json",
        "images/default/{name}",
    ),
    "labelme": Format(
        "LabelMe",
        "a JSON file beside each photo: polygons, masks where these do not suffice",
        labelme.write,
        labelme.read,
        labelme.recognised,
        frozenset({"name", "hidden", "locked"}),
        photos="{name}",
    ),
    "yolo": Format(
        "YOLO",
        "data.yaml and labels/: a polygon per object",
        yolo.write,
        yolo.read,
        yolo.recognised,
        frozenset({"unused"}),
    ),
    "voc": Format(
        "Pascal VOC",
        "SegmentationObject/ and SegmentationClass/: palette PNGs",
        voc.write,
        voc.read,
        voc.recognised,
        frozenset({"unused"}),
        photos="JPEGImages/{name}",
    ),
    "cityscapes": Format(
        "Cityscapes",
        "gtFine/: labelIds, instanceIds and polygons",
        cityscapes.write,
        cityscapes.read,
        cityscapes.recognised,
        photos="leftImg8bit/train/{name}",
    ),
    "cvat": Format(
        "CVAT for images",
        "annotations.xml, masks",
        cvat.write,
        cvat.read,
        cvat.recognised,
        frozenset({"name", "colour", "unused"}),
        ".xml",
    ),
    "label-studio": Format(
        "Label Studio",
        "tasks.json, brush masks",
        labelstudio.write,
        labelstudio.read,
        labelstudio.recognised,
        frozenset({"name", "hidden", "locked"}),
        ".json",
    ),
    "geojson": Format(
        "GeoJSON",
        "a collection of polygons in pixels per photo, as QuPath has it",
        geojson.write,
        geojson.read,
        geojson.recognised,
        frozenset({"name", "hidden", "locked", "colour"}),
        photos="{name}",
    ),
    "svg": Format(
        "SVG",
        "a drawing per photo",
        svg.write,
        svg.read,
        svg.recognised,
        frozenset({"name", "hidden", "locked", "colour"}),
        photos="{name}",
    ),
    "cutouts": Format(
        "Cut-outs",
        "a PNG with transparency per object, and cutouts.csv",
        cutouts.write,
        cutouts.read,
        cutouts.recognised,
        frozenset({"name"}),
    ),
    "label-maps": Format(
        "Label maps",
        "masks/ with grey PNGs of 16 bits, and objects.csv",
        label_maps.write,
        label_maps.read,
        label_maps.recognised,
        frozenset({"name"}),
    ),
    "index-png": Format(
        "Index PNG",
        "masks/ with palette PNGs in the labels' colours, and objects.csv",
        label_maps.write_palette,
        label_maps.read,
        label_maps.recognised,
        frozenset({"name"}),
    ),
}
"""Name -> format. The first that recognises files reads them."""

NO_FILES = Files({}, "no photos")


def find_format(name: str) -> Format:
    """Return the format of that name; raises ValueError if there is none."""
    if name not in FORMATS:
        raise ValueError(f"there is no format {name!r:.50}; expected one of {', '.join(FORMATS)}")
    return FORMATS[name]


def recognise(files: Files) -> str:
    """Return the name of the format that files are in.

    Raises
    ------
    ValueError
        If they are in none.
    """
    for name, format_ in FORMATS.items():
        try:
            if format_.recognised(files):
                return name
        except ValueError:  # damaged; no format of this kind, or another one says so
            continue
    raise ValueError(
        f"{files.where} is in no format that is read ({len(files)} files); expected one of "
        f"{', '.join(FORMATS)}, or name it"
    )


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


def write_files(
    project: Project,
    name: str,
    report: Report,
    images: Files | Mapping[str, bytes] = NO_FILES,
    with_photos: bool = False,
) -> Written:
    """Yield (name, contents) of every file of a format, and note what it cannot keep.

    The notes are complete when the last file has been taken. `images` are the photos' files by
    name; they are needed for formats that show them, and `with_photos` adds them.
    """
    format_ = find_format(name)
    images = images if isinstance(images, Files) else from_memory(images)
    _note_lost_fields(project, format_, report)
    yield from format_.write(project, images, report)
    if with_photos:
        find = finder(images)
        for photo in project.photos:
            if (found := find(photo.name)) is None:
                report.add("the photo itself is missing", photo.name)
            else:
                yield format_.photos.format(name=photo.name), images[found]


def write_annotations(
    project: Project,
    output: Path,
    name: str,
    images: Files | Mapping[str, bytes] = NO_FILES,
    with_photos: bool = False,
) -> list[Note]:
    """Write annotations, whole or not at all; returns what the format could not keep.

    An `output` that ends in .zip, or in the format's own extension, is a file, any other a folder.

    Raises
    ------
    ValueError
        If `output` is a folder that holds something.
    OSError
        If it cannot be written.
    """
    report, suffix = Report(), output.suffix.lower()
    files = write_files(project, name, report, images, with_photos)
    extension = find_format(name).extension
    if suffix == ".zip" or suffix == extension == FORMATS["project"].extension:
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
    if extension and extension != FORMATS["project"].extension and not with_photos:
        ((_, contents),) = files
        return extension, contents, report.notes
    buffer = io.BytesIO()
    _write_zip(files, buffer)
    return extension if name == "project" else ".zip", buffer.getvalue(), report.notes


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
