"""`tamingseg export WEIGHTS ...`: a trained model for ONNX Runtime, beside its file."""

from collections.abc import Sequence
from dataclasses import dataclass

import tyro

from tamingseg.cli.flags import parse
from tamingseg.weights.registry import weights_path


@dataclass(frozen=True)
class Export:
    """Write the graphs of a trained model beside it: MODEL.onnx.zip beside MODEL.safetensors.

    With them the model runs in ONNX Runtime, which starts much faster than torch. They hold no
    weights; a model that is trained further keeps them, one of another configuration needs new
    ones.
    """

    weights: tyro.conf.Positional[tuple[str, ...]]
    """Checkpoint files, or "default" and "distilled" for those of this package."""


def main(arguments: Sequence[str]) -> int:
    """Parse, export, print."""
    command = parse(Export, "tamingseg export", arguments)
    if not command.weights:
        raise ValueError("no model: name at least one checkpoint file")
    from tamingseg.weights.export import export_graphs

    for name in command.weights:
        path = export_graphs(weights_path(name))
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    return 0
