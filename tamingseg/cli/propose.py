"""`tamingseg propose IMAGE_OR_FOLDER`: all masks of images as ordered lists, best first."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from PIL import Image

from tamingseg.cli.photos import do_each, find_images, keep_settings
from tamingseg.data.mask_files import write_masks
from tamingseg.proposals.generate import ProposalConfig, ProposalMethod, propose_masks
from tamingseg.segmentors.load import load_segmentor, model_fingerprint
from tamingseg.values import MaskSet
from tamingseg.viz import overlay_masks


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
    method: ProposalMethod = "grid"
    """Where masks come from: answers to a grid of clicks, or the regions of the model's hierarchy,
    which is fast with a model that knows every pixel by a feature (distilled)."""
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
    output = command.output
    images = find_images([command.images], output)
    segmentor = load_segmentor(command.model, command.device)
    keep_settings(output / ".propose.json", _settings(command))
    config = replace(command.proposals, most=min(command.count, command.proposals.most))

    def propose(name: str, image: np.ndarray) -> None:
        masks = propose_masks(segmentor, image, command.method, config)
        result = output / f"{name}.json"
        result.parent.mkdir(parents=True, exist_ok=True)
        if command.pngs:
            _write_pngs(output / name, masks)
        if command.overlay:
            Image.fromarray(overlay_masks(image, masks)).save(output / f"{name}.png")
        write_masks(result, masks)  # last, because it says that the image is done

    problems = do_each("propose", images, lambda name: (output / f"{name}.json").exists(), propose)
    print(f"{output}: masks of {len(images) - len(problems)} images")
    return 1 if problems else 0


def _settings(command: Propose) -> dict[str, Any]:
    """Return what the masks of a folder are made with."""
    return {
        "model": command.model,
        "weights": model_fingerprint(command.model),
        "count": command.count,
        "pngs": command.pngs,
        "overlay": command.overlay,
        "method": command.method,
        "proposals": asdict(command.proposals),
    }


def _write_pngs(folder: Path, masks: MaskSet) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(masks)):
        pixels = masks[number].astype(np.uint8) * 255
        Image.fromarray(pixels).save(folder / f"{number + 1:04}.png")
