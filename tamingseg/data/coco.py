"""COCO's own JSON: photos with objects as run lengths or polygons, of any program that writes it.

::

    <root>/annotations/instances_<split>.json      with <root>/<split>/<file_name>, or images/
    <root>/annotations/instances_default.json      the same, without splits: `tamingseg convert`
    <root>/annotations.json                        with <root>/<file_name>, or images/

    {"images": [{"id": 1, "file_name": "a.jpg", "height": 480, "width": 640}, ...],
     "annotations": [{"image_id": 1, "segmentation": ..., "iscrowd": 0}, ...]}

``_annotations.coco.json`` is read like ``annotations.json``. Objects that overlap are on different
label maps. The k-th annotation of an image has the label k. A crowd (``iscrowd`` 1) in run lengths
is void; some programs write ``iscrowd`` 1 on every object, so it counts only where others do not
have it. 0 is background: not everything is annotated, but what is, is annotated whole.

Source: cocodataset.org/#format-data; Lin et al., ECCV 2014.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tamingseg.data.base import read_image
from tamingseg.data.files import composed, find_files
from tamingseg.data.pairs import PairedDataset, Pairs
from tamingseg.files import parse_json
from tamingseg.masks.rle import decode_segmentation
from tamingseg.values import VOID, Sample

SPLITS = ("train2017", "val2017", "train", "val", "test")

ANNOTATIONS = ("annotations.json", "_annotations.coco.json")

MAX_LAYERS = 255
"""More objects than this never lie on top of each other."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Annotated:
    """An image of an annotation file: its (height, width) if that is said, and its annotations."""

    file_name: str
    size: tuple[int, int] | None
    objects: list[dict[str, Any]]


class CocoDataset(PairedDataset):
    """One annotation file below `root` with its photos, see the head of this file.

    Parameters
    ----------
    root
        The folder that holds annotations/ or annotations.json.
    split
        Which ``instances_<split>.json``; None takes the one for measuring, val2017 or val, or the
        only one. A set without splits, such as one with ``instances_default.json``, is opened whole
        whatever split is asked for.
    strict
        Whether an annotated photo that is missing is an error; else it is left out and listed in
        `problems`.

    Raises
    ------
    FileNotFoundError
        If there is no such annotation file.
    ValueError
        If it is no such file, holds no annotated photo, or (`strict`) photos are missing.
    """

    def __init__(self, root: str | Path, split: str | None = None, strict: bool = True) -> None:
        root = Path(root)
        path, split = _find_annotations(root, split)
        images, self._crowds = _take(_read(path), path)
        photos = _photos(root, split)
        pairs: Pairs = {}
        problems = []
        self._images: dict[str, _Annotated] = {}
        for image in images:
            photo = photos.get(composed(image.file_name))
            if photo is None:
                problems.append(f"{path} annotates {image.file_name!r}, which is not below {root}")
                continue
            name = PurePosixPath(composed(image.file_name)).with_suffix("").as_posix()
            if name in pairs:
                problems.append(f"{path} has two images {name}, {photo} and {pairs[name][0]}")
                continue
            pairs[name], self._images[name] = (photo, []), image
        name = root.resolve().name + (f"-{split}" if split else "")
        nothing = f"{path} annotates no photo that is there"
        _LOG.info("%s is read as COCO: 0 is background, crowds are void", path)
        self._path = path
        super().__init__(
            name, root, dict(sorted(pairs.items())), problems, strict, nothing, also=[path]
        )

    def _read(self, name: str, image_path: Path, masks: list[Path]) -> Sample:
        image, annotated = read_image(image_path), self._images[name]
        size = image.shape[:2]
        if annotated.size not in (None, size):
            raise ValueError(
                f"{self._path} says that {image_path} has (height, width) {annotated.size}, but it "
                f"has {size}; was it turned or resized after it was annotated?"
            )
        layers: list[np.ndarray] = []
        crowd = np.zeros(size, bool)
        for label, annotation in enumerate(annotated.objects, 1):
            try:
                mask = decode_segmentation(annotation.get("segmentation"), size)
            except ValueError as error:
                raise ValueError(f"{self._path}, annotation {label} of {name}: {error}") from error
            if self._crowds and annotation.get("iscrowd"):
                crowd |= mask
            else:
                _put(layers, mask, label, name)
        layers = layers or [np.zeros(size, np.int32)]
        for layer in layers:
            layer[crowd & (layer == 0)] = VOID
        return Sample(image, np.stack(layers), name, zero_is_background=True)


def _take(contents: dict[str, Any], path: Path) -> tuple[list[_Annotated], bool]:
    """Return the images that have annotations, and whether some are crowds and some are not."""
    try:
        objects: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        crowds = set()
        for annotation in contents["annotations"]:
            objects[annotation["image_id"]].append(annotation)
            crowds.add(bool(annotation.get("iscrowd")))
        images = []
        for image in contents["images"]:
            said = (image.get("height"), image.get("width"))
            size = said if all(type(side) is int for side in said) else None
            if own := objects.get(image["id"]):
                images.append(_Annotated(str(image["file_name"]), size, own))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} is not COCO's JSON ({error!r}); expected images with id and file_name, and "
            "annotations with image_id and segmentation"
        ) from error
    return images, len(crowds) > 1


def _put(layers: list[np.ndarray], mask: np.ndarray, label: int, name: str) -> None:
    """Put a mask on the first label map where it covers nothing, or on a new one."""
    for layer in layers:
        if not layer[mask].any():
            layer[mask] = label
            return
    if len(layers) == MAX_LAYERS:
        raise ValueError(f"more than {MAX_LAYERS} objects of {name} lie on top of each other")
    layers.append(np.where(mask, np.int32(label), np.int32(0)))


def _find_annotations(root: Path, split: str | None) -> tuple[Path, str]:
    """Return the annotation file and its split, "" if it has none."""
    found = {
        path.stem.removeprefix("instances_"): path
        for path in sorted((root / "annotations").glob("instances_*.json"))
    }
    for path in (root / name for name in ANNOTATIONS):
        if path.is_file():
            found[""] = path
    if not found.keys() & set(SPLITS):  # annotations.json or instances_default.json: no splits
        split = None
    wanted = [split] if split else ["val2017", "val", "", *found]
    for name in wanted:
        if name in found:
            return found[name], name
    raise FileNotFoundError(
        f"{root} has no annotations/instances_{split or '<split>'}.json; found "
        f"{', '.join(map(str, found.values())) or 'none'}"
    )


def _photos(root: Path, split: str) -> dict[str, Path]:
    """Return file name -> photo. Files are listed: a name out of a JSON never becomes a path."""
    found = find_files(root).files
    photos: dict[str, Path] = {}
    for folder in (root / split, root / "images" / split, root / "images", root):
        for path in found:
            if path.is_relative_to(folder):
                photos.setdefault(composed(path.relative_to(folder).as_posix()), path)
    return photos


def _read(path: Path) -> dict[str, Any]:
    try:
        contents = parse_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not COCO's JSON ({error}); get it again") from error
    if not isinstance(contents, dict):
        raise ValueError(f"{path} is not COCO's JSON, but a {type(contents).__name__}")
    return contents
