"""PixelEmbedder: one pass gives every pixel a feature, and near features are one object.

It is what a click model becomes when it is distilled. The affinity A(x, y) = P(y in m | x in m) of
two pixels is a function of their features alone, so after one pass every click is answered by a
matrix product. Two forms (compared in docs/experiments.md):

- ``distance``: sigmoid(b - ||f_x - f_y||^2), symmetric; the features may be clustered, drawn as
  colours and averaged over regions. Thresholds of the distance give level sets.
- ``product``: sigmoid(b + q_x . k_y), with two features per pixel: what it asks for when clicked,
  and what it answers. It can say that a part belongs to its whole more than the whole to the part.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tamingseg.models.backbone import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Deviation,
    channels_of,
    hierarchical_backbone,
)
from tamingseg.models.clicknet import Pyramid
from tamingseg.models.config import Between, check_config

Affinity = Literal["distance", "product"]


@dataclass(frozen=True)
class PixelEmbedderConfig:
    """What a PixelEmbedder is built from; raises ValueError if a field is out of its range."""

    backbone: str = "resnet18"  # any timm model with features at strides 4, 8, 16 and 32
    # Per stage, for ResNets; () is the backbone's own.
    blocks: tuple[Annotated[int, Between(1, 100)], ...] = (2, 2, 2, 1)
    pyramid: tuple[int, int, int, int] = (64, 96, 128, 128)  # channels at strides 4, 8, 16, 32
    hidden: int = 96  # channels in which the strides come together
    dim: int = 32  # numbers per feature
    affinity: Affinity = "distance"  # see the head of this file
    image_size: int = 384  # longest side that the model is used at
    mean: tuple[float, float, float] = IMAGENET_MEAN  # of the images, RGB in [0, 1]
    std: tuple[Deviation, Deviation, Deviation] = IMAGENET_STD  # and their standard deviation

    def __post_init__(self) -> None:
        check_config(self)


class PixelEmbedder(nn.Module):
    """Image -> features at stride 4; a click is answered with its affinity to every pixel.

    `stride_multiple` is what the sides of the input must be divisible by.
    """

    stride_multiple = 32

    def __init__(self, config: PixelEmbedderConfig = PixelEmbedderConfig()):
        super().__init__()
        self.config = config
        self.backbone = hierarchical_backbone(config.backbone, config.blocks)
        self.pyramid = Pyramid(channels_of(self.backbone)[-4:], config.pyramid)
        # What every stride says of a pixel is added up, so that its feature knows the object and
        # the outline.
        self.gather = nn.ModuleList(nn.Conv2d(width, config.hidden, 1) for width in config.pyramid)
        self.mix = nn.Sequential(
            nn.BatchNorm2d(config.hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(config.hidden, config.hidden, 3, padding=1, bias=False),
            nn.BatchNorm2d(config.hidden),
            nn.ReLU(inplace=True),
        )
        self.query = nn.Conv2d(config.hidden, config.dim, 1)
        if config.affinity == "product":
            self.key = nn.Conv2d(config.hidden, config.dim, 1)
        self.bias = nn.Parameter(torch.tensor(1.0))
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(config.mean).view(3, 1, 1), False)
        self.register_buffer("std", torch.tensor(config.std).view(3, 1, 1), False)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """RGB in [0, 1], (B, 3, H, W) -> float32 queries and keys, each (B, dim, H/4, W/4).

        They are one tensor if the affinity is symmetric.

        Raises
        ------
        ValueError
            If a side is not divisible by 32: features and clicks would not lie on each other.
        """
        if any(side % self.stride_multiple for side in images.shape[2:]):
            raise ValueError(
                f"the sides of the input must be multiples of {self.stride_multiple}, got "
                f"{tuple(images.shape[2:])}; pad it, or choose another size"
            )
        images = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        levels = self.pyramid(self.backbone(images)[-4:])
        hidden = self.gather[0](levels[0])
        for gather, level in zip(self.gather[1:], levels[1:], strict=True):
            hidden = hidden + F.interpolate(gather(level), hidden.shape[2:], mode="bilinear")
        hidden = self.mix(hidden)
        queries = self.query(hidden).float()
        return queries, queries if self.config.affinity == "distance" else self.key(hidden).float()

    def decode(
        self, features: tuple[Tensor, Tensor], clicks: Tensor, previous: Tensor | None = None
    ) -> Tensor:
        """Answer N queries per image.

        A pixel follows the click that claims it most. A negative click claims pixels for what is
        not wanted, and says nothing about those it does not claim.

        Parameters
        ----------
        features
            What `encode` gave for B images.
        clicks
            (B, N, K, 3): up to K clicks per query as (row, col, sign) in input pixels; sign 1
            positive, 0 negative, -1 for the empty slots at the end.
        previous
            Not used: without a decoder there is nothing that could correct an answer.

        Returns
        -------
        Logits (B, N, H/4, W/4).
        """
        queries, keys = features
        size = queries.shape[2:]
        cells = (clicks[..., :2] / 4).long().clamp(min=0)
        rows, cols = cells[..., 0].clamp(max=size[0] - 1), cells[..., 1].clamp(max=size[1] - 1)
        places = (rows * size[1] + cols).flatten(1)
        clicked = queries.flatten(2).transpose(1, 2)
        clicked = clicked.gather(1, places[..., None].expand(-1, -1, clicked.shape[2]))
        claims = self.affinity_logits(clicked, keys.flatten(2).transpose(1, 2))
        claims = claims.unflatten(1, clicks.shape[1:3])
        sign = clicks[..., 2, None]
        nothing = claims.new_tensor(-torch.inf)
        wanted = torch.where(sign == 1, claims, nothing).amax(2)
        # Nobody asked for anything: every pixel is as likely as not.
        wanted = torch.where((sign == 1).any(2), wanted, claims.new_zeros(()))
        unwanted = torch.where(sign == 0, claims, nothing).amax(2)
        logits = torch.where(unwanted > wanted, torch.minimum(wanted, -unwanted), wanted)
        return logits.unflatten(2, size)

    def enlarge(self, logits: Tensor, features: tuple[Tensor, Tensor]) -> Tensor:
        """Return the logits as they are: features know nothing finer than stride 4."""
        return logits

    def affinity_logits(self, first: Tensor, second: Tensor) -> Tensor:
        """Features (..., N, dim) that are clicked and (..., M, dim) that answer -> (..., N, M)."""
        # In full precision: a distance is the difference of two large numbers.
        with torch.autocast(first.device.type, enabled=False):
            products = first.float() @ second.float().transpose(-1, -2)
            if self.config.affinity == "product":
                return self.bias + products
            norms = first.square().sum(-1)[..., :, None] + second.square().sum(-1)[..., None, :]
            return self.bias - (norms - 2 * products).clamp(min=0)
