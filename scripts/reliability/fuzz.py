"""Damaged inputs of every kind: each must be read, or refused in one line that names the file.

    python scripts/reliability/fuzz.py --kinds photos pth --inputs 10000 --seed 0

Every input is read in a process of its own with a limit of memory and of time. What is neither read
nor refused clearly is listed with its number; `--only NUMBER --keep FOLDER` makes that input again
and leaves it in a folder. The exit code is 1 if there was any.
"""

import argparse
import gc
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from annotation_worlds import ANNOTATION_KINDS
from isolate import Outcome, run_alone
from tqdm import tqdm
from worlds import DATA_KINDS, Kind

KINDS = DATA_KINDS | ANNOTATION_KINDS

LONGEST_MESSAGE = 1500
"""Characters of an error that somebody still reads."""


def main() -> int:
    """Parse, damage, read, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--inputs", type=int, default=1000, help="how many of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="do the input of this number alone")
    parser.add_argument("--keep", type=Path, help="leave the last input in this folder")
    chosen = parser.parse_args()
    numbers = range(chosen.inputs) if chosen.only is None else [chosen.only]
    unclear = 0
    for name in chosen.kinds:
        with tempfile.TemporaryDirectory() as temporary:
            folder = chosen.keep / name if chosen.keep else Path(temporary)
            unclear += fuzz(name, KINDS[name], folder, numbers, chosen.seed)
    return 1 if unclear else 0


def fuzz(name: str, kind: Kind, folder: Path, numbers: range | list[int], seed: int) -> int:
    """Read damaged inputs of a kind, print what came of them; returns how many were unclear."""
    files = kind.files()
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    for path in files:  # sound files are read: else nothing is tested
        kind.read(folder, folder / path)
    counts: Counter[str] = Counter()
    problems, slowest = [], 0.0
    gc.freeze()
    for number in tqdm(numbers, name, disable=None):
        path, data = _damaged(kind, files, np.random.default_rng([seed, number]))
        (folder / path).write_bytes(data)
        outcome = run_alone(partial(kind.read, folder, folder / path))
        problem = what_is_unclear(outcome, Path(path).name if kind.names_file else "")
        counts["unclear" if problem else outcome.kind] += 1
        slowest = max(slowest, outcome.seconds)
        if problem:
            problems.append(f"  {number}, {path}: {problem}")
        if number != numbers[-1]:
            (folder / path).write_bytes(files[path])
    told = ", ".join(f"{counts[key]} {key}" for key in ("returned", "refused", "unclear"))
    print(f"{name}: {len(numbers)} inputs, {told}; slowest {slowest:.1f} s", flush=True)
    print("".join(f"{problem}\n" for problem in problems[:50]), end="", flush=True)
    return len(problems)


def what_is_unclear(outcome: Outcome, file: str) -> str:
    """Say what is wrong with how an input was treated; "" if nothing is."""
    if outcome.kind == "returned":
        return ""
    said = f"{outcome.error} at {outcome.place}: {outcome.message[:200]!r}"
    if outcome.kind != "refused":
        return f"{outcome.kind}, {said}"
    if file not in outcome.message:
        return f"names no file, {said}"
    if "\n" in outcome.message or len(outcome.message) > LONGEST_MESSAGE:
        return f"is longer than a line, {said}"
    return ""


def _damaged(kind: Kind, files: dict[str, bytes], rng: np.random.Generator) -> tuple[str, bytes]:
    path = list(files)[int(rng.integers(len(files)))]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)  # to write deep nesting; it is read with the usual limit
    try:
        return path, kind.damage(path, files[path], rng)
    except RecursionError:
        return path, b"[" * 100_000
    finally:
        sys.setrecursionlimit(limit)


if __name__ == "__main__":
    sys.exit(main())
