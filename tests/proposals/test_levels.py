"""Level lines of answers whose masks are known."""

import numpy as np
import pytest

from tamingseg.masks.packed import areas
from tamingseg.proposals.levels import LADDER, level_lines, level_stack, whole_masks

ROWS, COLS = np.mgrid[:40, :48]


def disc(radius, row=20, col=24):
    return (ROWS - row) ** 2 + (COLS - col) ** 2 < radius**2


def unpack(packed):
    return np.unpackbits(packed, axis=-1, count=48).astype(bool)


@pytest.fixture
def nested():
    """A part in a whole in a group, and the same group's level elsewhere, apart."""
    part, whole, group = disc(5), disc(10), disc(17)
    logits = np.full((40, 48), -6.0)
    logits[group], logits[whole], logits[part] = -1.5, 0.7, 3.5
    logits[:4, :6] = 3.5  # as certain as the part, but not connected to the click
    return logits, part, whole, group


def test_part_whole_and_group_are_found(nested):
    logits, *masks = nested
    found = level_lines(logits[None], np.array([[20, 24]]), count=3)
    assert found.answer.tolist() == [0, 0, 0]
    got = {mask.tobytes() for mask in unpack(found.packed)}
    assert got == {mask.tobytes() for mask in masks}
    assert found.stability[0] == 1  # the part, at 2: nothing changes from 1 to 3
    for mask, level in zip(unpack(found.packed), found.level, strict=True):
        component = (logits > level) & disc(18)
        np.testing.assert_array_equal(mask, component)


def test_the_mass_is_the_probability_between_the_levels(nested):
    logits, part, whole, group = nested
    found = level_lines(logits[None], np.array([[20, 24]]), count=3)
    by_area = dict(zip(areas(found.packed).tolist(), found.mass.tolist(), strict=True))
    probability = 1 / (1 + np.exp(-LADDER))
    middles = (probability[1:] + probability[:-1]) / 2
    # Levels up to -2 show the group, -1 and 0 the whole, 1 to 3 the part, 4 nothing.
    assert by_area[int(group.sum())] == pytest.approx(middles[1], abs=1e-6)
    assert by_area[int(whole.sum())] == pytest.approx(middles[3] - middles[1], abs=1e-6)
    assert by_area[int(part.sum())] == pytest.approx(middles[6] - middles[3], abs=1e-6)


def test_fewer_levels_take_the_most_stable(nested):
    logits, _, whole, _ = nested
    blurred = np.where(disc(17) & ~disc(10), -1.5 - 0.3 * (ROWS - 20), logits)
    (mask,) = unpack(level_lines(blurred[None], np.array([[20, 24]]), count=1).packed)
    assert mask.tobytes() in {disc(5).tobytes(), whole.tobytes()}


def test_a_click_on_nothing_has_no_candidates(nested):
    logits = nested[0]
    found = level_lines(np.stack([logits, logits]), np.array([[38, 2], [20, 24]]), count=3)
    assert set(found.answer.tolist()) == {1}


def test_many_answers_are_worked_on_in_parts(nested, rng):
    logits = np.stack([nested[0] + rng.normal(0, 0.3, (40, 48)) for _ in range(70)])
    points = np.tile([[20, 24]], (70, 1))
    together = level_lines(logits, points, count=2)
    assert together.answer.max() == 69
    alone = level_lines(logits[69:], points[69:], count=2)
    last = together.take(np.flatnonzero(together.answer == 69))
    np.testing.assert_array_equal(last.packed, alone.packed)
    np.testing.assert_array_equal(last.mass, alone.mass)


def test_whole_masks_have_the_stability_of_segment_anything(nested):
    logits = nested[0]
    found = whole_masks(np.stack([logits, logits]), np.array([0.3, 0.8]))
    np.testing.assert_array_equal(unpack(found.packed)[0], logits > 0)
    assert found.stability[0] == pytest.approx((logits > 1).sum() / (logits > -1).sum())
    np.testing.assert_allclose(found.mass, [0.3, 0.8])
    assert whole_masks(logits[None]).mass.tolist() == [1]


def test_a_stack_of_one_answer_goes_from_part_to_group(nested):
    logits, *masks = nested
    stack = level_stack(1 / (1 + np.exp(-logits)), 20.5, 24.5, count=6)
    np.testing.assert_array_equal(unpack(stack.packed), masks)
    assert (np.diff(stack.level) < 0).all()


def test_a_stack_of_an_answer_that_is_certain():
    answer = disc(10).astype(np.float32)  # logits without end
    stack = level_stack(answer, 20, 24, count=6)
    np.testing.assert_array_equal(unpack(stack.packed), disc(10)[None])
    assert stack.stability.tolist() == [1]
    assert len(level_stack(answer, 0, 0, count=6).level) == 0
