"""`tamingseg report tables | results | plots | scatter | compare FILE ...`: records -> reports.

Nothing is measured again: all that is needed stands in the files of `tamingseg evaluate`.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from tamingseg.cli.commands import Command, dispatch
from tamingseg.cli.flags import parse
from tamingseg.evaluation.cells import Format, to_csv
from tamingseg.evaluation.compare import choose, compare, comparison_text, names_of_settings
from tamingseg.evaluation.records import Record, read_records
from tamingseg.evaluation.report import single_results, tables
from tamingseg.evaluation.scatter import correlation_table, point_lines, scatters
from tamingseg.files import write_whole

_Files = tyro.conf.Positional[tuple[Path, ...]]


@dataclass(frozen=True)
class Tables:
    """Write all figures of records as tables."""

    files: _Files
    """Files of records that `tamingseg evaluate` wrote."""
    format: Format = "markdown"
    """Markdown is for reading; CSV and JSON hold all figures, with an interval for each."""
    output: Path | None = None
    """File to write; by default it is printed."""
    published: bool = False
    """Add what others have published about the same data sets; without files, everything."""


@dataclass(frozen=True)
class Results:
    """Write single results as CSV: one line per mask and trial, or per segmentation."""

    files: _Files
    """Files of records that `tamingseg evaluate` wrote."""
    output: Path | None = None
    """File to write; by default it is printed."""


@dataclass(frozen=True)
class Plots:
    """Draw mIoU over clicks, levels and proposals, region measures over K, reliability, scatter."""

    files: _Files
    """Files of records that `tamingseg evaluate` wrote."""
    output: Path
    """Folder for the pictures."""


@dataclass(frozen=True)
class ScatterCommand:
    """Correlate, over images, IoU after one click with the best IoU of proposals without a click.

    The files must hold records of clicks and of proposals of the same model.
    """

    files: _Files
    """Files of records that `tamingseg evaluate` wrote."""
    output: Path | None = None
    """Folder for the points (scatter.csv) and pictures; by default only the table is printed."""


@dataclass(frozen=True)
class Compare:
    """Compare two setups A and B image by image; say which differences are larger than chance."""

    files: _Files
    """A file of records for A and one for B; or one with both, chosen with --a and --b."""
    a: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Choose the setups of A, models with their settings, by SETTING=VALUE, such as fusion=joint;
    may be given several times. Setups without that setting stay. Each setup is compared with that
    of B with the same other settings."""
    b: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Choose the setups of B, likewise."""
    format: Format = "markdown"
    """Markdown is for reading; CSV and JSON have a line per figure."""
    output: Path | None = None
    """File to write; by default it is printed."""


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand."""
    commands = {
        "tables": Command("all figures, as Markdown, CSV or JSON", _tables),
        "results": Command("single results, as CSV", _results),
        "plots": Command("curves and scatter, as PNG", _plots),
        "scatter": Command("one click against no click, image by image", _scatter),
        "compare": Command("which differences of two setups are larger than chance", _compare),
    }
    return dispatch("tamingseg report", "Tables and pictures of records.", commands, arguments)


def _tables(arguments: Sequence[str]) -> int:
    command = _parse(Tables, "tables", arguments)
    records = [] if command.published and not command.files else _read(command.files)
    return _write(tables(records, command.format, command.published), command.output)


def _results(arguments: Sequence[str]) -> int:
    command = _parse(Results, "results", arguments)
    return _write(to_csv(single_results(_read(command.files))), command.output)


def _plots(arguments: Sequence[str]) -> int:
    command = _parse(Plots, "plots", arguments)
    records = _read(command.files)
    from tamingseg.evaluation.plots import save_plots  # matplotlib takes a second to load

    for path in save_plots(records, command.output):
        print(path)
    return 0


def _scatter(arguments: Sequence[str]) -> int:
    command = _parse(ScatterCommand, "scatter", arguments)
    found = scatters(_read(command.files))
    if not found:
        raise ValueError(
            "nothing to join: expected records of clicks and of proposals of the same model, "
            "weights, data and min_area, with common images that have objects"
        )
    print(correlation_table(found))
    if command.output is not None:
        from tamingseg.evaluation.plots import save_scatters

        paths = save_scatters(found, command.output)
        points = command.output / "scatter.csv"
        _write(to_csv(point_lines(found)), points)
        print(*paths, sep="\n")
    return 0


def _compare(arguments: Sequence[str]) -> int:
    command = _parse(Compare, "compare", arguments)
    if len(command.files) not in (1, 2) or (len(command.files) == 1 and command.a == command.b):
        raise ValueError(
            "expected a file for A and one for B, or a file with both and what tells them apart, "
            "such as --a fusion=joint --b fusion=component"
        )
    first = choose(_read(command.files[:1]), command.a)
    second = choose(_read(command.files[-1:]), command.b)
    chosen = names_of_settings([*command.a, *command.b])
    comparisons, left_out = compare(first, second, chosen)
    if command.format != "markdown":  # whose text says it too
        for sentence in left_out:
            print(f"not compared: {sentence}", file=sys.stderr)
    return _write(comparison_text(comparisons, left_out, command.format), command.output)


def _parse(command: type, name: str, arguments: Sequence[str]) -> Any:
    return parse(command, f"tamingseg report {name}", arguments, {"--folder": "--output"})


def _read(files: Sequence[Path]) -> list[Record]:
    if not files:
        raise ValueError("no records: name at least one file that `tamingseg evaluate` wrote")
    return read_records(files)


def _write(text: str, output: Path | None) -> int:
    """Print the text, or write it to a file and say so."""
    if output is None:
        print(text)
        return 0
    write_whole(output, f"{text}\n".encode())
    print(output)
    return 0
