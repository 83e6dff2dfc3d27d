"""Records of the kind ``levels`` -> figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamingseg.evaluation.figure import Figure
from tamingseg.evaluation.records import Record, check_numbers, masks_of, read_record
from tamingseg.metrics.levels import BINS, MOST_OFFERED, calibration_gaps

BEST_OF = ("default", *(f"best of {k}" for k in range(2, MOST_OFFERED + 1)))
"""What the numbers of `best` in a result are called: the best of 1 is the default mask."""

_NAMES = (*BEST_OF, "any level")


def level_figures(records: Sequence[Record]) -> dict[str, Figure]:
    """Return all figures of one method, by name; the records are of images with objects.

    ``default``, ``best of 2``, ``best of 3``, ..., ``any level`` over images, and ``per mask``:
    IoU with the mask that was asked for. ``around default``, ...: with all true masks that hold the
    click, each click with its mean. ``masks around`` is how many these are per click, ``offered``
    how many masks the model offers, the default one included.

    ``ECE`` is the expected calibration error; its interval keeps in which bins too much and in
    which too little is claimed. For each bin that has pixels there are ``claimed at 0``, the mean
    of their probabilities, ``found at 0``, how many of them are in the mask, and ``pixels at 0``,
    how many of the image's pixels they are.

    Raises
    ------
    ValueError
        If a record does not hold what its kind should.
    """
    figures = {}
    means = np.array([read_record(record, _mean_scores) for record in records])
    counts = np.array([len(masks_of(record)) for record in records])
    for row, prefix in enumerate(("", "around ")):
        for column, name in enumerate(_NAMES):
            values = means[:, row, column]
            figures[prefix + name] = Figure.ratio(values)
            figures[f"{prefix}{name} per mask"] = Figure.ratio(values * counts, counts)

    bins = np.array([read_record(record, _reliability) for record in records])
    pixels, claimed, found = bins.swapaxes(0, 1)
    figures["ECE"] = Figure.ratio(calibration_gaps(claimed, found), higher_is_better=False)
    for place in np.flatnonzero(pixels.sum(axis=0)).tolist():
        share = pixels[:, place]
        figures[f"claimed at {place}"] = Figure.ratio(claimed[:, place], share)
        figures[f"found at {place}"] = Figure.ratio(found[:, place], share)
        figures[f"pixels at {place}"] = Figure.ratio(share)

    numbers = np.concatenate([read_record(record, _numbers) for record in records])
    for name, number in zip(("offered", "masks around"), numbers.mean(axis=0), strict=True):
        figures[name] = Figure(float(number), "per click")
    return figures


def _mean_scores(record: Record) -> np.ndarray:
    """(2, len(_NAMES)): of the masks asked for, and of all around their clicks."""
    own = [_scores(result) for result in record.results]
    around = [
        np.mean([_scores(result), *map(_scores, result["others"])], axis=0)
        for result in record.results
    ]
    return np.mean([own, around], axis=1)


def _scores(result: dict[str, Any]) -> np.ndarray:
    values = np.array([*result["best"], result["any"]])
    return check_numbers(values, (len(_NAMES),))


def _reliability(record: Record) -> np.ndarray:
    return check_numbers(np.array(record.facts["reliability"]), (3, BINS))


def _numbers(record: Record) -> np.ndarray:
    """How many masks are offered and how many are true, (R, 2)."""
    pairs = [(result["offered"], 1 + len(result["others"])) for result in record.results]
    return check_numbers(np.array(pairs), (len(pairs), 2), np.inf)
