"""The last steps of the work, beside the project file that does not hold them yet.

A line is a checksum and a project of what changed: all labels, and the photos that are different
now, whole. So lines may be read twice, or on top of a project file that has them already, and the
result is the same. A kill leaves at most one line that is not whole, the last one.
"""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tamingseg.annotations.document import Project
from tamingseg.annotations.files import from_memory
from tamingseg.annotations.formats import project as format_
from tamingseg.annotations.report import Report
from tamingseg.files import append_whole


class Journal:
    """A file that is appended to, step by step."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def nbytes(self) -> int:
        """Its length; 0 if it is not there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def append(self, changed: Project) -> None:
        """Write a step, and see it on the disk; raises OSError if that cannot be."""
        ((_, text),) = format_.write(changed, from_memory({}), Report())
        append_whole(self.path, b"%08x %b\n" % (zlib.crc32(text), text))

    def read(self) -> Iterator[Project]:
        """Yield the steps that are whole, in their order.

        Raises
        ------
        ValueError
            If a line before the last one is damaged: no kill does that.
        """
        if not self.path.exists():
            return
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
            report = Report()
            yield format_.read(from_memory({format_.NAME: text}), {}, report)
            if report.notes:
                raise ValueError(f"line {number} of {self.path}: {report.notes[0]}")

    def remove(self) -> None:
        """Take it away: the project file holds everything."""
        with suppress(FileNotFoundError):
            self.path.unlink()
