"""Clicks -> answers -> candidates -> a list of masks, best first.

Everything happens at the model's own resolution. Only the masks of the list are enlarged, one by
one, and kept as bits. A photo that is too wide or too large to be seen at once is seen through
windows, see `windows`. The method without clicks is in `regions`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from tamingseg.checks import check_choice, check_image
from tamingseg.masks.packed import areas, pairwise_iou
from tamingseg.partition.build import build_hierarchy
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.prompts.grids import even_grid, grid_clicks
from tamingseg.proposals.answers import Answers, Progress, ask_clicks
from tamingseg.proposals.levels import Candidates, enlarged, level_lines, whole_masks
from tamingseg.proposals.nms import Overlap, suppress
from tamingseg.proposals.ranking import expected_order, votes_of
from tamingseg.proposals.regions import propose_regions
from tamingseg.proposals.windows import View, enlarge_joined, join_views, share_clicks
from tamingseg.segmentors.base import ImageEmbedding, Segmentor, embed_image
from tamingseg.segmentors.windows import Window, covering_windows, crop, is_wide
from tamingseg.threads import in_threads
from tamingseg.values import MIN_MASK_AREA, MaskSet

_LOG = logging.getLogger(__name__)

Order = Literal["expected", "quality", "stability", "both"]
ProposalMethod = Literal["grid", "hierarchy"]
_OF_A_GRID = ("grid", "levels", "overlap", "order", "windows")
"""Settings that only answers to a grid of clicks can follow."""

_RANKED = 1000
"""This many masks are put in the expected order, whose cost grows with the square of the number."""
_ENLARGED_AT_ONCE = 16
"""Masks that a thread enlarges in a row."""
_FINER = 4
"""All windows together share a grid of this many times as many clicks as the grid of one view."""


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
    """At most this many masks from one answer, at its stable levels; 0 takes the one mask of all
    pixels above probability 1/2. A model with several masks per click gives those instead."""
    min_stability: float = 0.0
    """Masks of a lower stability are dropped; Segment Anything has 0.95."""
    min_area: int = MIN_MASK_AREA
    """Masks of fewer pixels are dropped."""
    overlap: Overlap = "mask"
    """How duplicates are found: by masks, their boxes, or how much one contains the other."""
    suppress_above: float = 0.85
    """Of masks with a larger overlap only the first by `order` stays; with the order expected, the
    most stable one."""
    order: Order = "expected"
    """How the list is sorted: for the greatest expected mIoU of the first N masks, by the model's
    own quality, by stability, or by the mean of both. Stability stands in for a missing quality."""
    count: int = 1000
    """At most this many masks."""
    windows: int = 24
    """A very wide or large photo is looked at in tiles, at most this many; 0 looks at the whole
    only. A photo is very wide, or high, if one side is more than four times as long as the
    other. It is large above 16 megapixels."""

    def __post_init__(self) -> None:
        check_choice(self.order, get_args(Order), "order")
        check_choice(self.overlap, get_args(Overlap), "overlap")
        if min(self.grid, self.count) < 1 or min(self.levels, self.min_area, self.windows) < 0:
            raise ValueError(
                "expected grid >= 1, count >= 1, levels, min_area and windows >= 0, got "
                f"grid={self.grid}, count={self.count}, levels={self.levels}, "
                f"min_area={self.min_area}, windows={self.windows}"
            )
        if not (0 <= self.suppress_above <= 1 and 0 <= self.min_stability <= 1):
            raise ValueError(
                "expected suppress_above and min_stability in [0, 1], got "
                f"{self.suppress_above} and {self.min_stability}"
            )


def propose_masks(
    segmentor: Segmentor,
    image: np.ndarray | ImageEmbedding,
    method: ProposalMethod = "grid",
    config: ProposalConfig = ProposalConfig(),
    progress: Progress | None = None,
) -> MaskSet:
    """List masks of an image, best first. Wherever you stop, those up to there are a good set.

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
        The settings. ``hierarchy`` uses min_stability, min_area, suppress_above and count.
    progress
        Called with (clicks answered, clicks in all); for ``grid`` only.

    Returns
    -------
    Masks of the image's size, the best first; their score is their stability.

    Raises
    ------
    ValueError
        If the method is unknown, or ``hierarchy`` is given a setting of ``grid``.

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
    if check_choice(method, get_args(ProposalMethod), "method") == "hierarchy":
        return masks_from_hierarchy(build_hierarchy(segmentor, image), config)
    height, width = _pixels(image).shape[:2]
    windows = covering_windows((height, width), config.windows)
    if windows:
        return _through_windows(segmentor, image, windows, config, progress)
    return masks_from_answers(ask_grid(segmentor, image, config, progress), config)


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


def masks_from_hierarchy(
    hierarchy: Hierarchy, config: ProposalConfig = ProposalConfig()
) -> MaskSet:
    """Make the ordered list out of the regions of an image, see `propose_masks`."""
    default = ProposalConfig()
    unknown = [name for name in _OF_A_GRID if getattr(config, name) != getattr(default, name)]
    if unknown:
        raise ValueError(
            f"the method 'hierarchy' does not use {', '.join(unknown)}; leave them at their "
            "defaults, or use the method 'grid'"
        )
    return propose_regions(
        hierarchy, config.min_stability, config.min_area, config.suppress_above, config.count
    )


def masks_from_answers(answers: Answers, config: ProposalConfig = ProposalConfig()) -> MaskSet:
    """Make the ordered list out of the answers to a grid, see `propose_masks`."""
    return list_candidates(find_candidates(answers, config), answers, config)


def find_candidates(answers: Answers, config: ProposalConfig = ProposalConfig()) -> Candidates:
    """Find all masks in answers: their level sets, or one mask each; see `ProposalConfig`."""
    if answers.quality is not None or config.levels == 0:
        return whole_masks(answers.logits, answers.quality)
    return level_lines(answers.logits, answers.points, config.levels)


def list_candidates(
    candidates: Candidates, answers: Answers, config: ProposalConfig = ProposalConfig()
) -> MaskSet:
    """Leave small, unstable and repeated masks out, then order and enlarge the others."""
    candidates = _usable(candidates, answers, config)
    votes = _votes(candidates, answers, areas(candidates.packed))
    scores = _scores(candidates, answers, config)
    return _enlarge(candidates.take(_best_first(candidates.packed, scores, votes, config)), answers)


def _through_windows(
    segmentor: Segmentor,
    image: np.ndarray | ImageEmbedding,
    windows: Sequence[Window],
    config: ProposalConfig,
    progress: Progress | None,
) -> MaskSet:
    """Make the ordered list of a photo that is seen through `windows`, see `propose_masks`.

    A large photo is also asked about as a whole. The windows share a grid of `_FINER` times as many
    clicks. Votes are divided by the number of clicks, so that the finer grid does not count more.
    """
    pixels = _pixels(image)
    size = pixels.shape[0], pixels.shape[1]
    everything: Window = (0, 0, *size)
    coarse = [] if is_wide(size) else grid_clicks(config.grid, size)
    fine = even_grid(_FINER * config.grid**2, size)
    done, total = 0, len(coarse) + len(fine)
    _LOG.info(
        "a photo %s px wide and %s px high is seen in %s tiles, "
        "which takes %s clicks instead of %s",
        *(size[1], size[0], len(windows), total, config.grid**2),
    )
    views = []
    for window, clicks in [(everything, coarse)] * bool(coarse) + share_clicks(fine, windows):
        whole = window == everything
        embedding = embed_image(segmentor, image if whole else crop(pixels, window))
        answers = ask_clicks(segmentor, embedding, clicks)
        views.append(_view(answers, window, len(coarse if whole else fine), config))
        done += len(clicks)
        if progress is not None:
            progress(done, total)
    joined = join_views(views, size)
    chosen = _best_first(joined.packed, joined.scores, joined.weights, config)
    return _without_empty(enlarge_joined(joined, chosen.tolist(), views, size))


def _view(answers: Answers, window: Window, clicks: int, config: ProposalConfig) -> View:
    """Find the masks in answers about a window, without repeated ones."""
    candidates = _usable(find_candidates(answers, config), answers, config)
    scores = _scores(candidates, answers, config)
    by_score = np.argsort(-scores, kind="stable")
    leaders, nearest = suppress(candidates.packed, by_score, config.suppress_above, config.overlap)
    area = areas(candidates.packed) * _pixels_per_cell(answers)
    votes = _votes(candidates, answers, area) / clicks
    weights = np.bincount(nearest, votes[by_score])
    kept = candidates.take(leaders)
    return View(window, kept, answers.logits[kept.answer], scores[leaders], weights)


def _pixels(image: np.ndarray | ImageEmbedding) -> np.ndarray:
    return image.image if isinstance(image, ImageEmbedding) else check_image(image)


def _pixels_per_cell(answers: Answers) -> float:
    return answers.size[0] * answers.size[1] / answers.logits[0].size


def _usable(candidates: Candidates, answers: Answers, config: ProposalConfig) -> Candidates:
    """Leave small and unstable masks out."""
    area = areas(candidates.packed) * _pixels_per_cell(answers)
    enough = (area >= max(config.min_area, 1)) & (candidates.stability >= config.min_stability)
    return candidates.take(np.flatnonzero(enough))


def _votes(candidates: Candidates, answers: Answers, area: np.ndarray) -> np.ndarray:
    """Return how much each speaks for being an object, once for each click it stands for."""
    counts = answers.counts[candidates.answer]
    return counts * votes_of(candidates.mass, candidates.stability, area)


def _scores(candidates: Candidates, answers: Answers, config: ProposalConfig) -> np.ndarray:
    """Return what suppression goes by, and the order unless it is the expected one."""
    if answers.quality is None or config.order in ("stability", "expected"):
        return candidates.stability
    quality = answers.quality[candidates.answer]
    return quality if config.order == "quality" else (quality + candidates.stability) / 2


def _best_first(
    packed: np.ndarray, scores: np.ndarray, votes: np.ndarray, config: ProposalConfig
) -> np.ndarray:
    """Return the numbers of the masks of the list in order, without repeated ones."""
    by_score = np.argsort(-scores, kind="stable")
    leaders, nearest = suppress(packed, by_score, config.suppress_above, config.overlap)
    if config.order == "expected":
        # How likely each is an object: what speaks for it and for those it stands for.
        weights = np.bincount(nearest, votes[by_score])
        heaviest = np.argsort(-weights, kind="stable")[: max(_RANKED, config.count)]
        leaders, weights = leaders[heaviest], weights[heaviest]
        leaders = leaders[expected_order(pairwise_iou(packed[leaders]), weights)]
    return leaders[: config.count]


def _enlarge(candidates: Candidates, answers: Answers) -> MaskSet:
    """Bring masks to the image's size, along the contour lines of their answers."""
    height, width = answers.size
    full = np.zeros((len(candidates.packed), height, -(-width // 8)), np.uint8)

    def enlarge(start: int) -> None:
        for place in range(start, min(start + _ENLARGED_AT_ONCE, len(full))):
            lines = answers.logits[candidates.answer[place]]
            mask = enlarged(lines, candidates.level[place], candidates.packed[place], answers.size)
            full[place] = np.packbits(mask, axis=-1)

    in_threads(enlarge, range(0, len(full), _ENLARGED_AT_ONCE))
    return _without_empty(MaskSet(full, answers.size, candidates.stability))


def _without_empty(masks: MaskSet) -> MaskSet:
    found = masks.packed.any(axis=(1, 2))
    return masks if found.all() else masks.take(np.flatnonzero(found))
