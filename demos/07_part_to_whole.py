"""One click, several masks: the level lines of one answer, from a part to the whole."""

from pathlib import Path

import numpy as np
from PIL import Image

from tamingseg import (
    Click,
    MaskSet,
    draw_clicks,
    level_stack,
    load_sample_image,
    load_segmentor,
    overlay,
)

OUT = Path(__file__).parent / "out"


def main() -> MaskSet:
    """Cut the answer to a click on a face at its stable levels; write and return the masks."""
    image = load_sample_image("astronaut")
    segmentor = load_segmentor()
    click = Click(row=100, col=225)
    probabilities = segmentor.predict(segmentor.embed(image), [click])[0]
    stack = level_stack(probabilities, click.row, click.col, count=3)
    masks = MaskSet(stack.packed, probabilities.shape, stack.stability)
    pictures = [draw_clicks(overlay(image, masks[number]), [click]) for number in range(len(masks))]
    OUT.mkdir(exist_ok=True)
    Image.fromarray(np.hstack(pictures)).save(OUT / "07_levels.png")
    for level, stability in zip(stack.level, stack.stability, strict=True):
        print(f"probability above {1 / (1 + np.exp(-level)):.2f}: stability {stability:.2f}")
    return masks


if __name__ == "__main__":
    main()
