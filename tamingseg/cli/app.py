"""`tamingseg app`: the page in the browser."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import tyro

from tamingseg.ui.page import launch


@dataclass(frozen=True)
class App:
    """Start the page, say its address and open it; ends with Ctrl-C."""

    port: int | None = None
    """Port the page is served on; by default the first free one from 7860."""
    host: str | None = None
    """Address it is served on, by default for this machine alone; 0.0.0.0 lets others in."""
    model: str = "default"
    """Name of a segmentor, or a checkpoint file."""
    open_browser: bool = True
    """Whether to show the page in the browser."""
    textures: Path | None = None
    """Folder of photos of textures for mosaics, besides those by formula."""


def main(arguments: Sequence[str]) -> int:
    """Parse and launch."""
    command = tyro.cli(App, prog="tamingseg app", args=list(arguments))
    launch(**asdict(command))
    return 0
