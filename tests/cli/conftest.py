"""What the tests of the command line share: a photo, a small data set, a model that knows."""

import pytest
from PIL import Image


@pytest.fixture
def photo(tmp_path, two_discs):
    path = tmp_path / "photo.png"
    Image.fromarray(two_discs.image).save(path)
    return path


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
