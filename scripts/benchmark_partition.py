"""How long a photo in K regions takes, step by step, and what every method needs after the model.

    python scripts/benchmark_partition.py [MODEL]

Medians and 90th percentiles of repeated calls, on as many threads as a model takes. Run it on an
otherwise idle machine.
"""

import sys
import time
from collections.abc import Callable
from typing import Any, get_args

import cv2
import numpy as np

from tamingseg import load_segmentor
from tamingseg.data.sample_images import load_sample_image
from tamingseg.partition.affinity import region_affinity
from tamingseg.partition.build import (
    PartitionConfig,
    PartitionMethod,
    build_hierarchy,
    merge_evidence,
)
from tamingseg.partition.evidence import boundary_strength, find_evidence
from tamingseg.partition.graph import find_borders
from tamingseg.partition.superpixels import flood_superpixels


def measure(label: str, call: Callable[[], Any], repeats: int = 20) -> Any:
    """Print median and 90th percentile of `call` in milliseconds; return what it returns."""
    result = call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    median, late = np.percentile(times, [50, 90])
    print(f"{label:44s} {median:8.1f} ms   (90 %: {late:.1f} ms)")
    return result


def main() -> None:
    """Measure on a 480x320 photo."""
    segmentor = load_segmentor(sys.argv[1] if len(sys.argv) > 1 else "distilled")
    image = cv2.resize(load_sample_image("coffee"), (480, 320))
    print(f"{segmentor.name}, photo of 480x320")
    embedding = measure("embed", lambda: segmentor.embed(image))
    boundary = measure("boundaries", lambda: boundary_strength(image))
    count = PartitionConfig().superpixels
    superpixels = measure("superpixels", lambda: flood_superpixels(boundary, count))
    measure(
        f"affinities of {superpixels.max()} superpixels",
        lambda: region_affinity(segmentor, embedding, superpixels),
    )
    measure("borders", lambda: find_borders(superpixels, boundary))
    evidence = measure("photo embedded -> evidence", lambda: find_evidence(segmentor, embedding))
    for method in get_args(PartitionMethod):
        measure(
            f"{method}: evidence -> hierarchy",
            lambda method=method: merge_evidence(evidence, method),
        )
    hierarchy = measure("photo -> hierarchy, all of it", lambda: build_hierarchy(segmentor, image))
    measure("cut at 50 regions", lambda: hierarchy.cut(50))


if __name__ == "__main__":
    main()
