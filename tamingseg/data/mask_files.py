"""Ordered masks of an image in a JSON file, as COCO writes results and as SAM writes its own.

::

    [{"segmentation": {"size": [height, width], "counts": "<compressed run lengths>"},
      "area": 1234, "bbox": [x, y, width, height], "score": 0.93}, ...]

The order in the file is the order of the masks: the best comes first. For the score, SAM's
``predicted_iou`` is taken where there is no ``score``.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tamingseg.masks.rle import decode_rle, encode_rle
from tamingseg.values import MaskSet


def mask_entries(masks: MaskSet) -> list[dict[str, Any]]:
    """Describe masks as the entries of such a file."""
    entries = []
    for index, score in enumerate(masks.scores.tolist()):
        mask = masks[index]
        rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = [0, 0, 0, 0]
        if rows.size:
            top, left = int(rows[0]), int(cols[0])
            box = [left, top, int(cols[-1]) + 1 - left, int(rows[-1]) + 1 - top]
        entries.append(
            {
                "segmentation": {"size": list(masks.size), "counts": encode_rle(mask)},
                "area": int(mask.sum()),
                "bbox": box,
                "score": round(score, 6),
            }
        )
    return entries


def write_masks(path: Path, masks: MaskSet) -> None:
    """Write masks to `path`, which appears only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(mask_entries(masks)), encoding="utf-8")
    fresh.replace(path)


def read_masks(path: Path, size: tuple[int, int]) -> MaskSet:
    """Read the masks of an image of `size` = (height, width), in the order of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such list, or the masks are of another size.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there are no masks {path}; `tamingseg propose` writes such files")
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        sizes = [tuple(entry["segmentation"]["size"]) for entry in entries]
        counts = [entry["segmentation"]["counts"] for entry in entries]
        scores = [float(entry.get("score", entry.get("predicted_iou", 1.0))) for entry in entries]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{path} is no list of masks ({error!r}); expected COCO's results, a list of objects "
            'with "segmentation": {"size": ..., "counts": ...} and "score"'
        ) from error
    if wrong := [other for other in sizes if other != size]:
        raise ValueError(
            f"{path} holds masks of (height, width) {wrong[0]}, but the image has {size}; "
            "were they made for a resized image?"
        )
    packed = np.zeros((len(counts), size[0], -(-size[1] // 8)), np.uint8)
    for number, text in enumerate(counts):
        try:
            packed[number] = np.packbits(decode_rle(text, size), axis=-1)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}, mask {number}: {error}") from error
    return MaskSet(packed, size, np.array(scores, np.float32))
