"""`tamingseg evaluate`, from arguments to records and tables, with a model that knows."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tamingseg.cli.main import main
from tamingseg.data.mask_files import write_masks
from tamingseg.evaluation.records import read_records
from tamingseg.values import MaskSet

OWN_MODEL = Path(__file__).resolve().parents[2] / "docs" / "own-model.md"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results" / "rows.jsonl"


def test_clicks_table_and_resume(dataset, tmp_path, out, fake_model, capsys):
    arguments = ["evaluate", "clicks", str(dataset), "discs", "--root", str(tmp_path)]
    arguments += ["--model", fake_model, "--output", str(out), "--clicks", "2"]
    arguments += ["--fusion", "certainty", "--clicker", "center", "--limit", "2"]
    assert main(arguments) == 0
    records = read_records([out])
    assert [record.image for record in records] == ["a", "b"]  # the same set twice is done once
    assert records[0].method["fusion"] == "certainty"
    assert records[0].method["weights"]
    assert "precision" not in records[0].method  # the model states none
    table = capsys.readouterr().out
    assert "100.0" in table
    assert "NoC85" in table
    text = out.read_bytes()
    assert main(arguments) == 0
    assert out.read_bytes() == text


def test_segnext_protocol_is_one_flag(dataset, out, fake_model, capsys):
    arguments = ["evaluate", "clicks", str(dataset), "--model", fake_model, "--output", str(out)]
    assert main([*arguments, "--segnext"]) == 0
    method = read_records([out])[0].method
    assert (method["clicks"], method["threshold"], method["count_last_click"]) == (20, 0.49, True)
    assert main([*arguments, "--segnext", "--clicks", "5"]) == 2
    assert "a protocol of its own" in capsys.readouterr().err


def test_levels_of_one_click(dataset, out, fake_model, capsys):
    arguments = ["evaluate", "levels", str(dataset), "--model", fake_model, "--output", str(out)]
    assert main([*arguments, "--clicker", "center", "--limit", "1"]) == 0
    (record,) = read_records([out])
    assert record.protocol == "levels"
    assert {result["best"][0] for result in record.results} == {1.0}
    assert record.method["clicker"] == "center"
    assert "clicks" not in record.method
    table = capsys.readouterr().out
    assert "best of 3" in table
    assert "100.00" in table
    assert main(["report", "results", str(out)]) == 0
    assert "best of 7" in capsys.readouterr().out


def test_all_protocols_in_one_run(dataset, out, fake_model, capsys):
    arguments = ["evaluate", "all", str(dataset), "--model", fake_model, "--output", str(out)]
    assert main(arguments) == 0
    records = read_records([out])
    protocols = [record.protocol for record in records]
    assert {name: protocols.count(name) for name in protocols} == {
        "clicks": 4, "proposals": 2, "regions": 2
    }  # fmt: skip
    for record in records:
        if record.protocol == "proposals":  # three regions of different sizes; the model knows them
            assert min(result["steps"][-1][1] for result in record.results) > 0.8
        if record.protocol == "regions":
            assert record.facts["best_covered"] > 0.9 * record.facts["area"]
    table = capsys.readouterr().out
    for word in ("random", "center", "covering", "mIoU"):
        assert word.lower() in table.lower()


def test_regions_by_every_method(dataset, out, fake_model, capsys):
    arguments = ["evaluate", "regions", str(dataset), "--model", fake_model, "--output", str(out)]
    for flags in ([], ["--by-cost"], ["--method", "normalised-cut"], ["--method", "multicut"],
                  ["--method", "painted"]):  # fmt: skip
        assert main([*arguments, *flags]) == 0
        assert "covering" in capsys.readouterr().out
    records = read_records([out])
    assert len({record.method_key for record in records}) == 5
    for record in records:
        assert record.facts["best_covered"] > 0.9 * record.facts["area"]
    assert main(["report", "tables", str(out)]) == 0
    table = capsys.readouterr().out
    assert all(f"covering at {letter}" in table for letter in "KNST")


def test_files_take_the_place_of_a_model(dataset, out, tmp_path, capsys):
    arguments = ["evaluate", "regions", str(dataset), "--segmentations", str(tmp_path)]
    for flags in (["--method", "painted"], ["--area", "0"], ["--proposals.grid", "8"]):
        assert main([*arguments, "--output", str(out), *flags]) == 2
        assert "leave --model and its settings away" in capsys.readouterr().err


def test_several_models(dataset, out, fake_model, tmp_path):
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"other")
    arguments = ["evaluate", "clicks", str(dataset), "--output", str(out)]
    assert main([*arguments, "--model", fake_model, str(other)]) == 0
    assert len({record.method["weights"] for record in read_records([out])}) == 2


def test_masks_that_others_wrote(dataset, out, two_discs, tmp_path, capsys):
    folder = tmp_path / "theirs"
    masks = np.stack([two_discs.label_maps[0] == label for label in (0, 1, 2)])
    for name in ("a", "b"):
        write_masks(folder / f"{name}.json", MaskSet.from_masks(masks))
    arguments = [
        "evaluate",
        "proposals",
        str(dataset),
        "--masks",
        str(folder),
        "--output",
        str(out),
    ]
    assert main(arguments) == 0
    record = read_records([out])[0]
    assert record.method["model"] == "theirs"
    assert [result["steps"][-1] for result in record.results] == [[1, 1.0], [2, 1.0], [3, 1.0]]
    write_masks(folder / "b.json", MaskSet.from_masks(masks, np.array([0.1, 0.2, 0.9])))
    assert main([*arguments, "--by-score"]) == 0
    sorted_ones = [
        record for record in read_records([out]) if record.method["proposals"]["by_score"]
    ]
    assert sorted_ones[0].method["weights"] != record.method["weights"]
    (second,) = (record for record in sorted_ones if record.image == "b")
    assert [result["steps"][-1] for result in second.results] == [[3, 1.0], [2, 1.0], [1, 1.0]]
    assert main([*arguments, "--model", "default", "sam2.1-tiny"]) == 2
    assert "leave --model and its settings away" in capsys.readouterr().err
    assert main([*arguments[:3], "--masks", str(tmp_path / "no"), "--output", str(out)]) == 2
    assert "holds no files" in capsys.readouterr().err


def test_a_model_that_answers_nonsense_stops_every_protocol(
    dataset, out, fake_model, monkeypatch, fake_segmentor, capsys
):
    class Broken(type(fake_segmentor())):
        def predict(self, embedding, clicks, full_size=True):
            return np.full_like(super().predict(embedding, clicks, full_size), np.nan)

    monkeypatch.setattr("tamingseg.cli.evaluate.load_segmentor", lambda *args: Broken())
    for protocol in ("clicks", "proposals", "regions"):
        arguments = [protocol, str(dataset), "--model", fake_model, "--output", str(out)]
        assert main(["evaluate", *arguments]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert all(word in error for word in ("discs, image a", "'fake'", "NaN", "shape"))


def test_refusals(dataset, tmp_path, out, fake_model, capsys):
    for arguments, message in [
        ([], "no data"),
        ([str(tmp_path / "nothing")], "there is no folder"),
        ([str(dataset), "--limit", "0"], "limit must be at least 1"),
    ]:
        assert main(["evaluate", "clicks", *arguments, "--model", fake_model]) == 2
        assert message in capsys.readouterr().err
    assert main(["evaluate", "clicks", str(dataset), "--clicks", "0"]) == 2
    assert "expected clicks >= 1, got 0" in capsys.readouterr().err
    assert main(["evaluate", "clicks", str(dataset), "--most", "9"]) == 2
    assert "--most of tamingseg evaluate clicks is called --count now" in capsys.readouterr().err


def test_out_is_the_earlier_name_of_output(dataset, tmp_path, fake_model, capsys):
    file = tmp_path / "records.jsonl"
    for arguments in (["--out", str(file)], [f"--out={file}"]):
        assert main(["evaluate", "clicks", str(dataset), "--model", fake_model, *arguments]) == 0
        lines = [line for line in capsys.readouterr().err.splitlines() if "--out " in line]
        assert lines == [
            "tamingseg evaluate clicks: --out is called --output now; it still works here"
        ]
    assert read_records([file])


def test_regions_only_where_whole_images_are_labelled(dataset, out, fake_model, capsys):
    (dataset / "set.json").unlink()
    arguments = [str(dataset), "--model", fake_model, "--output", str(out)]
    assert main(["evaluate", "regions", *arguments]) == 2
    assert "discs does not label every pixel" in capsys.readouterr().err
    assert main(["evaluate", "all", *arguments]) == 0
    assert {record.protocol for record in read_records([out])} == {"clicks", "proposals"}


def test_the_documented_own_model(dataset, out, tmp_path, monkeypatch):
    """The example in docs/own-model.md, as it stands there, gets its row."""
    example = re.search(r"```python\n(# my_model\.py\n.*?)```", OWN_MODEL.read_text(), re.DOTALL)[1]
    assert len(example.splitlines()) < 25
    (tmp_path / "my_model.py").write_text(example)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    arguments = ["evaluate", "clicks", str(dataset), "--model", "my_model:SameColour"]
    try:
        assert main([*arguments, "--output", str(out)]) == 0
    finally:
        sys.modules.pop("my_model", None)  # other tests have a module of this name
    ious = [result["ious"][0] for record in read_records([out]) for result in record.results]
    assert min(ious) > 0.99  # the discs have one colour each


@pytest.mark.parametrize("method", ["multicut", "painted"])
def test_a_cost_is_for_methods_that_merge_to_a_number(dataset, out, fake_model, capsys, method):
    arguments = ["evaluate", "regions", str(dataset), "--model", fake_model, "--output", str(out)]
    assert main([*arguments, "--method", method, "--by-cost"]) == 2
    assert f"not for {method}" in capsys.readouterr().err
    assert not out.exists()


def test_one_bad_photo_is_named_and_the_others_are_measured(dataset, out, fake_model, capsys):
    photo = dataset / "images" / "a.png"
    photo.write_bytes(photo.read_bytes()[:60])
    arguments = ["evaluate", "clicks", str(dataset), "--model", fake_model, "--output", str(out)]
    for _ in range(2):
        assert main(arguments) == 1
        said = capsys.readouterr()
        assert "1 image could not be read" in said.err
        assert "a.png is damaged" in said.err
        assert "discs" in said.out
        assert [record.image for record in read_records([out])] == ["b"]
    (dataset / "images" / "b.png").write_bytes(b"no photo")
    assert main(arguments) == 1
    assert "no image could be read" in capsys.readouterr().out
