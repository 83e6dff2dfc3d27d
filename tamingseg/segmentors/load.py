"""Segmentors by name or by file."""

from pathlib import Path

import torch

from tamingseg.segmentors.base import Segmentor
from tamingseg.segmentors.click import segmentor_for
from tamingseg.weights.checkpoint import load_model
from tamingseg.weights.registry import WEIGHTS, find_weights


def list_segmentors() -> list[str]:
    """Return the names that `load_segmentor` knows."""
    return list(WEIGHTS)


def load_segmentor(
    name_or_path: str | Path = "default", device: str | None = None, threads: int | None = None
) -> Segmentor:
    """Load a segmentor.

    Parameters
    ----------
    name_or_path
        One of `list_segmentors`, or a checkpoint: ours, or an official one of SegNext.
    device
        A torch device such as "cpu" or "cuda:1"; by default the GPU if there is one.
    threads
        How many CPU threads torch may use, in the whole process; None leaves that as it is.

    Raises
    ------
    ValueError
        If the name is unknown, or the file is not a checkpoint that can be read.
    FileNotFoundError
        If the file, or the file of named weights, is missing; the message says what to do.
    """
    if name_or_path in WEIGHTS:
        name, path = str(name_or_path), find_weights(str(name_or_path))
    else:
        path = Path(name_or_path)
        name = path.stem
        if not path.exists() and path.suffix not in (".safetensors", ".pth", ".pt"):
            raise ValueError(
                f"unknown segmentor {str(name_or_path)!r}; it must be one of "
                f"{', '.join(WEIGHTS)}, or the path of a checkpoint"
            )
    if threads is not None:
        torch.set_num_threads(threads)
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return segmentor_for(load_model(path), name, device)
