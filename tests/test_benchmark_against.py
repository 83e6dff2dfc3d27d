"""The script that compares two checkouts, with this one as the other."""

import importlib.util
import sys

import pytest

from tests.test_floors import ROOT

sys.path.insert(0, str(ROOT / "scripts"))  # as for a script: it imports its neighbour `measure`
spec = importlib.util.spec_from_file_location("against", ROOT / "scripts/benchmark_against.py")
against = importlib.util.module_from_spec(spec)
sys.modules["against"] = against
spec.loader.exec_module(against)
sys.path.remove(str(ROOT / "scripts"))


def test_ratios_are_of_the_same_round():
    """2 and 4 times as fast: the median of ratios is 3, the ratio of the medians is not."""
    time = against.Figure("a", ">= 2x", "")
    cells = against.row(time, [10, 100], [20, 400])
    assert (cells["this checkout"], cells["the other"]) == ("55 ms", "210 ms")
    assert (cells["ratio"], cells["smallest to largest"]) == ("3.00x", "2.00 to 4.00")
    memory = against.Figure("b", "<= 0.5x", "", "MB")
    assert against.row(memory, [100], [400])["ratio"] == "0.25x"


def test_a_process_prints_its_figure_or_is_timed():
    assert against.measure_once(against.Figure("a", "", "print('x')\nprint(12.5)"), ROOT) == 12.5
    where = "import tamingseg\nprint('in', tamingseg.__file__)\nimport os\nos.stat('photo.png')"
    assert against.measure_once(against.Figure("b", "", where), ROOT) > 1
    with pytest.raises(SystemExit, match=r"c fails in .*\n(.*\n)*ZeroDivisionError"):
        against.measure_once(against.Figure("c", "", "1 / 0"), ROOT)


def test_flags_are_for_this_checkout(monkeypatch):
    figure = against.Figure("d", "", "print(PHOTOS + len(FLAGS))", flags=("--processes", "2"))
    monkeypatch.setitem(against.FIGURES, "d", figure)
    assert against.in_turns("d", ROOT, rounds=1, photos=7) == ([9], [7])


def test_a_figure_is_measured_in_both():
    here, there = against.in_turns("click", ROOT, rounds=1)
    assert len(here) == len(there) == 1
    assert min(here + there) > 0
