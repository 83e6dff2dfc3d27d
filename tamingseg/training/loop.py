"""The training loop, top to bottom: on a CPU, a GPU, or several of them and several machines.

All that is random follows from (seed, step), so a resumed run ends with the same weights as one
that was never stopped, on one process and on many.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial

import numpy as np
import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import gather_object
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset, Subset
from tqdm import tqdm

from tamingseg.data.training import collate
from tamingseg.training.config import RunConfig
from tamingseg.training.optim import learning_rate, make_optimizer
from tamingseg.training.run_folder import RunFolder
from tamingseg.weights.checkpoint import save_checkpoint

_LOG_EVERY = 20


class Task(nn.Module):
    """A model with its loss, as one module, so that every way of running it in parallel applies."""

    model: nn.Module


def local_main_process_first() -> AbstractContextManager:
    """Let one process of every machine do what follows before the others of it do it again."""
    return _processes().local_main_process_first()


def is_main_process() -> bool:
    """Whether this process is the one that writes what all of them made."""
    return _processes().is_main_process


def train(
    config: RunConfig,
    task: Task,
    samples: Dataset,
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
) -> nn.Module:
    """Train `task.model` until `config.steps`, going on from `config.output` if it can.

    Parameters
    ----------
    task
        Called with (batch, a seed that all processes have in common, a seed of this process);
        returns a loss and numbers to log. `task.model` is a model of `tamingseg.models.table`.
    samples
        Sample i, a dict of tensors, always the same.
    validate
        Called with the averaged model at every checkpoint; its numbers are logged.

    Returns
    -------
    The averaged model, also written to ``<run>/model.safetensors``.
    """
    _processes()  # first: the accelerator keeps how long these wait
    accelerator = Accelerator(cpu=_on_cpu(), mixed_precision=_precision(config))
    world, rank = accelerator.num_processes, accelerator.process_index
    if config.batch % world:
        raise ValueError(
            f"a batch of {config.batch} images cannot be shared by {world} processes; choose a "
            "multiple with --batch"
        )
    run = RunFolder(config.output)
    if accelerator.is_main_process:
        run.start(config)
    accelerator.wait_for_everyone()

    # Model, its moving average, optimiser.
    model = task.model.to(accelerator.device).to(memory_format=torch.channels_last)
    average = AveragedModel(model, multi_avg_fn=_moving_average(config.average), use_buffers=True)
    if accelerator.device.type == "cpu":
        _depthwise_in_float32(model)
    optimizer = make_optimizer(model, config.weight_decay, config.encoder_lr)
    step = 0
    if run.has_checkpoint():
        state = run.load()
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        if accelerator.scaler is not None and state["scaler"] is not None:
            accelerator.scaler.load_state_dict(state["scaler"])
        step = state["step"]
        accelerator.print(f"going on with {config.output} at step {step} of {config.steps}")
    if accelerator.is_main_process:
        run.forget_after(step)
    if len(set(gather_object([step]))) > 1:
        raise ValueError(
            f"the processes found different checkpoints in {config.output}; all machines must see "
            "the same run folder"
        )
    task, optimizer = accelerator.prepare(task, optimizer)

    # Data: sample i is always the same; this process takes its share of every step.
    share = config.batch // world
    first = rank * share
    mine = [s * config.batch + first + i for s in range(step, config.steps) for i in range(share)]
    loader = DataLoader(
        Subset(samples, mine), share, collate_fn=collate, num_workers=config.workers
    )

    def save() -> None:
        if validate is not None:
            run.log({"step": step, **validate(average.module)})
        save_checkpoint(average.module, config.output / "model.safetensors")
        # Last, so that a kill before it repeats the rest on resume instead of losing it.
        scaler = accelerator.scaler
        run.save(
            {
                "step": step,
                "model": model.state_dict(),
                "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "scaler": None if scaler is None else scaler.state_dict(),
            }
        )

    progress = tqdm(
        total=config.steps, initial=step, unit="step", disable=not accelerator.is_main_process
    )
    numbers, since = [], time.perf_counter()
    task.train()
    for batch in loader:
        rate = learning_rate(step, config.steps, config.peak_lr, config.warmup, config.decay_share)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["lr_scale"]
        shared, seed = (_seed(config.seed, step), _seed(config.seed, step, rank))
        # Dropout draws from torch's own generators: they too start anew with every step.
        torch.manual_seed(seed)
        batch = {key: tensor.to(accelerator.device) for key, tensor in batch.items()}
        loss, logged = task(batch, shared, seed)
        accelerator.backward(loss)
        norm = accelerator.clip_grad_norm_(task.parameters(), config.clip)
        optimizer.step()
        optimizer.zero_grad()
        average.update_parameters(model)
        step += 1

        # Everything below only reports and saves.
        numbers.append({"loss": loss, **logged, "gradient_norm": norm})
        numbers[-1] = {key: value.item() for key, value in numbers[-1].items()}
        # (In fp16 the gradient overflows now and then; its scaler skips such a step.)
        watched = [numbers[-1]["loss"]] + [numbers[-1]["gradient_norm"]] * (not accelerator.scaler)
        if not np.isfinite(watched).all():
            raise FloatingPointError(
                f"loss or gradient are no numbers any more at step {step}: {numbers[-1]}; resume "
                "from the last checkpoint with a lower --peak-lr, or with --precision no"
            )
        progress.update()
        if step % _LOG_EVERY == 0 or step == config.steps:
            speed = len(numbers) * config.batch / (time.perf_counter() - since)
            means = {key: float(np.mean([row[key] for row in numbers])) for key in numbers[0]}
            shown = " ".join(f"{key} {value:.3f}" for key, value in means.items())
            progress.set_postfix_str(f"{shown} {speed:.1f} images/s")
            if accelerator.is_main_process:
                run.log({"step": step, **means, "lr": rate, "images_per_second": speed})
            numbers, since = [], time.perf_counter()
        if step % config.checkpoint_every == 0 or step == config.steps:
            if accelerator.is_main_process:
                save()
            since = time.perf_counter()
    progress.close()
    accelerator.end_training()
    return average.module


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _moving_average(decay: float) -> Callable:
    """Update of the averaged weights; the first steps count less, they know next to nothing."""

    def update(averaged: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
        ramp = (1 + int(count)) / (10 + int(count))
        get_ema_multi_avg_fn(min(decay, ramp))(averaged, current, count)

    return update


def _depthwise_in_float32(model: nn.Module) -> None:
    """Keep depthwise convolutions out of autocast: on CPUs their bf16 gradients are slow.

    A step of ClickNet with EfficientNet-Lite0 takes two thirds of the time so.
    """

    def forward(convolution: Callable[[Tensor], Tensor], features: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            return convolution(features.float())

    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1:
            module.forward = partial(forward, module.forward)  # type: ignore[method-assign]


def _processes() -> PartialState:
    """Join the processes of this run; they wait for the one that caches, asks or validates."""
    return PartialState(cpu=_on_cpu(), timeout=timedelta(days=365))


def _on_cpu() -> bool:
    """Whether there is nothing but CPUs; accelerate joins their processes only when it is told."""
    return not (torch.cuda.is_available() or torch.backends.mps.is_available())


def _precision(config: RunConfig) -> str:
    """Autocast type; bf16 on a CPU only where it computes in it, elsewhere it is emulated."""
    if config.precision != "auto":
        return config.precision
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() else "no"
