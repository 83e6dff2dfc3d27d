"""`tamingseg app`: the page in the browser."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tamingseg.cli.flags import parse
from tamingseg.ui.page import MEMORY, launch


@dataclass(frozen=True)
class App:
    """Start the page, print its address and open it. Ctrl-C ends it."""

    port: int | None = None
    """Port of the page; by default the first free one from 7860."""
    host: str | None = None
    """Address of the page. By default only this computer can open it; 0.0.0.0 lets others in."""
    model: str = "default"
    """A model's name, a checkpoint file, or your own model as MODULE:NAME. "default" is the click
    model of this package."""
    open_browser: bool = True
    """Whether to show the page in the browser."""
    textures: Path | None = None
    """Folder of photos of textures for mosaics, besides those by formula."""
    memory: float = MEMORY
    """Gigabytes for the photos of all users together, and what is found in them. The process takes
    about one more."""


def main(arguments: Sequence[str]) -> int:
    """Parse and launch."""
    command = parse(App, "tamingseg app", arguments)
    launch(**asdict(command))
    return 0
