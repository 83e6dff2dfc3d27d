"""Records -> pictures: IoU over clicks, levels, proposals; regions over K; reliability; scatter.

One PNG of each per data set. Colours are those of Okabe and Ito, which the colour-blind can tell
apart, and every method has a marker of its own besides. Nothing global of matplotlib is touched.
"""

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tamingseg.evaluation.figure import Figure, generator
from tamingseg.evaluation.figures import (
    BUDGETS,
    RECALL_THRESHOLDS,
    Group,
    group_records,
    level_letter,
)
from tamingseg.evaluation.level_figures import BEST_OF
from tamingseg.evaluation.methods import names_of, shared_by
from tamingseg.evaluation.records import Record
from tamingseg.evaluation.scatter import CLICKS, PROPOSALS, Scatter, correlation_text, scatters
from tamingseg.evaluation.text import number_text
from tamingseg.metrics.bootstrap import bootstrap_ratio
from tamingseg.metrics.levels import BINS, MOST_OFFERED
from tamingseg.metrics.zeroshot import best_at, fraction_reached, log_spaced_budgets

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_SMALL = {"fontsize": 6.5, "color": "0.4"}
"""How the settings are written that everything in a picture has in common."""

_MOST_BANDS = 4
"""With more methods in a picture, bands of intervals would hide each other."""

_Pictures = Iterator[tuple[str, Picture]]
"""Pictures with what they are called."""


def save_plots(records: Sequence[Record], folder: Path) -> list[Path]:
    """Draw everything the records have points for, the scatter included; returns the files.

    Raises
    ------
    ValueError
        If there is nothing to draw, or a record does not hold what its kind should.
    """
    groups = [group for group in group_records(records) if group.records]
    pictures = [*_curves(groups), *_scatter_pictures(scatters(records))]
    if not pictures:
        raise ValueError(
            "nothing to draw: expected records of several clicks, of levels, of proposals or of "
            "regions, with images that have objects"
        )
    return _save(pictures, folder)


def save_scatters(found: Iterable[Scatter], folder: Path) -> list[Path]:
    """Draw one picture per data set, with one panel per method; returns the files."""
    return _save(_scatter_pictures(found), folder)


def _curves(groups: Sequence[Group]) -> _Pictures:
    drawn = (
        ("clicks", "clicks", _draw_clicks),
        ("levels", "levels", _draw_levels),
        ("reliability", "levels", _draw_reliability),
        ("proposals", "proposals", _draw_proposals),
        ("recall", "proposals", _draw_recall),
        ("regions", "regions", _draw_regions),
    )
    for name, kind, draw in drawn:
        of_kind = [group for group in groups if group.kind == kind]
        if kind == "clicks":  # one click is no curve
            of_kind = [group for group in of_kind if "mIoU@2" in group.figures]
        data = [(group.dataset, str(group.method.get("data"))) for group in of_kind]
        for title, members in _by_data(data):
            yield f"{name}-{title}", draw(title, [of_kind[index] for index in members])


def _draw_clicks(title: str, groups: Sequence[Group]) -> Picture:
    picture = Picture(figsize=(7, 4), layout="constrained")
    axes = picture.add_subplot()
    most = max(int(group.method["clicks"]) for group in groups)
    for index, group in enumerate(groups):
        clicks = range(1, int(group.method["clicks"]) + 1)
        figures = [group.figures[f"mIoU@{k}"] for k in clicks]
        _draw_line(axes, clicks, figures, index, len(groups))
    axes.set(xlabel="clicks k", ylabel="mIoU@k, mean over images (%)", xlim=(0.5, most + 0.5))
    axes.set_xticks(range(1, most + 1, 1 + (most - 1) // 20))
    return _finish(picture, f"{title}: IoU after k clicks", groups)


def _draw_levels(title: str, groups: Sequence[Group]) -> Picture:
    """One panel for the mask asked for; another one for all around the click if they are more."""
    picture = Picture(figsize=(12, 4), layout="constrained")
    panels = {"": "the mask asked for"}
    if any(group.figures["masks around"].value > 1 for group in groups):
        panels["around "] = "all true masks that hold the click"
    else:
        picture.set_figwidth(7)
    offered = range(1, MOST_OFFERED + 1)
    last = MOST_OFFERED + 1
    for place, (prefix, meant) in enumerate(panels.items(), 1):
        axes = picture.add_subplot(1, len(panels), place)
        for index, group in enumerate(groups):
            best = [group.figures[prefix + name] for name in BEST_OF]
            _draw_line(axes, offered, best, index, len(groups))
            every = [group.figures[f"{prefix}any level"]]
            _draw_line(axes, [last], every, index, len(groups))
        axes.set_title(f"IoU with {meant}", fontsize=9)
        axes.set(xlabel="masks K offered", ylabel="mIoU, mean over images (%)")
        axes.set_xticks([*offered, last], ["default", *offered[1:], "any\nlevel"])
    return _finish(picture, f"{title}: best level of one click", groups)


def _draw_reliability(title: str, groups: Sequence[Group]) -> Picture:
    """Draw what is found against what is claimed, and of how many pixels it is claimed."""
    picture = Picture(figsize=(11, 5), layout="constrained")
    left, right = picture.add_subplot(1, 2, 1), picture.add_subplot(1, 2, 2)
    left.plot([0, 100], [0, 100], color="0.75", linewidth=1, zorder=1)
    for index, group in enumerate(groups):
        bins = [place for place in range(BINS) if f"pixels at {place}" in group.figures]
        claimed, found, pixels = (
            [group.figures[f"{name} at {place}"] for place in bins]
            for name in ("claimed", "found", "pixels")
        )
        places = [figure.value for figure in claimed]
        _draw_line(left, places, found, index, len(groups))
        _draw_line(right, places, pixels, index, len(groups))
        error = group.figures["ECE"]
        text = f"ECE {number_text(error.value, error.unit)} %"
        colour = _COLOURS[index % len(_COLOURS)]
        left.text(2, 98 - 5 * index, text, color=colour, fontsize=8, verticalalignment="top")
    left.set(xlabel="probability claimed (%)", ylabel="pixels in the mask asked for (%)")
    left.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    right.set(xlabel="probability claimed (%)", ylabel="pixels of the image (%)")
    right.set(xlim=(0, 100), yscale="log")
    right.yaxis.set_major_formatter("{x:g}")
    return _finish(picture, f"{title}: are the probabilities of one click true?", groups)


def _draw_proposals(title: str, groups: Sequence[Group]) -> Picture:
    picture = Picture(figsize=(7, 4), layout="constrained")
    axes = picture.add_subplot()
    _draw_orders(axes, groups, lambda best: best)
    axes.set(xlabel="proposals N", ylabel="mIoU(N), mean over images (%)")
    return _finish(picture, f"{title}: best IoU among the first N proposals", groups, *_ORDERS)


def _draw_recall(title: str, groups: Sequence[Group]) -> Picture:
    """Panels side by side, one per threshold, the last with COCO's mean over ten of them."""
    picture = Picture(figsize=(14, 4), layout="constrained")
    for place, (name, chosen) in enumerate(RECALL_THRESHOLDS.items(), 1):
        axes = picture.add_subplot(1, len(RECALL_THRESHOLDS), place)
        _draw_orders(axes, groups, lambda best: fraction_reached(best, chosen))  # noqa: B023
        means = "mean over IoU 0.5 to 0.95" if len(chosen) > 1 else f"IoU from {chosen[0]}"
        axes.set_title(means, fontsize=9)
        axes.set(xlabel="proposals N", ylabel=f"{name}(N), mean over images (%)")
    return _finish(picture, f"{title}: recall of the first N proposals", groups, *_ORDERS)


_ORDERS = (
    Line2D([], [], color="0.3", label="own order"),
    Line2D([], [], color="0.3", linestyle="--", label="greedy oracle order"),
)


def _draw_orders(
    axes: Axes, groups: Sequence[Group], score: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Own order as a line, the oracle order dashed in the same colour; `score` is of best IoUs."""
    budgets = log_spaced_budgets(BUDGETS[-1])
    for index, group in enumerate(groups):
        for field, dashed in (("steps", False), ("oracle", True)):
            means = group.per_image(
                lambda r: score(best_at([mask[field] for mask in r.results], budgets)).mean(axis=0)  # noqa: B023
            )
            figures = [Figure.ratio(column) for column in np.array(means).T]
            _draw_line(axes, budgets, figures, index, len(groups), dashed)
    _log_axis(axes, BUDGETS)


def _draw_regions(title: str, groups: Sequence[Group]) -> Picture:
    """Three panels side by side; a ring marks the level that is best for all images (ODS)."""
    picture = Picture(figsize=(12, 4), layout="constrained")
    panels = (
        ("covering", "covering (%)", "higher is better"),
        ("PRI", "probabilistic Rand index (%)", "higher is better"),
        ("VI", "variation of information (bits)", "lower is better"),
    )
    letters = [level_letter(group.method) for group in groups]
    levels = []
    for group, letter in zip(groups, letters, strict=True):
        start = f"covering at {letter}="
        found = [key.removeprefix(start) for key in group.figures if key.startswith(start)]
        levels.append([int(level) for level in found])
    words = {
        "K": "regions K asked for",
        "N": "masks N painted",
        "S": "the one segmentation",
        "T": "cost T in hundredths",
    }
    meant = " or ".join(words[letter] for letter in sorted(set(letters)))
    for place, (name, label, better) in enumerate(panels, 1):
        axes = picture.add_subplot(1, 3, place)
        axes.set_title(better, fontsize=9)
        for index, group in enumerate(groups):
            letter = letters[index]
            figures = [group.figures[f"{name} at {letter}={level}"] for level in levels[index]]
            _draw_line(axes, levels[index], figures, index, len(groups))
            axes.plot(
                group.figures[f"{name} ODS at {letter}"].value,
                group.figures[f"{name} ODS"].value,
                "o",
                markersize=13,
                markerfacecolor="none",
                markeredgecolor=_COLOURS[index % len(_COLOURS)],
            )
        axes.set(xlabel=meant, ylabel=label)
        _log_axis(axes, sorted(set().union(*levels)))
    ring = Line2D(
        [],
        [],
        linestyle="",
        marker="o",
        markersize=11,
        color="0.3",
        label="best for all images (ODS)",
    )
    ring.set_markerfacecolor("none")
    return _finish(picture, f"{title}: regions against annotators", groups, ring)


def _scatter_pictures(found: Iterable[Scatter]) -> _Pictures:
    found = list(found)
    for title, members in _by_data([(s.dataset, str(s.method.get("data"))) for s in found]):
        chosen = [found[index] for index in members]
        columns = min(3, len(chosen))
        rows = -(-len(chosen) // columns)
        picture = Picture(figsize=(1 + 4 * columns, 0.8 + 4.8 * rows), layout="constrained")
        picture.get_layout_engine().set(h_pad=0.15, w_pad=0.1)
        for index, scatter in enumerate(chosen):
            axes = picture.add_subplot(rows, columns, index + 1)
            axes.plot([0, 100], [0, 100], color="0.75", linewidth=1, zorder=1)
            axes.plot(
                scatter.clicks,
                scatter.proposals,
                linestyle="",
                marker=_MARKERS[index % len(_MARKERS)],
                color=_COLOURS[index % len(_COLOURS)],
                alpha=0.5,
                markeredgewidth=0,
            )
            lines = [f"images: {len(scatter.images)}"]
            for name, correlation in scatter.correlations().items():
                lines.append(f"{name} {correlation_text(correlation)}")
            axes.set_title(_wrapped(scatter.name, 44) + "\n" + "\n".join(lines), fontsize=9)
            axes.set(
                xlabel=f"{CLICKS}, one click (%)",
                ylabel=f"{PROPOSALS}, no click (%)",
                xlim=(-2, 102),
                ylim=(-2, 102),
                aspect="equal",
            )
            axes.grid(color="0.9")
        shared = shared_by([scatter.method for scatter in chosen])
        picture.supxlabel(_wrapped(shared, 70 * columns), **_SMALL)
        picture.suptitle(
            _wrapped(f"{title}: one image, one point", 40 * columns), fontweight="bold"
        )
        yield f"scatter-{title}", picture


def _draw_line(
    axes: Axes,
    places: Sequence[int],
    figures: Sequence[Figure],
    index: int,
    number: int,
    dashed: bool = False,
) -> None:
    """Draw figures of the same images over `places`, with a band where there is room for one."""
    colour = _COLOURS[index % len(_COLOURS)]
    axes.plot(
        places,
        [figure.value for figure in figures],
        color=colour,
        linestyle="--" if dashed else "-",
        marker=_MARKERS[index % len(_MARKERS)],
        markersize=5,
        markevery=max(1, len(places) // 10),
    )
    numerators, denominators = (
        np.stack(side, axis=1) for side in zip(*(figure.parts for figure in figures), strict=True)
    )
    if number <= _MOST_BANDS and len(numerators) > 1:
        low, high = bootstrap_ratio(numerators, denominators, generator())
        if len(places) == 1:  # a band has no width there
            axes.vlines(places, low, high, color=colour, alpha=0.25, linewidth=6)
        axes.fill_between(places, low, high, color=colour, alpha=0.12, linewidth=0)


def _log_axis(axes: Axes, ticks: Sequence[int]) -> None:
    """Make the axis logarithmic, with as many of `ticks` as have room for their labels."""
    axes.set_xscale("log")
    apart = (max(ticks) / min(ticks)) ** (1 / 10)
    kept = [ticks[0]]
    for tick in ticks[1:]:
        if tick >= apart * kept[-1]:
            kept.append(tick)
    axes.set_xticks(kept, [str(tick) for tick in kept])
    axes.minorticks_off()


def _finish(picture: Picture, title: str, groups: Sequence[Group], *others: Line2D) -> Picture:
    """Add grid, title and a legend below, with `others` after the methods."""
    for axes in picture.axes:
        axes.grid(color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
    images = sorted({len(group.records) for group in groups})
    count = " to ".join(str(number) for number in dict.fromkeys([images[0], images[-1]]))
    picture.suptitle(_wrapped(f"{title} (images: {count})", 80), fontweight="bold")
    methods = [group.method for group in groups]
    names = names_of(methods)
    handles = [
        Line2D(
            [],
            [],
            color=_COLOURS[index % len(_COLOURS)],
            marker=_MARKERS[index % len(_MARKERS)],
            label=_wrapped(name, 80),
        )
        for index, name in enumerate(names)
    ]
    if len(groups) <= _MOST_BANDS and images[-1] > 1:
        others = (*others, Patch(color="0.3", alpha=0.12, label="95 % interval"))
    legend = picture.legend(handles=[*handles, *others], loc="outside lower center", frameon=False)
    width = 110 if len(picture.axes) == 1 else 190
    legend.set_title(_wrapped(shared_by(methods), width), {"size": _SMALL["fontsize"]})
    legend.get_title().set(color=_SMALL["color"], horizontalalignment="center")
    lines = sum(text.get_text().count("\n") + 1 for text in legend.get_texts())
    picture.set_figheight(4.2 + 0.22 * lines)
    return picture


def _by_data(data: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[int]]]:
    """Yield each data set once, with the numbers of its members.

    `data` are pairs of name and fingerprint; the fingerprint is in the title where it has to be.
    """
    pairs = dict.fromkeys(data)
    for name, fingerprint in pairs:
        alone = sum(other == name for other, _ in pairs) == 1
        members = [index for index, pair in enumerate(data) if pair == (name, fingerprint)]
        yield name if alone else f"{name} (data={fingerprint})", members


def _wrapped(text: str, width: int) -> str:
    """Break long names into lines, and keep a dollar sign from starting a formula."""
    return "\n".join(textwrap.wrap(text, width)).replace("$", r"\$")


def _save(pictures: Iterable[tuple[str, Picture]], folder: Path) -> list[Path]:
    """Save as PNG under names that every file system takes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for name, picture in pictures:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
        path = folder / f"{plain}.png"
        if path in paths:
            path = folder / f"{plain}-{len(paths)}.png"
        picture.savefig(path, dpi=150)
        paths.append(path)
    return paths
