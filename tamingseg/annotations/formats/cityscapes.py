"""Cityscapes: per photo a map of classes, a map of objects, and polygons.

::

    gtFine/train/a_gtFine_labelIds.png     8 bits, the id of the class; 0 is unlabeled
    gtFine/train/a_gtFine_instanceIds.png  16 bits, id * 1000 + number; the id alone without objects
    gtFine/train/a_gtFine_polygons.json    {"imgHeight", "imgWidth", "objects": [{"label", ...}]}
    leftImg8bit/train/a.png                the photos, in the data set as a_leftImg8bit.png
    labels.csv                             id,name of the classes that Cityscapes does not have

Masks are read from the maps, and from the polygons only where there are no maps.

Source: github.com/mcordts/cityscapesScripts, `labels.py` and `json2instanceImg.py`.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from tamingseg.annotations.converted import Converted, Converter
from tamingseg.annotations.document import (
    Annotation,
    Label,
    Photo,
    Project,
    check_size,
    make_labels,
    photo_name,
    tidy,
)
from tamingseg.annotations.files import Files, Reader, Size
from tamingseg.annotations.matching import finder, stems
from tamingseg.annotations.outlines import centre_outlines
from tamingseg.annotations.painting import painted
from tamingseg.annotations.pictures import png, read_labels
from tamingseg.annotations.rasters import check_ring, fill_with_border, goes_outside
from tamingseg.annotations.report import Report
from tamingseg.annotations.values import items, text
from tamingseg.masks.rle import decode_crop, encode_crop, encode_regions

# fmt: off
CLASSES = (
    "unlabeled", "ego vehicle", "rectification border", "out of roi", "static", "dynamic", "ground",
    "road", "sidewalk", "parking", "rail track", "building", "wall", "fence", "guard rail",
    "bridge", "tunnel", "pole", "polegroup", "traffic light", "traffic sign", "vegetation",
    "terrain", "sky", "person", "rider", "car", "truck", "bus", "caravan", "trailer", "train",
    "motorcycle", "bicycle",
)
# fmt: on
"""The class of each id."""

_KNOWN = {name: number for number, name in enumerate(CLASSES) if number}
"""The id of each class, "unlabeled" not."""

_FOLDER, _OBJECTS, _IDS = "gtFine/train/", "_gtFine_instanceIds.png", "_gtFine_labelIds.png"
_POLYGONS, _PHOTO, _TABLE = "_gtFine_polygons.json", "_leftImg8bit", "labels.csv"
_MOST_IDS, _MOST = 65, 999


def recognised(files: Files) -> bool:
    """Whether there are files that end like those of Cityscapes."""
    return bool(files.ending(_OBJECTS.lower(), _POLYGONS.lower()))


def converter(labels: Sequence[Label]) -> Converter:
    """Return what makes the three files of a photo."""
    return partial(_files_of, _KNOWN | _further_classes(labels))


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield the table of further classes, and three files per photo."""
    if further := _further_classes(project.labels):
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["id", "name"])
        rows.writerows([number, name] for name, number in further.items())
        yield _TABLE, table.getvalue().encode()
    names = stems(project, report)
    for photo, (ids, objects, polygons) in zip(project.photos, converted, strict=True):
        path = _FOLDER + names[photo.name].removesuffix(_PHOTO)
        yield path + _IDS, ids
        yield path + _OBJECTS, objects
        yield path + _POLYGONS, polygons


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read every map of objects, else the polygons; what is not sound is left out and noted."""
    names = dict(enumerate(CLASSES)) | _read_table(files, report)
    find = finder(sizes)
    photos: dict[str, Photo] = {}
    for file in [name for name in files if name.endswith((_OBJECTS, _POLYGONS))]:
        stem = file.removesuffix(_OBJECTS).removesuffix(_POLYGONS)
        if file.endswith(_POLYGONS) and stem + _OBJECTS in files:
            continue
        with report.skipping(file):
            short = stem.removeprefix(_FOLDER)
            name = photo_name(find(short) or find(short + _PHOTO) or short)
            if name in photos:
                raise ValueError(f"{name} has its objects from another file")
            is_map = file.endswith(_OBJECTS)
            photos[name] = (
                _read_map(name, files[file], names, file, report)
                if is_map
                else _read_polygons(name, files.json(file), file, report)
            )
    labels = make_labels(item.label for photo in photos.values() for item in photo.objects)
    return Project(labels, tuple(photos.values()))


def _further_classes(labels: Sequence[Label]) -> dict[str, int]:
    """Return name -> id of the labels that are no classes of Cityscapes."""
    names = [label.name for label in labels if label.name not in _KNOWN]
    return {name: number for number, name in enumerate(names, len(CLASSES))}


def _files_of(
    numbers: dict[str, int], photo: Photo, file: Reader | None, report: Report
) -> list[bytes]:
    """Return the PNGs of classes and of objects, and the polygons as JSON."""
    index = painted(photo, _MOST, "Cityscapes", report)
    ids = np.zeros(len(photo.objects) + 1, np.int64)
    polygons: list[dict[str, Any]] = []
    for number, item in enumerate(photo.objects[:_MOST], 1):
        if numbers[item.label] >= _MOST_IDS:
            words = f"Cityscapes has ids of classes below {_MOST_IDS}; left out"
            report.lost("object", words, photo.name, number)
            continue
        ids[number] = numbers[item.label]
        polygons += [
            {"label": item.label, "polygon": ring.astype(int).tolist()}
            for ring in centre_outlines(decode_crop(item.mask, photo.size))
        ]
    objects = np.where(ids[index] > 0, ids[index] * 1000 + index, 0)
    contents = {"imgHeight": photo.size[0], "imgWidth": photo.size[1], "objects": polygons}
    return [
        png(ids[index].astype(np.uint8)),
        png(objects.astype(np.uint16)),
        json.dumps(contents, ensure_ascii=False).encode(),
    ]


def _read_map(name: str, data: bytes, names: dict[int, str], file: str, report: Report) -> Photo:
    index = read_labels(data)
    found = []
    for value, mask in encode_regions(index):
        number = value // 1000 if value >= 1000 else value
        if number not in names:
            report.add(f"class {number} has no name; a label is made", file, f"object {value}")
        label = names.get(number, f"class {number}")
        found.append((value % 1000 if value >= 1000 else 0, Annotation(label, mask)))
    found.sort(key=lambda pair: pair[0])
    return Photo(name, (index.shape[0], index.shape[1]), tuple(item for _, item in found))


def _read_polygons(name: str, contents: Any, file: str, report: Report) -> Photo:
    if not isinstance(contents, dict):
        raise ValueError("expected imgHeight, imgWidth and objects")
    size = check_size([contents.get("imgHeight"), contents.get("imgWidth")])
    objects = []
    for index, entry in enumerate(items(contents, "objects"), 1):
        with report.skipping(file, f"object {index}"):
            ring = check_ring(entry.get("polygon") if isinstance(entry, dict) else None, 1)
            if goes_outside([ring], size):
                report.add("what lies outside the photo is cut off", file, f"object {index}")
            crop = fill_with_border(ring, size)
            objects.append(Annotation(tidy(text(entry, "label")), encode_crop(crop, size)))
    return Photo(name, size, tuple(objects))


def _read_table(files: Files, report: Report) -> dict[int, str]:
    names: dict[int, str] = {}
    if _TABLE in files:
        for index, row in enumerate(csv.reader(files.text(_TABLE).splitlines()), 1):
            if index == 1:
                continue
            with report.skipping(_TABLE, f"line {index}"):
                if len(row) != 2 or not row[0].isascii() or not row[0].isdecimal() or not row[1]:
                    raise ValueError(f"expected id,name, got {','.join(row)!r:.100}")
                names[int(row[0][:9])] = tidy(row[1])
    return names
