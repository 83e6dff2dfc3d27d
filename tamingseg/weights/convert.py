"""Official SegNext checkpoints -> our `SegNext`.

A checkpoint of github.com/uncbiag/SegNext is ``{"state_dict": ..., "config": ...}``, plain
containers and tensors only. Widths and depths follow from the tensors; what no tensor shows, the
number of heads for one, is read from the configuration.
"""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from tamingseg.models.backbone import PATCH
from tamingseg.models.segnext import SegNextConfig

_RENAMED = {
    "backbone.": "backbone.",
    "visual_prompts_encoder.": "prompt_embed.",
    "fusion_blocks.": "fusion_blocks.",
    "neck.down_4.": "neck.stride4.",
    "neck.down_8.": "neck.stride8.",
    "neck.down_16.": "neck.stride16.",
    "neck.down_32.": "neck.stride32.",
    "head.convs.0.conv.": "head.project.0.",
    "head.convs.1.conv.": "head.project.1.",
    "head.convs.2.conv.": "head.project.2.",
    "head.convs.3.conv.": "head.project.3.",
    "head.fusion_conv.conv.": "head.fuse.",
    "head.seg_conv.": "head.predict.",
}


def convert_segnext(checkpoint: Mapping[str, Any]) -> tuple[SegNextConfig, dict[str, Tensor]]:
    """Return the configuration and the state dict of an official checkpoint, read from its file.

    Raises
    ------
    ValueError
        If it is not a SegNext checkpoint, holds a variant that was never released (other prompts
        or fusion), or a tensor that has no place in ours.
    """
    if not isinstance(checkpoint, Mapping) or not {"state_dict", "config"} <= set(checkpoint):
        came = list(checkpoint)[:5] if isinstance(checkpoint, Mapping) else type(checkpoint)
        raise ValueError(
            f"an official SegNext checkpoint has the entries 'state_dict' and 'config', got {came}"
        )
    state, settings = checkpoint["state_dict"], _settings(checkpoint["config"])
    try:
        config = _infer_config(state, settings)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(
            f"the checkpoint is not a complete SegNext: {type(error).__name__} {error}"
        ) from error
    return config, {_rename(key): tensor for key, tensor in state.items()}


def _settings(config: Any) -> dict[str, Any]:
    """Return the values of {'class': ..., 'params': {name: {'value': ...}}}."""
    try:
        if not config["class"].endswith(".PlainVitModel"):
            raise ValueError(f"expected a checkpoint of PlainVitModel, got {config['class']!r}")
        return {name: entry["value"] for name, entry in config["params"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            "the 'config' of an official SegNext checkpoint has the entries 'class' and 'params', "
            f"this one cannot be read: {type(error).__name__} {error}"
        ) from error


def _infer_config(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> SegNextConfig:
    backbone, fusion = settings["backbone_params"], settings["fusion_params"]
    if fusion["type"] != "self_attention" or not settings["use_disks"]:
        raise ValueError(
            "only SegNext with self-attention fusion and clicks as disks is known here, got "
            f"fusion {fusion['type']!r}, use_disks={settings['use_disks']}"
        )
    if fusion["params"]["num_heads"] != backbone["num_heads"]:
        raise ValueError(
            "encoder and fusion must have the same number of heads, got "
            f"{backbone['num_heads']} and {fusion['params']['num_heads']}"
        )
    _, positions, width = state["backbone.pos_embed"].shape
    return SegNextConfig(
        image_size=math.isqrt(positions - 1) * PATCH,
        width=width,
        depth=_count(state, "backbone.blocks."),
        heads=backbone["num_heads"],
        global_every=backbone["global_atten_freq"],
        fusion_depth=_count(state, "fusion_blocks."),
        pyramid=tuple(state[f"head.convs.{i}.conv.weight"].shape[1] for i in range(4)),
        head_width=state["head.seg_conv.weight"].shape[1],
        dropout=settings["head_params"]["dropout_ratio"],
        click_radius=settings["norm_radius"],
    )


def _count(state: Mapping[str, Tensor], prefix: str) -> int:
    """How many different numbers follow `prefix`."""
    return len({key[len(prefix) :].split(".")[0] for key in state if key.startswith(prefix)})


def _rename(key: str) -> str:
    for official, ours in _RENAMED.items():
        if key.startswith(official):
            return ours + key[len(official) :]
    raise ValueError(f"the checkpoint holds {key!r}, which no official SegNext has")
