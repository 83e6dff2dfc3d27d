"""The models by name: what a checkpoint may hold and a configuration may ask for."""

from dataclasses import asdict, fields
from typing import Any

from torch import nn

from tamingseg.models.clicknet import ClickNet, ClickNetConfig
from tamingseg.models.config import shown
from tamingseg.models.pixel_embedder import PixelEmbedder, PixelEmbedderConfig
from tamingseg.models.segnext import SegNext, SegNextConfig

Model = ClickNet | SegNext | PixelEmbedder
"""All of them have `encode`, `decode` and `enlarge`."""

MODELS: dict[str, tuple[type[Model], type]] = {
    "clicknet": (ClickNet, ClickNetConfig),
    "segnext": (SegNext, SegNextConfig),
    "pixel-embedder": (PixelEmbedder, PixelEmbedderConfig),
}
"""Name -> (model, configuration); a model takes its configuration and keeps it as `config`."""


def describe_model(model: nn.Module) -> tuple[str, dict[str, Any]]:
    """Return the name of a model and its configuration as plain values.

    Raises
    ------
    ValueError
        If it is none of `MODELS`.
    """
    for name, (model_class, _) in MODELS.items():
        if isinstance(model, Model) and type(model) is model_class:
            return name, asdict(model.config)
    raise ValueError(
        f"expected one of the models {', '.join(MODELS)}, got a {type(model).__name__}; "
        "new models are entered in tamingseg/models/table.py"
    )


def build_model(name: str, config: dict[str, Any]) -> nn.Module:
    """Build a model, with fresh weights, from what `describe_model` gave.

    Raises
    ------
    ValueError
        If the name, a field, or a value is not one that this version knows.
    """
    if not isinstance(name, str) or name not in MODELS:
        raise ValueError(f"the model must be one of {', '.join(MODELS)}, got {shown(name)}")
    model_class, config_class = MODELS[name]
    known = {field.name for field in fields(config_class)}
    if unknown := set(config) - known:
        raise ValueError(
            f"a {name} has the settings {', '.join(sorted(known))}, got also "
            f"{', '.join(sorted(unknown))[:200]}; it may need a newer version of tamingseg"
        )
    # JSON knows lists only.
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in config.items()}
    try:
        return model_class(config_class(**values))
    except ValueError as error:
        raise ValueError(f"no {name} can be built from these settings: {error}") from error
