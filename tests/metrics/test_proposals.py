"""Proposal scores counted by hand, against slow references, and the identities between them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tamingseg.metrics.clicks import mean_over_images, mean_over_masks
from tamingseg.metrics.proposals import (
    COCO_THRESHOLDS,
    area_under_steps,
    best_at,
    best_so_far,
    dense_thresholds,
    fraction_reached,
    log_spaced_budgets,
    miou_curve,
    oracle_order,
)

IOUS = np.array(
    [
        [0.50, 0.00, 0.2],
        [0.25, 0.00, 0.7],
        [0.75, 0.00, 0.7],
        [0.10, 0.00, 0.6],
    ]
)

# Numbers of half precision, whose sums are exact: ties are the same however one adds.
TABLES = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=7),
    elements=st.one_of(st.floats(0, 1, width=16), st.integers(0, 4).map(lambda n: n / 4)),
)


def recall(ious, thresholds):
    """Recall after N = 1, 2, ... proposals, the mean over thresholds and objects: (N,)."""
    best = best_at(best_so_far(ious), range(1, len(ious) + 1))
    return fraction_reached(best, thresholds).mean(axis=0)


BEST = arrays(np.float32, st.integers(1, 20), elements=st.floats(0, 1, width=32))


class TestSteps:
    def test_by_hand(self):
        assert best_so_far(IOUS) == [[(1, 0.5), (3, 0.75)], [], [(1, 0.2), (2, 0.7)]]

    def test_budgets_by_hand(self):
        found = best_at(best_so_far(IOUS), [0, 1, 2, 3, 1000])
        assert found.tolist() == [
            [0, 0.5, 0.5, 0.75, 0.75],
            [0, 0, 0, 0, 0],
            [0, 0.2, 0.7, 0.7, 0.7],
        ]

    @given(ious=TABLES)
    def test_steps_and_curves_are_the_same(self, ious):
        budgets = range(1, len(ious) + 1)
        slow = [[ious[:n, m].max() for n in budgets] for m in range(ious.shape[1])]
        np.testing.assert_array_equal(best_at(best_so_far(ious), budgets), slow)

    def test_no_proposals_and_no_objects(self):
        assert best_so_far(np.zeros((0, 2))) == [[], []]
        assert best_so_far(np.zeros((3, 0))) == []
        assert best_at([[], []], [1, 10]).tolist() == [[0, 0], [0, 0]]
        assert best_at([], [1, 10]).shape == (0, 2)

    def test_means_over_objects_and_over_images(self):
        """One image of two objects, one of one; as lists, the way a JSON file has them."""
        steps = [[[1, 0.5]], [[2, 1.0]], [[1, 0.1], [3, 0.4]]]
        best = best_at(steps, [1, 3])
        np.testing.assert_allclose(mean_over_masks(best), [0.6 / 3, 1.9 / 3])
        np.testing.assert_allclose(mean_over_images(best, "aab"), [0.175, 0.575])

    @pytest.mark.parametrize(
        "steps",
        [
            [[0, 0.5]],
            [[2, 0.5], [2, 0.6]],
            [[1, 0.5], [2, 0.4]],
            [[1, 1.5]],
            [[1, math.nan]],
            [["1", 0.5]],
        ],
    )
    def test_other_steps_are_refused(self, steps):
        with pytest.raises(ValueError, match="ascending"):
            best_at([steps], [1])


@pytest.mark.parametrize(
    "wrong", [np.zeros(3), np.array([[1.1]]), np.array([[-0.1]]), np.array([[np.nan]])]
)
@pytest.mark.parametrize("function", [best_so_far, oracle_order, miou_curve])
def test_what_is_no_table_of_ious_is_refused(function, wrong):
    with pytest.raises(ValueError, match="table"):
        function(wrong)


def test_an_image_without_objects_has_no_mean():
    with pytest.raises(ValueError, match="without objects"):
        miou_curve(np.zeros((3, 0)))


class TestOracle:
    def test_by_hand(self):
        # Proposal 2 brings both objects to their best: the others add nothing, in their order.
        assert oracle_order(IOUS).tolist() == [2, 0, 1, 3]

    def test_the_earlier_of_equals_comes_first(self):
        ious = np.array([[0, 0.3], [0.3, 0], [0.1, 0.2], [0.3, 0]], np.float32)
        assert oracle_order(ious).tolist() == [0, 1, 2, 3]
        assert oracle_order(ious[::-1]).tolist() == [0, 3, 1, 2]

    def test_no_proposals_and_no_objects(self):
        assert oracle_order(np.zeros((0, 2))).tolist() == []
        assert oracle_order(np.zeros((3, 0))).tolist() == [0, 1, 2]

    @given(ious=TABLES)
    def test_equals_a_slow_greedy_choice(self, ious):
        ious = ious.astype(float)
        best, left, slow = np.zeros(ious.shape[1]), list(range(len(ious))), []
        while left:
            gains = [math.fsum(np.maximum(ious[row] - best, 0)) for row in left]
            row = left.pop(int(np.argmax(gains)))
            slow.append(row)
            best = np.maximum(best, ious[row])
        assert oracle_order(ious).tolist() == slow

    @settings(max_examples=50, deadline=None)
    @given(ious=TABLES)
    def test_no_choice_is_much_better(self, ious):
        reached = miou_curve(ious[oracle_order(ious)])
        for n, found in enumerate(reached, 1):
            chosen = itertools.combinations(ious.astype(float), n)
            optimum = max(np.max(some, axis=0).mean() for some in chosen)
            assert (1 - 1 / math.e) * optimum <= found + 1e-12
            assert found <= optimum + 1e-12

    def test_a_case_where_greedy_is_not_best(self):
        # Alone the first is best, but the other two together leave nothing to wish for.
        ious = np.array([[0.6, 0.6, 0.6, 0.6], [1, 1, 0, 0], [0, 0, 1, 1]])
        curve = miou_curve(ious[oracle_order(ious)])
        np.testing.assert_allclose(curve, [0.6, 0.8, 1.0])
        assert miou_curve(ious[[1, 2]])[1] == 1


class TestRecall:
    def test_by_hand(self):
        for threshold, reached in ((0.2, [2, 2, 2, 2]), (0.5, [1, 2, 2, 2]), (0.7, [0, 1, 2, 2])):
            np.testing.assert_allclose(recall(IOUS, [threshold]) * 3, reached)
        # .75 reaches six of COCO's ten thresholds, .7 five.
        np.testing.assert_allclose(recall(IOUS, COCO_THRESHOLDS) * 30, [1, 6, 11, 11])
        np.testing.assert_allclose(miou_curve(IOUS) * 3, [0.7, 1.2, 1.45, 1.45])

    def test_thresholds_are_reached_whatever_the_rounding(self):
        exact = np.array([n / 20 for n in range(10, 20)])
        for best in (exact, exact.astype(np.float32), np.round(exact, 6)):
            for thresholds in (COCO_THRESHOLDS, np.linspace(0.5, 0.95, 10)):
                reached = fraction_reached(best, thresholds)
                np.testing.assert_allclose(reached, np.arange(1, 11) / 10)

    def test_many_to_one(self):
        """One proposal may serve two objects; matched one to one it would serve one."""
        assert recall(np.array([[1.0, 1.0]]), COCO_THRESHOLDS).tolist() == [1]


class TestIdentities:
    @given(best=BEST, number=st.integers(1, 50))
    def test_dense_recall_is_miou(self, best, number):
        mar = fraction_reached(best, dense_thresholds(number)).mean()
        assert abs(mar - best.mean(dtype=float)) <= 1 / (2 * number) + 1e-6

    @given(best=BEST)
    def test_average_recall_is_at_least_2_miou_minus_1(self, best):
        best = best.astype(float)
        recall, bound = np.maximum(2 * best - 1, 0).mean(), 2 * best.mean() - 1
        assert recall >= bound - 1e-12
        if (best >= 0.5).all():
            assert recall == pytest.approx(bound, abs=1e-12)
        elif best.min() < 0.49:
            assert recall > bound

    @given(best=BEST, number=st.integers(1, 200))
    def test_average_recall_is_the_mean_of_2r_minus_1(self, best, number):
        upper = 0.5 + dense_thresholds(number) / 2
        mean = np.maximum(2 * best.astype(float) - 1, 0).mean()
        assert abs(fraction_reached(best, upper).mean() - mean) <= 1 / (2 * number) + 1e-6

    def test_the_order_of_two_methods_can_flip(self):
        even, uneven = np.array([[0.45, 0.45]]), np.array([[0.0, 0.6]])
        assert miou_curve(even) == pytest.approx(0.45)
        assert miou_curve(uneven) == pytest.approx(0.30)
        upper = 0.5 + dense_thresholds(1000) / 2
        assert recall(even, upper) == 0
        assert recall(uneven, upper) == pytest.approx(0.10, abs=1e-3)
        assert recall(even, COCO_THRESHOLDS) < recall(uneven, COCO_THRESHOLDS)

    def test_ten_thresholds_count_a_twentieth_too_much(self):
        """Of r spread evenly over [.5, 1], which the first of the ten, .5, always lets pass."""
        best = 0.5 + dense_thresholds(10_000) / 2
        assert fraction_reached(best).mean() == pytest.approx(0.55, abs=1e-3)
        assert (2 * best - 1).mean() == pytest.approx(0.50)


class TestBudgets:
    @given(largest=st.integers(1, 5000))
    def test_log_spaced(self, largest):
        budgets = log_spaced_budgets(largest)
        assert budgets[0] == 1
        assert budgets[-1] == largest
        assert (np.diff(budgets) > 0).all()

    def test_log_spaced_by_hand(self):
        assert log_spaced_budgets(100, per_decade=2).tolist() == [1, 3, 10, 32, 100]
        with pytest.raises(ValueError, match="at least one"):
            log_spaced_budgets(0)

    def test_area_by_hand(self):
        steps = [[(1, 0.3)], [(10, 0.5), (100, 1.0)], [], [(100, 1.0)], [(1000, 1.0)]]
        np.testing.assert_allclose(area_under_steps(steps, 100), [0.3, 0.25, 0, 0, 0])
        np.testing.assert_allclose(area_under_steps(steps, 10_000), [0.3, 0.625, 0, 0.5, 0.25])
        with pytest.raises(ValueError, match="ascending"):
            area_under_steps([[(2, 0.5), (2, 0.6)]], 100)
        with pytest.raises(ValueError, match="2 proposals or later"):
            area_under_steps(steps, 1)

    @given(ious=TABLES, largest=st.integers(2, 9))
    def test_the_area_is_the_sum_of_its_rectangles(self, ious, largest):
        """The curve keeps its height from N to N + 1."""
        best = best_at(best_so_far(ious), range(1, largest))
        widths = np.diff(np.log(np.arange(1, largest + 1))) / np.log(largest)
        areas = area_under_steps(best_so_far(ious), largest)
        np.testing.assert_allclose(areas, best @ widths, atol=1e-12)
