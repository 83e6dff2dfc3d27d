"""No click at all: one pass gives every pixel a feature; near features are the same object."""

from pathlib import Path

import numpy as np
from PIL import Image

from tamingseg import colour_features, heat_map, load_sample_image, load_segmentor

OUT = Path(__file__).parent / "out"


def main() -> np.ndarray:
    """Write the features as colours, and how near all pixels are to one; return the nearness."""
    image = load_sample_image("astronaut")
    height, width = image.shape[:2]
    segmentor = load_segmentor("distilled")
    features = segmentor.pixel_features(segmentor.embed(image))  # (h, w, D), the image's frame
    rows, cols, dim = features.shape

    row, col = 250 * rows // height, 225 * cols // width  # on her suit
    nearness = segmentor.affinity(features[row, col][None], features.reshape(-1, dim))
    nearness = nearness.reshape(rows, cols)

    colours = colour_features(features, (height, width))
    suit = Image.fromarray(heat_map(nearness)).resize((width, height))
    OUT.mkdir(exist_ok=True)
    Image.fromarray(np.hstack([image, colours, np.asarray(suit)])).save(OUT / "06_features.png")
    print(f"{rows} x {cols} features of {dim} numbers; see {OUT}")
    return nearness


if __name__ == "__main__":
    main()
