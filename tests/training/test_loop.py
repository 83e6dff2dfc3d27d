"""A run that is killed and resumed ends with the weights of one that never was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import load_file

FLAGS = [
    *("--steps", "9", "--batch", "2", "--sampling.queries", "2", "--warmup", "2"),
    *("--sizes", "0.5", "32", "1.0", "64", "--checkpoint-every", "3", "--held-out", "6"),
    *("--model.backbone", "test_resnet", "--model.pyramid", "8", "8", "16", "16"),
    *("--model.query", "16", "--model.coarse", "8", "--model.fine", "4"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Twelve images of a bright disc on noise, in the folder layout."""
    root = tmp_path_factory.mktemp("data") / "discs"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        image = rng.integers(0, 80, (64, 64, 3), dtype=np.uint8)
        mask = np.zeros((64, 64), np.uint8)
        centre = tuple(int(v) for v in rng.integers(20, 44, 2))
        cv2.circle(mask, centre, int(rng.integers(12, 18)), 1, -1)
        image[mask > 0] += 150
        cv2.imwrite(str(root / "images" / f"{number:02d}.png"), image)
        cv2.imwrite(str(root / "masks" / f"{number:02d}.png"), mask)
    return root


def start(data: Path, run: Path, processes: int) -> subprocess.Popen:
    launcher = [sys.executable, "-m"]
    if processes > 1:
        launcher += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    command = ["tamingseg.cli.main", "train", "default-cpu", "--data", str(data), *FLAGS]
    command += ["--folder", str(run), "--cache", str(run.parent / "cache")]
    # One thread each: with several, sums may be added in another order.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    return subprocess.Popen(
        [*launcher, *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen) -> None:
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output[-3000:]


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_and_resumed_equals_uninterrupted(data, tmp_path, processes):
    finish(start(data, tmp_path / "whole", processes))

    process = start(data, tmp_path / "killed", processes)
    state = tmp_path / "killed" / "state.pt"
    deadline = time.monotonic() + 200
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert state.exists(), "the run was to be killed after its first checkpoint"
    finish(start(data, tmp_path / "killed", processes))

    whole, resumed = (
        load_file(tmp_path / name / "model.safetensors") for name in ("whole", "killed")
    )
    assert whole.keys() == resumed.keys()
    for key in whole:
        np.testing.assert_array_equal(whole[key], resumed[key], err_msg=key)
    log = (tmp_path / "killed" / "metrics.jsonl").read_text().splitlines()
    kinds = [(*list(json.loads(line))[:2], json.loads(line)["step"]) for line in log]
    assert len(kinds) == len(set(kinds)), "no step is logged twice"
    assert {kind[1:] for kind in kinds} >= {("loss", 9), ("miou@1", 9)}
