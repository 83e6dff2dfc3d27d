"""A data set of pseudo-labels: what a model itself proposes on training images, as if it were true.

    python scripts/experiments/make_pseudo_labels.py DATA... --output PSEUDO
    tamingseg train PRESET --data DATA... PSEUDO ...

Held-out images are left out. All data sets become one, so that runs, which draw from their data
sets evenly, see pseudo-labels in one view of n + 1. The same command goes on where it was stopped,
and a larger --limit adds images; those without any stable mask are tried anew.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from label_maps import label_maps_of
from tqdm import tqdm

from tamingseg.data.base import MaskDataset
from tamingseg.data.catalog import find_entry, open_datasets
from tamingseg.data.split import hold_out
from tamingseg.data.writer import is_written, write_sample, write_settings
from tamingseg.proposals.generate import ProposalConfig, propose_masks
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.load import load_segmentor, model_fingerprint
from tamingseg.values import Sample


@dataclass(frozen=True)
class MakePseudoLabels:
    """Write what a model proposes on training images as a data set."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders; a folder that only holds data sets stands for all of them."""
    output: Path
    """Where images/, masks/ and set.json are written."""
    model: str = "default"
    """Name or file, as `tamingseg evaluate` takes it."""
    grid: int = 16
    """Clicks per side that the model is asked with."""
    stability: float = 0.85
    """Masks that are less stable are no labels; an image without any is left out."""
    masks: int = 50
    """At most so many masks per image, the first of the list."""
    maps: int = 3
    """At most so many label maps per image; parts and wholes lie in different ones."""
    held_out: int = 20
    """Every n-th image of each data set is left out, as `tamingseg train` does; 0 takes all."""
    limit: int | None = None
    """Do only so many images per data set, drawn from all of it."""


def main(command: MakePseudoLabels) -> None:
    """Propose masks on all images and write them."""
    datasets = open_datasets(command.data, split="train")
    names = [dataset.name for dataset in datasets]
    if len(set(names)) < len(names):
        raise ValueError(f"data sets need different names, got {', '.join(names)}; rename one")
    write_settings(command.output, facts_of(command, datasets))
    segmentor = load_segmentor(command.model)
    for dataset in datasets:
        kept, _ = hold_out(dataset, command.held_out)
        order = np.random.default_rng(0).permutation(len(kept))[: command.limit]
        for index in tqdm(order.tolist(), dataset.name, unit="image"):
            name = f"{dataset.name}/{kept.names[index]}"
            if is_written(command.output, name):
                continue
            sample = pseudo_labelled(kept[index], name, segmentor, command)
            if len(sample.label_maps):
                write_sample(command.output, sample)


def facts_of(command: MakePseudoLabels, datasets: Sequence[MaskDataset]) -> dict[str, Any]:
    """Return what set.json says: all that the labels follow from, and the licences."""
    elsewhere = ("data", "output", "limit")
    settings = {key: value for key, value in asdict(command).items() if key not in elsewhere}
    return {
        "kind": "masks that a model proposed, parts and wholes in different maps; 0 is background",
        # Of every mask the model also said what is not in it.
        "zero_is_background": True,
        "partition": False,
        "source": {dataset.name: dataset.fingerprint for dataset in datasets},
        "licence": {dataset.name: licence_of(dataset.name) for dataset in datasets},
        **settings,
        "model": f"{command.model} {model_fingerprint(command.model)}",
    }


def licence_of(name: str) -> str:
    """Return the licence of a data set of that name, as far as it is known."""
    entry, _ = find_entry(name)
    return entry.licence if entry else "that of the data set"


def pseudo_labelled(
    sample: Sample, name: str, segmentor: Segmentor, command: MakePseudoLabels
) -> Sample:
    """Return the image of a sample with label maps of the model's own masks, perhaps none."""
    config = ProposalConfig(grid=command.grid, min_stability=command.stability, count=command.masks)
    masks = propose_masks(segmentor, sample.image, config=config)
    maps = label_maps_of(masks, command.maps)
    return replace(sample, label_maps=maps, name=name, zero_is_background=True, parents={})


if __name__ == "__main__":
    main(tyro.cli(MakePseudoLabels, description=__doc__))
