"""From the features of a plain transformer to logits: simple feature pyramid and MLP head.

The pyramid makes four strides out of the last one (Li et al., ECCV 2022); the head is SegFormer's
(Xie et al., NeurIPS 2021): one hidden layer, every stage a 1x1 convolution.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F


class SimplePyramid(nn.Module):
    """Features (B, width, h, w) at stride 16 -> four maps at strides 4, 8, 16 and 32.

    `outputs` are their channels.
    """

    def __init__(self, width: int, outputs: Sequence[int]):
        super().__init__()
        out4, out8, out16, out32 = outputs
        mid4, mid8, mid32 = max(2 * out4, width // 2), max(out8, width // 2), max(out32, 2 * width)
        self.stride4 = nn.Sequential(
            nn.ConvTranspose2d(width, mid4, 2, stride=2),
            _norm(mid4),
            nn.GELU(),
            nn.ConvTranspose2d(mid4, mid4 // 2, 2, stride=2),
            _norm(mid4 // 2),
            *_project(mid4 // 2, out4),
        )
        self.stride8 = nn.Sequential(
            nn.ConvTranspose2d(width, mid8, 2, stride=2), _norm(mid8), *_project(mid8, out8)
        )
        self.stride16 = nn.Sequential(*_project(width, out16))
        self.stride32 = nn.Sequential(
            nn.Conv2d(width, mid32, 2, stride=2), _norm(mid32), *_project(mid32, out32)
        )

    def forward(self, features: Tensor) -> list[Tensor]:
        """Compute the four maps, finest first."""
        stages = (self.stride4, self.stride8, self.stride16, self.stride32)
        return [stage(features) for stage in stages]


class MlpHead(nn.Module):
    """Four maps with `inputs` channels -> logits (B, 1, h, w) at the resolution of the first."""

    def __init__(self, inputs: Sequence[int], width: int, dropout: float):
        super().__init__()
        self.project = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in inputs)
        self.fuse = nn.Conv2d(width * len(inputs), width, 1)
        self.dropout = nn.Dropout2d(dropout)
        self.predict = nn.Conv2d(width, 1, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Project each map, bring all to one size, fuse.

        By the book the enlarged maps are joined and then multiplied by `fuse`. A 1x1 convolution
        and bilinear resizing commute, so each map is multiplied by its share of `fuse` while it is
        still small: the same numbers with less memory and less work.
        """
        shares = self.fuse.weight.chunk(len(maps), dim=1)
        fused = self.fuse.bias[:, None, None]  # type: ignore[index]
        for values, project, share in zip(maps, self.project, shares, strict=True):
            values = F.conv2d(project(values).relu(), share)
            if values.shape[2:] != maps[0].shape[2:]:
                values = F.interpolate(values, maps[0].shape[2:], mode="bilinear")
            fused = fused + values
        return self.predict(self.dropout(fused.relu()))


def _norm(channels: int) -> nn.Module:
    """Layer norm over channels and places at once."""
    return nn.GroupNorm(1, channels)


def _project(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 1), _norm(outputs), nn.GELU()]
