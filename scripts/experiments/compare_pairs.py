"""How well models tell whether two pixels are in one mask: area under the ROC curve, precision.

Usage: python scripts/experiments/compare_pairs.py DATA... [--models default distilled] [--held-out]

In every image pixels are drawn; each that lies in a mask is clicked and scored against all others.
Pairs are what a distilled model learns, so this is the nearest comparison with its teacher. Prints
means over images, in percent, with 95 % intervals, and by how much each model is ahead of the first
on the same images; precision is at a prior of 1/2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tyro
from pairs import pair_auc, pair_precision
from tqdm import tqdm

from tamingseg.data.catalog import open_datasets
from tamingseg.data.split import hold_out, spread
from tamingseg.evaluation.cells import number_text, to_markdown
from tamingseg.metrics.bootstrap import bootstrap_ratio
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.load import load_segmentor, model_facts
from tamingseg.values import Click, Sample


@dataclass(frozen=True)
class ComparePairs:
    """Compare how well models tell whether two pixels are in one mask."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders."""
    models: tuple[str, ...] = ("default", "distilled")
    """Names or files, as `tamingseg evaluate` takes them."""
    held_out: bool = False
    """Every 20th image only, which training left out."""
    limit: int | None = None
    """Do only so many images per data set, spread evenly over it."""
    pixels: int = 100
    """Drawn in each image."""


def main(command: ComparePairs) -> None:
    """Measure all models on one data set after the other, and print a table of each."""
    datasets = open_datasets(command.data, split="train" if command.held_out else None)
    if command.held_out:
        datasets = [hold_out(dataset, 20)[1] for dataset in datasets]
    segmentors = [load_segmentor(name) for name in command.models]
    for segmentor, name in zip(segmentors, command.models, strict=True):
        print(", ".join(f"{key} {value}" for key, value in model_facts(segmentor, name).items()))
    for dataset in datasets:
        images = spread(len(dataset), command.limit)
        rows = [
            row
            for index in tqdm(images, dataset.name, leave=False)
            if (row := measure(segmentors, dataset[index], command.pixels, index))
        ]
        if rows:
            print(to_markdown(lines_of(dataset.name, segmentors, 100 * np.array(rows))), flush=True)
        else:
            print(f"{dataset.name}: no image has pairs of both kinds")


def lines_of(
    dataset: str, segmentors: Sequence[Segmentor], values: np.ndarray
) -> list[dict[str, Any]]:
    """Describe float (images, models, 2), in percent: a line per model, and its lead on the first.

    The lead is paired: its interval is of the differences on the same images.
    """

    def cells(numbers: np.ndarray, kind: str) -> dict[str, str]:
        low, high = bootstrap_ratio(numbers, None, np.random.default_rng(0))
        ends = zip(low, high, strict=True)
        means = zip(numbers.mean(axis=0), ends, strict=True)
        texts = [number_text(mean, "%", interval) for mean, interval in means]
        return dict(zip((f"AUC{kind}", f"precision{kind}"), texts, strict=True))

    lines = []
    for place, segmentor in enumerate(segmentors):
        line = {"data": dataset, "model": segmentor.name, "images": len(values)}
        line |= cells(values[:, place], "")
        lines.append(line | (cells(values[:, place] - values[:, 0], ", lead") if place else {}))
    return lines


def measure(
    segmentors: Sequence[Segmentor], sample: Sample, pixels: int, seed: int
) -> list[tuple[float, float]] | None:
    """Return AUC and precision of every model on one image; None without pairs of both kinds."""
    rng = np.random.default_rng(seed)
    label_map = sample.label_maps[0]
    known = np.argwhere(label_map >= (0 if sample.zero_is_background else 1))
    places = known[rng.permutation(len(known))[:pixels]]
    labels = label_map[places[:, 0], places[:, 1]]
    clicked = labels > 0  # nobody knows what is meant by a click on the background
    others = ~np.eye(len(places), dtype=bool)[clicked]
    same = (labels[clicked, None] == labels)[others]
    if same.all() or not same.any():
        return None
    clicks = [Click(row + 0.5, col + 0.5) for row, col in places[clicked]]
    figures = []
    for segmentor in segmentors:
        answers = segmentor.predict(segmentor.embed(sample.image), clicks, full_size=False)
        cells = ((places + 0.5) * np.divide(answers.shape[1:], label_map.shape)).astype(int)
        scores = answers[:, cells[:, 0], cells[:, 1]][others]
        figures.append((pair_auc(scores, same), pair_precision(scores, same)))
    return figures


if __name__ == "__main__":
    main(tyro.cli(ComparePairs, description=__doc__))
