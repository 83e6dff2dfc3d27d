"""SVG: a drawing per photo, a path per object, the photo behind them if it lies beside.

::

    <svg xmlns="http://www.w3.org/2000/svg" width="640" height="480" viewBox="0 0 640 480"
         data-photo="day1/a.jpg">
      <image href="a.jpg" width="640" height="480"/>
      <path data-label="cell" fill="#56b4e9" fill-rule="evenodd" d="M4 3H12V9H4Z"/>
    </svg>

Outlines run along the edges of pixels, so holes and parts stay. Read are paths of straight lines,
polygons and rectangles; a pixel is inside if its centre is.

Source: w3.org/TR/SVG2, chapter 9.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from urllib.parse import quote

import numpy as np

from tamingseg.annotations.converted import Converted, Converter
from tamingseg.annotations.document import (
    Annotation,
    Label,
    Photo,
    Project,
    check_size,
    photo_name,
    read_colour,
    tidy,
)
from tamingseg.annotations.files import Files, Reader, Size
from tamingseg.annotations.markup import (
    Element,
    add,
    attribute,
    local_name,
    numbers,
    parse_xml,
    whole,
    xml_bytes,
)
from tamingseg.annotations.matching import finder, stems
from tamingseg.annotations.outlines import edge_outlines
from tamingseg.annotations.rasters import check_ring, fill_rings, goes_outside
from tamingseg.annotations.report import Report
from tamingseg.masks.rle import decode_crop, encode_crop

_LABEL = "object"
_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*(?:[eE][-+]?\d[^A-Za-z]*)*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_SHAPES = ("path", "polygon", "rect")
_OTHERS = ("circle", "ellipse", "line", "polyline", "text", "use")


def recognised(files: Files) -> bool:
    """Whether there is a drawing."""
    return bool(files.ending(".svg"))


def converter(labels: Sequence[Label]) -> Converter:
    """Return what makes the drawing of a photo."""
    return partial(_drawing, {label.name: label.colour for label in labels})


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield a drawing per photo."""
    names = stems(project, report)
    for photo, drawing in zip(project.photos, converted, strict=True):
        yield f"{names[photo.name]}.svg", drawing


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read every drawing; what is not sound is left out and noted."""
    find = finder(sizes)
    photos: dict[str, Photo] = {}
    labels: dict[str, Label] = {}
    for file in files.ending(".svg"):
        with report.skipping(file):
            root = parse_xml(files.text(file))
            name = photo_name(root.get("data-photo") or find(file) or file)
            size = _size(root, sizes.get(find(name) or ""))
            if name in photos:
                raise ValueError(f"{name} has its objects from another file")
            objects = []
            for index, (shape, is_moved) in enumerate(_walk(root), 1):
                kind = local_name(shape)
                with report.skipping(file, f"{kind} {index}"):
                    if kind in _OTHERS:
                        raise ValueError(f"a {kind} is not read; draw a path")
                    if is_moved:
                        raise ValueError("shapes with a transform are not read")
                    place = (file, f"{kind} {index}")
                    item, label = _read_shape(shape, size, len(labels), place, report)
                    labels.setdefault(label.name, label)
                    objects.append(item)
            photos[name] = Photo(name, size, tuple(objects))
    return Project(tuple(labels.values()), tuple(photos.values()))


def _drawing(colours: dict[str, str], photo: Photo, file: Reader | None, report: Report) -> bytes:
    height, width = photo.size
    size = {"width": width, "height": height}
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg"})
    more = {**size, "viewBox": f"0 0 {width} {height}", "data-photo": photo.name}
    root.attrib.update({key: str(value) for key, value in more.items()})
    add(root, "image", {"href": quote(posixpath.basename(photo.name)), **size})
    for item in photo.objects:
        described: dict[str, object] = {
            "data-label": item.label,
            "fill": colours[item.label],
            "fill-opacity": 0.5,
            "fill-rule": "evenodd",
            "d": _path(item.mask, photo.size),
        }
        if item.hidden:
            described["visibility"] = "hidden"
        if item.locked:
            described["data-locked"] = "true"
        path = add(root, "path", described)
        if item.name:
            add(path, "title", {}, item.name)
    return xml_bytes(root)


def _path(mask: str, size: Size) -> str:
    """Return outlines as steps to the right, left, up and down in turn."""
    steps = []
    for ring in (ring for rings in edge_outlines(decode_crop(mask, size)) for ring in rings):
        points = ring.astype(int).tolist()
        steps.append(f"M{points[0][0]} {points[0][1]}")
        for (x, y), (_, y_before) in zip(points[1:], points, strict=False):
            steps.append(f"H{x}" if y == y_before else f"V{y}")
        steps.append("Z")
    return "".join(steps)


def _size(root: Element, known: Size | None) -> Size:
    if local_name(root) != "svg":
        raise ValueError("it is no SVG")
    box = list(numbers(root.get("viewBox", "")))
    if "width" not in root.attrib and len(box) == 4:
        return check_size([int(box[3]), int(box[2])])
    if "width" not in root.attrib and known is not None:
        return known
    size = check_size([whole(root, "height"), whole(root, "width")])
    if box and box != [0, 0, size[1], size[0]]:
        raise ValueError(f"its viewBox is not the photo's size {size}")
    return size


def _walk(root: Element) -> Iterator[tuple[Element, bool]]:
    """Yield every shape, and whether it or a group around it is moved."""
    stack = [(root, False)]
    while stack:
        element, is_moved = stack.pop()
        is_moved = is_moved or "transform" in element.attrib
        if local_name(element) in _SHAPES + _OTHERS:
            yield element, is_moved
        elif local_name(element) not in ("defs", "clipPath", "mask", "pattern", "symbol"):
            stack += [(child, is_moved) for child in reversed(element)]


def _read_shape(
    shape: Element, size: Size, index: int, place: tuple[str, str], report: Report
) -> tuple[Annotation, Label]:
    kind = local_name(shape)
    if kind == "path":
        rings = _read_path(shape.get("d", ""))
    elif kind == "polygon":
        rings = [check_ring(np.reshape(list(numbers(attribute(shape, "points"))), (-1, 2)))]
    else:
        x, y, width, height = (
            next(numbers(shape.get(key, "0")), 0.0) for key in ("x", "y", "width", "height")
        )
        corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
        rings = [check_ring(corners)]
    if rings and goes_outside(rings, size):
        report.add("what lies outside the photo is cut off", *place)
    title = next((child.text for child in shape if local_name(child) == "title"), "")
    name = tidy(shape.get("data-label") or shape.get("class")) or _LABEL
    item = Annotation(
        name,
        encode_crop(fill_rings(rings, size), size),
        tidy(title),
        shape.get("visibility") == "hidden" or shape.get("display") == "none",
        shape.get("data-locked") == "true",
    )
    return item, Label(name, read_colour(shape.get("fill"), index))


def _read_path(text: str) -> list[np.ndarray]:
    """Return the rings of a path of straight lines."""
    rings: list[list[list[float]]] = []
    x = y = 0.0
    for command, rest in _STEP.findall(text):
        values = [float(value) for value in _NUMBER.findall(rest)]
        is_relative, kind = command.islower(), command.upper()
        if kind == "Z":
            if rings:
                x, y = rings[-1][0]
            continue
        if kind not in "MLHV":
            raise ValueError(f"curves ({command}) are not read; turn them into lines")
        if kind in "ML" and len(values) % 2:
            raise ValueError(f"expected x and y in turn, got {len(values)} numbers")
        steps = np.reshape(values, (-1, 1 if kind in "HV" else 2)).tolist()
        for number, step in enumerate(steps):
            if kind in "HV":
                value = step[0] + (x if kind == "H" else y) * is_relative
                x, y = (value, y) if kind == "H" else (x, value)
            else:
                x, y = step[0] + x * is_relative, step[1] + y * is_relative
            if kind == "M" and number == 0:
                rings.append([])
            if not rings:
                raise ValueError("a path begins with M")
            rings[-1].append([x, y])
    return [check_ring(ring) for ring in rings]
