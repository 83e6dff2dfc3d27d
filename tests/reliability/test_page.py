"""A short run of many users at once, and one of requests that the page would never send."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts" / "reliability"


def run(script, *flags):
    command = [sys.executable, SCRIPTS / script, *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)


def test_many_users_get_the_answers_of_one():
    flags = [
        "--users",
        "3",
        "--rounds",
        "1",
        "--photos",
        "2",
        "--size",
        "120",
        "160",
        "--wait",
        "0",
    ]
    came = run("load.py", *flags)
    assert came.returncode == 0, came.stdout + came.stderr
    assert "54 answers, 0 wrong, 0 lost" in came.stdout


def test_requests_that_the_page_would_never_send():
    came = run("page_requests.py", "--inputs", "60", "--seed", "3")
    assert came.returncode == 0, came.stdout + came.stderr
    first, second = came.stdout.splitlines()
    assert first.startswith("60 requests: ")
    assert first.endswith("; 0 wrong")
    assert ", 0 wrong or lost, 0 times opened again" in second
