"""Lines of cells as text: Markdown for reading, CSV and JSON for other programs."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

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
