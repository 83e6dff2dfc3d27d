"""Records -> tables, as Markdown, CSV or JSON; published figures beside measured ones if wanted.

A line of a table is a method on a data set. What all methods share is said above the table, all
that tells them apart stands in it, so that nothing that changes a number is hidden.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tamingseg.evaluation.cells import (
    Format,
    Summary,
    to_csv,
    to_json,
    to_markdown,
)
from tamingseg.evaluation.figure import MEASURED, intervals
from tamingseg.evaluation.groups import group_records
from tamingseg.evaluation.methods import ABSENT, owned, settings_of
from tamingseg.evaluation.protocols.table import PROTOCOLS
from tamingseg.evaluation.published import PUBLISHED
from tamingseg.evaluation.records import Record, read_record

_INTERVALS = "In brackets: 95 % interval of a bootstrap over images."


def tables(records: Iterable[Record], format: Format = "markdown", published: bool = False) -> str:
    """Write all figures of `records` as text that ends without a line break.

    Parameters
    ----------
    format
        ``markdown`` for reading; ``csv``, one line per figure, and ``json``, one object per method
        and data set, hold all figures with their intervals.
    published
        Whether what others have published about the same data sets stands beside it; without
        records, about any.

    Raises
    ------
    ValueError
        If a record does not hold what its protocol wants.
    """
    summaries = summarise(records, published)
    if format == "csv":
        return to_csv(line for summary in summaries for line in figure_lines(summary))
    if format == "json":
        return to_json([as_json(summary) for summary in summaries])
    texts = list(_markdown(summaries))
    if published and not any(summary.source != MEASURED for summary in summaries):
        known = dict.fromkeys(line.dataset for line in PUBLISHED)
        texts.append(f"Nothing is published about these; there is about {', '.join(known)}.")
    return "\n\n".join(texts) or "no records, no figures"


def _markdown(summaries: Sequence[Summary]) -> Iterator[str]:
    """Yield heading, explanation, common settings and tables, protocol by protocol."""
    for name, protocol in PROTOCOLS.items():
        chosen = [summary for summary in summaries if summary.protocol_name == name]
        if not chosen:
            continue
        sentences, columns = _common_settings(chosen)
        yield f"## {protocol.title}"
        yield "\n".join([f"{protocol.explanation} {_INTERVALS}", *sentences])
        for caption, lines in protocol.tables(chosen):
            if lines:
                cells = [_name_cells(s, columns, chosen) | cells for s, cells in lines]
                empty = [key for key in cells[0] if all(line[key] == "" for line in cells)]
                text = to_markdown([{k: v for k, v in c.items() if k not in empty} for c in cells])
                yield f"{caption}\n\n{text}" if caption else text
        yield from _other_images(chosen)


def _common_settings(summaries: Sequence[Summary]) -> tuple[list[str], list[str]]:
    """Sentences on the settings that need no column, and the names of those that do.

    What a source of published figures leaves open speaks against nothing.
    """
    everything = [{"dataset": s.dataset, **settings_of(s.method)} for s in summaries]
    measured = [
        settings
        for settings, summary in zip(everything, summaries, strict=True)
        if summary.source == MEASURED
    ]
    keys = dict.fromkeys(key for settings in everything for key in settings)
    shared, sentences, columns = [], [], []
    for key in keys:
        values = {settings.get(key) for settings in measured}
        stated = {settings[key] for settings in everything if key in settings}
        if key in ("dataset", "model"):
            continue
        if len(values) == 1 and values == stated:
            shared.append(f"{key}={values.pop()}")
        elif measured and (by_owner := owned(measured, key)) is not None:
            listed = ", ".join(f"{owner}={value}" for owner, value in by_owner.items())
            sentences.append(f"{key.capitalize()}: {listed}.")
        else:
            columns.append(key)
    if shared:
        sentences.insert(0, f"All measured lines: {', '.join(shared)}.")
    return sentences, columns


def _other_images(summaries: Sequence[Summary]) -> Iterator[str]:
    """Yield a sentence for each data set that was published on another number of images."""
    for dataset in dict.fromkeys(summary.dataset.lower() for summary in summaries):
        alike = [summary for summary in summaries if summary.dataset.lower() == dataset]
        images = {s.counts.get("images", 0) for s in alike if s.source == MEASURED}
        known = {s.counts["images"] for s in alike if s.source != MEASURED if "images" in s.counts}
        if images and known and images != known:
            ours, theirs = (" or ".join(map(str, sorted(count))) for count in (images, known))
            yield (
                f"{alike[0].dataset}: number of images {ours} measured, {theirs} published; the "
                "figures are not of the same images."
            )


def _name_cells(
    summary: Summary, columns: Sequence[str], summaries: Sequence[Summary]
) -> dict[str, str]:
    """Say what a line is of: data set, model, settings that differ, the source if several."""
    settings = settings_of(summary.method)
    cells = {"data set": summary.dataset, "model": settings.get("model", ABSENT)}
    cells |= {key: settings.get(key, ABSENT) for key in columns}
    if any(other.source != MEASURED for other in summaries):
        cells["source"] = summary.source
    return cells


def summarise(records: Iterable[Record], published: bool = False) -> list[Summary]:
    """Return one summary per (protocol, data set, method), in order of appearance.

    With `published`, those of the same protocol and data set follow; without records, all.
    Figures are computed when they are asked for; only then damaged records give a ValueError.
    """
    groups = group_records(records)
    if not published:
        return [*groups]
    measured = {(group.protocol_name, group.dataset.lower()) for group in groups}
    lines = [
        line
        for line in PUBLISHED
        if not measured or (line.protocol_name, line.dataset.lower()) in measured
    ]
    summaries: list[Summary] = [*groups, *lines]
    order = list(dict.fromkeys(summary.dataset.lower() for summary in summaries))
    return sorted(summaries, key=lambda summary: order.index(summary.dataset.lower()))


def figure_lines(summary: Summary) -> Iterator[dict[str, Any]]:
    """Yield one flat line per figure, and one without if there is no image with objects."""
    first = {
        "protocol": summary.protocol_name,
        "dataset": summary.dataset,
        "source": summary.source,
    }
    last: dict[str, Any] = {name.replace(" ", "_"): count for name, count in summary.counts.items()}
    last |= {f"method.{key}": text for key, text in settings_of(summary.method).items()}
    for name, numbers in _numbers_of(summary).items():
        yield first | {"figure": name} | numbers | last
    if not summary.figures:
        yield first | last


def as_json(summary: Summary) -> dict[str, Any]:
    """Return the whole summary as what JSON can hold."""
    return {
        "protocol": summary.protocol_name,
        "dataset": summary.dataset,
        "source": summary.source,
        "method": summary.method,
        "counts": summary.counts,
        "figures": _numbers_of(summary),
    }


def _numbers_of(summary: Summary) -> dict[str, dict[str, Any]]:
    """Name -> value, ends of the interval where there is one, and unit."""
    ends = intervals(summary.figures)
    numbers: dict[str, dict[str, Any]] = {}
    for name, figure in summary.figures.items():
        numbers[name] = {"value": round(figure.value, 6)}
        if name in ends:
            low, high = ends[name]
            numbers[name] |= {"low": round(low, 6), "high": round(high, 6)}
        numbers[name]["unit"] = figure.unit
    return numbers


def single_results(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Yield one line per result: a mask (and trial), or a segmentation of an image.

    An image without objects has no line.
    """
    for record in records:
        where = {"protocol": record.protocol, "dataset": record.dataset, "image": record.image}
        method = {f"method.{key}": text for key, text in settings_of(record.method).items()}
        for result in record.results:
            yield where | read_record(record, lambda r: _single(r.protocol, result)) | method  # noqa: B023


def _single(protocol: str, result: dict[str, Any]) -> dict[str, Any]:
    """Flatten a result into columns."""
    line = {key: value for key, value in result.items() if not isinstance(value, list)}
    return line | PROTOCOLS[protocol].columns(result)
