"""Combine the answers to several clicks into one map: maximum certainty, in three readings.

Each click is answered alone with p_i(y), the probability that pixel y is in the wanted mask. Each
pixel then takes the answer that is most certain about it. The readings differ in what "certain"
means and in how far one click may reach:

- ``certainty``: as written in the note, i*(y) = argmax_i |p_i(y) - 1/2|. Problem: in a densely
  labelled scene, a calibrated negative click is certain of "no" nearly everywhere and wipes the
  mask.
- ``prior``: certainty is the change against a prior pi(y), the probability without any click:
  |logit p_i(y) - logit pi(y)|. So an expected "no" counts for little.
- ``component``: as written, but a click changes only the connected component of the change that
  contains it (the local editing of FocalClick, Chen et al. 2022, section 3.4).
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from scipy.special import logit

from tamingseg.checks import check_choice
from tamingseg.masks.changes import component_at
from tamingseg.values import MASK_THRESHOLD, Click

Fusion = Literal["certainty", "prior", "component"]
FUSIONS: tuple[str, ...] = get_args(Fusion)

_EPSILON = 1e-6


def fuse(
    answers: np.ndarray,
    clicks: Sequence[Click],
    fusion: Fusion,
    prior: float | np.ndarray = 0.5,
    threshold: float = MASK_THRESHOLD,
) -> np.ndarray:
    """Combine the answers to `clicks`, in the order they were made, into one map.

    Parameters
    ----------
    answers
        float32 (N, H, W) probabilities, one map per click, N >= 1.
    clicks
        The N clicks; only ``component`` looks at where they are.
    fusion
        Which reading, see the head of this file.
    prior
        P(y in mask) before any click, a number or an (H, W) map; only ``prior`` uses it.
    threshold
        Where ``component`` thresholds the maps to see what a click changes.

    Returns
    -------
    float32 (H, W) probabilities.
    """
    check_choice(fusion, FUSIONS, "fusion")
    if len(answers) != len(clicks) or len(clicks) == 0:
        raise ValueError(
            f"fusion needs one answer per click and at least one click, "
            f"got {len(answers)} answers for {len(clicks)} clicks"
        )
    if fusion == "certainty":
        return _take_most_certain(answers, np.abs(answers - 0.5))
    if fusion == "prior":
        return _take_most_certain(answers, np.abs(_logit(answers) - _logit(np.asarray(prior))))
    current = answers[0]
    for answer, click in zip(answers[1:], clicks[1:], strict=True):
        pair = np.stack([current, answer])
        proposed = _take_most_certain(pair, np.abs(pair - 0.5))
        reach = component_at((current > threshold) != (proposed > threshold), click)
        current = np.where(reach, proposed, current)
    return current


def _take_most_certain(answers: np.ndarray, certainty: np.ndarray) -> np.ndarray:
    """Return pixelwise answers[argmax certainty]; on a tie the earlier click wins."""
    best = certainty.argmax(axis=0)
    return np.take_along_axis(answers, best[None], axis=0)[0]


def _logit(probabilities: np.ndarray) -> np.ndarray:
    return logit(np.clip(probabilities, _EPSILON, 1 - _EPSILON))
