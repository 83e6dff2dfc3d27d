"""Clicks -> answers -> candidates -> an ordered list of masks, good for every budget.

Everything happens at the model's own resolution; only the masks of the list are enlarged, one by
one, and kept as bits. What takes memory are the answers, two bytes for each of their pixels: 13 MB
for the default model and a 32x32 grid. The other method needs no clicks, see `regions`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from tamingseg.checks import check_choice
from tamingseg.masks.packed import areas, iou_matrix, pairwise_iou
from tamingseg.partition.build import build_hierarchy
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.prompts.grids import grid_clicks
from tamingseg.proposals.levels import Candidates, level_lines, whole_masks
from tamingseg.proposals.nms import Overlap, suppress
from tamingseg.proposals.ranking import expected_order, votes_of
from tamingseg.proposals.regions import propose_regions
from tamingseg.segmentors.base import (
    CandidateSegmentor,
    ImageEmbedding,
    Segmentor,
    check_probabilities,
    embed_image,
)
from tamingseg.values import MIN_MASK_AREA, Click, MaskSet

Order = Literal["expected", "quality", "stability", "both"]
ProposalMethod = Literal["grid", "hierarchy"]
Progress = Callable[[int, int], None]

_OF_A_GRID = ("grid", "levels", "overlap", "order")
"""Settings that only answers to a grid of clicks can follow."""

_CLICKS_AT_ONCE = 64
_RANKED = 1000
"""So many masks are put in the expected order, whose cost grows with the square of their number."""
_LARGEST_LOGIT = 10.0


@dataclass(frozen=True)
class ProposalConfig:
    """How proposals are made. The defaults were chosen on held-out training images.

    Examples
    --------
    >>> from tamingseg import ProposalConfig
    >>> ProposalConfig(grid=16).grid
    16
    """

    grid: int = 32
    """Clicks per side of the grid; 16 is four times as fast, 64 finds smaller things."""
    levels: int = 3
    """Most masks that are taken from one answer, its stable level lines; 0 takes the one mask of
    all pixels above probability 1/2. A model that gives several masks per click has its own."""
    min_stability: float = 0.0
    """Less stable masks are dropped; Segment Anything has 0.95."""
    min_area: int = MIN_MASK_AREA
    """Masks of fewer pixels are dropped."""
    overlap: Overlap = "mask"
    """What suppression compares: masks, their boxes, or how far one contains the other."""
    suppress_above: float = 0.85
    """Of masks with a larger overlap only the most stable stays, or what else the order says."""
    order: Order = "expected"
    """Greatest expected mIoU for every N, the model's own quality, stability, or the mean of both
    (a model without a quality has the stability for it)."""
    count: int = 1000
    """At most so many masks."""

    def __post_init__(self) -> None:
        check_choice(self.order, get_args(Order), "order")
        check_choice(self.overlap, get_args(Overlap), "overlap")
        if self.grid < 1 or self.count < 1 or min(self.levels, self.min_area) < 0:
            raise ValueError(
                "expected grid >= 1, count >= 1, levels and min_area >= 0, got "
                f"grid={self.grid}, count={self.count}, levels={self.levels}, "
                f"min_area={self.min_area}"
            )
        if not (0 <= self.suppress_above <= 1 and 0 <= self.min_stability <= 1):
            raise ValueError(
                "expected suppress_above and min_stability in [0, 1], got "
                f"{self.suppress_above} and {self.min_stability}"
            )


@dataclass(frozen=True, slots=True)
class Answers:
    """What a segmentor said to clicks all over an image, at its own resolution.

    Attributes
    ----------
    logits
        float16, (N, h, w), K masks in a row for every click if the model gives several.
    points
        int64, (N, 2): (row, col) of the pixel that the click of each lies on.
    quality
        float32, (N,): the IoU the model expects of each; None if it says nothing.
    size
        (height, width) of the image.
    """

    logits: np.ndarray
    points: np.ndarray
    quality: np.ndarray | None
    size: tuple[int, int]


def propose_masks(
    segmentor: Segmentor,
    image: np.ndarray | ImageEmbedding,
    method: ProposalMethod = "grid",
    config: ProposalConfig = ProposalConfig(),
    progress: Progress | None = None,
) -> MaskSet:
    """List the masks of an image, best first: for every N, the first N are a good answer.

    Parameters
    ----------
    segmentor
        Any model; one that is a `CandidateSegmentor` is asked for all its masks per click.
    image
        uint8 RGB (H, W, 3), or what `segmentor.embed` made of it.
    method
        ``grid``, the default, asks the model about a grid of clicks; ``hierarchy`` takes the
        regions of `build_hierarchy`, which needs no clicks if the model is a `PixelSegmentor`.
    config
        The settings; ``hierarchy`` follows min_stability, min_area, suppress_above and count.
    progress
        Called with (clicks answered, clicks in all); only a grid has any.

    Returns
    -------
    Masks of the image's size, the best first; their score is their stability.

    Raises
    ------
    ValueError
        If the method is unknown, or ``hierarchy`` is to follow a setting that only a grid has.

    Examples
    --------
    >>> import numpy as np
    >>> from tamingseg import FunctionSegmentor, ProposalConfig, propose_masks
    >>> def same_colour(image, clicks):
    ...     alike = (image == image[int(clicks[0].row), int(clicks[0].col)]).all(axis=2)
    ...     return np.where(alike, 0.9, 0.1)
    >>> image = np.zeros((32, 48, 3), np.uint8)
    >>> image[:, 30:] = 255
    >>> segmentor = FunctionSegmentor(same_colour, "same colour")
    >>> masks = propose_masks(segmentor, image, config=ProposalConfig(grid=4))
    >>> [int(masks[number].sum()) for number in range(len(masks))]
    [576, 960]
    """
    if check_choice(method, get_args(ProposalMethod), "method") == "grid":
        return masks_from_answers(ask_grid(segmentor, image, config, progress), config)
    return masks_from_hierarchy(build_hierarchy(segmentor, image), config)


def ask_grid(
    segmentor: Segmentor,
    image: np.ndarray | ImageEmbedding,
    config: ProposalConfig = ProposalConfig(),
    progress: Progress | None = None,
) -> Answers:
    """Ask a segmentor about a grid of clicks; parameters as in `propose_masks`."""
    embedding = embed_image(segmentor, image)
    clicks = grid_clicks(config.grid, embedding.size)
    return ask_clicks(segmentor, embedding, clicks, progress)


def ask_clicks(
    segmentor: Segmentor,
    embedding: ImageEmbedding,
    clicks: Sequence[Click],
    progress: Progress | None = None,
) -> Answers:
    """Ask a segmentor about at least one click; `progress` as in `propose_masks`."""
    parts: list[Answers] = []
    for start in range(0, len(clicks), _CLICKS_AT_ONCE):
        chunk = clicks[start : start + _CLICKS_AT_ONCE]
        parts.append(_ask(segmentor, embedding, chunk))
        if progress is not None:
            progress(start + len(chunk), len(clicks))
    return join_answers(parts)


def masks_from_hierarchy(
    hierarchy: Hierarchy, config: ProposalConfig = ProposalConfig()
) -> MaskSet:
    """Make the ordered list out of the regions of an image, see `propose_masks`."""
    default = ProposalConfig()
    unknown = [name for name in _OF_A_GRID if getattr(config, name) != getattr(default, name)]
    if unknown:
        raise ValueError(
            f"a hierarchy knows nothing of {', '.join(unknown)}; leave them at their defaults, or "
            "use the method 'grid'"
        )
    return propose_regions(
        hierarchy, config.min_stability, config.min_area, config.suppress_above, config.count
    )


def masks_from_answers(answers: Answers, config: ProposalConfig = ProposalConfig()) -> MaskSet:
    """Make the ordered list out of the answers to a grid, see `propose_masks`."""
    return list_candidates(find_candidates(answers, config), answers, config)


def find_candidates(answers: Answers, config: ProposalConfig = ProposalConfig()) -> Candidates:
    """Find all masks in answers: their level lines, or one mask each; see `ProposalConfig`."""
    if answers.quality is not None or config.levels == 0:
        return whole_masks(answers.logits, answers.quality)
    return level_lines(answers.logits, answers.points, config.levels)


def list_candidates(
    candidates: Candidates, answers: Answers, config: ProposalConfig = ProposalConfig()
) -> MaskSet:
    """Leave small, unstable and repeated masks out, then order and enlarge the others."""
    pixels = answers.size[0] * answers.size[1]
    area = areas(candidates.packed) * (pixels / answers.logits[0].size)
    enough = (area >= max(config.min_area, 1)) & (candidates.stability >= config.min_stability)
    candidates = candidates.take(np.flatnonzero(enough))
    by_score = np.argsort(-_scores(candidates, answers, config), kind="stable")
    leaders = suppress(candidates.packed, by_score, config.suppress_above, config.overlap)
    if config.order == "expected":
        weights = _weights_of(leaders, candidates)
        heaviest = np.argsort(-weights[leaders], kind="stable")
        leaders = leaders[heaviest[: max(_RANKED, config.count)]]
        ious = pairwise_iou(candidates.packed[leaders])
        leaders = leaders[expected_order(ious, weights[leaders])]
    return _enlarge(candidates.take(leaders[: config.count]), answers)


def _ask(segmentor: Segmentor, embedding: ImageEmbedding, clicks: Sequence[Click]) -> Answers:
    """Ask about a few clicks, each of which may have several answers in a row."""
    quality, several = None, 1
    if isinstance(segmentor, CandidateSegmentor):
        probabilities, quality = segmentor.predict_candidates(embedding, clicks)
        several = probabilities.shape[1]
        check_probabilities(quality, (len(clicks), several), segmentor.name)
        probabilities = probabilities.reshape(-1, *probabilities.shape[2:])
        quality = quality.ravel()
    else:
        probabilities = segmentor.predict(embedding, clicks, full_size=False)
    size = probabilities.shape[1:]
    check_probabilities(probabilities, (len(clicks) * several, *size), segmentor.name)
    places = np.array([(click.row, click.col) for click in clicks])
    places = (places * np.divide(size, embedding.size)).astype(np.int64)
    points = np.minimum(places, np.array(size) - 1).repeat(several, axis=0)
    return Answers(_logits(probabilities), points, quality, embedding.size)


def join_answers(parts: list[Answers]) -> Answers:
    """Join answers about one image. Empties the list, so that no answer is held twice for long."""
    count = sum(len(part.logits) for part in parts)
    first = parts[0]
    logits = np.empty((count, *first.logits.shape[1:]), np.float16)
    points = np.concatenate([part.points for part in parts])
    quality = None
    if first.quality is not None:
        quality = np.concatenate([part.quality for part in parts])
    start = 0
    while parts:
        part = parts.pop(0)
        logits[start : start + len(part.logits)] = part.logits
        start += len(part.logits)
    return Answers(logits, points, quality, first.size)


def _logits(probabilities: np.ndarray) -> np.ndarray:
    edge = 1 / (1 + np.exp(-_LARGEST_LOGIT))
    clipped = np.clip(probabilities, 1 - edge, edge)
    return np.log(clipped / (1 - clipped)).astype(np.float16)


def _scores(candidates: Candidates, answers: Answers, config: ProposalConfig) -> np.ndarray:
    """Return what suppression goes by, and the order unless it is the expected one."""
    if answers.quality is None or config.order in ("stability", "expected"):
        return candidates.stability
    quality = answers.quality[candidates.answer]
    return quality if config.order == "quality" else (quality + candidates.stability) / 2


def _weights_of(leaders: np.ndarray, candidates: Candidates) -> np.ndarray:
    """How likely each leader is an object: what speaks for it and for those it stands for.

    Returns float (C,), 0 for what is no leader.
    """
    votes = votes_of(candidates.mass, candidates.stability, areas(candidates.packed))
    weights = np.zeros(len(votes))
    step = 1024
    for start in range(0, len(votes), step):
        block = slice(start, start + step)
        nearest = iou_matrix(candidates.packed[block], candidates.packed[leaders]).argmax(axis=1)
        np.add.at(weights, leaders[nearest], votes[block])
    return weights


def _enlarge(candidates: Candidates, answers: Answers) -> MaskSet:
    """Bring masks to the image's size, along the level lines of their answers."""
    packed = candidates.packed
    height, width = answers.size
    full = np.zeros((len(packed), height, -(-width // 8)), np.uint8)
    for place, own in enumerate(packed):
        lines = answers.logits[candidates.answer[place]].astype(np.float32)
        lines -= candidates.level[place]
        # Where the mask is not the level set, by other components or by superpixels, it decides.
        mask = np.unpackbits(own, axis=-1, count=lines.shape[1]).astype(bool)
        lines[(lines > 0) & ~mask] = -1
        lines[(lines <= 0) & mask] = 1
        large = cv2.resize(lines, (width, height), interpolation=cv2.INTER_LINEAR)
        full[place] = np.packbits(large > 0, axis=-1)
    masks = MaskSet(full, answers.size, candidates.stability)
    found = full.any(axis=(1, 2))
    return masks if found.all() else masks.take(np.flatnonzero(found))
