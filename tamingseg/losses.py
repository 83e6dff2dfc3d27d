"""Losses between a map of logits and a true mask.

Every loss has the shape ``(logits, target, ignore) -> one value per sample``: `logits` float and
`target` float in [0, 1] of shape (B, H, W), `ignore` bool of the same shape or None (pixels nothing
is known of). Values come back as float32 (B,), so that a caller can weigh samples; a configuration
names them by their key in `LOSSES`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]

_EPSILON = 1e-12


def normalized_focal(
    logits: Tensor, target: Tensor, ignore: Tensor | None, alpha: float = 0.5, gamma: float = 2.0
) -> Tensor:
    """Focal loss whose weights are rescaled to mean one per sample (Sofiiuk et al. 2019, eq. 5).

    The rescaling is not differentiated, so the gradient does not fade as a mask gets good. Hard
    targets only make sense here: at a soft one the focal weight does not vanish.
    """
    logits, target, valid = _flatten(logits, target, ignore)
    error = (target - logits.sigmoid()).abs() * valid
    weight = error**gamma
    weight = weight * (valid.sum(1) / (weight.sum(1) + _EPSILON)).detach()[:, None]
    balance = alpha * target + (1 - alpha) * (1 - target)
    pixel_loss = -balance * weight * (1 - error + _EPSILON).clamp(max=1).log()
    return (pixel_loss * valid).sum(1) / (valid.sum(1) + _EPSILON)


def cross_entropy(logits: Tensor, target: Tensor, ignore: Tensor | None) -> Tensor:
    """Mean binary cross-entropy: proper, so its minimiser is the probability itself."""
    logits, target, valid = _flatten(logits, target, ignore)
    pixel_loss = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, target, reduction="none"
    )
    return (pixel_loss * valid).sum(1) / (valid.sum(1) + _EPSILON)


def soft_iou(logits: Tensor, target: Tensor, ignore: Tensor | None) -> Tensor:
    """1 - sum min(p, y) / sum max(p, y): by the layer cake, the IoU loss over all level sets.

    Unlike the product form it is zero at p = y for soft targets too (Wang et al., NeurIPS 2023).
    An empty target with an empty answer is a perfect answer, 0.
    """
    logits, target, valid = _flatten(logits, target, ignore)
    probabilities = logits.sigmoid()
    intersection = (torch.minimum(probabilities, target) * valid).sum(1)
    union = (torch.maximum(probabilities, target) * valid).sum(1)
    return 1 - (intersection + _EPSILON) / (union + _EPSILON)


def lovasz_hinge(logits: Tensor, target: Tensor, ignore: Tensor | None) -> Tensor:
    """Extend the IoU loss to the hinge errors, after Lovász (Berman et al. 2018, alg. 1).

    Sorting costs O(n log n) per mask. It is piecewise linear and pushes logits to the margin, so
    do not read calibrated probabilities from a model trained with it alone.
    """
    logits, target, valid = _flatten(logits, target, ignore)
    sign = 2 * target - 1
    # Ignored pixels are sorted to the end, where the relu silences them.
    errors = torch.where(valid > 0, 1 - logits * sign, float("-inf"))
    errors, order = errors.sort(dim=1, descending=True)
    truth = (target * valid).gather(1, order)
    total = truth.sum(1, keepdim=True)
    intersection = total - truth.cumsum(1)
    union = total + (1 - truth).cumsum(1)
    jaccard = 1 - intersection / union
    gradient = torch.diff(jaccard, dim=1, prepend=jaccard.new_zeros(len(jaccard), 1))
    return (errors.relu() * gradient).sum(1)


LOSSES: dict[str, Loss] = {
    "normalized-focal": normalized_focal,
    "soft-iou": soft_iou,
    "lovasz-hinge": lovasz_hinge,
    "cross-entropy": cross_entropy,
}
"""What a configuration may name; the level-line loss joins them here."""


def check_losses(weights: dict[str, float]) -> dict[str, float]:
    """Return `weights` if every name is one of `LOSSES` and there is at least one.

    Raises
    ------
    ValueError
        If a name is unknown or there is none.
    """
    unknown = set(weights) - set(LOSSES)
    if unknown or not weights:
        raise ValueError(
            f"losses must be some of {', '.join(LOSSES)}, "
            f"got {', '.join(sorted(unknown)) or 'none'}"
        )
    return weights


def _flatten(
    logits: Tensor, target: Tensor, ignore: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """All three as float32 (B, pixels); the third is 1 where a pixel counts."""
    if logits.shape != target.shape or (ignore is not None and ignore.shape != logits.shape):
        raise ValueError(
            f"logits, target and ignore must have one shape (B, H, W), got {tuple(logits.shape)}, "
            f"{tuple(target.shape)} and {None if ignore is None else tuple(ignore.shape)}"
        )
    logits, target = logits.flatten(1).float(), target.flatten(1).float()
    valid = torch.ones_like(target) if ignore is None else (~ignore).flatten(1).float()
    return logits, target, valid
