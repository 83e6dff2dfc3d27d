"""Several models against one of them: a line per model, a column per data set and for their mean.

For experiments that change one thing at a time. `compare` says more about two methods; this says
one figure of many.
"""

from collections.abc import Iterable

import numpy as np

from tamingseg.evaluation.cells import number_text, to_markdown
from tamingseg.evaluation.figure import generator
from tamingseg.evaluation.groups import group_records
from tamingseg.evaluation.protocols.base import Group
from tamingseg.evaluation.records import Record
from tamingseg.metrics.bootstrap import bootstrap_mean_of_sets


def against_baseline(records: Iterable[Record], baseline: str, figure: str) -> str:
    """Write a Markdown table: `figure` of the model `baseline`, how far the others are above it.

    With 95 % intervals, of differences paired by image. The mean is over data sets, which count
    alike. Models come in order of their appearance, after the baseline; those that were measured on
    other data sets, or other images of them, are left out.

    Raises
    ------
    ValueError
        If there are no records of `baseline`, or of a data set by several methods of one name, or
        the figure is no mean over images.
    """
    models: dict[str, dict[str, Group]] = {}
    for group in group_records(records):
        found = models.setdefault(group.method["model"], {})
        if group.dataset in found:
            raise ValueError(
                f"{group.method['model']} was measured on {group.dataset} in several ways; give "
                "records of one protocol"
            )
        found[group.dataset] = group
    if baseline not in models:
        raise ValueError(f"no records of {baseline!r}; there are {', '.join(models) or 'none'}")
    base = models.pop(baseline)
    lines = [_line(baseline, {name: _values(group, figure) for name, group in base.items()})]
    for model, groups in models.items():
        if all(name in groups and _images(groups[name]) == _images(base[name]) for name in base):
            above = {
                name: _values(groups[name], figure) - _values(base[name], figure) for name in base
            }
            lines.append(_line(model, above, sign="+"))
    return to_markdown(lines)


def _line(model: str, values: dict[str, np.ndarray], sign: str = "") -> dict[str, str]:
    sets = {name: [one] for name, one in values.items()} | {"mean": list(values.values())}
    cells = {name: _cell(list(several), sign) for name, several in sets.items()}
    return {"model": model} | cells


def _cell(sets: list[np.ndarray], sign: str) -> str:
    value = float(np.mean([values.mean() for values in sets]))
    text = number_text(value, "%", bootstrap_mean_of_sets(sets, generator()))
    return sign + text if value >= 0 else text


def _values(group: Group, figure: str) -> np.ndarray:
    """Return what each image contributes to a mean over images, float64 (I,)."""
    parts = group.figures[figure].parts
    assert parts is not None  # as of all that is measured
    values, weights = parts
    if not (weights == 1).all():
        raise ValueError(f"expected a figure that is a mean over images, got {figure!r}")
    return values


def _images(group: Group) -> list[str]:
    return [record.image for record in group.records]
