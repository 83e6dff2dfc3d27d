"""Grids of clicks."""

import pytest

from tamingseg.prompts.grids import grid_clicks


def test_clicks_are_the_centres_of_equal_cells():
    clicks = grid_clicks(2, (10, 40))
    assert [(c.row, c.col) for c in clicks] == [(2.5, 10), (2.5, 30), (7.5, 10), (7.5, 30)]
    assert all(click.positive for click in clicks)
    with pytest.raises(ValueError, match="at least one click"):
        grid_clicks(0, (10, 40))
