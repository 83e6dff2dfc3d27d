"""Grids of clicks."""

import numpy as np
import pytest

from tamingseg.prompts.grids import grid_clicks, uncertain_clicks


def test_clicks_are_the_centres_of_equal_cells():
    clicks = grid_clicks(2, (10, 40))
    assert [(c.row, c.col) for c in clicks] == [(2.5, 10), (2.5, 30), (7.5, 10), (7.5, 30)]
    assert all(click.positive for click in clicks)
    with pytest.raises(ValueError, match="at least one click"):
        grid_clicks(0, (10, 40))


def test_further_clicks_go_where_nothing_is_certain_and_spread():
    certainty = np.full((20, 30), 5.0)
    certainty[:, 15:] = 1.0
    clicks = uncertain_clicks(certainty, 6, (200, 300))
    assert all(150 <= click.col < 300 and 0 <= click.row < 200 for click in clicks)
    places = np.array([(click.row, click.col) for click in clicks])
    distance = np.linalg.norm(places[:, None] - places, axis=2)
    assert distance[~np.eye(6, dtype=bool)].min() >= 40
    assert len(uncertain_clicks(certainty, 10_000, (200, 300))) == 600
    assert uncertain_clicks(certainty, 0, (200, 300)) == []
