"""Result rows in a JSONL file: one per (data set, image, map, label, method).

A row keeps every setting that changes its number, so that a file may collect many runs. The rows of
an image are appended together. Whatever a kill leaves half-written is dropped when the file is
opened again, so that a resumed run ends with the rows of one that was never interrupted.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """The IoUs of one mask.

    Attributes
    ----------
    dataset, image
        Names of the data set and of the image in it.
    map, label
        Which label map of the image, and which value in it.
    area
        Pixels of the mask.
    masks_in_image
        How many rows the image has; fewer mean that the run was interrupted there.
    method
        Model, version and every setting that changes the number.
    ious
        IoU after 1, 2, ... clicks.
    """

    dataset: str
    image: str
    map: int
    label: int
    area: int
    masks_in_image: int
    method: dict[str, Any]
    ious: list[float]

    @property
    def method_key(self) -> str:
        """The method as one hashable text."""
        return json.dumps(self.method, sort_keys=True)


def append_rows(path: Path, rows: Iterable[Row]) -> None:
    """Append the rows of an image and see them on the disk."""
    text = "".join(json.dumps(asdict(row)) + "\n" for row in rows)
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_rows(path: Path) -> list[Row]:
    """Read the rows of all images that are complete; none if there is no file yet.

    Raises
    ------
    ValueError
        If a line other than the last is no row; names file and line.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    # A complete file ends with a line break: what follows the last one was cut off by a kill.
    rows = [_parse(line, f"{path}, line {number}") for number, line in enumerate(lines[:-1], 1)]
    found = Counter(_image_key(row) for row in rows)
    return [row for row in rows if found[_image_key(row)] >= row.masks_in_image]


def reopen_rows(path: Path) -> list[Row]:
    """Read like `read_rows` and take what a kill left half-written out of the file."""
    rows = read_rows(path)
    text = "".join(json.dumps(asdict(row)) + "\n" for row in rows)
    if path.exists() and path.read_text(encoding="utf-8") != text:
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    return rows


def finished_images(rows: Sequence[Row], dataset: str, method: dict[str, Any]) -> set[str]:
    """Names of the images of `dataset` that `rows` hold for this very method."""
    key = json.dumps(method, sort_keys=True)
    return {row.image for row in rows if row.dataset == dataset and row.method_key == key}


def _image_key(row: Row) -> tuple[str, str, str]:
    return row.dataset, row.image, row.method_key


def _parse(line: str, where: str) -> Row:
    try:
        return Row(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where} is no result row ({error}); remove the line") from error
