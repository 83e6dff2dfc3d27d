"""Pairs of pixels in a small world whose answers are known."""

import compare_pairs
import numpy as np
import pytest

from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.values import Sample


def knower(name, wrong=0.0):
    """Knows the four quarters of the image by their colours; all alike to a share `wrong`."""

    def answer(image, clicks):
        colour = image[int(clicks[0].row), int(clicks[0].col)]
        same = (image == colour).all(axis=-1)
        return (1 - wrong) * same + wrong * 0.5

    return FunctionSegmentor(answer, name)


@pytest.fixture
def quarters():
    labels = np.kron([[1, 2], [3, 0]], np.ones((8, 8), int)).astype(np.int32)
    image = (labels[..., None] * 60).repeat(3, axis=-1).astype(np.uint8)
    return Sample(image, labels[None], "quarters", True)


def test_who_knows_the_masks_tells_all_pairs_and_who_knows_nothing_none(quarters):
    models = [knower("knows"), knower("guesses", wrong=1.0)]
    knows, guesses = compare_pairs.measure(models, quarters, 40, seed=0)
    assert knows == (1.0, 1.0)
    assert guesses[0] == 0.5
    one = Sample(quarters.image, np.ones_like(quarters.label_maps), "one", True)
    assert compare_pairs.measure(models, one, 40, seed=0) is None


def test_the_lead_is_of_the_same_images(rng):
    first = 100 * rng.random((30, 1, 2))
    values = np.concatenate([first, first + 1], axis=1)
    one, other = compare_pairs.lines_of("set", [knower("a"), knower("b")], values)
    assert "AUC, lead" not in one
    assert other["AUC, lead"] == other["precision, lead"] == "1.00 [1.00, 1.00]"
