"""What other programs read from our files: masks are compared pixel by pixel.

    python scripts/check_formats.py            # asks what is installed

It asks datumaro, labelme, ultralytics and Label Studio's converter. They need other versions of
libraries than this project, so they are no dependencies of its tests. Install them elsewhere, in an
environment with numpy, opencv-python-headless, pillow, pycocotools, pyyaml and tifffile, and start
this script there with PYTHONPATH at this project's root:

    pip install datumaro loguru scikit-image
    pip install --no-deps labelme label-studio-converter ultralytics
"""

import importlib.util
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
Masks = list[tuple[str, np.ndarray]]


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


def by_datumaro(format_: str) -> Callable[[Path], Masks]:
    """Read a folder with datumaro's importer of that name."""

    def read(folder: Path) -> Masks:
        from datumaro import Dataset

        found = Dataset.import_from(str(folder), format_)
        names = [label.name for label in found.categories()[next(iter(found.categories()))]]
        read: Masks = []
        for item in found:
            for entry in item.annotations:
                if hasattr(entry, "image"):
                    read.append((names[entry.label], np.asarray(entry.image) > 0))
        return read

    return read


def by_pycocotools(folder: Path) -> Masks:
    """Read the JSON file."""
    from pycocotools.coco import COCO

    found = COCO(str(folder / "annotations/instances_default.json"))
    return [
        (found.cats[entry["category_id"]]["name"], found.annToMask(entry) > 0)
        for entry in found.anns.values()
    ]


def by_labelme(folder: Path) -> Masks:
    """Read a.json with labelme's own functions, without its window."""
    spec = importlib.util.find_spec("labelme")
    if spec is None or spec.origin is None:
        raise ImportError("labelme is not installed")
    root = Path(spec.origin).parent
    for name in ("labelme", "labelme.utils", "labelme._label_file"):  # its own import opens windows
        sys.modules[name] = types.ModuleType(name)
    sys.modules["labelme._label_file"].ShapeDict = dict  # type: ignore[attr-defined]
    loaded = importlib.util.spec_from_file_location("labelme.utils.shape", root / "utils/shape.py")
    assert loaded is not None
    assert loaded.loader is not None
    shape = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(shape)
    contents = json.loads((folder / "a.json").read_text())
    for entry in contents["shapes"]:
        if entry["mask"] is not None:
            entry["mask"] = _decoded(entry["mask"])
    numbers = {name: number for number, name in enumerate(masks(), 1)}
    classes, _ = shape.shapes_to_label(SIZE, contents["shapes"], numbers)
    return [(name, classes == number) for name, number in numbers.items()]


def by_ultralytics(folder: Path) -> Masks:
    """Read labels/a.txt with ultralytics' own check and polygons."""
    from ultralytics.data.utils import polygon2mask, verify_image_label

    files = str(folder / "images/a.png"), str(folder / "labels/a.txt")
    found = verify_image_label((*files, "", False, 4, 0, 0, False))
    assert not found[9], found[9]
    names = list(masks())
    return [
        (names[int(row[0])], polygon2mask(SIZE, [segment * SIZE[::-1]]) > 0)
        for row, segment in zip(found[1], found[3], strict=True)
    ]


def by_label_studio(folder: Path) -> Masks:
    """Read tasks.json with Label Studio's converter."""
    from label_studio_converter.brush import decode_rle as decode

    (task,) = json.loads((folder / "tasks.json").read_text())
    return [
        (
            region["value"]["brushlabels"][0],
            np.reshape(decode(region["value"]["rle"]), (*SIZE, 4))[..., 3] > 0,
        )
        for region in task["annotations"][0]["result"]
    ]


READERS: dict[str, list[tuple[str, Callable[[Path], Masks]]]] = {
    "coco": [("pycocotools", by_pycocotools), ("datumaro", by_datumaro("coco"))],
    "coco-polygons": [("pycocotools", by_pycocotools)],
    "labelme": [("labelme", by_labelme)],
    "yolo": [("ultralytics", by_ultralytics)],
    "voc": [("datumaro", by_datumaro("voc_segmentation"))],
    "cvat": [("datumaro", by_datumaro("cvat"))],
    "label-studio": [("label-studio-converter", by_label_studio)],
}


def compare(found: Masks, expected: Masks) -> Iterator[str]:
    """Say of each mask whether it came back."""
    for name, mask in expected:
        same = [other for label, other in found if label == name]
        union = np.any([*same, np.zeros(SIZE, bool)], axis=0)
        wrong = int((union != mask).sum())
        pieces = "" if len(same) == 1 else f" in {len(same)} pieces"
        yield f"{name} {'equal' if not wrong else f'{wrong} px differ'}{pieces}"


def main() -> None:
    """Write each format, read it with each program, print a line."""
    for format_, readers in READERS.items():
        for program, read in readers:
            with tempfile.TemporaryDirectory() as folder:
                output = Path(folder) / "out"
                photo = Path(folder) / "a.png"
                Image.new("RGB", SIZE[::-1]).save(photo)
                images = {"a.png": photo.read_bytes()}
                write_annotations(project(), output, format_, images, with_photos=True)
                back, _ = read_annotations(output)
                kept = [
                    (item.label, decode_rle(item.mask, SIZE)) for _, _, item in back.annotations()
                ]
                expected = [
                    (name, np.any([mask for label, mask in kept if label == name], axis=0))
                    for name in masks()
                ]
                try:
                    said = "; ".join(compare(read(output), expected))
                except Exception as error:
                    said = f"{type(error).__name__}: {error}".splitlines()[0]
                print(f"{format_:14} {program:24} {said}", flush=True)


def _decoded(text: str) -> np.ndarray:
    import base64
    import io

    return np.array(Image.open(io.BytesIO(base64.b64decode(text)))).astype(bool)


if __name__ == "__main__":
    main()
