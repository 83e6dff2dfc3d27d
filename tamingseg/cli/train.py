"""`tamingseg train PRESET --data FOLDER ... --folder FOLDER`: train a click model."""

from collections.abc import Sequence
from pathlib import Path

import torch
import tyro

from tamingseg.data.base import MaskDataset
from tamingseg.data.cache import CachedDataset
from tamingseg.data.catalog import open_dataset
from tamingseg.data.split import hold_out
from tamingseg.models.table import MODELS
from tamingseg.training.config import PRESETS, TrainConfig
from tamingseg.training.loop import train
from tamingseg.weights.checkpoint import load_model


def main(arguments: Sequence[str]) -> int:
    """Parse, open the data, build the model, train."""
    config = tyro.extras.overridable_config_cli(
        PRESETS, prog="tamingseg train", description=__doc__, args=list(arguments)
    )
    datasets = [
        hold_out(CachedDataset(dataset, config.cache, config.cache_side), config.held_out)[0]
        for dataset in open_all(config.data)
    ]
    print(f"training on {sum(map(len, datasets))} images of {len(datasets)} data sets")
    train(start_model(config), datasets, config)
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


def start_model(config: TrainConfig) -> torch.nn.Module:
    """Return the model a run starts from: random by its seed, or the weights of `config.initial`."""
    if config.initial is not None:
        return load_model(config.initial)
    build = {config_class: model for model, config_class in MODELS.values()}
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        return build[type(config.model)](config.model)
