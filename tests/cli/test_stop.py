"""How a command ends that is told to, in a process of its own."""

import subprocess
import sys

SCRIPT = """
import atexit, os, signal, sys, time
from tamingseg.cli import main as cli
from tamingseg.cli.commands import Command

class Kept:
    def __del__(self):
        print("modules are taken apart")

def wait(arguments):
    atexit.register(print, "cleared away")
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(100)
    except KeyboardInterrupt:
        print("kept to itself")
    return 0

kept = Kept()
cli.COMMANDS["wait"] = Command("waits", wait)
sys.exit(cli.main(["wait"]))
"""


def test_a_library_that_keeps_the_interruption_to_itself_changes_nothing():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 143
    assert done.stdout.splitlines() == ["kept to itself", "cleared away"]
    assert done.stderr.splitlines() == ["tamingseg: interrupted"]
