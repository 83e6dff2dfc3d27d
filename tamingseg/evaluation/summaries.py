"""Records -> summaries: one per method on one data set, published ones beside the measured."""

from collections.abc import Iterable, Iterator
from typing import Any

from tamingseg.evaluation.figure import intervals
from tamingseg.evaluation.figures import BUDGETS, OUTLINES, Group, group_records
from tamingseg.evaluation.level_figures import BEST_OF
from tamingseg.evaluation.methods import settings_of
from tamingseg.evaluation.published import PUBLISHED, Published
from tamingseg.evaluation.records import Record, read_record
from tamingseg.metrics.zeroshot import best_at

Summary = Group | Published
"""One method on one data set, with the same attributes whoever measured it."""


def summarise(records: Iterable[Record], published: bool = False) -> list[Summary]:
    """Return one summary per (kind, data set, method), in order of appearance.

    With `published`, those of the same kind and data set follow; without records, all there are.
    Figures are computed when they are asked for; only then damaged records give a ValueError.
    """
    groups = group_records(records)
    if not published:
        return groups
    measured = {(group.kind, group.dataset.lower()) for group in groups}
    lines = [
        line for line in PUBLISHED if not measured or (line.kind, line.dataset.lower()) in measured
    ]
    summaries = [*groups, *lines]
    order = list(dict.fromkeys(summary.dataset.lower() for summary in summaries))
    return sorted(summaries, key=lambda summary: order.index(summary.dataset.lower()))


def figure_lines(summary: Summary) -> Iterator[dict[str, Any]]:
    """Yield one flat line per figure, and one without if there is no image with objects."""
    first = {"kind": summary.kind, "dataset": summary.dataset, "source": summary.source}
    last = {name.replace(" ", "_"): count for name, count in summary.counts.items()}
    last |= {f"method.{key}": text for key, text in settings_of(summary.method).items()}
    for name, numbers in _numbers_of(summary).items():
        yield first | {"figure": name} | numbers | last
    if not summary.figures:
        yield first | last


def as_json(summary: Summary) -> dict[str, Any]:
    """Return the whole summary as what JSON can hold."""
    return {
        "kind": summary.kind,
        "dataset": summary.dataset,
        "source": summary.source,
        "method": summary.method,
        "counts": summary.counts,
        "figures": _numbers_of(summary),
    }


def _numbers_of(summary: Summary) -> dict[str, dict[str, Any]]:
    """Name -> value, ends of the interval where there is one, and unit."""
    ends = intervals(summary.figures)
    numbers = {}
    for name, figure in summary.figures.items():
        numbers[name] = {"value": round(figure.value, 6)}
        if name in ends:
            low, high = ends[name]
            numbers[name] |= {"low": round(low, 6), "high": round(high, 6)}
        numbers[name]["unit"] = figure.unit
    return numbers


def single_results(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Yield one line per result: a mask (and trial), or a segmentation of an image.

    The IoUs of masks stand under ``IoU@k``, `BEST_OF` and ``IoU(N)``; an image without objects has
    no line.
    """
    for record in records:
        where = {"kind": record.kind, "dataset": record.dataset, "image": record.image}
        method = {f"method.{key}": text for key, text in settings_of(record.method).items()}
        for result in record.results:
            yield where | read_record(record, lambda _: _single(result)) | method  # noqa: B023


def _single(result: dict[str, Any]) -> dict[str, Any]:
    """Flatten a result into columns: IoUs one by one, steps at the usual numbers."""
    line = {key: value for key, value in result.items() if not isinstance(value, list)}
    for name, key in {"IoU": "ious", **OUTLINES}.items():
        line |= {f"{name}@{k}": value for k, value in enumerate(result.get(key, []), 1)}
    line |= dict(zip(BEST_OF, result.get("best", ()), strict=False))
    for prefix, key in (("", "steps"), ("oracle ", "oracle")):
        if key in result:
            best = best_at([result[key]], BUDGETS)[0]
            line |= {
                f"{prefix}IoU({n})": iou for n, iou in zip(BUDGETS, best.tolist(), strict=True)
            }
    return line
