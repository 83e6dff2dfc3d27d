"""Parameter groups, and the learning rate as a plain function of the step."""

import torch
from torch import nn


def learning_rate(
    step: int, steps: int, peak: float, warmup: int = 0, decay_share: float = 0.3
) -> float:
    """Rise linearly over `warmup` steps, stay at `peak`, fall linearly to 0 over the last share.

    A plateau instead of a cosine: a run can be prolonged, or ended early, by moving `steps` while
    it is on the plateau (Hägele et al. 2024, "Scaling laws beyond fixed training durations").

    >>> [round(learning_rate(s, 10, 1.0, 2, 0.4), 2) for s in (0, 1, 2, 5, 6, 8, 9)]
    [0.5, 1.0, 1.0, 1.0, 1.0, 0.5, 0.25]
    """
    rise = (step + 1) / warmup if step < warmup else 1.0
    fall = (steps - step) / max(1.0, decay_share * steps)
    return peak * min(1.0, rise, max(0.0, fall))


def make_optimizer(
    model: nn.Module, weight_decay: float, encoder_lr: float = 1.0
) -> torch.optim.Optimizer:
    """AdamW that decays matrices and kernels only: biases, scales and embeddings stay free.

    The ``lr_scale`` of a parameter group is its share of the learning rate: `encoder_lr` for
    ``model.backbone``, 1 for the rest.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for scale in dict.fromkeys((1.0, encoder_lr)):
        groups |= {(scale, weight_decay): [], (scale, 0.0): []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            scale = encoder_lr if name.startswith("backbone.") else 1.0
            groups[scale, weight_decay if parameter.ndim >= 2 else 0.0].append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "weight_decay": decay, "lr_scale": scale}
            for (scale, decay), parameters in groups.items()
            if parameters
        ],
        lr=0.0,
    )
