"""Small runs of commands, to be killed, stopped and starved, and what of them must come out.

The model is tiny and the data are ten pictures, so that a run takes seconds. Runs are forked from a
process that has imported everything, and have a session of their own with all that they start.
"""

import atexit
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tamingseg.annotations.document import Annotation, Label, Project
from tamingseg.annotations.reading import read_annotations
from tamingseg.cli import convert, evaluate, propose, train  # noqa: F401 (before the forks)
from tamingseg.cli.commands import Command
from tamingseg.cli.main import COMMANDS, main
from tamingseg.files import append_whole
from tamingseg.masks.rle import encode_rle
from tamingseg.models.table import build_model
from tamingseg.ui.folder.project import FolderProject
from tamingseg.weights.checkpoint import save_checkpoint

_TINY = {
    "backbone": "test_resnet",
    "pyramid": (8, 8, 16, 16),
    "query": 16,
    "coarse": 8,
    "fine": 4,
    "image_size": 64,
}


def make_world(folder: Path) -> None:
    """Write ten pictures with masks below ``folder/data``, and a model ``folder/model``."""
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (folder / "data" / kind).mkdir(parents=True)
    rows, cols = np.indices((64, 80))
    for number in range(10):
        row, col = rng.integers(20, 44, 2)
        labels = ((rows - row) ** 2 + (cols - col) ** 2 < 15**2).astype(np.uint8)
        image = rng.integers(0, 80, (64, 80, 3), dtype=np.uint8) + 150 * labels[..., None]
        Image.fromarray(image).save(folder / "data" / "images" / f"{number}.png")
        Image.fromarray(labels).save(folder / "data" / "masks" / f"{number}.png")
    torch.manual_seed(0)
    save_checkpoint(build_model("clicknet", _TINY), folder / "model.safetensors")


@dataclass(frozen=True)
class Run:
    """A command on that world: its arguments, and what must be the same in the end.

    `results` maps the folder that the command writes into to comparable values by name. `is_done`
    says whether the command would refuse to run again there, for the result is there already.
    """

    arguments: Callable[[Path, Path], list[str]]  # world, folder to write into
    results: Callable[[Path], dict[str, str]]
    is_done: Callable[[Path], bool] = lambda out: False


def _train(world: Path, out: Path) -> list[str]:
    tiny = [
        text
        for name, value in _TINY.items()
        for text in (f"--model.{name}", *np.atleast_1d(np.array(value, str)).tolist())
        if name != "image_size"
    ]
    flags = (
        "--steps 12 --batch 2 --warmup 2 --checkpoint-every 2 --held-out 5 --sizes 1 32 "
        "--encoder random --workers 0"
    )
    folders = ["--output", str(out / "run"), "--cache", str(out / "cache")]
    return ["train", "default-cpu", "--data", str(world / "data"), *flags.split(), *tiny, *folders]


def _trained(out: Path) -> dict[str, str]:
    """Return the weights, the validations, and the steps that were logged.

    (A logged loss is the mean since the line before or the start, so that may be another.)
    """
    log = [json.loads(line) for line in (out / "run" / "metrics.jsonl").read_text().splitlines()]
    kept = [row if "miou@1" in row else row["step"] for row in log]
    return {"weights": _hash(out / "run" / "model.safetensors"), "log": json.dumps(kept)}


def _evaluate(world: Path, out: Path) -> list[str]:
    model = str(world / "model.safetensors")
    file = str(out / "records.jsonl")
    return ["evaluate", "clicks", str(world / "data"), "--model", model, "--output", file]


def _propose(world: Path, out: Path) -> list[str]:
    model = str(world / "model.safetensors")
    where = ["--output", str(out / "proposals"), "--pngs", "--overlay"]
    return ["propose", str(world / "data" / "images"), "--model", model, "--count", "3", *where]


def _convert(world: Path, out: Path) -> list[str]:
    data = world / "data"
    where = ["--photos", str(data / "images"), "--output", str(out / "converted")]
    return ["convert", str(data / "masks"), "--to", "voc", "--with-photos", *where]


_OBJECTS = 4
"""Objects that are drawn in each photo of the folder."""


def _annotate(world: Path, out: Path) -> list[str]:
    return ["annotate", str(world / "data" / "images"), str(out)]


def annotate(arguments: Sequence[str]) -> int:
    """Work on a folder as the page does: draw objects, say that a photo is done, go on to the next.

    Started again it goes on behind the last step that is there, and complains if one is lost that
    the page was told of.
    """
    photos, out = map(Path, arguments)
    told = out / ".told"  # a byte for every step
    with closing(FolderProject(photos, out / "work.tamingseg")) as folder:
        known = [folder.photo(name) for name in folder.names]
        there = sum(len(photo.objects) + (photo.state == "done") for photo in known)
        if told.exists() and told.stat().st_size > there:
            raise RuntimeError(f"{told.stat().st_size} steps were kept, {there} are there")
        for step in range(there, len(known) * (_OBJECTS + 1)):
            name, number = folder.names[step // (_OBJECTS + 1)], step % (_OBJECTS + 1)
            photo = folder.photo(name)
            if number == _OBJECTS:
                folder.mark(name, "done")
            else:
                mask = np.zeros(photo.size, bool)
                mask[5 + step : 15 + step, 10 * number : 10 * number + 20] = True
                drawn = Annotation("thing", encode_rle(mask), f"{step}")
                folder.put(replace(photo, objects=(*photo.objects, drawn)), [Label("thing")])
            append_whole(told, b".")
            if step % 7 == 0:
                folder.tidy(at_once=True)  # as when nobody works for a moment
    return 0


COMMANDS["annotate"] = Command("work on a folder", annotate)


def _annotated(out: Path) -> dict[str, str]:
    project, notes = read_annotations(out / "work.tamingseg")
    names = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    return {"files": str(names), "project": _digest(project), "notes": str(notes)}


def _digest(project: Project) -> str:
    return hashlib.sha256(repr(project).encode()).hexdigest()[:12]


def visible_files(out: Path) -> dict[str, str]:
    """Return path -> hash of every file that is not hidden."""
    paths = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    return {
        str(path): _hash(out / path)
        for path in paths
        if not any(part.startswith(".") for part in path.parts)
    }


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


RUNS = {
    "train": Run(_train, _trained),
    "evaluate": Run(_evaluate, visible_files),
    "propose": Run(_propose, visible_files),
    "convert": Run(_convert, visible_files, lambda out: (out / "converted").exists()),
    "folder": Run(_annotate, _annotated),
}


@dataclass
class Started:
    """A command that runs in a session of its own."""

    pid: int
    said: threading.Thread  # reads what it prints, to the end
    lines: list[bytes]

    def wait(self, seconds: float) -> int | None:
        """Return the exit code, negative for a signal; None if it still runs after `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        return None

    def send(self, number: int) -> None:
        """Send a signal to the command and all that it started, as a terminal does."""
        os.killpg(self.pid, number)

    def errors(self) -> str:
        """Return what it printed, without progress bars."""
        self.said.join(5)
        text = b"".join(self.lines).decode(errors="replace").replace("\r", "\n")
        return re.sub(r"^.*\d%\|.*?\]", "", text, flags=re.MULTILINE)


@contextmanager
def started(arguments: list[str], limit: Callable[[], None] = lambda: None) -> Iterator[Started]:
    """Start a command; `limit` is called in its process before. It is killed in the end."""
    said, output = os.pipe()  # (a file could be full)
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        # (A process in the background of a shell is born deaf to it.)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(output, 1)
        os.dup2(output, 2)
        # Streams of their own: those of before may believe that they write into a file.
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        limit()
        os.write(tell, b"x")
        code = 70
        try:
            code = main(arguments)
            atexit._run_exitfuncs()  # as at the end of a process; what follows skips it
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    os.read(ready, 1)  # it has its session
    for descriptor in (ready, tell, output):
        os.close(descriptor)
    lines: list[bytes] = []
    with open(said, "rb") as file:
        reader = threading.Thread(target=lambda: lines.extend(file))
        reader.start()
        try:
            yield Started(pid, reader, lines)
        finally:
            with suppress(ProcessLookupError, ChildProcessError):
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            reader.join()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder for as long as the block lasts.

    (Python's own would be removed by every forked process that ends.)
    """
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)  # open to others, see `disk.read_only`
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def finish(name: str, world: Path, out: Path) -> tuple[dict[str, str], float]:
    """Run a command to its end; returns its results and the seconds it took."""
    begin = time.monotonic()
    if RUNS[name].is_done(out):
        return RUNS[name].results(out), 0.0
    with started(RUNS[name].arguments(world, out)) as run:
        code = run.wait(600)
        if code != 0:
            raise RuntimeError(f"{name} ended with {code}: {run.errors()[-2000:]}")
    return RUNS[name].results(out), time.monotonic() - begin
