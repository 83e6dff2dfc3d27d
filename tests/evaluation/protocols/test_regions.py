"""Segmentations against annotators, on two discs and on the benchmark's own five images."""

import shutil
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from tamingseg.data.bsds500 import Bsds500Dataset
from tamingseg.evaluation.protocols.regions import (
    MERGE_COSTS,
    PROTOCOL,
    REGION_COUNTS,
    measure,
    method,
    painted_proposals,
    partition_settings,
    partitions_from_model,
    segmentations_from_files,
)
from tamingseg.evaluation.runs import Job, run_jobs
from tamingseg.metrics.regions import summarise_regions
from tamingseg.partition.build import PartitionConfig, PartitionMethod
from tamingseg.values import MaskSet


@pytest.fixture
def labelled(two_discs):
    """Every pixel in a region: background 1, red disc 2, blue disc 3."""
    return replace(two_discs, label_maps=two_discs.label_maps + 1)


def test_painting_what_is_there_is_right(labelled):
    discs = np.stack([labelled.label_maps[0] == label for label in (2, 3)])
    segment = painted_proposals(lambda _: MaskSet.from_masks(discs), [1, 2])
    facts, (one, two) = measure(labelled, segment)
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


@pytest.mark.parametrize("method", get_args(PartitionMethod))
def test_cutting_with_a_model_that_knows(labelled, fake_segmentor, method):
    segment = partitions_from_model(fake_segmentor(), method, PartitionConfig())
    facts, results = measure(labelled, segment)
    by_count = {result["segmentation"]: result for result in results}
    expected = [1] if method == "multicut" else list(REGION_COUNTS)
    assert list(by_count) == expected
    if method != "multicut":
        assert all(by_count[count]["regions"] == count for count in (1, 2, 3, 10, 100))
    right = by_count[1 if method == "multicut" else 3]
    assert right["regions"] == 3
    assert right["covered"] > 0.95 * facts["area"]


def test_cutting_by_cost(labelled, fake_segmentor):
    config = PartitionConfig()
    segment = partitions_from_model(fake_segmentor(), "greedy", config, by_cost=True)
    _, results = measure(labelled, segment)
    assert tuple(result["segmentation"] for result in results) == MERGE_COSTS
    found = [result["regions"] for result in results]
    assert found == sorted(found, reverse=True)
    assert 3 in found
    assert "costs" in partition_settings("greedy", config, by_cost=True)
    assert partition_settings("greedy", config)["regions"] == list(REGION_COUNTS)


def test_a_set_that_does_not_label_every_pixel(labelled):
    class Dataset:
        name, fingerprint, partition = "discs", "0", False

    with pytest.raises(ValueError, match="discs does not label every pixel"):
        Job(PROTOCOL, Dataset(), method(painted_proposals(None), {"model": "m", "weights": ""}, {}))


@pytest.mark.data
def test_the_benchmarks_own_five_images(shared_fixtures, tmp_path):
    """From the files to the scores that the official benchmark prints."""
    bench = shared_fixtures / "bsds_bench"
    for kind, ours in (("images", "images"), ("groundTruth", "groundTruth")):
        shutil.copytree(bench / kind, tmp_path / "BSDS500" / "data" / ours / "test")
    dataset = Bsds500Dataset(tmp_path / "BSDS500")
    made_by = {"model": "bench", "weights": ""}
    job = Job(PROTOCOL, dataset, method(segmentations_from_files(bench / "segs"), made_by, {}))
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
