"""What the user has made so far, as a value: objects, their clicks, and every step to take back.

A `State` is never changed, every operation returns a new one. Masks are held as run-length strings
(a few kB instead of megabytes), so a long history costs next to nothing, states compare with `==`,
and going back to one never has to ask the model again. One object at a time may be `active`: the
one the next click belongs to.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from tamingseg.annotations.document import COLOURS
from tamingseg.values import MASK_THRESHOLD, Click

PALETTE = COLOURS
"""Colours of objects, those of labels."""

MAX_CLICKS = 64
"""Clicks of one object."""

MAX_OBJECTS = 2000
"""Objects of one image."""

MAX_NAME = 64
"""Characters in an object's name."""

MAX_STEPS = 500
"""Steps that can be taken back."""

_REFERENCE_BYTES = 8
"""What a state needs for an object that it shares with another one."""


@dataclass(frozen=True, slots=True)
class SegmentedObject:
    """One object of the image.

    Attributes
    ----------
    id
        Never given twice within a state and its successors.
    colour
        Index into `PALETTE`.
    clicks
        In the order they were made.
    click_thresholds
        For every click, the threshold when it was made: it gave the mask that the click corrects.
    threshold
        A pixel belongs to the object where its probability is above this.
    mask
        COCO compressed run lengths at the image's size, see `tamingseg.masks.rle`; "" before the
        first click is answered.
    base
        The mask it began with, before any click, as run lengths; "" if it began with a click.
    locked
        It is neither edited nor deleted.
    """

    id: int
    name: str
    colour: int
    clicks: tuple[Click, ...] = ()
    click_thresholds: tuple[float, ...] = ()
    threshold: float = MASK_THRESHOLD
    mask: str = ""
    hidden: bool = False
    base: str = ""
    locked: bool = False

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= MAX_NAME:
            raise ValueError(
                f"a name needs 1 to {MAX_NAME} characters, got {len(self.name)}; choose another"
            )
        if not 0 <= self.colour < len(PALETTE):
            raise ValueError(
                f"colour must be an index from 0 to {len(PALETTE) - 1}, got {self.colour}"
            )
        for threshold in (self.threshold, *self.click_thresholds):
            check_threshold(threshold)
        if len(self.clicks) > MAX_CLICKS:
            raise ValueError(
                f"an object has at most {MAX_CLICKS} clicks, got {len(self.clicks)}; "
                "delete a point or finish this object"
            )
        if len(self.click_thresholds) != len(self.clicks):
            raise ValueError(
                "every click has the threshold it was made at, got "
                f"{len(self.click_thresholds)} of them for {len(self.clicks)} clicks"
            )


@dataclass(frozen=True, slots=True)
class State:
    """All objects, back to front, and what the next one will be like.

    Attributes
    ----------
    active
        Id of the object being edited, None between two objects.
    next_id, threshold
        Of the next object.
    """

    objects: tuple[SegmentedObject, ...] = ()
    active: int | None = None
    next_id: int = 1
    threshold: float = MASK_THRESHOLD

    def __post_init__(self) -> None:
        check_threshold(self.threshold)
        if len(self.objects) > MAX_OBJECTS:
            raise ValueError(
                f"an image has at most {MAX_OBJECTS} objects, got {len(self.objects)}; "
                "save these and start afresh"
            )
        if self.active is not None:
            self.find(self.active)

    def find(self, object_id: int) -> SegmentedObject:
        """Return the object with that id; raises ValueError if there is none."""
        for item in self.objects:
            if item.id == object_id:
                return item
        known = ", ".join(str(item.id) for item in self.objects) or "none"
        raise ValueError(f"there is no object {object_id}; ids in use: {known}")

    @property
    def current(self) -> SegmentedObject | None:
        """The object being edited."""
        return None if self.active is None else self.find(self.active)


def check_threshold(threshold: float) -> float:
    """Return `threshold` if it lies between 0 and 1, both excluded; else raise ValueError."""
    if not (math.isfinite(threshold) and 0 < threshold < 1):
        raise ValueError(f"threshold must lie between 0 and 1, got {threshold}")
    return threshold


def begin_object(state: State) -> State:
    """Add an empty object in front of the others and make it the active one."""
    state = finish(state)
    item = SegmentedObject(
        id=state.next_id,
        name=_freest_name(state),
        colour=_freest_colour(state),
        threshold=state.threshold,
    )
    objects = (*state.objects, item)
    return replace(state, objects=objects, active=item.id, next_id=state.next_id + 1)


def add_objects(state: State, masks: Sequence[tuple[str, str, bool, int]]) -> State:
    """Add finished objects in front of the others: (name, mask, hidden, colour) of each."""
    state = finish(state)
    added = tuple(
        SegmentedObject(number, name, colour, mask=mask, hidden=hidden, base=mask)
        for number, (name, mask, hidden, colour) in enumerate(masks, state.next_id)
    )
    return replace(state, objects=(*state.objects, *added), next_id=state.next_id + len(added))


def finish(state: State) -> State:
    """Keep the active object and leave it; one without clicks or mask is dropped."""
    return replace(without_empty(state), active=None)


def without_empty(state: State) -> State:
    """Drop the active object if it has neither clicks nor a mask."""
    current = state.current
    if current is None or current.clicks or current.mask:
        return state
    return delete_object(state, current.id)


def edit_object(state: State, object_id: int) -> State:
    """Finish what is being edited and open another object again, unless it is locked."""
    _check_unlocked(state.find(object_id))
    if object_id == state.active:
        return state
    return replace(finish(state), active=object_id)


def change_object(state: State, object_id: int, **changes: Any) -> State:
    """Give an object another name, colour, mask, ... (the fields of `SegmentedObject`)."""
    changed = replace(state.find(object_id), **changes)
    objects = tuple(changed if item.id == object_id else item for item in state.objects)
    return replace(state, objects=objects)


def rename_all(state: State, old: str, name: str) -> State:
    """Give all objects of one name another one."""
    objects = (replace(item, name=name) if item.name == old else item for item in state.objects)
    return replace(state, objects=tuple(objects))


def delete_object(state: State, object_id: int) -> State:
    """Remove an object, unless it is locked; if it was being edited, nothing is afterwards."""
    _check_unlocked(state.find(object_id))
    return replace(
        state,
        objects=tuple(item for item in state.objects if item.id != object_id),
        active=None if state.active == object_id else state.active,
    )


def lock_object(state: State, object_id: int, locked: bool) -> State:
    """Lock an object or unlock it; one that is locked is not being edited any more."""
    if locked and object_id == state.active:
        state = finish(state)
    return change_object(state, object_id, locked=locked)


def solo_object(state: State, object_id: int) -> State:
    """Hide all objects but one; if they are hidden already, show all."""
    chosen = state.find(object_id)
    others = [item for item in state.objects if item is not chosen]
    is_alone = not chosen.hidden and all(item.hidden for item in others)
    objects = (replace(item, hidden=not is_alone and item is not chosen) for item in state.objects)
    return replace(state, objects=tuple(objects))


def duplicate_object(state: State, object_id: int) -> State:
    """Copy an object, in front of it, and make the copy the active one.

    It begins with the mask of the other. It has the same name, unless that is only a number.
    """
    original, state = state.find(object_id), begin_object(state)
    copy = state.objects[-1]
    name = copy.name if re.fullmatch(r"Object \d+", original.name) else original.name
    changes = {"mask": original.mask, "base": original.mask, "threshold": original.threshold}
    state = change_object(state, copy.id, name=name, colour=original.colour, **changes)
    return reorder_object(state, copy.id, state.objects.index(original) + 1)


def reorder_object(state: State, object_id: int, place: int) -> State:
    """Move an object to `place` among all objects, 0 for the back."""
    moved_one = state.find(object_id)
    if not 0 <= place < len(state.objects):
        raise ValueError(f"there is no place {place} among {len(state.objects)} objects")
    objects = [item for item in state.objects if item.id != object_id]
    objects.insert(place, moved_one)
    return replace(state, objects=tuple(objects))


def added(clicks: tuple[Click, ...], click: Click) -> tuple[Click, ...]:
    """Return the clicks with one more at the end."""
    return (*clicks, click)


def moved(clicks: tuple[Click, ...], index: int, row: float, col: float) -> tuple[Click, ...]:
    """Return the clicks with one of them, 0 for the first, at another place."""
    _check_index(clicks, index)
    return (*clicks[:index], replace(clicks[index], row=row, col=col), *clicks[index + 1 :])


def deleted(clicks: tuple[Click, ...], index: int) -> tuple[Click, ...]:
    """Return the clicks without one of them, 0 for the first."""
    _check_index(clicks, index)
    return (*clicks[:index], *clicks[index + 1 :])


@dataclass(frozen=True, slots=True)
class History:
    """The present state, those before it and, after an undo, those after it.

    `gesture` names the movement that made the present, such as one drag of a point or a slider:
    further states of the same gesture replace it, so that one movement is one step back. `added`
    says how many bytes each state adds to the one before it, from the second on.
    """

    present: State = State()
    past: tuple[State, ...] = ()
    future: tuple[State, ...] = ()
    gesture: str | None = None
    added: tuple[int, ...] = ()

    @property
    def nbytes(self) -> int:
        """Memory of all states; what a state has in common with the one before it counts once."""
        first = self.past[0] if self.past else self.present
        return _bytes_added(State(), first) + sum(self.added)

    def push(self, state: State, gesture: str | None = None) -> "History":
        """Make `state` the present; what had been undone is forgotten. No change, no step."""
        if state == self.present:
            return self
        goes_on = gesture is not None and gesture == self.gesture
        past = self.past if goes_on else (*self.past, self.present)
        added = (*self.added[: len(past) - 1], _bytes_added(past[-1], state))
        return History(state, past[-MAX_STEPS:], (), gesture, added[-MAX_STEPS:])

    def undo(self) -> "History":
        """One step back, or the same history at its start."""
        if not self.past:
            return self
        future = (self.present, *self.future)
        return History(self.past[-1], self.past[:-1], future, added=self.added)

    def redo(self) -> "History":
        """One step forward again, or the same history at its end."""
        if not self.future:
            return self
        past = (*self.past, self.present)
        return History(self.future[0], past, self.future[1:], added=self.added)


def _bytes_added(before: State, state: State) -> int:
    """Return the memory of a state that it does not share with the one before it."""
    known = {item.id: item for item in before.objects}
    total = _REFERENCE_BYTES * len(state.objects)
    for item in state.objects:
        earlier = known.get(item.id)
        if earlier is not item:
            shared = () if earlier is None else (id(earlier.mask), id(earlier.base))
            texts = {id(text): len(text) for text in (item.mask, item.base)}
            total += sum(size for text, size in texts.items() if text not in shared)
    return total


def _check_unlocked(item: SegmentedObject) -> None:
    if item.locked:
        raise ValueError(f"{item.name} is locked; unlock it to change it")


def _freest_name(state: State) -> str:
    used = {item.name for item in state.objects}
    return next(name for name in map("Object {}".format, count(1)) if name not in used)


def _freest_colour(state: State) -> int:
    used = [item.colour for item in state.objects]
    return min(range(len(PALETTE)), key=used.count)


def _check_index(clicks: tuple[Click, ...], index: int) -> None:
    if not 0 <= index < len(clicks):
        raise ValueError(f"there is no click {index}; the object has {len(clicks)}")
