"""The level of an answer that a rating chooses, with what it is told."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tamingseg.masks.rated import LEVELS, log_areas, rated_level

shares = st.floats(0, 1, width=32)


@given(arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=shares))
def test_areas_are_shares_of_all_cells_and_never_nothing(answer):
    expected = [max(1, sum(value > level for value in answer.flat)) for level in LEVELS]
    found = np.exp(log_areas(answer)) * answer.size
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@given(arrays(np.float32, 15, elements=shares), shares)
def test_the_best_level_that_holds_the_click_is_taken(expected, at_click):
    level = rated_level(expected, at_click)
    holding = [place for place in range(15) if at_click > LEVELS[place]]
    if not holding:
        assert level == LEVELS[0]
    else:
        assert level in LEVELS[holding]
        assert expected[level == LEVELS] == max(expected[holding])
