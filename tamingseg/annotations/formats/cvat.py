"""CVAT's XML for images 1.1, every object as a mask.

::

    <annotations><version>1.1</version>
      <meta><task><labels><label><name>cell</name><color>#56b4e9</color></label></labels></task></meta>
      <image id="0" name="a.jpg" width="640" height="480">
        <mask label="cell" left="4" top="3" width="8" height="6" rle="0, 48" z_order="0"/>
      </image></annotations>

The run lengths go along the rows of the box and begin with what is outside. Read are also polygons,
which CVAT fills by COCO's rule, and boxes. The names of objects are an attribute.

Source: docs.cvat.ai, "CVAT for image"; datumaro 1.13, `plugins/data_formats/cvat`.
"""

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
    make_labels,
    photo_name,
    read_colour,
    tidy,
)
from tamingseg.annotations.files import Files, Reader, Size
from tamingseg.annotations.markup import (
    Element,
    add,
    attribute,
    numbers,
    parse_xml,
    whole,
    xml_bytes,
)
from tamingseg.annotations.painting import note_empty
from tamingseg.annotations.rasters import check_ring, goes_outside
from tamingseg.annotations.report import Report
from tamingseg.masks.rle import Crop, crop_segmentation, decode_crop, encode_crop

NAME = "annotations.xml"
_SHAPES = ("mask", "polygon", "box")


def recognised(files: Files) -> bool:
    """Whether there is an XML file of annotations of images."""
    return any("<annotations" in files.text(name)[:1000] for name in files.ending(".xml"))


def converter(labels: Sequence[Label]) -> Converter:
    """Return what gives the masks of a photo: attributes of the element, and the object's name."""
    return _masks


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield annotations.xml."""
    root = Element("annotations")
    add(root, "version", {}, "1.1")
    labels = add(add(add(root, "meta", {}), "task", {}), "labels", {})
    for label in project.labels:
        entry = add(labels, "label", {})
        add(entry, "name", {}, label.name)
        add(entry, "color", {}, label.colour)
        described = add(add(entry, "attributes", {}), "attribute", {})
        for tag, text in (("name", "name"), ("mutable", "False"), ("input_type", "text")):
            add(described, tag, {}, text)
    for index, (photo, masks) in enumerate(zip(project.photos, converted, strict=True)):
        height, width = photo.size
        image = {"id": index, "name": photo.name, "width": width, "height": height}
        entry = add(root, "image", image)
        for mask, name in masks:
            shape = add(entry, "mask", mask)
            if name:
                add(shape, "attribute", {"name": "name"}, name)
    yield NAME, xml_bytes(root)


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read every XML file of annotations; what is not sound is left out and noted."""
    photos: dict[str, Photo] = {}
    labels: dict[str, Label] = {}
    for file in files.ending(".xml"):
        with report.skipping(file):
            root = parse_xml(files.text(file))
            if root.tag != "annotations":
                continue
            for index, entry in enumerate(root.iter("label"), 1):
                with report.skipping(file, f"label {index}"):
                    label = _read_label(entry, len(labels))
                    labels.setdefault(label.name, label)
            for track in root.findall("track"):
                report.add("left out: tracks of videos are not read", file, _said(track, 0))
            for index, entry in enumerate(root.findall("image"), 1):
                with report.skipping(file, f"image {index}"):
                    photo = _read_photo(entry, file, report)
                    if photo.name in photos:
                        raise ValueError(f"there is an image {photo.name} already")
                    photos[photo.name] = photo
    for label in make_labels(item.label for photo in photos.values() for item in photo.objects):
        labels.setdefault(label.name, label)
    return Project(tuple(labels.values()), tuple(photos.values()))


def _masks(photo: Photo, file: Reader | None, report: Report) -> list[list[Any]]:
    empty = note_empty(photo, "CVAT", report)
    masks = []
    for number, item in enumerate(photo.objects, 1):
        if number in empty:
            continue
        crop = decode_crop(item.mask, photo.size)
        mask = {
            "label": item.label,
            "source": "manual",
            "occluded": 0,
            "rle": ", ".join(map(str, _runs(crop.pixels.ravel()))),
            "left": crop.left,
            "top": crop.top,
            "width": crop.pixels.shape[1],
            "height": crop.pixels.shape[0],
            "z_order": number - 1,
        }
        masks.append([mask, item.name])
    return masks


def _runs(inside: np.ndarray) -> list[int]:
    """Return the lengths of runs, of what is outside and inside in turn."""
    changes = np.flatnonzero(np.diff(inside, prepend=False))
    return np.diff([0, *changes, inside.size]).tolist()


def _read_label(entry: Element, index: int) -> Label:
    return Label(tidy(entry.findtext("name")), read_colour(entry.findtext("color"), index))


def _read_photo(image: Element, file: str, report: Report) -> Photo:
    size = check_size([whole(image, "height"), whole(image, "width")])
    name = photo_name(attribute(image, "name"))
    found: list[tuple[int, Annotation]] = []
    for index, shape in enumerate(image, 1):
        entry = f"{name}, {_said(shape, index)}"
        with report.skipping(file, entry):
            if shape.tag not in _SHAPES:
                raise ValueError(f"a {shape.tag} has no area")
            crop = _read_shape(shape, size, (file, entry), report)
            called = next((a.text for a in shape if a.get("name") == "name"), "")
            item = Annotation(
                tidy(attribute(shape, "label")), encode_crop(crop, size), tidy(called)
            )
            order = whole(shape, "z_order") if "z_order" in shape.attrib else 0
            found.append((order, item))
    found.sort(key=lambda pair: pair[0])
    return Photo(name, size, tuple(item for _, item in found))


def _said(shape: Element, index: int) -> str:
    return f"{shape.tag} {index}" if index else str(shape.tag)


def _read_shape(shape: Element, size: Size, place: tuple[str, str], report: Report) -> Crop:
    if shape.tag == "mask":
        return _read_mask(shape, size)
    if shape.tag == "box":
        left, top, right, bottom = (
            next(numbers(attribute(shape, key))) for key in ("xtl", "ytl", "xbr", "ybr")
        )
        points = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    else:
        values = list(numbers(attribute(shape, "points")))
        if len(values) % 2:
            raise ValueError(f"expected x and y in turn, got {len(values)} numbers")
        points = np.reshape(values, (-1, 2))
    ring = check_ring(points)
    if goes_outside([ring], size):
        report.add("what lies outside the photo is cut off", *place)
    return crop_segmentation([ring.ravel().tolist()], size)


def _read_mask(shape: Element, size: Size) -> Crop:
    left, top, width, height = (whole(shape, key) for key in ("left", "top", "width", "height"))
    if min(left, top) < 0 or min(width, height) < 1:
        raise ValueError("the box of its mask is not sound")
    if left + width > size[1] or top + height > size[0]:
        raise ValueError(f"its mask is not inside the photo of (height, width) {size}")
    runs = [int(value) for value in numbers(attribute(shape, "rle"))]
    if min(runs, default=0) < 0 or sum(runs) != width * height:
        raise ValueError(
            f"its run lengths must fill {width} x {height} pixels, got {sum(runs)} pixels"
        )
    inside = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return Crop.of(inside.reshape(height, width), top, left)
