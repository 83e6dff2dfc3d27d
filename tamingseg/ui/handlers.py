"""What the browser may ask of a session, and what it is told back. Knows nothing of gradio.

Every request is hostile until checked: operations are looked up in one table, every argument has a
check, and whatever is not expected ends in a ValueError with a message for the user. A `document`
is what the browser keeps of a session, so that it can be brought back after the server forgot it.
"""

import hashlib
import math
from collections.abc import Callable
from typing import Any

from tamingseg.checks import check_point
from tamingseg.masks.rle import decode_rle
from tamingseg.session.session import Session
from tamingseg.session.state import MAX_CLICKS, MAX_OBJECTS, SegmentedObject, State
from tamingseg.values import MASK_THRESHOLD, Click

MAX_OPERATIONS = 128
"""Operations in one request: what a fast user can do while an image is encoded."""


MAX_IDS = 1000
"""Proposals named in one request: all there are."""


def check_number(value: Any) -> float:
    """Return a finite number; numbers only, neither texts nor booleans."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise ValueError(f"expected a finite number, got {_short(value)}")
    return float(value)


def check_whole(value: Any) -> int:
    """Return a whole number from 0 to 2^31."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"expected a whole number, got {_short(value)}")
    return value


def check_flag(value: Any) -> bool:
    """Return True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {_short(value)}")
    return value


def check_text(value: Any) -> str:
    """Return a text on one line, without spaces around it; how long it may be is said elsewhere."""
    if not isinstance(value, str):
        raise ValueError(f"expected a text, got {_short(value)}")
    return " ".join(value.split())


def check_counts(value: Any) -> str:
    """Return a text; whether it holds run lengths of the image's size is seen by decoding them."""
    if not isinstance(value, str):
        raise ValueError(f"expected run lengths, got {_short(value)}")
    return value


def check_ids(value: Any) -> list[int]:
    """Return a list of at most `MAX_IDS` whole numbers."""
    if not isinstance(value, list) or len(value) > MAX_IDS:
        raise ValueError(f"expected a list of at most {MAX_IDS} numbers, got {_short(value)}")
    return [check_whole(number) for number in value]


def check_gesture(value: Any) -> str | None:
    """Return the name of a movement of mouse or slider, at most 32 characters, or nothing."""
    if value is not None and not (isinstance(value, str) and len(value) <= 32):
        raise ValueError(f"expected the short name of a gesture, got {_short(value)}")
    return value


_POINT = {"row": check_number, "col": check_number}
_WHICH = {"object_id": check_whole}
_GESTURE = {"gesture": check_gesture}
OPERATIONS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "add_click": {**_POINT, "positive": check_flag, **_GESTURE},
    "add_mask": {"mask": check_counts},
    "move_click": {"index": check_whole, **_POINT, **_GESTURE},
    "delete_click": {"index": check_whole},
    "clear_clicks": {},
    "set_threshold": {"threshold": check_number, **_GESTURE},
    "keep": {},
    "edit": _WHICH,
    "rename": {**_WHICH, "name": check_text},
    "recolour": {**_WHICH, "colour": check_whole},
    "hide": {**_WHICH, "hidden": check_flag},
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
        raise ValueError(f"unknown operation {_short(operation)}")
    checks = OPERATIONS[name]
    unknown = operation.keys() - checks.keys() - {"do"}
    if unknown:
        raise ValueError(f"{name} takes no {', '.join(sorted(map(_short, unknown)))}")
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


def describe(session: Session, known: Any = None) -> dict[str, Any]:
    """Tell the browser what to draw: every object, and what can be undone.

    `known` maps ids to the `key` of the mask the browser has; those masks are not sent again.
    """
    known = known if isinstance(known, dict) else {}
    objects = []
    for item in session.state.objects:
        key = _digest(item.mask)
        described = {
            "id": item.id,
            "name": item.name,
            "colour": item.colour,
            "hidden": item.hidden,
            "threshold": item.threshold,
            "clicks": [[click.row, click.col, click.positive] for click in item.clicks],
            "cuts": list(item.cuts),
            "key": key,
            "answer": answer_key(item),
        }
        if known.get(str(item.id)) != key:
            described |= {"mask": item.mask, "base": item.base}
        objects.append(described)
    return {
        "objects": objects,
        "active": session.state.active,
        "next_threshold": session.state.threshold,
        "can_undo": session.can_undo,
        "can_redo": session.can_redo,
    }


def answer_key(item: SegmentedObject) -> str | None:
    """Name the answer that the mask of an object is cut from, at whatever level.

    None if there is nothing to cut: nobody said yet what is inside, or the mask was made elsewhere.
    """
    if item.base or not any(click.positive for click in item.clicks):
        return None
    return _digest(repr((item.clicks, item.cuts)))


def read_document(document: Any, size: tuple[int, int]) -> State:
    """Read the state a browser kept of an image of `size` = (height, width), every value checked.

    The document is what `describe` wrote, with all masks. Raises ValueError for anything else.
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
        raise ValueError(f"expected an object of the saved work, got {_short(described)}")
    clicks, mask = described.get("clicks"), described.get("mask")
    if not isinstance(clicks, list) or len(clicks) > MAX_CLICKS or not isinstance(mask, str):
        raise ValueError("an object of the saved work lacks its clicks or its mask")
    cuts = described.get("cuts", [MASK_THRESHOLD] * len(clicks))  # earlier versions wrote none
    if not isinstance(cuts, list) or len(cuts) > MAX_CLICKS:
        raise ValueError(f"expected a threshold for every click, got {_short(cuts)}")
    base = check_counts(described.get("base", ""))
    for counts in filter(None, (mask, base)):
        decode_rle(counts, size)
    return SegmentedObject(
        id=check_whole(described.get("id")),
        name=check_text(described.get("name")),
        colour=check_whole(described.get("colour")),
        clicks=tuple(_read_click(click, size) for click in clicks),
        cuts=tuple(map(check_number, cuts)),
        threshold=check_number(described.get("threshold")),
        mask=mask,
        hidden=check_flag(described.get("hidden")),
        base=base,
    )


def _read_click(click: Any, size: tuple[int, int]) -> Click:
    if not isinstance(click, list) or len(click) != 3:
        raise ValueError(f"expected a click as [row, col, positive], got {_short(click)}")
    row, col = check_point(check_number(click[0]), check_number(click[1]), size)
    return Click(row, col, check_flag(click[2]))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
