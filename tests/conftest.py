"""What all tests share: small images with known answers, a segmentor made of them, shared data."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
from hypothesis import settings
from PIL import Image

from tamingseg.segmentors.base import ImageEmbedding, check_clicks
from tamingseg.values import Click, Sample

if TYPE_CHECKING:
    from torch import nn

# No test is timed: a busy machine would fail it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Nor does a test lose its power supply: none waits until its files are on the disk.
os.fsync = lambda file: None

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _shared_folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the shared {name} folder is not beside the repository (looked for {folder})")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the training and evaluation sets; skips where there is none."""
    return _shared_folder("data")


@pytest.fixture(scope="session")
def shared_fixtures() -> Path:
    """The folder with the answers of official implementations; skips where there is none."""
    return _shared_folder("fixtures")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def two_discs() -> Sample:
    """A grey 48x64 image with a red disc at (16, 18), radius 9, and a blue one at (30, 44), 13.

    Label 1 is the red disc (256 px, exactly the smallest area that is scored), label 2 the blue.
    """
    rows, cols = np.mgrid[:48, :64] + 0.5
    labels = np.zeros((48, 64), np.int32)
    labels[(rows - 16) ** 2 + (cols - 18) ** 2 < 9**2] = 1
    labels[(rows - 30) ** 2 + (cols - 44) ** 2 < 13**2] = 2
    colours = np.array([[128, 128, 128], [220, 40, 40], [40, 60, 220]], np.uint8)
    return Sample(colours[labels], labels[None], "two_discs")


@pytest.fixture
def dataset(tmp_path, two_discs):
    """Two images of two discs; every pixel belongs to a region."""
    root = tmp_path / "discs"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    labels = two_discs.label_maps[0].astype(np.uint8) + 1
    for name in ("a", "b"):
        Image.fromarray(two_discs.image).save(root / "images" / f"{name}.png")
        Image.fromarray(labels).save(root / f"masks/{name}.png")
    (root / "set.json").write_text('{"kind": "partition"}')
    return root


@pytest.fixture(scope="session")
def kill_tree() -> Callable[[int], None]:
    """`kill_tree(pid)`: SIGKILL for a process and all that it started.

    A process group is not enough: torchrun gives its workers sessions of their own.
    """

    def kill(pid: int) -> None:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            process.kill()

    return kill


class FakeSegmentor:
    """A segmentor that knows the answer: pixels of one colour are one region.

    With `masks`, bool (N, H, W), the regions are those masks instead (where several hold a click
    the smallest counts) and what is in none of them. A positive click is answered with .95 in the
    region under it and .05 elsewhere; a negative one with .05 in the region and .5 elsewhere.
    `full_size=False` answers with every second pixel.
    """

    name = "fake"

    def __init__(self, masks: np.ndarray | None = None) -> None:
        self.masks = masks

    def embed(self, image: np.ndarray) -> ImageEmbedding:
        return ImageEmbedding(image, features=None)

    def predict(
        self, embedding: ImageEmbedding, clicks: Sequence[Click], full_size: bool = True
    ) -> np.ndarray:
        check_clicks(clicks, embedding.size)
        answers = np.empty((len(clicks), *embedding.size), np.float32)
        for answer, click in zip(answers, clicks, strict=True):
            region = self._region(embedding.image, int(click.row), int(click.col))
            inside, outside = (0.95, 0.05) if click.positive else (0.05, 0.5)
            answer[:] = np.where(region, inside, outside)
        return answers if full_size else answers[:, ::2, ::2]

    def predict_jointly(
        self,
        embedding: ImageEmbedding,
        clicks: Sequence[Click],
        previous: np.ndarray | None = None,
    ) -> np.ndarray:
        """Each click decides in its region; with `previous` given, only the last one speaks."""
        if not clicks:
            raise ValueError("a joint answer needs at least one click, got none")
        if previous is not None and previous.shape != embedding.size:
            raise ValueError(
                f"previous must have the image's size {embedding.size}, got {previous.shape}"
            )
        check_clicks(clicks, embedding.size)
        joint = np.full(embedding.size, 0.05, np.float32) if previous is None else previous.copy()
        for click in clicks if previous is None else clicks[-1:]:
            region = self._region(embedding.image, int(click.row), int(click.col))
            joint[region] = 0.95 if click.positive else 0.05
        return joint

    def _region(self, image: np.ndarray, row: int, col: int) -> np.ndarray:
        if self.masks is None:
            return (image == image[row, col]).all(axis=-1)
        holding = [mask for mask in self.masks if mask[row, col]]
        return min(holding, key=np.sum) if holding else ~self.masks.any(axis=0)


@pytest.fixture(scope="session")
def fake_segmentor() -> Callable[..., FakeSegmentor]:
    """The class itself: `fake_segmentor()` reads regions off the colours, or pass `masks`."""
    return FakeSegmentor


@pytest.fixture(scope="session")
def same_colour() -> Callable[[np.ndarray, list[Click]], np.ndarray]:
    """A function as `FunctionSegmentor` takes it: what looks like the positive clicks' pixels."""

    def answer(image: np.ndarray, clicks: list[Click]) -> np.ndarray:
        best = np.zeros(image.shape[:2])
        for click in clicks:
            pixel = image[int(click.row), int(click.col)].astype(float)
            alike = np.exp(-((image - pixel) ** 2).sum(axis=2) / 5000)
            best = np.maximum(best, alike) if click.positive else best * (1 - alike)
        return best

    return answer


TINY_MODELS = {
    "clicknet": {
        "backbone": "test_resnet",
        "pyramid": (8, 8, 16, 16),
        "query": 16,
        "coarse": 8,
        "fine": 4,
        "heads": 2,
        "head_width": 4,
        "image_size": 64,
    },
    "segnext": {
        "image_size": 64,
        "width": 16,
        "depth": 3,
        "heads": 2,
        "pyramid": (4, 8, 8, 8),
        "head_width": 8,
        "click_radius": 3,
    },
    "pixel-embedder": {
        "backbone": "test_resnet",
        "blocks": (),
        "pyramid": (8, 8, 16, 16),
        "hidden": 16,
        "dim": 8,
        "image_size": 64,
    },
}
"""Every model of the table at a size that answers within milliseconds."""


@pytest.fixture(params=sorted(TINY_MODELS))
def model_name(request: pytest.FixtureRequest) -> str:
    """Each model of the table in turn."""
    return request.param


@pytest.fixture
def make_model() -> Callable[..., "nn.Module"]:
    """`make_model(name)`: a tiny model in evaluation mode, the same weights every time.

    Further arguments are settings of its own: `make_model("clicknet", outputs=3)`.
    """
    import torch

    from tamingseg.models.table import build_model

    def make(name: str, **settings: object) -> "nn.Module":
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return build_model(name, {**TINY_MODELS[name], **settings}).eval()

    return make
