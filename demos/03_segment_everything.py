"""No click at all: one ordered list of masks, and what its first 3, 10 and 30 show."""

from pathlib import Path

import numpy as np
from PIL import Image

from tamingseg import MaskSet, load_segmentor, propose_masks
from tamingseg.data.sample_images import load_sample_image
from tamingseg.viz import overlay_masks

OUT = Path(__file__).parent / "out"


def main() -> MaskSet:
    """Propose masks of the cup's photo; write the first of them side by side and return all."""
    image = load_sample_image("coffee")
    masks = propose_masks(load_segmentor(), image)
    pictures = [overlay_masks(image, masks.take(np.arange(count))) for count in (3, 10, 30)]
    OUT.mkdir(exist_ok=True)
    Image.fromarray(np.hstack(pictures)).save(OUT / "03_first_3_10_30.png")
    for count in (3, 10, 30):
        covered = np.any([masks[number] for number in range(count)], axis=0).mean()
        print(f"the first {count} of {len(masks)} masks cover {covered:.0%} of the photo")
    return masks


if __name__ == "__main__":
    main()
