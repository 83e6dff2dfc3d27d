"""Photos in several processes: the results of one process, also after a kill."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from tamingseg.cli.main import main
from tamingseg.data.sample_images import load_sample_image

ROOT = Path(__file__).resolve().parents[2]
PROPOSE = ["--grid", "4", "--overlay"]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    pixels = load_sample_image("coffee")
    for number, name in enumerate(("a", "b", "deep/c", "deep/d")):
        part = Image.fromarray(pixels[40 * number :, 60 * number :])
        part.resize((90 + number, 60)).save(folder / f"{name}.png")
    return folder


def files_of(folder):
    """Every file by its path below the folder; those that are written and locked beside it not."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_two_processes_write_the_bytes_of_one(photos, tmp_path, capsys):
    """Those of proposals are compared in the next test."""
    (photos / "broken.png").write_bytes(b"no photo")
    for processes in ("1", "2"):
        flags = ["--output", str(tmp_path / processes), "--processes", processes]
        assert main(["partition", str(photos), "--regions", "5", *flags]) == 1
        said = capsys.readouterr()
        assert "photos: 4 done; 1 left out" in said.out
        assert f"left out: {photos / 'broken.png'}" in said.err
    one, two = files_of(tmp_path / "1"), files_of(tmp_path / "2")
    assert "deep/c.json" in one
    assert one == two


def wait_until(condition):
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def has_ended(process):
    try:
        return process.status() == psutil.STATUS_ZOMBIE  # nobody may be there to bury it
    except psutil.NoSuchProcess:
        return True


def test_a_run_that_was_killed_goes_on(photos, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    flags = ["propose", str(photos), *PROPOSE, "--output"]
    command = [sys.executable, "-m", "tamingseg.cli.main", *flags, str(killed), "--processes", "2"]
    run = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    wait_until(lambda: any(killed.glob("*.json")) or run.poll() is not None)
    others = psutil.Process(run.pid).children(recursive=True) if run.poll() is None else []
    run.kill()
    run.wait()
    wait_until(lambda: all(has_ended(other) for other in others))
    assert main([*flags, str(killed), "--processes", "2"]) == 0
    assert main([*flags, str(whole)]) == 0
    assert files_of(killed) == files_of(whole)


def test_two_machines_write_what_one_does_also_after_a_kill(photos, tmp_path, monkeypatch, capsys):
    both, whole = tmp_path / "both", tmp_path / "whole"
    flags = ["propose", str(photos), *PROPOSE, "--output"]
    command = [sys.executable, "-m", "tamingseg.cli.main", *flags, str(both)]
    world = {"PYTHONPATH": str(ROOT), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    runs = [
        subprocess.Popen(command, env={**os.environ, **world, "RANK": rank}) for rank in ("0", "1")
    ]
    wait_until(lambda: any(both.rglob("*.json")) or runs[1].poll() is not None)
    runs[1].kill()
    runs[1].wait()
    assert runs[0].wait() == 0
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert main([*flags, str(both)]) == 0
    assert main([*flags, str(both), "--format", "coco"]) == 2
    assert "run the same command with it on one of them" in capsys.readouterr().err
    monkeypatch.delenv("WORLD_SIZE")
    monkeypatch.delenv("RANK")
    assert main([*flags, str(whole)]) == 0
    (both / ".propose.lock").unlink()
    assert files_of(both) == files_of(whole)
    assert main([*flags, str(both), "--format", "coco"]) == 0
    assert "photos: 0 done; 4 done before" in capsys.readouterr().out


def test_a_process_that_is_killed_is_said(photos, tmp_path, capsys):
    """The system kills a process that takes too much memory."""
    photos.joinpath("deadly.py").write_text(
        "import os, multiprocessing\n"
        "def deadly(image, clicks):\n"
        "    assert multiprocessing.parent_process() is not None\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    command = ["propose", str(photos), "--model", "deadly:deadly", "--processes", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "tamingseg.cli.main", *command, "--output", str(tmp_path / "out")],
        cwd=photos,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "a process was killed" in done.stderr


def test_two_processes_evaluate_what_one_does(dataset, tmp_path):
    """That a killed evaluation goes on is tested in tests/evaluation/test_runs.py."""
    records = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    command = ["evaluate", "clicks", str(dataset), "--clicker", "center", "--output"]
    for processes, file in enumerate(records, 1):
        flags = [*command, str(file), "--processes", str(processes)]
        done = subprocess.run(
            [sys.executable, "-m", "tamingseg.cli.main", *flags],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "mIoU" in done.stdout
    assert records[0].read_bytes() == records[1].read_bytes()


@pytest.mark.parametrize("command", [["propose", "photos"], ["evaluate", "clicks", "photos"]])
def test_no_processes_are_refused(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--processes", "0"]) == 2
    assert "expected at least 1 process" in capsys.readouterr().err
