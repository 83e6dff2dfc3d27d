"""Rates the levels of an answer: the IoU that each level set has with the wanted mask.

Segment Anything (Kirillov et al., ICCV 2023) expects an IoU of each of its three masks; here it is
one of each level set of the one answer. The areas of the level sets say which things the answer
holds: from one thing to the next, the area jumps.
"""

import torch
from torch import Tensor, nn

from tamingseg.masks.rated import LEVELS

_HIDDEN = 96


class LevelRating(nn.Module):
    """`log_areas` of N answers, (N, 15) -> logits of IoUs, (N, 15)."""

    def __init__(self) -> None:
        super().__init__()
        levels = len(LEVELS)
        self.first = nn.Linear(levels, _HIDDEN)
        self.second = nn.Linear(_HIDDEN, _HIDDEN)
        self.last = nn.Linear(_HIDDEN, levels)
        self.dropout = nn.Dropout(0.3)

    def forward(self, log_areas: Tensor) -> Tensor:
        """See the class."""
        hidden = self.dropout(self.first(log_areas).relu())
        return self.last(self.dropout(self.second(hidden).relu()))

    def see(self, mean: Tensor, std: Tensor) -> None:
        """Let inputs take the place of (input - mean) / std: what was learned of these."""
        with torch.no_grad():
            self.first.weight.div_(std)
            self.first.bias.sub_(self.first.weight @ mean)
