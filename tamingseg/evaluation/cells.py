"""Cells of tables, and lines of them as text: Markdown for reading, CSV and JSON for programs."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

from tamingseg.evaluation.figure import MEASURED, Figure, intervals

Format = Literal["markdown", "csv", "json"]


_FORMS = {
    "%": ".2f",
    "clicks": ".2f",
    "bits": ".3f",
    "masks": ".1f",
    "per image": ".1f",
    "per click": ".1f",
}
"""How numbers of a unit are written; others as short as they are."""


class Summary(Protocol):
    """One method on one data set, with the same attributes whoever measured it."""

    @property
    def protocol_name(self) -> str:
        """Which protocol was followed."""

    @property
    def dataset(self) -> str:
        """Name of the data set."""

    @property
    def method(self) -> dict[str, Any]:
        """Who answered, and every setting that is known."""

    @property
    def source(self) -> str:
        """Who measured."""

    @property
    def counts(self) -> dict[str, int]:
        """How many images and masks there were."""

    @property
    def figures(self) -> dict[str, Figure]:
        """All figures by name."""


Lines = list[tuple[Summary, dict[str, str]]]
"""Of a table: what a line is of, and its cells; a summary may have several lines or none."""


def number_text(value: float, unit: str, ends: tuple[float, float] | None = None) -> str:
    """Write a number with the digits of its unit, and with an interval if it has one.

    >>> number_text(37.8, "%", (35.1, 40.25))
    '37.80 [35.10, 40.25]'
    """
    form = _FORMS.get(unit, "g")
    text = format(value, form)
    return text if ends is None else f"{text} [{ends[0]:{form}}, {ends[1]:{form}}]"


def to_csv(lines: Iterable[dict[str, Any]]) -> str:
    """Write dicts as CSV; columns in order of appearance, missing cells empty."""
    lines = list(lines)
    file = io.StringIO()
    columns = list(dict.fromkeys(column for line in lines for column in line))
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue().rstrip("\n")


def to_json(value: Any) -> str:
    """Write JSON that people can read too."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def to_markdown(lines: Sequence[dict[str, Any]]) -> str:
    """Write dicts as an aligned table; columns in order of appearance, missing cells empty."""
    columns = list(dict.fromkeys(column for line in lines for column in line))
    cells = [columns] + [[_cell(line.get(column, "")) for column in columns] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    padded = [
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in cells
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)


def _cell(value: Any) -> str:
    """Write a cell of a Markdown table; whatever it holds, it stays one cell."""
    return " ".join(str(value).split()).replace("|", "\\|")


def count_cells(summary: Summary) -> dict[str, str]:
    """Count images, images without objects, and masks; empty where that is not known."""
    names = ("images", "without objects", "masks")
    return {name: str(summary.counts.get(name, "")) for name in names}


def figure_cells(
    summary: Summary, names: Mapping[str, str], with_intervals: bool = False
) -> dict[str, str]:
    """Column -> the figure of that name, empty if there is none."""
    found = {name: summary.figures[name] for name in names.values() if name in summary.figures}
    ends = intervals(found) if with_intervals else {}
    cells = dict.fromkeys(names, "")
    for column, name in names.items():
        if name in found and summary.source == MEASURED:
            cells[column] = number_text(found[name].value, found[name].unit, ends.get(name))
        elif name in found:  # with no more digits than were published
            cells[column] = f"{found[name].value:g}"
    return cells


def main_lines(summaries: Sequence[Summary], names: Mapping[str, str]) -> Lines:
    """Return the lines of a first table: what was counted, and figures with intervals."""
    return [(s, count_cells(s) | figure_cells(s, names, with_intervals=True)) for s in summaries]


def numbers_after(summaries: Iterable[Summary], prefix: str) -> list[int]:
    """Return the numbers that follow `prefix` in names of figures, in order."""
    rests = {
        name.removeprefix(prefix)
        for summary in summaries
        for name in summary.figures
        if name.startswith(prefix)
    }
    return sorted(int(rest) for rest in rests if rest.isdecimal())
