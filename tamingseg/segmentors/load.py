"""Segmentors by name, by file, by folder, or out of a module of one's own."""

import hashlib
import importlib
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal, overload

from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.click import ClickSegmentor, FeatureSegmentor, SegNextSegmentor
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.segmentors.network import Network
from tamingseg.segmentors.zoom import CandidateClickSegmentor, ZoomSegmentor
from tamingseg.weights.graphs import UnusableGraphs, read_graphs
from tamingseg.weights.registry import HUB_FILES, WEIGHTS, find_weights

if TYPE_CHECKING:  # torch takes seconds to load, and the shipped models need none of it
    import torch
    from torch import nn

_LOG = logging.getLogger(__name__)

_KINDS: dict[str, type[ClickSegmentor]] = {
    "clicknet": ZoomSegmentor,
    "segnext": SegNextSegmentor,
    "pixel-embedder": FeatureSegmentor,
}
"""A model's name in `tamingseg.models.table` -> the segmentor that knows how to ask it."""


def list_segmentors() -> list[str]:
    """Return the names that `load_segmentor` knows.

    Examples
    --------
    >>> from tamingseg import list_segmentors
    >>> {"default", "distilled"} <= set(list_segmentors())
    True
    """
    return list(WEIGHTS)


@overload
def load_segmentor(
    name_or_path: Literal["distilled"], device: str | None = None, threads: int | None = None
) -> FeatureSegmentor: ...
@overload
def load_segmentor(
    name_or_path: str | Path = "default", device: str | None = None, threads: int | None = None
) -> Segmentor: ...
def load_segmentor(
    name_or_path: str | Path = "default", device: str | None = None, threads: int | None = None
) -> Segmentor:
    """Load a segmentor.

    Parameters
    ----------
    name_or_path
        - One of `list_segmentors`.
        - The file of a checkpoint: ours, or an official one of SegNext.
        - A folder with a SAM 2 model, as the hub and transformers store it.
        - ``"module:attribute"`` out of a module of your own, which is imported, and so runs, from
          the current folder. The attribute is a segmentor, a class that makes one when called
          without arguments, or a function as `FunctionSegmentor` takes it.
    device
        A torch device such as "cpu" or "cuda:1". By default the CPU for models that run in ONNX
        Runtime, such as "default" and "distilled", and for others the GPU if there is one. A
        segmentor of your own chooses its device itself.
    threads
        How many CPU threads a call may use (in torch, all calls of the process); None takes
        $OMP_NUM_THREADS, else one for each core.

    Raises
    ------
    ValueError
        If the name is unknown, the file or folder is not a model that can be read, or what the
        module holds is no segmentor.
    FileNotFoundError
        If the file, or the file of named weights, is missing; the message says what to do.
    ImportError
        If it runs in torch and that is not installed, or it is a SAM 2 model and transformers is
        not.

    Examples
    --------
    >>> from tamingseg import load_segmentor
    >>> load_segmentor("default", device="cpu").name
    'default'
    """
    if own := _own_module(name_or_path):
        if threads is not None:
            _limit_torch(threads)
        return _load_own(*own)
    sam2 = _is_sam2(name_or_path)
    if not sam2 and device in (None, "cpu"):
        name, path = _find(name_or_path)
        if (network := _onnx_network(path, threads)) is not None:
            return _put_behind(*network, name)
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"{name_or_path} on {device or 'any device'} runs in torch ({error}); install it with: "
            "pip install 'tamingseg[train]'"
        ) from error

    if threads is not None:
        _limit_torch(threads)
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if sam2:
        # Imported for SAM 2 alone, because transformers takes seconds and is an extra; and before
        # the weights are looked for, because that may download them.
        from tamingseg.segmentors.sam2 import load_sam2

        name, folder = _find(name_or_path)
        return load_sam2(folder, name, device)
    from tamingseg.weights.checkpoint import load_model

    name, path = _find(name_or_path)
    return segmentor_for(load_model(path), name, device)


def segmentor_for(
    model: "nn.Module", name: str, device: "str | torch.device" = "cpu"
) -> ClickSegmentor:
    """Put a model of torch behind the segmentor that knows how it wants to be asked.

    Raises
    ------
    ValueError
        If there is none for this kind of model.
    """
    from tamingseg.models.table import describe_model
    from tamingseg.segmentors.torch_network import TorchNetwork

    kind, _ = describe_model(model)
    return _put_behind(TorchNetwork(model, device, exact=kind == "segnext"), kind, name)


def _put_behind(network: Network, kind: str, name: str) -> ClickSegmentor:
    if kind == "clicknet" and network.outputs > 1:
        return CandidateClickSegmentor(network, name)
    return _KINDS[kind](network, name)


def _onnx_network(weights: Path, threads: int | None) -> tuple[Network, str] | None:
    """Return the network of a checkpoint that was exported, and its kind of model."""
    try:
        graphs = read_graphs(weights)
    except UnusableGraphs as error:
        _LOG.warning("%s. Until then it runs in torch", error)
        return None
    if graphs is None:
        return None
    from tamingseg.segmentors.onnx_network import OnnxNetwork

    return OnnxNetwork(graphs, threads), graphs.model


def _limit_torch(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def model_fingerprint(name_or_path: str | Path = "default") -> str:
    """Twelve hex digits that tell a model from another, or from itself after more training.

    They begin the SHA-256 of the weights file, of configuration and weights of a SAM 2 folder, or
    of the source file of a module of your own and the attribute in it (which does not notice
    weights that it loads: give such a model another name when it is trained again).
    Raises what `load_segmentor` raises for a name that is unknown or a file that is missing.
    """
    digest = hashlib.sha256()
    if own := _own_module(name_or_path):
        files = [Path(str(_import_own(own[0]).__file__))]
        digest.update(own[1].encode())
    else:
        _, path = _find(name_or_path)
        files = [path / file for file in HUB_FILES] if path.is_dir() else [path]
    for path in files:
        with open(path, "rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()[:12]


def model_facts(segmentor: Segmentor, name_or_path: str | Path) -> dict[str, str]:
    """Say of a model that was loaded by that name what records of its figures need.

    That is its ``model`` name, the fingerprint of its ``weights``, and the ``precision`` that its
    encoder computes in, if it tells.
    """
    facts = {"model": segmentor.name, "weights": model_fingerprint(name_or_path)}
    precision = getattr(segmentor, "precision", None)
    return facts if precision is None else {**facts, "precision": precision}


def _is_sam2(name_or_path: str | Path) -> bool:
    if name_or_path in WEIGHTS:
        return WEIGHTS[str(name_or_path)].hub is not None
    return Path(name_or_path).is_dir()


def _find(name_or_path: str | Path) -> tuple[str, Path]:
    """Return what the model is called, and its file or folder."""
    if name_or_path in WEIGHTS:
        return str(name_or_path), find_weights(str(name_or_path))
    path = Path(name_or_path)
    if path.is_dir():
        return path.resolve().name, path
    if path.exists() or path.suffix in (".safetensors", ".pth", ".pt"):
        return path.stem, path
    raise ValueError(
        f"unknown segmentor {str(name_or_path)!r}; it must be one of {', '.join(WEIGHTS)}, the "
        "path of a checkpoint or of a folder with a SAM 2 model, or module:attribute"
    )


def _own_module(name_or_path: str | Path) -> tuple[str, str] | None:
    """Split ``module:attribute``; None for everything else."""
    module, colon, attribute = str(name_or_path).partition(":")
    names = [*module.split("."), attribute]
    # In a Windows path, what follows the colon is no identifier.
    if colon and all(map(str.isidentifier, names)) and not Path(name_or_path).exists():
        return module, attribute
    return None


def _import_own(module: str) -> ModuleType:
    """Import a module from the current folder, or from wherever Python finds it."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)  # first, as ``python -m`` has it
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        # Only if it is this module that is missing, and not one that it imports itself.
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ValueError(
            f"there is no module {error.name!r} in the current folder {folder}, and none is "
            f"installed; {module}:... needs a file {module.replace('.', '/')}.py"
        ) from error
    if getattr(found, "__file__", None) is None:
        raise ValueError(f"the module {module!r} has no source file, so it is not one of your own")
    return found


def _load_own(module: str, attribute: str) -> Segmentor:
    source = _import_own(module)
    if not hasattr(source, attribute):
        public = [known for known in vars(source) if not known.startswith("_")]
        raise ValueError(
            f"the module {module!r} ({source.__file__}) has no {attribute!r}; "
            f"it has {', '.join(public) or 'nothing public'}"
        )
    found = getattr(source, attribute)
    if isinstance(found, type):
        found = found()
    lacks = [part for part in ("embed", "predict", "name") if not hasattr(found, part)]
    if not lacks:
        return found
    if callable(found) and {"embed", "predict"} <= set(lacks):
        return FunctionSegmentor(found, attribute)
    raise ValueError(
        f"{module}:{attribute} must be a segmentor with embed, predict and name, a class that "
        "makes one without arguments, or a function (image, clicks); it is of type "
        f"{type(found).__name__}, without {', '.join(lacks)}"
    )
