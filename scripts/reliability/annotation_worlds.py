"""Sound annotation files of every format, how to damage them, and what reads them.

They are what the package itself writes of two small photos, which lie beside them.
"""

import io
import json
import re
from functools import partial
from pathlib import Path

import numpy as np
from mutate import STRANGE, Rng, damage_bytes, damage_csv, damage_value
from PIL import Image
from worlds import Files, Kind

from tamingseg.annotations.document import Annotation, Label, Made, Photo, Project
from tamingseg.annotations.reading import read_annotations
from tamingseg.annotations.report import Report
from tamingseg.annotations.table import FORMATS
from tamingseg.annotations.writing import pack, write_files
from tamingseg.masks.rle import encode_rle
from tamingseg.values import Click

SIZE = (24, 31)


def _project() -> Project:
    rows, cols = np.indices(SIZE)
    disc = (rows - 12) ** 2 + (cols - 15) ** 2
    masks = [disc < 80, (disc < 100) & (disc > 40), cols < 5, rows + cols == 20]
    made = Made("clicks", (Click(3.5, 4.5), Click(20, 30, False)), (0.5, 0.25), 0.4)
    objects = [
        Annotation(label, encode_rle(mask), name, False, number == 1, made)
        for number, (label, name, mask) in enumerate(
            zip(("cell", "dirt", "cell", "größte"), ("", "a", "b", "c"), masks, strict=True)
        )
    ]
    labels = (Label("cell", "#112233", "1"), Label("dirt", "#e69f00"), Label("größte", "#009e73"))
    photos = (
        Photo("day1/a.png", SIZE, tuple(objects[:3]), "done"),
        Photo("day2/b.png", SIZE, tuple(objects[3:])),
    )
    return Project(labels, photos)


def _photos(project: Project) -> Files:
    files = {}
    for photo in project.photos:
        file = io.BytesIO()
        Image.new("RGB", photo.size[::-1], "green").save(file, "PNG")
        files[photo.name] = file.getvalue()
    return files


def _files(name: str) -> Files:
    project = _project()
    photos = _photos(project)
    return dict(write_files(project, name, Report(), photos, with_photos=True))


def _zip() -> Files:
    _, content, _ = pack(_project(), "project")
    return {"work.tamingseg": content}


def _damage(path: str, data: bytes, rng: Rng) -> bytes:
    """Damage the structure of a file that has one, or any bytes."""
    suffix = Path(path).suffix
    if rng.random() < 0.3 or suffix in (".png", ".tamingseg"):
        return damage_bytes(data, rng)
    if suffix in (".json", ".geojson"):
        return json.dumps(damage_value(json.loads(data), rng)).encode()
    if suffix == ".csv":
        return damage_csv(data.decode(), rng).encode()
    return _damage_text(data.decode(), rng).encode(errors="replace")


def _damage_text(text: str, rng: Rng) -> str:
    """Put something else in place of a few numbers or words of a text."""
    for _ in range(int(rng.integers(1, 4))):
        words = list(re.finditer(r"[\w.-]+", text))
        if not words:
            break
        word = words[int(rng.integers(len(words)))]
        strange = str(STRANGE[int(rng.integers(len(STRANGE)))])
        text = text[: word.start()] + strange + text[word.end() :]
    return text


def _read(name: str, folder: Path, file: Path) -> None:
    read_annotations(file if file.suffix == ".tamingseg" else folder, name=name)


ANNOTATION_KINDS = {
    f"annotations-{name}": Kind(partial(_files, name), _damage, partial(_read, name))
    for name in FORMATS
    if name != "project"
} | {
    "annotations-project": Kind(partial(_files, "project"), _damage, partial(_read, "project")),
    "annotations-zip": Kind(_zip, _damage, partial(_read, "project")),
}
