"""The training loop, top to bottom: on a CPU, a GPU, or several of them and several machines.

All that is random follows from (seed, step), so a resumed run ends with the same weights as one
that was never stopped, on one process and on many.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from tamingseg.data.base import MaskDataset
from tamingseg.data.training import ClickTrainingSet, collate
from tamingseg.losses import weighted_sum
from tamingseg.models.table import MODELS
from tamingseg.training.click_task import ClickTask
from tamingseg.training.config import TrainConfig
from tamingseg.training.optim import learning_rate, make_optimizer
from tamingseg.training.run_folder import RunFolder
from tamingseg.weights.checkpoint import load_model, save_checkpoint

_LOG_EVERY = 20


def train(
    config: TrainConfig,
    datasets: Sequence[MaskDataset],
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
) -> nn.Module:
    """Train on `datasets` until `config.steps`, going on from `config.folder` if it can.

    Parameters
    ----------
    validate
        Called with the averaged model at every checkpoint; its numbers are logged.

    Returns
    -------
    The averaged model, also written to ``<run>/model.safetensors``.
    """
    accelerator = Accelerator(mixed_precision=_precision(config))
    run = RunFolder(config.folder)
    if accelerator.is_main_process:
        run.start(config)
    accelerator.wait_for_everyone()

    # Model, its moving average, optimiser.
    model = _initial_model(config).to(accelerator.device, memory_format=torch.channels_last)
    average = AveragedModel(model, multi_avg_fn=_moving_average(config.average), use_buffers=True)
    optimizer = make_optimizer(model, config.weight_decay)
    step = 0
    torch.manual_seed(config.seed + accelerator.process_index)
    if run.has_checkpoint():
        state = run.load()
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
        if len(state["random"]) != accelerator.num_processes:
            raise ValueError(
                f"{config.folder} was trained by {len(state['random'])} processes and can only "
                f"go on with as many, got {accelerator.num_processes}"
            )
        torch.set_rng_state(state["random"][accelerator.process_index])
        if accelerator.is_main_process:
            run.forget_after(step)
        accelerator.print(f"going on with {config.folder} at step {step} of {config.steps}")
    task, optimizer = accelerator.prepare(ClickTask(model, weighted_sum(config.losses)), optimizer)

    # Data: sample i is always the same; this process takes its share of every step.
    world, rank, batch = accelerator.num_processes, accelerator.process_index, config.batch
    samples = ClickTrainingSet(
        datasets,
        lambda index: config.size_at(index // (batch * world)),
        config.sampling,
        config.augmentation,
        config.seed,
        config.steps * batch * world,
    )
    mine = [(s * world + rank) * batch + i for s in range(step, config.steps) for i in range(batch)]
    loader = DataLoader(
        Subset(samples, mine), batch, collate_fn=collate, num_workers=config.workers
    )

    def save() -> None:
        random = gather_object([torch.get_rng_state()])
        if not accelerator.is_main_process:
            return
        run.save(
            {
                "step": step,
                "model": model.state_dict(),
                "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "random": random,
            }
        )
        save_checkpoint(average.module, config.folder / "model.safetensors")
        if validate is not None:
            run.log({"step": step, **validate(average.module)})

    progress = tqdm(
        total=config.steps, initial=step, unit="step", disable=not accelerator.is_main_process
    )
    numbers, since, seen = [], time.perf_counter(), 0
    task.train()
    for batch_of_samples in loader:
        rate = learning_rate(step, config.steps, config.peak_lr, config.warmup, config.decay_share)
        for group in optimizer.param_groups:
            group["lr"] = rate
        # One draw for all processes, so that they run the same number of rounds.
        rounds = np.random.default_rng((config.seed, step)).integers(config.extra_clicks + 1)
        batch_of_samples = {k: v.to(accelerator.device) for k, v in batch_of_samples.items()}
        loss, logged = task(batch_of_samples, int(rounds), step * world + rank)
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(task.parameters(), config.clip)
        optimizer.step()
        optimizer.zero_grad()
        average.update_parameters(model)
        step += 1

        # Everything below only reports and saves.
        numbers.append([loss.item(), logged["iou"].item(), float(norm)])
        seen += batch * world
        if not np.isfinite(numbers[-1][0]):
            raise FloatingPointError(
                f"the loss became {numbers[-1][0]} at step {step}; resume from the last checkpoint "
                "with a lower --peak-lr, or with --precision no"
            )
        progress.update()
        if step % _LOG_EVERY == 0 or step == config.steps:
            speed = seen / (time.perf_counter() - since)
            mean_loss, iou, gradient = np.mean(numbers, axis=0).tolist()
            progress.set_postfix_str(f"loss {mean_loss:.3f} iou {iou:.3f} {speed:.1f} images/s")
            if accelerator.is_main_process:
                run.log(
                    {
                        "step": step,
                        "loss": mean_loss,
                        "iou": iou,
                        "gradient_norm": gradient,
                        "lr": rate,
                        "images_per_second": speed,
                    }
                )
            numbers, since, seen = [], time.perf_counter(), 0
        if step % config.checkpoint_every == 0 or step == config.steps:
            save()
            since, seen = time.perf_counter(), 0
    progress.close()
    accelerator.end_training()
    return average.module


def _initial_model(config: TrainConfig) -> nn.Module:
    """Build the model a run starts from: random by its seed, or the weights of `config.initial`."""
    if config.initial is not None:
        return load_model(config.initial)
    build = {config_class: model for model, config_class in MODELS.values()}
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        return build[type(config.model)](config.model)


def _moving_average(decay: float) -> Callable:
    """Update of the averaged weights; the first steps count less, they know next to nothing."""

    def update(averaged: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
        ramp = (1 + int(count)) / (10 + int(count))
        get_ema_multi_avg_fn(min(decay, ramp))(averaged, current, count)

    return update


def _precision(config: TrainConfig) -> str:
    """Autocast type; bf16 on a CPU only where it computes in it, elsewhere it is emulated."""
    if config.precision != "auto":
        return config.precision
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "bf16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else "no"
