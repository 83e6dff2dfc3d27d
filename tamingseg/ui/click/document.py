"""The operations the browser may carry out on a session, and the document it gets back.

Operations are looked up in one table, and every argument has a check. Anything unexpected raises
ValueError with a message for the user. The browser keeps the document, and sends it back when the
server has forgotten the session.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from tamingseg.checks import check_point
from tamingseg.data.brightness import PLAIN, Light
from tamingseg.masks.rle import check_rle
from tamingseg.session.session import Session
from tamingseg.session.state import MAX_CLICKS, MAX_OBJECTS, SegmentedObject, State
from tamingseg.ui.wire import (
    check_counts,
    check_flag,
    check_name,
    check_number,
    check_text,
    check_whole,
    shorten,
)
from tamingseg.values import MASK_THRESHOLD, Click

MAX_OPERATIONS = 128
"""Most operations in one request: what a fast user can do while an image is encoded."""

LIGHT_RANGE = (0.125, 8.0)
"""Least and most brightness and gamma."""


def _check_objects(objects: Any) -> list[tuple[str, str, bool, int]]:
    """Return (name, run lengths, hidden, colour) of objects that were made elsewhere."""
    if not isinstance(objects, list) or not 0 < len(objects) <= MAX_OBJECTS:
        raise ValueError(f"expected a list of 1 to {MAX_OBJECTS} objects, got {shorten(objects)}")
    if not all(isinstance(item, dict) for item in objects):
        raise ValueError("expected objects with name, mask, hidden and colour")
    return [
        (
            check_text(one.get("name")),
            check_counts(one.get("mask")),
            check_flag(one.get("hidden")),
            check_whole(one.get("colour")),
        )
        for one in objects
    ]


_POINT = {"row": check_number, "col": check_number}
_WHICH: dict[str, Callable[[Any], Any]] = {"object_id": check_whole}
_GESTURE = {"gesture": check_name}
OPERATIONS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "add_click": {**_POINT, "positive": check_flag, **_GESTURE},
    "add_mask": {"mask": check_counts, **_GESTURE},
    "add_objects": {"objects": _check_objects},
    "add_box": {**dict.fromkeys(("top", "left", "bottom", "right"), check_number), **_GESTURE},
    "paint": {"stroke": check_counts, "add": check_flag, **_GESTURE},
    "replace_mask": {"mask": check_counts, **_GESTURE},
    "reshape": {"how": check_text, "radius": check_whole},
    "classify": {"name": check_text, "colour": check_whole, **_GESTURE},
    "move_click": {"index": check_whole, **_POINT, **_GESTURE},
    "delete_click": {"index": check_whole},
    "clear_clicks": {},
    "set_threshold": {"threshold": check_number, **_GESTURE},
    "keep": {},
    "edit": _WHICH,
    "rename": {**_WHICH, "name": check_text},
    "rename_all": {"old": check_text, "name": check_text},
    "recolour": {**_WHICH, "colour": check_whole},
    "hide": {**_WHICH, "hidden": check_flag},
    "solo": _WHICH,
    "lock": {**_WHICH, "locked": check_flag},
    "duplicate": _WHICH,
    "reorder": {**_WHICH, "place": check_whole},
    "delete": _WHICH,
    "undo": {},
    "redo": {},
}
"""Methods of `Session` the browser may call, with the check of each argument."""


def apply_operation(session: Session, operation: Any) -> None:
    """Carry out ``{"do": name, argument: value, ...}``.

    Raises
    ------
    ValueError
        If the operation is unknown, an argument is missing, unknown or out of range; the session
        is then unchanged.
    """
    name = operation.get("do") if isinstance(operation, dict) else None
    if not isinstance(name, str) or name not in OPERATIONS:
        raise ValueError(f"unknown operation {shorten(operation)}")
    checks = OPERATIONS[name]
    unknown = operation.keys() - checks.keys() - {"do"}
    if unknown:
        raise ValueError(f"{name} takes no {', '.join(sorted(map(shorten, unknown)))}")
    arguments = {}
    for argument, check in checks.items():
        try:
            arguments[argument] = check(operation.get(argument))
        except ValueError as error:
            raise ValueError(f"{name}, {argument}: {error}") from None
    getattr(session, name)(**arguments)


def check_operations(operations: Any) -> list:
    """Return a list of at most `MAX_OPERATIONS` things, each checked when its turn comes."""
    if not isinstance(operations, list) or len(operations) > MAX_OPERATIONS:
        raise ValueError(f"expected a list of at most {MAX_OPERATIONS} operations")
    return operations


def check_light(value: Any) -> Light:
    """Return the light of a photo that a request names; None is the photo as it is."""
    if value is None:
        return PLAIN
    if not isinstance(value, dict):
        raise ValueError(f"expected the light of a photo, got {shorten(value)}")
    light = Light(check_number(value.get("brightness")), check_number(value.get("gamma")))
    if not all(LIGHT_RANGE[0] <= number <= LIGHT_RANGE[1] for number in light):
        raise ValueError(f"brightness and gamma lie between {LIGHT_RANGE[0]} and {LIGHT_RANGE[1]}")
    return light


def describe_state(state: State, light: Light = PLAIN) -> dict[str, Any]:
    """Tell the browser what to draw: every object, back to front, and which one is edited.

    `light` is that in which the model sees the photo.
    """
    return {
        "objects": [_describe_object(item, light) for item in state.objects],
        "active": state.active,
        "next_threshold": state.threshold,
    }


def describe_changes(state: State, known: State, light: Light = PLAIN) -> dict[str, Any]:
    """Tell a browser that has the state `known` what is different now.

    "objects" are the new and the changed ones; a mask that is the same is not sent again. "removed"
    has the ids of those to drop. New objects come after the others, unless "order" has all ids.
    """
    before = {item.id: item for item in known.objects}
    changed = [item for item in state.objects if before.get(item.id) is not item]
    ids = {item.id: None for item in state.objects}
    expected = [number for number in before if number in ids]
    expected += [item.id for item in changed if item.id not in before]
    order = list(ids)
    return {
        "objects": [_describe_object(item, light, before.get(item.id)) for item in changed],
        "removed": [number for number in before if number not in ids],
        "order": None if order == expected else order,
        "active": state.active,
        "next_threshold": state.threshold,
    }


def _describe_object(
    item: SegmentedObject, light: Light, known: SegmentedObject | None = None
) -> dict[str, Any]:
    """Describe an object; without its mask if the browser has it from the object `known`."""
    described = {
        "id": item.id,
        "name": item.name,
        "colour": item.colour,
        "hidden": item.hidden,
        "locked": item.locked,
        "threshold": item.threshold,
        "clicks": [[click.row, click.col, click.positive] for click in item.clicks],
        "cuts": list(item.click_thresholds),
        "key": _digest(item.mask),
        "answer": answer_key(item, light),
    }
    if known is None or (known.mask, known.base) != (item.mask, item.base):
        described |= {"mask": item.mask, "base": item.base}
    return described


def answer_key(item: SegmentedObject, light: Light = PLAIN) -> str | None:
    """Name the answer to the clicks of an object in a light of the photo, at whatever threshold.

    None if there is no answer: nobody said yet what is inside, or the mask was made elsewhere.
    """
    if item.base or not any(click.positive for click in item.clicks):
        return None
    return _digest(repr((item.clicks, item.click_thresholds, light)))


def read_document(document: Any, size: tuple[int, int]) -> State:
    """Read the state a browser kept of an image of `size` = (height, width), every value checked.

    The document is what `describe_state` wrote. Raises ValueError for anything else.
    """
    if not isinstance(document, dict) or not isinstance(document.get("objects"), list):
        raise ValueError("the saved work has no list of objects and cannot be brought back")
    if len(document["objects"]) > MAX_OBJECTS:
        raise ValueError(
            f"the saved work has {len(document['objects'])} objects, at most {MAX_OBJECTS} can be "
            "brought back"
        )
    objects = tuple(_read_object(described, size) for described in document["objects"])
    ids = [item.id for item in objects]
    if len(set(ids)) != len(ids):
        raise ValueError("the saved work has two objects of one id and cannot be brought back")
    active = document.get("active")
    return State(
        objects,
        active=None if active is None else check_whole(active),
        next_id=max(ids, default=0) + 1,
        threshold=check_number(document.get("next_threshold", MASK_THRESHOLD)),
    )


def _read_object(described: Any, size: tuple[int, int]) -> SegmentedObject:
    if not isinstance(described, dict):
        raise ValueError(f"expected an object of the saved work, got {shorten(described)}")
    clicks, mask = described.get("clicks"), described.get("mask")
    if not isinstance(clicks, list) or len(clicks) > MAX_CLICKS or not isinstance(mask, str):
        raise ValueError("an object of the saved work lacks its clicks or its mask")
    thresholds = described.get("cuts", [MASK_THRESHOLD] * len(clicks))  # once there were none
    if not isinstance(thresholds, list) or len(thresholds) > MAX_CLICKS:
        raise ValueError(f"expected a threshold for every click, got {shorten(thresholds)}")
    base = check_counts(described.get("base", ""))
    for counts in filter(None, (mask, base)):
        check_rle(counts, size)
    return SegmentedObject(
        id=check_whole(described.get("id")),
        name=check_text(described.get("name")),
        colour=check_whole(described.get("colour")),
        clicks=tuple(_read_click(click, size) for click in clicks),
        click_thresholds=tuple(map(check_number, thresholds)),
        threshold=check_number(described.get("threshold")),
        mask=mask,
        hidden=check_flag(described.get("hidden")),
        locked=check_flag(described.get("locked", False)),  # once there was none
        base=base,
    )


def _read_click(click: Any, size: tuple[int, int]) -> Click:
    if not isinstance(click, list) or len(click) != 3:
        raise ValueError(f"expected a click as [row, col, positive], got {shorten(click)}")
    row, col = check_point(check_number(click[0]), check_number(click[1]), size)
    return Click(row, col, check_flag(click[2]))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
