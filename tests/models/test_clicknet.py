"""A ClickNet of several outputs, and that one of one output is what it was."""

from dataclasses import replace

import pytest
import torch

from tamingseg.models.clicknet import ClickNet, ClickNetConfig
from tamingseg.models.table import build_model
from tamingseg.weights.checkpoint import load_model, save_checkpoint
from tamingseg.weights.registry import find_weights

CLICKS = torch.tensor(
    [
        [[[10.5, 20.5, 1], [-1, -1, -1]], [[40.0, 5.0, 0], [-1, -1, -1]], [[3, 60, 1], [9, 9, 0]]],
        [[[63.9, 63.9, 1], [0, 0, 0]], [[0, 0, 0], [-1, -1, -1]], [[32, 32, 1], [-1, -1, -1]]],
    ]
)


@pytest.fixture
def images():
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def model(make_model):
    return make_model("clicknet", outputs=3)


def with_copied_outputs(model, outputs):
    """A model of several outputs, each with the weights of the only one of `model`."""
    copies = ClickNet(replace(model.config, outputs=outputs)).eval()
    state = {**copies.state_dict(), **model.state_dict()}
    hidden = model.config.fine
    for name in ("decoder.fine_weights.weight", "decoder.fine_weights.bias"):
        before, output, bias = model.state_dict()[name].tensor_split([-hidden - 1, -1])
        state[name] = torch.cat([before, *[output] * outputs, *[bias] * outputs])
    copies.load_state_dict(state)
    return copies


@torch.inference_mode()
def test_the_shipped_weights_are_those_of_one_output(images):
    """The file is older than the setting. What it holds, copied, answers alike as every output."""
    shipped = load_model(find_weights("default"))
    assert shipped.config.outputs == 1
    features = shipped.encode(images)
    previous = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    for known in (None, previous):
        expected = shipped.decode(features, CLICKS, known)
        copies, _ = with_copied_outputs(shipped, 3).decode_candidates(features, CLICKS, known)
        torch.testing.assert_close(
            copies, expected[:, :, None].expand_as(copies), atol=1e-4, rtol=1e-4
        )


def test_one_output_has_no_tensors_of_several(make_model):
    """So old files are read, and the same seed still gives the same weights."""
    one, three = make_model("clicknet"), make_model("clicknet", outputs=3)
    assert three.state_dict().keys() - one.state_dict().keys() == {
        "expected_iou.weight",
        "expected_iou.bias",
    }


def test_all_candidates_and_the_one_that_is_expected_to_be_best(model, images):
    features = model.encode(images)
    candidates, expected = model.decode_candidates(features, CLICKS)
    assert candidates.shape == (2, 3, 3, 16, 16)
    assert expected.shape == (2, 3, 3)
    assert ((expected >= 0) & (expected <= 1)).all()
    assert not torch.allclose(candidates[:, :, 0], candidates[:, :, 1])
    answers = model.decode(features, CLICKS)
    for image in range(2):
        for query in range(3):
            best = max(range(3), key=lambda k: expected[image, query, k].item())
            assert torch.equal(answers[image, query], candidates[image, query, best])


def test_masks_and_expectations_teach_the_whole_decoder(model, images):
    candidates, expected = model.decode_candidates(model.encode(images), CLICKS)
    ((candidates * torch.randn_like(candidates)).mean() + expected.sum()).backward()
    for name, parameter in model.named_parameters():
        if name.startswith(("decoder.", "expected_iou.")):
            assert parameter.grad.abs().max() > 0, name
    assert model.expected_iou.weight.grad.abs().amax(1).min() > 0


def test_bfloat16_autocast_expects_in_full_precision(model, images):
    with torch.autocast("cpu", torch.bfloat16):
        _, expected = model.decode_candidates(model.encode(images), CLICKS)
    assert expected.dtype == torch.float32


def test_what_is_loaded_answers_like_what_was_saved(model, images, tmp_path):
    save_checkpoint(model, tmp_path / "three.safetensors")
    loaded = load_model(tmp_path / "three.safetensors")
    assert loaded.config == model.config
    features = model.encode(images)
    for ours, theirs in zip(
        model.decode_candidates(features, CLICKS),
        loaded.decode_candidates(loaded.encode(images), CLICKS),
        strict=True,
    ):
        assert torch.equal(ours, theirs)


def test_one_output_has_no_candidates(make_model, images):
    model = make_model("clicknet")
    with pytest.raises(ValueError, match="a model of several outputs, this has one"):
        model.decode_candidates(model.encode(images), CLICKS)


@pytest.mark.parametrize("outputs", [0, -3])
def test_at_least_one_output(outputs):
    with pytest.raises(ValueError, match=f"outputs must be .* from 1 to 4096, got {outputs}"):
        ClickNet(ClickNetConfig("test_resnet", outputs=outputs))


@pytest.mark.parametrize("outputs", ["three", None, 1.5])
def test_a_file_with_a_number_of_outputs_that_is_none(outputs):
    with pytest.raises(ValueError, match="no clicknet can be built from"):
        build_model("clicknet", {"backbone": "test_resnet", "outputs": outputs})
