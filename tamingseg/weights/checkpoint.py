"""Models on disk: safetensors, with the model's name and configuration as JSON beside the tensors.

Reading never runs code from the file and is strict: what is read is exactly the model that was
written. Official SegNext checkpoints (``.pth``) are read through `tamingseg.weights.convert`.
"""

import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from tamingseg.models.segnext import SegNext
from tamingseg.models.table import build_model, describe_model
from tamingseg.weights.convert import convert_segnext

FORMAT_VERSION = 1
_HEADER = "tamingseg"


def save_checkpoint(
    model: nn.Module, path: str | os.PathLike[str], dtype: torch.dtype | None = None
) -> None:
    """Write a model of `tamingseg.models.table` to `path`; `dtype` halves the file if float16.

    The file appears under its name only when it is complete.

    Raises
    ------
    ValueError
        If the model is not one of the table.
    """
    name, config = describe_model(model)
    header = {"version": FORMAT_VERSION, "model": name, "config": config}
    tensors = {
        key: tensor.detach().to("cpu", dtype if tensor.is_floating_point() else None).contiguous()
        for key, tensor in model.state_dict().items()
    }
    unfinished = Path(f"{path}.unfinished")
    # Not `save_file`: it makes a file that only its owner may read, which a hosted page cannot.
    unfinished.write_bytes(save(tensors, metadata={_HEADER: json.dumps(header)}))
    unfinished.replace(path)


def load_model(path: str | os.PathLike[str]) -> nn.Module:
    """Read a model, float32 on the CPU and in evaluation mode.

    Parameters
    ----------
    path
        What `save_checkpoint` wrote, or an official SegNext checkpoint, ``.pth`` or ``.pt``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, is of another kind, carries code, or its tensors are not exactly
        those of the model it names. The message names the file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        if path.suffix in (".pth", ".pt"):
            config, state = convert_segnext(_read_pickle(path))
            model: nn.Module = SegNext(config)
        else:
            header, state = _read_safetensors(path)
            model = build_model(header["model"], header["config"])
        _load_strictly(model, state)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return model.eval()


def _read_pickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            "the file is damaged, or carries more than tensors and plain values; nothing in it "
            f"was run ({str(error).splitlines()[0]})"
        ) from error


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
    except SafetensorError as error:
        raise ValueError(
            f"expected a safetensors file, but it is of another kind or cut short ({error})"
        ) from error
    try:
        header = json.loads(metadata[_HEADER])
        version = header["version"]
        header["model"], header["config"].items()  # what `load_model` reads
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            "the file was not written by tamingseg: its safetensors metadata lack a readable "
            f"{_HEADER!r} entry with version, model and config"
        ) from error
    if version != FORMAT_VERSION:
        raise ValueError(
            f"this version of tamingseg reads checkpoint format {FORMAT_VERSION}, the file has "
            f"format {version}; install a newer tamingseg"
        )
    return header, state


def _load_strictly(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load `state`, or say which tensors are missing, left over or of another shape."""
    expected = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    came = {key: tuple(tensor.shape) for key, tensor in state.items()}
    problems = {
        "missing": expected.keys() - came.keys(),
        "unexpected": came.keys() - expected.keys(),
        "of another shape": {
            f"{key} ({came[key]}, expected {expected[key]})"
            for key in expected.keys() & came.keys()
            if expected[key] != came[key]
        },
    }
    if any(problems.values()):
        raise ValueError(
            f"the tensors do not make a {type(model).__name__}: "
            + "; ".join(f"{kind}: {_some(keys)}" for kind, keys in problems.items() if keys)
        )
    model.load_state_dict(state)


def _some(keys: set[str]) -> str:
    listed = sorted(keys)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more
