"""`tamingseg report` on small files of records."""

import csv

import pytest

from tamingseg.cli.main import main
from tamingseg.evaluation.records import Record, append_record

METHOD = {"model": "m", "weights": "w", "data": "d", "version": "1", "min_area": 256}


@pytest.fixture
def rows(tmp_path):
    """A file with two fusions and proposals on three images; a fourth image has no objects."""
    path = tmp_path / "rows.jsonl"
    for n in range(3):
        for fusion, gain in (("joint", 0.2), ("component", 0.1)):
            method = METHOD | {"clicks": 2, "trials": 1, "fusion": fusion}
            ious = [0.2 + n / 10, 0.2 + n / 10 + gain]
            result = {"map": 0, "label": 1, "area": 300, "trial": 0, "ious": ious}
            append_record(path, Record("clicks", "DAVIS", f"{n}", method, {}, [result]))
            if n == 0:
                append_record(path, Record("clicks", "DAVIS", "empty", method, {}, []))
        steps = [[2, 0.5 + n / 10]]
        result = {"map": 0, "label": 1, "area": 300, "steps": steps, "oracle": steps}
        method = METHOD | {"proposals": {"side": 8}}
        append_record(
            path, Record("proposals", "DAVIS", f"{n}", method, {"proposals": 4}, [result])
        )
    return str(path)


def test_tables(rows, capsys):
    assert main(["report", "tables", rows]) == 0
    out = capsys.readouterr().out
    assert "## Clicks" in out
    assert "## Proposals" in out
    assert "joint" in out
    assert "published" not in out
    assert main(["report", "tables", rows, "--published"]) == 0
    assert "published: the research note, no code, no weights" in capsys.readouterr().out
    assert main(["report", "tables", "--published"]) == 0
    assert "gPb-owt-ucm" in capsys.readouterr().out


def test_tables_into_a_file(rows, tmp_path, capsys):
    path = tmp_path / "new" / "tables.csv"
    assert main(["report", "tables", rows, "--format", "csv", "--output", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    with open(path, encoding="utf-8", newline="") as file:
        assert {line["dataset"] for line in csv.DictReader(file)} == {"DAVIS"}


def test_results(rows, capsys):
    assert main(["report", "results", rows]) == 0
    assert len(list(csv.DictReader(capsys.readouterr().out.splitlines()))) == 9


def test_plots_and_scatter(rows, tmp_path, capsys):
    assert main(["report", "plots", rows, "--output", str(tmp_path / "plots")]) == 0
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert names == {
        "clicks-DAVIS.png",
        "proposals-DAVIS.png",
        "recall-DAVIS.png",
        "scatter-DAVIS.png",
    }
    capsys.readouterr()
    assert main(["report", "scatter", rows]) == 0
    assert "Pearson" in capsys.readouterr().out
    assert main(["report", "scatter", rows, "--output", str(tmp_path / "points")]) == 0
    names = {path.name for path in (tmp_path / "points").iterdir()}
    assert names == {"scatter.csv", "scatter-DAVIS.png"}
    with open(tmp_path / "points" / "scatter.csv", encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 6


def test_compare(rows, capsys):
    choice = ["--a", "fusion=joint", "--b", "fusion=component"]
    assert main(["report", "compare", rows, *choice]) == 0
    lines = capsys.readouterr().out.splitlines()
    (verdict,) = [line for line in lines if line.startswith("| mIoU@2 [%] ")]
    assert verdict.split("|")[-2].strip() == "too few images"
    assert "10.00" in verdict
    assert main(["report", "compare", rows, rows, *choice, "--a", "model=m"]) == 0


def test_what_is_not_compared_is_said_beside_csv(rows, tmp_path, capsys):
    other = tmp_path / "other.jsonl"
    result = {"map": 0, "label": 1, "area": 300, "trial": 0, "ious": [0.5]}
    for dataset in ("DAVIS", "msrc"):
        for image in "01":
            method = METHOD | {"clicks": 1, "trials": 1}
            append_record(other, Record("clicks", dataset, image, method, {}, [result]))
    choice = ["--a", "fusion=joint", "--format", "csv"]
    assert main(["report", "compare", rows, str(other), *choice]) == 0
    captured = capsys.readouterr()
    assert {line["dataset"] for line in csv.DictReader(captured.out.splitlines())} == {"DAVIS"}
    assert captured.err.splitlines() == [
        "not compared: proposals on DAVIS: only A has it",
        "not compared: clicks on msrc: only B has it",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tables"], "no records: name at least one file"),
        (["tables", "nowhere.jsonl"], "there is no file nowhere.jsonl"),
        (["tables", "{empty}"], "empty.jsonl holds no records"),
        (["tables", "{text}"], "text.jsonl, line 1 is no result record"),
        (["tables", "{rows}", "{text}"], "text.jsonl, line 1 is no result record"),
        (["plots", "{one}", "--output", "x"], "nothing to draw"),
        (["scatter", "{one}"], "nothing to join"),
        (["compare", "{rows}"], "expected a file for A and one for B"),
        (["compare", "{rows}", "{rows}", "{rows}"], "expected a file for A and one for B"),
        (["compare", "{rows}", "{rows}"], "both sides hold the same results"),
        (["compare", "{rows}", "--a", "fusion=joint"], "A has 1 and B 2 methods"),
        (["compare", "{rows}", "--a", "x=1"], "expected SETTING=VALUE"),
        (
            ["plots", "{rows}", "--folder", "x"],
            "is called --output now",
        ),
        (["compare", "{rows}", "{one}", "--a", "fusion=joint"], "nothing to compare"),
    ],
)
def test_refusals(arguments, message, rows, tmp_path, capsys):
    files = {name: tmp_path / f"{name}.jsonl" for name in ("empty", "text", "one")}
    files["empty"].touch()
    files["text"].write_text("hello\n")
    result = {"map": 0, "label": 1, "area": 300, "trial": 0, "ious": [0.5]}
    record = Record("clicks", "other", "a", METHOD | {"clicks": 1}, {}, [result])
    append_record(files["one"], record)
    filled = [argument.format(rows=rows, **files) for argument in arguments]
    assert main(["report", *filled]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", ["tables", "results", "plots", "scatter", "compare"])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["report", command, "--help"])
    assert stop.value.code == 0
    assert f"usage: tamingseg report {command}" in capsys.readouterr().out
