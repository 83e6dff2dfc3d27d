"""Answers at stride 2 out of answers at stride 4, along the image's edges."""

import pytest
import torch
from torch.nn import functional as F

from tamingseg.models.clicknet import ClickNet, ClickNetConfig
from tamingseg.models.upsample import UpsamplingWeights, upsample
from tamingseg.weights.checkpoint import load_model, save_checkpoint

CLICKS = torch.tensor([[[[10.5, 20.5, 1.0]], [[40.0, 5.0, 0.0]]]])


@pytest.fixture
def features():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 6, 5, 7, generator=generator), torch.rand(2, 3, 10, 14)


def by_hand(logits, weights):
    """The formula, one fine pixel at a time."""
    batch, queries, height, width = logits.shape
    fine = torch.zeros(batch, queries, 2 * height, 2 * width)
    padded = F.pad(logits, (1, 1, 1, 1), mode="replicate")
    for b in range(batch):
        for row in range(2 * height):
            for col in range(2 * width):
                coarse = row // 2, col // 2
                own = weights[b, 2 * (row % 2) + col % 2, :, coarse[0], coarse[1]].view(3, 3)
                near = padded[b, :, coarse[0] : coarse[0] + 3, coarse[1] : coarse[1] + 3]
                fine[b, :, row, col] = (near * own).sum((1, 2))
    return fine


def test_it_is_a_weighted_mean_of_nine_neighbours(features):
    weights = torch.randn(2, 4, 9, 5, 7).softmax(2)
    logits = torch.randn(2, 3, 5, 7)
    torch.testing.assert_close(upsample(logits, weights), by_hand(logits, weights))


def test_new_weights_upsample_bilinearly(features):
    module = UpsamplingWeights(6, 3)
    torch.nn.init.zeros_(module.weights.weight)
    logits = torch.randn(2, 3, 5, 7)
    expected = F.interpolate(logits, scale_factor=2, mode="bilinear")
    torch.testing.assert_close(upsample(logits, module(*features)), expected, atol=0.05, rtol=0.05)


def test_weights_sum_to_one_so_that_answers_stay_within_their_neighbours(features):
    module = UpsamplingWeights(6, 3)
    torch.nn.init.normal_(module.weights.weight)
    weights = module(*features)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 4, 5, 7))
    logits = torch.full((2, 1, 5, 7), 3.5)
    torch.testing.assert_close(upsample(logits, weights), torch.full((2, 1, 10, 14), 3.5))


def test_a_model_can_be_made_finer_and_keeps_its_answers(make_model, tmp_path):
    model = make_model("clicknet", backbone="resnet10t")
    finer = model.changed(finer=True)
    assert finer.config.finer
    images = torch.rand(1, 3, 64, 64)
    features = finer.encode(images)
    coarse = finer.decode(features, CLICKS)
    torch.testing.assert_close(coarse, model.decode(model.encode(images), CLICKS))
    fine = finer.enlarge(coarse, features)
    assert fine.shape == (1, 2, 32, 32)
    assert model.enlarge(coarse, model.encode(images)) is coarse
    # All the new parts learn.
    fine.square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in finer.upsampling.parameters())
    save_checkpoint(finer, tmp_path / "finer.safetensors")
    again = load_model(tmp_path / "finer.safetensors")
    torch.testing.assert_close(again.enlarge(coarse, again.encode(images)), fine)


def test_a_backbone_without_stride_2_is_refused():
    with pytest.raises(ValueError, match="features at stride 2, which 'convnext_atto' does not"):
        ClickNet(ClickNetConfig("convnext_atto", finer=True))
