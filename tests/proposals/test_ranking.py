"""The order of greatest expected mIoU, against a slow greedy choice and the best of all subsets."""

from itertools import combinations

import numpy as np
import pytest

from tamingseg.proposals.ranking import expected_order


def made_up(rng, number):
    masks = rng.random((number, 60)) < rng.uniform(0.05, 0.6, (number, 1))
    masks[:, 0] = True
    both = masks.astype(int) @ masks.T
    areas = masks.sum(1)
    return both / (areas[:, None] + areas - both), rng.random(number)


def worth(ious, weights, chosen):
    return sum(
        weight * max((ious[i, j] for i in chosen), default=0) for j, weight in enumerate(weights)
    )


def slow_order(ious, weights):
    order = []
    while len(order) < len(weights):
        rest = [number for number in range(len(weights)) if number not in order]
        order.append(max(rest, key=lambda n: (round(worth(ious, weights, [*order, n]), 6), -n)))
    return order


@pytest.mark.parametrize("number", [1, 2, 9])
def test_lazy_is_greedy(rng, number):
    for _ in range(5):
        ious, weights = made_up(rng, number)
        found = expected_order(ious, weights)
        assert sorted(found) == list(range(number))
        for count in range(1, number + 1):
            ours = worth(ious, weights, found[:count])
            assert ours == pytest.approx(worth(ious, weights, slow_order(ious, weights)[:count]))


def test_every_budget_is_within_63_percent_of_its_best(rng):
    for _ in range(5):
        ious, weights = made_up(rng, 8)
        order = expected_order(ious, weights)
        for count in range(1, 9):
            best = max(worth(ious, weights, chosen) for chosen in combinations(range(8), count))
            assert worth(ious, weights, order[:count]) >= (1 - 1 / np.e) * best


def test_a_double_of_what_is_there_comes_last():
    """Three things; the two heaviest proposals are nearly the same."""
    ious = np.array([[1, 0.9, 0, 0], [0.9, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    assert expected_order(ious, np.array([0.9, 0.8, 0.5, 0.3])).tolist() == [0, 2, 3, 1]


def test_the_first_one_stands_for_many():
    """Alone, a mask that resembles many likely ones is better than the likeliest."""
    ious = np.full((4, 4), 0.6)
    ious[3], ious[:, 3] = 0, 0
    np.fill_diagonal(ious, 1)
    assert expected_order(ious, np.array([0.4, 0.3, 0.3, 0.5]))[0] == 0


def test_ties_and_nothing():
    assert expected_order(np.eye(3), np.ones(3)).tolist() == [0, 1, 2]
    assert expected_order(np.zeros((0, 0)), np.zeros(0)).tolist() == []
