"""Training recipes compared at equal compute: train, measure, and print tables.

Usage: python scripts/experiments/recipes.py --data SETS --evaluation EVAL [--only NAME ...]

Every recipe is one `tamingseg train` command, which is printed, and differs from "base" in what its
name says. All continue the same half-trained model, "start", and get the same time of one core;
those that cannot (another model) begin at random and get the time of the start as well. Scored is
one random click per mask on up to 100 images of each set; recipes about losses and models also by
their levels, on up to 50, and those about prompts with ten clicks from the centre, on 60 of DAVIS.
What exists is not done again, so the script may be stopped; and once "start" is there, run twice at
once with other names.
"""

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import tyro

from tamingseg.evaluation.against import against_baseline
from tamingseg.evaluation.records import read_records

SETS = ("DAVIS", "msrc", "ccp", "camvid", "nuclei")
START_STEPS, STEPS = 1500, 400
"""Of "start", and of "base" after it."""

COMMON = {
    "model.backbone": "resnet18",
    "model.mean": "0.485 0.456 0.406",
    "model.std": "0.229 0.224 0.225",
    "encoder": "random",
    "encoder-lr": "1",
    "batch": "12",
    "workers": "0",
    "checkpoint-every": "200",
    "extra-clicks": "0",
    "cut-previous": "0",
    "sampling.sampler": "one",
    "sampling.target": "mask",
    "augmentation.crop-area": "0.3 1",
    "augmentation.grey": "0.05",
    "augmentation.invert": "0",
    "augmentation.paste": "0",
}
_LEVELS = {"sampling.target": "levels"}
_FURTHER = {"extra-clicks": "4"}
_NO_COLOUR = {
    f"augmentation.{name}": "0"
    for name in ("brightness", "contrast", "saturation", "colour-shift", "grey")
}
_NO_GEOMETRY = {
    "augmentation.crop-area": "1 1",
    "augmentation.crop-aspect": "1",
    "augmentation.flip": "0",
}


@dataclass(frozen=True)
class Recipe:
    """What is changed against "base"."""

    group: str  # the table it stands in
    flags: dict[str, str] = field(default_factory=dict)  # of `tamingseg train`
    cost: float = 1.0  # time of a step on one core relative to "base" or "random"; see --cost
    view: int = 160  # side of a training view in pixels
    side: int = 256  # longest side that the model is used at
    continues: bool = True  # whether it begins with the weights of "start"

    @property
    def steps(self) -> int:
        """As many as the time allows."""
        return round((STEPS if self.continues else START_STEPS + STEPS) / self.cost)

    def schedule(self, start: Path) -> dict[str, str]:
        """Return flags for where it begins, how it is warmed up and cooled down."""
        if self.continues:
            sizes = f"1.0 {self.view}"
            return {"initial": f"{start}", "sizes": sizes, "warmup": "50", "decay-share": "0.5"}
        low = START_STEPS / 2 / (START_STEPS + STEPS)
        decay = STEPS / 2 / (START_STEPS + STEPS)
        sizes = f"{low:.3f} 128 1.0 {self.view}"
        return {"sizes": sizes, "warmup": "100", "decay-share": f"{decay:.3f}"}


START = Recipe("start", {"sizes": "0.5 128 1.0 160", "decay-share": "0"}, continues=False)

RECIPES = {
    "base": Recipe("base"),
    "base-seed-1": Recipe("base", {"seed": "1"}),
    "base-seed-2": Recipe("base", {"seed": "2"}),
    # Base: soft IoU + cross-entropy with the mask that was drawn.
    "focal": Recipe("losses", {"losses": "normalized-focal 1"}),
    "focal-iou": Recipe("losses", {"losses": "normalized-focal 1 soft-iou 1"}),
    "focal-lovasz": Recipe("losses", {"losses": "normalized-focal 1 lovasz-hinge 1"}, cost=1.11),
    "cross-entropy": Recipe("losses", {"losses": "cross-entropy 1"}),
    "levels-iou": Recipe("losses", _LEVELS),
    "levels-cumulative": Recipe("losses", {"losses": "cumulative 1", **_LEVELS}, cost=1.11),
    # Base: one positive click.
    "posneg": Recipe("prompts", {"sampling.sampler": "posneg", "sampling.negative-share": "0.5"}),
    "many": Recipe("prompts", {"sampling.sampler": "many", "extra-clicks": "3"}, cost=1.46),
    "further": Recipe("prompts", _FURTHER, cost=1.33),
    "further-cut": Recipe("prompts", {**_FURTHER, "cut-previous": "0.5"}, cost=1.33),
    # Base: views of 160 px, used at 256 px.
    "px-128": Recipe("resolution", view=128, side=192, cost=0.75),
    "px-256": Recipe("resolution", view=256, side=384, cost=2.48),
    # Base: 12 clicks per image.
    "clicks-3": Recipe("clicks per image", {"sampling.queries": "3"}, cost=0.88),
    "clicks-36": Recipe("clicks per image", {"sampling.queries": "36"}, cost=1.55),
    # Base: the seven sets alone.
    "pasted": Recipe("data", {"augmentation.paste": "0.25"}),
    "mosaics": Recipe("data", {"textures": "TEXTURES"}),
    "pseudo": Recipe("data", {"data": "PSEUDO"}),
    # Base: varied colours, crops, mirroring.
    "plain-colours": Recipe("augmentation", _NO_COLOUR),
    "whole-images": Recipe("augmentation", _NO_GEOMETRY),
    # Everything from random numbers, for the time of the start and after. The cost of three outputs
    # is of single steps on a busy machine; the backbones' are of --cost, with the other core busy.
    "random": Recipe("model", continues=False),
    "three-outputs": Recipe("model", {"model.outputs": "3"}, cost=1.02, continues=False),
    "resnet10": Recipe("model", {"model.backbone": "resnet10t"}, cost=0.72, continues=False),
    "mobilenetv4": Recipe(
        "model", {"model.backbone": "mobilenetv4_conv_small"}, cost=0.4, continues=False
    ),
}


@dataclass(frozen=True)
class Run:
    """Train and measure recipes."""

    data: Path
    """Folder of the training sets."""
    evaluation: Path
    """Folder of the evaluation sets."""
    textures: Path | None = None
    """Folder of texture photos, for the recipe with mosaics."""
    pseudo: Path | None = None
    """Data set that make_pseudo_labels.py wrote, for the recipe with it."""
    output: Path = Path("runs/recipes")
    """Where runs and records go."""
    cache: Path = Path("runs/cache")
    """Where decoded images are kept."""
    only: tuple[str, ...] = ()
    """Names of recipes; by default all."""
    cost: bool = False
    """Only measure the time of a step of each recipe, relative to base; on an idle core."""

    def names(self) -> list[str]:
        """Which recipes can be run with what was given, in order."""
        unknown = set(self.only) - set(RECIPES)
        if unknown:
            raise SystemExit(f"unknown {sorted(unknown)}; the recipes are {', '.join(RECIPES)}")
        given = {"TEXTURES": self.textures, "PSEUDO": self.pseudo}
        missing = {word for word, path in given.items() if path is None}
        able = [
            name for name, recipe in RECIPES.items() if missing.isdisjoint(recipe.flags.values())
        ]
        for name in self.only:
            if name not in able:
                folders = "--textures and --pseudo name the folders that recipes need"
                raise SystemExit(f"{name} cannot be run with what was given; {folders}")
        return [name for name in able if not self.only or name in self.only]

    def command(self, recipe: Recipe, folder: Path, steps: int) -> list[str]:
        """Return what follows `tamingseg` to train a recipe, or to go on with it."""
        start = self.output / "start" / "model.safetensors"
        flags = COMMON | recipe.schedule(start) | recipe.flags
        flags |= {"model.image-size": f"{recipe.side}", "steps": f"{steps}"}
        words = ["train", "default-cpu", "--output", f"{folder}", "--cache", f"{self.cache}"]
        data = [f"{self.data}"]
        for name, value in flags.items():
            if value == "PSEUDO":
                data.append(f"{self.pseudo}")
            else:
                values = [f"{self.textures}"] if value == "TEXTURES" else value.split()
                words += [f"--{name}", *values]
        return [*words, "--data", *data]

    def measure(self, name: str, recipe: Recipe) -> None:
        """Score the model called `name`; its records go to a file beside it."""
        data = [f"{self.evaluation / part}" for part in SETS]
        common = ["--model", f"{self.output / name}.safetensors", "--output"]
        common.append(f"{self.output / name}.jsonl")
        tamingseg("evaluate", "clicks", *data, *common, "--limit", "100")
        if recipe.group in ("losses", "model") or name == "base":
            tamingseg("evaluate", "levels", *data, *common, "--limit", "50")
        if recipe.group == "prompts" or name == "base":
            ten = ("--clicker", "center", "--clicks", "10", "--limit", "60")
            tamingseg("evaluate", "clicks", f"{self.evaluation / 'DAVIS'}", *common, *ten)


def tamingseg(*words: str) -> None:
    """Run `tamingseg WORDS` and show the command."""
    print(f"tamingseg {shlex.join(words)}", flush=True)
    subprocess.run([sys.executable, "-m", "tamingseg.cli.main", *words], check=True)


def print_tables(run: Run) -> None:
    """Print what is measured, group by group, against its base."""
    records = read_records(sorted(run.output.glob("*.jsonl")))
    scores = {
        "mIoU@1": ("clicks", "random"),
        "mIoU@10": ("clicks", "center"),
        "best of 3": ("levels", "random"),
        "any level": ("levels", "random"),
        "ECE": ("levels", "random"),
    }
    for group in dict.fromkeys(recipe.group for recipe in RECIPES.values()):
        base = "random" if group == "model" else "base"
        names = [base, *(name for name, recipe in RECIPES.items() if recipe.group == group)]
        for figure, how in scores.items():
            chosen = [
                record
                for record in records
                if (record.protocol, record.method["clicker"]) == how
                and record.method["model"] in names
            ]
            chosen.sort(key=lambda record: names.index(record.method["model"]))
            if len({record.method["model"] for record in chosen} | {base}) > 1:
                if chosen[0].method["model"] == base:
                    print(f"\n{group}, {figure}:\n\n{against_baseline(chosen, base, figure)}")
                else:
                    print(f"\n{group}: measure {base} to compare with")


def print_costs(run: Run) -> None:
    """Print the time of a step of each recipe relative to one of base."""
    seconds: dict[str, float] = {}
    for name in run.names():
        base = "base" if RECIPES[name].continues else "random"
        for which in {base, name} - seconds.keys():
            seconds[which] = _step_seconds(run, RECIPES[which])
        print(f"{name}: cost {seconds[name] / seconds[base]:.2f}", flush=True)


def _step_seconds(run: Run, recipe: Recipe) -> float:
    """Return seconds per image, the mean of steps 21 to 40 and that of 41 to 60 added up."""
    unschooled = replace(recipe, flags={**recipe.flags, "held-out": "0"})  # validation takes time
    with tempfile.TemporaryDirectory() as folder:
        tamingseg(*run.command(unschooled, Path(folder), 60))
        rows = [json.loads(line) for line in (Path(folder) / "metrics.jsonl").open()]
    return sum(1 / row["images_per_second"] for row in rows[1:])


def main() -> None:
    """Train and measure what is missing."""
    run = tyro.cli(Run, description=__doc__)
    if any(RECIPES[name].continues for name in run.names()):
        tamingseg(*run.command(START, run.output / "start", START_STEPS))
    if run.cost:
        print_costs(run)
        return
    for name in run.names():
        recipe, folder = RECIPES[name], run.output / name
        tamingseg(*run.command(recipe, folder, recipe.steps))
        # Models are called after their file.
        shutil.copy(folder / "model.safetensors", run.output / f"{name}.safetensors")
        run.measure(name, recipe)
    print_tables(run)


if __name__ == "__main__":
    main()
