import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import pair_auc, pair_precision

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40).filter(
    lambda pairs: len({same for _, same in pairs}) == 2
)


def slow_auc(scores, same):
    wins = [
        (a > b) + 0.5 * (a == b) for a in scores[same] for b in scores[~same]
    ]  # fmt: skip
    return np.mean(wins)


def slow_precision(scores, same, prior):
    total, before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        found = (scores[same] >= threshold).mean()
        wrong = (scores[~same] >= threshold).mean()
        total += (found - before) * prior * found / (prior * found + (1 - prior) * wrong or 1)
        before = found
    return total


@given(PAIRS, st.sampled_from([0.1, 0.5, 0.9]))
def test_as_counted_pair_by_pair(pairs, prior):
    scores, same = (np.array(column) for column in zip(*pairs, strict=True))
    assert pair_auc(scores, same) == pytest.approx(slow_auc(scores, same))
    assert pair_precision(scores, same, prior) == pytest.approx(slow_precision(scores, same, prior))


def test_known_answers():
    same = np.array([True, True, False, False])
    assert pair_auc(np.array([0.9, 0.8, 0.2, 0.1]), same) == 1
    assert pair_precision(np.array([0.9, 0.8, 0.2, 0.1]), same) == 1
    assert pair_auc(np.full(4, 0.3), same) == 0.5
    assert pair_precision(np.full(4, 0.3), same, 0.25) == 0.25
    assert pair_precision(np.array([np.inf, np.inf, 0, -np.inf]), same) == 1


def test_what_cannot_be_measured():
    for scores, same in (([1, 2], [True]), ([1, np.nan], [True, False]), ([1, 2], [True, True])):
        with pytest.raises(ValueError, match="expected"):
            pair_auc(np.array(scores), np.array(same))
    with pytest.raises(ValueError, match="prior"):
        pair_precision(np.array([1, 2]), np.array([True, False]), 1.0)
