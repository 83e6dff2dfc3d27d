"""Published figures stand beside measured ones, and apart from them."""

import csv
import io

import pytest

from tamingseg.evaluation.published import PUBLISHED
from tamingseg.evaluation.records import Record
from tamingseg.evaluation.report import summarise, tables


def measured(dataset, iou=0.5, protocol="clicks"):
    method = {"model": "m", "weights": "w", "data": "d", "clicker": "random", "clicks": 1}
    results = [{"map": 0, "label": 1, "area": 300, "trial": 0, "ious": [iou]}]
    return Record(protocol, dataset, "a", method | {"threshold": 0.5, "trials": 1}, {}, results)


def lines_of(*records):
    text = tables(records, "csv", published=True)
    return list(csv.DictReader(io.StringIO(text)))


def published(model, dataset, figure, **settings):
    """The values that are published under this name."""
    return [
        (line.values[figure], line.source)
        for line in PUBLISHED
        if (line.method["model"], line.dataset) == (model, dataset)
        and figure in line.values
        and settings.items() <= line.method.items()
    ]


def test_figures_of_the_note():
    note = "published: the research note"
    assert published("Order-Aware IIS @2048", "DAVIS", "mIoU@1") == [
        (88.05, f"{note}, no code, no weights")
    ]
    official = f"{note}, official weights"
    model = "SegNext COCO+LVIS, epoch 90"
    assert published(model, "HyperSim", "mIoU@1") == [
        (32.01, f"{official}, input not tone-mapped, unlabelled pixels scored as an object")
    ]
    assert published(model, "DAVIS", "mIoU@1", clicker="center") == [(71.96, official)]
    assert published(model, "DAVIS", "mIoU@1", clicker="random", threshold=0.49) == [
        (67.75, official)
    ]
    assert published("posneg + Lovasz, epoch 160", "HQSeg44K-val", "mIoU@1") == [(60.58, note)]


def test_figures_of_others():
    readme = "published: SegNext's README, official weights"
    assert published("SegNext sax2", "DAVIS", "NoF95") == [(163, readme)]
    assert published("SegNext sax2", "HQSeg44K-val", "NoC90") == [(7.18, readme)]
    assert published("RITM", "HQSeg44K-val", "mIoU@5") == [(77.8, "published: SegNext's notebook")]
    assert published("EdgeTAM", "SA-23", "mIoU@1 per mask")[0][0] == 55.5
    assert published("EdgeTAM", "SA-23", "mIoU@5 per mask") == []
    assert published("FastSAM", "LVIS", "COCO AR@1000")[0][0] == 49.6
    files = "published: BSDS500's own result files"
    assert published("gPb-owt-ucm", "BSDS500-test", "VI OIS") == [(1.475, files)]
    ((_, source),) = published("Quad-tree", "BSDS500-test", "PRI ODS")
    assert source.endswith("unverified")


def test_every_line_says_who_published_it():
    assert all(line.source.startswith("published: ") and line.who for line in PUBLISHED)
    lines = [(line.source, line.dataset, str(line.method)) for line in PUBLISHED]
    assert len(set(lines)) == len(lines) > 60


@pytest.mark.parametrize("line", PUBLISHED, ids=lambda line: line.method["model"])
def test_units(line):
    for name, figure in line.figures.items():
        unit = {"VI ": "bits", "NoC": "clicks", "NoF": "masks"}.get(name[:3], "%")
        assert figure.unit == unit
        assert 0 < figure.value < (100 if unit == "%" else 1000)
        assert figure.parts is None


def test_they_stand_beside_the_same_data_set_only():
    lines = lines_of(measured("davis"), measured("msrc"))
    sources = {(line["dataset"], line["source"] == "measured") for line in lines}
    assert sources == {("davis", True), ("DAVIS", False), ("msrc", True)}
    places = [line["dataset"] for line in lines]
    assert places == sorted(places, key=lambda name: name == "msrc")
    protocols = {line["protocol"] for line in lines_of(measured("BSDS500-test"))}
    assert protocols == {"clicks"}  # nobody has published clicks on it, but regions


def test_they_change_no_measured_figure():
    alone, beside = summarise([measured("DAVIS")]), summarise([measured("DAVIS")], published=True)
    assert len(beside) > len(alone) == 1
    assert beside[0].figures["mIoU@1"].value == alone[0].figures["mIoU@1"].value == 50


def test_table_tells_them_apart():
    text = tables([measured("DAVIS", 0.6746)], published=True)
    lines = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    shown = {line[2]: line for line in lines if len(line) > 5}
    assert "measured" in shown["m"]
    assert "67.46" in shown["m"]
    assert "published: the research note, no code, no weights" in shown["Order-Aware IIS @1024"]
    assert "345" in shown["Order-Aware IIS @1024"]
    assert "source" not in tables([measured("DAVIS")])
    # what a source leaves open is not taken to be what was measured
    assert lines[[line[2:3] for line in lines].index(["model"])].index("threshold") > 0
    assert shown["Order-Aware IIS @1024"].count("-") >= 1


def test_another_number_of_images_is_said():
    said = "DAVIS: number of images 1 measured, 345 published;"
    assert said in tables([measured("DAVIS")], published=True)
    assert said not in tables([measured("DAVIS")])
    assert "number of images" not in tables(
        [measured("HyperSim")], published=True
    )  # it is not known


def test_without_records_all_are_listed_and_without_matches_it_is_said():
    text = tables([], published=True)
    assert all(line.method["model"] in text for line in PUBLISHED)
    text = tables([measured("mine")], published=True)
    assert "Nothing is published about these; there is about DAVIS, HQSeg44K-val" in text
