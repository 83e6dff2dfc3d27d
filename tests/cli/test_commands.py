"""The command line, called as a function; the model is a stand-in."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tamingseg.cli import main as main_module
from tamingseg.cli.main import COMMANDS, main
from tamingseg.cli.segment import parse_click
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.values import Click


@pytest.fixture
def photo(tmp_path, two_discs):
    path = tmp_path / "photo.png"
    Image.fromarray(two_discs.image).save(path)
    return path


def test_without_arguments_the_commands_are_listed(capsys):
    for arguments in ([], ["--help"]):
        assert main(arguments) == 0
        out = capsys.readouterr().out
        assert all(name in out for name in COMMANDS)


def test_unknown_commands(capsys):
    assert main(["dance"]) == 2
    assert "unknown command 'dance'; expected one of app, segment" in capsys.readouterr().err
    assert main(["evaluate", "everything"]) == 2
    assert (
        "expected one of clicks, levels, proposals, regions, mosaics, all"
        in capsys.readouterr().err
    )


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tamingseg ")


@pytest.mark.parametrize(
    "command",
    [
        ["app"],
        ["segment"],
        ["propose"],
        ["train"],
        ["panels"],
        *(["evaluate", kind] for kind in ("clicks", "proposals", "regions", "mosaics", "all")),
        *(["report", kind] for kind in ("tables", "plots", "scatter", "compare")),
        ["data", "check"],
        ["data", "download", "hypersim"],
        ["data", "mosaics"],
    ],
)
def test_help_of_every_command(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert f"usage: tamingseg {' '.join(command)}" in capsys.readouterr().out


def test_listing_the_commands_imports_none_of_them():
    code = (
        "import sys; from tamingseg.cli.main import main; main([]);"
        "print([name for name in ('torch', 'gradio', 'tyro') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_errors_are_one_line_and_exit_code_2(monkeypatch, capsys):
    for error, code, text in [
        (ValueError("the file is bad"), 2, "tamingseg: error: the file is bad\n"),
        (FileNotFoundError("no file"), 2, "tamingseg: error: no file\n"),
        (ImportError("no extra"), 2, "tamingseg: error: no extra\n"),
        (KeyboardInterrupt(), 130, "tamingseg: interrupted\n"),
    ]:

        def fail(module, error=error):
            raise error

        monkeypatch.setattr(main_module.importlib, "import_module", fail)
        assert main(["data"]) == code
        assert capsys.readouterr().err == text
    monkeypatch.setattr(main_module.importlib, "import_module", lambda module: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # our own slips keep their traceback
        main(["data"])


def test_app_passes_its_flags_on(monkeypatch):
    called = {}
    monkeypatch.setattr("tamingseg.cli.app.launch", lambda **flags: called.update(flags))
    assert main(["app"]) == 0
    left_out = {"port": None, "host": None, "model": "default", "open_browser": True}
    assert called == {**left_out, "textures": None, "memory": 2.0}
    flags = ["--port", "8123", "--host", "0.0.0.0", "--model", "mine", "--no-open-browser"]
    assert main(["app", *flags, "--textures", "stuff", "--memory", "3"]) == 0
    given = {"port": 8123, "host": "0.0.0.0", "model": "mine", "open_browser": False}
    assert called == {**given, "textures": Path("stuff"), "memory": 3.0}


class TestSegment:
    def test_mask_and_overlay(self, photo, tmp_path, two_discs, fake_model):
        output, painted = tmp_path / "out" / "mask.png", tmp_path / "painted.png"
        arguments = ["segment", str(photo), "--click", "16,18", "--output", str(output)]
        assert main([*arguments, "--overlay", str(painted)]) == 0
        mask = np.asarray(Image.open(output))
        np.testing.assert_array_equal(mask, (two_discs.label_maps[0] == 1) * 255)
        changed = (np.asarray(Image.open(painted)) != two_discs.image).any(axis=-1)
        np.testing.assert_array_equal(changed, mask > 0)

    def test_several_clicks(self, photo, tmp_path, two_discs, fake_model):
        output = tmp_path / "mask.png"
        arguments = ["segment", str(photo), "--output", str(output), "--click", "16,18"]
        assert main([*arguments, "--click", "30,44", "--click", "16.5,18.5,-"]) == 0
        np.testing.assert_array_equal(
            np.asarray(Image.open(output)), (two_discs.label_maps[0] == 2) * 255
        )

    def test_levels(self, photo, tmp_path, two_discs, monkeypatch, capsys):
        """A part in a whole, answered with .9 and .4, on a background of .01."""
        rows, cols = np.mgrid[:48, :64] + 0.5
        distance = np.hypot(rows - 16, cols - 18)
        masks = [distance < 6, distance < 12]
        answer = np.where(masks[0], 0.9, np.where(masks[1], 0.4, 0.01))
        segmentor = FunctionSegmentor(lambda image, clicks: answer, "nested")
        monkeypatch.setattr("tamingseg.cli.segment.load_segmentor", lambda *args: segmentor)
        output, painted = tmp_path / "out" / "mask.v2.png", tmp_path / "painted.png"
        arguments = ["segment", str(photo), "--click", "16,18", "--output", str(output)]
        assert main([*arguments, "--levels", "--overlay", str(painted)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 3
        assert len(list(output.parent.iterdir())) == 3
        np.testing.assert_array_equal(np.asarray(Image.open(output)), masks[0] * 255)
        for number, mask in enumerate(masks):
            path = tmp_path / "out" / f"mask.v2.level{number + 1}.png"
            np.testing.assert_array_equal(np.asarray(Image.open(path)), mask * 255)
            assert lines[number + 1].startswith(f"{path}: probability above 0.")
            assert f" {mask.sum()} of 3072 pixels" in lines[number + 1]
            assert "stability 1.00" in lines[number + 1]
        changed = (np.asarray(Image.open(painted)) != two_discs.image).any(axis=-1)
        np.testing.assert_array_equal(changed, masks[1])

    def test_no_level_holds_the_click(self, photo, tmp_path, monkeypatch, capsys):
        nothing = FunctionSegmentor(lambda image, clicks: np.zeros(image.shape[:2]), "no")
        monkeypatch.setattr("tamingseg.cli.segment.load_segmentor", lambda *args: nothing)
        output = tmp_path / "mask.png"
        arguments = ["segment", str(photo), "--click", "16,18", "--output", str(output)]
        assert main([*arguments, "--levels", "--overlay", str(tmp_path / "painted.png")]) == 0
        assert "no levels" in capsys.readouterr().out
        assert not list(tmp_path.glob("mask.level*"))

    def test_levels_need_a_first_click_inside(self, photo, tmp_path, capsys, fake_model):
        output = tmp_path / "mask.png"
        arguments = ["segment", str(photo), "--output", str(output), "--levels"]
        assert main([*arguments, "--click", "1,2,-", "--click", "16,18"]) == 2
        assert "must be inside the object; got '1,2,-'" in capsys.readouterr().err
        assert not output.exists()

    @pytest.mark.parametrize(
        ("clicks", "output", "message"),
        [
            ([], "m.png", "no click"),
            (["16,18"], "m.jpg", "must end with .png"),
            (["99,1"], "m.png", "outside the image of height 48 and width 64"),
            (["nan,1"], "m.png", "finite"),
            (["1;2"], "m.png", "expected a click as ROW,COL"),
        ],
    )
    def test_refusals(self, clicks, output, message, photo, tmp_path, capsys, fake_model):
        flags = [flag for click in clicks for flag in ("--click", click)]
        assert main(["segment", str(photo), "--output", str(tmp_path / output), *flags]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
        assert not (tmp_path / output).exists()

    def test_a_photo_that_is_none(self, tmp_path, capsys, fake_model):
        path = tmp_path / "notes.txt"
        path.write_text("hello")
        assert main(["segment", str(path), "--click", "1,1", "--output", "m.png"]) == 2
        assert "notes.txt is not a JPEG" in capsys.readouterr().err

    def test_parse_click(self):
        assert parse_click("3,4.5") == Click(3, 4.5)
        assert parse_click("3, 4,+") == Click(3, 4)
        assert parse_click("3,4,-") == Click(3, 4, positive=False)
        for text in ("", "3", "3,", "3,4,5", "3,4,-,-", "a,b", "inf,0"):
            with pytest.raises(ValueError, match="expected a click as ROW,COL"):
                parse_click(text)


class TestDataCheck:
    def test_a_whole_set(self, dataset, capsys):
        assert main(["data", "check", str(dataset)]) == 0
        assert "discs: 2 images with masks, 6 regions" in capsys.readouterr().out

    def test_all_damaged_files_are_listed(self, dataset, capsys):
        (dataset / "images" / "a.png").write_bytes(b"no")
        (dataset / "images" / "lonely.png").write_bytes(b"no")
        Image.new("L", (9, 9)).save(dataset / "masks" / "b.png")
        assert main(["data", "check", str(dataset)]) == 1
        out = capsys.readouterr().out
        for text in ("a.png is not a JPEG", "lonely.png has no mask", "b.png has (height, width)"):
            assert text in out
        assert "3 problems" in out

    def test_no_data_set(self, tmp_path, capsys):
        assert main(["data", "check", str(tmp_path)]) == 2
        assert "expected images/ and masks/" in capsys.readouterr().err
        assert main(["data", "check"]) == 2
        assert "no data" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["train", "default-cpu"], ["distill"]])
def test_a_training_is_told_by_output_where_to_write(command, capsys):
    assert main([*command, "--folder", "runs/mine"]) == 2
    assert "--folder of tamingseg" in capsys.readouterr().err
