"""Measure how long the overlaps of many masks take to count.

    python scripts/benchmark_mask_overlap.py --repeats 15

Three cases, with the masks packed and in memory: the IoU of 1,000 proposals with the 50 regions of
a label map of 480x854 pixels, as the evaluation asks for every image; the IoU of each two of 1,024
masks of 256x256, as non-maximum suppression asks; and the same of the proposals at full size. The
masks are made up: ellipses of all sizes (half axis from 2 to 60 per cent of the height), half of
them near-duplicates of another. Printed are the fastest and the median run, and whether a slow
count of the first masks agrees.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from tamingseg.masks.iou import iou
from tamingseg.masks.packed import iou_matrix, pairwise_iou


def main() -> None:
    """Make masks, time, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    rng = np.random.default_rng(0)
    proposals, small = ellipses(1000, (480, 854), rng), ellipses(1024, (256, 256), rng)
    regions = packed_cells(50, (480, 854), rng)
    report("1,000 proposals x 50 regions, 480x854", iou_matrix, (proposals, regions), repeats)
    report("1,024 masks with each other, 256x256", pairwise_iou, (small,), repeats)
    report("1,000 masks with each other, 480x854", pairwise_iou, (proposals,), repeats)


def report(
    case: str, function: Callable[..., np.ndarray], sets: tuple[np.ndarray, ...], repeats: int
) -> None:
    """Print the times of ``function(*sets)`` and check a corner of its answer."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        answer = function(*sets)
        times.append(1000 * (time.perf_counter() - start))
    rows, columns = (
        np.unpackbits(masks[:20], axis=-1).astype(bool) for masks in (sets[0], sets[-1])
    )
    slow = np.array([[iou(row, column) for column in columns] for row in rows], np.float32)
    verdict = "agrees" if (answer[:20, :20] == slow).all() else "DISAGREES"
    print(
        f"{case}: fastest {min(times):6.1f} ms   median {np.median(times):6.1f} ms   "
        f"slow count {verdict}"
    )


def ellipses(number: int, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Packed ellipses; half of them differ by a few per cent from one made before."""
    height, width = size
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + 0.5
    made = np.empty((number, 5))  # centre row and column, half axes, angle
    packed = np.empty((number, height, -(-width // 8)), np.uint8)
    for index in range(number):
        if index and rng.random() < 0.5:
            row, column, long, short, angle = made[rng.integers(index)]
            row, column = rng.normal((row, column), 0.03 * long)
            long, short = (long, short) * np.exp(rng.normal(0, 0.03, 2))
        else:
            row, column = rng.uniform(0, size)
            long = height * np.exp(rng.uniform(np.log(0.02), np.log(0.6)))
            short, angle = long * rng.uniform(0.4, 1), rng.uniform(0, np.pi)
        made[index] = row, column, long, short, angle
        along = (rows - row) * np.cos(angle) + (columns - column) * np.sin(angle)
        across = (columns - column) * np.cos(angle) - (rows - row) * np.sin(angle)
        packed[index] = np.packbits((along / long) ** 2 + (across / short) ** 2 < 1, axis=-1)
    return packed


def packed_cells(number: int, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Packed regions of a label map: the pixels nearest to each of some random points."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    distances = np.stack(
        [(rows - r) ** 2 + (columns - c) ** 2 for r, c in rng.uniform(0, size, (number, 2))]
    )
    nearest = distances.argmin(axis=0)
    return np.packbits(nearest == np.arange(number)[:, None, None], axis=-1)


if __name__ == "__main__":
    main()
