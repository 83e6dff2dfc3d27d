"""Label maps: a picture per photo with the object's number at every pixel, and a table of objects.

::

    objects.csv             photo,value,label,name: what each value of each map is
    masks/day1/a.png        grey PNG of 16 bits, 0 is no object; a TIFF beyond 65,535 objects

and the same with palette PNGs of 8 bits, in the colours of the labels. Maps without the table are
read as well: every value above 0 is an object.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from tamingseg.annotations.converted import Converted, Converter
from tamingseg.annotations.document import (
    Annotation,
    Label,
    Photo,
    Project,
    check_text,
    make_labels,
    photo_name,
    tidy,
)
from tamingseg.annotations.files import Files, Reader, Size
from tamingseg.annotations.matching import finder, stems, without_ending
from tamingseg.annotations.painting import painted
from tamingseg.annotations.pictures import png, read_labels, tiff
from tamingseg.annotations.report import Report
from tamingseg.data.files import MASK_SUFFIXES
from tamingseg.masks.rle import encode_regions

TABLE, _FOLDER, _HEAD = "objects.csv", "masks/", ["photo", "value", "label", "name"]
_LABEL = "object"
_MOST_IN_PNG, _MOST_IN_PALETTE = 2**16 - 1, 255

_Rows = dict[str, dict[int, tuple[str, str]]]
"""Photo -> value -> (label, name)."""


def recognised(files: Files) -> bool:
    """Whether there is the table, or a picture with one whole number per pixel."""
    return TABLE in files or any(_is_map(files, name) for name in files.ending(*MASK_SUFFIXES))


def converter(labels: Sequence[Label]) -> Converter:
    """Return what paints the map of a photo."""
    return _map_of


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield the table, then maps of 16 bits."""
    yield TABLE, _table(project)
    names = stems(project, report)
    for photo, picture in zip(project.photos, converted, strict=True):
        ending = "png" if len(photo.objects) <= _MOST_IN_PNG else "tif"
        yield f"{_FOLDER}{names[photo.name]}.{ending}", picture


def converter_to_palette(labels: Sequence[Label]) -> Converter:
    """Return what paints the palette PNG of a photo."""
    return partial(_palette_map_of, {label.name: label.colour for label in labels})


def write_palette(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield the table, then palette PNGs."""
    yield TABLE, _table(project, most=_MOST_IN_PALETTE)
    names = stems(project, report)
    for photo, picture in zip(project.photos, converted, strict=True):
        yield f"{_FOLDER}{names[photo.name]}.png", picture


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read every map; pictures that are none, and no photos, are noted."""
    rows, photo_of = _read_table(files, report)
    find = finder(photo_of)
    pictures = files.ending(*MASK_SUFFIXES)
    photos: dict[str, Photo] = {}
    for name in [name for name in pictures if name.startswith(_FOLDER)] or pictures:
        path = name.removeprefix(_FOLDER)
        with report.skipping(name):
            labels = read_labels(files[name])
            listed = photo_of.get(find(path) or "")
            shown = listed or photo_name(path)
            if shown in photos:
                raise ValueError(f"{shown} has its objects from another file")
            known = rows.get(shown, {})
            objects = []
            for value, mask in encode_regions(labels):
                label, called = known.get(value, (_LABEL, ""))
                objects.append(Annotation(label, mask, called))
                if rows and value not in known:
                    report.add(f"{TABLE} does not say what it is", name, f"value {value}")
            photos[shown] = Photo(shown, (labels.shape[0], labels.shape[1]), tuple(objects))
    made = make_labels(item.label for photo in photos.values() for item in photo.objects)
    return Project(made, tuple(photos.values()))


def _map_of(photo: Photo, file: Reader | None, report: Report) -> bytes:
    index = painted(photo, 2**31 - 2, "A label map", report)
    return png(index.astype(np.uint16)) if len(photo.objects) <= _MOST_IN_PNG else tiff(index)


def _palette_map_of(
    colours: dict[str, str], photo: Photo, file: Reader | None, report: Report
) -> bytes:
    index = painted(photo, _MOST_IN_PALETTE, "An index PNG", report).astype(np.uint8)
    listed = photo.objects[:_MOST_IN_PALETTE]
    return png(index, ["#000000", *(colours[item.label] for item in listed)])


def _is_map(files: Files, name: str) -> bool:
    try:
        read_labels(files[name])
    except ValueError:
        return False
    return True


def _table(project: Project, most: int = 2**31) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_HEAD)
    for photo in project.photos:
        if not photo.objects:
            table.writerow([photo.name, 0, "", ""])
    for photo, number, item in project.annotations():
        if number <= most:
            table.writerow([photo.name, number, item.label, item.name])
    return text.getvalue().encode()


def _read_table(files: Files, report: Report) -> tuple[_Rows, dict[str, str]]:
    """Return what the table says, and the photo of each name without its ending."""
    rows: _Rows = {}
    photo_of: dict[str, str] = {}
    if TABLE not in files:
        return rows, photo_of
    with report.skipping(TABLE):
        text = files.text(TABLE)
        for index, row in enumerate(csv.reader(text.splitlines()), 1):
            if index == 1 or not row:
                continue
            with report.skipping(TABLE, f"line {index}"):
                if len(row) < 3 or not row[1].isascii() or not row[1].isdecimal():
                    raise ValueError(f"expected photo,value,label,name, got {','.join(row)!r:.100}")
                name = photo_name(row[0])
                known = rows.setdefault(name, {})
                if row[1] != "0":
                    label = check_text(row[2], "a label")
                    known[int(row[1][:10])] = label, tidy(row[3]) if len(row) > 3 else ""
    for name in rows:
        stem = without_ending(name)
        photo_of[name if stem in photo_of else stem] = name
    return rows, photo_of
