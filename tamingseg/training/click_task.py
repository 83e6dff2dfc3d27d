"""From a batch to a loss: ask the model with clicks, then with clicks on its own errors."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tamingseg.data.base import MaskDataset
from tamingseg.data.training import ClickTrainingSet
from tamingseg.losses import LOSSES, check_losses
from tamingseg.models.clicknet import ClickNet, ClickNetConfig, best_candidates
from tamingseg.models.segnext import SegNextConfig
from tamingseg.models.table import MODELS, Model
from tamingseg.prompts.clickers import error_click
from tamingseg.training.config import DistillConfig, TrainConfig
from tamingseg.training.loop import Task
from tamingseg.training.mosaics import with_mosaics
from tamingseg.values import MASK_THRESHOLD
from tamingseg.weights.checkpoint import load_model
from tamingseg.weights.pretrained import check_imagenet, load_imagenet
from tamingseg.weights.registry import weights_path


class ClickTask(Task):
    """A click model with its loss.

    Parameters
    ----------
    losses
        Names of `tamingseg.losses.LOSSES` and their weights.
    extra_clicks
        At most so many times the model is asked again with one more click, which lies on its
        largest error, and with its own last answer as previous mask. All rounds count alike.
    cut_previous
        For this share of further clicks the answer before is thresholded at a random level, see
        `cut_some`.
    """

    def __init__(
        self,
        model: Model,
        losses: dict[str, float],
        extra_clicks: int = 0,
        cut_previous: float = 0.0,
    ):
        super().__init__()
        self.model: Model = model
        self.losses = check_losses(losses)
        self.extra_clicks = extra_clicks
        self.cut_previous = cut_previous

    def forward(
        self, batch: dict[str, Tensor], shared_seed: int, seed: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch and numbers to log.

        Parameters
        ----------
        batch
            What `data.training.collate` made: uint8 ``image`` (B, 3, H, W), int32 ``label_map``
            and bool ``ignore`` (B, H, W), ``labels`` (B, N), ``clicks`` (B, N, K, 3); and perhaps
            ``levels`` (B, N, H, W), what the first answers should be. Further clicks lie on the
            errors against the region of the label, so they ask for that alone.
        shared_seed
            Of the number of extra clicks; the same for all processes, so that none waits.
        seed
            Of the extra clicks themselves.

        Returns
        -------
        The weighted sum of the losses, a scalar, and to log: each loss by name, and ``iou``, the
        mean IoU of the answers to the first positive clicks.
        """
        features: Any = self.model.encode(batch["image"].float() / 255)
        rounds_more = np.random.default_rng(shared_seed).integers(self.extra_clicks + 1)
        return self.loss_of(features, batch, int(rounds_more), seed)

    def loss_of(
        self, features: Any, batch: dict[str, Tensor], extra_clicks: int, seed: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Do the same with features at hand and exactly so many extra clicks."""
        target = batch["label_map"][:, None] == batch["labels"][:, :, None, None]
        ignore = batch["ignore"][:, None].expand_as(target)
        input_size = target.shape[2:]
        clicks = batch["clicks"]
        rng = np.random.default_rng(seed)
        logits, trained = self._ask(features, clicks, None)
        # The loss lives at the resolution of the answers; a pixel there that covers both sides of
        # an outline has a target between 0 and 1. What is not known says nothing about the rest.
        known = 1 - ignore.float()
        share = F.interpolate(known, logits.shape[2:], mode="area")
        ignore = share < 0.5

        def of_known(values: Tensor) -> Tensor:
            inside = F.interpolate(values * known, logits.shape[2:], mode="area")
            return inside / share.clamp(min=1e-6)

        target = of_known(target)
        positive = clicks[:, :, 0, 2] == 1
        iou = (_ious(logits, target, ignore) * positive).sum() / positive.sum().clamp(min=1)
        first = of_known(batch["levels"]) if "levels" in batch else target
        rounds = [self._losses_of(trained, first, ignore)]
        for _ in range(extra_clicks):
            answered = cut_some(logits.detach().float().sigmoid(), self.cut_previous, rng)
            clicks = add_error_clicks(clicks, answered, target, ignore, input_size, rng)
            logits, trained = self._ask(features, clicks, answered)
            rounds.append(self._losses_of(trained, target, ignore))
        means = torch.stack(rounds).mean(0)
        weights = means.new_tensor(list(self.losses.values()))
        named = dict(zip(self.losses, means.detach(), strict=True))
        return (means * weights).sum(), {**named, "iou": iou}

    def _ask(self, features: Any, clicks: Tensor, previous: Tensor | None) -> tuple[Tensor, Any]:
        """Return the answers, logits (B, N, h, w), and what `_losses_of` wants to know of them."""
        logits = self.model.enlarge(self.model.decode(features, clicks, previous), features)
        return logits, logits

    def _losses_of(self, trained: Any, target: Tensor, ignore: Tensor) -> Tensor:
        """Every loss, unweighted, as one vector."""
        flat = [values.flatten(0, 1) for values in (trained, target, ignore)]
        return torch.stack([LOSSES[name](*flat).mean() for name in self.losses])


class CandidateTask(ClickTask):
    """The same for a `ClickNet` of several outputs, as Segment Anything is trained.

    Of the masks of a query only the one of the smallest loss gets a gradient, in every round. So
    the others are free to mean something else, and the expected IoU has to say which is meant: its
    squared error against the measured IoU is one loss more, ``score``, of weight 1. It is taken
    over all masks, as in SAM 2 (Ravi et al., 2024), because ranking compares the best mask with the
    others: a head that is shown winners only never learns which masks are bad.

    The answer that further clicks correct, the previous mask, and the logged ``iou`` are those of
    the mask with the highest expected IoU. So does Segment Anything (Kirillov et al., 2023,
    appendix A), and it is what a user sees, who knows no target to choose by.
    """

    model: ClickNet

    def __init__(self, *settings: Any, **named: Any):
        super().__init__(*settings, **named)
        self.mask_losses = self.losses
        self.losses = {**self.mask_losses, "score": 1.0}

    def _ask(self, features: Any, clicks: Tensor, previous: Tensor | None) -> tuple[Tensor, Any]:
        candidates, expected = self.model.decode_candidates(features, clicks, previous)
        shape = candidates.shape[1:3]
        candidates = self.model.enlarge(candidates.flatten(1, 2), features).unflatten(1, shape)
        return best_candidates(candidates, expected), (candidates, expected)

    def _losses_of(self, trained: Any, target: Tensor, ignore: Tensor) -> Tensor:
        candidates, expected = trained
        target, ignore = (values[:, :, None].expand_as(candidates) for values in (target, ignore))
        flat = [values.flatten(0, 2) for values in (candidates, target, ignore)]
        each = torch.stack([LOSSES[name](*flat) for name in self.mask_losses])
        each = each.unflatten(1, expected.shape)
        weights = each.new_tensor(list(self.mask_losses.values()))
        best = torch.tensordot(weights, each.detach(), 1).argmin(2, keepdim=True)
        masks = each.take_along_dim(best[None], 3).mean((1, 2, 3))
        score = F.mse_loss(expected, _ious(candidates, target, ignore))
        return torch.cat([masks, score[None]])


def cut_some(probabilities: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Make a mask of a `share` of the answers (B, N, h, w), thresholded at a level of [.2, .8].

    So does a user who chooses a level and clicks on what is still wrong with it. The model learns
    to go on with the mask it is told.
    """
    chosen = torch.from_numpy(rng.random(probabilities.shape[:2]) < share)
    levels = torch.from_numpy(rng.uniform(0.2, 0.8, probabilities.shape[:2]))
    chosen, levels = (
        values.to(probabilities.device)[..., None, None] for values in (chosen, levels)
    )
    return torch.where(chosen, (probabilities > levels).to(probabilities.dtype), probabilities)


def add_error_clicks(
    clicks: Tensor,
    answered: Tensor,
    target: Tensor,
    ignore: Tensor,
    input_size: torch.Size,
    rng: np.random.Generator,
) -> Tensor:
    """Append to every query a click on its largest error, (B, N, K, 3) -> (B, N, K + 1, 3).

    Probabilities `answered`, `target` and `ignore` are (B, N, h, w), clicks are in input pixels.
    A pixel that holds some of the mask but not most of it is no error whatever the answer: a click
    "not this" would lie on a thin part of what is meant. A query without an error keeps an empty
    slot.
    """
    batch, queries = clicks.shape[:2]
    truth = target > MASK_THRESHOLD
    unclear = (ignore > MASK_THRESHOLD) | ((target > 0) & ~truth)
    wrong = [a.cpu().numpy() for a in (answered > MASK_THRESHOLD, truth, unclear)]
    scale = np.divide(input_size, answered.shape[2:])
    longer = F.pad(clicks, (0, 0, 0, 1), value=-1.0).cpu()
    used = (longer[..., 2] >= 0).sum(2)
    for image in range(batch):
        for query in range(queries):
            prediction, truth, unknown = (maps[image, query] for maps in wrong)
            click = error_click(truth, prediction, rng, unknown)
            if click is not None:
                longer[image, query, used[image, query]] = torch.tensor(
                    [click.row * scale[0], click.col * scale[1], float(click.positive)]
                )
    return longer.to(clicks.device)


def _ious(logits: Tensor, target: Tensor, ignore: Tensor) -> Tensor:
    """IoU of every answer with its target, (..., h, w) -> (...); 1 if both are empty."""
    predicted, truth = (logits > 0) & ~ignore, (target > MASK_THRESHOLD) & ~ignore
    intersection = (predicted & truth).sum((-2, -1))
    union = (predicted | truth).sum((-2, -1))
    return torch.where(union > 0, intersection / union.clamp(min=1), 1.0)


def click_training(
    config: TrainConfig, datasets: Sequence[MaskDataset]
) -> tuple[ClickTask, ClickTrainingSet]:
    """Return what `training.loop.train` needs for a click model.

    The model is random by the run's seed, or has the weights of `config.initial`.

    Raises
    ------
    ValueError
        If those weights are of another model than the run is configured for, or all masks
        under a click are to be learned by a model of several outputs.
    """
    levels = config.sampling.target == "levels"
    outputs = config.model.outputs if isinstance(config.model, ClickNetConfig) else 1
    if levels and outputs > 1:
        raise ValueError(
            "with the target 'levels' one map shows all masks of a click, so the model must have "
            f"1 output, got {outputs}; choose the target 'mask', or 1 output"
        )
    if isinstance(config.model, ClickNetConfig) and config.model.rated:
        raise ValueError(
            "a model learns to rate levels when its training is over, see --rated-images; leave "
            "--model.rated out"
        )
    check_losses(dict(config.losses), soft=levels)
    task_type = CandidateTask if outputs > 1 else ClickTask
    task = task_type(
        _initial_model(config), dict(config.losses), config.extra_clicks, config.cut_previous
    )
    samples = ClickTrainingSet(
        with_mosaics(datasets, config),
        config.size_of,
        config.sampling,
        config.augmentation,
        config.seed,
        set_weights=dict(config.set_weights),
    )
    return task, samples


def check_encoder(config: TrainConfig | DistillConfig) -> str | None:
    """Refuse an encoder that cannot start as configured, before any image is read.

    Returns the backbone whose ImageNet weights it starts from; None for random numbers.

    Raises
    ------
    ValueError, ImportError
        If there are no weights for it; see `check_imagenet`.
    """
    if config.encoder == "random":
        return None
    if isinstance(config.model, SegNextConfig):
        raise ValueError(
            f"a model of {type(config.model).__name__} has no encoder with ImageNet weights; "
            "use --encoder random"
        )
    check_imagenet(config.model.backbone, config.model.mean, config.model.std)
    return config.model.backbone


def start_encoder(model: Model, config: TrainConfig | DistillConfig) -> None:
    """Give the encoder of a new model the weights that `config.encoder` asks for."""
    backbone = check_encoder(config)
    if backbone is not None:
        load_imagenet(model.backbone, backbone)


def _initial_model(config: TrainConfig) -> Model:
    if config.initial is None:
        build: dict[type, Any] = {config_class: made for made, config_class in MODELS.values()}
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            new: Model = build[type(config.model)](config.model)
        start_encoder(new, config)
        return new
    model: Any = load_model(weights_path(config.initial))  # one of `MODELS`: it has a `config`
    if type(model.config) is type(config.model):
        model = model.at_size(config.model.image_size)
    if isinstance(model, ClickNet):
        model = model.changed(rated=False)
        if config.model == replace(model.config, finer=True):
            model = model.changed(finer=True)
    if model.config != config.model:
        raise ValueError(
            f"the weights in {config.initial} are of {model.config}, the run is configured for "
            f"{config.model}; choose a preset and --model flags that agree"
        )
    return model.train()
