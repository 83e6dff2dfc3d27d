"""`tamingseg segment IMAGE --click ROW,COL[,-] ... --output mask.png`: one mask from clicks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from tamingseg.cli.flags import parse
from tamingseg.data.base import read_image
from tamingseg.data.writer import write_png
from tamingseg.proposals.levels import Candidates, level_stack
from tamingseg.segmentors.load import load_segmentor
from tamingseg.session.answers import SessionFusion
from tamingseg.session.session import Session
from tamingseg.values import MASK_THRESHOLD, Click, MaskSet
from tamingseg.viz import overlay, overlay_masks

_MOST_LEVELS = 6
"""All levels that differ clearly are offered; those that are of no use have a low stability."""


@dataclass(frozen=True)
class Segment:
    """Segment an image from clicks and save the mask: white is the object, black the rest."""

    image: tyro.conf.Positional[Path]
    """A photo."""
    click: tyro.conf.UseAppendAction[tuple[str, ...]]
    """A click as ROW,COL in pixels of the upright photo, or ROW,COL,- for one outside the object;
    may be given several times."""
    output: Path
    """PNG file for the mask, of the photo's size."""
    page: int | None = None
    """Which page of a TIFF file, from 1 on; by default the first."""
    overlay: Path | None = None
    """PNG file for the photo with the mask painted over it; with --levels, with all masks."""
    levels: bool = False
    """Also save the nested masks around the first click, from part to whole, beside the mask:
    mask.level1.png, mask.level2.png, ..."""
    fusion: SessionFusion | None = None
    """How several clicks become one mask; by default "joint" if the model can, else "certainty"."""
    threshold: float = MASK_THRESHOLD
    """Pixels with a probability above this belong to the mask; it is the level of the mask."""
    model: str = "default"
    """A model's name, a checkpoint file, or your own model as MODULE:NAME. "default" is the click
    model of this package."""
    device: str | None = None
    """Device, such as cpu or cuda:0. By default the CPU for models with graphs for ONNX Runtime
    (default, distilled), else the GPU if there is one."""


def main(arguments: Sequence[str]) -> int:
    """Parse, segment, save."""
    command = parse(Segment, "tamingseg segment", arguments)
    clicks = [parse_click(text) for text in command.click]
    if not clicks:
        raise ValueError("no click: give at least one with --click ROW,COL")
    for path in filter(None, (command.output, command.overlay)):
        if path.suffix.lower() != ".png":
            raise ValueError(f"{path} must end with .png, which keeps every pixel as it is")
    if command.levels and not clicks[0].positive:
        raise ValueError(
            "--levels gives the masks around the first click, so that must be inside the object; "
            f"got {command.click[0]!r}"
        )
    image = read_image(command.image, None if command.page is None else command.page - 1)
    session = Session(
        load_segmentor(command.model, command.device),
        image,
        fusion=command.fusion,
        threshold=command.threshold,
    )
    for click in clicks:
        session.add_click(click.row, click.col, click.positive)
    mask = session.mask
    write_png(command.output, mask.astype(np.uint8) * 255)
    print(f"{command.output}: {_area(mask)}")
    if command.levels and (answer := session.probabilities) is not None:
        stack = level_stack(answer, clicks[0].row, clicks[0].col, _MOST_LEVELS)
        masks = MaskSet(stack.packed, session.size, stack.stability)
        _save_levels(stack, masks, command.output)
    if command.overlay is not None:
        painted = overlay_masks(image, masks) if command.levels else overlay(image, mask)
        write_png(command.overlay, painted)
    return 0


def _save_levels(stack: Candidates, masks: MaskSet, output: Path) -> None:
    """Save each of the `masks` beside `output` and print what it is."""
    if len(masks) == 0:
        print("no levels: the answer is unlikely at the first click itself")
    for number, (level, stability) in enumerate(zip(stack.level, stack.stability, strict=True)):
        mask, path = masks[number], output.with_suffix(f".level{number + 1}.png")
        write_png(path, mask.astype(np.uint8) * 255)
        print(
            f"{path}: probability above {1 / (1 + np.exp(-level)):.2f}, {_area(mask)}, "
            f"stability {stability:.2f}"
        )


def _area(mask: np.ndarray) -> str:
    return f"{int(mask.sum())} of {mask.size} pixels ({mask.mean():.1%})"


def parse_click(text: str) -> Click:
    """Read ``ROW,COL``, ``ROW,COL,+`` or ``ROW,COL,-``; raises ValueError for anything else."""
    row, col, sign = [*text.split(","), "+"][:3] if text.count(",") in (1, 2) else ("", "", "")
    try:
        if sign.strip() not in ("+", "-"):
            raise ValueError(f"its sign is {sign!r}")
        return Click(float(row), float(col), sign.strip() == "+")
    except ValueError as error:
        raise ValueError(
            f"expected a click as ROW,COL or ROW,COL,- in pixels, got {text!r} ({error})"
        ) from error
