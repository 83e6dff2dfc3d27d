"""Segmentations against annotators, on two discs and on the benchmark's own five images."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from tamingseg.data.bsds500 import Bsds500Dataset
from tamingseg.evaluation.regions import (
    measure_regions,
    painted_proposals,
    region_job,
    segmentations_from_files,
)
from tamingseg.evaluation.sharding import run_jobs
from tamingseg.metrics.regions import summarise_regions
from tamingseg.values import MaskSet


@pytest.fixture
def labelled(two_discs):
    """Every pixel in a region: background 1, red disc 2, blue disc 3."""
    return replace(two_discs, label_maps=two_discs.label_maps + 1)


def test_painting_what_is_there_is_right(labelled):
    discs = np.stack([labelled.label_maps[0] == label for label in (2, 3)])
    segment = painted_proposals(lambda _: MaskSet.from_masks(discs), [1, 2])
    facts, (one, two) = measure_regions(labelled, segment)
    area = labelled.label_maps[0].size
    assert facts == {"best_covered": pytest.approx(area), "area": area}
    assert (two["segmentation"], two["regions"]) == (2, 3)
    assert two["covered"] == pytest.approx(area)
    assert two["rand"] == pytest.approx(1)
    assert two["variation"] == pytest.approx(0, abs=1e-9)
    # With one disc only, the other is lost in the background.
    back, red, blue = ((labelled.label_maps == label).sum() for label in (1, 2, 3))
    assert one["regions"] == 2
    assert one["covered"] == pytest.approx(
        red + back * back / (back + blue) + blue * blue / (back + blue)
    )


def test_a_set_that_does_not_label_every_pixel(labelled):
    class Dataset:
        name, fingerprint, partition = "discs", "0", False

    with pytest.raises(ValueError, match="discs does not label every pixel"):
        region_job(Dataset(), painted_proposals(None), {"model": "m", "weights": ""}, {})


@pytest.mark.data
def test_the_benchmarks_own_five_images(shared_fixtures, tmp_path):
    """From the files to the scores that the official benchmark prints."""
    bench = shared_fixtures / "bsds_bench"
    for kind, ours in (("images", "images"), ("groundTruth", "groundTruth")):
        shutil.copytree(bench / kind, tmp_path / "BSDS500" / "data" / ours / "test")
    dataset = Bsds500Dataset(tmp_path / "BSDS500")
    made_by = {"model": "bench", "weights": ""}
    job = region_job(dataset, segmentations_from_files(bench / "segs"), made_by, {})
    records = run_jobs([job], tmp_path / "rows.jsonl")
    summary = summarise_regions([(record.facts, record.results) for record in records])
    covering, rand, variation = summary.covering, summary.rand, summary.variation
    np.testing.assert_allclose(
        [covering.level, covering.ods, covering.ois, summary.best_covering],
        np.loadtxt(bench / "test_5" / "eval_cover.txt"),
        rtol=2e-6,
    )
    np.testing.assert_allclose(
        [rand.level, rand.ods, rand.ois, variation.level, variation.ods, variation.ois],
        np.loadtxt(bench / "test_5" / "eval_RI_VOI.txt"),
        rtol=5e-6,
    )
