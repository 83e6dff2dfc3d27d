"""Notes about people's files: on stderr, each kind once, and counted."""

import logging

import numpy as np
from PIL import Image

from tamingseg.cli.main import main
from tamingseg.cli.notes import notes_said_once


def test_each_kind_is_said_once_and_counted(capsys):
    log = logging.getLogger("tamingseg.anything")
    with notes_said_once():
        for name in "abc":
            log.warning("%s has several pages", name)
        log.info("another note")
    assert capsys.readouterr().err.splitlines() == [
        "tamingseg: note: a has several pages",
        "tamingseg: note: another note",
        "tamingseg: note: 2 more: ... has several pages",
    ]
    assert not logging.getLogger("tamingseg").handlers


def test_errors_are_no_notes(capsys):
    with notes_said_once():
        logging.getLogger("tamingseg.ui").error("the call of %s failed", "a page")
    assert capsys.readouterr().err == "the call of a page failed\n"


def test_a_command_says_them(tmp_path, two_discs, fake_model, capsys):
    dim = (two_discs.image[..., 0].astype(np.uint16)) * 16
    Image.fromarray(dim).save(tmp_path / "dim.tif")
    photo, mask = str(tmp_path / "dim.tif"), str(tmp_path / "mask.png")
    assert (
        main(["segment", photo, "--click", "30,44", "--output", mask, "--model", fake_model]) == 0
    )
    assert "dim.tif has more than 8 bits; 0 is read as black and 4095" in capsys.readouterr().err


def test_names_that_are_not_utf8(tmp_path, two_discs, fake_model, capsys):
    photo = tmp_path / "caf\udce9.png"
    Image.fromarray(two_discs.image).save(photo)
    output = tmp_path / "out"
    for _ in range(2):
        arguments = ["propose", photo.parent, "--output", output, "--model", fake_model]
        assert main([*map(str, arguments)]) == 0
    assert (output / "caf\udce9.json").is_file()
    assert "1 done before" in capsys.readouterr().out
