import base64
import zlib

import numpy as np
import pytest

from tamingseg.ui.click.levels import (
    PLACES,
    THRESHOLDS,
    describe_levels,
    first_places,
    stable_places,
)
from tamingseg.values import Click


@pytest.fixture
def nested():
    """Probabilities of three squares in one another, and its centre."""
    answer = np.full((90, 120), 0.003, np.float32)
    for edge, probability in ((10, 0.2), (25, 0.62), (38, 0.99)):
        answer[edge : 90 - edge, edge + 15 : 105 - edge] = probability
    return answer, Click(45.5, 60.5)


def test_places_go_from_the_part_to_the_whole_and_one_half_is_the_middle():
    assert (np.diff(THRESHOLDS) < 0).all()
    assert THRESHOLDS[PLACES // 2] == 0.5
    assert len(THRESHOLDS) == PLACES


def test_a_mask_is_all_pixels_up_to_its_place(rng):
    answer = rng.random((23, 31)).astype(np.float32)
    answer.flat[: PLACES + 2] = [0, 1, *THRESHOLDS]  # on the very thresholds
    first = first_places(answer)
    for place, threshold in enumerate(THRESHOLDS):
        assert ((first <= place) == (answer > threshold.item())).all()


def test_stable_places_are_the_masks_in_the_answer(nested):
    answer, click = nested
    first, stable = first_places(answer), stable_places(answer, click)
    areas = [int((first <= place).sum()) for place in stable]
    assert areas == [14 * 14, 40 * 40, 70 * 70]


def test_stable_places_of_a_large_answer_are_found_in_a_smaller_one(nested):
    answer, click = nested
    large = answer.repeat(12, axis=0).repeat(12, axis=1)
    at = Click(12 * click.row, 12 * click.col)
    assert stable_places(large, at) == stable_places(answer, click)
    assert stable_places(large, Click(1079.9, 1439.9)) == []  # the last pixel of all


def test_levels_around_an_unlikely_click_are_none(nested):
    answer, _ = nested
    assert stable_places(answer, Click(0, 0)) == []


def test_the_description_is_of_the_first_positive_click(nested):
    answer, click = nested
    found = describe_levels(answer, [Click(0, 0, False), click, Click(1, 1)])
    assert found["stable"] == stable_places(answer, click)
    first = np.frombuffer(zlib.decompress(base64.b64decode(found["first"])), "<u2")
    assert (first_places(answer) == first.reshape(120, 90).T).all()
    assert found["thresholds"] == THRESHOLDS.tolist()
