"""The answer to clicks in a form that the browser can threshold at any level by itself.

A level is a place on the slider: 0 for the smallest part, `PLACES` - 1 for the largest whole. Each
place stands for one of the `THRESHOLDS`, which are evenly spaced in logits. For each pixel the
browser gets the first place at which the mask holds it. So the mask of a place is all pixels up to
it: one comparison, and exactly the mask of the session at that threshold.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamingseg.proposals.levels import level_stack
from tamingseg.ui.wire import pack_labels
from tamingseg.values import Click

_REACH = 4
"""The slider goes so many logits to either side of probability one half."""

_PER_LOGIT = 8

PLACES = 2 * _REACH * _PER_LOGIT + 1

_LOGITS = np.linspace(_REACH, -_REACH, PLACES)
# Rounded, so that a threshold is the same number on the wire, in the browser and here.
THRESHOLDS = np.round(1 / (1 + np.exp(-_LOGITS)), 4)
"""float64 (PLACES,), falling: the mask of a place holds the pixels with a higher probability."""

_MOST_STABLE = 3
"""Most levels that are marked. A click seldom means more than a part, a thing or a group."""

_LEAST_STABILITY = 0.1
"""Levels whose mask changes more than this allows from one to the next are not marked."""

_LOOKED_AT = 512
"""Stable levels are searched in a grid of pixels with about so many on the longer side."""


def describe_levels(probabilities: np.ndarray, clicks: Sequence[Click]) -> dict[str, Any]:
    """Describe an answer, float32 (H, W), to clicks of which one or more are positive.

    Returns
    -------
    ``first``, the first place at which each pixel is in the mask, `PLACES` if it never is, packed
    as by `pack_labels`; ``thresholds`` of the places; ``stable``, the places, rising, at which the
    mask around the first positive click hardly changes.
    """
    return {
        "first": pack_labels(first_places(probabilities)),
        "thresholds": THRESHOLDS.tolist(),
        "stable": stable_places(probabilities, next(click for click in clicks if click.positive)),
    }


def first_places(probabilities: np.ndarray) -> np.ndarray:
    """Return, int64 (H, W), the first place at which each pixel is in the mask."""
    # In the precision in which a session compares them.
    rising = THRESHOLDS[::-1].astype(probabilities.dtype)
    return PLACES - np.searchsorted(rising, probabilities)


def stable_places(probabilities: np.ndarray, click: Click) -> list[int]:
    """Return the places, rising, of the stable masks of an answer around a click."""
    step = -(-max(probabilities.shape) // _LOOKED_AT)
    row, col = int(click.row) // step, int(click.col) // step
    stack = level_stack(probabilities[::step, ::step], row, col, _MOST_STABLE)
    levels = stack.level[stack.stability >= _LEAST_STABILITY]
    return [int(np.abs(_LOGITS - level).argmin()) for level in levels]
