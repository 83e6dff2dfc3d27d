"""The script that writes the tables of docs/results.md."""

import importlib.util
import re

import pytest

from tamingseg.evaluation.records import Record
from tamingseg.evaluation.report import summarise
from tests.test_floors import ROOT

spec = importlib.util.spec_from_file_location("measure", ROOT / "scripts" / "measure.py")
measure = importlib.util.module_from_spec(spec)
spec.loader.exec_module(measure)


def clicks(image, clicker, ious, weights="new", dataset="DAVIS"):
    """A record of masks that were asked for by one click each."""
    method = {"model": "default", "weights": weights, "clicker": clicker, "clicks": 1, "trials": 1}
    scores = [{"ious": [v], "boundary_ious": [v / 2], "boundary_fs": [v]} for v in ious]
    results = [{"map": 0, "label": n, "area": 300, "trial": 0} | s for n, s in enumerate(scores, 1)]
    return Record("clicks", dataset, image, method, {}, results)


def test_a_table_of_records(monkeypatch):
    """Image a has masks of IoU 1 and .5, image b one of 0: .375 over images, .5 over masks."""
    monkeypatch.setattr(measure, "SETS", ("DAVIS",))
    records = [
        clicks("a", "random", [1, 0.5]),
        clicks("b", "random", [0]),
        clicks("c", "random", []),
        clicks("a", "center", [1, 1]),
        clicks("b", "center", [1]),
        clicks("a", "random", [0.1, 0.1], weights="old"),
    ]
    measured = measure.Measured(summarise(records), {"default": "new"})
    (row,) = measure.one_click(measured)
    assert row == {
        "data": "DAVIS",
        "images": "3 (1 without)",
        "masks": "3",
        "random: image": "37.5 [0.0, 75.0]",
        "random: mask": "50.0",
        "centre: image": "100.0 [100.0, 100.0]",
        "centre: mask": "100.0",
        "boundary IoU, centre": "50.0 [50.0, 50.0]",
    }


def test_what_was_not_measured_is_said(monkeypatch):
    measured = measure.Measured(summarise([clicks("a", "random", [1])]), {"default": "new"})
    with pytest.raises(ValueError, match=r"one run of clicks on DAVIS .*'center'.* found 0"):
        measured.find("clicks", "DAVIS", clicker="center")


def test_a_test_split_is_found_by_the_name_of_its_set():
    records = [clicks("a", "random", [1], dataset="BSDS500-test")]
    measured = measure.Measured(summarise(records), {"default": "new"})
    assert measured.find("clicks", "BSDS500").dataset == "BSDS500-test"


def test_a_table_takes_the_place_of_the_old_one_only():
    page = "a\n<!-- table: x -->\nold\n<!-- end -->\nb\n<!-- table: y -->\nkept\n<!-- end -->\n"
    assert measure.replace_table(page, "x", r"new \1") == page.replace("old", r"new \1")
    with pytest.raises(ValueError, match="found 0"):
        measure.replace_table(page, "z", "")


def test_every_table_has_a_place_and_every_place_a_table():
    page = measure.RESULTS.read_text("utf-8")
    for name in measure.TABLES:
        measure.replace_table(page, name, "")
    others = ["against"]  # scripts/benchmark_against.py writes it
    assert sorted(re.findall("<!-- table: (.+?) -->", page)) == sorted([*measure.TABLES, *others])
