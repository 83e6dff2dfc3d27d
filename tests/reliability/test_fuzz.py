"""A short run of each fuzzer; the long one is a command, see docs/reliability.md."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts" / "reliability"


def test_damaged_inputs_are_read_or_refused_clearly():
    command = [sys.executable, SCRIPTS / "fuzz.py", "--inputs", "5", "--seed", "7"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == 12 + 15, run.stdout
    assert all("5 inputs" in line and "0 unclear" in line for line in lines), run.stdout


GUARD = """
import os, sys, time
sys.path.insert(0, {scripts!r})
import isolate
from fuzz import what_is_unclear
isolate.SECONDS = 1.0
def refuse(): raise ValueError("a.png is damaged")
def raise_other(): raise TypeError("no")
def allocate(): bytearray(isolate.MEMORY + 2**20)
def crash(): os.kill(os.getpid(), 11)
def hang(): time.sleep(60)
for call in (int, refuse, raise_other, allocate, crash, hang):
    outcome = isolate.run_alone(call)
    print(outcome.kind, "|", what_is_unclear(outcome, "a.png"), "|", what_is_unclear(outcome, "b"))
"""


def test_the_guard_itself():
    """It sees every kind of bad end."""
    code = GUARD.format(scripts=str(SCRIPTS))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = [line.split(" | ") for line in run.stdout.splitlines()]
    assert [line[0] for line in lines] == [
        "returned", "refused", "raised", "raised", "crashed", "hung",
    ]  # fmt: skip
    assert [bool(line[1]) for line in lines] == [False, False, True, True, True, True]
    assert lines[1][2].startswith("names no file")
