"""What the user said, as a dense map: the previous mask, the positive and the negative clicks.

A click is a disk around the pixel that holds it; clicks of one sign share a channel (SegNext, after
Sofiiuk et al., "Reviving Iterative Training with Mask Guidance", ICIP 2022).
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def draw_clicks(clicks: Tensor, size: tuple[int, int], radius: int) -> Tensor:
    """Draw clicks (Q, K, 3) as disks: float (Q, 2, height, width), positive then negative.

    A click is (row, col, sign) with sign 1 positive, 0 negative, -1 nothing. A pixel is 1 if its
    index is at most `radius` from the index of the click's pixel; what falls outside is clipped.
    Only the pixels of the disks are touched, so memory does not grow with K times the image.
    """
    height, width = size
    reach = range(-radius, radius + 1)
    places = [(row, col) for row in reach for col in reach if row**2 + col**2 <= radius**2]
    disk = torch.tensor(places, device=clicks.device)
    pixels = clicks.floor().long()
    rows = pixels[..., 0, None] + disk[:, 0]  # (Q, K, pixels of a disk)
    cols = pixels[..., 1, None] + disk[:, 1]
    sign = pixels[..., 2, None]
    seen = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width) & (sign >= 0)
    # Everything that must not be drawn goes into one pixel more, which is then dropped.
    index = torch.where(seen, ((1 - sign) * height + rows) * width + cols, 2 * height * width)
    maps = torch.zeros(len(clicks), 2 * height * width + 1, device=clicks.device)
    maps.scatter_(1, index.flatten(1), 1.0)
    return maps[:, :-1].unflatten(1, (2, height, width))


def prompt_maps(
    clicks: Tensor, previous: Tensor | None, size: tuple[int, int], radius: int
) -> Tensor:
    """Join previous masks and clicks: float (Q, 3, height, width).

    `previous` are probabilities (Q, h, w) of any size, resized here; None means none yet, zeros.
    """
    maps = draw_clicks(clicks, size, radius)
    if previous is None:
        previous = maps.new_zeros(len(maps), 1, *size)
    else:
        previous = F.interpolate(previous[:, None].to(maps.dtype), size, mode="bilinear")
    return torch.cat([previous, maps], dim=1)
