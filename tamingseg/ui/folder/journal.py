"""The last steps of the work, beside the project file that does not hold them yet.

A line is a checksum and a project of what changed: all labels, and the photos that are different
now. The first line of a photo has all its objects. Those after it may begin with two numbers: so
many objects of the line before stay as they are, in front of those of this line and behind them. So
the journal needs nothing from the project file, may be read again on top of a file that has its
steps already, and the result is the same. A kill leaves at most one line that is not whole, the
last one.
"""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tamingseg.annotations.document import Annotation, Photo, Project
from tamingseg.annotations.files import from_memory
from tamingseg.annotations.formats import project as format_
from tamingseg.annotations.report import Report
from tamingseg.annotations.writing import write_files
from tamingseg.files import append_whole


class Journal:
    """A file that is appended to, step by step."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last: dict[str, Photo] = {}  # as the journal has them

    @property
    def nbytes(self) -> int:
        """Its length; 0 if it is not there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def append(self, changed: Project) -> None:
        """Write a step, and see it on the disk; raises OSError if that cannot be."""
        if not self.path.exists():
            self._last.clear()
        front, back, written = 0, 0, changed
        if len(changed.photos) == 1:
            (photo,) = changed.photos
            front, back = _alike(self._last.get(photo.name), photo)
            objects = photo.objects[front : len(photo.objects) - back]
            written = replace(changed, photos=(replace(photo, objects=objects),))
        ((_, text),) = write_files(written, "project", Report())
        if front or back:
            text = b"%d %d %b" % (front, back, text)
        append_whole(self.path, b"%08x %b\n" % (zlib.crc32(text), text))
        self._last.update({photo.name: photo for photo in changed.photos})

    def read(self) -> Iterator[Project]:
        """Yield the steps that are whole, in their order, each with all objects of its photos.

        Raises
        ------
        ValueError
            If a line before the last one is damaged: no kill does that.
        """
        if not self.path.exists():
            return
        last: dict[str, Photo] = {}
        lines = self.path.read_bytes().split(b"\n")
        for number, line in enumerate(lines[:-1], 1):  # after the last line end there is no step
            check, _, text = line.partition(b" ")
            if check != b"%08x" % zlib.crc32(text):
                if number == len(lines) - 1:  # the machine lost its power
                    return
                raise ValueError(
                    f"line {number} of {self.path} is damaged; move the file away to go on without "
                    "the last steps, and keep it"
                )
            kept, brace, text = text.partition(b"{")
            report = Report()
            step = format_.read(from_memory({format_.NAME: brace + text}), {}, report)
            if report.notes:
                raise ValueError(f"line {number} of {self.path}: {report.notes[0]}")
            if kept:
                try:
                    step = _completed(step, kept, last)
                except (KeyError, ValueError) as error:
                    raise ValueError(
                        f"line {number} of {self.path} does not follow from those before it; move "
                        "the file away to go on without the last steps, and keep it"
                    ) from error
            last.update({photo.name: photo for photo in step.photos})
            yield step

    def remove(self) -> None:
        """Take it away: the project file holds everything."""
        with suppress(FileNotFoundError):
            self.path.unlink()


def _completed(step: Project, kept: bytes, last: dict[str, Photo]) -> Project:
    """Return a step with the objects that its line does not repeat."""
    front, back = map(int, kept.split())
    (photo,) = step.photos
    before = last[photo.name].objects
    objects = (*before[:front], *photo.objects, *before[len(before) - back :])
    return replace(step, photos=(replace(photo, objects=objects),))


def _alike(before: Photo | None, photo: Photo) -> tuple[int, int]:
    """Return how many objects are the same as before, first those in front and then at the end."""
    if before is None or before.size != photo.size:
        return 0, 0
    front = _same(before.objects, photo.objects)
    return front, _same(before.objects[front:][::-1], photo.objects[front:][::-1])


def _same(first: tuple[Annotation, ...], second: tuple[Annotation, ...]) -> int:
    """Return how many of two lists' first values are the same."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one is not other and one != other:
            return place
    return min(len(first), len(second))
