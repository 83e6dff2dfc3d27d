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


def make_optimizer(model: nn.Module, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW that decays matrices and kernels only: biases, scales and embeddings stay free."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0)
