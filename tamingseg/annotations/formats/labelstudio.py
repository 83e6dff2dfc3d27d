"""Label Studio's JSON: a task per photo, a region per object, masks in its own run lengths.

::

    [{"data": {"image": "a.jpg", "height": 480, "width": 640},
      "annotations": [{"result": [{"type": "brushlabels", "from_name": "label", "to_name": "image",
        "original_width": 640, "original_height": 480, "image_rotation": 0, "readonly": false,
        "value": {"format": "rle", "rle": [...], "brushlabels": ["cell"]},
        "meta": {"text": ["name of the object"]}}]}]}]

A mask is a picture of four channels that all hold 0 or 255, as a row of bits: 32 for the number of
values, 5 for the bits of a value less 1, 4 times 4 for the bits of a length less 1; then blocks: 1
if one value is repeated and 0 if each is written, 2 for which of the four lengths, the length less
1, the values. Read are also polygons and rectangles, in per cent of the photo's sides.

Source: labelstud.io/guide/export, "brush"; label-studio-converter 0.0.59, `brush.py`.
"""

import json
import re
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
from tamingseg.annotations.matching import finder
from tamingseg.annotations.rasters import check_ring, fill_rings, goes_outside
from tamingseg.annotations.report import Report
from tamingseg.annotations.values import items, number, text
from tamingseg.data.limits import MAX_PIXELS
from tamingseg.masks.rle import Crop, decode_rle, encode_crop

NAME = "tasks.json"
_LENGTHS = (3, 4, 8, 16)  # bits
_UPLOAD = re.compile(r"^[0-9a-f]{8}-")
_KINDS = ("brushlabels", "polygonlabels", "rectanglelabels")


def recognised(files: Files) -> bool:
    """Whether there is a JSON file with tasks."""
    return any(_is_tasks(files, name) for name in files.ending(".json"))


def converter(labels: Sequence[Label]) -> Converter:
    """Return what gives the task of a photo, as JSON."""
    return _task


def write(
    project: Project, converted: Iterable[Converted], report: Report
) -> Iterator[tuple[str, bytes]]:
    """Yield tasks.json."""
    tasks = ", ".join(task for task, _ in zip(converted, project.photos, strict=True))
    yield NAME, f"[{tasks}]".encode()


def read(files: Files, sizes: Mapping[str, Size], report: Report) -> Project:
    """Read every JSON file with tasks; of several annotations of a task the first is taken."""
    find = finder(sizes)
    photos: dict[str, Photo] = {}
    for file in files.ending(".json"):
        if not _is_tasks(files, file):
            continue
        for index, task in enumerate(files.json(file), 1):
            entry = f"task {index}"
            with report.skipping(file, entry):
                name = _photo(task, find)
                photo = _read_task(task, name, sizes.get(find(name) or ""), (file, entry), report)
                if name in photos:
                    raise ValueError(f"{name} has its objects from another task")
                photos[name] = photo
    labels = make_labels(item.label for photo in photos.values() for item in photo.objects)
    return Project(labels, tuple(photos.values()))


def encode_brush(mask: np.ndarray) -> list[int]:
    """Return Label Studio's run lengths of a bool (H, W) mask.

    Examples
    --------
    >>> decode_brush(encode_brush(np.eye(3, dtype=bool)), (3, 3)).astype(int).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    flat = mask.ravel()
    starts = np.append(0, np.flatnonzero(flat[1:] != flat[:-1]) + 1)
    bits = [f"{flat.size * 4:032b}", f"{7:05b}", *(f"{size - 1:04b}" for size in _LENGTHS)]
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), flat.size], strict=True):
        left = (end - start) * 4  # each pixel has four channels
        while left:
            run = min(left, 2 ** _LENGTHS[-1])
            which = next(i for i, size in enumerate(_LENGTHS) if run <= 2**size)
            value = 255 if flat[start] else 0
            bits.append(f"1{which:02b}{run - 1:0{_LENGTHS[which]}b}{value:08b}")
            left -= run
    packed = "".join(bits)
    return np.packbits(np.frombuffer(packed.encode(), np.uint8) - ord("0")).tolist()


def decode_brush(data: Any, size: Size) -> np.ndarray:
    """Return a bool (H, W) mask of `size` from Label Studio's run lengths.

    Raises
    ------
    ValueError
        If they are damaged or of another size.
    """
    if not isinstance(data, list) or not all(type(v) is int and 0 <= v < 256 for v in data):
        raise ValueError("run lengths must be a list of numbers from 0 to 255")
    bits = "".join(f"{value:08b}" for value in data)
    place = 0

    def take(count: int) -> int:
        nonlocal place
        place += count
        if place > len(bits):
            raise ValueError("the run lengths end in the middle")
        return int(bits[place - count : place], 2)

    count, width = take(32), take(5) + 1
    lengths = [take(4) + 1 for _ in range(4)]
    if count != size[0] * size[1] * 4:
        raise ValueError(f"its mask is not of (height, width) {size}")
    values, runs, total = [], [], 0
    while total < count:
        is_run, which = take(1), take(2)
        length = take(lengths[which]) + 1
        for run in [length] if is_run else [1] * length:
            values.append(take(width))
            runs.append(min(run, count - total))
            total += runs[-1]
    picture = np.repeat(np.array(values) > 0, runs)
    return picture.reshape(*size, 4)[..., 3]


def _task(photo: Photo, file: Reader | None, report: Report) -> str:
    height, width = photo.size
    result = [_region(item, photo.size, index) for index, item in enumerate(photo.objects, 1)]
    data = {"image": photo.name, "height": height, "width": width}
    return json.dumps({"data": data, "annotations": [{"result": result}]}, ensure_ascii=False)


def _is_tasks(files: Files, name: str) -> bool:
    try:
        found = files.json(name)
    except ValueError:
        return False
    return isinstance(found, list) and all(
        isinstance(task, dict) and isinstance(task.get("data"), dict) for task in found
    )


def _region(item: Annotation, size: Size, index: int) -> dict[str, Any]:
    region: dict[str, Any] = {
        "id": f"object{index}",
        "type": "brushlabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": size[1],
        "original_height": size[0],
        "image_rotation": 0,
        "value": {
            "format": "rle",
            "rle": encode_brush(decode_rle(item.mask, size)),
            "brushlabels": [item.label],
        },
    }
    if item.name:
        region["meta"] = {"text": [item.name]}
    region |= {"hidden": True} if item.hidden else {}
    return region | ({"readonly": True} if item.locked else {})


def _photo(task: dict[str, Any], find: Any) -> str:
    """Return what a task shows: a path, a link, or an upload with 8 digits before its name."""
    data = task["data"]
    image = data.get("image") or next((v for v in data.values() if isinstance(v, str)), None)
    name = photo_name(str(image or "").rpartition("?d=")[2])
    folder, slash, last = name.rpartition("/")
    return find(name) or find(folder + slash + _UPLOAD.sub("", last)) or name


def _read_task(
    task: dict[str, Any], name: str, known: Size | None, place: tuple[str, str], report: Report
) -> Photo:
    answers = [
        *items(task, "annotations"),
        *(items(task, "predictions") if not task.get("annotations") else []),
    ]
    if len(answers) > 1:
        report.add("several people's answers; the first is read", *place)
    result = items(answers[0], "result") if answers else []
    data = task["data"]
    said = next((r for r in result if isinstance(r, dict) and "original_width" in r), None)
    size = known
    if said is not None:
        size = check_size([said.get("original_height"), said.get("original_width")])
    elif "height" in data or size is None:
        size = check_size([data.get("height"), data.get("width")])
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f"a photo of {size[0]} x {size[1]} pixels is too large")
    objects = []
    for index, region in enumerate(result, 1):
        with report.skipping(place[0], f"{place[1]}, region {index}"):
            where = (place[0], f"{place[1]}, region {index}")
            objects.append(_read_region(region, size, where, report))
    return Photo(name, size, tuple(objects))


def _read_region(region: Any, size: Size, place: tuple[str, str], report: Report) -> Annotation:
    kind, value = text(region, "type"), region.get("value")
    if kind not in _KINDS or not isinstance(value, dict):
        raise ValueError(f"a region of type {kind!r:.50} is not read")
    if kind == "brushlabels":
        crop = Crop.of(decode_brush(value.get("rle"), size))
    else:
        if kind == "polygonlabels":
            points = check_ring(value.get("points"))
        else:
            if value.get("rotation"):
                raise ValueError("rectangles that are turned are not read")
            x, y, w, h = (number(value, key) for key in ("x", "y", "width", "height"))
            points = check_ring([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
        points = points * (size[1] / 100, size[0] / 100)
        if goes_outside([points], size):
            report.add("what lies outside the photo is cut off", *place)
        crop = fill_rings([points], size)
    named = [tidy(name) for name in items(value, kind)]
    meta = region.get("meta")
    said = meta.get("text") if isinstance(meta, dict) else None
    return Annotation(
        (named or [""])[0] or "object",
        encode_crop(crop, size),
        tidy(said[0] if isinstance(said, list) and said else said),
        region.get("hidden") is True,
        region.get("readonly") is True,
    )
