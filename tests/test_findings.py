"""The folder of findings is complete: the scripts themselves are run by hand, not here."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "findings"
SCRIPTS = sorted(FOLDER.glob("*.sh"))


def test_the_table_names_every_script_once():
    named = re.findall(r"^\| \[(.+)\]\((.+)\) \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert [(name, f"{name}.sh") for name, _ in named] == named
    assert [target for _, target in named] == [script.name for script in SCRIPTS]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_says_what_was_seen_pins_what_it_installs_and_cleans_up(script):
    text = script.read_text()
    head = re.findall(r"^# ([A-Z][a-z ]+):", text, re.MULTILINE)
    assert head == ["Guess", "Version", "Behaviour", "Seen", "For you"]
    assert "trap 'rm -rf \"$folder\"' EXIT" in text
    packages = re.search(r"pip install [^\n]*\\\n(.*?)\n\S", text, re.DOTALL)[1].split()
    assert all("==" in package for package in packages if package != "\\")
    assert script.stat().st_mode & 0o100
