"""Partitions of mosaics: one that knows, one that does not look, and the table of both."""

from dataclasses import replace

import numpy as np
import pytest

from tamingseg.data.mosaics import MosaicDataset
from tamingseg.data.texture_formulas import formula_textures
from tamingseg.evaluation.compare import compare
from tamingseg.evaluation.protocols.mosaics import PROTOCOL, Settings, from_model, measure, method
from tamingseg.evaluation.report import summarise, tables
from tamingseg.evaluation.runs import Job, run_jobs

MOSAICS = MosaicDataset(formula_textures(9), 4, size=(48, 64), regions=(2, 4))


def columns(image, regions):
    """Cut into upright stripes."""
    height, width = image.shape[:2]
    return np.tile(np.arange(width, dtype=np.int32) * regions // width + 1, (height, 1))


def test_the_truth_is_right_and_the_number_of_regions_is_given():
    sample = MOSAICS[0]
    truth = sample.label_maps[0]
    asked = []

    def know(image, regions):
        asked.append(regions)
        assert image is sample.image
        return truth

    facts, (result,) = measure(sample, know)
    assert asked == [truth.max()] == [facts["regions"]] == [result["regions"]]
    assert facts["area"] == truth.size
    assert (result["correct"], result["CS"], result["O"], result["C"]) == (1, 1, 0, 0)


def test_a_segmentor_that_knows_finds_the_discs(two_discs, fake_segmentor):
    sample = replace(two_discs, label_maps=two_discs.label_maps + 1)
    made_by = {"model": "m", "weights": ""}
    _, (result,) = from_model(Settings(), fake_segmentor(), made_by).measure(sample)
    assert result["regions"] == 3
    assert result["correct"] > 0.95


def test_several_annotators_are_no_mosaic(two_discs):
    sample = replace(two_discs, label_maps=np.repeat(two_discs.label_maps + 1, 2, axis=0))
    with pytest.raises(ValueError, match="has one label map, 'two_discs' has 2"):
        measure(sample, columns)


def test_a_set_that_does_not_label_every_pixel():
    class Dataset:
        name, fingerprint, partition = "discs", "0", False

    with pytest.raises(ValueError, match="discs does not label every pixel"):
        Job(PROTOCOL, Dataset(), method(columns, {"model": "m", "weights": ""}, {}))


def test_records_figures_table_and_comparison(tmp_path):
    samples = [MOSAICS[index] for index in range(4)]
    truths = {sample.image.tobytes(): sample.label_maps[0] for sample in samples}
    made_by = {"weights": "0"}
    jobs = [
        Job(PROTOCOL, MOSAICS, method(cut, {"model": name, **made_by}, {"method": "greedy"}))
        for name, cut in (
            ("knows", lambda image, regions: truths[image.tobytes()]),
            ("columns", columns),
        )
    ]
    records = run_jobs(jobs, tmp_path / "rows.jsonl")
    assert len(records) == 8
    by_model = {group.method["model"]: group for group in summarise(records)}
    figures = by_model["knows"].figures
    assert (figures["correct"].value, figures["CS"].value, figures["O"].value) == (100, 100, 0)
    assert by_model["columns"].counts == {"images": 4, "without objects": 0}
    guessed = by_model["columns"].figures
    results = [r.results[0] for r in records if r.method["model"] == "columns"]
    for name in ("correct", "CS", "NE", "O", "C"):
        assert guessed[name].value == pytest.approx(
            100 * np.mean([result[name] for result in results])
        )
        assert guessed[name].higher_is_better == (name in ("correct", "CS"))
    text = tables(records)
    assert "## Mosaics" in text
    assert "100.00 [100.00, 100.00]" in text
    assert "reader.regions=[2, 4]" in text
    (comparison,), _ = compare([by_model["knows"]], [by_model["columns"]])
    differences = {difference.figure: difference for difference in comparison.differences()}
    assert differences["correct"].first == 100 > differences["correct"].second
    assert differences["C"].first == 0 < differences["C"].second


def test_a_damaged_record(tmp_path):
    job = Job(PROTOCOL, MOSAICS, method(columns, {"model": "m", "weights": "0"}, {}))
    records = run_jobs([job], tmp_path / "rows.jsonl")
    records[0].results[0]["CS"] = 7
    with pytest.raises(ValueError, match="000000 is damaged"):
        tables(records)
