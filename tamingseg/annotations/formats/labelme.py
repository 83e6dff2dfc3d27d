"""LabelMe: a JSON file beside every photo, with a list of shapes.

::

    {"version": "6.0.0", "flags": {}, "imagePath": "a.jpg", "imageData": null,
     "imageHeight": 480, "imageWidth": 640,
     "shapes": [{"label": "cell", "points": [[x, y], ...], "group_id": null, "description": "",
                 "shape_type": "polygon", "flags": {}, "mask": null}]}

LabelMe fills polygons with Pillow, outline included, so points lie on the centres of the outermost
pixels. Shapes of one label and group_id are one object: its parts. What has holes is a shape
"mask", the corners of its box (both inside) and a PNG of it.

Source: labelme 6.3, `_label_file.py` and `utils/shape.py`.
"""

import base64
import binascii
import json
import posixpath
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
    tidy,
)
from tamingseg.annotations.files import Files, Reader, Size
from tamingseg.annotations.matching import finder, stems
from tamingseg.annotations.outlines import centre_outlines
from tamingseg.annotations.pictures import png, read_numbers
from tamingseg.annotations.rasters import (
    check_ring,
    fill_circle,
    fill_with_border,
    goes_outside,
    same_mask,
    union,
)
from tamingseg.annotations.report import Report
from tamingseg.annotations.values import items, text
from tamingseg.masks.rle import Crop, decode_crop, encode_crop

_VERSION = "6.0.0"


def recognised(files: Files) -> bool:
    """Whether there is a JSON file with shapes."""
    return any(_is_labelme(files, name) for name in files.ending(".json"))


def converter(labels: Sequence[Label]) -> Converter:
    """Return what makes the JSON file of a photo."""
    return _file_of


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield a JSON file per photo."""
    names = stems(project, report)
    for photo, contents in zip(project.photos, converted, strict=True):
        yield f"{names[photo.name]}.json", contents


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read every JSON file with shapes; what is not sound is left out and noted."""
    find = finder(sizes)
    photos: dict[str, Photo] = {}
    for name in files.ending(".json"):
        if not _is_labelme(files, name):
            continue
        with report.skipping(name):
            contents = files.json(name)
            folder = posixpath.dirname(name)
            path = text(contents, "imagePath").replace("\\", "/")
            shown = photo_name(posixpath.normpath(posixpath.join(folder, path)))
            size = _size(contents, sizes.get(find(shown) or ""))
            if shown in photos:
                raise ValueError(f"{shown} has its shapes from another file")
            photos[shown] = Photo(shown, size, _read_objects(contents, size, name, report))
    labels = make_labels(item.label for photo in photos.values() for item in photo.objects)
    return Project(labels, tuple(photos.values()))


def _file_of(photo: Photo, file: Reader | None, report: Report) -> bytes:
    shapes: list[dict[str, Any]] = []
    for number, item in enumerate(photo.objects, 1):
        crop = decode_crop(item.mask, photo.size)
        if not crop.pixels.size:
            text_ = "LabelMe has no objects without a pixel; left out"
            report.lost("object", text_, photo.name, number)
            continue
        flags = {key: True for key in ("hidden", "locked") if getattr(item, key)}
        parts = _shapes(crop, photo.size)
        group = number if len(parts) > 1 else None
        shapes += [
            {
                "label": item.label,
                **part,
                "group_id": group,
                "description": item.name,
                "flags": flags,
            }
            for part in parts
        ]
    contents: dict[str, Any] = {
        "version": _VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": posixpath.basename(photo.name),
        "imageData": None,
        "imageHeight": photo.size[0],
        "imageWidth": photo.size[1],
    }
    return json.dumps(contents, ensure_ascii=False).encode()


def _is_labelme(files: Files, name: str) -> bool:
    try:
        found = files.json(name)
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("shapes"), list)


def _shapes(crop: Crop, size: Size) -> list[dict[str, Any]]:
    """Return what a mask consists of: polygons if they give it back, else one mask."""
    rings = [_three_points(ring) for ring in centre_outlines(crop)]
    if same_mask(union([fill_with_border(ring, size) for ring in rings]), crop):
        return [{"points": ring.tolist(), "shape_type": "polygon", "mask": None} for ring in rings]
    height, width = crop.pixels.shape
    corners = [[crop.left, crop.top], [crop.left + width - 1, crop.top + height - 1]]
    mask = base64.b64encode(png(crop.pixels)).decode("ascii")
    return [{"points": corners, "shape_type": "mask", "mask": mask}]


def _three_points(ring: np.ndarray) -> np.ndarray:
    """Repeat the last point of an outline of one or two points; LabelMe refuses such polygons."""
    return np.concatenate([ring, np.repeat(ring[-1:], max(0, 3 - len(ring)), axis=0)])


def _size(contents: dict[str, Any], known: Size | None) -> Size:
    said = [contents.get("imageHeight"), contents.get("imageWidth")]
    if None in said and known is not None:
        return known
    return check_size(said)


def _read_objects(
    contents: dict[str, Any], size: Size, file: str, report: Report
) -> tuple[Annotation, ...]:
    """Return the objects in the order of their first shapes."""
    found: dict[object, list[Crop]] = {}
    described: dict[object, dict[str, Any]] = {}
    for index, shape in enumerate(items(contents, "shapes"), 1):
        entry = f"shape {index}"
        with report.skipping(file, entry):
            label, group = text(shape, "label"), shape.get("group_id")
            crop = _read_shape(shape, size, (file, entry), report)
            key = (label, group) if type(group) is int else index
            found.setdefault(key, []).append(crop)
            described.setdefault(key, {**shape, "label": label})
    objects: list[Annotation] = []
    for number, crops in found.items():
        shape = described[number]
        flags = shape.get("flags")
        flags = flags if isinstance(flags, dict) else {}
        with report.skipping(file, f"object {len(objects) + 1}"):
            objects.append(
                Annotation(
                    shape["label"],
                    encode_crop(union(crops), size),
                    tidy(shape.get("description")),
                    flags.get("hidden") is True,
                    flags.get("locked") is True,
                )
            )
    return tuple(objects)


def _read_shape(shape: dict[str, Any], size: Size, place: tuple[str, str], report: Report) -> Crop:
    kind = shape.get("shape_type") or "polygon"
    points = check_ring(shape.get("points"), 1)
    if kind == "mask":
        return _read_mask(shape, points, size)
    least = {"polygon": 3, "rectangle": 2, "circle": 2, "oriented_rectangle": 4}
    if kind not in least:
        raise ValueError(f"a shape {kind!r:.50} has no area")
    if len(points) < least[kind]:
        raise ValueError(f"a {kind} needs {least[kind]} points, got {len(points)}")
    if kind == "rectangle":
        (left, top), (right, bottom) = points[:2].min(axis=0), points[:2].max(axis=0)
        points = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    if kind == "circle":
        radius = float(np.hypot(*(points[1] - points[0])))
        if goes_outside([points[:1] - radius, points[:1] + radius], size):
            report.add("what lies outside the photo is cut off", *place)
        return fill_circle(points[0], radius, size)
    if goes_outside([points], size):
        report.add("what lies outside the photo is cut off", *place)
    return fill_with_border(points, size)


def _read_mask(shape: dict[str, Any], points: np.ndarray, size: Size) -> Crop:
    try:
        data = base64.b64decode(text(shape, "mask"), validate=True)
    except binascii.Error as error:
        raise ValueError(f"its mask is no base64 ({error})") from error
    pixels = read_numbers(data, most=size[0] * size[1])
    left, top = np.rint(points[0]).astype(int).tolist()
    height, width = pixels.shape[:2]
    if not (0 <= left <= size[1] - width and 0 <= top <= size[0] - height):
        raise ValueError("its mask is not inside the photo")
    return Crop.of(np.any(pixels.reshape(height, width, -1), axis=2), top, left)
