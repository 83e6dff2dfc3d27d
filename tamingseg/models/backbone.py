"""Encoders: a plain vision transformer at stride 16, and any timm model at strides 4 to 32.

`PlainViT`, built from timm's blocks, is the encoder of SegNext (Liu et al., CVPR 2024), which
follows ViTDet (Li et al., ECCV 2022): most blocks attend inside windows, every few blocks one
attends to the whole image. There is no class token, though its position is stored, and the last
block's output is not normalised.
"""

from functools import cache
from typing import Annotated, Any

import timm
import torch
from timm.layers import Format, PatchEmbed, resample_abs_pos_embed
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn.parameter import Parameter

from tamingseg.models.config import Between

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the RGB channels of ImageNet, in [0, 1]: how most encoders normalise images."""

Deviation = Annotated[float, Between(1e-3, 1e3)]
"""A standard deviation that images are divided by."""

PATCH = 16
"""Side of a patch in pixels: the stride of the features."""

WINDOW = 14
"""Windows are at least this many tokens wide; how wide follows from the grid, see `PlainViT`."""


class PlainViT(nn.Module):
    """Normalised square images (B, 3, S, S) -> features (B, width, S/16, S/16).

    A grid of S/16 tokens is split into floor(S/16 / 14) windows a side, which makes windows of
    16x16 tokens at 1024 and 512 pixels and of 14x14 at 448.

    Raises
    ------
    ValueError
        If `image_size` is not a multiple of 16, or its grid cannot be split into equal windows.
    """

    def __init__(self, image_size: int, width: int, depth: int, heads: int, global_every: int):
        super().__init__()
        grid = image_size // PATCH
        self.windows = max(1, grid // WINDOW)
        if image_size % PATCH or grid % self.windows:
            raise ValueError(
                f"image_size must be a multiple of {PATCH} whose token grid splits into "
                f"{self.windows} equal windows a side, got {image_size} (grid {grid}); "
                f"{PATCH * self.windows * (grid // self.windows)} would do"
            )
        self.global_every = global_every
        self.patch_embed = PatchEmbed(image_size, PATCH, 3, width)
        self.pos_embed = Parameter(nn.init.normal_(torch.empty(1, 1 + grid**2, width), std=0.02))
        self.blocks = nn.ModuleList(Block(width, heads, qkv_bias=True) for _ in range(depth))
        # Official checkpoints hold this norm and never apply it. It is kept, frozen, so that every
        # one of their keys has its place here.
        self.fc_norm = nn.LayerNorm(width).requires_grad_(False)
        for linear in (m for m in self.blocks.modules() if isinstance(m, nn.Linear)):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Blocks `global_every`, 2 `global_every`, ... and the last see the whole image."""
        tokens = self.patch_embed(images) + self.pos_embed[:, 1:]  # index 0: the class token's
        grid = images.shape[2] // PATCH
        for number, block in enumerate(self.blocks, start=1):
            if number % self.global_every == 0 or number == len(self.blocks):
                tokens = block(tokens)
            else:
                tokens = _from_windows(block(_to_windows(tokens, self.windows, grid)), self.windows)
        return tokens.transpose(1, 2).unflatten(2, (grid, grid))


def resize_positions(pos_embed: Tensor, grid: int) -> Tensor:
    """Position embeddings (1, 1 + n*n, width) -> (1, 1 + grid*grid, width), bicubic."""
    return resample_abs_pos_embed(pos_embed, [grid, grid], antialias=False)


def _to_windows(tokens: Tensor, windows: int, grid: int) -> Tensor:
    """(B, grid * grid, C) -> (B * windows * windows, tokens of a window, C)."""
    side = grid // windows
    split = tokens.unflatten(1, (windows, side, windows, side))
    return split.transpose(2, 3).flatten(3, 4).flatten(0, 2)


def _from_windows(tokens: Tensor, windows: int) -> Tensor:
    """Undo `_to_windows`."""
    side = round(tokens.shape[1] ** 0.5)
    split = tokens.unflatten(1, (side, side)).unflatten(0, (-1, windows, windows))
    return split.transpose(2, 3).flatten(1, 4)


def hierarchical_backbone(name: str, blocks: tuple[int, ...] = ()) -> nn.Module:
    """Build a timm model, with fresh weights, that ends with features at strides 4, 8, 16 and 32.

    It maps images (B, 3, H, W), both sides multiples of 32, to a list of features (B, C, h, w).

    Parameters
    ----------
    blocks
        Residual blocks of each stage, for ResNets; () is the model's own number.

    Raises
    ------
    ValueError
        If `name` is no model of timm, has other strides, takes images of one size only, or knows
        nothing of `blocks`.
    """
    _check_features(name, blocks)
    return _feature_model(name, blocks)


def channels_of(backbone: nn.Module) -> list[int]:
    """Return the channels of a hierarchical backbone's features, from fine to coarse."""
    info: Any = backbone.feature_info  # timm has no types
    return info.channels()


def strides_of(backbone: nn.Module) -> list[int]:
    """Return the strides of a hierarchical backbone's features, from fine to coarse."""
    info: Any = backbone.feature_info
    return info.reduction()


@cache
def _check_features(name: str, blocks: tuple[int, ...]) -> None:
    """Ask the model for features of a small image, on torch's meta device: shapes, no numbers."""
    # (timm would also follow names that lead to a hub or a folder.)
    if not timm.is_model(name):
        raise ValueError(f"backbone must be a model of timm, got {name!r}")
    with torch.device("meta"):
        try:
            backbone = _feature_model(name, blocks).eval()
        except (TypeError, RuntimeError, AssertionError) as error:
            reason = f" with blocks {blocks}, which are for ResNets; leave them empty"
            raise ValueError(
                f"{name!r} cannot be built{reason if blocks else ''} ({error})"
            ) from error
        strides = strides_of(backbone)
        if strides[-4:] != [4, 8, 16, 32]:
            raise ValueError(
                f"backbone must give features at strides 4, 8, 16 and 32, {name!r} gives {strides}"
            )
        channels = channels_of(backbone)[-4:]
        expected = [
            (1, number, 64 // stride, 96 // stride)
            for number, stride in zip(channels, strides[-4:], strict=True)
        ]
        try:
            with torch.inference_mode():
                shapes = [tuple(values.shape) for values in backbone(torch.empty(1, 3, 64, 96))]
        except (RuntimeError, AssertionError, ValueError, TypeError) as error:
            raise ValueError(
                f"backbone must take images whose sides are any multiples of 32, {name!r} does not "
                f"({error}); choose another model"
            ) from error
        if shapes[-4:] != expected:
            raise ValueError(
                f"backbone must give features of shapes {expected} for an image of 64 x 96, "
                f"{name!r} gives {shapes[-4:]}; choose another model"
            )


def _feature_model(name: str, blocks: tuple[int, ...]) -> nn.Module:
    settings: dict[str, Any] = {"layers": blocks} if blocks else {}
    if name.startswith("swin"):
        settings["strict_img_size"] = False
    model = timm.create_model(name, features_only=True, pretrained=False, **settings)
    if getattr(model, "output_fmt", Format.NCHW) == Format.NHWC:
        model.register_forward_hook(_channels_first)
    return model


def _channels_first(_: nn.Module, __: Any, features: list[Tensor]) -> list[Tensor]:
    """Turn features (B, h, w, C) into (B, C, h, w)."""
    return [values.permute(0, 3, 1, 2) for values in features]
