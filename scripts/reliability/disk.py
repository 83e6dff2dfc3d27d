"""Commands on a disk that is full, and in a folder that nobody may write to.

    python scripts/reliability/disk.py
    mount -t tmpfs -o size=2m tmpfs SMALL; python scripts/reliability/disk.py --small SMALL

Every command runs again and again with a little more room. Where there is too little it must say
so in one line that names a file, with exit code 1 or 2; run once more with all room, it must give
what it gives on an empty disk. Without ``--small`` no file may grow beyond a limit instead.
"""

import argparse
import ctypes
import os
import resource
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from commands import RUNS, finish, make_world, started, temporary_folder

ROOM = (0, 100, 1000, 4000, 16_000, 64_000, 256_000, 1_000_000, 10_000_000)
"""Bytes that are left."""


def main() -> int:
    """Parse, starve, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--small", type=Path, help="folder on a small disk that may be filled")
    chosen = parser.parse_args()
    wrong = 0
    with temporary_folder() as folder:
        world = folder / "world"
        make_world(world)
        for name in chosen.commands:
            expected, _ = finish(name, world, folder / name)
            problems, starved = [], 0
            for room in ROOM:
                out = (chosen.small or folder) / f"{name}-{room}"
                code, said = run_starved(name, world, out, room, chosen.small)
                starved += code != 0
                problem = what_is_wrong(code, said)
                came, _ = finish(name, world, out)
                if came != expected:
                    problem = f"{problem}; other results afterwards"
                if problem:
                    problems.append(f"  {room} bytes left: {problem}\n")
                shutil.rmtree(out)
            problems += read_only(name, world, folder / f"{name}-read-only")
            print(f"{name}: {len(ROOM)} runs, {starved} with too little, {len(problems)} wrong")
            print("".join(problems), end="", flush=True)
            wrong += len(problems)
    return 1 if wrong else 0


def run_starved(
    name: str, world: Path, out: Path, room: int, small: Path | None
) -> tuple[int | None, str]:
    """Run a command that may write about `room` bytes; returns its exit code and what it said."""
    limit: Callable[[], None] = lambda: None  # noqa: E731
    filler = None
    if small is None:
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (room, room))
    else:
        filler = small / "filler"
        free = os.statvfs(small).f_bavail * os.statvfs(small).f_frsize
        filler.write_bytes(bytes(max(0, free - room)))
    with started(RUNS[name].arguments(world, out), limit) as run:
        code = run.wait(600)
        said = run.errors()
    if filler is not None:
        filler.unlink()
    return code, said


def read_only(name: str, world: Path, out: Path) -> list[str]:
    """Run a command in a folder that may not be written to; returns what is wrong."""
    out.mkdir()
    out.chmod(0o555)
    with started(RUNS[name].arguments(world, out), _as_nobody) as run:
        code = run.wait(600)
        said = run.errors()
    problem = "ended well" if code == 0 else what_is_wrong(code, said)
    return [f"  read-only: {problem}\n"] if problem else []


def _as_nobody() -> None:
    """Ask the file system as nobody: root may write anywhere."""
    if os.getuid() == 0:
        ctypes.CDLL(None).setfsuid(65_534)


def what_is_wrong(code: int | None, said: str) -> str:
    """Say what is wrong with how a command ended that had too little room; "" if nothing is."""
    if code == 0:
        return ""
    errors = [line for line in said.splitlines() if line.startswith("tamingseg")]
    if code not in (1, 2) or "Traceback" in said or not errors:
        return f"ended with {code}: {said[-1500:]}"
    return "" if all("cannot write " in line for line in errors) else f"said {errors[-1][:300]}"


if __name__ == "__main__":
    sys.exit(main())
