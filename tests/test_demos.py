"""Every demo runs, and what it returns is what its story says."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from tamingseg import list_segmentors

DEMOS = Path(__file__).resolve().parents[1] / "demos"


def run(name, tmp_path):
    main = runpy.run_path(str(DEMOS / name))["main"]
    main.__globals__["OUT"] = tmp_path / "out"
    return main()


def test_one_click(tmp_path):
    mask = run("01_one_click.py", tmp_path)
    assert mask[150, 220], "the mask holds its click"
    assert 0.05 < mask.mean() < 0.95
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"01_mask.png", "01_overlay.png"}


def test_edit_a_mask(tmp_path):
    helmet, astronaut = run("02_edit_a_mask.py", tmp_path)
    assert helmet[405, 460]
    assert not helmet[300, 150]
    assert astronaut[300, 150]
    assert (helmet & astronaut).mean() < 0.02, "they hardly overlap"
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_segment_everything(tmp_path):
    masks = run("03_segment_everything.py", tmp_path)
    assert len(masks) > 30
    assert masks.size == (400, 600)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["03_first_3_10_30.png"]


def test_k_regions(tmp_path):
    hierarchy = run("04_k_regions.py", tmp_path)
    fifteen = hierarchy.cut(15)
    assert fifteen.shape == (400, 600)
    assert len(np.unique(fifteen)) == 15
    cup, table = (190, 280), (150, 460)
    assert fifteen[cup] != fifteen[table]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["04_2_5_15_regions.png"]


def test_texture_mosaic(tmp_path):
    truth, found = run("05_texture_mosaic.py", tmp_path)
    assert np.unique(truth).tolist() == np.unique(found).tolist() == [1, 2, 3, 4, 5]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["05_panels.png"]


@pytest.mark.skipif("distilled" not in list_segmentors(), reason="there are no such weights yet")
def test_pixel_features(tmp_path):
    nearness = run("06_pixel_features.py", tmp_path)
    rows, cols = nearness.shape
    assert nearness[250 * rows // 512, 225 * cols // 512] > 0.5, "a pixel is near to itself"
    assert nearness.min() < 0.5
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["06_features.png"]


def test_part_to_whole(tmp_path):
    masks = run("07_part_to_whole.py", tmp_path)
    assert len(masks) == 3
    for number in range(3):
        assert masks[number][100, 225]
    for smaller, larger in ((0, 1), (1, 2)):
        assert not (masks[smaller] & ~masks[larger]).any(), "each lies in the next"
    assert masks[0].mean() < 0.06, "the face"
    assert masks[1].mean() < 0.1, "the head"
    assert masks[2].mean() > 0.3, "the astronaut"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["07_levels.png"]
