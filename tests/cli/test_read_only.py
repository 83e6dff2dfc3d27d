"""Folders that nobody may write to: one line that names the folder, and all files as they were.

Root may write anywhere. So the file system is asked as somebody else (`setfsuid`, Linux).
"""

import ctypes
import hashlib
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tamingseg.cli.main import main

NOBODY = 65_534
SMALL = ("--count", "1", "--size", "32", "40", "--regions", "2")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the file system as Linux can")


@pytest.fixture
def locked():
    """A folder that others may look into and write nothing into."""
    folder = Path(tempfile.mkdtemp())  # (pytest's own are closed to others)
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def as_somebody_else(folder):
    """Close the folder and, if root runs the tests, ask the file system as nobody."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    libc = ctypes.CDLL(None)
    root = os.geteuid() == 0
    if root:
        libc.setfsuid(NOBODY)
    try:
        yield
    finally:
        if root:
            libc.setfsuid(0)


def contents(folder):
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def commands(photo, data, model, output):
    """Name -> arguments, with everything that is written below `output`."""
    measured = ["--model", model, "--output", str(output / "rows.jsonl")]
    records = str(output.parent / "records.jsonl")
    return {
        "segment": ["segment", photo, "--click", "16,18", "--output", str(output / "m.png")],
        "propose": ["propose", photo, "--output", str(output), "--pngs", "--overlay"],
        "partition": ["partition", photo, "--output", str(output), "--regions", "2"],
        "panels": ["panels", photo, "--output", str(output)],
        "evaluate": ["evaluate", "clicks", data, *measured],
        "table": ["report", "tables", records, "--output", str(output / "table.md")],
        "plots": ["report", "plots", records, "--output", str(output)],
        "mosaics": ["data", "mosaics", "--output", str(output), *SMALL],
    }


@pytest.mark.parametrize("name", sorted(commands("", "", "", Path())))
def test_one_line_and_nothing_changed(name, locked, photo, dataset, fake_model, capsys):
    for path in (photo, dataset, Path(fake_model)):
        target = locked / path.name
        (shutil.copytree if path.is_dir() else shutil.copy)(path, target)
    places = [str(locked / path.name) for path in (photo, dataset, Path(fake_model))]
    if name in ("table", "plots"):
        measured = ["--model", places[2], "--output", str(locked / "records.jsonl")]
        assert main(["evaluate", "clicks", places[1], "--clicks", "2", *measured]) == 0
    full, empty = locked / "full", locked / "empty"
    empty.mkdir()
    assert main(commands(*places, full)[name]) == 0  # and everything is imported
    before = contents(locked)
    for output in (full, empty, locked / "new"):
        if name in ("propose", "partition", "panels") and output == full:
            next(output.glob("photo.*")).unlink()  # else there is nothing to do
            before = contents(locked)
        capsys.readouterr()
        with as_somebody_else(locked):
            code = main(commands(*places, output)[name])
        said = capsys.readouterr()
        if code == 0:  # what was measured before is only printed
            assert (name, output) == ("evaluate", full)
        else:
            assert code == 2
            lines = [line for line in said.err.splitlines() if "image/s" not in line]
            assert len(lines) == 1
            assert lines[0].startswith(f"tamingseg: error: cannot write {output}")
            assert "choose a folder that you may write to" in lines[0]
        for path in (locked, *locked.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        assert contents(locked) == before
