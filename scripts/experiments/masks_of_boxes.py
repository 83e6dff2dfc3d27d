"""Masks of boxes: the boxes of true masks as prompts, compared with a click in their middle.

Usage: python scripts/experiments/masks_of_boxes.py DATA... [--limit 30] [--jitter 0.05]

Only every 20th image is used, which training left out. For each data set it prints the mean IoU
with the true mask: of the click in the middle of the box, then of the mask that fills the box best
with some numbers of clicks in it, with the seconds that one box takes.
"""

import time
from dataclasses import dataclass

import numpy as np
import tyro

from tamingseg import load_segmentor
from tamingseg.data.catalog import open_datasets
from tamingseg.data.split import hold_out, spread
from tamingseg.masks.iou import iou
from tamingseg.segmentors.base import ImageEmbedding, Segmentor
from tamingseg.session.box import Box, mask_of_box
from tamingseg.values import MASK_THRESHOLD, Click, Sample


@dataclass(frozen=True)
class Compare:
    """Ask for the masks of true boxes."""

    data: tyro.conf.Positional[tuple[str, ...]]
    """Data set folders."""
    limit: int = 30
    """At most so many images per data set."""
    masks: int = 4
    """At most so many masks per image, drawn at random."""
    jitter: float = 0.0
    """Move each side of a box by up to this share of its length, as a hand would."""
    sides: tuple[int, ...] = (1, 2, 3, 5)
    """Clicks along each side of a box, to compare."""
    model: str = "default"
    """Name of a segmentor, or a checkpoint file."""


def box_of(mask: np.ndarray, jitter: float, rng: np.random.Generator) -> Box:
    """Return the box of a mask, each side moved by up to `jitter` of its length."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    sides = np.array([rows[0], cols[0], rows[-1] + 1, cols[-1] + 1], float)
    lengths = np.tile(sides[2:] - sides[:2], 2)
    top, left, bottom, right = (sides + jitter * lengths * rng.uniform(-1, 1, 4)).tolist()
    return top, left, bottom, right


def middle(segmentor: Segmentor, embedding: ImageEmbedding, box: Box) -> np.ndarray:
    """Return the mask of a click in the middle of a box."""
    top, left, bottom, right = box
    height, width = embedding.size
    row, col = (
        np.clip((top + bottom) / 2, 0, height - 0.5),
        np.clip((left + right) / 2, 0, width - 0.5),
    )
    return segmentor.predict(embedding, [Click(float(row), float(col))])[0] > MASK_THRESHOLD


def some_masks(
    sample: Sample, count: int, rng: np.random.Generator
) -> list[tuple[int, np.ndarray]]:
    """Return (map index, mask) of at most `count` masks of a sample."""
    found = list(sample.regions())
    chosen = rng.permutation(len(found))[:count]
    return [
        (index, sample.label_maps[index] == label) for index, label, _ in (found[i] for i in chosen)
    ]


def main() -> None:
    """Parse, ask, print."""
    command = tyro.cli(Compare)
    segmentor = load_segmentor(command.model)
    for dataset in open_datasets(command.data):
        held = hold_out(dataset, 20)[1]
        rng = np.random.default_rng(0)
        rows: list[list[float]] = []
        seconds = np.zeros(len(command.sides))
        for number in spread(len(held), command.limit):
            sample = held[number]
            embedding = segmentor.embed(sample.image)
            for index, mask in some_masks(sample, command.masks, rng):
                box, ignore = box_of(mask, command.jitter, rng), sample.ignore(index)
                row = [iou(middle(segmentor, embedding, box), mask, ignore)]
                for place, side in enumerate(command.sides):
                    begin = time.perf_counter()
                    row.append(iou(mask_of_box(segmentor, embedding, box, side), mask, ignore))
                    seconds[place] += time.perf_counter() - begin
                rows.append(row)
        means, times = 100 * np.mean(rows, axis=0), seconds / len(rows)
        ways = ", ".join(
            f"{side}x{side} clicks {mean:.1f} ({one:.2f} s)"
            for side, mean, one in zip(command.sides, means[1:], times, strict=True)
        )
        print(
            f"{held.name}: {len(rows)} masks; click in the middle {means[0]:.1f}, {ways}",
            flush=True,
        )


if __name__ == "__main__":
    main()
