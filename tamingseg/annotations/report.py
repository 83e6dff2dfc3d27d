"""What was not kept or not understood, so that nothing is lost without a word."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

_PLACES = 3
"""How many places a line names before it says how many more there are."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was left out, changed or not understood.

    Attributes
    ----------
    text
        What happened, in the same words for all of a kind.
    file
        The photo, or the file that was read.
    entry
        What in it, such as "object 3" (of a photo, from 1); "" for all of it.
    field
        What of a document differs: "mask", "label", "name", "hidden", "locked", "made", "order" or
        "object" (missing) of an object, "state" or "photo" (missing) of a photo, "colour" or "key"
        of a label; "" if the document shows nothing of it.
    """

    text: str
    file: str = ""
    entry: str = ""
    field: str = ""

    def __str__(self) -> str:
        place = ", ".join(filter(None, (self.file, self.entry)))
        return f"{place}: {self.text}" if place else self.text


@dataclass(slots=True)
class Report:
    """Notes as they are made while something is read or written."""

    notes: list[Note] = field(default_factory=list)

    def add(self, text: str, file: str = "", entry: str = "", field: str = "") -> None:
        """Take down a note."""
        self.notes.append(Note(text, file, entry, field))

    def lost(self, field: str, text: str, photo: str, number: int) -> None:
        """Take down what became of object `number`, from 1, of a photo that is written."""
        self.notes.append(Note(text, photo, f"object {number}", field))

    @contextmanager
    def skipping(self, file: str, entry: str = "") -> Iterator[None]:
        """Leave the block at a ValueError or OSError, and take down what it says."""
        try:
            yield
        except (ValueError, OSError) as error:
            self.add(f"left out: {error}", file, entry)


def summary(notes: Sequence[Note], objects: int | None = None) -> list[str]:
    """Say each kind of note in a line, with the first places and how many there are.

    Parameters
    ----------
    objects
        How many objects there were at all, for notes on objects.

    Examples
    --------
    >>> notes = [Note("YOLO has no holes; they are filled", "a.jpg", "object 2", "mask")]
    >>> summary(notes, objects=41)
    ['YOLO has no holes; they are filled: 1 of 41 objects (a.jpg, object 2)']
    """
    kinds: dict[str, list[Note]] = {}
    for note in notes:
        kinds.setdefault(note.text, []).append(note)
    return [_line(text, same, objects) for text, same in kinds.items()]


def _line(text: str, notes: Sequence[Note], objects: int | None) -> str:
    of_objects = objects is not None and all(note.entry.startswith("object ") for note in notes)
    if len(notes) == 1 and not of_objects:
        return str(notes[0])
    places = [", ".join(filter(None, (note.file, note.entry))) for note in notes[:_PLACES]]
    more = f"; {len(notes) - _PLACES} more" if len(notes) > _PLACES else ""
    count = f"{len(notes)} of {objects} objects" if of_objects else f"{len(notes)} times"
    return f"{text}: {count} ({'; '.join(filter(None, places))}{more})"
