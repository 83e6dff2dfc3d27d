"""Our own project file: a ZIP that holds the whole document, and the photos if they are wanted.

::

    project.json        {"format": "tamingseg project", "version": 1, "labels": [...],
                         "photos": [{"name", "height", "width", "state", "objects": [...]}]}
    photos/<name>       photos, as they are

Whatever has its usual value is left out of the JSON.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tamingseg.annotations.converted import Converted, Converter
from tamingseg.annotations.document import Annotation, Label, Made, Photo, Project
from tamingseg.annotations.files import Files, Reader
from tamingseg.annotations.report import Report
from tamingseg.annotations.values import flag, items, number, text
from tamingseg.checks import check_point
from tamingseg.masks.rle import decode_crop, encode_crop
from tamingseg.values import MASK_THRESHOLD, Click

NAME, FORMAT, VERSION = "project.json", "tamingseg project", 1


def recognised(files: Files) -> bool:
    """Whether it holds a project.json that is ours."""
    if NAME not in files:
        return False
    found = files.json(NAME)
    return isinstance(found, dict) and found.get("format") == FORMAT


def converter(labels: Sequence[Label]) -> Converter:
    """Return what gives the entry of a photo."""
    return _describe_photo


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield project.json."""
    contents = {
        "format": FORMAT,
        "version": VERSION,
        "labels": [
            {"name": label.name, "colour": label.colour, "key": label.key}
            for label in project.labels
        ],
        "photos": [entry for entry, _ in zip(converted, project.photos, strict=True)],
    }
    yield NAME, json.dumps(contents, ensure_ascii=False).encode()


def read(files: Files, sizes: object, report: Report) -> Project:
    """Read project.json; what is not sound is left out and noted."""
    described_labels, described_photos = _parts(files)
    labels: dict[str, Label] = {}
    for number_, entry in enumerate(described_labels, 1):
        with report.skipping(NAME, f"label {number_}"):
            label = Label(
                text(entry, "name"), text(entry, "colour"), text(entry, "key", "", empty=True)
            )
            labels.setdefault(label.name, label)
    photos: dict[str, Photo] = {}
    for number_, entry in enumerate(described_photos, 1):
        with report.skipping(NAME, f"photo {number_}"):
            photo = _read_photo(entry, labels, report)
            if photo.name in photos:
                raise ValueError(f"there is a photo {photo.name} already")
            photos[photo.name] = photo
    return Project(tuple(labels.values()), tuple(photos.values()))


def _parts(files: Files) -> tuple[list[Any], list[Any]]:
    """Return the labels and photos that project.json lists; ValueError names it if it is none."""
    if NAME not in files:
        raise ValueError(f"{files.where} is no project: it holds no {NAME}")
    try:
        contents = files.json(NAME)
        version = number(contents, "version", whole=True)
        if version > VERSION:
            raise ValueError(
                f"it is of version {version:.4g}, this program reads up to {VERSION}; install a "
                "newer tamingseg"
            )
        return items(contents, "labels"), items(contents, "photos")
    except ValueError as error:
        raise ValueError(f"{NAME} of {files.where}: {error}") from error


def _describe_photo(photo: Photo, file: Reader | None, report: Report) -> dict[str, Any]:
    return {
        "name": photo.name,
        "height": photo.size[0],
        "width": photo.size[1],
        "state": photo.state,
        "objects": [_described(item) for item in photo.objects],
    }


def _described(item: Annotation) -> dict[str, Any]:
    made = item.made
    described: dict[str, Any] = {"label": item.label, "mask": item.mask}
    described |= {key: getattr(item, key) for key in ("name", "hidden", "locked")}
    described |= {"tool": made.tool, "base": made.base}
    described["clicks"] = [[click.row, click.col, click.positive] for click in made.clicks]
    described["cuts"] = list(made.click_thresholds)
    described = {key: value for key, value in described.items() if value}
    if made.threshold != MASK_THRESHOLD:
        described["threshold"] = made.threshold
    return described


def _read_photo(entry: Any, labels: dict[str, Label], report: Report) -> Photo:
    size = (number(entry, "height", whole=True), number(entry, "width", whole=True))
    photo = Photo(text(entry, "name"), size, (), entry.get("state", "new"))
    objects = []
    for index, described in enumerate(items(entry, "objects"), 1):
        with report.skipping(photo.name, f"object {index}"):
            item = _read_object(described, size)
            if item.label not in labels:
                raise ValueError(f"the project has no label {item.label!r:.100}")
            objects.append(item)
    return Photo(photo.name, size, tuple(objects), photo.state)


def _read_object(entry: Any, size: tuple[int, int]) -> Annotation:
    mask, base = text(entry, "mask", "", empty=True), text(entry, "base", "", empty=True)
    clicks = tuple(_read_click(click, size) for click in items(entry, "clicks"))
    thresholds = tuple(number({"cut": cut}, "cut") for cut in items(entry, "cuts"))
    if len(thresholds) not in (0, len(clicks)):
        raise ValueError(f"it has {len(clicks)} clicks, but {len(thresholds)} cuts")
    threshold = number(entry, "threshold", MASK_THRESHOLD)
    made = Made(
        text(entry, "tool", "", empty=True),
        clicks,
        thresholds,
        threshold,
        encode_crop(decode_crop(base, size), size) if base else "",
    )
    return Annotation(
        text(entry, "label"),
        encode_crop(decode_crop(mask, size), size),
        text(entry, "name", "", empty=True),
        flag(entry, "hidden"),
        flag(entry, "locked"),
        made,
    )


def _read_click(entry: Any, size: tuple[int, int]) -> Click:
    if not isinstance(entry, list) or len(entry) != 3 or type(entry[2]) is not bool:
        raise ValueError(f"expected a click as [row, col, positive], got {entry!r:.100}")
    row, col = (number({"click": value}, "click") for value in entry[:2])
    return Click(*check_point(row, col, size), entry[2])
