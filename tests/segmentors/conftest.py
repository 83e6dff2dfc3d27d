"""Segmentors for these tests: SAM 2.1 at a size that answers within milliseconds."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

if TYPE_CHECKING:
    from transformers import Sam2Model

SAM2_PARTS = {
    "vision_config": {
        "backbone_config": {
            "model_type": "sam2_hiera_det_model",
            "hidden_size": 8,
            "image_size": [64, 64],
            "blocks_per_stage": [1, 1, 2, 1],
            "embed_dim_per_stage": [8, 16, 32, 64],
            "num_attention_heads_per_stage": [1, 1, 2, 2],
            "window_size_per_stage": [8, 4, 4, 2],
            "global_attention_blocks": [3],
            "window_positional_embedding_background_size": [4, 4],
        },
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": 32,
    },
    "prompt_encoder_config": {
        "hidden_size": 32,
        "image_size": 64,
        "patch_size": 16,
        "mask_input_channels": 8,
    },
    "mask_decoder_config": {
        "hidden_size": 32,
        "mlp_dim": 32,
        "num_attention_heads": 2,
        "iou_head_hidden_dim": 16,
    },
}
"""SAM 2.1 on a square of 64, with a window, a pooling and a global block; its masks are 16x16."""


def _shake(model: torch.nn.Module) -> None:
    """Give the weights spread: as transformers draws them, every answer is nearly constant."""
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        for tensor in model.parameters():
            if tensor.ndim > 1:
                tensor.normal_(std=max(tensor[0].numel(), 16) ** -0.5)
        # SAM has one random embedding of places; the library keeps it twice.
        places = model.shared_image_embedding.positional_embedding.normal_()
        model.prompt_encoder.shared_embedding.positional_embedding.copy_(places)


@pytest.fixture(scope="session")
def sam2_model() -> "Sam2Model":
    from transformers import Sam2Config, Sam2Model

    model = Sam2Model(Sam2Config(**SAM2_PARTS)).eval()
    _shake(model)
    return model


@pytest.fixture(scope="session")
def write_sam2_folder() -> Callable[[Path], Path]:
    """`write_sam2_folder(folder)` stores a video model there, which is how SAM 2.1 is published."""

    from transformers import Sam2VideoConfig, Sam2VideoModel

    def write(folder: Path) -> Path:
        sizes = {
            "memory_attention_hidden_size": 32,
            "memory_attention_feed_forward_hidden_size": 32,
            "memory_attention_num_layers": 1,
            "memory_encoder_hidden_size": 32,
            "memory_encoder_output_channels": 8,
            "mask_downsampler_embed_dim": 32,
            "memory_fuser_embed_dim": 32,
            "memory_fuser_intermediate_dim": 32,
            "memory_fuser_num_layers": 1,
        }
        model = Sam2VideoModel(Sam2VideoConfig(**SAM2_PARTS, **sizes))
        _shake(model)
        model.save_pretrained(folder)
        return folder

    return write
