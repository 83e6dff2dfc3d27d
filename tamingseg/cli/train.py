"""`tamingseg train PRESET --data FOLDER ... --folder RUN`: train a click model.

The same command goes on with a run that was stopped. On several GPUs or machines, start it with
`torchrun -m tamingseg.cli.main train ...` or `accelerate launch -m tamingseg.cli.main train ...`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from tamingseg.data.base import MaskDataset
from tamingseg.data.cache import CachedDataset
from tamingseg.data.catalog import open_dataset
from tamingseg.data.split import DatasetPart, hold_out
from tamingseg.evaluation.interactive import ClickProtocol, evaluate_image
from tamingseg.segmentors.click import segmentor_for
from tamingseg.training.config import PRESETS
from tamingseg.training.loop import train

_VALIDATION_IMAGES = 16
"""Per data set and checkpoint; enough to see a run go wrong, too few to rank recipes by."""


def main(arguments: Sequence[str]) -> int:
    """Parse, open the data, train."""
    config = tyro.extras.overridable_config_cli(
        PRESETS, prog="tamingseg train", description=__doc__, args=list(arguments)
    )
    parts = [
        hold_out(CachedDataset(dataset, config.cache, config.cache_side), config.held_out)
        for dataset in open_all(config.data)
    ]
    kept, held = ([pair[side] for pair in parts] for side in (0, 1))
    print(f"training on {sum(map(len, kept))} images of {len(kept)} data sets")
    train(config, kept, validation(held) if config.held_out else None)
    print(f"weights: {config.folder / 'model.safetensors'}")
    return 0


def open_all(folders: Sequence[Path]) -> list[MaskDataset]:
    """Open data set folders, and every data set inside a folder that is none itself.

    Raises
    ------
    ValueError
        If no folder was given.
    """
    if not folders:
        raise ValueError("no data: give at least one data set folder with --data")
    datasets: list[MaskDataset] = []
    for folder in folders:
        try:
            datasets.append(open_dataset(folder))
        except FileNotFoundError:
            inside = sorted(path for path in folder.glob("*") if path.is_dir())
            if not inside:
                raise
            datasets.extend(open_dataset(path) for path in inside)
    return datasets


def validation(held: Sequence[DatasetPart]) -> Callable[[Any], dict[str, float]]:
    """Return model -> mIoU@1 of random clicks on held-out images, per data set and their mean."""

    def validate(model: Any) -> dict[str, float]:
        segmentor = segmentor_for(model, "validation", next(model.parameters()).device)
        scores = {}
        for part in held:
            per_image = [
                np.mean([row.ious[0] for row in rows])
                for index in range(min(len(part), _VALIDATION_IMAGES))
                if (rows := evaluate_image(part[index], part.name, segmentor, ClickProtocol()))
            ]
            scores[f"miou@1/{part.name}"] = float(np.mean(per_image)) if per_image else 0.0
        return {"miou@1": float(np.mean(list(scores.values()))), **scores}

    return validate
