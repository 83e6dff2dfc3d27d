"""SegNext: a plain transformer encodes the image once, dense prompts ask it for masks.

Liu, Cho, Bansal, Niethammer: "Rethinking Interactive Image Segmentation with Low Latency, High
Quality, and Diverse Prompts", CVPR 2024. Clicks and the previous mask become a map of tokens that
is added to the image's; one or two transformer blocks fuse them, a simple pyramid and an MLP head
make the mask. Official checkpoints give the same numbers here (see `tamingseg.weights.convert`).
"""

from dataclasses import dataclass, replace
from typing import Annotated

import torch
from timm.layers import PatchEmbed
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional as F

from tamingseg.models.backbone import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    PATCH,
    PlainViT,
    resize_positions,
)
from tamingseg.models.click_maps import prompt_maps
from tamingseg.models.config import Between, check_config
from tamingseg.models.neck import MlpHead, SimplePyramid

_PIXELS_AT_ONCE = 4 * 1024 * 1024
"""Queries times input pixels that are decoded together: 1.5 GB of activations for ViT-B."""


@dataclass(frozen=True)
class SegNextConfig:
    """What a SegNext is built from; the defaults are the official ViT-B `sax2`.

    Raises
    ------
    ValueError
        If a field is out of its range, or the heads do not share the width evenly.
    """

    image_size: int = 1024  # side of the square input
    width: int = 768  # channels of a token
    depth: Annotated[int, Between(1, 100)] = 12  # blocks of the image encoder
    heads: int = 12  # attention heads of every block
    global_every: int = 3  # encoder blocks 3, 6, 9, ... and the last see all
    fusion_depth: Annotated[int, Between(0, 100)] = 2  # blocks after the prompts are added
    pyramid: tuple[int, int, int, int] = (128, 256, 512, 1024)  # channels at strides 4, 8, 16, 32
    head_width: int = 256  # channels inside the head
    # Of whole channels, before the last layer, in training only.
    dropout: Annotated[float, Between(0, 1)] = 0.1
    # Of the disk that marks a click, in input pixels.
    click_radius: Annotated[int, Between(0, 100)] = 5

    def __post_init__(self) -> None:
        check_config(self)
        if self.width % self.heads:
            raise ValueError(
                f"width must be a multiple of heads, got {self.width} and {self.heads}"
            )


SAX1 = SegNextConfig(fusion_depth=1)
SAX2 = SegNextConfig(fusion_depth=2)


class SegNext(nn.Module):
    """Encode square images once, answer any number of queries about them."""

    def __init__(self, config: SegNextConfig = SAX2):
        super().__init__()
        self.config = config
        self.backbone = PlainViT(
            config.image_size, config.width, config.depth, config.heads, config.global_every
        )
        self.prompt_embed = PatchEmbed(config.image_size, PATCH, 3, config.width)
        # Epsilon is 1e-5 here, torch's default, and 1e-6 in the encoder, as in the official code.
        self.fusion_blocks = nn.Sequential(
            *(
                Block(config.width, config.heads, qkv_bias=True, norm_layer=nn.LayerNorm)
                for _ in range(config.fusion_depth)
            )
        )
        self.neck = SimplePyramid(config.width, config.pyramid)
        self.head = MlpHead(config.pyramid, config.head_width, config.dropout)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1), False)

    def encode(self, images: Tensor) -> Tensor:
        """RGB in [0, 1], (B, 3, S, S) -> features (B, width, S/16, S/16).

        Raises
        ------
        ValueError
            If the images are not S x S, S = `config.image_size`.
        """
        side = self.config.image_size
        if images.shape[1:] != (3, side, side):
            raise ValueError(
                f"this model reads images (B, 3, {side}, {side}), got {tuple(images.shape)}; "
                "resize them first, or make a model of another size with `at_size`"
            )
        return self.backbone((images - self.mean) / self.std)

    def decode(self, features: Tensor, clicks: Tensor, previous: Tensor | None = None) -> Tensor:
        """Answer N queries per image, a few at a time so that any N fits into memory.

        Parameters
        ----------
        features
            What `encode` gave for B images.
        clicks
            (B, N, K, 3): up to K clicks per query as (row, col, sign) in input pixels; sign 1
            positive, 0 negative, -1 for the empty slots at the end.
        previous
            (B, N, h, w) probabilities before the last click, at any resolution; None for none.

        Returns
        -------
        Logits (B, N, S/4, S/4), corner on corner with the input: see `enlarge`.
        """
        batch, queries = clicks.shape[:2]
        image = torch.arange(batch, device=clicks.device).repeat_interleave(queries)
        clicks = clicks.flatten(0, 1)
        previous = None if previous is None else previous.flatten(0, 1)
        size = max(1, _PIXELS_AT_ONCE // self.config.image_size**2)
        logits = []
        for start in range(0, len(clicks), size):
            part = slice(start, start + size)
            known = None if previous is None else previous[part]
            logits.append(self._decode(features[image[part]], clicks[part], known))
        return torch.cat(logits).unflatten(0, (batch, queries))

    def enlarge(self, logits: Tensor, features: Tensor) -> Tensor:
        """Logits (B, N, S/4, S/4) -> (B, N, S, S), what the official model trains and answers with.

        The corner pixels stay corner pixels, as the official model has it; all other resizing in
        it is by half-pixel centres.
        """
        size = (self.config.image_size, self.config.image_size)
        return F.interpolate(logits, size, mode="bilinear", align_corners=True)

    def at_size(self, image_size: int) -> "SegNext":
        """Return a model for another input size: the same weights, positions resized."""
        model = SegNext(replace(self.config, image_size=image_size))
        state = self.state_dict()
        positions = resize_positions(state["backbone.pos_embed"], image_size // PATCH)
        model.load_state_dict({**state, "backbone.pos_embed": positions})
        return model.to(positions.device).train(self.training)

    def _decode(self, features: Tensor, clicks: Tensor, previous: Tensor | None) -> Tensor:
        """One query per row: features (Q, width, h, w), clicks (Q, K, 3) -> logits (Q, 4h, 4w)."""
        size = (self.config.image_size, self.config.image_size)
        prompts = self.prompt_embed(prompt_maps(clicks, previous, size, self.config.click_radius))
        tokens = self.fusion_blocks(features.flatten(2).transpose(1, 2) + prompts)
        fused = tokens.transpose(1, 2).unflatten(2, features.shape[2:])
        return self.head(self.neck(fused))[:, 0]
