"""Mosaics of several seeds, measured."""

import numpy as np
import pytest

from tamingseg.metrics.boundary import boundary_f_of_regions
from tamingseg.metrics.mosaics import score_mosaic
from tamingseg.metrics.regions import adjusted_rand_index
from tamingseg.partition.build import MOSAIC_PARTITION, partition_image
from tamingseg.ui.mosaics.calls import measure_steps
from tamingseg.ui.mosaics.pictures import Recipe, find_textures, make
from tamingseg.ui.mosaics.seeds import SEEDS, measure_seeds
from tamingseg.ui.workspaces import Workspaces


@pytest.fixture(scope="module")
def textures(plain_textures):
    return find_textures(plain_textures)


def test_rows_are_those_of_the_seeds_then_mean_and_spread(fake_segmentor, textures):
    told = []
    recipe, segmentor = Recipe("formula", 4, "grid", 4), fake_segmentor()
    rows = measure_seeds(segmentor, recipe, textures, lambda *so_far: told.append(so_far), 2)
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert [row[0] for row in rows] == ["Seed 4", "Seed 5", "Mean", "Spread"]
    sample = make(Recipe("formula", 5, "grid", 4), textures)
    found = partition_image(segmentor, sample.image, 4, "greedy", MOSAIC_PARTITION)
    truth = sample.label_maps[0]
    right = score_mosaic(found, truth)["correct"]
    assert rows[1][1:] == [
        pytest.approx(right),
        pytest.approx(adjusted_rand_index(found, truth)),
        pytest.approx(boundary_f_of_regions(found, truth)),
    ]
    scores = np.array([row[1:] for row in rows[:2]])
    assert rows[2][1:] == pytest.approx(scores.mean(axis=0))
    assert rows[3][1:] == pytest.approx(scores.std(axis=0, ddof=1))
    assert scores.std() > 0


def test_a_run_ends_with_the_rows(fake_segmentor, textures, two_discs, divide_by_colour):
    workspaces = Workspaces(fake_segmentor())
    token = workspaces.open_image("discs.png", two_discs.image).token
    recipe = {"textures": "plain", "seed": 3, "layout": "grid", "regions": 3}

    def run(**changes):
        request = {"token": token, "run": "r", "recipe": {**recipe, **changes}}
        return list(measure_steps(workspaces, workspaces.segmentor, textures, request))

    assert "error" in run(layout="spiral")[-1]
    assert "error" in run(seed=2**31 - 1)[-1]
    end = run()[-1]
    assert len(end["rows"]) == SEEDS + 2
    assert end["rows"][0] == ["Seed 3", 1, 1, 1]
    assert end["rows"][-2:] == [["Mean", 1, 1, 1], ["Spread", 0, 0, 0]]
    workspaces.find(token).stopped.append("r")
    assert run()[-1] == {"run": "r", "stopped": True}
