"""Protocol ``proposals``: how well each true mask is met by the first N proposals, for every N.

Nothing is clicked: a proposal maker gives an ordered list of masks, the best first, and a true mask
is met as well as by the best of the first N. Several masks may be met by the same proposal. As with
clicks, masks of at least 256 px are asked for and unlabelled pixels count neither way.

A record says how many proposals there were, and holds one result per true mask: from the n-th
proposal on, the best IoU is ``iou``; so it is known for every N at once. The same for the greedy
oracle order, which knows the true masks and at every N reaches at least 1 - 1/e of what any N
proposals could::

    {"map": 0, "label": 3, "area": 1024, "steps": [[1, 0.31], [7, 0.82]], "oracle": [[2, 0.82]]}
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from tamingseg.data.mask_files import read_masks
from tamingseg.evaluation.cells import Lines, Summary, figure_cells, main_lines
from tamingseg.evaluation.figure import Figure, over_images_and_masks
from tamingseg.evaluation.protocols.base import (
    Group,
    Line,
    Method,
    Panel,
    Plot,
    Protocol,
    Table,
    config_of,
    made_by_files,
)
from tamingseg.evaluation.records import Measured, check_numbers
from tamingseg.masks.packed import iou_matrix
from tamingseg.metrics.proposals import (
    COCO_THRESHOLDS,
    area_under_steps,
    best_at,
    best_so_far,
    dense_thresholds,
    fraction_reached,
    log_spaced_budgets,
    oracle_order,
)
from tamingseg.proposals.generate import ProposalConfig, ProposalMethod, propose_masks
from tamingseg.segmentors.base import Segmentor
from tamingseg.values import MIN_MASK_AREA, MaskSet, Sample

BUDGETS = (1, 3, 10, 30, 100, 300, 1000)
"""Numbers of proposals that mIoU(N) is reported at; the last one also ends the area."""

RECALL_BUDGETS = (10, 100, 1000)
RECALL_THRESHOLDS = {"R50": (0.5,), "R75": (0.75,), "R90": (0.9,), "mAR": COCO_THRESHOLDS}
"""Recall is reported at these numbers of proposals; its names and the IoUs it is a mean over."""

ProposalMaker = Callable[[Sample], MaskSet]
"""Gives the masks of a sample's image, the best first; its truth is not looked at."""


_BLOCK_BYTES = 2**25
"""How much memory true masks that are compared together may take, packed."""


@dataclass(frozen=True)
class Settings(ProposalConfig):
    """How proposals are made, or where they are taken from."""

    method: ProposalMethod = "grid"
    """Where proposals come from: a grid of clicks, or the regions of the model's hierarchy."""
    masks: Path | None = None
    """Take the proposals from FOLDER/<image name>.json (COCO's results, the best first) instead of
    a model; the folder's name stands for it."""
    by_score: bool = False
    """Whether to sort these by their scores first; Segment Anything writes them unsorted."""


def from_model(settings: Settings, segmentor: Segmentor, made_by: dict[str, str]) -> Method:
    """Let a segmentor propose."""
    way, config = settings.method, config_of(settings, ProposalConfig)
    propose = proposals_from_model(segmentor, way, config)
    return method(propose, made_by, {"method": way, **asdict(config)})


def from_files(settings: Settings) -> Method | None:
    """Take proposals from files, if the settings name them.

    Raises
    ------
    ValueError
        If settings of a model are changed as well.
    FileNotFoundError
        If there are no files.
    """
    if settings.masks is None:
        return None
    changed = replace(settings, masks=None, by_score=False) != Settings()
    made_by = made_by_files(settings.masks, "*.json", changed)
    propose = proposals_from_files(settings.masks, settings.by_score)
    return method(propose, made_by, {"by_score": settings.by_score})


def method(
    propose: ProposalMaker,
    made_by: dict[str, str],
    settings: dict[str, Any],
    min_area: int = MIN_MASK_AREA,
) -> Method:
    """Meet every mask with proposals; `settings` are those they are made with."""
    return Method(
        made_by,
        {"proposals": settings, "min_area": min_area},
        lambda sample: measure(sample, propose, min_area),
    )


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


def measure(sample: Sample, propose: ProposalMaker, min_area: int = MIN_MASK_AREA) -> Measured:
    """Meet every true mask with the proposals: the facts and results of a record, see above.

    Raises
    ------
    ValueError
        If the proposals are of another size than the image.
    """
    regions = list(sample.regions(min_area))
    if not regions:
        return {}, []
    masks = propose(sample)
    if masks.size != sample.image.shape[:2]:
        raise ValueError(
            f"proposals must have the image's (height, width) {sample.image.shape[:2]}, "
            f"got {masks.size}; resize them"
        )
    ious = np.concatenate(list(_ious(masks, sample, regions)), axis=1)
    ordered, oracle = best_so_far(ious), best_so_far(ious[oracle_order(ious)])
    results = [
        {
            "map": index,
            "label": label,
            "area": area,
            "steps": _rounded(ordered[number]),
            "oracle": _rounded(oracle[number]),
        }
        for number, (index, label, area) in enumerate(regions)
    ]
    return {"proposals": len(masks)}, results


def _ious(
    masks: MaskSet, sample: Sample, regions: Sequence[tuple[int, int, int]]
) -> Iterator[np.ndarray]:
    """Yield IoUs (N, M) of proposals with some regions after the other, all but ignored pixels.

    Regions of an image can be thousands, so they are packed block by block.
    """
    height, width = masks.size
    together = max(1, 8 * _BLOCK_BYTES // (height * width))
    for index, of_map in groupby(regions, key=lambda region: region[0]):
        label_map, ignored = sample.label_maps[index], sample.ignore(index)
        proposals = masks.packed
        if ignored is not None:
            proposals = proposals & ~np.packbits(ignored, axis=-1)
        labels = [label for _, label, _ in of_map]
        for start in range(0, len(labels), together):
            block = labels[start : start + together]
            packed = np.empty((len(block), height, -(-width // 8)), np.uint8)
            for place, label in enumerate(block):
                packed[place] = np.packbits(label_map == label, axis=-1)
            yield iou_matrix(proposals, packed)


def _rounded(steps: list[tuple[int, float]]) -> list[list[float]]:
    return [[n, round(iou, 6)] for n, iou in steps]


def figures(group: Group) -> dict[str, Figure]:
    """``mIoU(N)``, ``mAR[0,1]``, ``AUC``, ``R50(N)``, ``R75(N)``, ``R90(N)``, ``mAR(N)``.

    The second and third are of the first 1000 proposals; the recalls of 10, 100 and 1000. Each as
    the mean over images, and as ``... per mask`` over all masks; as ``oracle ...`` with the
    proposals in greedy oracle order. ``proposals`` is how many there are per image.
    """
    names = [f"mIoU({budget})" for budget in BUDGETS] + ["mAR[0,1]", "AUC"]
    names += [f"{name}({budget})" for name in RECALL_THRESHOLDS for budget in RECALL_BUDGETS]

    def scores(steps: list[Any]) -> np.ndarray:
        """(S, len(names)) of the S masks of an image."""
        best = best_at(steps, BUDGETS)
        dense = fraction_reached(best[:, -1], dense_thresholds(100).tolist())
        area = area_under_steps(steps, BUDGETS[-1])
        fewer = best_at(steps, RECALL_BUDGETS)
        recalls = [fraction_reached(fewer, chosen) for chosen in RECALL_THRESHOLDS.values()]
        return np.column_stack([best, dense, area, *recalls])

    made = group.per_image(lambda r: check_numbers(np.array(r.facts["proposals"]), (), np.inf))
    found = {"proposals": Figure(float(np.mean(made)), "per image")}
    for prefix, field in (("", "steps"), ("oracle ", "oracle")):
        tables = group.per_image(lambda r: scores([result[field] for result in r.results]))  # noqa: B023
        counts = np.array([len(table) for table in tables])
        means = np.array([table.mean(axis=0) for table in tables])
        for column, name in enumerate(names):
            found |= over_images_and_masks(prefix + name, means[:, column], counts)
    return found


def tables(summaries: Sequence[Summary]) -> Iterator[Table]:
    """How many there are and how good they are; the same at each N."""
    main = {
        "proposals per image": "proposals",
        f"mIoU({BUDGETS[-1]})": f"mIoU({BUDGETS[-1]})",
        "AUC": "AUC",
    }
    main |= {f"COCO AR@{n}, matched one to one": f"COCO AR@{n}" for n in (10, 100, 1000)}
    yield "", main_lines(summaries, main)
    names = {f"N={n}": f"mIoU({n})" for n in BUDGETS}
    names |= {name: name for name in ("mAR[0,1]", "AUC")}
    yield "mIoU(N):", _lines(summaries, names)
    names = {f"{name}({n})": f"{name}({n})" for n in RECALL_BUDGETS for name in RECALL_THRESHOLDS}
    yield "Recall of the first N proposals:", _lines(summaries, names)


def _lines(summaries: Sequence[Summary], names: dict[str, str]) -> Lines:
    """Own and oracle order, mean over images and over masks; `names` are column -> figure."""
    lines = []
    for summary in summaries:
        for order, prefix in (("own", ""), ("oracle", "oracle ")):
            for mean, suffix in (("images", ""), ("masks", " per mask")):
                figures = {key: f"{prefix}{name}{suffix}" for key, name in names.items()}
                if figures.values() & summary.figures.keys():
                    cells = {"order": order, "mean over": mean}
                    lines.append((summary, cells | figure_cells(summary, figures)))
    return lines


def columns(result: dict[str, Any]) -> dict[str, Any]:
    """Name the best IoUs of the first N proposals."""
    cells: dict[str, Any] = {}
    for prefix, key in (("", "steps"), ("oracle ", "oracle")):
        best = best_at([result[key]], BUDGETS)[0].tolist()
        cells |= {f"{prefix}IoU({n})": iou for n, iou in zip(BUDGETS, best, strict=True)}
    return cells


def iou_panels(groups: Sequence[Group]) -> list[Panel]:
    """Draw mIoU over the number of proposals."""
    return [
        Panel(
            xlabel="proposals N",
            ylabel="mIoU(N), mean over images (%)",
            lines=[_curves(group, lambda best: best) for group in groups],
            ticks=BUDGETS,
            log=True,
        )
    ]


def recall_panels(groups: Sequence[Group]) -> list[Panel]:
    """One panel per threshold, the last with COCO's mean over ten of them."""
    return [
        Panel(
            title="mean over IoU 0.5 to 0.95" if len(chosen) > 1 else f"IoU from {chosen[0]}",
            xlabel="proposals N",
            ylabel=f"{name}(N), mean over images (%)",
            lines=[_curves(group, lambda best: fraction_reached(best, chosen)) for group in groups],  # noqa: B023
            ticks=BUDGETS,
            log=True,
        )
        for name, chosen in RECALL_THRESHOLDS.items()
    ]


def _curves(group: Group, score: Callable[[np.ndarray], np.ndarray]) -> list[Line]:
    """Own order, and dashed the oracle order; `score` is of best IoUs."""
    budgets = log_spaced_budgets(BUDGETS[-1]).tolist()
    lines = []
    for key, dashed in (("steps", False), ("oracle", True)):
        means = group.per_image(
            lambda r: score(best_at([mask[key] for mask in r.results], budgets)).mean(axis=0)  # noqa: B023
        )
        lines.append(Line(budgets, [Figure.ratio(column) for column in np.array(means).T], dashed))
    return lines


_ORDERS = {"-": "own order", "--": "greedy oracle order"}

PROTOCOL = Protocol(
    name="proposals",
    summary="mIoU against the number of proposals, without a click",
    title="Proposals",
    explanation=(
        "mIoU(N): best IoU of a true mask with one of the first N proposals in percent. R50(N): "
        "recall, the share of masks that one of them meets with IoU 0.5 or more; R75, R90 "
        "likewise. mAR(N): mean recall at the thresholds 0.5, 0.55, ..., 0.95; mAR[0,1], "
        f"N = {BUDGETS[-1]}: at 100 thresholds in [0, 1]. AUC: mean of mIoU(N) over log N, 1 to "
        f"{BUDGETS[-1]}. Oracle order: next is always the proposal that raises mIoU most; at "
        "every N it reaches at least 63 % of the best N proposals, so another order may be "
        "better at some N."
    ),
    settings=Settings,
    from_model=from_model,
    from_files=from_files,
    figures=figures,
    tables=tables,
    columns=columns,
    plots=(
        Plot("proposals", "best IoU among the first N proposals", iou_panels, _ORDERS),
        Plot("recall", "recall of the first N proposals", recall_panels, _ORDERS),
    ),
)
