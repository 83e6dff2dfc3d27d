"""Cut-outs: every object as a PNG of its own, transparent around it, and a table of them.

::

    cutouts.csv               photo,height,width,file,label,name,left,top
    day1/a/0001-cell.png      what the photo shows in the box around the object; alpha is the mask
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping

import numpy as np

from tamingseg.annotations.document import (
    Annotation,
    Photo,
    Project,
    check_size,
    check_text,
    make_labels,
    photo_name,
    tidy,
)
from tamingseg.annotations.files import Files, Size
from tamingseg.annotations.matching import finder, stems
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


def write(project: Project, images: Files, report: Report) -> Iterator[tuple[str, bytes]]:
    """Yield a PNG per object, then the table."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_HEAD)
    find, names = finder(images), stems(project, report)
    for photo in project.photos:
        head = [photo.name, *photo.size]
        if not photo.objects:
            table.writerow([*head, "", "", "", 0, 0])
            continue
        pixels = _pixels(photo, find(photo.name), images, report)
        empty = note_empty(photo, "A cut-out", report)
        if len(empty) == len(photo.objects):
            table.writerow([*head, "", "", "", 0, 0])
        for number, item in enumerate(photo.objects, 1):
            if number in empty:
                continue
            crop = decode_crop(item.mask, photo.size)
            label = re.sub(r"\W+", "-", item.label)[:40]
            file = f"{names[photo.name]}/{number:04}-{label}.png"
            alpha = crop.pixels[..., None] * np.uint8(255)
            yield file, png(np.concatenate([pixels[crop.place], alpha], axis=2))
            table.writerow([*head, file, item.label, item.name, crop.left, crop.top])
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


def _pixels(photo: Photo, found: str | None, images: Files, report: Report) -> np.ndarray:
    """Return the photo, white if it cannot be shown."""
    white = np.full((*photo.size, 3), 255, np.uint8)
    if found is None:
        report.add("the photo itself is missing; its cut-outs are white", photo.name)
        return white
    try:
        pixels = read_image(images[found])
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
