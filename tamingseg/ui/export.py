"""Masks as files: one mask, proposals, regions; holes and parts stay."""

import io
import json
import math
from typing import Any

import cv2
import numpy as np
from PIL import Image

from tamingseg.data.mask_files import mask_entries, mask_entry
from tamingseg.masks.rle import Crop
from tamingseg.partition.paint import paint_masks, region_masks
from tamingseg.values import MaskSet

MAX_PIXELS = 2_000_000_000
"""Most pixels of all masks in one file together. More would take minutes to write."""


def mask_png(mask: np.ndarray, size: tuple[int, int]) -> bytes:
    """Return a bool mask of any size as a PNG of `size` = (height, width), white on black."""
    return _png(Image.fromarray(np.where(scale_mask(mask, size), np.uint8(255), np.uint8(0))))


def masks_json(masks: MaskSet, size: tuple[int, int], name: str | None = None) -> bytes:
    """Return masks as a COCO file of the photo `name` at `size`, in their order, with scores.

    Without a name it is the list of the masks alone, as COCO has results.

    Raises
    ------
    ValueError
        If they have more than `MAX_PIXELS` together.
    """
    _check_pixels(len(masks), size)
    entries = [  # one by one: a thousand of a large photo would not fit
        mask_entry(scale_mask(masks[index], size), score, index + 1)
        for index, score in enumerate(masks.scores.tolist())
    ]
    return json.dumps(entries).encode() if name is None else _coco(entries, size, name, "mask")


def label_png(masks: MaskSet, size: tuple[int, int]) -> bytes:
    """16-bit PNG of `size`: i inside the i-th mask, counted from 1, 0 where there is none.

    A pixel in several masks belongs to the smallest, see `tamingseg.partition.paint`.
    """
    return regions_png(paint_masks(masks, [max(1, len(masks))])[0] - 1, size)


def regions_png(labels: np.ndarray, size: tuple[int, int]) -> bytes:
    """16-bit PNG of `size` from int32 (H, W) labels below 65,536."""
    return _png(Image.fromarray(_resized(labels, size)))


def regions_json(labels: np.ndarray, size: tuple[int, int], name: str) -> bytes:
    """COCO file of the regions 1, 2, ... of int32 (H, W) labels, at `size`, as of `masks_json`.

    Raises
    ------
    ValueError
        If they are more than `masks_json` writes.
    """
    labels = _resized(labels, size)
    _check_pixels(int(labels.max()), size)
    return _coco(mask_entries(region_masks(labels)), size, name, "region")


def _coco(entries: list[dict[str, Any]], size: tuple[int, int], name: str, category: str) -> bytes:
    """Return a COCO file of one image and one category around entries of its masks."""
    image = {"id": 1, "file_name": name, "height": size[0], "width": size[1]}
    categories = [{"id": 1, "name": category, "supercategory": ""}]
    file = {"images": [image], "categories": categories, "annotations": entries}
    return json.dumps(file, ensure_ascii=False).encode()


def scale_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a bool mask to `size` = (height, width).

    Its edge runs where the interpolated mask crosses one half.
    """
    if mask.shape == tuple(size):
        return mask
    grey = mask.astype(np.uint8) * 255
    return cv2.resize(grey, (size[1], size[0]), interpolation=cv2.INTER_LINEAR) > 127


def scale_crop(crop: Crop, size: tuple[int, int], target: tuple[int, int]) -> Crop:
    """Resize a mask of `size` to `target`, both (height, width), as `scale_mask` does.

    Its cost depends on the crop alone, so thousands of small masks are quick. Pixels where exactly
    one half is interpolated may differ.
    """
    if not crop.pixels.size:
        return crop
    rows, cols = crop.place
    grey, top = _scaled_rows(crop.pixels.astype(np.float32), rows.start, size[0], target[0])
    grey, left = _scaled_rows(grey.T, cols.start, size[1], target[1])
    return Crop.of(grey.T > 0.5 - 1e-6, top, left)


def _scaled_rows(grey: np.ndarray, start: int, length: int, target: int) -> tuple[np.ndarray, int]:
    """Interpolate rows, of `length` at first and of `target` then, and say which is the first.

    `grey` has the rows from `start` on; beyond them all is 0.
    """
    scale, end = length / target, start + len(grey)
    first = max(0, math.floor((start - 1) / scale))
    places = (np.arange(first, min(target, math.ceil((end + 1) / scale))) + 0.5) * scale - 0.5
    places = np.clip(places, 0, length - 1)
    before = np.floor(places).astype(int)
    weight = (places - before)[:, None].astype(np.float32)
    padded = np.pad(grey, ((1, 1), (0, 0)))
    one, next_one = (padded[np.clip(before + i - start + 1, 0, len(padded) - 1)] for i in (0, 1))
    return one * (1 - weight) + next_one * weight, first


def _resized(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize labels to uint16 of `size`; every pixel takes the nearest one's."""
    image = Image.fromarray(labels.astype(np.uint16))
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.NEAREST))


def _check_pixels(count: int, size: tuple[int, int]) -> None:
    most = MAX_PIXELS // (size[0] * size[1])
    if count > most:
        raise ValueError(
            f"of a photo of {size[1]} x {size[0]} pixels at most {most} masks are saved at once, "
            f"these are {count}; show or choose fewer"
        )


def _png(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()
