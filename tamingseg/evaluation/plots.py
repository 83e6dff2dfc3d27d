"""Records -> pictures: what the protocols want drawn, and the scatter of clicks and proposals.

One PNG of each per data set. Colours are those of Okabe and Ito, which the colour-blind can tell
apart, and every method has a marker of its own besides. Nothing global of matplotlib is touched.
"""

import io
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tamingseg.evaluation.figure import generator
from tamingseg.evaluation.groups import group_records
from tamingseg.evaluation.methods import names_of, shared_by
from tamingseg.evaluation.protocols.base import Group, Line, Panel, Plot
from tamingseg.evaluation.protocols.table import PROTOCOLS
from tamingseg.evaluation.records import Record
from tamingseg.evaluation.scatter import CLICKS, PROPOSALS, Scatter, correlation_text, scatters
from tamingseg.files import write_whole
from tamingseg.metrics.bootstrap import bootstrap_ratio

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_SMALL: dict[str, Any] = {"fontsize": 6.5, "color": "0.4"}
"""How the settings are written that everything in a picture has in common."""

_WIDTHS = {1: 7, 2: 12, 3: 12, 4: 14}
"""Inches of a picture, by its number of panels."""

_MOST_BANDS = 4
"""With more methods in a picture, bands of intervals would hide each other."""

_Pictures = Iterator[tuple[str, Picture]]
"""Pictures with what they are called."""


def save_plots(records: Sequence[Record], folder: Path) -> list[Path]:
    """Draw everything the records have points for, the scatter included; returns the files.

    Raises
    ------
    ValueError
        If there is nothing to draw, or a record does not hold what its protocol wants.
    """
    groups = [group for group in group_records(records) if group.records]
    pictures = [*_pictures(groups), *_scatter_pictures(scatters(records))]
    if not pictures:
        raise ValueError(
            "nothing to draw: expected records of several clicks, of levels, of proposals or of "
            "regions, with images that have objects"
        )
    return _save(pictures, folder)


def save_scatters(found: Iterable[Scatter], folder: Path) -> list[Path]:
    """Draw one picture per data set, with one panel per method; returns the files."""
    return _save(_scatter_pictures(found), folder)


def _pictures(groups: Sequence[Group]) -> _Pictures:
    """Draw the plots of all protocols, one picture per data set."""
    for protocol in PROTOCOLS.values():
        of_protocol = [group for group in groups if group.protocol is protocol]
        for plot in protocol.plots:
            fitting = [group for group in of_protocol if plot.fits(group)]
            data = [(group.dataset, str(group.method.get("data"))) for group in fitting]
            for title, members in _by_data(data):
                yield f"{plot.name}-{title}", _draw(plot, title, [fitting[i] for i in members])


def _draw(plot: Plot, title: str, groups: Sequence[Group]) -> Picture:
    panels = plot.panels(groups)
    picture = Picture(figsize=(_WIDTHS[len(panels)], 4), layout="constrained")
    for place, panel in enumerate(panels, 1):
        _draw_panel(picture.add_subplot(1, len(panels), place), panel)
    return _finish(picture, f"{title}: {plot.title}", groups, plot.legend)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    if panel.diagonal:
        axes.plot([0, 100], [0, 100], color="0.75", linewidth=1, zorder=1)
    for index, lines in enumerate(panel.lines):
        for line in lines:
            _draw_line(axes, line, index, len(panel.lines))
        if panel.rings:
            x, y = panel.rings[index]
            axes.plot(x, y, "o", markersize=13, mfc="none", mec=_colour(index))
    for index, note in enumerate(panel.notes):
        place = 0.02, 0.98 - 0.05 * index
        axes.text(
            *place, note, color=_colour(index), fontsize=8, va="top", transform=axes.transAxes
        )
    axes.set_title(panel.title, fontsize=9)
    axes.set(xlabel=panel.xlabel, ylabel=panel.ylabel, **panel.axes)
    if panel.log:
        _log_axis(axes, panel.ticks)
    elif len(panel.ticks):
        axes.set_xticks(panel.ticks, panel.tick_names or None)
    if axes.get_yscale() == "log":
        axes.yaxis.set_major_formatter("{x:g}")


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]


def _draw_line(axes: Axes, line: Line, index: int, number: int) -> None:
    """Draw a line of group `index` of `number`, with a band where there is room for one."""
    colour = _colour(index)
    axes.plot(
        line.places,
        [figure.value for figure in line.figures],
        color=colour,
        linestyle="--" if line.dashed else "-",
        marker=_MARKERS[index % len(_MARKERS)],
        markersize=5,
        markevery=max(1, len(line.places) // 10),
    )
    parts = (figure.parts for figure in line.figures)
    numerators, denominators = (np.stack(side, axis=1) for side in zip(*parts, strict=True))
    if number <= _MOST_BANDS and len(numerators) > 1:
        low, high = bootstrap_ratio(numerators, denominators, generator())
        if len(line.places) == 1:  # a band has no width there
            axes.vlines(line.places, low, high, color=colour, alpha=0.25, linewidth=6)
        axes.fill_between(line.places, low, high, color=colour, alpha=0.12, linewidth=0)


def _scatter_pictures(found: Iterable[Scatter]) -> _Pictures:
    found = list(found)
    for title, members in _by_data([(s.dataset, str(s.method.get("data"))) for s in found]):
        chosen = [found[index] for index in members]
        columns = min(3, len(chosen))
        rows = -(-len(chosen) // columns)
        picture = Picture(
            figsize=(1 + 4 * columns, 0.8 + 4.8 * rows),
            layout=ConstrainedLayoutEngine(h_pad=0.15, w_pad=0.1),
        )
        for index, scatter in enumerate(chosen):
            axes = picture.add_subplot(rows, columns, index + 1)
            axes.plot([0, 100], [0, 100], color="0.75", linewidth=1, zorder=1)
            axes.plot(
                scatter.clicks,
                scatter.proposals,
                linestyle="",
                marker=_MARKERS[index % len(_MARKERS)],
                color=_colour(index),
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


def _log_axis(axes: Axes, ticks: Sequence[float]) -> None:
    """Make the axis logarithmic, with as many of `ticks` as have room for their labels."""
    axes.set_xscale("log")
    apart = (max(ticks) / min(ticks)) ** (1 / 10)
    kept = [ticks[0]]
    for tick in ticks[1:]:
        if tick >= apart * kept[-1]:
            kept.append(tick)
    axes.set_xticks(kept, [str(tick) for tick in kept])
    axes.minorticks_off()


def _finish(
    picture: Picture, title: str, groups: Sequence[Group], signs: Mapping[str, str]
) -> Picture:
    """Add grid, title and a legend below: the methods, then what other `signs` stand for."""
    for axes in picture.axes:
        axes.grid(color="0.9")
        axes.spines[["top", "right"]].set_visible(False)
    images = sorted({len(group.records) for group in groups})
    count = " to ".join(str(number) for number in dict.fromkeys([images[0], images[-1]]))
    picture.suptitle(_wrapped(f"{title} (images: {count})", 80), fontweight="bold")
    methods = [group.method for group in groups]
    names = names_of(methods)
    handles: list[Artist] = [
        Line2D(
            [],
            [],
            color=_colour(index),
            marker=_MARKERS[index % len(_MARKERS)],
            label=_wrapped(name, 80),
        )
        for index, name in enumerate(names)
    ]
    handles += [_sign(sign, meaning) for sign, meaning in signs.items()]
    if len(groups) <= _MOST_BANDS and images[-1] > 1:
        handles.append(Patch(color="0.3", alpha=0.12, label="95 % interval"))
    legend = picture.legend(handles=handles, loc="outside lower center", frameon=False)
    width = 110 if len(picture.axes) == 1 else 190
    legend.set_title(_wrapped(shared_by(methods), width), FontProperties(size=_SMALL["fontsize"]))
    legend.get_title().set(color=_SMALL["color"], horizontalalignment="center")
    lines = sum(text.get_text().count("\n") + 1 for text in legend.get_texts())
    picture.set_figheight(4.2 + 0.22 * lines)
    return picture


def _sign(sign: Any, meaning: str) -> Line2D:
    """Return the entry of a legend for a line style or a ring."""
    if sign != "o":
        return Line2D([], [], color="0.3", linestyle=sign, label=meaning)
    ring = Line2D([], [], linestyle="", marker="o", markersize=11, color="0.3", label=meaning)
    ring.set_markerfacecolor("none")
    return ring


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
    paths: list[Path] = []
    for name, picture in pictures:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")
        path = folder / f"{plain}.png"
        if path in paths:
            path = folder / f"{plain}-{len(paths)}.png"
        file = io.BytesIO()
        picture.savefig(file, format="png", dpi=150)
        write_whole(path, file.getvalue())
        paths.append(path)
    return paths
