"""What users copy passes a type checker: the Python of README, documentation and demos."""

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).resolve().parents[1]
# The code in docs/api.md runs as doctests; that in docs/experiments.md is of its day.
NOT_CHECKED = {ROOT / "docs" / name for name in ("api.md", "experiments.md")}
PAGES = sorted({ROOT / "README.md", *(ROOT / "docs").glob("*.md")} - NOT_CHECKED)
FENCE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def check(files, monkeypatch):
    """What the checker finds."""
    monkeypatch.chdir(ROOT)  # for its configuration, and the cache that `make lint` has filled
    found, trouble, _ = api.run(["--no-error-summary", *map(str, files)])
    assert not trouble
    return found


def test_code_of_readme_and_documentation_and_demos(tmp_path, monkeypatch):
    files = sorted((ROOT / "demos").glob("*.py"))
    for page in PAGES:
        for number, code in enumerate(FENCE.findall(page.read_text()), start=1):
            files.append(tmp_path / f"{page.stem.replace('-', '_')}_{number}.py")
            files[-1].write_text(code)
    assert len(files) > 15
    assert check(files, monkeypatch) == ""


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("from tamingseg import segment\nsegment(3, clicks=[(1, 2)])", "incompatible type"),
        ("from tamingseg import load_segmentor\nload_segmentor(7.5)", "No overload"),
        ("from tamingseg import sgment", "no attribute"),
    ],
)
def test_the_checker_sees_what_is_wrong(code, complaint, tmp_path, monkeypatch):
    file = tmp_path / "wrong.py"
    file.write_text(code)
    assert complaint in check([file], monkeypatch)
