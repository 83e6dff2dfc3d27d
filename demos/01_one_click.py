"""One click, one mask: load a model, embed a photo, ask it about a point."""

from pathlib import Path

import numpy as np
from PIL import Image

from tamingseg import (
    MASK_THRESHOLD,
    Click,
    draw_clicks,
    load_sample_image,
    load_segmentor,
    overlay,
)

OUT = Path(__file__).parent / "out"


def main() -> np.ndarray:
    """Segment the cat, write what came out, and return the mask."""
    image = load_sample_image("cat")
    segmentor = load_segmentor()
    embedding = segmentor.embed(image)  # once per image; every click after that is cheap
    click = Click(row=150, col=220)
    probabilities = segmentor.predict(embedding, [click])[0]
    mask = probabilities > MASK_THRESHOLD

    OUT.mkdir(exist_ok=True)
    Image.fromarray(mask).save(OUT / "01_mask.png")
    Image.fromarray(draw_clicks(overlay(image, mask), [click])).save(OUT / "01_overlay.png")
    print(f"{mask.mean():.0%} of the photo belong to the mask; see {OUT}")
    return mask


if __name__ == "__main__":
    main()
