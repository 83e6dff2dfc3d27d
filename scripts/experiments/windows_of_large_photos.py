"""Small things in large and very wide photos: found with windows, and without.

Usage: python scripts/experiments/windows_of_large_photos.py [--scenes large wide] [--model default]

Photos are drawn: discs of known places on a noisy ground. For each scene it prints the best IoU of
each disc among the first masks of the list, and the seconds of processor time.
"""

import time
from dataclasses import dataclass

import numpy as np
import tyro

from tamingseg import ProposalConfig, load_segmentor, propose_masks
from tamingseg.values import MaskSet

Disc = tuple[int, int, int]
"""(row, col, radius) in pixels."""

SCENES: dict[str, tuple[tuple[int, int], tuple[int, ...]]] = {
    "large": ((4000, 6000), (700, 500, *[40] * 5, *[80] * 5)),
    "wide": ((300, 12_000), (25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75)),
}
"""(height, width), and the radii of the discs."""


@dataclass(frozen=True)
class Compare:
    """Draw large photos and look for their discs with and without windows."""

    scenes: tuple[str, ...] = tuple(SCENES)
    """Which of the scenes."""
    windows: tuple[int, ...] = (0, 24)
    """Numbers of windows to compare."""
    masks: int = 100
    """How many masks of each list count."""
    model: str = "default"
    """Name of a segmentor, or a checkpoint file."""


def draw(
    size: tuple[int, int], radii: tuple[int, ...], seed: int = 0
) -> tuple[np.ndarray, list[Disc]]:
    """Draw discs of these radii apart from each other: uint8 RGB (H, W, 3), and where they are."""
    rng = np.random.default_rng(seed)
    image = np.empty((*size, 3), np.float32)
    image[:] = (70, 110, 70)
    discs: list[Disc] = []
    while len(discs) < len(radii):
        radius = radii[len(discs)]
        row, col = (int(rng.integers(radius + 5, side - radius - 5)) for side in size)
        if all(np.hypot(row - r, col - c) > radius + other + 20 for r, c, other in discs):
            discs.append((row, col, radius))
            part, disc = _box(size, discs[-1])
            image[part][disc] = (205, 70, 50)
    image += rng.normal(0, 6, (*size, 1)).astype(np.float32)
    return np.clip(image, 0, 255).astype(np.uint8), discs


def best_ious(masks: MaskSet, discs: list[Disc]) -> list[float]:
    """Return the best IoU of each disc with a mask."""
    best = np.zeros(len(discs))
    for number in range(len(masks)):
        mask = masks[number]
        area = np.count_nonzero(mask)
        for place, disc in enumerate(discs):
            part, inside = _box(masks.size, disc)
            shared = np.count_nonzero(mask[part] & inside)
            best[place] = max(best[place], shared / (area + np.count_nonzero(inside) - shared))
    return best.tolist()


def _box(size: tuple[int, int], disc: Disc) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return the part of an image around a disc, and which of its pixels are in it."""
    row, col, radius = disc
    rows, cols = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    part = slice(row - radius, row + radius + 1), slice(col - radius, col + radius + 1)
    return part, rows**2 + cols**2 < radius**2


def main() -> None:
    """Parse, draw, propose, print."""
    command = tyro.cli(Compare)
    segmentor = load_segmentor(command.model)
    for scene in command.scenes:
        image, discs = draw(*SCENES[scene])
        for windows in command.windows:
            config = ProposalConfig(count=command.masks, windows=windows)
            begin = time.process_time()
            masks = propose_masks(segmentor, image, config=config)
            seconds = time.process_time() - begin
            found = best_ious(masks, discs)
            radii = [radius for _, _, radius in discs]
            said = ", ".join(f"{r} px {iou:.2f}" for r, iou in zip(radii, found, strict=True))
            mean = float(np.mean(found))
            print(f"{scene}, windows {windows}: mean IoU {mean:.2f}, {seconds:.1f} s; {said}")


if __name__ == "__main__":
    main()
