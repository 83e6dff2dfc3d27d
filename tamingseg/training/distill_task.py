"""Distillation: a model that gives every pixel a feature learns to answer clicks like its teacher.

Both are asked with the same clicks. The losses compare the student's affinity map with what the
teacher answered, a probability per pixel, and, on other clicks, with the true region under the
click. The losses must be proper at soft targets: cross-entropy, and IoU in its min/max form.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tamingseg.data.base import MaskDataset
from tamingseg.data.teacher import Teacher, TeacherAnswers
from tamingseg.data.training import ClickTrainingSet
from tamingseg.losses import LOSSES, check_losses
from tamingseg.models.pixel_embedder import PixelEmbedder
from tamingseg.training.click_task import ClickTask, start_encoder
from tamingseg.training.config import DistillConfig
from tamingseg.training.loop import Task
from tamingseg.training.mosaics import with_mosaics
from tamingseg.weights.checkpoint import load_model
from tamingseg.weights.registry import weights_path


class DistillTask(Task):
    """A student with its loss against teacher and truth, as one module.

    Parameters
    ----------
    losses
        Names of `tamingseg.losses.LOSSES` and their weights, for both.
    """

    def __init__(
        self,
        model: PixelEmbedder,
        losses: dict[str, float],
        teacher_weight: float,
        truth_weight: float,
    ):
        super().__init__()
        self.model: PixelEmbedder = model
        self.truth = ClickTask(model, losses)
        self.losses = check_losses(losses, soft=True)
        self.teacher_weight, self.truth_weight = teacher_weight, truth_weight

    def forward(
        self, batch: dict[str, Tensor], shared_seed: int, seed: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch and numbers to log.

        Parameters
        ----------
        batch
            What `data.training.collate` made of samples with teacher answers: what `ClickTask`
            reads, ``teacher_clicks`` (B, N, 1, 3) and uint8 ``teacher_answers`` (B, N, h, w).
        shared_seed, seed
            See `training.loop.train`; nothing is random here.
        """
        features = self.model.encode(batch["image"].float() / 255)
        loss, logged = self.truth.loss_of(features, batch, 0, seed)
        clicks = batch["teacher_clicks"]
        logits = self.model.decode(features, clicks)
        answers = batch["teacher_answers"].float() / 255
        asked = (clicks[:, :, 0, 2] == 1).float()
        total = loss * self.truth_weight
        for name, weight in self.losses.items():
            flat = LOSSES[name](logits.flatten(0, 1), answers.flatten(0, 1), None)
            mean = (flat.unflatten(0, asked.shape) * asked).sum() / asked.sum().clamp(min=1)
            total = total + self.teacher_weight * weight * mean
            logged[f"teacher/{name}"] = mean.detach()
        return total, logged


def distillation(
    config: DistillConfig, datasets: Sequence[MaskDataset], teacher: Teacher, teacher_name: str
) -> tuple[DistillTask, ClickTrainingSet]:
    """Return what `training.loop.train` needs for a distillation.

    Parameters
    ----------
    datasets
        Their images are shown to `teacher`; with `config.answers` the answers come from there.
    teacher, teacher_name
        See `TeacherAnswers`.

    Raises
    ------
    ValueError
        If `config.initial` has nothing in common with the student, or textures cannot be read.
    """
    answers: list[TeacherAnswers | None] = [
        TeacherAnswers(dataset, teacher, teacher_name, config.grid, config.answers)
        for dataset in datasets
    ]
    datasets = with_mosaics(datasets, config)
    answers += [None] * (len(datasets) - len(answers))
    samples = ClickTrainingSet(
        datasets,
        config.size_of,
        config.sampling,
        config.augmentation,
        config.seed,
        answers,
        dict(config.set_weights),
    )
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model = PixelEmbedder(config.model)
    start_encoder(model, config)
    if config.initial is not None:
        _take_over(model, config.initial)
    losses = dict(config.losses)
    return DistillTask(model, losses, config.teacher_weight, config.truth_weight), samples


def _take_over(model: nn.Module, initial: str) -> None:
    """Copy the weights called `initial`, or in that file, that have the same name and shape."""
    own, other = model.state_dict(), load_model(weights_path(initial)).state_dict()
    same = {key: other[key] for key in own if key in other and own[key].shape == other[key].shape}
    if not any("weight" in key for key in same):
        raise ValueError(
            f"no weights of {initial} fit the student; an encoder that can be taken over has the "
            "backbone and the pyramid of --model, and --initial None starts from random numbers"
        )
    model.load_state_dict({**own, **same})
