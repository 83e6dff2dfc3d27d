"""Learned upsampling: answers at stride 4 become answers at stride 2, along the image's edges.

Every fine value is a weighted mean of the 3x3 coarse values around it (convex upsampling, as in
RAFT, Teed and Deng, ECCV 2020, section 3.3). The weights follow from the image alone, so they are
computed once per image and shared by all clicks.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FACTOR = 2
"""How much finer the answers become."""


class UpsamplingWeights(nn.Module):
    """Features at strides 4 and 2 -> the weights of `upsample`. A new one upsamples bilinearly."""

    def __init__(self, stride4: int, stride2: int, hidden: int = 32):
        super().__init__()
        self.stride4 = stride4
        self.reduce = nn.Conv2d(stride4 + FACTOR**2 * stride2, hidden, 1)
        self.weights = nn.Conv2d(hidden, FACTOR**2 * 9, 3, padding=1)
        nn.init.normal_(self.weights.weight, std=0.01)
        assert self.weights.bias is not None  # a Conv2d has one unless told otherwise
        with torch.no_grad():
            self.weights.bias.copy_(_bilinear().clamp(min=math.exp(-6)).log().flatten())

    def forward(self, stride4: Tensor, stride2: Tensor) -> Tensor:
        """(B, C, h, w) and (B, C', 2h, 2w) -> (B, 4, 9, h, w), sums over the third axis are 1."""
        # The 1x1 convolution of both side by side, without laying them there.
        coarse, fine = self.reduce.weight[:, : self.stride4], self.reduce.weight[:, self.stride4 :]
        fine = fine.view(self.reduce.out_channels, -1, FACTOR, FACTOR)
        hidden = F.conv2d(stride4, coarse, self.reduce.bias) + F.conv2d(stride2, fine, None, FACTOR)
        weights = self.weights(hidden.relu())
        return weights.unflatten(1, (FACTOR**2, 9)).softmax(2)


def upsample(logits: Tensor, weights: Tensor) -> Tensor:
    """Logits (B, N, h, w) with weights (B, 4, 9, h, w) of the image -> (B, N, 2h, 2w)."""
    batch, queries, height, width = logits.shape
    padded = F.pad(logits, (1, 1, 1, 1), mode="replicate")
    fine = logits.new_zeros(())
    # Nine products instead of one on unfolded logits, which would be copied nine times.
    for place in range(9):
        row, col = divmod(place, 3)
        near = padded[:, :, row : row + height, col : col + width]
        fine = fine + near[:, :, None] * weights[:, None, :, place]
    return F.pixel_shuffle(fine.flatten(0, 1), FACTOR).view(batch, queries, 2 * height, 2 * width)


def _bilinear() -> Tensor:
    """Weights of the 3x3 neighbours for each of the 2x2 fine pixels, (4, 9)."""
    # A fine pixel's centre lies a quarter of a coarse pixel beside the coarse one's.
    near = torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.75, 0.25]])
    return torch.einsum("ar,bc->abrc", near, near).reshape(FACTOR**2, 9)
