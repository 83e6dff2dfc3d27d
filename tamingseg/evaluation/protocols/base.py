"""What a protocol is: how it measures, and what reports make of its records.

Every file of this folder fills in a `Protocol`: its settings, what measures an image, the figures
of its records, the columns of its tables and what is drawn. The command line, the runs and the
reports know protocols by this alone; `table` lists them all.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from tamingseg.evaluation.cells import Lines, Summary
from tamingseg.evaluation.figure import MEASURED, Figure
from tamingseg.evaluation.records import Measured, Record, masks_of, read_record
from tamingseg.segmentors.base import Segmentor
from tamingseg.values import Sample

Table = tuple[str, Lines]
"""A caption and the lines of a table."""

FILES_INSTEAD = "files take the place of a model; leave --model and its settings away"
"""Said where both are given."""

_Config = TypeVar("_Config")


@dataclass(frozen=True)
class Method:
    """Who answers and how: what is done with every image of a data set.

    Attributes
    ----------
    made_by
        ``model`` and ``weights``: who answers. A retrained model has other weights. Perhaps
        ``precision``, what its encoder computes in.
    settings
        Everything else that changes a number.
    measure
        Gives the facts and results of an image.
    """

    made_by: dict[str, str]
    settings: dict[str, Any]
    measure: Callable[[Sample], Measured]


@dataclass(frozen=True)
class Line:
    """Figures of the same images over places on the x axis."""

    places: Sequence[float]
    figures: Sequence[Figure]
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes
    ----------
    xlabel, ylabel, title
        What is written at it.
    lines
        Of each group of records, in order.
    axes
        Further properties of the axes, by matplotlib's names.
    ticks, tick_names
        Where the x axis has labels, and what these are if not the numbers.
    log
        Whether the x axis is logarithmic; then only ticks with room for their labels are written.
    diagonal
        Whether the line on which x is y is drawn.
    notes
        A text for each group, or none.
    rings
        A point for each group to draw a ring around, or none.
    """

    xlabel: str
    ylabel: str
    lines: Sequence[Sequence[Line]]
    title: str = ""
    axes: Mapping[str, Any] = field(default_factory=dict)
    ticks: Sequence[float] = ()
    tick_names: Sequence[str] = ()
    log: bool = False
    diagonal: bool = False
    notes: Sequence[str] = ()
    rings: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Plot:
    """A picture of the records of several methods on one data set.

    Attributes
    ----------
    name
        How its files begin.
    title
        What it is headed, after the name of the data set.
    panels
        Gives the panels, side by side.
    legend
        What a line style or a marker stands for.
    fits
        Whether a group has enough to be drawn.
    """

    name: str
    title: str
    panels: Callable[[Sequence["Group"]], list[Panel]]
    legend: Mapping[str, str] = field(default_factory=dict)
    fits: Callable[["Group"], bool] = lambda group: True


@dataclass(frozen=True)
class Protocol:
    """One way to measure models.

    Attributes
    ----------
    name
        Of the command, and in records.
    summary
        What the list of commands says.
    title, explanation
        What its tables are headed, and what one must know to read them.
    settings
        A dataclass of what changes a number; its fields are the flags of the command.
    from_model
        Settings, a segmentor, and what records say of it -> the method.
    figures
        The records of a method -> all figures by name; there is at least one image with objects.
    tables
        The figures of several methods -> the tables.
    columns
        A result of a record as flat columns, further to what it holds besides lists.
    from_files
        Settings -> the method, if they name files that take the place of a model; else None.
    plots
        What is drawn.
    whole_images
        Whether whole segmentations are compared, with data sets that label every pixel; else single
        masks.
    """

    name: str
    summary: str
    title: str
    explanation: str
    settings: type
    from_model: Callable[[Any, Segmentor, dict[str, str]], Method]
    figures: Callable[["Group"], dict[str, Figure]]
    tables: Callable[[Sequence[Summary]], Iterator[Table]]
    columns: Callable[[dict[str, Any]], dict[str, Any]] = lambda result: {}
    from_files: Callable[[Any], Method | None] = lambda settings: None
    plots: tuple[Plot, ...] = ()
    whole_images: bool = False

    def truth_of(self, record: Record) -> Any:
        """Return what the results are about: the masks, or how many pixels all regions have."""
        if self.whole_images:
            return read_record(record, lambda r: r.facts["area"])
        return masks_of(record)


@dataclass(frozen=True)
class Group:
    """The records of one method on one data set.

    Attributes
    ----------
    protocol, dataset, method
        What they have in common.
    records
        Those of images with objects, in order of the images' names.
    without_objects
        Names of the other images.
    """

    protocol: Protocol
    dataset: str
    method: dict[str, Any]
    records: list[Record]
    without_objects: list[str]
    source: ClassVar[str] = MEASURED

    @property
    def protocol_name(self) -> str:
        """Name of the protocol."""
        return self.protocol.name

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """All figures by name; none if no image has objects.

        Raises
        ------
        ValueError
            If a record does not hold what its protocol wants.
        """
        return self.protocol.figures(self) if self.records else {}

    @property
    def counts(self) -> dict[str, int]:
        """How many images, of these how many without objects, and true masks if any are named."""
        empty = len(self.without_objects)
        counts = {"images": len(self.records) + empty, "without objects": empty}
        if not self.protocol.whole_images:
            counts["masks"] = sum(len(masks_of(record)) for record in self.records)
        return counts

    def per_image(self, read: Callable[[Record], Any]) -> list[Any]:
        """Apply `read` to every record; an error names the one that is damaged."""
        return [read_record(record, read) for record in self.records]


def made_by_files(folder: Path, pattern: str, changed: bool) -> dict[str, str]:
    """Return what stands for the model of results made elsewhere; other files, other hash.

    Raises
    ------
    ValueError
        If settings of a model are `changed` as well.
    FileNotFoundError
        If there are no files of that pattern.
    """
    if changed:
        raise ValueError(FILES_INSTEAD)
    files = sorted(folder.rglob(pattern))
    if not files:
        raise FileNotFoundError(f"{folder} holds no files; expected {pattern}, one per image")
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return {"model": folder.resolve().name, "weights": digest.hexdigest()[:12]}


def config_of(settings: Any, config: type[_Config]) -> _Config:
    """Return the fields that settings have from one of their base classes."""
    return config(**{each.name: getattr(settings, each.name) for each in fields(config)})  # type: ignore[arg-type]
