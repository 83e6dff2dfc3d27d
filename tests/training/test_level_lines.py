"""A part in a whole: a small model learns both as level sets, in each of the three ways."""

import numpy as np
import pytest
import torch
from torch import nn

from tamingseg.data.levels import level_map_at
from tamingseg.losses import LOSSES
from tamingseg.proposals.levels import level_stack

CLICK = (16, 14)


@pytest.fixture
def scene():
    """An image, float (3, 32, 32), of a disc on a larger one of another colour; the two masks."""
    rows, cols = np.mgrid[:32, :32]
    distance = np.hypot(rows - 16, cols - 14)
    part, whole = distance < 5, distance < 11
    colours = np.array([[0.2, 0.5, 0.3], [0.6, 0.4, 0.2], [0.8, 0.7, 0.6]], np.float32)
    image = colours[part.astype(int) + whole]
    image += np.random.default_rng(0).normal(0, 0.02, image.shape).astype(np.float32)
    return torch.from_numpy(image).permute(2, 0, 1), part, whole


def learn(image, loss, draw_target):
    """Train a network that decides every pixel by its colour; return its probabilities."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(3, 24, 1), nn.ReLU(), nn.Conv2d(24, 1, 1))
    steps = 600
    optimizer = torch.optim.Adam(model.parameters(), 0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(image[None])[:, 0], draw_target()[None], None).sum().backward()
        optimizer.step()
        schedule.step()
    return model(image[None])[0, 0].detach().sigmoid().numpy()


@pytest.mark.parametrize("way", ["cross-entropy", "soft-iou", "cumulative"])
def test_both_masks_are_learned_as_level_sets(scene, way):
    image, part, whole = scene
    rng = np.random.default_rng(0)
    masks = torch.from_numpy(np.stack([part, whole]).astype(np.float32))
    levels = torch.from_numpy(level_map_at(np.stack([part, whole]).astype(np.int32), {}, *CLICK))
    drawn = way == "cross-entropy"  # this one is shown one mask at a time
    answer = learn(image, LOSSES[way], lambda: masks[rng.integers(2)] if drawn else levels)
    np.testing.assert_array_equal(answer > 0.75, part)
    np.testing.assert_array_equal(answer > 0.25, whole)
    assert answer[whole & ~part].mean() == pytest.approx(0.5, abs=0.05)
    found = level_stack(answer, *CLICK, count=2)
    np.testing.assert_array_equal(np.unpackbits(found.packed, axis=-1), [part, whole])


def test_an_iou_of_masks_drawn_at_random_forgets_one_of_them(scene):
    """Which one depends on the start; what is in one alone is certain, at 2/3 as at 1/2."""
    image, part, whole = scene
    rng = np.random.default_rng(0)
    masks = torch.from_numpy(np.stack([part, part, whole]).astype(np.float32))
    answer = learn(image, LOSSES["soft-iou"], lambda: masks[rng.integers(3)])
    between = answer[whole & ~part].mean()
    assert min(between, 1 - between) < 0.05
