"""YOLO for segmentation, as ultralytics has it: a text file beside every photo, a line per object.

::

    data.yaml               path: ., train: images, val: images, names: {0: cell, 1: dirt}
    labels/day1/a.txt       0 0.412500 0.310417 0.425000 0.310417 ...   class, then x and y in turn
    images/day1/a.jpg       the photo

x and y are parts of the photo's width and height. ultralytics cuts them down to whole pixels and
fills the polygon, outline included, so points lie on the centres of the outermost pixels.

Source: ultralytics 8.4, `data/utils.py`, verify_image_label and polygon2mask.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import yaml

from tamingseg.annotations.converted import Converted, Converter
from tamingseg.annotations.document import Annotation, Label, Photo, Project, make_labels
from tamingseg.annotations.files import Files, Reader, Size
from tamingseg.annotations.matching import finder, stems
from tamingseg.annotations.outlines import centre_outlines, without_holes
from tamingseg.annotations.rasters import check_ring, fill_with_border, goes_outside, same_mask
from tamingseg.annotations.report import Report
from tamingseg.masks.rle import decode_crop, encode_crop

_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_LEAST = 3  # points of a polygon; a line with fewer is a box


def recognised(files: Files) -> bool:
    """Whether there is a text file that begins with a line of numbers, or data.yaml."""
    if any(name.lower().endswith(_NAMES) for name in files):
        return True
    return any(_is_labels(files, name) for name in files.ending(".txt"))


def converter(labels: Sequence[Label]) -> Converter:
    """Return what gives the lines of a photo."""
    return partial(_lines, {label.name: number for number, label in enumerate(labels)})


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield data.yaml and a text file per photo."""
    names = "".join(f"  {n}: {json.dumps(label.name)}\n" for n, label in enumerate(project.labels))
    data = f"path: .\ntrain: images\nval: images\nnames:{' {}' * (not names)}\n{names}"
    yield "data.yaml", data.encode()
    files = stems(project, report)
    for photo, lines in zip(project.photos, converted, strict=True):
        yield f"labels/{files[photo.name]}.txt", lines.encode()


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read every text file of polygons; lines that are none are left out and noted."""
    names = _read_names(files, report)
    labels = {label.name: label for label in make_labels(names.values())}
    find = finder(sizes)
    photos: dict[str, Photo] = {}
    for name in files.ending(".txt"):
        if not _is_labels(files, name):
            continue
        with report.skipping(name):
            photo = find(name.replace("labels/", "images/", 1)) or find(name)
            if photo is None:
                raise ValueError("there is no photo of it, so nobody knows its size")
            if photo in photos:
                raise ValueError(f"{photo} has its lines from another file")
            objects = _read_objects(files.text(name), sizes[photo], names, labels, name, report)
            photos[photo] = Photo(photo, sizes[photo], objects)
    return Project(tuple(labels.values()), tuple(photos.values()))


def _lines(numbers: dict[str, int], photo: Photo, file: Reader | None, report: Report) -> str:
    lines = []
    for number, item in enumerate(photo.objects, 1):
        crop = decode_crop(item.mask, photo.size)
        if not crop.pixels.size:
            text = "YOLO has no objects without a pixel; left out"
            report.lost("object", text, photo.name, number)
            continue
        if not same_mask(without_holes(crop), crop):
            report.lost("mask", "YOLO has no holes; filled", photo.name, number)
        rings = centre_outlines(crop)
        if len(rings) > 1:
            text = "YOLO has no parts; each is an object of its own"
            report.lost("parts", text, photo.name, number)
        lines += [_line(numbers[item.label], ring, photo.size) for ring in rings]
    return "".join(lines)


def _line(number: int, ring: np.ndarray, size: Size) -> str:
    points = [*ring, *[ring[-1]] * max(0, _LEAST - len(ring))]
    height, width = size
    values = [f"{(x + 0.5) / width:.6f} {(y + 0.5) / height:.6f}" for x, y in points]
    return f"{number} {' '.join(values)}\n"


def _is_labels(files: Files, name: str) -> bool:
    """Whether a text file holds labels: its first line is numbers, or it is empty in labels/."""
    try:
        lines = files.text(name).split("\n", 1)
        return bool([float(value) for value in lines[0].split()]) or "labels/" in name
    except ValueError:
        return False


def _read_names(files: Files, report: Report) -> dict[int, str]:
    """Return the names of data.yaml, a list or numbers with names."""
    for file in files:
        if not file.lower().endswith(_NAMES):
            continue
        with report.skipping(file):
            found = _parse_yaml(files.text(file))
            names = found.get("names") if isinstance(found, dict) else None
            named = dict(enumerate(names)) if isinstance(names, list) else names
            if not isinstance(named, dict) or not all(type(key) is int for key in named):
                raise ValueError("it has no names, a list or numbers with names")
            return {key: Label(str(name)).name for key, name in named.items()}
    return {}


def _parse_yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"it is no YAML ({error})") from error


def _read_objects(
    text: str,
    size: Size,
    names: dict[int, str],
    labels: dict[str, Label],
    file: str,
    report: Report,
) -> tuple[Annotation, ...]:
    objects = []
    for index, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        entry = f"line {index}"
        with report.skipping(file, entry):
            number, *values = _numbers(line)
            if not 0 <= number < 1e6 or number != int(number):
                raise ValueError(f"a line begins with the number of a class, got {number:g}")
            if len(values) == 4:
                raise ValueError("it is a box, no outline")
            if len(values) % 2:
                raise ValueError(
                    "after the class come x and y in turn, got an odd number of values, "
                    f"{len(values)}"
                )
            points = check_ring(np.reshape(values, (-1, 2)) * size[::-1])
            if goes_outside([points], size):
                report.add("what lies outside the photo is cut off", file, entry)
            crop = fill_with_border(points, size, by="OpenCV")
            if int(number) not in names:
                names[int(number)] = f"class {int(number)}"
                report.add(f"class {int(number)} has no name; a label is made", file, entry)
            name = names[int(number)]
            labels.setdefault(name, make_labels([name])[0])
            objects.append(Annotation(name, encode_crop(crop, size)))
    return tuple(objects)


def _numbers(line: str) -> list[float]:
    try:
        return [float(value) for value in line.split()]
    except ValueError as error:
        raise ValueError(f"expected numbers, got {line!r:.60}") from error
