"""Losses between a map of logits and a true mask.

Every loss has the shape ``(logits, target, ignore) -> one value per sample``: `logits` float and
`target` float in [0, 1] of shape (B, H, W), `ignore` bool of the same shape (unlabelled pixels) or
None. The result is float32 (B,), so that a caller can weigh samples. A configuration names a loss
by its key in `LOSSES`.

Level lines. One click can mean several masks, M_1 in M_2 in ... in M_K, each with probability w_k
(they sum to 1). A pixel is in the wanted mask with probability p* = sum_k w_k [in M_k], which is 1
in M_1 and falls by w_k on the way out of M_k. So the masks are the level sets of this one map:
{p* > t} = M_k for every t between w_(k+1) + ... + w_K and w_k + ... + w_K. (`data.levels` makes p*
of true masks.) Three ways to teach it to a model with the probabilities p = sigmoid(z):

- `cross_entropy` with one of the masks, drawn anew each time. It is linear in the target, so on
  average it is the cross-entropy with p*, whose minimum is at p = p*. (Only proper losses have this
  minimum. With soft IoU, the best answer to drawn masks is a single one of them.)
- `soft_iou` with p* as target. A number is the integral over t of [number > t], so summed over
  pixels min(p, p*) is the integral over t of |{p > t} and {p* > t}|, and max(p, p*) that of
  |{p > t} or {p* > t}| (the layer cake). Their ratio is an IoU of all level sets at once: 1 only
  if each is right.
- `cumulative` with p* as target: fixed thresholds tau_i. At each, the model is asked whether the
  pixel is in the level set there, sum_k w_k l(z - tau_k, [in M_k]).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]

_EPSILON = 1e-12


def normalized_focal(
    logits: Tensor, target: Tensor, ignore: Tensor | None, alpha: float = 0.5, gamma: float = 2.0
) -> Tensor:
    """Focal loss whose weights are rescaled to mean one per sample (Sofiiuk et al. 2019, eq. 5).

    The rescaling is not differentiated, so the gradient does not fade as a mask gets better. Use it
    with hard targets only: at a soft target the focal weight does not vanish.
    """
    logits, target, valid = _flatten(logits, target, ignore)
    error = (target - logits.sigmoid()).abs() * valid
    weight = error**gamma
    weight = weight * (valid.sum(1) / (weight.sum(1) + _EPSILON)).detach()[:, None]
    balance = alpha * target + (1 - alpha) * (1 - target)
    pixel_loss = -balance * weight * (1 - error + _EPSILON).clamp(max=1).log()
    return (pixel_loss * valid).sum(1) / (valid.sum(1) + _EPSILON)


def cross_entropy(logits: Tensor, target: Tensor, ignore: Tensor | None) -> Tensor:
    """Mean binary cross-entropy. It is proper: its minimum is at the true probability."""
    logits, target, valid = _flatten(logits, target, ignore)
    pixel_loss = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, target, reduction="none"
    )
    return (pixel_loss * valid).sum(1) / (valid.sum(1) + _EPSILON)


def soft_iou(logits: Tensor, target: Tensor, ignore: Tensor | None) -> Tensor:
    """1 - sum min(p, y) / sum max(p, y): the IoU loss over all level sets, as derived above.

    Unlike the product form, 1 - sum py / sum (p + y - py), it is zero at p = y for soft targets too
    (Wang et al., NeurIPS 2023).
    If target and answer are both empty, the loss is 0.
    """
    logits, target, valid = _flatten(logits, target, ignore)
    probabilities = logits.sigmoid()
    intersection = (torch.minimum(probabilities, target) * valid).sum(1)
    union = (torch.maximum(probabilities, target) * valid).sum(1)
    return 1 - (intersection + _EPSILON) / (union + _EPSILON)


def lovasz_hinge(logits: Tensor, target: Tensor, ignore: Tensor | None) -> Tensor:
    """Extend the IoU loss to the hinge errors, after Lovász (Berman et al. 2018, alg. 1).

    Sorting costs O(n log n) per mask. The loss is piecewise linear and pushes logits to the margin,
    so a model trained with it alone does not give calibrated probabilities.
    """
    logits, target, valid = _flatten(logits, target, ignore)
    sign = 2 * target - 1
    # Ignored pixels are sorted to the end, where relu makes them 0.
    errors = torch.where(valid > 0, 1 - logits * sign, float("-inf"))
    errors, order = errors.sort(dim=1, descending=True)
    truth = (target * valid).gather(1, order)
    total = truth.sum(1, keepdim=True)
    intersection = total - truth.cumsum(1)
    union = total + (1 - truth).cumsum(1)
    jaccard = 1 - intersection / union
    gradient = torch.diff(jaccard, dim=1, prepend=jaccard.new_zeros(len(jaccard), 1))
    return (errors.relu() * gradient).sum(1)


def cumulative(
    logits: Tensor,
    target: Tensor,
    ignore: Tensor | None,
    thresholds: int = 10,
    sharpness: float = 4.0,
) -> Tensor:
    """Ask at fixed probabilities whether the target is above them: an ordinal loss.

    The thresholds t_i = (i - 1/2) / T, i = 1..T, are the same for all targets, so that logits mean
    the same after every click. With tau_i = logit t_i:

        1/T sum_i l(z - tau_i, [target > t_i]),    l(u, y) = log(1 + exp(-a (2y - 1) u)) / a

    About T w_k thresholds lie within the levels of one mask M_k and ask the same question. This
    gives M_k its weight. The derivative is 1/T sum_i sigmoid(a (z - tau_i)) minus the share of
    thresholds below the target. So the best z grows with the target and has its level sets. With
    ten thresholds, a sharpness of 4 is enough to find them at tau_i itself; at 1 the thresholds
    would pull at each other and stretch the map.
    """
    logits, target, valid = _flatten(logits, target, ignore)
    pixel_loss = torch.zeros_like(logits)
    for i in range(thresholds):
        threshold = (i + 0.5) / thresholds
        sign = 2 * (target > threshold).float() - 1
        margin = sign * (logits - math.log(threshold / (1 - threshold)))
        pixel_loss = pixel_loss + torch.nn.functional.softplus(-margin, beta=sharpness) / thresholds
    return (pixel_loss * valid).sum(1) / (valid.sum(1) + _EPSILON)


LOSSES: dict[str, Loss] = {
    "normalized-focal": normalized_focal,
    "soft-iou": soft_iou,
    "lovasz-hinge": lovasz_hinge,
    "cross-entropy": cross_entropy,
    "cumulative": cumulative,
}
"""What a configuration may name."""

SOFT_LOSSES = ("soft-iou", "cross-entropy", "cumulative")
"""Losses whose minimum is at the target even where it lies between 0 and 1."""


def check_losses(weights: dict[str, float], soft: bool = False) -> dict[str, float]:
    """Return `weights` if every name is one of `LOSSES` and there is at least one.

    With `soft`, for targets between 0 and 1, it must be one of `SOFT_LOSSES`.

    Raises
    ------
    ValueError
        If a name is unknown or there is none.
    """
    known = SOFT_LOSSES if soft else LOSSES
    unknown = set(weights) - set(known)
    if unknown or not weights:
        raise ValueError(
            f"losses{' for targets between 0 and 1' * soft} must be some of {', '.join(known)}, "
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
