"""Objects <-> maps with one number per pixel, where the object in front covers those behind it."""

import numpy as np

from tamingseg.annotations.document import Photo
from tamingseg.annotations.report import Report
from tamingseg.masks.rle import decode_crop


def painted(photo: Photo, most: int, title: str, report: Report) -> np.ndarray:
    """Paint the objects of a photo, back to front: int32 (H, W), i in the i-th, 0 in none.

    What is covered or does not show is noted, and so are objects beyond the first `most`, which are
    left out.
    """
    index = np.zeros(photo.size, np.int32)
    areas = []
    for number, item in enumerate(photo.objects[:most], 1):
        crop = decode_crop(item.mask, photo.size)
        index[crop.place][crop.pixels] = number
        areas.append(int(crop.pixels.sum()))
    seen = np.bincount(index.ravel(), minlength=len(areas) + 1)[1:].tolist()
    for number, (area, visible) in enumerate(zip(areas, seen, strict=True), 1):
        if not area:
            text = f"{title} has no objects without a pixel; left out"
            report.lost("object", text, photo.name, number)
        elif not visible:
            text = f"{title} has one object per pixel; covered by those in front, left out"
            report.lost("object", text, photo.name, number)
        elif visible < area:
            text = f"{title} has one object per pixel; a part is covered by those in front"
            report.lost("mask", text, photo.name, number)
    for number in range(most + 1, len(photo.objects) + 1):
        text = f"{title} holds {most} objects in a photo; left out"
        report.lost("object", text, photo.name, number)
    return index


def note_empty(photo: Photo, title: str, report: Report) -> set[int]:
    """Return the numbers of the objects without a pixel, and note that they are left out."""
    empty = {
        number
        for number, item in enumerate(photo.objects, 1)
        if not decode_crop(item.mask, photo.size).pixels.size
    }
    for number in sorted(empty):
        text = f"{title} has no objects without a pixel; left out"
        report.lost("object", text, photo.name, number)
    return empty
