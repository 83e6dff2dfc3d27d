"""A run that is killed and resumed ends with the weights of one that never was."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tamingseg.data.catalog import open_dataset
from tamingseg.data.training import ClickSampling
from tamingseg.models.clicknet import ClickNetConfig
from tamingseg.models.segnext import SegNextConfig
from tamingseg.training.click_task import click_training
from tamingseg.training.config import PRESETS, TrainConfig
from tamingseg.training.loop import train
from tamingseg.weights.checkpoint import load_model
from tamingseg.weights.registry import find_weights

FLAGS = [
    *("--steps", "9", "--batch", "4", "--sampling.queries", "2", "--warmup", "2"),
    *("--sizes", "0.5", "32", "1.0", "64", "--checkpoint-every", "3", "--held-out", "6"),
    *("--model.backbone", "test_resnet", "--model.pyramid", "8", "8", "16", "16"),
    *("--model.query", "16", "--model.coarse", "8", "--model.fine", "4", "--encoder", "random"),
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
    command += ["--output", str(run), "--cache", str(run.parent / "cache")]
    # One thread each: with several, sums may be added in another order.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*launcher, *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen) -> None:
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output[-3000:]


def small_run(data, folder, **changes):
    """Train SegNext with its dropout, clicks and loss for a few steps, in this process."""
    config = TrainConfig(
        data=(data,),
        output=folder,
        model=SegNextConfig(32, 16, 3, 2, pyramid=(4, 8, 8, 8), head_width=8, click_radius=3),
        losses=(("normalized-focal", 1.0),),
        sampling=ClickSampling("many", queries=2),
        extra_clicks=1,
        sizes=((1.0, 32),),
        steps=4,
        batch=2,
        workers=0,
        checkpoint_every=2,
    )
    config = replace(config, **changes)
    return train(config, *click_training(config, [open_dataset(data)]))


def weights_of(model):
    return {key: tensor.numpy() for key, tensor in model.state_dict().items()}


def test_dropout_goes_on_as_if_never_interrupted(data, tmp_path):
    whole = weights_of(small_run(data, tmp_path / "whole"))
    small_run(data, tmp_path / "parts", steps=2)  # (still in warm-up: the rates are the same)
    torch.rand(7)  # whatever else drew random numbers meanwhile
    resumed = weights_of(small_run(data, tmp_path / "parts"))
    for key in whole:
        np.testing.assert_array_equal(resumed[key], whole[key], err_msg=key)


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_its_log_anew(data, tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n{"step": 20}\n')
    small_run(data, tmp_path)
    log = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == [4]


def test_weights_to_start_from_must_fit_the_configuration(data, tmp_path):
    small_run(data, tmp_path / "first")
    file = str(tmp_path / "first" / "model.safetensors")
    larger = SegNextConfig(48, 16, 3, 2, pyramid=(4, 8, 8, 8), head_width=8, click_radius=3)
    model = small_run(data, tmp_path / "48", model=larger, initial=file, sizes=((1.0, 48),))
    assert model.config.image_size == 48
    with pytest.raises(ValueError, match="choose a preset and --model flags that agree"):
        small_run(data, tmp_path / "other", model=ClickNetConfig(), initial=file)


def test_the_shipped_default_can_be_trained_further(data):
    """By its name, with the flags that docs/training.md gives."""
    _, preset = PRESETS["default-cpu"]
    model = replace(preset.model, finer=True)
    task, _ = click_training(replace(preset, model=model, initial="default"), [open_dataset(data)])
    shipped = load_model(find_weights("default")).state_dict()
    begun = task.model.state_dict()
    # Which level is meant is learned anew in the end.
    kept = [key for key in shipped if not key.startswith("rating.")]
    assert list(begun) == kept
    assert all(torch.equal(begun[key], shipped[key]) for key in kept)


def test_levels_are_rated_at_the_end_and_not_by_a_flag_of_the_model(data):
    _, preset = PRESETS["default-cpu"]
    asked = replace(preset, model=replace(preset.model, rated=True))
    with pytest.raises(ValueError, match="see --rated-images; leave --model"):
        click_training(asked, [open_dataset(data)])


def test_a_loss_that_is_no_number_stops_the_run(data, tmp_path):
    with pytest.raises(FloatingPointError, match="with a lower --peak-lr"):
        small_run(data, tmp_path / "run", losses=(("normalized-focal", float("inf")),))
    assert not (tmp_path / "run" / "state.pt").exists()


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_and_resumed_equals_uninterrupted(data, tmp_path, processes, kill_tree):
    finish(start(data, tmp_path / "whole", processes))

    process = start(data, tmp_path / "killed", processes)
    state = tmp_path / "killed" / "state.pt"
    deadline = time.monotonic() + 200
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    kill_tree(process.pid)
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
    kinds = [(list(json.loads(line))[1], json.loads(line)["step"]) for line in log]
    assert len(kinds) == len(set(kinds)), "no step is logged twice"
    assert set(kinds) >= {("loss", 9), ("miou@1", 9)}
