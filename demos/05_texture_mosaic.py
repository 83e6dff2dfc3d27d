"""A mosaic, whose regions are known exactly, shows what the model tells apart."""

from pathlib import Path

import numpy as np
from PIL import Image

from tamingseg import (
    MOSAIC_PARTITION,
    contact_sheet,
    formula_textures,
    load_segmentor,
    make_mosaic,
    panels,
    partition_image,
    score_mosaic,
)

OUT = Path(__file__).parent / "out"
REGIONS = 5


def main() -> tuple[np.ndarray, np.ndarray]:
    """Make and partition a mosaic, write the pictures; return true and found regions."""
    textures = formula_textures(100, seed=1)  # or load_textures(["folder of photos"])
    rng = np.random.default_rng(2)
    mosaic = make_mosaic(textures, (256, 320), "wavy", REGIONS, rng)
    truth = mosaic.label_maps[0]

    segmentor = load_segmentor("distilled")
    found = partition_image(segmentor, mosaic.image, REGIONS, config=MOSAIC_PARTITION)
    scores = score_mosaic(found, truth)
    print(f"{scores['correct']:.0%} of the pixels are in the right region; see {OUT}")

    OUT.mkdir(exist_ok=True)
    pictures = panels(segmentor, mosaic.image, REGIONS, truth)
    Image.fromarray(contact_sheet(pictures)).save(OUT / "05_panels.png")
    return truth, found


if __name__ == "__main__":
    main()
