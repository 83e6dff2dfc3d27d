"""Graphs: a trained model for ONNX Runtime, beside its weights and without a second copy of them.

``model.safetensors`` has its graphs in ``model.onnx.zip``: one ONNX file for each thing that the
network does, and ``manifest.json``, which says what model they were made of. The graphs name their
weights and hold none: the tensors are handed over when a graph is loaded. So a model that is
trained further keeps its graphs, and graphs of another configuration are never used.
`tamingseg.weights.export` writes them.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from tamingseg.files import parse_json

FORMAT_VERSION = 1
HEADER = "tamingseg"
"""Where the metadata of a safetensors file hold name and configuration of the model."""
MANIFEST = "manifest.json"
FACTS = ("stride_multiple", "image_size", "outputs", "dim")
"""What a manifest tells of the network."""
_LARGEST = 2**24
"""No file in the archive has more bytes; a graph without weights has a few hundred thousand."""


@dataclass(frozen=True, slots=True)
class Graphs:
    """A trained model as graphs and weights.

    Attributes
    ----------
    model
        Its name in `tamingseg.models.table`.
    stride_multiple, image_size, outputs, dim
        What a network says of itself, see `tamingseg.segmentors.network`; `dim` is the length of a
        pixel's feature, 0 without any.
    graphs
        What it does -> the ONNX file, and the weights that this needs.
    weights
        Name -> float32 array.
    """

    model: str
    stride_multiple: int
    image_size: int
    outputs: int
    dim: int
    graphs: dict[str, tuple[bytes, list[str]]]
    weights: dict[str, np.ndarray]


class UnusableGraphs(ValueError):
    """Graphs that are there but damaged, or made of another model than the weights beside them."""


def graphs_path(weights: str | Path) -> Path:
    """Return where the graphs of a weights file lie.

    Examples
    --------
    >>> graphs_path("runs/model.safetensors").name
    'model.onnx.zip'
    """
    return Path(weights).with_suffix(".onnx.zip")


def shapes_of(weights: dict[str, np.ndarray]) -> dict[str, list[int]]:
    """Return the shape of each tensor, as a manifest holds it."""
    return {name: list(array.shape) for name, array in sorted(weights.items())}


def feature_name(place: int) -> str:
    """Return what a graph calls the features at `place` of those that the encoder gives."""
    return f"feature{place}"


def read_graphs(weights: str | Path) -> Graphs | None:
    """Read weights with the graphs beside them; None if there are no graphs.

    Raises
    ------
    UnusableGraphs
        If the graphs are damaged, or were made of another model than these weights. The message
        names the file and says what to do.
    """
    path, weights = graphs_path(weights), Path(weights)
    if weights.suffix != ".safetensors" or not path.is_file() or not weights.is_file():
        return None
    again = f"make them again: tamingseg export {weights}"
    try:
        header, arrays = read_weights(weights)
        with zipfile.ZipFile(path) as archive:
            files = {info.filename: info for info in archive.infolist()}
            if any(info.file_size > _LARGEST for info in files.values()):
                raise ValueError("it holds a huge file")
            manifest = parse_json(archive.read(MANIFEST))
            if manifest["version"] != FORMAT_VERSION:
                raise ValueError(f"its format is {manifest['version']}, not {FORMAT_VERSION}")
            graphs = {
                name: (archive.read(f"{name}.onnx"), list(needed))
                for name, needed in manifest["graphs"].items()
            }
        made_of = {key: manifest[key] for key in ("model", "config", "shapes")}
        facts = {name: int(manifest[name]) for name in FACTS}
    except Exception as error:  # whatever zipfile, zlib and safetensors make of damaged files
        raise UnusableGraphs(f"{path} cannot be used ({error}); {again}") from error
    if made_of != {**header, "shapes": shapes_of(arrays)}:
        raise UnusableGraphs(f"{path} was made of another model than {weights.name}; {again}")
    return Graphs(header["model"], graphs=graphs, weights=arrays, **facts)


def read_weights(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return ``model`` and ``config`` as a checkpoint names them, and its tensors as float32."""
    with safe_open(path, framework="numpy") as file:
        header = parse_json((file.metadata() or {})[HEADER])
        arrays = {
            key: np.asarray(file.get_tensor(key), np.float32, order="C")
            for key in file.keys()  # noqa: SIM118 (no mapping)
        }
    return {key: header[key] for key in ("model", "config")}, arrays
