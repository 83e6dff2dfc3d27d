"""A protocol is a file and a line in the table: command, records, tables and plots follow."""

from dataclasses import dataclass

import numpy as np
import pytest

from tamingseg.cli.main import main
from tamingseg.evaluation.cells import main_lines
from tamingseg.evaluation.figure import Figure
from tamingseg.evaluation.protocols.base import Line, Method, Panel, Plot, Protocol
from tamingseg.evaluation.protocols.table import PROTOCOLS


@dataclass(frozen=True)
class Settings:
    """How sizes are measured."""

    unit: int = 1
    """Pixels that count as one."""


def from_model(settings, segmentor, made_by):
    def measure(sample):
        areas = [(index, label, area // settings.unit) for index, label, area in sample.regions()]
        return {}, [{"map": i, "label": label, "size": size} for i, label, size in areas]

    return Method(made_by, {"unit": settings.unit}, measure)


def figures(group):
    means = group.per_image(lambda record: np.mean([each["size"] for each in record.results]))
    return {"size": Figure.ratio(means, unit="pixels")}


def tables(summaries):
    yield "", main_lines(summaries, {"mean size": "size"})


def panels(groups):
    lines = [[Line([1], [group.figures["size"]])] for group in groups]
    return [Panel("all", "size", lines)]


SIZES = Protocol(
    name="sizes",
    summary="how large objects are",
    title="Sizes",
    explanation="Size: mean number of pixels.",
    settings=Settings,
    from_model=from_model,
    figures=figures,
    tables=tables,
    columns=lambda result: {"IoU": 1},
    plots=(Plot("sizes", "how large", panels),),
)


@pytest.fixture
def dataset_and_model(tmp_path, two_discs, fake_segmentor, monkeypatch):
    from PIL import Image

    labels = two_discs.label_maps[0].astype(np.uint8)
    for name, pixels in (("images", two_discs.image), ("masks", labels)):
        (tmp_path / "discs" / name).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "discs" / name / "a.png")
    monkeypatch.setattr("tamingseg.cli.evaluate.load_segmentor", lambda *args: fake_segmentor())
    weights = tmp_path / "weights.safetensors"
    weights.touch()
    return [str(tmp_path / "discs"), "--model", str(weights)]


def test_a_further_protocol(dataset_and_model, tmp_path, monkeypatch, capsys, two_discs):
    monkeypatch.setitem(PROTOCOLS, "sizes", SIZES)
    out = str(tmp_path / "rows.jsonl")
    assert main(["evaluate", "--help"]) == 0
    assert "how large objects are" in capsys.readouterr().out
    assert main(["evaluate", "sizes", *dataset_and_model, "--unit", "2", "--output", out]) == 0
    areas = [int((two_discs.label_maps == label).sum()) // 2 for label in (1, 2)]
    table = capsys.readouterr().out
    assert "## Sizes" in table
    assert "unit=2" in table
    assert f"| {np.mean(areas):g} " in table
    assert main(["report", "results", out]) == 0
    assert "IoU" in capsys.readouterr().out
    assert main(["report", "plots", out, "--output", str(tmp_path / "plots")]) == 0
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["sizes-discs.png"]


def test_every_protocol_has_a_name_of_its_own():
    assert list(PROTOCOLS) == ["clicks", "levels", "proposals", "regions", "mosaics"]
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert protocol.settings()  # every setting has a default
