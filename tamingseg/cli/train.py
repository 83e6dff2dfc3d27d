"""`tamingseg train PRESET --data FOLDER ... --output RUN`: train a click model.

The same command continues a run that was stopped. On several GPUs or machines, start it with
`torchrun -m tamingseg.cli.main train ...` or `accelerate launch -m tamingseg.cli.main train ...`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tyro

from tamingseg.cli.flags import refuse_renamed
from tamingseg.data.cache import CachedDataset
from tamingseg.data.catalog import open_datasets
from tamingseg.data.split import DatasetPart, hold_out
from tamingseg.evaluation.protocols import clicks
from tamingseg.models.clicknet import ClickNet
from tamingseg.segmentors.load import segmentor_for
from tamingseg.training.click_task import check_encoder, click_training
from tamingseg.training.config import PRESETS, RunConfig
from tamingseg.training.loop import is_main_process, local_main_process_first, train
from tamingseg.training.rating import learn_rating
from tamingseg.weights.checkpoint import save_checkpoint

_VALIDATION_IMAGES = 16
"""Per data set and checkpoint; enough to see a run go wrong, too few to rank recipes by."""


def main(arguments: Sequence[str]) -> int:
    """Parse, open the data, train."""
    refuse_renamed("tamingseg train", arguments, {"--folder": "--output"})
    config = tyro.extras.overridable_config_cli(
        PRESETS, prog="tamingseg train", description=__doc__, args=list(arguments)
    )
    check_encoder(config)
    kept, held = training_data(config)
    model: Any = train(config, *click_training(config, kept), validation(held) if held else None)
    one_mask = isinstance(model, ClickNet) and model.config.outputs == 1
    if one_mask and config.rated_images and is_main_process():
        rated = learn_rating(model, kept, config.rated_images, config.seed)
        save_checkpoint(rated, config.output / "model.safetensors")
    print(f"weights: {config.output / 'model.safetensors'}")
    return 0


def training_data(config: RunConfig) -> tuple[list[DatasetPart], list[DatasetPart]]:
    """Open the data sets of a run: what is trained on, and what is held out."""
    datasets = open_datasets(config.data, split="train")
    with local_main_process_first():  # one process of a machine fills the cache for all
        cached = [CachedDataset(dataset, config.cache, config.cache_side) for dataset in datasets]
    parts = [hold_out(dataset, config.held_out) for dataset in cached]
    kept = [part for part, _ in parts]
    print(f"training on {sum(map(len, kept))} images of {len(kept)} data sets")
    return kept, [part for _, part in parts if len(part)]


def validation(held: Sequence[DatasetPart]) -> Callable[[Any], dict[str, float]]:
    """Return model -> mIoU@1 of random clicks on held-out images, per data set and their mean."""
    protocol = clicks.Settings()

    def validate(model: Any) -> dict[str, float]:
        segmentor = segmentor_for(model, "validation", next(model.parameters()).device)
        scores = {}
        for part in held:
            per_image = [
                np.mean([result["ious"][0] for result in results])
                for index in range(min(len(part), _VALIDATION_IMAGES))
                if (results := clicks.measure(part[index], segmentor, protocol)[1])
            ]
            if per_image:
                scores[f"miou@1/{part.name}"] = float(np.mean(per_image))
        return {"miou@1": float(np.mean(list(scores.values()))), **scores}

    return validate
