"""COCO's annotations: images, categories and annotations in one JSON file, numbered from 1.

::

    {"images": [{"id": 1, "file_name": "a.jpg", "height": 480, "width": 640}],
     "categories": [{"id": 1, "name": "cell", "color": [86, 180, 233]}],
     "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": ..., "area": 99,
                      "bbox": [x, y, width, height], "iscrowd": 0}]}

Masks are written as compressed run lengths, or as polygons where these give the very same mask.
What COCO has no place for lies in "attributes", as CVAT and datumaro have it, and in "color" and
"key" of categories. `iscrowd` is 0: evaluators leave out what has a 1.

Read are also lists of results, a file per photo, as `tamingseg propose` and `partition` write them.

Source: cocodataset.org, "Data format".
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
    read_colour,
    tidy,
)
from tamingseg.annotations.files import Files, Reader
from tamingseg.annotations.matching import without_ending
from tamingseg.annotations.outlines import edge_outlines
from tamingseg.annotations.rasters import goes_outside, same_mask
from tamingseg.annotations.report import Report
from tamingseg.annotations.values import items, number, text
from tamingseg.masks.rle import Crop, crop_segmentation, decode_crop, encode_crop

NAME = "annotations/instances_default.json"
"""Where COCO, CVAT and datumaro have it."""

_LABEL = "object"


def recognised(files: Files) -> bool:
    """Whether there is a JSON file with images and annotations, or a list of results."""
    names = files.ending(".json")
    return any(_is_coco(files, name) or _is_results(files, name) for name in names)


def converter(labels: Sequence[Label], polygons: bool = False) -> Converter:
    """Return what gives the annotations of a photo, without their ids and that of the image."""
    category_ids = {label.name: category_id for category_id, label in enumerate(labels, 1)}
    return partial(_describe_photo, category_ids, polygons)


def converter_to_polygons(labels: Sequence[Label]) -> Converter:
    """Return the same with polygons, and run lengths for what polygons cannot hold."""
    return converter(labels, polygons=True)


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield the JSON file."""
    entries: list[dict[str, Any]] = []
    described: list[dict[str, Any]] = []
    for image_id, (photo, objects) in enumerate(zip(project.photos, converted, strict=True), 1):
        height, width = photo.size
        entries.append({"id": image_id, "file_name": photo.name, "height": height, "width": width})
        for item in objects:
            described.append({"id": len(described) + 1, "image_id": image_id, **item})
    categories = [
        {
            "id": category_id,
            "name": label.name,
            "supercategory": "",
            "color": list(bytes.fromhex(label.colour[1:])),
            "key": label.key,
        }
        for category_id, label in enumerate(project.labels, 1)
    ]
    contents = {"images": entries, "categories": categories, "annotations": described}
    yield NAME, json.dumps(contents, ensure_ascii=False).encode()


def read(files: Files, sizes: object, report: Report) -> Project:
    """Read every JSON file of images and annotations; what is not sound is left out and noted."""
    photos: dict[str, Photo] = {}
    labels: dict[str, Label] = {}
    for name in files.ending(".json"):
        if _is_results(files, name):
            with report.skipping(name):
                photo = _read_results(files.json(name), name, labels, report)
                photos.setdefault(photo.name, photo)
        if not _is_coco(files, name):
            continue
        with report.skipping(name):
            contents = files.json(name)
            names = _read_categories(contents, labels, name, report)
            for photo in _read_photos(contents, names, labels, name, report):
                if photo.name in photos:
                    report.add(f"left out: it is in another file too, {photo.name}", name)
                else:
                    photos[photo.name] = photo
    return Project(tuple(labels.values()), tuple(photos.values()))


def _describe_photo(
    category_ids: dict[str, int],
    polygons: bool,
    photo: Photo,
    file: Reader | None,
    report: Report,
) -> list[dict[str, Any]]:
    described = []
    for number_, item in enumerate(photo.objects, 1):
        crop = decode_crop(item.mask, photo.size)
        segmentation = _polygons(crop, photo.size) if polygons else None
        if polygons and segmentation is None:
            text_ = "COCO's polygons cannot hold it; written as run lengths"
            report.lost("", text_, photo.name, number_)
        described.append(
            {
                "category_id": category_ids[item.label],
                "segmentation": segmentation or {"size": [*photo.size], "counts": item.mask},
                "area": int(crop.pixels.sum()),
                "bbox": [crop.left, crop.top, *crop.pixels.shape[::-1]],
                "iscrowd": 0,
                "attributes": {
                    key: value
                    for key in ("name", "hidden", "locked")
                    if (value := getattr(item, key))
                },
            }
        )
    return described


def _is_coco(files: Files, name: str) -> bool:
    try:
        found = files.json(name)
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("images"), list)


def _is_results(files: Files, name: str) -> bool:
    try:
        found = files.json(name)
    except ValueError:
        return False
    return isinstance(found, list) and all(
        isinstance(entry, dict) and isinstance(entry.get("segmentation"), dict)
        for entry in found[:1] or [None]
    )


def _read_results(entries: list[Any], file: str, labels: dict[str, Label], report: Report) -> Photo:
    """Read the masks of a photo that is named like the file; the last one is in front.

    The best comes first in such a list, and is behind the others.
    """
    size = check_size(entries[0]["segmentation"].get("size"))
    label = labels.setdefault(_LABEL, make_labels([_LABEL])[0])
    objects = []
    for index, entry in enumerate(entries, 1):
        with report.skipping(file, f"entry {index}"):
            if not isinstance(entry, dict):
                raise ValueError(f"expected an entry with segmentation, got {entry!r:.100}")
            crop = crop_segmentation(entry.get("segmentation"), size)
            objects.append(Annotation(label.name, encode_crop(crop, size)))
    return Photo(photo_name(without_ending(file)), size, tuple(objects))


def _polygons(crop: Crop, size: tuple[int, int]) -> list[list[int]] | None:
    """Return the outlines of a mask if COCO reads the very same mask back from them."""
    outlines = edge_outlines(crop)
    if not outlines or any(len(rings) > 1 for rings in outlines):
        return None
    polygons = [rings[0].astype(int).ravel().tolist() for rings in outlines]
    back = crop_segmentation(polygons, size)
    return polygons if same_mask(back, crop) else None


def _read_categories(
    contents: dict[str, Any], labels: dict[str, Label], file: str, report: Report
) -> dict[int, str]:
    """Return category id -> name, and add the labels that are new."""
    names = {}
    for index, entry in enumerate(items(contents, "categories"), 1):
        with report.skipping(file, f"category {index}"):
            name, key = tidy(text(entry, "name")), entry.get("key")
            key = key if isinstance(key, str) and len(key) == 1 else ""
            label = Label(name, read_colour(entry.get("color"), len(labels)), key)
            names[number(entry, "id", whole=True)] = name
            labels.setdefault(name, label)
    return names


def _read_photos(
    contents: dict[str, Any],
    names: dict[int, str],
    labels: dict[str, Label],
    file: str,
    report: Report,
) -> Iterator[Photo]:
    known: dict[int, Photo] = {}
    for index, entry in enumerate(items(contents, "images"), 1):
        with report.skipping(file, f"image {index}"):
            sides = [entry.get("height"), entry.get("width")] if isinstance(entry, dict) else None
            size = check_size(sides)
            photo = Photo(photo_name(text(entry, "file_name")), size)
            known.setdefault(number(entry, "id", whole=True), photo)
    objects = defaultdict(list)
    for index, entry in enumerate(items(contents, "annotations"), 1):
        with report.skipping(file, f"annotation {index}"):
            image_id = number(entry, "image_id", whole=True)
            if image_id not in known:
                raise ValueError(f"the file describes no image {image_id}")
            objects[image_id].append(
                _read_object(entry, known[image_id].size, names, labels, (file, index), report)
            )
    for image_id, photo in known.items():
        yield Photo(photo.name, photo.size, tuple(objects[image_id]))


def _read_object(
    entry: dict[str, Any],
    size: tuple[int, int],
    names: dict[int, str],
    labels: dict[str, Label],
    place: tuple[str, int],
    report: Report,
) -> Annotation:
    where = (place[0], f"annotation {place[1]}")
    category = number(entry, "category_id", whole=True)
    segmentation = entry.get("segmentation")
    if not segmentation:
        raise ValueError("it has no segmentation, only a box at most")
    crop = crop_segmentation(segmentation, size)
    if isinstance(segmentation, list):
        rings = [np.reshape(polygon, (-1, 2)) for polygon in segmentation if polygon]
        if goes_outside(rings, size):
            report.add("what lies outside the photo is cut off", *where)
    if category not in names:
        names[category] = f"category {category}"
        report.add(f"there is no category {category}; a label of that name is made", *where)
    if entry.get("iscrowd"):
        report.add("a crowd (iscrowd 1) is read as one object", *where)
    label = names[category]
    labels.setdefault(label, make_labels([label])[0])
    more = entry.get("attributes")
    more = more if isinstance(more, dict) else {}
    return Annotation(
        label,
        encode_crop(crop, size),
        tidy(more.get("name")),
        more.get("hidden") is True,
        more.get("locked") is True,
    )
