"""Teaches a finished model which level of its answers is meant, see `tamingseg.models.rating`.

The model itself stays as it is. It is asked about true masks of the images that it was trained on,
by a random click and one in the middle, and every level of an answer is compared with the mask.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from scipy.special import logit
from torch.nn import functional as F
from tqdm import tqdm

from tamingseg.data.base import MaskDataset
from tamingseg.data.split import spread
from tamingseg.masks.rated import LEVELS
from tamingseg.models.clicknet import ClickNet
from tamingseg.models.rating import LevelRating
from tamingseg.prompts.clickers import center_click, random_click
from tamingseg.segmentors.torch_network import TorchNetwork
from tamingseg.segmentors.zoom import ZoomSegmentor
from tamingseg.values import Sample

_MASKS = 5
"""At most so many masks of an image are asked for."""

_ROUNDS, _BATCH, _PEAK_LR, _WEIGHT_DECAY = 30, 128, 2e-3, 0.02

Answered = tuple[np.ndarray, np.ndarray]
"""One click: `log_areas` of its answer, and the IoU of each level."""


def learn_rating(
    model: ClickNet, datasets: Sequence[MaskDataset], images: int, seed: int = 0
) -> ClickNet:
    """Return the same model, but `rated`.

    Parameters
    ----------
    model
        Of one output, on any device.
    datasets
        What it was trained on; all of them count alike.
    images
        At most so many images of each data set are asked about.
    seed
        Of all that is random.

    Raises
    ------
    ValueError
        If the images hold no mask to ask for.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        rated = model.changed(rated=True)
    segmentor = ZoomSegmentor(TorchNetwork(rated, model.mean.device), "rated")
    rng = np.random.default_rng(seed)
    rows: list[Answered] = []
    weights: list[float] = []
    total = sum(min(len(dataset), images) for dataset in datasets)
    with tqdm(total=total, unit="image", desc="asking for levels") as progress:
        for dataset in datasets:
            before = len(rows)
            for index in spread(len(dataset), images):
                rows.extend(_ask(segmentor, dataset[index], rng))
                progress.update()
            count = len(rows) - before
            weights += [1 / max(1, count)] * count
    if not rows:
        raise ValueError(
            "the images hold no mask of 256 pixels to ask for; check the data, or leave the rating "
            "of levels out with --rated-images 0"
        )
    _fit(rated.rating, rows, weights, seed)
    return rated.train(model.training)


def _ask(segmentor: ZoomSegmentor, sample: Sample, rng: np.random.Generator) -> Iterator[Answered]:
    """Ask for some masks of an image by two clicks each."""
    regions = list(sample.regions())
    chosen = [regions[place] for place in rng.permutation(len(regions))[:_MASKS]]
    if not chosen:
        return
    clicks, truths = [], []
    for index, label, _ in chosen:
        truth = sample.label_maps[index] == label
        middle = center_click(truth, np.zeros_like(truth))
        assert middle is not None  # the mask is not empty
        clicks += [random_click(truth, rng), middle]
        truths += [(truth, sample.ignore(index))] * 2
    answers = segmentor.pieces(segmentor.embed(sample.image), clicks)
    for (log_areas, piece), (truth, ignore) in zip(answers, truths, strict=True):
        yield log_areas, level_ious(piece, truth, ignore)


def level_ious(logits: np.ndarray, truth: np.ndarray, ignore: np.ndarray | None) -> np.ndarray:
    """Return the IoU of each level set of an answer (H, W) with a mask, float32 (15,)."""
    above = np.searchsorted(logit(LEVELS), logits)  # how many levels a pixel is above
    if ignore is not None:
        above, truth = above[~ignore], truth[~ignore]
    count = len(LEVELS) + 1
    areas, shared = (
        np.bincount(values.ravel(), minlength=count)[::-1].cumsum()[::-1][1:]
        for values in (above, above[truth])
    )
    return (shared / np.maximum(areas + np.count_nonzero(truth) - shared, 1)).astype(np.float32)


def _fit(
    rating: LevelRating, rows: Sequence[Answered], weights: Sequence[float], seed: int
) -> None:
    """Fit the rating to the answers, by the squared error of the IoUs."""
    device = rating.last.weight.device
    areas, ious = (torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True))
    mean, std = areas.mean(0), areas.std(0, correction=0) + 1e-3
    share = torch.tensor(weights, dtype=torch.float32)
    parts = ((areas - mean) / std, ious, share / share.mean())
    areas, ious, share = (part.to(device) for part in parts)
    optimizer = torch.optim.AdamW(rating.parameters(), _PEAK_LR, weight_decay=_WEIGHT_DECAY)
    rating.train()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for done in tqdm(range(_ROUNDS), unit="round", desc="rating levels"):
            optimizer.param_groups[0]["lr"] = _PEAK_LR * (1 - done / _ROUNDS)
            for batch in torch.randperm(len(areas)).split(_BATCH):
                expected = rating(areas[batch]).sigmoid()
                errors = F.mse_loss(expected, ious[batch], reduction="none")
                optimizer.zero_grad()
                (errors.mean(1) * share[batch]).mean().backward()
                optimizer.step()
    rating.see(mean.to(device), std.to(device))
