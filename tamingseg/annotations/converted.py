"""What photos become in a format: converted one by one, in any process, then written together.

A format has two functions: one gives a `Converter`, which needs the labels and one photo, the other
takes what all photos became, in their order, and yields the files. So `tamingseg convert` can share
the photos among processes, and keep what was converted in case of a kill.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tamingseg.annotations.document import Photo
from tamingseg.annotations.files import Reader
from tamingseg.annotations.report import Report

Converted = Any
"""What a photo becomes: values of JSON, and bytes."""

Converter = Callable[[Photo, Reader | None, Report], Converted]
"""(photo, its file or None if it is missing, report) -> what it becomes. It can be pickled."""

Shown = tuple[Photo, Reader | None]
"""A photo, and its file if that is needed and there."""

ConvertEach = Callable[[Converter, Sequence[Shown], Report], Iterator[Converted]]
"""Calls a converter with each photo and gives what it returns, in order."""


def convert_in_turn(
    convert: Converter, photos: Sequence[Shown], report: Report
) -> Iterator[Converted]:
    """Convert one photo after the other."""
    for photo, file in photos:
        yield convert(photo, file, report)
