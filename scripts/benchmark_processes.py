"""How much faster two processes finish an evaluation than one, start of Python included.

Usage: python scripts/benchmark_processes.py DATA [--limit 213] [--clicks 1]. Every process has one
thread, so the comparison is of one core with two.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import tyro


@dataclass(frozen=True)
class Benchmark:
    """Evaluate the default model on a data set, with one process and with two."""

    data: tyro.conf.Positional[str]
    """Data set folder."""
    limit: int = 213
    """Images to do."""
    clicks: int = 1
    """Clicks per mask."""


def seconds(command: Benchmark, processes: int, out: Path) -> float:
    """Run the evaluation once; returns its wall-clock time in seconds."""
    arguments = ["-m", "tamingseg.cli.main", "evaluate", "clicks", command.data]
    arguments += ["--limit", str(command.limit), "--clicks", str(command.clicks)]
    arguments += ["--threads", "1", "--output", str(out)]
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *(launcher if processes > 1 else []), *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    command = tyro.cli(Benchmark)
    with tempfile.TemporaryDirectory() as folder:
        one, two = (Path(folder) / name for name in ("one.jsonl", "two.jsonl"))
        times = seconds(command, 1, one), seconds(command, 2, two)
        same = one.read_bytes() == two.read_bytes()
    print(
        f"one process {times[0]:.1f} s, two processes {times[1]:.1f} s: {times[0] / times[1]:.2f}x"
    )
    print(f"the records are {'the same to the byte' if same else 'NOT the same'}")


if __name__ == "__main__":
    main()
