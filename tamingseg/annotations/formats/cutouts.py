"""Cut-outs: every object as a PNG of its own, transparent around it, and a table of them.

::

    cutouts.csv               photo,height,width,file,label,name,left,top
    day1/a/0001-cell.png      what the photo shows in the box around the object; alpha is the mask
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tamingseg.annotations.converted import Converted, Converter
from tamingseg.annotations.document import (
    Annotation,
    Label,
    Photo,
    Project,
    check_size,
    check_text,
    make_labels,
    photo_name,
    tidy,
)
from tamingseg.annotations.files import Files, Reader, Size
from tamingseg.annotations.matching import stems
from tamingseg.annotations.painting import note_empty
from tamingseg.annotations.pictures import png, read_numbers
from tamingseg.annotations.report import Report
from tamingseg.data.base import read_image
from tamingseg.masks.rle import Crop, decode_crop, encode_crop

TABLE = "cutouts.csv"
_HEAD = ["photo", "height", "width", "file", "label", "name", "left", "top"]


def recognised(files: Files) -> bool:
    """Whether there is the table."""
    return TABLE in files


def converter(labels: Sequence[Label]) -> Converter:
    """Return what cuts out the objects of a photo."""
    return _cut_out


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield a PNG per object, then the table."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_HEAD)
    names = stems(project, report)
    for photo, objects in zip(project.photos, converted, strict=True):
        head = [photo.name, *photo.size]
        if not objects:
            table.writerow([*head, "", "", "", 0, 0])
        for ending, picture, *described in objects:
            file = f"{names[photo.name]}/{ending}"
            yield file, picture
            table.writerow([*head, file, *described])
    yield TABLE, text.getvalue().encode()


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read the objects of the table; the photos themselves are not put together again."""
    objects: dict[str, list[Annotation]] = {}
    measured: dict[str, Size] = {}
    for index, row in enumerate(csv.DictReader(files.text(TABLE).splitlines()), 2):
        with report.skipping(TABLE, f"line {index}"):
            name = photo_name(row.get("photo"))
            size = check_size([_whole(row, "height"), _whole(row, "width")])
            if measured.setdefault(name, size) != size:
                raise ValueError(f"{name} has (height, width) {measured[name]} further up")
            mine = objects.setdefault(name, [])
            if row.get("file"):
                mine.append(_read_object(row, size, files))
    photos = tuple(Photo(name, measured[name], tuple(mine)) for name, mine in objects.items())
    labels = make_labels(item.label for photo in photos for item in photo.objects)
    return Project(labels, photos)


def _cut_out(photo: Photo, file: Reader | None, report: Report) -> list[list[Any]]:
    """Return the name, the PNG, the label, the object's name, left and top of every cut-out."""
    if not photo.objects:
        return []
    pixels = _pixels(photo, file, report)
    empty = note_empty(photo, "A cut-out", report)
    cut = []
    for number, item in enumerate(photo.objects, 1):
        if number in empty:
            continue
        crop = decode_crop(item.mask, photo.size)
        label = re.sub(r"\W+", "-", item.label)[:40]
        alpha = crop.pixels[..., None] * np.uint8(255)
        picture = png(np.concatenate([pixels[crop.place], alpha], axis=2))
        name = f"{number:04}-{label}.png"
        cut.append([name, picture, item.label, item.name, crop.left, crop.top])
    return cut


def _pixels(photo: Photo, file: Reader | None, report: Report) -> np.ndarray:
    """Return the photo, white if it cannot be shown."""
    white = np.full((*photo.size, 3), 255, np.uint8)
    if file is None:
        report.add("the photo itself is missing; its cut-outs are white", photo.name)
        return white
    try:
        pixels = read_image(file())
    except (ValueError, OSError) as error:
        report.add(f"the photo cannot be read; its cut-outs are white ({error})", photo.name)
        return white
    if pixels.shape[:2] != photo.size:
        report.add(
            f"the photo has (height, width) {pixels.shape[:2]}, not {photo.size}; its cut-outs are "
            "white",
            photo.name,
        )
        return white
    return pixels


def _whole(row: Mapping[str, str | None], key: str) -> int:
    value = row.get(key) or ""
    if not value.isascii() or not value.isdecimal() or len(value) > 9:
        raise ValueError(f"{key} must be a whole number, got {value!r:.50}")
    return int(value)


def _read_object(row: Mapping[str, str | None], size: Size, files: Files) -> Annotation:
    file = row["file"] or ""
    if file not in files:
        raise ValueError(f"there is no file {file!r:.100}")
    pixels = read_numbers(files[file], most=size[0] * size[1])
    if pixels.ndim != 3 or pixels.shape[2] != 4:
        raise ValueError(f"{file} has no transparency")
    crop = Crop(pixels[..., 3] > 0, _whole(row, "top"), _whole(row, "left"))
    label = check_text(row.get("label"), "a label")
    return Annotation(label, encode_crop(crop, size), tidy(row.get("name")))
