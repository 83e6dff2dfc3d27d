"""A session: one image, one model, and the clicks of a user who changes their mind.

The state (`tamingseg.session.state`) remembers what was made. What is not known yet is asked of the
model (`tamingseg.session.answers`). Undo and redo only exchange states and never call the model.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from tamingseg.checks import check_choice, check_mask, check_point
from tamingseg.masks.reshape import drop_islands, fill_holes, grow, shrink, smooth, without
from tamingseg.masks.rle import check_rle, decode_crop, decode_rle, encode_rle
from tamingseg.segmentors.base import ImageEmbedding, Segmentor, embed_image
from tamingseg.session import state as states
from tamingseg.session.answers import Answers, Clicks, SessionFusion, Thresholds
from tamingseg.session.box import mask_of_box
from tamingseg.session.state import History, SegmentedObject, State
from tamingseg.values import MASK_THRESHOLD, Click

Reshape = Literal["fill", "islands", "smooth", "grow", "shrink", "others"]
RESHAPES = get_args(Reshape)
"""What `Session.reshape` can do."""


def _active(state: State) -> SegmentedObject:
    if state.current is None:
        raise ValueError("no object is being edited; click to begin one, or open one again")
    return state.current


class Session:
    """Objects of one image, made by clicks, or begun with a mask and changed by clicks.

    Parameters
    ----------
    segmentor
        The model that answers.
    image
        uint8 RGB (H, W, 3), embedded at once; or what `segmentor.embed` made of it before.
    fusion
        How the clicks of an object become one mask: ``joint`` asks a `JointSegmentor` about all
        clicks together, with its previous answer, or with the previous mask where another threshold
        than the usual one was chosen for it; the others, see `tamingseg.masks.certainty`, ask about
        each click alone and combine the answers. None takes ``joint`` if the model can do it, else
        ``certainty``.
    threshold
        Threshold of new objects, unless `state` says it.
    state
        What to begin with, such as a saved session's; a `History` brings its steps along.

    Examples
    --------
    A model that takes every dark pixel for the object:

    >>> import numpy as np
    >>> from tamingseg import FunctionSegmentor, Session
    >>> darkness = FunctionSegmentor(lambda image, clicks: 1 - image.mean(axis=2) / 255, "darkness")
    >>> image = np.full((2, 4, 3), 255, np.uint8)
    >>> image[:, 2:] = 0
    >>> session = Session(darkness, image)
    >>> session.add_click(row=0, col=3)
    >>> int(session.mask.sum())
    4
    >>> session.keep()
    >>> session.undo()
    >>> session.undo()
    >>> session.mask.any()
    np.False_
    """

    def __init__(
        self,
        segmentor: Segmentor,
        image: np.ndarray | ImageEmbedding,
        *,
        fusion: SessionFusion | None = None,
        threshold: float = MASK_THRESHOLD,
        state: State | History | None = None,
    ) -> None:
        self._segmentor = segmentor
        self._embedding = embed_image(segmentor, image)
        self._answers = Answers(segmentor, self._embedding, fusion)
        if not isinstance(state, History):
            state = History(state or State(threshold=threshold))
        self._history = state
        self._history_bytes = self._history.nbytes

    @property
    def state(self) -> State:
        """The present state."""
        return self._history.present

    @property
    def history(self) -> History:
        """The present state and all steps."""
        return self._history

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the image."""
        return self._embedding.size

    @property
    def threshold(self) -> float:
        """Threshold of the active object; without one, that of the next."""
        return (self.state.current or self.state).threshold

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._history.past)

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back."""
        return bool(self._history.future)

    @property
    def nbytes(self) -> int:
        """Memory of embedding, cached maps and masks; may be asked while the session works."""
        return self._embedding.nbytes + self.work_bytes

    @property
    def work_bytes(self) -> int:
        """Memory of cached maps and masks alone."""
        return self._answers.nbytes + self._history_bytes

    @property
    def mask(self) -> np.ndarray:
        """Bool (H, W), the mask of the active object; all False when there is none."""
        current = self.state.current
        return np.zeros(self.size, bool) if current is None else self.mask_of(current.id)

    def mask_of(self, object_id: int) -> np.ndarray:
        """Bool (H, W), the mask of any object."""
        return self._mask_of(self.state.find(object_id))

    @property
    def probabilities(self) -> np.ndarray | None:
        """float32 (H, W) of the active object, None when it has no click.

        Of an object that began with a mask they are 0 and 1.
        """
        current = self.state.current
        if current is not None and current.base:
            return self.mask.astype(np.float32) if current.clicks else None
        return (
            self._answers.combine(current.clicks, current.click_thresholds, current.threshold)
            if current
            else None
        )

    def add_click(
        self, row: float, col: float, positive: bool = True, gesture: str | None = None
    ) -> None:
        """Click for the active object, or for a new one when none is active.

        Raises ValueError, and changes nothing, for a click outside the image. About `gesture` see
        `History`; so in all that follows.
        """
        state = self.state
        if state.current is None:
            state = states.begin_object(state)
        current = _active(state)
        clicks = states.added(current.clicks, self._click(row, col, positive))
        self._push(
            self._answered(state, clicks, (*current.click_thresholds, current.threshold)), gesture
        )

    def add_mask(self, mask: np.ndarray | str, gesture: str | None = None) -> None:
        """Begin an object with a mask made elsewhere; the next click changes it.

        Parameters
        ----------
        mask
            bool (H, W), or its run lengths as `tamingseg.masks.rle` writes them.

        Raises
        ------
        ValueError
            If the mask is of another size or holds no pixel.
        """
        mask = decode_rle(mask, self.size) if isinstance(mask, str) else mask
        if not check_mask(mask, self.size).any():
            raise ValueError("an object cannot begin with a mask that holds no pixel")
        counts = encode_rle(mask)
        state = states.begin_object(self.state)
        state = states.change_object(state, _active(state).id, mask=counts, base=counts)
        self._push(state, gesture)

    def add_box(
        self,
        top: float,
        left: float,
        bottom: float,
        right: float,
        gesture: str | None = None,
    ) -> None:
        """Begin an object with the mask that fills a box best, see `session.box`.

        Raises ValueError, and changes nothing, for a box outside the image, and if nothing in it
        was recognised.
        """
        mask = mask_of_box(self._segmentor, self._embedding, (top, left, bottom, right))
        if not mask.any():
            raise ValueError("nothing was recognised in the box; draw it larger, or click in it")
        self.add_mask(mask, gesture)

    def paint(self, stroke: np.ndarray | str, add: bool = True, gesture: str | None = None) -> None:
        """Add a stroke of a brush to the active object, or take it away.

        What comes of it is the mask the object begins with from now on: clicks made before are part
        of it, the next one changes it. Without an active object a stroke begins one; an object of
        which nothing is left is deleted.

        Parameters
        ----------
        stroke
            bool (H, W), or its run lengths as `tamingseg.masks.rle` writes them.

        Raises
        ------
        ValueError
            If the stroke is of another size, or there is no object to take it away from.
        """
        stroke = decode_rle(stroke, self.size) if isinstance(stroke, str) else stroke
        check_mask(stroke, self.size)
        state = self.state
        if state.current is None and add:
            state = states.begin_object(state)
        before = self._mask_of(_active(state))
        self._draw(state, before | stroke if add else before & ~stroke, gesture)

    def replace_mask(self, mask: np.ndarray | str, gesture: str | None = None) -> None:
        """Give the active object another mask, as `paint` does; an empty one deletes it.

        Parameters
        ----------
        mask
            bool (H, W), or its run lengths. Raises ValueError if it is of another size.
        """
        mask = decode_rle(mask, self.size) if isinstance(mask, str) else mask
        self._draw(self.state, check_mask(mask, self.size), gesture)

    def reshape(self, how: Reshape, radius: int = 1) -> None:
        """Change the shape of the active object's mask, as `paint` does.

        Parameters
        ----------
        how
            ``fill`` its holes; drop ``islands``, the pieces that were not clicked, or without
            clicks all but the largest; ``smooth``, ``grow`` or ``shrink`` its outline; take away
            what ``others`` have.
        radius
            By how many pixels the outline moves, 1 to `tamingseg.masks.reshape.MAX_RADIUS`.

        Raises
        ------
        ValueError
            If nothing would be left of it; it is then unchanged.
        """
        check_choice(how, RESHAPES, "how")
        current = _active(self.state)
        before = self._mask_of(current)
        if how == "fill":
            after = fill_holes(before)
        elif how == "islands":
            clicked = [(click.row, click.col) for click in current.clicks if click.positive]
            after = drop_islands(before, clicked)
        elif how == "smooth":
            after = smooth(before, radius)
        elif how == "grow":
            after = grow(before, radius)
        elif how == "shrink":
            after = shrink(before, radius)
        else:
            others = [item for item in self.state.objects if item.mask and item is not current]
            after = without(before, (decode_crop(item.mask, self.size) for item in others))
        if not after.any():
            raise ValueError(f"nothing would be left of {current.name}; delete it if you mean that")
        self._draw(self.state, after, None)

    def add_objects(self, objects: Sequence[tuple[str, str, bool, int]]) -> None:
        """Add objects made elsewhere in front of the others, all in one step.

        Parameters
        ----------
        objects
            (name, run lengths of the mask at the image's size, whether it is hidden, colour) of
            each, back to front. A mask that holds no pixel is refused, as by `add_mask`.
        """
        for name, counts, _, _ in objects:
            if not check_rle(counts, self.size):
                raise ValueError(f"the mask of {name} holds no pixel")
        self._push(states.add_objects(self.state, objects))

    def move_click(self, index: int, row: float, col: float, gesture: str | None = None) -> None:
        """Move a click of the active object, 0 for its first one, to another place."""
        self._click(row, col)
        current = _active(self.state)
        clicks = states.moved(current.clicks, index, row, col)
        self._push(self._answered(self.state, clicks, current.click_thresholds), gesture)

    def delete_click(self, index: int) -> None:
        """Take a click of the active object away, 0 for its first one.

        An object that has neither clicks nor a mask to begin with afterwards is deleted.
        """
        current = _active(self.state)
        clicks = states.deleted(current.clicks, index)
        thresholds = (*current.click_thresholds[:index], *current.click_thresholds[index + 1 :])
        self._push(states.without_empty(self._answered(self.state, clicks, thresholds)))

    def clear_clicks(self) -> None:
        """Take all clicks of the active object away, as `delete_click` does."""
        _active(self.state)
        self._push(states.without_empty(self._answered(self.state, (), ())))

    def set_threshold(self, threshold: float, gesture: str | None = None) -> None:
        """Set the threshold of the active object; without one, that of all begun from now on."""
        state, current = self.state, self.state.current
        if current is None:
            state = replace(state, threshold=threshold)
        else:
            state = states.change_object(state, current.id, threshold=threshold)
            state = self._answered(state, current.clicks, current.click_thresholds)
        self._push(state, gesture)

    def keep(self) -> None:
        """Finish the active object; the next click begins a new one."""
        self._push(states.finish(self.state))

    def edit(self, object_id: int) -> None:
        """Open an object again; the next click belongs to it."""
        self._push(states.edit_object(self.state, object_id))

    def rename(self, object_id: int, name: str) -> None:
        """Give an object another name."""
        self._push(states.change_object(self.state, object_id, name=name))

    def rename_all(self, old: str, name: str) -> None:
        """Give all objects of one name another one, in one step."""
        self._push(states.rename_all(self.state, old, name))

    def recolour(self, object_id: int, colour: int) -> None:
        """Give an object another colour, an index into `PALETTE`."""
        self._push(states.change_object(self.state, object_id, colour=colour))

    def classify(self, name: str, colour: int, gesture: str | None = None) -> None:
        """Give the active object the name and the colour of a class, in one step."""
        current = _active(self.state)
        self._push(states.change_object(self.state, current.id, name=name, colour=colour), gesture)

    def hide(self, object_id: int, hidden: bool = True) -> None:
        """Hide an object from view, or show it again."""
        self._push(states.change_object(self.state, object_id, hidden=hidden))

    def solo(self, object_id: int) -> None:
        """Show an object alone; if it is the only one that is shown, show all."""
        self._push(states.solo_object(self.state, object_id))

    def lock(self, object_id: int, locked: bool = True) -> None:
        """Lock an object, so that it is neither edited nor deleted, or unlock it."""
        self._push(states.lock_object(self.state, object_id, locked))

    def duplicate(self, object_id: int) -> None:
        """Copy an object, in front of it; the copy is the active one."""
        self._push(states.duplicate_object(self.state, object_id))

    def reorder(self, object_id: int, place: int) -> None:
        """Move an object to another place in the order, 0 for the back."""
        self._push(states.reorder_object(self.state, object_id, place))

    def delete(self, object_id: int) -> None:
        """Delete an object."""
        self._push(states.delete_object(self.state, object_id))

    def undo(self) -> None:
        """Take the last step back, whatever it was; at the start, do nothing."""
        self._history = self._history.undo()

    def redo(self) -> None:
        """Do the step again that was taken back; at the end, do nothing."""
        self._history = self._history.redo()

    def _mask_of(self, item: SegmentedObject) -> np.ndarray:
        return decode_rle(item.mask, self.size) if item.mask else np.zeros(self.size, bool)

    def _draw(self, state: State, mask: np.ndarray, gesture: str | None) -> None:
        """Give the active object of a state a mask that no click is a part of any more."""
        current = _active(state)
        if np.array_equal(mask, self._mask_of(current)):
            return
        counts = encode_rle(mask) if mask.any() else ""
        changes = {"clicks": (), "click_thresholds": (), "mask": counts, "base": counts}
        state = states.without_empty(states.change_object(state, current.id, **changes))
        self._push(state, gesture)

    def _push(self, state: State, gesture: str | None = None) -> None:
        self._history = self._history.push(state, gesture)
        self._history_bytes = self._history.nbytes  # takes too long to be counted by whoever asks

    def _click(self, row: float, col: float, positive: bool = True) -> Click:
        row, col = check_point(row, col, self.size)
        return Click(row, col, bool(positive))

    def _answered(self, state: State, clicks: Clicks, thresholds: Thresholds) -> State:
        """`state` with `clicks` for the active object, and the mask they give."""
        current = _active(state)
        # Checks their number.
        changed = states.change_object(
            state, current.id, clicks=clicks, click_thresholds=thresholds
        )
        if clicks == current.clicks and not clicks:
            return changed  # a mask without clicks is not ours to recompute
        if current.base:
            counts = encode_rle(self._answers.edit(current.base, clicks, current.threshold))
        else:
            probabilities = self._answers.combine(clicks, thresholds, current.threshold)
            counts = "" if probabilities is None else encode_rle(probabilities > current.threshold)
        return states.change_object(changed, current.id, mask=counts)
