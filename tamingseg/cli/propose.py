"""`tamingseg propose IMAGE_OR_FOLDER`: all masks of images as ordered lists, best first."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import tyro
from PIL import Image
from tqdm import tqdm

from tamingseg.data.base import IMAGE_SUFFIXES, read_image
from tamingseg.data.mask_files import write_masks
from tamingseg.proposals.generate import ProposalConfig, propose_masks
from tamingseg.segmentors.load import load_segmentor, model_fingerprint
from tamingseg.values import MaskSet
from tamingseg.viz import overlay_masks

_SETTINGS = ".propose.json"
"""In the output folder: what its masks were made with."""


@dataclass(frozen=True)
class Propose:
    """Write the masks of images as ordered lists of which the first N are good for every N.

    Every image gets OUTPUT/<name>.json, COCO's result format with compressed run lengths, which
    `tamingseg evaluate proposals --masks OUTPUT` reads. Images that have theirs are not done again.
    """

    images: tyro.conf.Positional[Path]
    """A photo, or a folder of photos; subfolders are followed."""
    output: Path = Path("proposals")
    """Folder for the results."""
    count: int = 100
    """At most so many masks per image, the best ones."""
    pngs: bool = False
    """Whether to write OUTPUT/<name>/<rank>.png as well: white is the mask, black the rest."""
    overlay: bool = False
    """Whether to write OUTPUT/<name>.png as well: the photo with the masks painted over it."""
    proposals: tyro.conf.OmitArgPrefixes[ProposalConfig] = field(default_factory=ProposalConfig)
    """How proposals are made."""
    model: str = "default"
    """Name of a segmentor, a checkpoint file, or an own model as MODULE:NAME."""
    device: str | None = None
    """Torch device; by default the GPU if there is one."""


def main(arguments: Sequence[str]) -> int:
    """Parse, propose for every image, list what could not be read; exit code 1 if there was any."""
    command = tyro.cli(Propose, prog="tamingseg propose", args=list(arguments))
    if command.count < 1:
        raise ValueError(f"count must be at least 1 mask, got {command.count}")
    images = _find_images(command.images, command.output)
    segmentor = load_segmentor(command.model, command.device)
    _check_settings(command)
    config = replace(command.proposals, most=min(command.count, command.proposals.most))
    problems = []
    for name, path in tqdm(images.items(), command.images.name, unit="image"):
        result = command.output / f"{name}.json"
        if result.exists():
            continue
        try:
            image = read_image(path)
        except (ValueError, OSError) as error:
            if not command.images.is_dir():
                raise
            problems.append(str(error))
            continue
        masks = propose_masks(segmentor, image, config)
        result.parent.mkdir(parents=True, exist_ok=True)
        if command.pngs:
            _write_pngs(command.output / name, masks)
        if command.overlay:
            Image.fromarray(overlay_masks(image, masks)).save(command.output / f"{name}.png")
        write_masks(result, masks)  # last, because it says that the image is done
    print(f"{command.output}: masks of {len(images) - len(problems)} images")
    for problem in problems:
        print(f"tamingseg propose: left out: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _find_images(path: Path, output: Path) -> dict[str, Path]:
    """Return name -> file, where the name is the path below the folder without its suffix.

    What lies in `output` are results of before. Raises ValueError if a result would lie where a
    photo lies.
    """
    images: dict[str, Path] = {}
    if not path.is_dir():
        images[path.stem] = path
    results = output.resolve()
    for file in sorted(path.rglob("*")) if path.is_dir() else ():
        is_result = results != path.resolve() and results in file.resolve().parents
        if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file() and not is_result:
            name = file.relative_to(path).with_suffix("").as_posix()
            if name in images:
                raise ValueError(f"{file} has the same name as {images[name]}; rename one of them")
            images[name] = file
    if not images:
        raise FileNotFoundError(
            f"{path} holds no photo; expected files ending in {', '.join(IMAGE_SUFFIXES)}"
        )
    for name, file in images.items():
        if file.resolve() == (results / f"{name}.png"):
            raise ValueError(f"results in {output} could replace {file}; choose another --output")
    return images


def _check_settings(command: Propose) -> None:
    """Keep what the masks of a folder were made with, and let no others in."""
    settings = {
        "model": command.model,
        "weights": model_fingerprint(command.model),
        "count": command.count,
        "pngs": command.pngs,
        "overlay": command.overlay,
        "proposals": asdict(command.proposals),
    }
    path = command.output / _SETTINGS
    text = json.dumps(settings, indent=1) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise ValueError(
            f"{command.output} holds masks made with other settings, see {path}; "
            "choose another --output, or remove the folder"
        )
    if not path.exists():
        command.output.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _write_pngs(folder: Path, masks: MaskSet) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(masks)):
        pixels = masks[number].astype(np.uint8) * 255
        Image.fromarray(pixels).save(folder / f"{number + 1:04}.png")
