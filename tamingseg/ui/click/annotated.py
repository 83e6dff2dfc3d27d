"""Objects of a session as annotations of a photo at its own size, and annotations as objects.

The label of an object is its name; objects that nobody named are labelled "object".
"""

import re
from collections.abc import Iterable, Mapping

from tamingseg.annotations.document import Annotation, Label, Made
from tamingseg.masks.rle import decode_crop, decode_rle, encode_crop, encode_rle
from tamingseg.session.state import MAX_NAME, PALETTE, SegmentedObject
from tamingseg.ui.export import scale_crop, scale_mask
from tamingseg.values import Click

UNNAMED_LABEL = "object"
_SMALL = 1 / 16
"""Masks within so much of a photo are resized alone, which takes less time."""
_UNNAMED = re.compile(r"Object \d+")

Size = tuple[int, int]


def is_unnamed(item: SegmentedObject) -> bool:
    """Whether an object has the name that the session gave it."""
    return _UNNAMED.fullmatch(item.name) is not None


def label_of(item: SegmentedObject) -> str:
    """Return the label of an object."""
    return UNNAMED_LABEL if is_unnamed(item) else item.name


def shown_name(item: Annotation) -> str:
    """Return what the page calls an annotation, on one line, whole."""
    return " ".join((item.name or item.label).split())


def annotation_of(item: SegmentedObject, size: Size, full_size: Size) -> Annotation:
    """Return an object of a photo that is worked on at `size` as an annotation at `full_size`."""
    clicks = scale_clicks(item.clicks, size, full_size)
    counts, base = (scale_counts(text, size, full_size) for text in (item.mask, item.base))
    made = Made()
    if clicks:
        made = Made("clicks", clicks, item.click_thresholds, item.threshold, base)
    return Annotation(label_of(item), counts, "", item.hidden, item.locked, made)


def object_of(
    item: Annotation, number: int, colour: int, size: Size, full_size: Size
) -> SegmentedObject:
    """Return an annotation at `full_size` as an object of a photo that is worked on at `size`.

    Its name may be cut, see `MAX_NAME`.
    """
    made = item.made
    thresholds = made.click_thresholds or (made.threshold,) * len(made.clicks)
    counts = scale_counts(item.mask, full_size, size)
    return SegmentedObject(
        id=number,
        name=shown_name(item)[:MAX_NAME],
        colour=colour,
        clicks=scale_clicks(made.clicks, full_size, size),
        click_thresholds=thresholds,
        threshold=made.threshold,
        mask=counts,
        hidden=item.hidden,
        locked=item.locked,
        base=scale_counts(made.base, full_size, size) if made.clicks else counts,
    )


def colours_of(labels: Iterable[Label]) -> dict[str, int]:
    """Return the place of each label's colour in the palette, or else the label's own place."""
    return {
        label.name: PALETTE.index(label.colour) if label.colour in PALETTE else i % len(PALETTE)
        for i, label in enumerate(labels)
    }


def colour_of(item: Annotation, number: int, colours: Mapping[str, int]) -> int:
    """Return the colour of the label, see `colours_of`; objects that nobody named differ."""
    if item.label == UNNAMED_LABEL and item.name:
        return (number - 1) % len(PALETTE)
    return colours[item.label]


def scale_counts(counts: str, size: Size, target: Size) -> str:
    """Return run lengths of `size` at the size `target`."""
    if size == target or not counts:
        return counts
    crop = decode_crop(counts, size)
    if crop.pixels.size < _SMALL * size[0] * size[1]:
        return encode_crop(scale_crop(crop, size, target), target)
    return encode_rle(scale_mask(decode_rle(counts, size), target))


def scale_clicks(clicks: Iterable[Click], size: Size, target: Size) -> tuple[Click, ...]:
    """Return clicks in a photo of `size` where they are at the size `target`."""
    rows, cols = target[0] / size[0], target[1] / size[1]
    return tuple(Click(one.row * rows, one.col * cols, one.positive) for one in clicks)
