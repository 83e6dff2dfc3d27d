"""Official checkpoints: a made-up one of the official layout, and the two real tiny ones."""

import pytest
import torch

from tamingseg.models.segnext import SegNext
from tamingseg.weights.checkpoint import load_model, save_checkpoint
from tamingseg.weights.convert import _RENAMED, convert_segnext


@pytest.fixture
def official(make_model):
    """The tiny model as the official code would have saved it."""
    state = {}
    for key, tensor in make_model("segnext").state_dict().items():
        prefix = next(ours for ours in _RENAMED.values() if key.startswith(ours))
        name = next(official for official, ours in _RENAMED.items() if ours == prefix)
        state[name + key[len(prefix) :]] = tensor
    heads = {"num_heads": 2}
    params = {
        "backbone_params": {"global_atten_freq": 3, **heads},
        "head_params": {"dropout_ratio": 0.1},
        "fusion_params": {"type": "self_attention", "params": heads},
        "use_disks": True,
        "norm_radius": 3,
    }
    return {
        "state_dict": state,
        "config": {
            "class": "isegm.model.is_plainvit_model.PlainVitModel",
            "params": {k: {"type": "builtin", "value": v} for k, v in params.items()},
        },
    }


def test_configuration_and_every_tensor_come_back(official, make_model):
    config, state = convert_segnext(official)
    model = make_model("segnext")
    assert config == model.config
    assert state.keys() == model.state_dict().keys()
    SegNext(config).load_state_dict(state, strict=True)


def test_the_checkpoint_is_not_changed(official):
    keys = list(official["state_dict"])
    convert_segnext(official)
    assert list(official["state_dict"]) == keys


def test_a_tensor_too_many(official):
    official["state_dict"]["backbone2.x"] = torch.zeros(1)
    with pytest.raises(ValueError, match=r"'backbone2\.x', which no official SegNext has"):
        convert_segnext(official)


def test_a_tensor_missing(official, tmp_path):
    del official["state_dict"]["backbone.blocks.0.attn.qkv.weight"]
    torch.save(official, tmp_path / "m.pth")
    with pytest.raises(ValueError, match=r"missing: backbone\.blocks\.0\.attn\.qkv\.weight"):
        load_model(tmp_path / "m.pth")
    del official["state_dict"]["backbone.pos_embed"]
    with pytest.raises(ValueError, match=r"not a complete SegNext: it has no backbone\.pos_embed"):
        convert_segnext(official)


def test_tensors_that_repeat_one_number_of_the_file(official, tmp_path):
    """They take no room in the file, and terabytes as a model."""
    official["state_dict"]["head.fuse.x"] = torch.zeros(1).expand(10**6, 10**6)
    official["state_dict"]["head.fusion_conv.conv.bias"] = torch.zeros(1).expand(10**6, 10**6)
    torch.save(official, tmp_path / "m.pth")
    with pytest.raises(ValueError, match=r"m\.pth: .*head\.fuse\.x"):
        load_model(tmp_path / "m.pth")
    del official["state_dict"]["head.fuse.x"]
    torch.save(official, tmp_path / "m.pth")
    with pytest.raises(ValueError, match=r"m\.pth: the tensors have 4\d+ bytes, the file has"):
        load_model(tmp_path / "m.pth")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("fusion_params", {"type": "cross_attention"}, "fusion 'cross_attention'"),
        ("use_disks", False, "use_disks=False"),
        (
            "fusion_params",
            {"type": "self_attention", "params": {"num_heads": 4}},
            "same number of heads, got 2 and 4",
        ),
        (
            "backbone_params",
            {},
            r"has the entry .*backbone_params\.value\.num_heads, this one has not",
        ),
        ("norm_radius", 10**9, "click_radius must be a whole number from 0 to 100"),
        ("norm_radius", [5], "click_radius must be .* got list"),
        ("head_params", {"dropout_ratio": "x"}, "dropout must be a number from 0 to 1"),
        ("backbone_params", {"num_heads": 2, "global_atten_freq": 0}, "global_every must be"),
        ("backbone_params", {"num_heads": [[2]], "global_atten_freq": 3}, "got list and 2"),
    ],
)
def test_variants_that_were_never_released(official, name, value, message):
    official["config"]["params"][name] = {"value": value}
    with pytest.raises(ValueError, match=message):
        convert_segnext(official)


def test_other_model_classes(official):
    official["config"]["class"] = "isegm.model.is_hrnet_model.HRNetModel"
    with pytest.raises(ValueError, match="checkpoint of PlainVitModel"):
        convert_segnext(official)
    official["config"] = "nothing"
    with pytest.raises(ValueError, match="has the entry class, this one has not"):
        convert_segnext(official)


@pytest.mark.data
@pytest.mark.parametrize(("name", "size", "fusion"), [("tiny_a", 448, 2), ("tiny_b", 256, 1)])
def test_real_checkpoints(shared_fixtures, tmp_path, name, size, fusion):
    model = load_model(shared_fixtures / f"segnext_official_{name}.pth")
    assert (model.config.image_size, model.config.fusion_depth) == (size, fusion)
    assert (model.config.depth, model.config.width, model.config.heads) == (7, 48, 4)
    save_checkpoint(model, tmp_path / "ours.safetensors")
    again = load_model(tmp_path / "ours.safetensors")
    assert again.config == model.config
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[key])
