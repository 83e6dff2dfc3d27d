"""How fast this checkout is against another one, both in one run on one machine.

    python scripts/benchmark_against.py PATH_OF_OTHER_CHECKOUT [--only encode segment] [--write]

Each figure is measured in fresh processes that take turns: this checkout, the other, this, the
other. What counts is the median of their ratios; its spread says how quiet the machine was. Both
run on the weights in their own tree. This checkout may be the other as well: then the figure
``processes`` compares two processes with one. With `--write` the table goes into docs/results.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median

from measure import RESULTS, processor, replace_table

from tamingseg.evaluation.cells import to_markdown
from tamingseg.files import write_whole

ROOT = Path(__file__).resolve().parents[1]

_BEGIN = """
import time

import cv2
import numpy as np

from tamingseg import Click, load_segmentor, propose_masks
from tamingseg.data.sample_images import load_sample_image

try:
    from tamingseg import build_hierarchy

    method = ["hierarchy"]
except ImportError:  # version 0.3.0, where the model decided on the method
    from tamingseg.partition.cut import build_hierarchy

    method = []


def load(name):
    segmentor = load_segmentor(name, device="cpu")
    if BFLOAT16 is False:
        segmentor.precision = "float32"
    return segmentor


def measure(call, repeats):
    call(), call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    print(1000 * np.median(times))


square = cv2.resize(load_sample_image("astronaut"), (512, 512))
wide = cv2.resize(load_sample_image("coffee"), (480, 320))
"""

_PROPOSE = """
import time
from pathlib import Path

import cv2

from tamingseg.cli.main import main
from tamingseg.data.sample_images import load_sample_image

pixels = load_sample_image("coffee")
Path("photos").mkdir()
for number in range(PHOTOS):
    photo = cv2.resize(pixels[number % 200 :, number % 300 :], (480, 320))
    cv2.imwrite(f"photos/{number}.png", photo)
start = time.perf_counter()
main(["propose", "photos", "--output", "out", *FLAGS])
print(time.perf_counter() - start)
"""

_PAINTED = """
import contextlib, io, re, runpy, sys
from pathlib import Path

import tamingseg

script = Path(tamingseg.__file__).parents[1] / "scripts" / "benchmark_click_latency.py"
sys.argv = [str(script), "--clicks", "30"]
with contextlib.redirect_stdout(io.StringIO()) as said:
    runpy.run_path(str(script), run_name="__main__")
print(re.search(r"total: median +([0-9.]+)", said.getvalue())[1])
"""

_PAGE = """
import sys

sys.modules["mcp"] = None  # gradio imports it if it is there, and only our tests bring it
from tamingseg import Session, load_segmentor
from tamingseg.data.sample_images import load_sample_image
from tamingseg.ui.page import build_page

segmentor = load_segmentor("default", device="cpu")
page = build_page(segmentor)
session = Session(segmentor, load_sample_image("coffee"))
session.add_click(200, 300)
"""


@dataclass(frozen=True)
class Figure:
    """What is measured: Python for a fresh process, which prints a number.

    Where it prints none, the time from the start of the process to its end is measured.
    """

    label: str
    target: str
    code: str
    unit: str = "ms"
    flags: tuple[str, ...] = ()
    """Of the command, in this checkout alone."""


FIGURES = {
    "encode": Figure(
        "encode a 512x512 photo",
        ">= 4x",
        f"{_BEGIN}\nmodel = load('default')\nmeasure(lambda: model.embed(square), 15)",
    ),
    "click": Figure(
        "one further click, through a window seen before",
        ">= 2x",
        f"""{_BEGIN}
model = load("default")
embedding = model.embed(square)
near = np.zeros(embedding.size, np.float32)
near[60:180, 180:270] = 1
face = [Click(120, 230), Click(185, 250, False)]
measure(lambda: model.predict_jointly(embedding, face, near), 30)
""",
    ),
    "grid": Figure(
        "32x32 grid to ordered list, 480x320",
        ">= 4x",
        f"{_BEGIN}\nmodel = load('default')\nmeasure(lambda: propose_masks(model, wide), 3)",
    ),
    "instant": Figure(
        "instant proposals, photo to list",
        ">= 3x",
        f"""{_BEGIN}
model = load("distilled")
measure(lambda: propose_masks(model, wide, *method), 7)
""",
    ),
    "hierarchy": Figure(
        "photo to greedy hierarchy",
        ">= 2x",
        f"{_BEGIN}\nmodel = load('distilled')\nmeasure(lambda: build_hierarchy(model, wide), 7)",
    ),
    "segment": Figure(
        "`tamingseg segment`, process start to file",
        ">= 5x",
        """
from tamingseg.cli.main import main
main(["segment", "photo.png", "--click", "200,300", "--output", "mask.png"])
""",
    ),
    "page": Figure("page built and first click answered, process start to end", ">= 3x", _PAGE),
    "memory": Figure(
        "memory of the process with page and one photo",
        "<= 0.5x",
        f"{_PAGE}\nimport psutil\nprint(psutil.Process().memory_info().rss / 2**20)",
        "MB",
    ),
    "propose": Figure("`tamingseg propose` on {photos} photos", ">= 4x", _PROPOSE, "s"),
    "processes": Figure(
        "the same with two processes here, one there",
        ">= 1.8x with this checkout as the other",
        _PROPOSE,
        "s",
        ("--processes", "2"),
    ),
    "painted": Figure("click to painted mask, in Chromium", "<= 30 ms", _PAINTED),
}


def main() -> None:
    """Measure in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="folder of the other checkout")
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--rounds", type=int, default=5, help="processes of each checkout")
    parser.add_argument("--photos", type=int, default=100, help="of the figure propose")
    parser.add_argument("--no-bfloat16", action="store_true", help="compute in float32 everywhere")
    parser.add_argument("--write", action="store_true", help="write the table to docs/results.md")
    command = parser.parse_args()
    if not (command.other / "tamingseg").is_dir() or command.rounds < 1:
        parser.error(f"expected --rounds >= 1 and a checkout, got {command.other}")
    rows = []
    for name in command.only:
        here, there = in_turns(
            name, command.other, command.rounds, not command.no_bfloat16, command.photos
        )
        cells = row(FIGURES[name], here, there)
        rows.append({**cells, "figure": cells["figure"].format(photos=command.photos)})
        print(to_markdown(rows[-1:]).splitlines()[-1], flush=True)
    precision = "encoders in float32" if command.no_bfloat16 else "bfloat16 where torch uses it"
    commit = subprocess.run(
        ["git", "-C", command.other, "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    origin = (
        f"*Against {commit or command.other.name}; {precision}; {command.rounds} processes of each "
        f"in turn; {date.today()}, {os.cpu_count()} cores of {processor()}.*"
    )
    text = f"{origin}\n\n{to_markdown(rows)}"
    print(text)
    if command.write:
        page = replace_table(RESULTS.read_text("utf-8"), "against", text)
        write_whole(RESULTS, page.encode())


def in_turns(
    name: str, other: Path, rounds: int, bfloat16: bool = True, photos: int = 100
) -> tuple[list[float], list[float]]:
    """Measure a figure in this checkout and in the other, `rounds` times in turn."""
    here, there = FIGURES[name], replace(FIGURES[name], flags=())
    results: tuple[list[float], list[float]] = [], []
    for _ in range(rounds):
        results[0].append(measure_once(here, ROOT, bfloat16, photos))
        results[1].append(measure_once(there, other.resolve(), bfloat16, photos))
    return results


def measure_once(figure: Figure, checkout: Path, bfloat16: bool = True, photos: int = 100) -> float:
    """Run the figure's code in a process that imports `checkout`, and return its number."""
    with tempfile.TemporaryDirectory() as folder:
        write_photo(Path(folder) / "photo.png")
        settings = f"BFLOAT16, PHOTOS, FLAGS = {bfloat16}, {photos}, {figure.flags}"
        code = f"{settings}\n{figure.code}"
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{figure.label} fails in {checkout}:\n{done.stderr}")
    last = (done.stdout.splitlines() or [""])[-1]
    try:
        return float(last)
    except ValueError:  # it said something else
        return 1000 * seconds


def write_photo(path: Path) -> None:
    """Write a sample photo for the commands."""
    import cv2

    from tamingseg.data.sample_images import load_sample_image

    cv2.imwrite(str(path), load_sample_image("coffee")[..., ::-1])


def row(figure: Figure, here: Sequence[float], there: Sequence[float]) -> dict[str, str]:
    """Return a row of the table: medians, the ratio and its spread, and what was aimed at.

    Of times the ratio says how many times as fast this checkout is, of memory how much it takes.
    """
    faster = figure.unit != "MB"
    ratios = sorted(b / a if faster else a / b for a, b in zip(here, there, strict=True))
    return {
        "figure": figure.label,
        "this checkout": f"{median(here):,.0f} {figure.unit}",
        "the other": f"{median(there):,.0f} {figure.unit}",
        "ratio": f"{median(ratios):.2f}x",
        "smallest to largest": f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        "target": figure.target,
    }


if __name__ == "__main__":
    main()
