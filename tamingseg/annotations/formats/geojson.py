"""GeoJSON in pixels, as QuPath has it: a collection of features per photo.

::

    {"type": "FeatureCollection", "photo": "day1/a.jpg", "height": 480, "width": 640,
     "features": [{"type": "Feature",
                   "geometry": {"type": "Polygon", "coordinates": [[[x, y], ...], hole, ...]},
                   "properties": {"objectType": "annotation", "name": "...", "isLocked": false,
                                  "classification": {"name": "cell", "color": [86, 180, 233]}}}]}

x goes right, y goes down, and outlines run along the edges of pixels; a pixel is inside if its
centre is. Holes and parts stay.

Source: RFC 7946; QuPath's documentation, "GeoJSON".
"""

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
    photo_name,
    read_colour,
    tidy,
)
from tamingseg.annotations.files import Files, Reader, Size
from tamingseg.annotations.matching import finder, stems
from tamingseg.annotations.outlines import edge_outlines
from tamingseg.annotations.rasters import check_ring, fill_rings, goes_outside, union
from tamingseg.annotations.report import Report
from tamingseg.annotations.values import items
from tamingseg.masks.rle import Crop, decode_crop, encode_crop

_ENDINGS = (".geojson", ".json")
_LABEL = "object"


def recognised(files: Files) -> bool:
    """Whether there is a JSON file with a collection of features."""
    return any(_is_geojson(files, name) for name in files.ending(*_ENDINGS))


def converter(labels: Sequence[Label]) -> Converter:
    """Return what makes the collection of features of a photo."""
    colours = {label.name: list(bytes.fromhex(label.colour[1:])) for label in labels}
    return partial(_file_of, colours)


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield a collection of features per photo."""
    names = stems(project, report)
    for photo, contents in zip(project.photos, converted, strict=True):
        yield f"{names[photo.name]}.geojson", contents


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read every collection of features; what is not sound is left out and noted."""
    find = finder(sizes)
    photos: dict[str, Photo] = {}
    labels: dict[str, Label] = {}
    for file in files.ending(*_ENDINGS):
        if not _is_geojson(files, file):
            continue
        with report.skipping(file):
            contents = files.json(file)
            said = contents.get("photo")
            name = photo_name(said if isinstance(said, str) else find(file) or file)
            size = sizes.get(find(name) or "") if "height" not in contents else None
            size = size or check_size([contents.get("height"), contents.get("width")])
            if name in photos:
                raise ValueError(f"{name} has its features from another file")
            objects = []
            for index, feature in enumerate(items(contents, "features"), 1):
                with report.skipping(file, f"feature {index}"):
                    place = (file, f"feature {index}")
                    item, label = _read_feature(feature, size, len(labels), place, report)
                    labels.setdefault(label.name, label)
                    objects.append(item)
            photos[name] = Photo(name, size, tuple(objects))
    return Project(tuple(labels.values()), tuple(photos.values()))


def _file_of(
    colours: dict[str, list[int]], photo: Photo, file: Reader | None, report: Report
) -> bytes:
    contents = {
        "type": "FeatureCollection",
        "photo": photo.name,
        "height": photo.size[0],
        "width": photo.size[1],
        "features": [_feature(item, photo.size, colours[item.label]) for item in photo.objects],
    }
    return json.dumps(contents, ensure_ascii=False).encode()


def _is_geojson(files: Files, name: str) -> bool:
    try:
        found = files.json(name)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("type") == "FeatureCollection"


def _feature(item: Annotation, size: Size, colour: list[int]) -> dict[str, Any]:
    parts = [
        [[*ring.astype(int).tolist(), ring[0].astype(int).tolist()] for ring in rings]
        for rings in edge_outlines(decode_crop(item.mask, size))
    ]
    geometry: dict[str, Any] = {"type": "MultiPolygon", "coordinates": parts}
    if len(parts) == 1:
        geometry = {"type": "Polygon", "coordinates": parts[0]}
    properties: dict[str, Any] = {
        "objectType": "annotation",
        "classification": {"name": item.label, "color": colour},
        "isLocked": item.locked,
    }
    if item.name:
        properties["name"] = item.name
    if item.hidden:
        properties["hidden"] = True
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _read_feature(
    feature: Any, size: Size, index: int, place: tuple[str, str], report: Report
) -> tuple[Annotation, Label]:
    if not isinstance(feature, dict) or not isinstance(feature.get("geometry"), dict):
        raise ValueError("it has no geometry")
    crop = _read_geometry(feature["geometry"], size, place, report)
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    kind = properties.get("classification", properties.get("label"))
    described = kind if isinstance(kind, dict) else {"name": kind}
    name = tidy(described.get("name")) or _LABEL
    item = Annotation(
        name,
        encode_crop(crop, size),
        tidy(properties.get("name")),
        properties.get("hidden") is True,
        properties.get("isLocked") is True,
    )
    return item, Label(name, read_colour(described.get("color"), index))


def _read_geometry(
    geometry: dict[str, Any], size: Size, place: tuple[str, str], report: Report
) -> Crop:
    kind, parts = geometry.get("type"), items(geometry, "coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"a {kind!r:.50} has no area")
    crops = []
    for part in [parts] if kind == "Polygon" else parts:
        if not isinstance(part, list):
            raise ValueError("a polygon must be a list of rings")
        rings = [_read_ring(ring) for ring in part]
        if rings and goes_outside(rings, size):
            report.add("what lies outside the photo is cut off", *place)
        crops.append(fill_rings(rings, size))
    return union(crops)


def _read_ring(points: Any) -> np.ndarray:
    """Points may have a height as a third number."""
    if isinstance(points, list):
        points = [point[:2] if isinstance(point, list) else point for point in points]
    return check_ring(points)
