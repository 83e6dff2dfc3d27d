"""What other programs read from our files: masks are compared pixel by pixel.

    python scripts/check_formats.py                # four masks that are hard to keep
    python scripts/check_formats.py WORK.tamingseg # the work in a project file, beside its photos

It asks datumaro, labelme, ultralytics and Label Studio's converter. They need other versions of
libraries than this project, so they are no dependencies of its tests. Install them elsewhere, in an
environment with numpy, opencv-python-headless, pillow, pycocotools, pyyaml and tifffile, and start
this script there with PYTHONPATH at this project's root:

    pip install datumaro loguru scikit-image PyQt5
    pip install --no-deps labelme label-studio-converter ultralytics
"""

import importlib
import importlib.util
import io
import json
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tamingseg.annotations.document import Annotation, Label, Photo, Project
from tamingseg.annotations.reading import read_annotations
from tamingseg.annotations.writing import write_annotations
from tamingseg.masks.rle import decode_rle, encode_rle

SIZE = (24, 31)
Masks = list[tuple[str, str, np.ndarray]]
"""(name of the photo without its ending, label, mask) of each object."""


def masks() -> dict[str, np.ndarray]:
    """Return masks with a hole, two parts, a pixel wide, at the border; none overlaps another."""
    made = {name: np.zeros(SIZE, bool) for name in ("hole", "parts", "thin", "border")}
    made["hole"][10:20, 2:12] = True
    made["hole"][13:17, 5:9] = False
    made["parts"][2:5, 3:7] = made["parts"][6:8, 9:15] = True
    made["thin"][21, 3:25] = True
    made["border"][:, 27:] = True
    return made


def project() -> Project:
    """Return one photo with those masks, each of a label of its own."""
    objects = tuple(Annotation(name, encode_rle(mask)) for name, mask in masks().items())
    return Project(tuple(map(Label, masks())), (Photo("a.png", SIZE, objects),))


def by_datumaro(format_: str) -> Callable[[Path, Project], Masks]:
    """Read a folder with datumaro's importer of that name."""

    def read(folder: Path, _: Project) -> Masks:
        from datumaro import Dataset

        found = Dataset.import_from(str(folder), format_)
        names = [label.name for label in found.categories()[next(iter(found.categories()))]]
        read: Masks = []
        for item in found:
            for entry in item.annotations:
                if hasattr(entry, "image"):
                    read.append((item.id, names[entry.label], np.asarray(entry.image) > 0))
        return read

    return read


def by_pycocotools(folder: Path, _: Project) -> Masks:
    """Read the JSON file."""
    from pycocotools.coco import COCO

    found = COCO(str(folder / "annotations/instances_default.json"))
    return [
        (
            stem(found.imgs[entry["image_id"]]["file_name"]),
            found.cats[entry["category_id"]]["name"],
            found.annToMask(entry) > 0,
        )
        for entry in found.anns.values()
    ]


def by_labelme(folder: Path, work: Project) -> Masks:
    """Read the JSON files with labelme's own `LabelFile` and `shapes_to_label`."""
    spec = importlib.util.find_spec("labelme")
    if spec is None or spec.origin is None:
        raise ImportError("labelme is not installed")
    root = Path(spec.origin).parent
    labelme, utils = types.ModuleType("labelme"), types.ModuleType("labelme.utils")
    labelme.__path__, utils.__path__ = [str(root)], [str(root / "utils")]
    vars(labelme).update(utils=utils, __version__="")  # its own package imports windows
    sys.modules |= {"labelme": labelme, "labelme.utils": utils}
    vars(utils).update(vars(importlib.import_module("labelme.utils.image")))
    label_file = importlib.import_module("labelme._label_file").LabelFile
    shapes_to_label = importlib.import_module("labelme.utils.shape").shapes_to_label
    read: Masks = []
    for photo in work.photos:
        name = stem(photo.name)
        for entry in label_file(str(folder / f"{name}.json")).shapes:
            found, _ = shapes_to_label(photo.size, [entry], {entry["label"]: 1})
            read.append((name, entry["label"], found == 1))
    return read


def by_ultralytics(folder: Path, work: Project) -> Masks:
    """Read the text files with ultralytics' own check and polygons."""
    from ultralytics.data.utils import polygon2mask, verify_image_label

    names = [label.name for label in work.labels]
    read: Masks = []
    for photo in work.photos:
        name = stem(photo.name)
        files = str(folder / f"images/{photo.name}"), str(folder / f"labels/{name}.txt")
        found = verify_image_label((*files, "", False, len(names), 0, 0, False))
        assert not found[9], found[9]
        for row, segment in zip(found[1], found[3], strict=True):
            mask = polygon2mask(photo.size, [segment * photo.size[::-1]]) > 0
            read.append((name, names[int(row[0])], mask))
    return read


def by_label_studio(folder: Path, work: Project) -> Masks:
    """Read tasks.json with Label Studio's converter."""
    from label_studio_converter.brush import decode_rle as decode

    tasks = json.loads((folder / "tasks.json").read_text())
    return [
        (
            stem(photo.name),
            region["value"]["brushlabels"][0],
            np.reshape(decode(region["value"]["rle"]), (*photo.size, 4))[..., 3] > 0,
        )
        for photo, task in zip(work.photos, tasks, strict=True)
        for region in task["annotations"][0]["result"]
    ]


READERS: dict[str, list[tuple[str, Callable[[Path, Project], Masks]]]] = {
    "coco": [("pycocotools", by_pycocotools), ("datumaro", by_datumaro("coco"))],
    "coco-polygons": [("pycocotools", by_pycocotools)],
    "labelme": [("labelme", by_labelme)],
    "yolo": [("ultralytics", by_ultralytics)],
    "voc": [("datumaro", by_datumaro("voc_segmentation"))],
    "cvat": [("datumaro", by_datumaro("cvat"))],
    "label-studio": [("label-studio-converter", by_label_studio)],
}


def stem(name: str) -> str:
    """Return a file's name without its ending."""
    return name.rpartition(".")[0] or name


def of_labels(found: Masks) -> dict[tuple[str, str], list[np.ndarray]]:
    """Return the masks of each label of each photo; the name of a photo may lack its folder."""
    masks: dict[tuple[str, str], list[np.ndarray]] = {}
    for photo, label, mask in found:
        masks.setdefault((photo, label), []).append(mask)
    return masks


def compare(found: Masks, expected: Masks) -> Iterator[str]:
    """Say how many labels of photos came back, and what is wrong with the others."""
    there, wanted, equal = of_labels(found), of_labels(expected), 0
    wrong = []
    for (photo, label), masks in wanted.items():
        same = there.get((photo, label)) or there.get((photo.rpartition("/")[2], label), [])
        union = np.any([*same, np.zeros(masks[0].shape, bool)], axis=0)
        missed = int((union != np.any(masks, axis=0)).sum())
        pieces = "" if len(same) == len(masks) else f" in {len(same)} pieces, not {len(masks)}"
        equal += not missed
        if missed or pieces:
            wrong.append(f"{photo} {label}: {missed} px differ{pieces}")
    yield f"{equal} of {len(wanted)} are equal"
    yield from wrong[:4]
    if len(wrong) > 4:
        yield f"... and {len(wrong) - 4} more"


def photos_of(work: Project, folder: Path | None) -> dict[str, bytes]:
    """Return the photos' files, those below a folder or black ones."""
    images = {}
    for photo in work.photos:
        black = io.BytesIO()
        Image.new("RGB", photo.size[::-1]).save(black, "PNG")
        images[photo.name] = (folder / photo.name).read_bytes() if folder else black.getvalue()
    return images


def main() -> None:
    """Write each format, read it with each program, print a line."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    work = read_annotations(file)[0] if file else project()
    images = photos_of(work, file.parent if file else None)
    for format_, readers in READERS.items():
        for program, read in readers:
            with tempfile.TemporaryDirectory() as folder:
                output = Path(folder) / "out"
                write_annotations(work, output, format_, images, with_photos=True)
                back, _ = read_annotations(output)
                kept = [
                    (
                        stem(photo.name).removeprefix("images/"),
                        item.label,
                        decode_rle(item.mask, photo.size),
                    )
                    for photo, _, item in back.annotations()
                ]
                try:
                    said = "; ".join(compare(read(output, work), kept))
                except Exception as error:
                    said = f"{type(error).__name__}: {error}".splitlines()[0]
                print(f"{format_:14} {program:24} {said}", flush=True)


if __name__ == "__main__":
    main()
