"""Ways to divide images into regions, beside each other: rows for `tamingseg report`.

Usage: python scripts/experiments/compare_partitions.py DATA... [--held-out] [--limit 20]

All ways are asked for the same numbers of regions. The rows are those of `tamingseg evaluate
regions`, so that tables, plots and comparisons come from `tamingseg report`; a run that was stopped
is gone on with. Beside ours (greedy, normalised cut, multicut with its own number of regions, and
greedy merging up to a cost that is the same for all images) stand those of scikit-image:

- Felzenszwalb & Huttenlocher (IJCV 2004): of a series of scales the one whose number of regions is
  nearest to that asked for;
- SLIC superpixels (Achanta et al., PAMI 2012), merged by mean colour to exactly the number;
- normalised cut (Shi & Malik, PAMI 2000) of the same superpixels: of a series of thresholds the one
  whose number is nearest.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import tyro
from scipy.sparse.linalg import ArpackError
from skimage import graph
from skimage.segmentation import felzenszwalb, slic

from tamingseg.data.base import MaskDataset
from tamingseg.data.catalog import open_datasets
from tamingseg.data.split import hold_out
from tamingseg.evaluation.protocols import regions
from tamingseg.evaluation.protocols.regions import (
    REGION_COUNTS,
    Segmenter,
    partition_settings,
    partitions_from_model,
)
from tamingseg.evaluation.report import tables
from tamingseg.evaluation.runs import Job, run_jobs
from tamingseg.partition.build import PartitionConfig, PartitionMethod
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.load import load_segmentor, model_facts
from tamingseg.values import Sample

SCALES = tuple(round(30 * 1.5**step) for step in range(16))
THRESHOLDS = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8)
SUPERPIXELS = 400


@dataclass(frozen=True)
class Compare:
    """Compare ways to divide images into regions."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders whose images are labelled everywhere."""
    held_out: bool = False
    """Every 20th image only, which training left out: for choosing settings."""
    limit: int | None = None
    """Do only so many images per data set."""
    model: str = "distilled"
    """Name of a segmentor, or a checkpoint file."""
    output: Path = Path("runs/partitions.jsonl")
    """File for the rows; what it already holds is not done again."""
    threads: int | None = None
    """CPU threads of torch."""


def felzenszwalb_huttenlocher(image: np.ndarray) -> list[np.ndarray]:
    """Return a segmentation for each of `REGION_COUNTS`."""
    return _nearest([felzenszwalb(image, scale=scale, min_size=50) + 1 for scale in SCALES])


def slic_mean_colour(image: np.ndarray) -> list[np.ndarray]:
    """Return a segmentation for each of `REGION_COUNTS`, or as many as there are superpixels."""
    labels = slic(image, SUPERPIXELS, start_label=0)
    merges: list[tuple[int, int]] = []

    def merge(rag: nx.Graph, gone: int, kept: int) -> None:
        merges.append((gone, kept))
        for key in ("total color", "pixel count"):
            rag.nodes[kept][key] = rag.nodes[kept][key] + rag.nodes[gone][key]
        rag.nodes[kept]["mean color"] = (
            rag.nodes[kept]["total color"] / rag.nodes[kept]["pixel count"]
        )

    def weight(rag: nx.Graph, _: int, kept: int, other: int) -> dict[str, float]:
        apart = rag.nodes[kept]["mean color"] - rag.nodes[other]["mean color"]
        return {"weight": float(np.linalg.norm(apart))}

    rag = graph.rag_mean_color(image, labels)
    graph.merge_hierarchical(labels, rag, np.inf, False, True, merge, weight)
    count = int(labels.max()) + 1
    found = []
    for wanted in REGION_COUNTS:
        owner = np.arange(count)
        for gone, kept in merges[: max(0, count - wanted)]:
            owner[owner == gone] = kept
        found.append(owner[labels] + 1)
    return found


def normalised_cut(image: np.ndarray) -> list[np.ndarray]:
    """Return a segmentation for each of `REGION_COUNTS`."""
    labels = slic(image, SUPERPIXELS, start_label=0)
    rag = graph.rag_mean_color(image, labels, mode="similarity")
    # The start of the eigensolver is drawn; a fixed seed gives the same regions every time.
    found = [np.ones_like(labels)]
    for threshold in THRESHOLDS:
        # The eigensolver gives up on some graphs; their other thresholds are left.
        with contextlib.suppress(ArpackError):
            found.append(graph.cut_normalized(labels, rag, threshold, in_place=False, rng=0) + 1)
    return _nearest(found)


def _nearest(segmentations: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Choose for each of `REGION_COUNTS` the one whose number of regions is nearest in ratio."""
    counts = np.log([len(np.unique(labels)) for labels in segmentations])
    return [segmentations[np.abs(counts - np.log(wanted)).argmin()] for wanted in REGION_COUNTS]


def _ends(series: Sequence[float]) -> str:
    return f"{series[0]}...{series[-1]} ({len(series)})"


FIELD: Mapping[str, tuple[Callable[[np.ndarray], list[np.ndarray]], dict[str, Any]]] = {
    "Felzenszwalb-Huttenlocher": (felzenszwalb_huttenlocher, {"scales": _ends(SCALES)}),
    "SLIC + mean colour": (slic_mean_colour, {"superpixels": SUPERPIXELS}),
    "normalised cut of scikit-image": (
        normalised_cut,
        {"superpixels": SUPERPIXELS, "thresholds": _ends(THRESHOLDS)},
    ),
}
OURS: Mapping[str, tuple[PartitionMethod, bool]] = {
    "greedy": ("greedy", False),
    "greedy, by cost": ("greedy", True),
    "normalised cut": ("normalised-cut", False),
    "multicut": ("multicut", False),
}


def jobs_on(
    dataset: MaskDataset, segmentor: Segmentor, facts: Mapping[str, str], limit: int | None
) -> list[Job]:
    """All ways on one data set; the name of the way stands in place of the model's."""
    jobs = []
    for name, (method, by_cost) in OURS.items():
        how = method, PartitionConfig(), by_cost
        segment = partitions_from_model(segmentor, *how)
        ours = {**facts, "model": f"{segmentor.name}, {name}"}
        settings = partition_settings(*how)
        settings["settings"] = _text(settings.pop("partition"))  # one column instead of many
        chosen = regions.method(segment, ours, settings)
        jobs.append(Job(regions.PROTOCOL, dataset, chosen, limit))
    for name, (segment_image, constants) in FIELD.items():
        theirs = {"model": name, "weights": f"scikit-image {version('scikit-image')}"}
        settings = {"regions": list(REGION_COUNTS), "settings": _text(constants)}
        chosen = regions.method(_by_image(segment_image), theirs, settings)
        jobs.append(Job(regions.PROTOCOL, dataset, chosen, limit))
    return jobs


def _text(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in settings.items())


def _by_image(segment_image: Callable[[np.ndarray], list[np.ndarray]]) -> Segmenter:
    def segment(sample: Sample) -> tuple[Sequence[int], Sequence[np.ndarray]]:
        return REGION_COUNTS, segment_image(sample.image)

    return segment


def main() -> None:
    """Measure image by image, and print the tables with the published figures."""
    command = tyro.cli(Compare)
    segmentor = load_segmentor(command.model, threads=command.threads)
    facts = model_facts(segmentor, command.model)
    jobs = []
    for dataset in open_datasets(command.data, split="train" if command.held_out else None):
        chosen = hold_out(dataset, 20)[1] if command.held_out else dataset
        jobs += jobs_on(chosen, segmentor, facts, command.limit)
    print(tables(run_jobs(jobs, command.output) or [], published=True))


if __name__ == "__main__":
    main()
