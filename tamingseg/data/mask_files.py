"""Ordered masks of an image in a JSON file, as COCO writes results and as SAM writes its own.

::

    [{"id": 1, "image_id": 1, "category_id": 1,
      "segmentation": {"size": [height, width], "counts": "<compressed run lengths>"},
      "area": 1234, "bbox": [x, y, width, height], "iscrowd": 0, "score": 0.93}, ...]

The order in the file is the order of the masks: the best comes first. Read are also run lengths
that are not compressed, polygons, and ``{"annotations": [...]}`` around the list. For the score,
SAM's ``predicted_iou`` is taken where there is no ``score``.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from tamingseg.files import parse_json, write_whole
from tamingseg.masks.rle import decode_segmentation, encode_rle
from tamingseg.values import MaskSet

MAX_BYTES = 2**33
"""Longer lists are refused: masks are kept in memory, one bit per pixel (8 GiB)."""

MAX_SCORE = 1e30
"""So that a score is a finite float32."""

_EXPECTED = (
    "expected COCO's results, a list of objects with "
    '"segmentation": {"size": [height, width], "counts": ...} or polygons, and "score"'
)


def mask_entry(mask: np.ndarray, score: float, number: int, image_id: int = 1) -> dict[str, Any]:
    """Describe a bool (H, W) mask as entry `number` of such a file, counted from 1."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = [0, 0, 0, 0]
    if rows.size:
        top, left = int(rows[0]), int(cols[0])
        box = [left, top, int(cols[-1]) + 1 - left, int(rows[-1]) + 1 - top]
    return {
        "id": number,  # COCO's evaluation takes an id of 0 for "nothing found"
        "image_id": image_id,
        "category_id": 1,
        "segmentation": {"size": list(mask.shape), "counts": encode_rle(mask)},
        "area": int(mask.sum()),
        "bbox": box,
        "iscrowd": 0,
        "score": round(score, 6),
    }


def mask_entries(masks: MaskSet, image_id: int = 1) -> list[dict[str, Any]]:
    """Describe masks as the entries of such a file."""
    return [
        mask_entry(masks[index], score, index + 1, image_id)
        for index, score in enumerate(masks.scores.tolist())
    ]


def write_masks(path: Path, masks: MaskSet, image_id: int = 1) -> None:
    """Write masks to `path`, which appears only when it is complete."""
    write_whole(path, json.dumps(mask_entries(masks, image_id)).encode())


def read_masks(path: Path, size: tuple[int, int]) -> MaskSet:
    """Read the masks of an image of `size` = (height, width), in the order of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such list, the masks are of another size, or need more than `MAX_BYTES`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there are no masks {path}; `tamingseg propose` writes such files")
    try:
        entries = parse_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is no list of masks ({error}); {_EXPECTED}") from error
    if isinstance(entries, dict):  # Segment Anything's data set has a file like this per image
        entries = entries.get("annotations", entries)
    if not isinstance(entries, list):
        raise ValueError(
            f"{path} is no list of masks (it holds a {type(entries).__name__}); {_EXPECTED}"
        )
    shape = (len(entries), size[0], -(-size[1] // 8))
    if math.prod(shape) > MAX_BYTES:
        raise ValueError(
            f"{path} holds {len(entries)} masks of {size[0]} x {size[1]} pixels, which need more "
            f"than {MAX_BYTES >> 30} GiB; keep fewer, the best ones"
        )
    packed, scores = np.zeros(shape, np.uint8), np.zeros(len(entries), np.float32)
    for number, entry in enumerate(entries):
        try:
            if not isinstance(entry, dict) or "segmentation" not in entry:
                raise ValueError(f"it has no segmentation; {_EXPECTED}")
            scores[number] = _score_of(entry)
            mask = decode_segmentation(entry["segmentation"], size)
            packed[number] = np.packbits(mask, axis=-1)
        except ValueError as error:
            raise ValueError(f"{path}, mask {number}: {error}") from error
    return MaskSet(packed, size, scores)


def _score_of(entry: dict[str, Any]) -> float:
    score = entry.get("score", entry.get("predicted_iou", 1.0))
    if type(score) not in (int, float) or not abs(score) <= MAX_SCORE:
        raise ValueError(f"its score must be a number between -{MAX_SCORE:g} and {MAX_SCORE:g}")
    return score
