"""How well models tell whether two pixels are in one mask: area under the ROC curve, precision.

Usage: python scripts/compare_pairs.py DATA... [--models default distilled] [--held-out]

In every image pixels are drawn; each that lies in a mask is clicked and scored against all others.
Pairs are what a distilled model learns, so this is the nearest comparison with its teacher. Prints
means over images, in percent, with 95 % intervals; precision is at a prior of 1/2.
"""

from dataclasses import dataclass

import numpy as np
import tyro
from tqdm import tqdm

from tamingseg.data.catalog import open_datasets
from tamingseg.data.split import hold_out, spread
from tamingseg.evaluation.text import number_text, to_markdown
from tamingseg.metrics.bootstrap import bootstrap_ratio
from tamingseg.metrics.pairs import pair_auc, pair_precision
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.load import load_segmentor
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
    """Measure all models on all data sets and print a table."""
    datasets = open_datasets(command.data, split="train" if command.held_out else None)
    if command.held_out:
        datasets = [hold_out(dataset, 20)[1] for dataset in datasets]
    lines = []
    for name in command.models:
        segmentor = load_segmentor(name)
        for dataset in datasets:
            images = spread(len(dataset), command.limit)
            figures = [
                measured
                for index in tqdm(images, f"{dataset.name}, {name}", leave=False)
                if (measured := measure(segmentor, dataset[index], command.pixels, index))
            ]
            values = 100 * np.array(figures)
            low, high = bootstrap_ratio(values, None, np.random.default_rng(0))
            cells = [
                number_text(mean, "%", ends)
                for mean, *ends in zip(values.mean(axis=0), low, high, strict=True)
            ]
            line = {"data": dataset.name, "model": name, "images": len(figures)}
            lines.append({**line, "AUC": cells[0], "precision": cells[1]})
    print(to_markdown(lines))


def measure(
    segmentor: Segmentor, sample: Sample, pixels: int, seed: int
) -> tuple[float, float] | None:
    """Return AUC and precision on one image; None if it has no pairs of both kinds."""
    rng = np.random.default_rng(seed)
    label_map = sample.label_maps[0]
    known = np.argwhere((label_map > 0) | sample.zero_is_background)
    places = known[rng.permutation(len(known))[:pixels]]
    labels = label_map[places[:, 0], places[:, 1]]
    clicked = labels > 0  # nobody knows what is meant by a click on the background
    others = ~np.eye(len(places), dtype=bool)[clicked]
    same = (labels[clicked, None] == labels)[others]
    if same.all() or not same.any():
        return None
    clicks = [Click(row + 0.5, col + 0.5) for row, col in places[clicked]]
    answers = segmentor.predict(segmentor.embed(sample.image), clicks, full_size=False)
    cells = ((places + 0.5) * np.divide(answers.shape[1:], label_map.shape)).astype(int)
    scores = answers[:, cells[:, 0], cells[:, 1]][others]
    return pair_auc(scores, same), pair_precision(scores, same)


if __name__ == "__main__":
    main(tyro.cli(ComparePairs, description=__doc__))
