"""A finished model learns which level of its answers is meant."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.masks.iou import iou
from tamingseg.masks.rated import LEVELS
from tamingseg.models.clicknet import ClickNet, ClickNetConfig
from tamingseg.models.rating import LevelRating
from tamingseg.training.rating import _fit, learn_rating, level_ious
from tamingseg.values import Sample

TINY = ClickNetConfig(
    backbone="resnet10t", pyramid=(8, 8, 8, 8), query=8, coarse=4, fine=4, heads=2, head_width=4
)


class Squares:
    """Bright squares on a dark floor, one in each image."""

    name = "squares"

    def __init__(self, side):
        self.side = side

    def __len__(self):
        return 3

    def __getitem__(self, index):
        labels = np.zeros((1, 64, 96), np.int32)
        labels[0, 10 : 10 + self.side, 20 + 9 * index : 20 + 9 * index + self.side] = 1
        image = np.repeat(np.uint8(200) * labels[0][..., None].astype(np.uint8), 3, axis=2)
        return Sample(image, labels, str(index))


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_every_level_is_compared_with_the_mask(seed, partly_unknown):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (5, 7))
    truth = rng.random((5, 7)) < 0.5
    ignore = rng.random((5, 7)) < 0.3 if partly_unknown else None
    counted = np.ones((5, 7), bool) if ignore is None else ~ignore
    found = level_ious(logits, truth, ignore)
    for place, level in enumerate(LEVELS):
        mask = logits > np.log(level / (1 - level))
        if (counted & (mask | truth)).any():
            assert found[place] == pytest.approx(iou(mask & counted, truth & counted), abs=1e-6)
        else:
            assert found[place] == 0


def test_a_rating_learns_what_the_areas_say():
    """Half of the clicks mean a low level, and one of the areas says which."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(600):
        part = rng.random() < 0.5
        areas = rng.normal(-3, 1, 15)
        areas[4] -= 4 * part
        ious = np.where(np.arange(15) > 7, 0.9, 0.3) if part else np.linspace(0.9, 0.1, 15)
        rows.append(tuple(np.float32(values) for values in (areas, ious)))
    torch.manual_seed(1)
    rating = LevelRating()
    _fit(rating, rows, [1.0] * len(rows), 0)
    areas, ious = (torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True))
    best = rating.eval()(areas).argmax(1)
    reached = ious.gather(1, best[:, None]).mean()
    assert reached > 0.85  # 0.9 at best, 0.6 by one level for all


def test_only_the_rating_is_new():
    torch.manual_seed(0)
    model = ClickNet(TINY).eval()
    rated = learn_rating(model, [Squares(30), Squares(40)], 2)
    assert rated.config.rated
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(rated.state_dict()[name], tensor, atol=0, rtol=0)


def test_without_masks_there_is_nothing_to_learn_from():
    with pytest.raises(ValueError, match="--rated-images 0"):
        learn_rating(ClickNet(TINY), [Squares(8)], 2)
