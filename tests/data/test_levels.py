"""Which true masks a click can mean, and the chain that is made of them."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.data.levels import INSIDE, heaviest_chain, level_map_at, masks_at


def strips(*ends):
    """Masks of one row of 20 pixels: each from its start up to its end."""
    masks = np.zeros((len(ends), 1, 20), bool)
    for mask, (start, end) in zip(masks, ends, strict=True):
        mask[0, start:end] = True
    return masks


def lies_in(part, whole):
    return (part & whole).sum() >= INSIDE * part.sum()


def slow_heaviest_weight(masks, weights):
    """Try every subset: the weight of the heaviest whose members, by area, lie in each other."""
    order = np.argsort(masks.sum((1, 2)), kind="stable").tolist()
    return max(
        sum(weights[i] for i in chosen)
        for number in range(1, len(masks) + 1)
        for chosen in combinations(order, number)
        if all(lies_in(masks[a], masks[b]) for a, b in pairwise(chosen))
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 19), st.integers(1, 20), st.integers(1, 4)), min_size=1, max_size=7
    )
)
def test_the_chain_is_the_heaviest_there_is(drawn):
    masks = strips(*((start, min(20, start + length)) for start, length, _ in drawn))
    weights = np.array([weight for _, _, weight in drawn])
    chain = heaviest_chain(masks, weights)
    assert len(set(chain.tolist())) == len(chain)
    assert (np.diff(masks[chain].sum((1, 2))) >= 0).all()
    assert all(lies_in(masks[a], masks[b]) for a, b in pairwise(chain))
    assert weights[chain].sum() == slow_heaviest_weight(masks, weights)


def test_nested_masks_are_a_chain_from_part_to_whole():
    masks = strips((0, 20), (4, 6), (2, 12))
    assert heaviest_chain(masks, np.ones(3)).tolist() == [1, 2, 0]


def test_crossing_masks_are_decided_by_weight():
    """The second and third share half of their pixels; both lie in the last."""
    masks = strips((9, 11), (2, 12), (7, 17), (0, 20))
    assert heaviest_chain(masks, np.array([1, 1, 2, 1])).tolist() == [0, 2, 3]
    assert heaviest_chain(masks, np.array([1, 2, 1, 1])).tolist() == [0, 1, 3]


def test_one_heavy_mask_outweighs_a_chain_that_it_crosses():
    masks = strips((0, 4), (0, 8), (3, 13))
    assert heaviest_chain(masks, np.array([1, 1, 3])).tolist() == [2]


@pytest.mark.parametrize(("end", "chained"), [(11, True), (12, True), (13, False)])
def test_a_tenth_may_lie_outside(end, chained):
    masks = strips((end - 10, end), (0, 11))
    assert (len(heaviest_chain(masks, np.ones(2))) == 2) == chained


@pytest.fixture
def maps():
    """Three annotators: all in one; a left and a right part; the same, but the border moved."""
    maps = np.zeros((3, 8, 20), np.int32)
    maps[0] = 1
    maps[1, :, :10], maps[1, :, 10:] = 1, 2
    maps[2, :, :11], maps[2, :, 11:] = 5, 6
    return maps


def test_the_map_has_the_masks_as_level_sets(maps):
    target = level_map_at(maps, {}, 3, 2)
    assert target.dtype == np.float32
    np.testing.assert_allclose(target[0, :10], 1)  # all three agree
    np.testing.assert_allclose(target[0, 10], 2 / 3)  # here two do
    np.testing.assert_allclose(target[0, 11:], 1 / 3)
    np.testing.assert_array_equal(target > 0.5, maps[2] == 5)


def test_background_says_nothing(maps):
    maps[0, :, :10] = 0
    np.testing.assert_array_equal(level_map_at(maps[:1], {}, 0, 0), np.zeros((8, 20)))
    assert masks_at(maps[:1], {}, 0, 0).shape == (0, 8, 20)
    assert len(masks_at(maps, {}, 0, 0)) == 2


def test_a_whole_counts_even_if_its_outline_misses_the_click(maps):
    """The part of map 1 reaches one column further than the whole of map 2 that it belongs to."""
    parents = {(1, 2): (2, 5), (2, 5): (0, 1)}
    maps[2] = np.where(maps[1] == 2, 5, 0)
    maps[2, :, 19] = 0
    masks = masks_at(maps, parents, 0, 19)
    np.testing.assert_array_equal(masks, [maps[0] == 1, maps[1] == 2, maps[2] == 5])
    assert len(masks_at(maps, {}, 0, 19)) == 2


def test_wholes_out_of_view_and_circles_are_no_trouble(maps):
    assert len(masks_at(maps, {(1, 1): (2, 99)}, 0, 0)) == 3
    assert len(masks_at(maps, {(1, 1): (2, 6), (2, 6): (1, 1)}, 0, 0)) == 4


def test_small_masks_count_more():
    """Of 4 and 16 pixels; at a power of 1/2 the weights are 1/2 and 1/4."""
    maps = strips((4, 8), (2, 18)).astype(np.int32)
    even = level_map_at(maps, {}, 0, 5)
    assert even[0, [5, 10, 0]].tolist() == [1, 0.5, 0]
    target = level_map_at(maps, {}, 0, 5, small_first=0.5)
    np.testing.assert_allclose(target[0, [5, 10, 0]], [1, 1 / 3, 0], atol=1e-6)
