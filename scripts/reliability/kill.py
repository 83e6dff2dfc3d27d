"""Commands that are killed or stopped at random moments and started again.

    python scripts/reliability/kill.py --times 20
    python scripts/reliability/kill.py --times 20 --signal INT

Each time a command is ended up to three times on its way, at least once, and then runs to its end.
It must give what an uninterrupted run gives: nothing doubled, nothing lost, nothing else. After
SIGINT (Ctrl-C) and SIGTERM it must also end by itself within two seconds, in one line, with 128 +
the signal. A signal that comes too late, when the run is over, does not count.
"""

import argparse
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from commands import RUNS, finish, make_world, started, temporary_folder


def main() -> int:
    """Parse, kill, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--times", type=int, default=20, help="how often each is run")
    parser.add_argument("--signal", choices=("KILL", "INT", "TERM"), default="KILL")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="to end in, after SIGINT and SIGTERM"
    )
    chosen = parser.parse_args()
    wrong = 0
    with temporary_folder() as folder:
        world = folder / "world"
        make_world(world)
        for name in chosen.commands:
            expected, seconds = finish(name, world, folder / name)
            number = signal.Signals[f"SIG{chosen.signal}"]
            ended, slowest, problems = 0, 0.0, []
            for turn in range(chosen.times):
                out = folder / f"{name}-{turn}"
                rng = np.random.default_rng([chosen.seed, turn])
                wanted, cuts = int(rng.integers(1, 4)), 0
                while cuts < wanted and not RUNS[name].is_done(out):
                    delay = float(rng.uniform(0, seconds))
                    end = end_early(name, world, out, delay, number, chosen.seconds, expected)
                    slowest = max(slowest, end.took)
                    if end.problem:
                        problems.append(f"  {turn}, after {delay:.2f} s: {end.problem}")
                    cuts += end.cut
                    if not end.cut and cuts:
                        break  # it is done
                    if not end.cut:
                        shutil.rmtree(out, ignore_errors=True)  # once more, it must be cut
                ended += cuts
                problem = _compare(expected, name, world, out)
                if problem:
                    problems.append(f"  {turn}: {problem}")
            print(
                f"{name}: {chosen.times} runs, cut {ended} times by SIG{chosen.signal}, "
                f"{len(problems)} wrong; an uninterrupted run takes {seconds:.1f} s, the slowest "
                f"end {slowest:.2f} s",
                flush=True,
            )
            print("".join(f"{problem}\n" for problem in problems), end="", flush=True)
            wrong += len(problems)
    return 1 if wrong else 0


class End(NamedTuple):
    """How a run ended that was sent a signal."""

    cut: bool  # by the signal, not by itself before
    took: float  # seconds from the signal to the end
    problem: str  # what is wrong with it, or ""


def end_early(
    name: str,
    world: Path,
    out: Path,
    delay: float,
    number: signal.Signals,
    seconds: float,
    expected: dict[str, str],
) -> End:
    """Start a command, send it a signal after `delay` seconds, give it `seconds` to end.

    `expected` is what it gives in the end.
    """
    with started(RUNS[name].arguments(world, out)) as run:
        code = run.wait(delay)
        if code is not None:
            problem = "" if code == 0 else f"ended with {code}: {run.errors()[-500:]}"
            return End(False, 0.0, problem)
        run.send(number)
        begin = time.monotonic()
        code = run.wait(seconds)
        took = time.monotonic() - begin
        if number == signal.SIGKILL:
            return End(code != 0, took, "")
        # It may have been about to end, with everything done and Python closing down.
        if code == 0 or (code == -number and _is_done(name, out, expected)):
            return End(False, took, "")
        if code is None:
            return End(True, took, f"still runs after {seconds:g} s")
        if code != 128 + number or "Traceback" in run.errors():
            return End(True, took, f"ended with {code}: {run.errors()[-1500:]}")
    return End(True, took, "")


def _is_done(name: str, out: Path, expected: dict[str, str]) -> bool:
    try:
        return RUNS[name].results(out) == expected
    except OSError:  # a file is not there yet
        return False


def _compare(expected: dict[str, str], name: str, world: Path, out: Path) -> str:
    """Run a command to its end and say what differs from `expected`."""
    try:
        came, _ = finish(name, world, out)
    except RuntimeError as error:
        return str(error)
    names = [key for key in {**expected, **came} if expected.get(key) != came.get(key)]
    return f"other results: {', '.join(names)}" if names else ""


if __name__ == "__main__":
    sys.exit(main())
