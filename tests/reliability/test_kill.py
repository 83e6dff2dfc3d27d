"""Commands that are killed and stopped; the long runs are commands, see docs/reliability.md."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts" / "reliability"


@pytest.mark.parametrize(
    ("ended_by", "commands"),
    [
        ("KILL", ["train", "evaluate", "folder"]),
        ("INT", ["train"]),
        ("TERM", ["propose", "convert"]),
    ],
)
def test_what_is_ended_early_goes_on_to_the_same_results(ended_by, commands):
    command = [sys.executable, SCRIPTS / "kill.py", "--times", "1", "--signal", ended_by]
    command += ["--commands", *commands]
    command += ["--seconds", "60"]  # how fast it ends is for the long run to see
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert [line.split(":")[0] for line in run.stdout.splitlines()] == commands
    assert run.stdout.count(", 0 wrong") == len(commands)
    assert "cut 0 times" not in run.stdout


def test_an_end_that_python_does_not_see_in_time():
    """A library that swallows the interruption does not keep the command alive."""
    code = """
import os, signal, time
from tamingseg.cli import main as module, stop
from tamingseg.cli.commands import Command
stop.PATIENCE = 0.2
def swallow(arguments):
    while True:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        except KeyboardInterrupt:
            print("swallowed", flush=True)
module.COMMANDS["swallow"] = Command("", swallow)
raise SystemExit(module.main(["swallow"]))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (run.returncode, run.stdout, run.stderr) == (143, "swallowed\n", "")


def test_an_end_in_a_destructor_prints_no_traceback():
    code = """
import os, signal, time
from tamingseg.cli import main as module, stop
from tamingseg.cli.commands import Command
stop.PATIENCE = 0.2
class Freed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
def free(arguments):
    Freed()
    time.sleep(60)
module.COMMANDS["free"] = Command("", free)
raise SystemExit(module.main(["free"]))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (run.returncode, run.stdout, run.stderr) == (143, "", "")
