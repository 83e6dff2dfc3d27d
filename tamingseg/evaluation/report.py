"""Records -> tables, as Markdown, CSV or JSON; published figures beside measured ones if wanted.

A line of a table is a method on a data set. What all methods share is said above the table, all
that tells them apart stands in it, so that nothing that changes a number is hidden.
"""

from collections.abc import Iterable, Iterator, Sequence

from tamingseg.evaluation.figure import MEASURED, intervals
from tamingseg.evaluation.figures import (
    BUDGETS,
    NOC_THRESHOLDS,
    OUTLINES,
    RECALL_BUDGETS,
    RECALL_THRESHOLDS,
)
from tamingseg.evaluation.level_figures import BEST_OF
from tamingseg.evaluation.methods import ABSENT, owned, settings_of
from tamingseg.evaluation.published import PUBLISHED
from tamingseg.evaluation.records import Record
from tamingseg.evaluation.summaries import Summary, as_json, figure_lines, summarise
from tamingseg.evaluation.text import Format, number_text, to_csv, to_json, to_markdown
from tamingseg.metrics.mosaics import MEASURES


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
        If a record does not hold what its kind should.
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
    """Yield heading, explanation, common settings and tables, kind by kind."""
    for kind, (title, explanation, tables_of) in _KINDS.items():
        chosen = [summary for summary in summaries if summary.kind == kind]
        if not chosen:
            continue
        sentences, columns = _common_settings(chosen)
        yield f"## {title}"
        yield "\n".join([f"{explanation} {_INTERVALS}", *sentences])
        for caption, lines in tables_of(chosen):
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
        images = {s.counts.get("images") for s in alike if s.source == MEASURED}
        known = {s.counts.get("images") for s in alike if s.source != MEASURED} - {None}
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


_Lines = list[tuple[Summary, dict[str, str]]]
"""Cells beside those that say what a line is of; a summary may have several lines or none."""


def _click_tables(summaries: Sequence[Summary]) -> Iterator[tuple[str, _Lines]]:
    counted = [f"No{letter}{t * 100:.0f}" for letter in "CF" for t in NOC_THRESHOLDS]
    first = ("mIoU@1", "mIoU@1 per mask", *(f"{name}@1" for name in OUTLINES))
    main = {name: name for name in (*first, *counted)}
    yield (
        "",
        [(s, _count_cells(s) | _figure_cells(s, main, with_intervals=True)) for s in summaries],
    )
    clicks = sorted({k for s in summaries for k in _numbers(s, "mIoU@")})
    curves = [("mIoU", "", "images"), ("mIoU", " per mask", "masks")]
    for name, suffix, mean in (*curves, *((name, "", "images") for name in OUTLINES)):
        curve = {f"@{k}": f"{name}@{k}{suffix}" for k in clicks}
        later = {f"{name}@{k}{suffix}" for k in clicks if k > 1}
        several = [s for s in summaries if later & s.figures.keys()]
        yield f"{name}@k, mean over {mean}:", [(s, _figure_cells(s, curve)) for s in several]


def _proposal_tables(summaries: Sequence[Summary]) -> Iterator[tuple[str, _Lines]]:
    main = {
        "proposals per image": "proposals",
        f"mIoU({BUDGETS[-1]})": f"mIoU({BUDGETS[-1]})",
        "AUC": "AUC",
    }
    main |= {f"COCO AR@{n}, matched one to one": f"COCO AR@{n}" for n in (10, 100, 1000)}
    yield (
        "",
        [(s, _count_cells(s) | _figure_cells(s, main, with_intervals=True)) for s in summaries],
    )
    names = {f"N={n}": f"mIoU({n})" for n in BUDGETS}
    names |= {name: name for name in ("mAR[0,1]", "AUC")}
    yield "mIoU(N):", _proposal_lines(summaries, names)
    names = {f"{name}({n})": f"{name}({n})" for n in RECALL_BUDGETS for name in RECALL_THRESHOLDS}
    yield "Recall of the first N proposals:", _proposal_lines(summaries, names)


def _proposal_lines(summaries: Sequence[Summary], names: dict[str, str]) -> _Lines:
    """Own and oracle order, mean over images and over masks; `names` are column -> figure."""
    lines = []
    for summary in summaries:
        for order, prefix in (("own", ""), ("oracle", "oracle ")):
            for mean, suffix in (("images", ""), ("masks", " per mask")):
                figures = {key: f"{prefix}{name}{suffix}" for key, name in names.items()}
                if figures.values() & summary.figures.keys():
                    cells = {"order": order, "mean over": mean}
                    lines.append((summary, cells | _figure_cells(summary, figures)))
    return lines


def _region_tables(summaries: Sequence[Summary]) -> Iterator[tuple[str, _Lines]]:
    main = {}
    for name in ("covering", "PRI", "VI"):
        main |= {f"{name} ODS": f"{name} ODS"}
        main |= {f"{name} at {letter}": f"{name} ODS at {letter}" for letter in _LEVELS}
        main |= {f"{name} OIS": f"{name} OIS", f"{name} Best": f"{name} Best"}
    yield (
        "",
        [(s, _count_cells(s) | _figure_cells(s, main, with_intervals=True)) for s in summaries],
    )
    for letter, caption in _LEVELS.items():
        levels = sorted({k for s in summaries for k in _numbers(s, f"covering at {letter}=")})
        lines = []
        for summary in summaries:
            for name in ("covering", "PRI", "VI", "regions"):
                figures = {f"{letter}={k}": f"{name} at {letter}={k}" for k in levels}
                if figures.values() & summary.figures.keys():
                    lines.append((summary, {"figure": name} | _figure_cells(summary, figures)))
        yield caption, lines


def _mosaic_tables(summaries: Sequence[Summary]) -> Iterator[tuple[str, _Lines]]:
    names = {name: name for name in (*MEASURES, "regions found")}
    yield (
        "",
        [(s, _count_cells(s) | _figure_cells(s, names, with_intervals=True)) for s in summaries],
    )


def _level_tables(summaries: Sequence[Summary]) -> Iterator[tuple[str, _Lines]]:
    names = (*BEST_OF, "any level")
    counted = {"masks offered": "offered", "true masks around": "masks around"}
    lines = [
        (s, _count_cells(s) | _figure_cells(s, counted | {"ECE": "ECE"}, with_intervals=True))
        for s in summaries
    ]
    yield "", lines
    several = [s for s in summaries if s.figures and s.figures["masks around"].value > 1]
    for caption, prefix, chosen in (
        ("Against the mask asked for:", "", summaries),
        ("Against all true masks that hold the click:", "around ", several),
    ):
        lines = []
        for summary in chosen:
            for mean, suffix in (("images", ""), ("masks", " per mask")):
                figures = {name: f"{prefix}{name}{suffix}" for name in names}
                cells = _figure_cells(summary, figures, with_intervals=True)
                lines.append((summary, {"mean over": mean} | cells))
        yield caption, lines


_LEVELS = {
    "K": "Against K, the number of regions asked for:",
    "N": "Against N, the number of masks painted:",
    "T": "Against T, the cost in hundredths up to which regions were merged:",
    "S": "With as many regions as the method found itself:",
}


_KINDS = {
    "clicks": (
        "Clicks",
        "mIoU@k: IoU after k clicks in percent, mean over images of the mean over an image's "
        "masks; per mask: mean over all masks. Boundary IoU and boundary F: how well outlines fit, "
        "in percent, mean over images. NoC85: clicks until IoU 0.85 is reached; NoF85: "
        "masks that do not reach it, or with count_last_click only with the last click; its "
        "interval is of the sum over as many images.",
        _click_tables,
    ),
    "levels": (
        "Levels of one click",
        "Mean IoU in percent. Default: all pixels above the threshold; best of K: the best of the "
        "first K masks offered, which are the default one, then stable level lines or a model's "
        "own answers; any level: the best of all level sets at .05, .10, ..., .95. ECE, expected "
        "calibration error: how far the share of pixels in the mask is from the probability they "
        "are given, mean over pixels, images weighing alike.",
        _level_tables,
    ),
    "proposals": (
        "Proposals",
        "mIoU(N): best IoU of a true mask with one of the first N proposals in percent. R50(N): "
        "recall, the share of masks that one of them meets with IoU 0.5 or more; R75, R90 "
        "likewise. mAR(N): mean recall at the thresholds 0.5, 0.55, ..., 0.95; mAR[0,1], "
        f"N = {BUDGETS[-1]}: at 100 thresholds in [0, 1]. AUC: mean of mIoU(N) over log N, 1 to "
        f"{BUDGETS[-1]}. Oracle order: next is always the proposal that raises mIoU most; at "
        "every N it reaches at least 63 % of the best N proposals, so another order may be "
        "better at some N.",
        _proposal_tables,
    ),
    "regions": (
        "Regions",
        "Covering and PRI (Rand index) in percent; VI (variation of information) in bits, the "
        "lower the better. ODS: at the K, the number of regions asked for, that is best for all "
        "images; OIS: at the best K of each image; Best: at the best K of each true region. The "
        "interval of an ODS keeps its K. In place of K, painted proposals have N, the number of "
        "masks painted, partitions by cost T, up to which regions were merged, and methods that "
        "find the number themselves S, their one segmentation.",
        _region_tables,
    ),
    "mosaics": (
        "Mosaics",
        "Partitions of mosaics into as many regions as there are; all in percent, means over "
        "images. Correct: pixels in the right region after the best one-to-one matching; O, C: "
        "omission and commission error of the matched regions. CS, OS, US, ME: true regions that "
        "are correct, oversegmented, undersegmented, missed, at an overlap of 75 %; NE: found "
        "regions that are noise.",
        _mosaic_tables,
    ),
}
_INTERVALS = "In brackets: 95 % interval of a bootstrap over images."


def _numbers(summary: Summary, prefix: str) -> list[int]:
    """Return the numbers that follow `prefix` in names of figures."""
    rests = [name.removeprefix(prefix) for name in summary.figures if name.startswith(prefix)]
    return [int(rest) for rest in rests if rest.isdecimal()]


def _count_cells(summary: Summary) -> dict[str, str]:
    names = ("images", "without objects", "masks")
    return {name: str(summary.counts.get(name, "")) for name in names}


def _figure_cells(
    summary: Summary, names: dict[str, str], with_intervals: bool = False
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
