"""Commands that are killed or stopped at random moments and started again.

    python scripts/reliability/kill.py --times 20
    python scripts/reliability/kill.py --times 20 --signal INT

Each time a command is ended once to three times on its way, and then runs to its end. It must give
what an uninterrupted run gives: nothing doubled, nothing lost, nothing else. After SIGINT (Ctrl-C)
and SIGTERM it must also end by itself within two seconds, in one line, with 128 + the signal.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

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
            ended, slowest, problems = 0, 0.0, []
            for turn in range(chosen.times):
                out = folder / f"{name}-{turn}"
                rng = np.random.default_rng([chosen.seed, turn])
                for _ in range(rng.integers(1, 4)):
                    delay = float(rng.uniform(0, seconds))
                    number = signal.Signals[f"SIG{chosen.signal}"]
                    took, problem = end_early(name, world, out, delay, number, chosen.seconds)
                    ended += took is not None
                    slowest = max(slowest, took or 0.0)
                    if problem:
                        problems.append(f"  {turn}, after {delay:.2f} s: {problem}")
                problem = _compare(expected, name, world, out)
                if problem:
                    problems.append(f"  {turn}: {problem}")
            print(
                f"{name}: {chosen.times} runs, SIG{chosen.signal} {ended} times, "
                f"{len(problems)} wrong; an uninterrupted run takes {seconds:.1f} s, the slowest "
                f"end {slowest:.2f} s",
                flush=True,
            )
            print("".join(f"{problem}\n" for problem in problems), end="", flush=True)
            wrong += len(problems)
    return 1 if wrong else 0


def end_early(
    name: str, world: Path, out: Path, delay: float, number: signal.Signals, seconds: float
) -> tuple[float | None, str]:
    """Start a command, send it a signal after `delay` seconds, give it `seconds` to end.

    Returns the seconds until it ended, None if it had before; and what is wrong with how it ended.
    """
    with started(RUNS[name].arguments(world, out)) as run:
        code = run.wait(delay)
        if code is not None:
            return None, "" if code == 0 else f"ended with {code}: {run.errors()[-500:]}"
        run.send(number)
        begin = time.monotonic()
        code = run.wait(seconds)
        took = time.monotonic() - begin
        if number == signal.SIGKILL:
            return took, ""
        if code is None:
            return took, f"still runs after {seconds:g} s"
        # (A run that was about to end may end well.)
        if code not in (0, 128 + number) or "Traceback" in run.errors():
            return took, f"ended with {code}: {run.errors()[-1500:]}"
    return took, ""


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
