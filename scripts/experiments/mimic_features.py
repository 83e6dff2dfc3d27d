"""Give a ClickNet another encoder: it learns to make the features of the one that is there.

    python scripts/experiments/mimic_features.py DATA --backbone tf_efficientnet_lite2 --output RUN
    tamingseg train default-cpu --initial RUN/model.safetensors --model.backbone ... (as for DATA)

The decoder stays as it is, so after these few steps the model answers clicks, and training goes on
from there. The encoder begins with its ImageNet weights. The same command goes on where it was
stopped. (Features as targets: FitNets, Romero et al., ICLR 2015.)
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
import tyro
from torch import Tensor

from tamingseg.cli.train import training_data
from tamingseg.models.clicknet import ClickNet
from tamingseg.training.click_task import click_training
from tamingseg.training.config import PRESETS, TrainConfig
from tamingseg.training.loop import Task, train
from tamingseg.weights.checkpoint import load_model
from tamingseg.weights.pretrained import load_imagenet
from tamingseg.weights.registry import weights_path

_OF_PYRAMID = slice(4, 8)
"""The features that follow from those of the pyramid, with weights that both models share."""


@dataclass(frozen=True)
class MimicFeatures:
    """Teach another encoder to make the features of a ClickNet."""

    data: tyro.conf.Positional[tuple[Path, ...]]
    """Data set folders; a folder that only holds data sets stands for all of them."""
    output: Path
    """Folder of the run."""
    backbone: str
    """Of the new encoder, with ImageNet weights."""
    model: str = "default"
    """Named weights or a file: the ClickNet that is mimicked."""
    steps: int = 500
    """Optimiser steps of 16 images."""
    sizes: tuple[tuple[float, int], ...] = ((0.5, 192), (1.0, 256))
    """Side of the training crop, as (until this share of the run, pixels), in order."""
    cache: Path = Path("runs/cache")
    """Folder for decoded images; many runs can share it."""
    workers: int = 1
    """Processes that prepare samples."""
    set_weights: tuple[tuple[str, float], ...] = ()
    """How often images of a data set are drawn; data sets not named have 1."""


class Mimicry(Task):
    """How far the features of `model` are from those of `teacher`, in standard deviations."""

    model: ClickNet

    def __init__(self, model: ClickNet, teacher: ClickNet):
        super().__init__()
        self.model = model
        self.teachers = [teacher.eval()]  # in a list, so that it is not trained

    def forward(
        self, batch: dict[str, Tensor], shared_seed: int, seed: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean squared error of a batch, and that of each map of features."""
        images = batch["image"].float() / 255
        with torch.no_grad():
            wanted = list(self.teachers[0].encode(images))
        found = list(self.model.encode(images))
        del wanted[_OF_PYRAMID], found[_OF_PYRAMID]
        errors = []
        for made, target in zip(found, wanted, strict=True):
            made, target = made.float(), target.float()
            places = (0, 2, 3) if target.ndim == 4 else None
            spread = target.var(places, keepdim=True) if places else target.var()
            errors.append(((made - target) ** 2 / spread.clamp(min=1e-4)).mean())
        named = {f"map {place}": error.detach() for place, error in enumerate(errors)}
        return torch.stack(errors).mean(), named


def student_of(teacher: ClickNet, backbone: str) -> ClickNet:
    """Return the same model with another encoder; what fits of the teacher is taken over."""
    student = ClickNet(replace(teacher.config, backbone=backbone, rated=False))
    load_imagenet(student.backbone, backbone)
    own = student.state_dict()
    fitting = {
        name: tensor
        for name, tensor in teacher.state_dict().items()
        if not name.startswith("backbone.") and name in own and own[name].shape == tensor.shape
    }
    student.load_state_dict(fitting, strict=False)
    student.decoder.requires_grad_(False)
    return student


def main(command: MimicFeatures) -> None:
    """Train, and say where the weights are."""
    teacher = load_model(weights_path(command.model))
    if not isinstance(teacher, ClickNet):
        raise ValueError(f"{command.model} is a {type(teacher).__name__}, expected a ClickNet")
    base = PRESETS["default-cpu"][1]
    config: TrainConfig = replace(
        base,
        data=command.data,
        output=command.output,
        cache=command.cache,
        workers=command.workers,
        set_weights=command.set_weights,
        steps=command.steps,
        sizes=command.sizes,
        batch=16,
        peak_lr=2e-3,
        encoder_lr=0.3,
        warmup=30,
        decay_share=0.5,
        average=0.99,
        checkpoint_every=200,
        sampling=replace(base.sampling, queries=1, target="mask"),
        augmentation=replace(base.augmentation, crop_area=(0.25, 1.0)),
        encoder="random",
    )
    kept, _ = training_data(config)
    _, samples = click_training(config, kept)
    train(config, Mimicry(student_of(teacher, command.backbone), teacher), samples)
    print(f"weights: {config.output / 'model.safetensors'}")


if __name__ == "__main__":
    main(tyro.cli(MimicFeatures, description=__doc__))
