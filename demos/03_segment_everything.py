"""No click at all: one ordered list of masks, and what its first 3, 10 and 30 show."""

from pathlib import Path

import numpy as np
from PIL import Image

from tamingseg import MaskSet, load_sample_image, load_segmentor, overlay_masks, propose_masks

OUT = Path(__file__).parent / "out"


def main() -> MaskSet:
    """Propose masks of the cup's photo; write the first of them side by side and return all."""
    image = load_sample_image("coffee")
    masks = propose_masks(load_segmentor(), image)
    first = [masks.take(np.arange(min(count, len(masks)))) for count in (3, 10, 30)]
    pictures = [overlay_masks(image, some) for some in first]
    OUT.mkdir(exist_ok=True)
    Image.fromarray(np.hstack(pictures)).save(OUT / "03_first_3_10_30.png")
    for some in first:
        covered = np.any([some[number] for number in range(len(some))], axis=0).mean()
        print(f"the first {len(some)} of {len(masks)} masks cover {covered:.0%} of the photo")
    return masks


if __name__ == "__main__":
    main()
