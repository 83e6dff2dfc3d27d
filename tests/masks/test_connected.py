"""One click means one piece, at every level."""

import cv2
import numpy as np
import pytest
from skimage.morphology import reconstruction

from tamingseg.masks.connected import connected_to


def hill(rng, height=40, width=60):
    return cv2.GaussianBlur(rng.normal(size=(height, width)).astype(np.float32), (0, 0), 3) * 40


def test_an_island_elsewhere_goes_and_the_piece_keeps_its_logits():
    logits = np.full((20, 30), -4, np.float32)
    logits[2:8, 2:8], logits[12:18, 20:28] = 3, 5
    before = logits.copy()
    answer = connected_to(logits, 4, 4)
    np.testing.assert_array_equal(logits, before)
    assert (answer[2:8, 2:8] == 3).all()
    assert not (answer[12:18, 20:28] > 0).any()
    np.testing.assert_array_equal(answer > 0, connected_to(before, 4, 4) > 0)


def test_a_small_gap_does_not_part_a_thing():
    logits = np.full((5, 20), -4, np.float32)
    logits[2, 2:9] = logits[2, 10:15] = 2
    logits[2, 18] = 2  # three cells further
    assert np.flatnonzero((connected_to(logits, 2, 4) > 0)[2]).tolist() == [
        *range(2, 9),
        *range(10, 15),
    ]


def test_what_is_surer_than_the_click_stays_if_it_is_in_the_same_piece():
    logits = np.full((5, 12), -4, np.float32)
    logits[1:4, 1:11] = 1
    logits[2, 4], logits[2, 8] = 6, 6
    np.testing.assert_array_equal(connected_to(logits, 2, 1), logits)


def test_a_click_outside_of_the_answer_changes_nothing():
    logits = np.full((9, 9), -4, np.float32)
    logits[6:, 6:] = 2
    np.testing.assert_array_equal(connected_to(logits, 1, 1), logits)


@pytest.mark.parametrize("seed", range(8))
def test_it_is_grey_scale_reconstruction_up_to_one_step(seed):
    logits = hill(np.random.default_rng(seed))
    row, col = np.unravel_index(logits.argmax(), logits.shape)
    reach = cv2.dilate(logits, np.ones((3, 3), np.uint8))
    own = reach[row, col]
    ceiling = np.minimum(reach, own)
    seed_map = np.full_like(ceiling, ceiling.min())
    seed_map[row, col] = own
    exact = np.minimum(logits, reconstruction(seed_map, ceiling, footprint=np.ones((3, 3))))
    answer = connected_to(logits, row, col)
    assert (answer >= exact - 1e-4).all()
    assert (answer - np.maximum(exact, -6) <= 0.5 + 1e-4).all()
    # At the threshold itself there is no difference.
    np.testing.assert_array_equal(answer > 0, exact > 0)
