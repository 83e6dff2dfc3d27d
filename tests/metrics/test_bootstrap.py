"""Intervals against resampling in a plain loop, known distributions and degenerate data."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from tamingseg.metrics.bootstrap import (
    _correlate,
    _ranks,
    bootstrap_correlation,
    bootstrap_difference,
    bootstrap_ratio,
)


def fresh():
    return np.random.default_rng(5)


def same_draws(images, resamples):
    """The images that the functions draw from the same seed."""
    return fresh().integers(0, images, (resamples, images))


class TestRatio:
    def test_equals_a_plain_loop(self, rng):
        above, below = rng.random((7, 3)), rng.integers(1, 9, (7, 3))
        figures = []
        for drawn in same_draws(7, 100):
            figures.append(above[drawn].sum(axis=0) / below[drawn].sum(axis=0))
        expected = np.quantile(figures, [0.05, 0.95], axis=0)
        found = bootstrap_ratio(above, below, fresh(), resamples=100, level=0.9)
        np.testing.assert_allclose(found, expected)
        for column in range(3):
            one = bootstrap_ratio(above[:, column], below[:, column], fresh(), 100, 0.9)
            np.testing.assert_allclose(one, expected[:, column])

    def test_one_denominator_for_all_columns(self, rng):
        above, below = rng.random((9, 2)), rng.integers(1, 9, 9)
        np.testing.assert_array_equal(
            bootstrap_ratio(above, below, fresh()),
            bootstrap_ratio(above, np.stack([below, below], axis=1), fresh()),
        )

    def test_without_denominators_it_is_the_mean(self, rng):
        """Of a normal sample, the interval is about mean +- 1.96 standard errors."""
        values = rng.normal(0.6, 0.2, 400)
        low, high = bootstrap_ratio(values, None, rng, resamples=4000)
        half = 1.96 * values.std() / 20
        assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
        assert high == pytest.approx(values.mean() + half, abs=0.1 * half)
        assert np.shape(low) == np.shape(high) == ()

    def test_about_95_of_100_intervals_hold_the_truth(self, rng):
        """Skewed numbers of masks with values that depend on them; the truth is known."""
        hits = 0
        for _ in range(200):
            masks = rng.geometric(0.5, 100)
            sums = rng.normal(masks * (0.5 + 0.01 * masks), 0.1)
            low, high = bootstrap_ratio(sums, masks, rng, resamples=300)
            # E[masks^2] / E[masks] = 6 / 2
            hits += low <= 0.5 + 0.01 * 3 <= high
        assert 180 <= hits <= 198

    def test_in_chunks_it_is_the_same(self, rng, monkeypatch):
        values = rng.random(30)
        whole = bootstrap_ratio(values, None, fresh(), resamples=50)
        monkeypatch.setattr("tamingseg.metrics.bootstrap._CHUNK", 200)
        np.testing.assert_allclose(bootstrap_ratio(values, None, fresh(), resamples=50), whole)

    def test_one_image_says_nothing_of_the_spread(self):
        assert np.isnan(bootstrap_ratio([0.5], None, fresh())).all()
        low, high = bootstrap_ratio([[0.5, 0.6]], [3], fresh())
        assert low.shape == high.shape == (2,)
        assert np.isnan([low, high]).all()

    def test_equal_values_give_equal_ends(self):
        assert bootstrap_ratio([0.3] * 9, None, fresh()) == pytest.approx((0.3, 0.3))

    def test_an_image_may_count_nothing(self):
        """Resamples that hold only the second have no figure; all others have .5."""
        assert bootstrap_ratio([1, 0], [2, 0], fresh()) == pytest.approx((0.5, 0.5))

    @pytest.mark.parametrize(
        ("above", "below"),
        [
            ([], None),
            ([np.nan], None),
            ([1, 2], [1]),
            ([[1, 2]], [[1]]),
            ([1, 2], [-1, 2]),
            ([1, 2], [0, 0]),
        ],
    )
    def test_what_makes_no_ratio_is_refused(self, above, below):
        with pytest.raises(ValueError, match="must be"):
            bootstrap_ratio(above, below, fresh())
        with pytest.raises(ValueError, match="level"):
            bootstrap_ratio([1, 2], None, fresh(), level=95)


class TestDifference:
    def test_what_is_hard_for_both_cancels(self, rng):
        hard = rng.random(50)
        low, high = bootstrap_difference(hard + 0.1, hard, None, rng)
        assert (low, high) == pytest.approx((0.1, 0.1))
        alone = bootstrap_ratio(hard, None, rng)
        assert alone[1] - alone[0] > 0.1

    def test_equals_the_ratio_of_differences(self, rng):
        first, second, below = rng.random((3, 12, 2))
        np.testing.assert_array_equal(
            bootstrap_difference(first, second, below, fresh()),
            bootstrap_ratio(first - second, below, fresh()),
        )

    def test_other_images_are_refused(self):
        with pytest.raises(ValueError, match="same images"):
            bootstrap_difference([1, 2], [1, 2, 3], None, fresh())


class TestCorrelation:
    @pytest.mark.parametrize(
        ("ranks", "official"), [(False, scipy.stats.pearsonr), (True, scipy.stats.spearmanr)]
    )
    def test_equals_scipy_in_every_resample(self, rng, ranks, official):
        first = rng.integers(0, 6, 12) / 5  # with ties
        second = first + rng.integers(-2, 3, 12) / 4
        figures = []
        for drawn in same_draws(12, 60):
            figures.append(official(first[drawn], second[drawn]).statistic)
        found = bootstrap_correlation(first, second, fresh(), ranks=ranks, resamples=60)
        assert found.value == pytest.approx(official(first, second).statistic)
        assert (found.low, found.high) == pytest.approx(np.quantile(figures, [0.025, 0.975]))

    @settings(deadline=None)
    @given(
        values=st.lists(st.integers(0, 3), min_size=2, max_size=8),
        weights=st.lists(st.integers(0, 3), min_size=8, max_size=8),
    )
    def test_weighted_ranks_are_the_ranks_of_the_resample(self, values, weights):
        weights, values = np.array(weights[: len(values)]), np.array(values)
        drawn = np.repeat(np.arange(len(values)), weights)
        found = _ranks(weights[None].astype(float), values)[0]
        assert found[drawn].tolist() == scipy.stats.rankdata(values[drawn]).tolist()

    def test_monotone_is_one_in_ranks_alone(self, rng):
        first = rng.random(20)
        assert bootstrap_correlation(first, np.exp(9 * first), rng, ranks=True).low == 1
        assert bootstrap_correlation(first, np.exp(9 * first), rng).value < 0.9
        assert bootstrap_correlation(first, -first, rng).high == pytest.approx(-1)

    def test_without_variation_there_is_none(self):
        for ranks in (False, True):
            found = bootstrap_correlation([0.1] * 5, [1, 2, 3, 4, 5], fresh(), ranks=ranks)
            assert np.isnan([found.value, found.low, found.high]).all()
        # Nor where it is lost when squared.
        assert np.isnan(bootstrap_correlation([0, 1e-300, 0], [1, 2, 3], fresh()).value)

    def test_constant_resamples_are_left_out(self):
        """Nearly every third resample of these three holds equal numbers only."""
        found = bootstrap_correlation([0.1, 0.1, 0.7], [0.1, 0.1, 0.7], fresh())
        assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))
        assert np.isnan(
            _correlate(np.array([[2.0, 1, 0]]), np.array([0.1, 0.1, 0.7]), np.arange(3))
        )

    def test_two_images_always_correlate(self):
        found = bootstrap_correlation([1, 2], [5, 3], fresh())
        assert found.value == pytest.approx(-1)
        assert np.isnan([found.low, found.high]).all()

    def test_wrong_shapes_are_refused(self):
        with pytest.raises(ValueError, match="one per image"):
            bootstrap_correlation([[1, 2]], [[1, 2]], fresh())
        with pytest.raises(ValueError, match="one per image"):
            bootstrap_correlation([1, 2], [1, 2, 3], fresh())
