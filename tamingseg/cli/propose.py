"""`tamingseg propose IMAGE...`: all masks of images as ordered lists, best first."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from tamingseg.cli.flags import parse
from tamingseg.cli.formats import check_format, write_format
from tamingseg.cli.photos import do_each, find_photos
from tamingseg.cli.processes import own_rank
from tamingseg.cli.results import Results
from tamingseg.data.mask_files import write_masks
from tamingseg.data.writer import write_png
from tamingseg.proposals.generate import ProposalConfig, ProposalMethod, propose_masks
from tamingseg.segmentors.load import load_segmentor, model_fingerprint
from tamingseg.values import MaskSet
from tamingseg.viz import overlay_masks

RENAMED = {"--most": "--count", "--source": "--method"}


@dataclass(frozen=True)
class Propose:
    """List masks of photos, best first: wherever you stop, those up to there are a good set.

    Every photo gets OUTPUT/<name>.json, COCO's result format with compressed RLE (run-length
    encoding), which `tamingseg evaluate proposals --masks OUTPUT` reads. Photos whose results exist
    are skipped.
    """

    images: tyro.conf.Positional[tuple[Path, ...]]
    """Photos, or folders of photos; subfolders are followed."""
    output: Path = Path("proposals")
    """Folder for the results."""
    pages: bool = False
    """Whether every page of a TIFF file is a photo of its own: NAME.0001, NAME.0002, ..."""
    pngs: bool = False
    """Whether to write OUTPUT/<name>/<rank>.png as well: white is the mask, black the rest."""
    overlay: bool = False
    """Whether to write OUTPUT/<name>.png as well: the photo with the masks painted over it."""
    format: str | None = None
    """Also write the results of all photos to OUTPUT/FORMAT, for another program: coco, labelme,
    yolo, ... (`tamingseg convert --help` lists them)."""
    method: ProposalMethod = "grid"
    """Where masks come from: answers to a grid of clicks, or the regions of the model's hierarchy,
    which is fast for a model with a feature per pixel (distilled)."""
    proposals: tyro.conf.OmitArgPrefixes[ProposalConfig] = field(
        default_factory=lambda: ProposalConfig(count=100)
    )
    """How proposals are made."""
    model: str = "default"
    """A model's name, a checkpoint file, or your own model as MODULE:NAME. "default" is the click
    model of this package."""
    device: str | None = None
    """Device, such as cpu or cuda:0. By default the CPU for models with graphs for ONNX Runtime
    (default, distilled), else the GPU if there is one."""
    processes: int = 1
    """How many processes work on the photos, each with the model and its share of the cores."""


def main(arguments: Sequence[str]) -> int:
    """Parse, propose for every image, list what could not be read; exit code 1 if there was any."""
    command = parse(Propose, "tamingseg propose", arguments, RENAMED)
    output = command.output
    check_format(command.format, output)
    photos = find_photos(command.images, output, command.pages)
    results = Results("propose", output, lambda name: _files_of(name, command), own_rank())
    results.prepare(_settings(command), photos.paths)
    code = do_each("propose", photos, results, partial(_proposer, command), command.processes)
    write_format(command.format, photos, output)
    return code


def _proposer(command: Propose) -> Callable[[str, np.ndarray, int], None]:
    """Load the model; return what writes the results of a photo."""
    segmentor, output = load_segmentor(command.model, command.device), command.output

    def propose(name: str, image: np.ndarray, image_id: int) -> None:
        masks = propose_masks(segmentor, image, command.method, command.proposals)
        if command.pngs:
            _write_pngs(output / name, masks)
        if command.overlay:
            write_png(output / f"{name}.png", overlay_masks(image, masks))
        write_masks(output / f"{name}.json", masks, image_id)

    return propose


def _files_of(name: str, command: Propose) -> list[str]:
    """Return the files that are written for a photo."""
    pngs, overlay = [f"{name}/"] * command.pngs, [f"{name}.png"] * command.overlay
    return [f"{name}.json", *pngs, *overlay]


def _settings(command: Propose) -> dict[str, Any]:
    """Return what the masks of a folder are made with."""
    return {
        "model": command.model,
        "weights": model_fingerprint(command.model),
        "pngs": command.pngs,
        "overlay": command.overlay,
        "method": command.method,
        "proposals": asdict(command.proposals),
    }


def _write_pngs(folder: Path, masks: MaskSet) -> None:
    for old in folder.glob("[0-9]*.png"):  # of a run that was stopped, or an earlier photo
        old.unlink()
    for number in range(len(masks)):
        pixels = masks[number].astype(np.uint8) * 255
        write_png(folder / f"{number + 1:04}.png", pixels)
