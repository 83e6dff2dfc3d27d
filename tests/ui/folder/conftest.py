"""Folders of small photos."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path, two_discs):
    """A folder with three photos of the two discs, one of them in a subfolder."""
    folder = tmp_path / "photos"
    (folder / "day2").mkdir(parents=True)
    for name in ("b.png", "a.jpg", "day2/c.png"):
        Image.fromarray(np.asarray(two_discs.image)).save(folder / name)
    (folder / "notes.txt").write_text("no photo")
    return folder
