"""Rates the levels of an answer: the IoU that each level set has with the wanted mask.

Segment Anything (Kirillov et al., ICCV 2023) expects an IoU of each of its three masks; here it is
one of each level set of the one answer. What is known of the click says what kind of thing it lies
on, and the areas of the level sets say which things the answer holds.
"""

import torch
from torch import Tensor, nn

from tamingseg.masks.rated import LEVELS

_HIDDEN = 96


class LevelRating(nn.Module):
    """What is known of a click, (N, query), and `log_areas`, (N, 15) -> logits of IoUs, (N, 15)."""

    def __init__(self, query: int):
        super().__init__()
        levels = len(LEVELS)
        self.first = nn.Linear(query + levels, _HIDDEN)
        self.second = nn.Linear(_HIDDEN, _HIDDEN)
        self.last = nn.Linear(_HIDDEN, levels)
        self.dropout = nn.Dropout(0.3)

    def forward(self, query: Tensor, log_areas: Tensor) -> Tensor:
        """See the class."""
        hidden = self.dropout(self.first(torch.cat([query, log_areas], 1)).relu())
        return self.last(self.dropout(self.second(hidden).relu()))

    def see(self, mean: Tensor, std: Tensor) -> None:
        """Let inputs take the place of (input - mean) / std: what was learned of these."""
        with torch.no_grad():
            self.first.weight.div_(std)
            self.first.bias.sub_(self.first.weight @ mean)
