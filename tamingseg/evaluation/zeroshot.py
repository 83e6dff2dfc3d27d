"""Data sets x ordered proposals -> how well each true mask is met by the first N, for every N.

Nothing is clicked: a proposal maker gives an ordered list of masks, the best first, and a true mask
is met as well as by the best of the first N. Several masks may be met by the same proposal. As with
clicks, masks of at least 256 px are asked for and unlabelled pixels count neither way.

A record of kind ``proposals`` says how many proposals there were, and holds one result per true
mask: from the n-th proposal on, the best IoU is ``iou``; so it is known for every N at once. The
same for the greedy oracle order, which knows the true masks and at every N reaches at least 1 - 1/e
of what any N proposals could::

    {"map": 0, "label": 3, "area": 1024, "steps": [[1, 0.31], [7, 0.82]], "oracle": [[2, 0.82]]}
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tamingseg.data.base import MaskDataset
from tamingseg.data.mask_files import read_masks
from tamingseg.evaluation.records import Measured
from tamingseg.evaluation.sharding import Job
from tamingseg.masks.packed import iou_matrix
from tamingseg.metrics.zeroshot import best_so_far, oracle_order
from tamingseg.proposals.generate import ProposalConfig, ProposalMethod, propose_masks
from tamingseg.segmentors.base import Segmentor
from tamingseg.values import MIN_MASK_AREA, MaskSet, Sample

ProposalMaker = Callable[[Sample], MaskSet]
"""Gives the masks of a sample's image, the best first; its truth is not looked at."""


def proposals_from_model(
    segmentor: Segmentor, method: ProposalMethod, config: ProposalConfig
) -> ProposalMaker:
    """Let a segmentor propose; asked for the same sample again, the maker remembers its answer."""
    last: list[tuple[Sample, MaskSet]] = []

    def propose(sample: Sample) -> MaskSet:
        if not last or last[0][0] is not sample:
            last[:] = [(sample, propose_masks(segmentor, sample.image, method, config))]
        return last[0][1]

    return propose


def proposals_from_files(folder: Path, by_score: bool = False) -> ProposalMaker:
    """Take the proposals from ``folder/<image name>.json``, see `tamingseg.data.mask_files`.

    They are taken in the order of the file, or sorted `by_score`, the highest first.
    """

    def read(sample: Sample) -> MaskSet:
        masks = read_masks(folder / f"{sample.name}.json", sample.image.shape[:2])
        return masks.take(np.argsort(-masks.scores, kind="stable")) if by_score else masks

    return read


def proposal_job(
    dataset: MaskDataset,
    propose: ProposalMaker,
    made_by: dict[str, str],
    settings: dict[str, Any],
    min_area: int = MIN_MASK_AREA,
    limit: int | None = None,
) -> Job:
    """Meet every mask of `dataset` with proposals; `settings` are those they are made with."""
    title = f"{dataset.name}: {made_by['model']}, proposals"

    def measure(sample: Sample) -> Measured:
        return measure_proposals(sample, propose, min_area)

    settings = {"proposals": settings, "min_area": min_area}
    return Job("proposals", dataset, made_by, settings, measure, title, limit)


def measure_proposals(
    sample: Sample, propose: ProposalMaker, min_area: int = MIN_MASK_AREA
) -> Measured:
    """Meet every true mask with the proposals: the facts and results of a record, see above.

    Raises
    ------
    ValueError
        If the proposals are of another size than the image.
    """
    targets = list(sample.masks(min_area))
    if not targets:
        return {}, []
    masks = propose(sample)
    if masks.size != sample.image.shape[:2]:
        raise ValueError(
            f"proposals must have the image's (height, width) {sample.image.shape[:2]}, "
            f"got {masks.size}; resize them"
        )
    ious = np.concatenate(
        [
            _ious(masks, [mask for map_index, _, mask in targets if map_index == index], ignored)
            for index in dict.fromkeys(map_index for map_index, _, _ in targets)
            for ignored in [sample.ignore(index)]
        ],
        axis=1,
    )
    ordered, oracle = best_so_far(ious), best_so_far(ious[oracle_order(ious)])
    results = [
        {
            "map": index,
            "label": label,
            "area": int(mask.sum()),
            "steps": _rounded(ordered[number]),
            "oracle": _rounded(oracle[number]),
        }
        for number, (index, label, mask) in enumerate(targets)
    ]
    return {"proposals": len(masks)}, results


def _ious(masks: MaskSet, objects: list[np.ndarray], ignored: np.ndarray | None) -> np.ndarray:
    """IoU (N, M) of proposals and objects on the pixels that are not ignored."""
    proposals = masks.packed if ignored is None else masks.packed & ~np.packbits(ignored, axis=-1)
    return iou_matrix(proposals, np.packbits(np.stack(objects), axis=-1))


def _rounded(steps: list[tuple[int, float]]) -> list[list[float]]:
    return [[n, round(iou, 6)] for n, iou in steps]
