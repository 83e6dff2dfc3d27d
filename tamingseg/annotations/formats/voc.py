"""Pascal VOC: two palette PNGs per photo, one with its objects, one with their classes.

::

    SegmentationObject/a.png             objects 1, 2, ...; 0 is background, 255 void
    SegmentationClass/a.png              classes 1, 2, ... in the order of labelmap.txt
    ImageSets/Segmentation/default.txt   a name per line, without the ending
    labelmap.txt                         name:red,green,blue::, as CVAT and datumaro have it
    JPEGImages/a.jpg                     the photos

Without labelmap.txt the classes are the twenty of VOC 2012. Maps in colours, as datumaro and CVAT
write them, are read as well.

Source: host.robots.ox.ac.uk/pascal/VOC, development kit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from tamingseg.annotations.converted import Converted, Converter
from tamingseg.annotations.document import (
    Annotation,
    Label,
    Photo,
    Project,
    make_labels,
    photo_name,
    tidy,
)
from tamingseg.annotations.files import Files, Reader, Size
from tamingseg.annotations.matching import finder, stems, without_ending
from tamingseg.annotations.painting import painted
from tamingseg.annotations.pictures import png, read_labels, voc_palette
from tamingseg.annotations.report import Report
from tamingseg.masks.rle import decode_crop, encode_regions

_OBJECTS, _CLASSES, _LABELS = "SegmentationObject/", "SegmentationClass/", "labelmap.txt"
_MOST = 254
_NO_COLON = "Pascal VOC: labels have no : and #; an underscore stands for them"

# fmt: off
CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)
# fmt: on


def recognised(files: Files) -> bool:
    """Whether there is the folder SegmentationObject."""
    return any(_OBJECTS in name for name in files) or _LABELS in files


def converter(labels: Sequence[Label]) -> Converter:
    """Return what paints the two maps of a photo."""
    return partial(_maps, _numbers(labels))


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield the list of classes, the list of photos, and two maps per photo."""
    palette, names, numbers = voc_palette(), stems(project, report), _numbers(project.labels)
    lines = ["# label:color_rgb:parts:actions", "background:0,0,0::"]
    for label, number in list(numbers.items())[:_MOST]:
        if _plain(label) != label:
            report.add(_NO_COLON, entry=label, field="label")
        rgb = ",".join(map(str, bytes.fromhex(palette[number][1:])))
        lines.append(f"{_plain(label)}:{rgb}::")
    yield _LABELS, "\n".join([*lines, ""]).encode()
    listed = "".join(f"{names[photo.name]}\n" for photo in project.photos)
    yield "ImageSets/Segmentation/default.txt", listed.encode()
    for photo, (objects, classes) in zip(project.photos, converted, strict=True):
        yield f"{_OBJECTS}{names[photo.name]}.png", objects
        yield f"{_CLASSES}{names[photo.name]}.png", classes


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read every map of objects; the class of an object is the one that most of its pixels have."""
    names, colours = _read_labels(files)
    photos: dict[str, Photo] = {}
    find = finder(sizes)
    for file in files.ending(".png"):
        if _OBJECTS not in file:
            continue
        with report.skipping(file):
            stem = file.split(_OBJECTS, 1)[1]
            shown = photo_name(find(without_ending(stem)) or stem)
            photos[shown] = Photo(shown, *_read_photo(files, file, names, colours, report))
    used = (item.label for photo in photos.values() for item in photo.objects)
    labels = make_labels([*(names.values() if _LABELS in files else ()), *used])
    return Project(labels, tuple(photos.values()))


def _numbers(labels: Sequence[Label]) -> dict[str, int]:
    return {label.name: number for number, label in enumerate(labels, 1)}


def _maps(
    numbers: dict[str, int], photo: Photo, file: Reader | None, report: Report
) -> list[bytes]:
    """Return the PNGs of objects and of classes."""
    index = painted(photo, _MOST, "Pascal VOC", report)
    classes = np.zeros(len(photo.objects) + 1, np.uint8)
    for number, item in enumerate(photo.objects[:_MOST], 1):
        if _plain(item.label) != item.label:
            report.lost("label", _NO_COLON, photo.name, number)
        if numbers[item.label] > _MOST:
            text = f"Pascal VOC holds {_MOST} labels; left out"
            report.lost("object", text, photo.name, number)
            index[index == number] = 0
        else:
            classes[number] = numbers[item.label]
    palette = voc_palette()
    return [png(index.astype(np.uint8), palette), png(classes[index], palette)]


def _plain(label: str) -> str:
    return label.replace(":", "_").replace("#", "_")


def _read_labels(files: Files) -> tuple[dict[int, str], list[str]]:
    """Return class -> name from 1 on, and the colours of the classes from 0 on."""
    palette = voc_palette()
    names, colours = list(CLASSES), palette[: len(CLASSES) + 1]
    if _LABELS in files:
        names, colours = [], palette[:1]
        lines = [line for line in files.text(_LABELS).splitlines() if not line.startswith("#")]
        for index, line in enumerate(filter(str.strip, lines)):
            name, _, rest = line.partition(":")
            if index == 0 and name == "background":
                continue
            rgb = [int(value) for value in rest.split(":")[0].split(",") if value.isdecimal()]
            is_colour = len(rgb) == 3 and max(rgb) < 256
            names.append(tidy(name) or f"class {len(names) + 1}")
            colours.append("#" + bytes(rgb).hex() if is_colour else palette[len(names) % 256])
    return dict(enumerate(names, 1)), colours


def _read_photo(
    files: Files, file: str, names: dict[int, str], colours: list[str], report: Report
) -> tuple[Size, tuple[Annotation, ...]]:
    index = read_labels(files[file], voc_palette()[:255])
    size = (index.shape[0], index.shape[1])
    classes = np.zeros(size, np.int64)
    other = file.replace(_OBJECTS, _CLASSES)
    with report.skipping(other):
        if other not in files:
            raise ValueError("there is no such file; its objects have no class")
        found = read_labels(files[other], colours)
        if found.shape != size:
            raise ValueError(f"it has (height, width) {found.shape}, the objects have {size}")
        classes = found
    objects = []
    for value, mask in encode_regions(index):
        crop = decode_crop(mask, size)
        counts = np.bincount(np.maximum(classes[crop.place][crop.pixels], 0))
        number = int(counts[1:].argmax()) + 1 if len(counts) > 1 else 0
        if number not in names:
            report.add(f"class {number} has no name; a label is made", file, f"object {value}")
        objects.append(Annotation(names.get(number, f"class {number}"), mask))
    return size, tuple(objects)
