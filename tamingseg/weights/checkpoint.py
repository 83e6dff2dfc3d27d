"""Models on disk: safetensors, with the model's name and configuration as JSON beside the tensors.

Reading never runs code from the file and is strict: what is read is exactly the model that was
written. Official SegNext checkpoints (``.pth``) are read through `tamingseg.weights.convert`.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from tamingseg.files import parse_json, write_whole
from tamingseg.models.table import build_model, describe_model
from tamingseg.weights.convert import convert_segnext

FORMAT_VERSION = 1
_HEADER = "tamingseg"


def save_checkpoint(
    model: nn.Module, path: str | os.PathLike[str], dtype: torch.dtype | None = None
) -> None:
    """Write a model of `tamingseg.models.table` to `path`; `dtype` halves the file if float16.

    A tensor with numbers that are too large for `dtype` keeps its own. The file appears under its
    name only when it is complete.

    Raises
    ------
    ValueError
        If the model is not one of the table.
    OSError
        If the file cannot be written; one that was there before stays.
    """
    name, config = describe_model(model)
    header = {"version": FORMAT_VERSION, "model": name, "config": config}
    tensors = {
        key: _narrowed(tensor.detach().cpu(), dtype).contiguous()
        for key, tensor in model.state_dict().items()
    }
    # Not `save_file`: it makes a file that only its owner may read, which a hosted page cannot.
    write_whole(path, save(tensors, metadata={_HEADER: json.dumps(header)}))


def _narrowed(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Return a tensor as `dtype` if its floats fit. Variances of features may be too large."""
    if dtype is None or not tensor.is_floating_point():
        return tensor
    narrowed = tensor.to(dtype)
    return narrowed if narrowed.isfinite().all() else tensor


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
        those of the model it names, or not finite. The message names the file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        if path.suffix in (".pth", ".pt"):
            segnext, state = convert_segnext(_read_pickle(path))
            name, config = "segnext", asdict(segnext)
        else:
            header, state = _read_safetensors(path)
            name, config = header["model"], header["config"]
        # A small file may name a huge model: compare the shapes before any memory is taken.
        _check_size(state, path.stat().st_size)
        with torch.device("meta"):
            expected = build_model(name, config).state_dict()
        _check_tensors(name, expected, state)
        model = build_model(name, config)
        model.load_state_dict(state)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return model.eval()


def _read_pickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever torch makes of damaged data
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            "the file is damaged, or carries more than tensors and plain values; nothing in it "
            f"was run ({reason[:200]}). Get it again"
        ) from error


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
    except Exception as error:  # the library's own, and torch's about types it does not know
        raise ValueError(
            f"expected a safetensors file, but it is of another kind or incomplete ({error}). Get "
            "it again"
        ) from error
    try:
        header = parse_json(metadata[_HEADER])
        version = header["version"]
        header["model"], header["config"].items()  # what `load_model` reads
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            "the file was not written by tamingseg: its safetensors metadata lack a readable "
            f"{_HEADER!r} entry with version, model and config"
        ) from error
    if type(version) is not int or version != FORMAT_VERSION:
        raise ValueError(
            f"this version of tamingseg reads checkpoint format {FORMAT_VERSION}, the file has "
            "another one; install a newer tamingseg"
        )
    return header, state


def _check_size(state: Mapping[str, Tensor], file_size: int) -> None:
    """Refuse what is no plain tensor, and more numbers than a file can hold."""
    odd = {key for key, tensor in state.items() if not _is_plain(tensor)}
    if odd:
        raise ValueError(f"these entries are no dense tensors of real numbers: {_some(odd)}")
    # (A tensor can repeat one number of the file without end.)
    size = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    if size > file_size:
        raise ValueError(
            f"the tensors have {size} bytes, the file has {file_size}; save each tensor in full"
        )


def _is_plain(tensor: Any) -> bool:
    return (
        type(tensor) in (Tensor, nn.Parameter)
        and tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not (tensor.is_complex() or tensor.is_quantized)
    )


def _check_tensors(name: str, expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    """Say which tensors are missing, left over, of another shape or kind, or not finite."""
    both = expected.keys() & state.keys()
    shapes = {key: (tuple(state[key].shape), tuple(expected[key].shape)) for key in both}
    problems = {
        "missing": expected.keys() - state.keys(),
        "unexpected": state.keys() - expected.keys(),
        "of another shape": {
            f"{key} ({came}, expected {wanted})"
            for key, (came, wanted) in shapes.items()
            if came != wanted
        },
        "of another type": {
            f"{key} ({state[key].dtype})"
            for key in both
            if state[key].is_floating_point() != expected[key].is_floating_point()
        },
        "not finite": {key for key in both if not state[key].isfinite().all()},
    }
    if any(problems.values()):
        raise ValueError(
            f"the tensors do not make a {name}: "
            + "; ".join(f"{kind}: {_some(keys)}" for kind, keys in problems.items() if keys)
        )


def _some(keys: set[str]) -> str:
    listed = [key[:100] for key in sorted(keys)]
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more
