"""Every format of annotation files, in one table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tamingseg.annotations.converted import Converted, Converter
from tamingseg.annotations.document import Label, Project
from tamingseg.annotations.files import Files, Size
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
from tamingseg.annotations.report import Report

Written = Iterator[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of annotation files.

    Attributes
    ----------
    title, what
        What people call it, and what it consists of.
    converter
        labels -> what converts a photo, see `tamingseg.annotations.converted`.
    write
        (project, what each of its photos became, report) -> (name, contents) of each file.
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
    needs_photos
        Whether it shows the photos, so that their files are needed to write it.
    """

    title: str
    what: str
    converter: Callable[[Sequence[Label]], Converter]
    write: Callable[[Project, Iterable[Converted], Report], Written]
    read: Callable[[Files, Mapping[str, Size], Report], Project]
    recognised: Callable[[Files], bool]
    keeps: frozenset[str] = frozenset()
    extension: str = ""
    photos: str = "images/{name}"
    needs_photos: bool = False


FORMATS = {
    "project": Format(
        "tamingseg project",
        "a ZIP with project.json; holds everything",
        project.converter,
        project.write,
        project.read,
        project.recognised,
        frozenset({"name", "hidden", "locked", "made", "colour", "key", "unused", "state"}),
        ".tamingseg",
        "photos/{name}",
    ),
    "coco": Format(
        "COCO",
        "one JSON file, masks as RLE (run-length encoding)",
        coco.converter,
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
        coco.converter_to_polygons,
        coco.write,
        coco.read,
        coco.recognised,
        frozenset({"name", "hidden", "locked", "colour", "key", "unused"}),
        ".json",
        "images/default/{name}",
    ),
    "labelme": Format(
        "LabelMe",
        "a JSON file beside each photo: polygons, masks where these do not suffice",
        labelme.converter,
        labelme.write,
        labelme.read,
        labelme.recognised,
        frozenset({"name", "hidden", "locked"}),
        photos="{name}",
    ),
    "yolo": Format(
        "YOLO",
        "data.yaml and labels/: a polygon per object",
        yolo.converter,
        yolo.write,
        yolo.read,
        yolo.recognised,
        frozenset({"unused"}),
    ),
    "voc": Format(
        "Pascal VOC",
        "SegmentationObject/ and SegmentationClass/: palette PNGs",
        voc.converter,
        voc.write,
        voc.read,
        voc.recognised,
        frozenset({"unused"}),
        photos="JPEGImages/{name}",
    ),
    "cityscapes": Format(
        "Cityscapes",
        "gtFine/: labelIds, instanceIds and polygons",
        cityscapes.converter,
        cityscapes.write,
        cityscapes.read,
        cityscapes.recognised,
        photos="leftImg8bit/train/{name}",
    ),
    "cvat": Format(
        "CVAT for images",
        "annotations.xml, masks",
        cvat.converter,
        cvat.write,
        cvat.read,
        cvat.recognised,
        frozenset({"name", "colour", "unused"}),
        ".xml",
    ),
    "label-studio": Format(
        "Label Studio",
        "tasks.json, brush masks",
        labelstudio.converter,
        labelstudio.write,
        labelstudio.read,
        labelstudio.recognised,
        frozenset({"name", "hidden", "locked"}),
        ".json",
    ),
    "geojson": Format(
        "GeoJSON",
        "a collection of polygons in pixels per photo, as QuPath has it",
        geojson.converter,
        geojson.write,
        geojson.read,
        geojson.recognised,
        frozenset({"name", "hidden", "locked", "colour"}),
        photos="{name}",
    ),
    "svg": Format(
        "SVG",
        "a drawing per photo",
        svg.converter,
        svg.write,
        svg.read,
        svg.recognised,
        frozenset({"name", "hidden", "locked", "colour"}),
        photos="{name}",
    ),
    "cutouts": Format(
        "Cut-outs",
        "a PNG with transparency per object, and cutouts.csv",
        cutouts.converter,
        cutouts.write,
        cutouts.read,
        cutouts.recognised,
        frozenset({"name"}),
        needs_photos=True,
    ),
    "label-maps": Format(
        "Label maps",
        "masks/ with grey PNGs of 16 bits, and objects.csv",
        label_maps.converter,
        label_maps.write,
        label_maps.read,
        label_maps.recognised,
        frozenset({"name"}),
    ),
    "index-png": Format(
        "Index PNG",
        "masks/ with palette PNGs in the labels' colours, and objects.csv",
        label_maps.converter_to_palette,
        label_maps.write_palette,
        label_maps.read,
        label_maps.recognised,
        frozenset({"name"}),
    ),
}
"""Name -> format. The first that recognises files reads them."""


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
