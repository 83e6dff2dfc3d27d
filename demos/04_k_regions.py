"""A photo in exactly K regions: one hierarchy gives every K, each nested in the one before."""

from pathlib import Path

import numpy as np
from PIL import Image

from tamingseg import Hierarchy, build_hierarchy, draw_regions, load_sample_image, load_segmentor

OUT = Path(__file__).parent / "out"


def main() -> Hierarchy:
    """Merge the regions of the cup's photo; write it in 2, 5 and 15 of them side by side."""
    image = load_sample_image("coffee")
    hierarchy = build_hierarchy(load_segmentor("distilled"), image)
    counts = (2, 5, 15)
    pictures = [draw_regions(image, hierarchy.cut(regions)) for regions in counts]
    OUT.mkdir(exist_ok=True)
    Image.fromarray(np.hstack(pictures)).save(OUT / "04_2_5_15_regions.png")
    for regions in counts:
        largest = np.bincount(hierarchy.cut(regions).ravel()).max() / image[..., 0].size
        print(f"{regions} regions, the largest of them {largest:.0%} of the photo")
    return hierarchy


if __name__ == "__main__":
    main()
