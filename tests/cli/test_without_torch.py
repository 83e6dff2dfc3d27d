"""The shipped models need no torch: each command runs in a process that cannot import it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tamingseg.data.sample_images import load_sample_image
from tamingseg.weights.registry import find_weights

ROOT = Path(__file__).resolve().parents[2]
HIDE = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "timm", "accelerate", "transformers"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""
COMMAND = HIDE + "from tamingseg.cli.main import main\nsys.exit(main(sys.argv[1:]))"
PAGE = (
    HIDE
    + """
import numpy as np
from tamingseg import Session, load_segmentor
from tamingseg.ui.page import build_page

segmentor = load_segmentor()
build_page(segmentor)
session = Session(segmentor, np.zeros((40, 60, 3), np.uint8))
session.add_click(20, 30)
"""
)


def run(code, *arguments, cwd):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(cwd)}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "cup.png"
    Image.fromarray(load_sample_image("coffee")).resize((240, 160)).save(path)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("segment", "--click", "80,120", "--click", "9,9,-", "--levels", "--output", "mask.png"),
        ("propose", "--grid", "8", "--output", "out"),
        ("propose", "--model", "distilled", "--method", "hierarchy", "--output", "out"),
        ("partition", "--regions", "5", "--output", "out"),
        ("panels", "--output", "out"),
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_commands(photo, tmp_path, arguments):
    command, *rest = arguments
    run(COMMAND, command, photo, *rest, cwd=tmp_path)


def test_the_page(tmp_path):
    run(PAGE, cwd=tmp_path)


def test_a_model_that_was_not_exported_says_what_to_install(tmp_path):
    shutil.copy(find_weights("default"), tmp_path / "alone.safetensors")
    with pytest.raises(AssertionError, match=r"alone.safetensors .* pip install 'tamingseg\[train"):
        run(PAGE.replace("segmentor()", "segmentor('alone.safetensors')"), cwd=tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [("train", "default-cpu"), ("evaluate", "clicks", "sample-photos"), ("export", "default")],
    ids=lambda arguments: arguments[0],
)
def test_a_command_that_needs_torch_says_what_to_install(tmp_path, arguments):
    with pytest.raises(AssertionError, match=r"No module named .* pip install 'tamingseg\[train"):
        run(COMMAND, *arguments, cwd=tmp_path)
