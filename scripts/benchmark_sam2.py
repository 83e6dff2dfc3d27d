"""How long SAM 2.1 takes beside the models of this package, on the same photo and cores.

    python scripts/benchmark_sam2.py [--sizes tiny base-plus]

Its networks are built with random weights, which are as fast as trained ones and need no download.
Medians and 90th percentiles of repeated calls. Run it on an otherwise idle machine.
"""

import argparse

import cv2
import numpy as np
from benchmark_model import measure
from transformers import Sam2Config, Sam2Model, Sam2VisionConfig
from transformers.models.sam2.configuration_sam2 import Sam2HieraDetConfig

from tamingseg import Click, load_segmentor
from tamingseg.data.sample_images import load_sample_image
from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.sam2 import Sam2Segmentor

HIERA = {
    "tiny": Sam2HieraDetConfig(
        hidden_size=96,
        num_attention_heads=1,
        blocks_per_stage=[1, 2, 7, 2],
        embed_dim_per_stage=[96, 192, 384, 768],
        num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[8, 4, 14, 7],
        global_attention_blocks=[5, 7, 9],
    ),
    "base-plus": Sam2HieraDetConfig(
        hidden_size=112,
        num_attention_heads=2,
        blocks_per_stage=[2, 3, 16, 3],
        embed_dim_per_stage=[112, 224, 448, 896],
        num_attention_heads_per_stage=[2, 4, 8, 16],
        window_size_per_stage=[8, 4, 14, 7],
        global_attention_blocks=[12, 16, 20],
        window_positional_embedding_background_size=[14, 14],
    ),
}
"""The encoders of the official configurations (facebookresearch/sam2, sam2/configs/sam2.1)."""


def random_sam2(size: str) -> Sam2Segmentor:
    """Build a network of that size with random weights."""
    hiera = HIERA[size]
    vision = Sam2VisionConfig(
        backbone_config=hiera, backbone_channel_list=hiera.embed_dim_per_stage[::-1]
    )
    return Sam2Segmentor(Sam2Model(Sam2Config(vision_config=vision)), f"sam2.1-{size}")


def main() -> None:
    """Measure all models on a 512x512 photo."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=HIERA, default=list(HIERA))
    parser.add_argument("--repeats", type=int, default=10)
    command = parser.parse_args()
    image = cv2.resize(load_sample_image("astronaut"), (512, 512))
    models: list[Segmentor] = [load_segmentor(name) for name in ("default", "distilled")]
    models += [random_sam2(size) for size in command.sizes]
    places = np.linspace(16, 496, 16)
    grid = [Click(row, col) for row in places for col in places]
    for model in models:
        embedding = model.embed(image)
        print(f"{model.name}: memory of an embedding {embedding.nbytes / 2**20:.1f} MB")
        for label, call in (
            ("encode a 512x512 photo", lambda m=model: m.embed(image)),
            ("answer one click", lambda m=model, e=embedding: m.predict(e, grid[:1])),
            (
                "answer 16x16 clicks, at the model's resolution",
                lambda m=model, e=embedding: m.predict(e, grid, full_size=False),
            ),
        ):
            measure(label, call, command.repeats)


if __name__ == "__main__":
    main()
