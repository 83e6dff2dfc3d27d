"""One image, one point: how well a model's proposals meet it against how well one click does.

Both are means over the same true masks of an image, of records of one model on one data set: the
best IoU among the first proposals without a click, and the IoU after one click.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from tamingseg.evaluation.cells import to_markdown
from tamingseg.evaluation.figure import generator
from tamingseg.evaluation.groups import group_records
from tamingseg.evaluation.methods import ABSENT, names_of, settings_of, shared_by
from tamingseg.evaluation.protocols.base import Group
from tamingseg.evaluation.protocols.proposals import BUDGETS
from tamingseg.evaluation.records import Record
from tamingseg.metrics.bootstrap import Correlation, bootstrap_correlation

CLICKS, PROPOSALS = "mIoU@1", f"mIoU({BUDGETS[-1]})"
"""The two figures, in percent."""


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """The points of one model on one data set.

    Attributes
    ----------
    dataset
        Name of the data set.
    method
        The settings of both, those of the clicks where both have one.
    name
        In words that tell the methods from those of the other scatters.
    images
        I names; images without objects have no point.
    clicks, proposals
        float64, (I,), percent: `CLICKS` and `PROPOSALS` of each image.
    """

    dataset: str
    method: dict[str, Any]
    name: str
    images: list[str]
    clicks: np.ndarray
    proposals: np.ndarray

    def correlations(self) -> dict[str, Correlation]:
        """Return Pearson's and Spearman's correlation with 95 % intervals; nan if undefined."""
        return {
            name: bootstrap_correlation(self.clicks, self.proposals, generator(), ranks)
            for name, ranks in (("Pearson", False), ("Spearman", True))
        }


def scatters(records: Iterable[Record]) -> list[Scatter]:
    """Join every clicking method with every proposing one of the same model on the same data.

    Records of several clicks count with their first. Joined are only methods with one fingerprint
    of the data, one of the weights and one smallest area of a mask; those without a common image
    that has objects are left out.

    Raises
    ------
    ValueError
        If a record does not hold what its protocol wants.
    """
    groups = group_records(records)
    pairs = [
        (clicks, proposals)
        for clicks, proposals in product(groups, groups)
        if (clicks.protocol_name, proposals.protocol_name) == ("clicks", "proposals")
        and _key(clicks) == _key(proposals)
    ]
    methods = [
        {**p.method, **c.method, "proposals.version": p.method.get("version")} for c, p in pairs
    ]
    names = names_of([{"dataset": c.dataset} | m for (c, _), m in zip(pairs, methods, strict=True)])
    found = []
    for (clicks, proposals), method, name in zip(pairs, methods, names, strict=True):
        first, second = _per_image(clicks, CLICKS), _per_image(proposals, PROPOSALS)
        images = [image for image in first if image in second]
        values = [np.array([figure[image] for image in images]) for figure in (first, second)]
        found.append(Scatter(clicks.dataset, method, name, images, *values))
    return [scatter for scatter in found if scatter.images]


def point_lines(found: Iterable[Scatter]) -> Iterator[dict[str, Any]]:
    """Yield one line per image, for CSV."""
    for scatter in found:
        points = zip(scatter.images, scatter.clicks, scatter.proposals, strict=True)
        for image, clicks, proposals in points:
            yield {
                "dataset": scatter.dataset,
                "image": image,
                CLICKS: round(float(clicks), 6),
                PROPOSALS: round(float(proposals), 6),
                **{f"method.{key}": text for key, text in settings_of(scatter.method).items()},
            }


def correlation_table(found: Sequence[Scatter]) -> str:
    """Write images and both correlations of every scatter in Markdown, common settings above."""
    lines = []
    for scatter in found:
        line = {"data set": scatter.dataset, "method": scatter.name}
        line |= {key: str(scatter.method.get(key, ABSENT)) for key in ("weights", "data")}
        line["images"] = str(len(scatter.images))
        for name, correlation in scatter.correlations().items():
            line[name] = correlation_text(correlation)
        lines.append(line)
    return (
        f"{CLICKS} against {PROPOSALS}, one point per image. In brackets: 95 % interval of a "
        f"bootstrap over images.\nAll lines: {shared_by([s.method for s in found])}.\n\n"
        f"{to_markdown(lines)}"
    )


def correlation_text(correlation: Correlation) -> str:
    """Write a correlation with its interval; a dash for what is not defined.

    >>> correlation_text(Correlation(0.5, 0.4, 0.6))
    '0.50 [0.40, 0.60]'
    >>> correlation_text(Correlation(1.0, float("nan"), float("nan")))
    '1.00'
    """
    if np.isnan(correlation.value):
        return "-"
    if np.isnan(correlation.low):
        return f"{correlation.value:.2f}"
    return f"{correlation.value:.2f} [{correlation.low:.2f}, {correlation.high:.2f}]"


def _key(group: Group) -> tuple[Any, ...]:
    names = ("model", "weights", "precision", "data", "min_area")
    return group.dataset, *(group.method.get(name) for name in names)


def _per_image(group: Group, name: str) -> dict[str, float]:
    """Return the percent of each image with objects."""
    if not group.records:
        return {}
    parts = group.figures[name].parts
    assert parts is not None  # as of all that is measured
    numerators = parts[0]
    return dict(zip((record.image for record in group.records), numerators.tolist(), strict=True))
