"""How long a model takes: to encode, to answer a click or a grid, to list all masks.

    python scripts/benchmark_model.py [MODEL]

Medians and 90th percentiles of repeated calls, on as many threads as a model takes. Run it on an
otherwise idle machine.
"""

import resource
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np

from tamingseg import Click, load_segmentor, propose_masks
from tamingseg.data.sample_images import load_sample_image
from tamingseg.proposals.generate import ask_grid, masks_from_answers


def measure(label: str, call: Callable[[], object], repeats: int = 30) -> None:
    """Print median and 90th percentile of `call` in milliseconds, after two calls to warm up."""
    call(), call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    median, late = np.percentile(times, [50, 90])
    print(f"{label:44s} {median:8.1f} ms   (90 %: {late:.1f} ms)")


def main() -> None:
    """Measure on a 512x512 photo."""
    segmentor = load_segmentor(sys.argv[1] if len(sys.argv) > 1 else "default")
    image = cv2.resize(load_sample_image("astronaut"), (512, 512))
    embedding = segmentor.embed(image)
    previous = segmentor.predict(embedding, [Click(200, 200)])[0]
    three = [Click(200, 200), Click(100, 400, False), Click(300, 100)]
    sides = np.linspace(8, 504, 32)
    grid = [Click(row, col) for row in sides for col in sides]

    print(segmentor.name)
    measure("encode a 512x512 photo", lambda: segmentor.embed(image))
    measure("answer one click", lambda: segmentor.predict(embedding, three[:1]))
    measure(
        "answer three clicks and a previous mask",
        lambda: segmentor.predict_jointly(embedding, three, previous),
    )
    # A small mask is looked at more closely, through a window that has to be encoded once.
    face, near = [Click(120, 230), Click(185, 250, False)], np.zeros(embedding.size, np.float32)
    near[60:180, 180:270] = 1
    measure(
        "two clicks and a small mask, seen before",
        lambda: segmentor.predict_jointly(embedding, face, near),
    )
    measure(
        "the same in a photo seen for the first time",
        lambda: segmentor.predict_jointly(segmentor.embed(image), face, near),
    )
    measure(
        "32x32 grid of clicks, model's resolution",
        lambda: segmentor.predict(embedding, grid, full_size=False),
        repeats=5,
    )

    image = cv2.resize(load_sample_image("coffee"), (480, 320))
    answers = ask_grid(segmentor, image)
    measure("480x320 photo: 32x32 answers -> list", lambda: masks_from_answers(answers), repeats=5)
    measure("480x320 photo: all of it", lambda: propose_masks(segmentor, image), repeats=5)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(propose_masks(segmentor, image))} masks; peak memory of the process {peak:.2f} GiB"
    )


if __name__ == "__main__":
    main()
