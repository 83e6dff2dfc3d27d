"""What the tests of the command line share: a photo, a small data set, a model that knows."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photo(tmp_path, two_discs):
    path = tmp_path / "photo.png"
    Image.fromarray(two_discs.image).save(path)
    return path


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


@pytest.fixture
def fake_model(monkeypatch, fake_segmentor, tmp_path):
    """Every command gets the segmentor that knows; its weights are an empty file."""
    weights = tmp_path / "fake.safetensors"
    weights.touch()
    for command in ("segment", "evaluate", "propose", "partition", "panels"):
        monkeypatch.setattr(
            f"tamingseg.cli.{command}.load_segmentor", lambda *args: fake_segmentor()
        )
    return str(weights)
