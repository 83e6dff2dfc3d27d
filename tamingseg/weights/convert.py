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
from tamingseg.models.config import shown
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


def convert_segnext(checkpoint: Any) -> tuple[SegNextConfig, dict[str, Tensor]]:
    """Return the configuration and the state dict of an official checkpoint, read from its file.

    Raises
    ------
    ValueError
        If it is not a SegNext checkpoint, holds a variant that was never released (other prompts
        or fusion), a setting out of range, or a tensor that has no place in ours.
    """
    if not isinstance(checkpoint, Mapping) or not {"state_dict", "config"} <= set(checkpoint):
        came = [str(key)[:50] for key in checkpoint] if isinstance(checkpoint, Mapping) else ""
        raise ValueError(
            "an official SegNext checkpoint has the entries 'state_dict' and 'config', got "
            f"{came[:5] or type(checkpoint).__name__}"
        )
    state = checkpoint["state_dict"]
    if not isinstance(state, Mapping) or not all(
        isinstance(key, str) and isinstance(tensor, Tensor) for key, tensor in state.items()
    ):
        raise ValueError("the 'state_dict' of a SegNext checkpoint must map names to tensors")
    config = _infer_config(state, checkpoint["config"])
    return config, {_rename(key): tensor for key, tensor in state.items()}


def _infer_config(state: Mapping[str, Tensor], settings: Any) -> SegNextConfig:
    model = _setting(settings, "class")
    if not isinstance(model, str) or not model.endswith(".PlainVitModel"):
        raise ValueError(f"expected a checkpoint of PlainVitModel, got {shown(model)}")
    fusion = _setting(settings, "params", "fusion_params", "value", "type")
    disks = _setting(settings, "params", "use_disks", "value")
    if fusion != "self_attention" or disks is not True:
        raise ValueError(
            "only SegNext with self-attention fusion and clicks as disks is known here, got "
            f"fusion {shown(fusion)}, use_disks={shown(disks)}"
        )
    heads = _setting(settings, "params", "backbone_params", "value", "num_heads")
    fusion_heads = _setting(settings, "params", "fusion_params", "value", "params", "num_heads")
    if type(heads) is not int or type(fusion_heads) is not int or fusion_heads != heads:
        raise ValueError(
            "encoder and fusion must have the same number of heads, got "
            f"{shown(heads)} and {shown(fusion_heads)}"
        )
    _, positions, width = _shape(state, "backbone.pos_embed", 3)
    pyramid = [_shape(state, f"head.convs.{i}.conv.weight", 4)[1] for i in range(4)]
    return SegNextConfig(
        image_size=math.isqrt(max(positions - 1, 0)) * PATCH,
        width=width,
        depth=_count(state, "backbone.blocks."),
        heads=heads,
        global_every=_setting(settings, "params", "backbone_params", "value", "global_atten_freq"),
        fusion_depth=_count(state, "fusion_blocks."),
        pyramid=(pyramid[0], pyramid[1], pyramid[2], pyramid[3]),
        head_width=_shape(state, "head.seg_conv.weight", 4)[1],
        dropout=_setting(settings, "params", "head_params", "value", "dropout_ratio"),
        click_radius=_setting(settings, "params", "norm_radius", "value"),
    )


def _setting(settings: Any, *names: str) -> Any:
    """Return the value below these names in the nested mappings of the configuration."""
    for name in names:
        if not isinstance(settings, Mapping) or name not in settings:
            raise ValueError(
                "the 'config' of an official SegNext checkpoint has the entry "
                f"{'.'.join(names)}, this one has not; get the file again"
            )
        settings = settings[name]
    return settings


def _shape(state: Mapping[str, Tensor], key: str, dimensions: int) -> tuple[int, ...]:
    if key not in state or state[key].ndim != dimensions:
        raise ValueError(
            f"the checkpoint is not a complete SegNext: it has no {key} of {dimensions} dimensions"
        )
    return tuple(state[key].shape)


def _count(state: Mapping[str, Tensor], prefix: str) -> int:
    """How many different numbers follow `prefix`."""
    return len({key[len(prefix) :].split(".")[0] for key in state if key.startswith(prefix)})


def _rename(key: str) -> str:
    for official, ours in _RENAMED.items():
        if key.startswith(official):
            return ours + key[len(official) :]
    raise ValueError(f"the checkpoint holds {key[:100]!r}, which no official SegNext has")
