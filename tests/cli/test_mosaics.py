"""`tamingseg data mosaics` and `tamingseg evaluate mosaics`, from folders of photos to a table."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from tamingseg.cli.main import main
from tamingseg.data.base import read_image
from tamingseg.data.catalog import open_dataset

SMALL = ("--count", "3", "--size", "32", "40", "--regions", "2", "4")


@pytest.fixture
def photos(tmp_path):
    """Four photos of plain colours."""
    folder = tmp_path / "stuff"
    folder.mkdir()
    for number, colour in enumerate([(0, 0, 0), (250, 0, 0), (0, 250, 0), (0, 0, 250)]):
        Image.new("RGB", (30, 30), colour).save(folder / f"{number}.png")
    return folder


def make(output, *flags):
    return main(["data", "mosaics", "--output", str(output), *flags])


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_the_same_command_writes_the_same_bytes(tmp_path, photos, capsys):
    flags = ("--textures", str(photos), "--seed", "5", *SMALL)
    assert make(tmp_path / "a", *flags) == make(tmp_path / "b", *flags) == 0
    first = hashes(tmp_path / "a")
    assert first == hashes(tmp_path / "b")
    assert len(first) == 3 + 3 + 1
    assert "3 mosaics" in capsys.readouterr().out
    assert make(tmp_path / "c", "--textures", str(photos), "--seed", "6", *SMALL) == 0
    assert hashes(tmp_path / "c")["images/000000.png"] != first["images/000000.png"]


def test_what_is_written_is_a_data_set(tmp_path, photos):
    make(tmp_path / "set", "--textures", str(photos), "--layout", "grid", *SMALL)
    dataset = open_dataset(tmp_path / "set")
    assert dataset.partition
    assert len(dataset) == 3
    for index in range(3):
        sample = dataset[index]
        labels = sample.label_maps[0]
        assert labels.shape == (32, 40)
        assert set(np.unique(labels)) == set(range(1, labels.max() + 1))
        for label in range(1, labels.max() + 1):
            assert len(np.unique(sample.image[labels == label], axis=0)) == 1
    facts = json.loads((tmp_path / "set" / "set.json").read_text())
    assert facts["textures"] == ["stuff"]
    assert facts["licence"] == "that of the texture photos"
    assert (facts["seed"], facts["regions"], facts["layout"]) == (0, [2, 4], "grid")
    assert main(["data", "check", str(tmp_path / "set")]) == 0


def test_it_goes_on_where_it_was_stopped_and_adds_more(tmp_path):
    output = tmp_path / "set"
    assert make(output, *SMALL) == 0
    whole = hashes(output)
    (output / "masks" / "000001.png").unlink()
    (output / "images" / "000001.png").write_bytes(b"half an im")
    kept = (output / "images" / "000000.png").stat().st_mtime_ns
    assert make(output, *SMALL) == 0
    assert hashes(output) == whole
    assert (output / "images" / "000000.png").stat().st_mtime_ns == kept
    assert make(output, "--count", "4", *SMALL[2:]) == 0
    assert {name: hash for name, hash in hashes(output).items() if name in whole} == whole
    assert len(hashes(output)) == len(whole) + 2


def test_many_regions_need_16_bits(tmp_path):
    assert make(tmp_path / "set", "--count", "1", "--size", "32", "32", "--regions", "300") == 0
    assert open_dataset(tmp_path / "set")[0].label_maps.max() == 300
    assert read_image(tmp_path / "set" / "images" / "000000.png").shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--textures", "missing"), "there is no folder missing"),
        (("--count", "0"), "expected 1 to 10000000 mosaics"),
        (("--seed", "-1"), "seed must be 0 or more, got -1"),
        (("--regions", "1", "2", "3"), "one number or two, got 3"),
        (("--regions", "0"), "1 <= least regions"),
        (("--size", "4", "4", "--regions", "17"), "1 to 16 regions, got 17"),
    ],
)
def test_bad_input_is_said_in_one_line(tmp_path, monkeypatch, capsys, flags, message):
    monkeypatch.chdir(tmp_path)
    assert make(tmp_path / "set", *flags) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_settings_without_a_mosaic_may_be_corrected(tmp_path, photos):
    too_few = ("--textures", str(photos), "--regions", "60", "--layout", "voronoi")
    assert make(tmp_path / "set", *too_few) == 2
    assert (tmp_path / "set" / "set.json").exists()
    assert make(tmp_path / "set", *SMALL) == 0


def test_a_folder_of_something_else_is_left_alone(tmp_path, dataset, capsys):
    before = hashes(dataset)
    assert make(dataset, *SMALL) == 2
    assert "made with other settings" in capsys.readouterr().err
    (dataset / "set.json").unlink()
    assert make(dataset, *SMALL) == 2
    assert "holds other images" in capsys.readouterr().err
    assert hashes(dataset) == {name: hash for name, hash in before.items() if name != "set.json"}
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "photos").mkdir(parents=True)
    (elsewhere / "set.json").write_text("{}")
    assert make(elsewhere, *SMALL) == 2
    assert (elsewhere / "set.json").read_text() == "{}"


def evaluate(tmp_path, model, *flags):
    flags = ("--model", model, "--output", str(tmp_path / "rows.jsonl"), *flags)
    return main(["evaluate", "mosaics", *flags])


def test_evaluate_mosaics_that_are_made(tmp_path, photos, fake_model, capsys):
    flags = ("--textures", str(photos), "--count", "2", "--size", "32", "40", "--regions", "3")
    assert evaluate(tmp_path, fake_model, *flags) == 0
    out = capsys.readouterr().out
    assert "## Mosaics" in out
    assert "mosaics-stuff" in out
    records = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [record["facts"]["regions"] for record in records] == [3, 3]
    assert min(record["results"][0]["correct"] for record in records) > 0.9


def test_evaluate_a_data_set(tmp_path, dataset, fake_model, capsys):
    assert evaluate(tmp_path, fake_model, str(dataset)) == 0
    assert "discs" in capsys.readouterr().out
    assert evaluate(tmp_path, fake_model, str(dataset), "--seed", "3") == 2
    assert "not both" in capsys.readouterr().err
