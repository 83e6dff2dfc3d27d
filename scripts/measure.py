"""Measure the shipped models and write every table of docs/results.md that depends on weights.

    python scripts/measure.py EVAL --textures UNSEEN [--only one-click levels]

All runs write to one file of records. So a run that was stopped is continued, and new weights
are measured beside the old ones. A table stands between ``<!-- table: NAME -->`` and
``<!-- end -->``; `TABLES` says which runs of `tamingseg evaluate` it needs.
"""

import argparse
import os
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tamingseg.cli import evaluate
from tamingseg.evaluation.cells import Summary, to_markdown
from tamingseg.evaluation.figure import intervals
from tamingseg.evaluation.protocols.regions import partition_settings
from tamingseg.evaluation.records import iterate_records
from tamingseg.evaluation.report import summarise
from tamingseg.files import write_whole
from tamingseg.partition.build import PartitionConfig, PartitionMethod
from tamingseg.segmentors.load import load_segmentor, model_facts

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results.md"

SETS = ("DAVIS", "msrc", "ccp", "camvid", "nuclei", "BSDS500")

MODELS = ("default", "distilled")

CLICKERS = {"random": "random", "centre": "center"}
"""What tables and what settings call where a first click lies."""

HELD_OUT = "held-out"
"""Name of the folder of textures that were not trained on; mosaics take their name from it."""

Cells = dict[str, str]


@dataclass(frozen=True)
class Measured:
    """Summaries of records, and the current weights by the name of their model."""

    summaries: Sequence[Summary]
    weights: dict[str, str]

    def find(self, protocol: str, dataset: str, model: str = "default", **settings: Any) -> Summary:
        """Return what the current weights gave with these settings.

        Raises
        ------
        ValueError
            If that was not measured, or with several values of another setting.
        """
        wanted = {"model": model, "weights": self.weights[model], **settings}
        found = [
            summary
            for summary in self.summaries
            if summary.protocol_name == protocol
            and summary.dataset.removesuffix("-test") == dataset
            and wanted.items() <= summary.method.items()
        ]
        if len(found) != 1:
            raise ValueError(
                f"expected one run of {protocol} on {dataset} with {wanted}, found {len(found)}; "
                "choose another file with --records"
            )
        return found[0]


def figure(summary: Summary, name: str, interval: bool = False) -> str:
    """Write a figure, as `value [low, high]` if wanted; empty if there is none."""
    if name not in summary.figures:
        return ""
    found = summary.figures[name]
    ends = intervals({name: found}).get(name) if interval else None
    form = {"bits": ".3f", "masks": ".0f"}.get(found.unit, ".1f")
    text = format(found.value, form)
    return text if ends is None else f"{text} [{ends[0]:{form}}, {ends[1]:{form}}]"


def one_click(measured: Measured) -> Iterator[Cells]:
    """One click per mask."""
    for dataset in SETS:
        random, centre = (
            measured.find("clicks", dataset, clicks=1, clicker=clicker)
            for clicker in CLICKERS.values()
        )
        empty = random.counts["without objects"]
        yield {
            "data": random.dataset,
            "images": f"{random.counts['images']}" + f" ({empty} without)" * bool(empty),
            "masks": f"{random.counts['masks']}",
            "random: image": figure(random, "mIoU@1", interval=True),
            "random: mask": figure(random, "mIoU@1 per mask"),
            "centre: image": figure(centre, "mIoU@1", interval=True),
            "centre: mask": figure(centre, "mIoU@1 per mask"),
            "boundary IoU, centre": figure(centre, "boundary IoU@1", interval=True),
        }


def further_clicks(measured: Measured) -> Iterator[Cells]:
    """Up to 20 clicks on 60 frames of DAVIS."""
    summary = measured.find("clicks", "DAVIS", clicks=20)
    for name in ("mIoU", "boundary IoU", "boundary F"):
        cells = {"": name} | {f"@{k}": figure(summary, f"{name}@{k}") for k in (1, 2, 3, 5, 10, 20)}
        counted = {noc: figure(summary, noc, interval=True) for noc in ("NoC85", "NoC90")}
        failed = {nof: figure(summary, nof) for nof in ("NoF85", "NoF90")}
        yield cells | (counted | failed if name == "mIoU" else {})


def sample_photos(measured: Measured) -> Iterator[Cells]:
    """Objects of the page's sample photos."""
    summary = measured.find("clicks", "sample-photos", clicks=20)
    yield {
        **{f"mIoU@{k}": figure(summary, f"mIoU@{k}", interval=k == 1) for k in (1, 2, 3, 5, 20)},
        "clicks to .9, mean over objects": figure(summary, "NoC90", interval=True),
        "objects that never reach .9": figure(summary, "NoF90"),
    }


def levels(measured: Measured) -> Iterator[Cells]:
    """Masks offered for one click."""
    asked = [("DAVIS", "centre"), *((dataset, "random") for dataset in SETS)]
    for dataset, place in asked:
        summary = measured.find("levels", dataset, clicker=CLICKERS[place])
        yield {
            "data, click": f"{dataset}, {place}",
            "default": figure(summary, "default", interval=True),
            **{f"best of {k}": figure(summary, f"best of {k}") for k in (2, 3, 4, 7)},
            "best level": figure(summary, "any level", interval=True),
            "calibration error": figure(summary, "ECE"),
        }


def proposals(measured: Measured) -> Iterator[Cells]:
    """Ordered lists of `default`."""
    for dataset in SETS:
        summary = measured.find("proposals", dataset)
        counts = (1, 10, 100, 1000)
        yield {
            "data": dataset,
            **{f"N={n}": figure(summary, f"mIoU({n})", interval=n == 1000) for n in counts},
            "oracle order, N=10": figure(summary, "oracle mIoU(10)"),
            "recall at .5, N=100": figure(summary, "R50(100)"),
        }


def distilled(measured: Measured) -> Iterator[Cells]:
    """Compare `distilled` with `default`."""
    for place, clicker in CLICKERS.items():
        for model in MODELS:
            found = [
                measured.find("clicks", dataset, model, clicks=1, clicker=clicker)
                for dataset in SETS
            ]
            cells = (figure(summary, "mIoU@1", interval=True) for summary in found)
            yield {"": f"mIoU@1, {place} click: `{model}`"} | dict(zip(SETS, cells, strict=True))
    for count in (10, 100, 1000):
        for model in MODELS:
            found = [measured.find("proposals", dataset, model) for dataset in SETS]
            cells = (figure(summary, f"mIoU({count})") for summary in found)
            yield {"": f"mIoU({count}): `{model}`"} | dict(zip(SETS, cells, strict=True))


REGION_METHODS: dict[str, tuple[PartitionMethod, bool]] = {
    "greedy, by cost": ("greedy", True),
    "greedy": ("greedy", False),
    "normalised cut": ("normalised-cut", False),
    "multicut, its own K": ("multicut", False),
}
"""Row -> method, and whether regions are merged up to a cost instead of a number."""


def regions(dataset: str) -> Callable[[Measured], Iterator[Cells]]:
    """Return the table of regions of `distilled` on a data set."""

    def table(measured: Measured) -> Iterator[Cells]:
        for row, (method, by_cost) in REGION_METHODS.items():
            settings = partition_settings(method, PartitionConfig(), by_cost)
            summary = measured.find("regions", dataset, "distilled", **settings)
            names = [
                f"{m} {choice}" for m in ("covering", "PRI", "VI") for choice in ("ODS", "OIS")
            ]
            names.insert(2, "covering Best")
            yield {f"{dataset}, `distilled`": row} | {
                name: figure(summary, name, interval=name.endswith("ODS")) for name in names
            }

    return table


def mosaics(measured: Measured) -> Iterator[Cells]:
    """Mosaics of unseen textures."""
    for model in MODELS:
        summary = measured.find("mosaics", f"mosaics-{HELD_OUT}", model)
        yield {
            "": f"`{model}`, greedy",
            "pixels right": figure(summary, "correct", interval=True),
            "CS": figure(summary, "CS", interval=True),
            "O": figure(summary, "O"),
            "C": figure(summary, "C"),
        }


@dataclass(frozen=True)
class Table:
    """A table: what gives its rows, and the arguments of `tamingseg evaluate` for its records."""

    rows: Callable[[Measured], Iterator[Cells]]
    runs: Sequence[str]


_ALL = " ".join(SETS)
_BOTH = " ".join(MODELS)
_TEXTURES = "TEXTURES"

TABLES = {
    "one-click": Table(one_click, [f"clicks {_ALL}", f"clicks {_ALL} --clicker center"]),
    "further-clicks": Table(
        further_clicks, ["clicks DAVIS --clicker center --clicks 20 --limit 60"]
    ),
    "sample-photos": Table(sample_photos, ["clicks sample-photos --clicker center --clicks 20"]),
    "levels": Table(levels, ["levels DAVIS --clicker center", f"levels {_ALL}"]),
    "proposals": Table(proposals, [f"proposals {_ALL} --limit 40"]),
    "distilled": Table(
        distilled,
        [
            f"clicks {_ALL} --model {_BOTH}",
            f"clicks {_ALL} --model {_BOTH} --clicker center",
            f"proposals {_ALL} --limit 40",
            f"proposals {_ALL} --limit 40 --model distilled --method hierarchy",
        ],
    ),
    **{
        f"regions-{dataset}": Table(
            regions(dataset),
            [
                f"regions {dataset} --model distilled --method {method}" + " --by-cost" * by_cost
                for method, by_cost in REGION_METHODS.values()
            ],
        )
        for dataset in ("BSDS500", "msrc")
    },
    "mosaics": Table(mosaics, [f"mosaics --model {_BOTH} --count 200 {_TEXTURES}"]),
}
"""Name -> table; every one depends on the weights."""


def main() -> None:
    """Measure, table by table, and write each into docs/results.md as soon as it is complete."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("evaluation", type=Path, help="folder of the evaluation sets")
    parser.add_argument("--textures", type=Path, help="texture photos that were not trained on")
    parser.add_argument("--records", type=Path, default=Path("runs/results.jsonl"))
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    command = parser.parse_args()
    folder = command.textures.name if command.textures else None
    if "mosaics" in command.only and folder != HELD_OUT:
        parser.error(
            f"the table of mosaics needs --textures with a folder called {HELD_OUT}, got {folder}; "
            "or choose other tables with --only"
        )
    facts = {name: model_facts(load_segmentor(name), name) for name in MODELS}
    weights = {name: known["weights"] for name, known in facts.items()}
    for name in command.only:
        for run in TABLES[name].runs:
            print(f"{name}: tamingseg evaluate {run}", flush=True)
            words = run.replace(_TEXTURES, f"--textures {command.textures}").split()
            where = ["--root", f"{command.evaluation}", "--output", f"{command.records}"]
            if code := evaluate.main([*words, *where]):
                raise SystemExit(code)
        measured = Measured(summarise(iterate_records(command.records)), weights)
        rows = list(TABLES[name].rows(measured))
        text = f"{_origin(facts, TABLES[name].runs)}\n\n{to_markdown(rows)}"
        page = replace_table(RESULTS.read_text("utf-8"), name, text)
        write_whole(RESULTS, page.encode())


def _origin(facts: dict[str, dict[str, str]], runs: Sequence[str]) -> str:
    """Say which weights were measured, in which precision, when and where."""
    words = {word for run in runs for word in run.split()}
    models = [name for name in MODELS if name in words] or ["default"]
    named = ", ".join(f"`{name}` {facts[name]['weights']}" for name in models)
    precision = facts[models[0]].get("precision", "float32")
    machine = f"{os.cpu_count()} cores of {processor()}"
    return f"*{named}, encoder in {precision}; {date.today()}, {machine}.*"


def processor() -> str:
    """Return what the processor calls itself."""
    lines = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", lines.read_text()) if lines.exists() else None
    return named[1].strip() if named else platform.processor() or platform.machine()


def replace_table(page: str, name: str, text: str) -> str:
    """Put `text` between ``<!-- table: NAME -->`` and the ``<!-- end -->`` that follows.

    Raises
    ------
    ValueError
        If the page has no such place, or several.
    """
    place = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    page, count = place.subn(lambda found: f"{found[1]}{text}\n{found[2]}", page)
    if count != 1:
        raise ValueError(f"expected one place for the table {name!r} in {RESULTS}, found {count}")
    return page


if __name__ == "__main__":
    main()
