"""`tamingseg app`: the page in the browser."""

from collections.abc import Sequence
from dataclasses import dataclass

import tyro

from tamingseg.ui.page import launch


@dataclass(frozen=True)
class App:
    """Start the page and say its address; ends with Ctrl-C."""

    port: int = 7860
    """Port the page is served on."""
    host: str = "127.0.0.1"
    """Address it is served on; 0.0.0.0 lets other machines in."""
    model: str = "default"
    """Name of a segmentor, or a checkpoint file."""


def main(arguments: Sequence[str]) -> int:
    """Parse and launch."""
    command = tyro.cli(App, prog="tamingseg app", args=list(arguments))
    launch(port=command.port, host=command.host, model=command.model)
    return 0
