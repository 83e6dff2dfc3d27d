"""Every demo runs, and what it returns is what its story says."""

import runpy
from pathlib import Path

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
    cup, table = run("02_edit_a_mask.py", tmp_path)
    assert cup[190, 280]
    assert not cup[328, 412]
    assert table[150, 460]
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_segment_everything(tmp_path):
    masks = run("03_segment_everything.py", tmp_path)
    assert len(masks) > 30
    assert masks.size == (400, 600)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["03_first_3_10_30.png"]
