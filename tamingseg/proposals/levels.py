"""Level lines: one answer to one click holds several masks, from a part to the whole.

If masks M1 c M2 c ... all contain the click and the true one is drawn among them, a calibrated
answer is P(y in mask | click), and its level sets {logit > t} are those masks. So candidates are
taken from the tree of level sets: at every level of a ladder, the connected component that holds
the click. A mask shows as a run of levels at which the component hardly changes; how little it does
is its stability, |component one level up| / |component one level down|, which for the level 0 and a
step of 1 is the stability score of Segment Anything (and the idea of maximally stable extremal
regions, Matas et al. 2002).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.special import logit

from tamingseg.threads import in_threads

LADDER = np.arange(-3, 5, dtype=np.float32)
"""Logits of the levels; candidates are taken from all but the first and the last."""

_DISTINCT = 0.8
"""Candidates of one click differ: the smaller has less than this share of the larger's area."""

_AT_ONCE = 64
"""Answers worked on together, so that their components stay in the cache."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Masks that answers hold, C of them, at the model's own resolution.

    Attributes
    ----------
    answer
        int64, (C,): in which answer each was found.
    level
        float32, (C,): the logit that it is a level set of.
    packed
        uint8, (C, h, ceil(w / 8)): the masks, packed as in `values.MaskSet`.
    stability
        float32, (C,), in [0, 1].
    mass
        float32, (C,), in [0, 1]: the probability that this is the mask that was meant.
    """

    answer: np.ndarray
    level: np.ndarray
    packed: np.ndarray
    stability: np.ndarray
    mass: np.ndarray

    def take(self, indices: np.ndarray) -> "Candidates":
        """Return the candidates at `indices`, in that order."""
        parts = (self.answer, self.level, self.packed, self.stability, self.mass)
        return Candidates(*(part[indices] for part in parts))


def whole_masks(logits: np.ndarray, mass: np.ndarray | None = None) -> Candidates:
    """Take one mask per answer, float (N, h, w): all pixels with a logit above 0.

    `mass`, float (N,), is how good the model thinks each is; without it they are all 1.
    """
    above = [np.array([np.count_nonzero(answer > level) for answer in logits]) for level in (1, -1)]
    stability = _ratio(*above)
    mass = np.ones(len(logits)) if mass is None else mass
    return Candidates(
        np.arange(len(logits)),
        np.zeros(len(logits), np.float32),
        np.stack([np.packbits(answer > 0, axis=-1) for answer in logits]),
        stability.astype(np.float32),
        mass.astype(np.float32),
    )


def level_lines(logits: np.ndarray, points: np.ndarray, count: int) -> Candidates:
    """Take up to `count` masks per answer from its tree of level sets, the stable ones first.

    Parameters
    ----------
    logits
        float, (N, h, w): one answer per click.
    points
        int, (N, 2): (row, col) of the pixel that each click lies on.
    count
        Masks per answer, from 1.

    Returns
    -------
    The candidates in order of the answers. The mass of a candidate is the probability between the
    levels whose components are nearest to it in area.
    """

    def lines(start: int) -> Candidates:
        part = slice(start, start + _AT_ONCE)
        return _lines(logits[part], points[part], count, start)

    parts = in_threads(lines, range(0, len(logits), _AT_ONCE))
    fields = ("answer", "level", "packed", "stability", "mass")
    return Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


def level_stack(probabilities: np.ndarray, row: float, col: float, count: int) -> Candidates:
    """Take up to `count` stable masks of one answer, float (H, W), each of which lies in the next.

    They are as in `level_lines`, but from the smallest to the largest. There is none if the answer
    is below every level at the click (`row`, `col`), in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import MaskSet, level_stack
    >>> probabilities = np.full((20, 20), 0.01)
    >>> probabilities[2:18, 2:18] = 0.6
    >>> probabilities[8:12, 8:12] = 0.95
    >>> stack = level_stack(probabilities, row=10, col=10, count=3)
    >>> masks = MaskSet(stack.packed, probabilities.shape, stack.stability)
    >>> [int(masks[number].sum()) for number in range(len(masks))]
    [16, 256]
    """
    found = level_lines(logit(probabilities)[None], np.array([[int(row), int(col)]]), count)
    return found.take(np.argsort(-found.level))


def enlarged(
    logits: np.ndarray, level: np.float32, packed: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Bring one mask to another size along the contour line of its answer.

    Parameters
    ----------
    logits
        float, (h, w): the answer that the mask was found in.
    level
        The logit that it is a level set of.
    packed
        uint8, (h, ceil(w / 8)): the mask.
    size
        (height, width).

    Returns
    -------
    bool, of that size.
    """
    lines = logits.astype(np.float32)
    lines -= level
    # Where the mask is not the level set, by other components or by superpixels, it decides.
    mask = np.unpackbits(packed, axis=-1, count=lines.shape[1]).astype(bool)
    lines[(lines > 0) & ~mask] = -1
    lines[(lines <= 0) & mask] = 1
    return cv2.resize(lines, size[::-1], interpolation=cv2.INTER_LINEAR) > 0


def _lines(logits: np.ndarray, points: np.ndarray, count: int, first: int) -> Candidates:
    number, levels = len(logits), len(LADDER)
    # As float32: numpy compares float16 one by one, which takes twenty times as long.
    masks = logits.astype(np.float32)[:, None] > LADDER[:, None, None]
    components = _components_at(masks.reshape(-1, *logits.shape[1:]), np.repeat(points, levels, 0))
    packed = np.packbits(components, axis=-1).reshape(number, levels, logits.shape[1], -1)
    area = np.bitwise_count(packed).sum((2, 3), dtype=np.int64)
    stability = _stability_of(area)
    chosen, mass = _choose_levels(area, stability, count)
    answer, place = np.nonzero(chosen >= 0)
    level = chosen[answer, place]
    return Candidates(
        answer + first,
        LADDER[level],
        packed[answer, level],
        stability[answer, level].astype(np.float32),
        mass[answer, place].astype(np.float32),
    )


def _stability_of(area: np.ndarray) -> np.ndarray:
    """Return how little components change from one level to the next but one, float (N, levels).

    `area`, (N, levels), is that of the component of each answer at each level of `LADDER`.
    """
    stability = np.zeros(area.shape)
    stability[:, 1:-1] = _ratio(area[:, 2:], area[:, :-2])
    return stability


def _choose_levels(
    area: np.ndarray, stability: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose up to `count` levels of every answer, from area and stability, (N, levels).

    Returns
    -------
    chosen
        int64 (N, count): places in `LADDER`, -1 where no level is left.
    mass
        float64 (N, count): the probability between the levels that are nearest in area to each.
    """
    number = len(area)
    # Greedily: the most stable level, then the most stable one with a clearly different area.
    free = area > 0
    free[:, [0, -1]] = False
    every = np.arange(number)
    chosen = np.full((number, count), -1)
    for place in range(count):
        level = np.where(free, stability, -1).argmax(1)
        found = free[every, level]
        chosen[found, place] = level[found]
        own = area[every, level][:, None]
        alike = _ratio(np.minimum(area, own), np.maximum(area, own)) >= _DISTINCT
        free &= ~(alike & found[:, None])

    # Every level speaks for the candidate nearest in area, with the probability it stands for.
    probability = 1 / (1 + np.exp(-LADDER))
    middles = np.concatenate([[0], (probability[1:] + probability[:-1]) / 2, [1]])
    log_area = np.log(np.maximum(area, 1))
    own = np.take_along_axis(log_area, np.maximum(chosen, 0), 1)
    distance = np.abs(log_area[:, :, None] - np.where(chosen < 0, np.inf, own)[:, None])
    nearest = distance.argmin(2)
    mass = np.stack(
        [((nearest == place) & (area > 0)) @ np.diff(middles) for place in range(count)], 1
    )
    return chosen, mass


def _components_at(masks: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Keep of each bool mask (K, h, w) the 8-connected component at its point, none if it is out.

    They are filled from their points, so the rest of a mask costs nothing.
    """
    filled = masks.astype(np.uint8)
    for mask, (row, col) in zip(filled, points.tolist(), strict=True):
        if mask[row, col]:
            cv2.floodFill(mask, None, (col, row), 2, flags=8)
    return filled == 2


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return numerator / np.maximum(denominator, 1)
