"""What every model must do."""

import pytest
import torch

from tamingseg.models.pixel_embedder import PixelEmbedder
from tamingseg.models.table import MODELS, build_model, describe_model

SIDE = 64  # a size that every tiny model reads


@pytest.fixture
def model(make_model, model_name):
    return make_model(model_name)


@pytest.fixture
def images():
    return torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


CLICKS = torch.tensor(
    [
        [[[10.5, 20.5, 1], [-1, -1, -1]], [[40.0, 5.0, 0], [-1, -1, -1]], [[3, 60, 1], [9, 9, 0]]],
        [[[63.9, 63.9, 1], [0, 0, 0]], [[0, 0, 0], [-1, -1, -1]], [[32, 32, 1], [-1, -1, -1]]],
    ]
)


def test_every_model_of_the_table_is_tested(model_name):
    assert model_name in MODELS


def test_a_quarter_of_the_size_one_map_per_query(model, images):
    logits = model.decode(model.encode(images), CLICKS)
    assert logits.shape == (2, 3, SIDE // 4, SIDE // 4)
    assert logits.isfinite().all()


def test_an_image_is_answered_alone_as_in_a_batch(model, images):
    together = model.decode(model.encode(images), CLICKS)
    alone = torch.cat(
        [model.decode(model.encode(images[i : i + 1]), CLICKS[i : i + 1]) for i in (0, 1)]
    )
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_a_query_is_answered_alone_as_among_others(model, images):
    features = model.encode(images)
    together = model.decode(features, CLICKS)
    alone = torch.cat([model.decode(features, CLICKS[:, n : n + 1]) for n in range(3)], dim=1)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_empty_slots_say_nothing(model, images):
    features = model.encode(images)
    padded = torch.nn.functional.pad(CLICKS, (0, 0, 0, 3), value=-1.0)
    torch.testing.assert_close(
        model.decode(features, CLICKS), model.decode(features, padded), atol=1e-5, rtol=1e-4
    )


def test_clicks_signs_and_previous_masks_matter(model, images):
    features = model.encode(images)
    positive = torch.tensor([[[[10.5, 20.5, 1.0]]]] * 2)
    negative = torch.tensor([[[[10.5, 20.5, 0.0]]]] * 2)
    elsewhere = torch.tensor([[[[50.5, 20.5, 1.0]]]] * 2)
    answer = model.decode(features, positive)
    assert not torch.allclose(answer, model.decode(features, negative))
    assert not torch.allclose(answer, model.decode(features, elsewhere))
    if not isinstance(model, PixelEmbedder):  # it has no decoder that could correct an answer
        previous = torch.ones(2, 1, SIDE, SIDE)
        assert not torch.allclose(answer, model.decode(features, positive, previous))


def test_no_previous_mask_means_zeros_of_any_size(model, images):
    features = model.encode(images)
    none = model.decode(features, CLICKS)
    for side in (SIDE, SIDE // 4):
        zeros = model.decode(features, CLICKS, torch.zeros(2, 3, side, side))
        torch.testing.assert_close(none, zeros)


def test_gradients_reach_every_parameter(model, images):
    model.train()
    previous = torch.rand(2, 3, SIDE, SIDE)
    # One step first: a layer that starts at zero lets nothing through to what lies before it.
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    for _ in range(2):
        optimizer.zero_grad()
        logits = model.decode(model.encode(images), CLICKS, previous)
        (logits * torch.randn_like(logits)).mean().backward()
        optimizer.step()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.abs().max() > 0, name


def test_inputs_are_not_changed(model, images):
    images_before, clicks = images.clone(), CLICKS.clone()
    previous = torch.rand(2, 3, SIDE, SIDE)
    previous_before = previous.clone()
    model.decode(model.encode(images), clicks, previous)
    assert torch.equal(images, images_before)
    assert torch.equal(clicks, CLICKS)
    assert torch.equal(previous, previous_before)


def test_bfloat16_autocast_answers_nearly_the_same(model, images):
    exact = model.decode(model.encode(images), CLICKS)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model.decode(model.encode(images), CLICKS)
    assert rough.isfinite().all()
    assert (rough.float() - exact).abs().mean() < 0.1 * exact.abs().mean() + 0.05


def test_description_builds_the_same_kind_of_model(model):
    name, config = describe_model(model)
    again = build_model(name, config)
    assert again.config == model.config
    assert {k: v.shape for k, v in again.state_dict().items()} == {
        k: v.shape for k, v in model.state_dict().items()
    }


def test_the_table_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="clicknet, segnext, pixel-embedder, got 'sam'"):
        build_model("sam", {})
    with pytest.raises(ValueError, match="got also colour"):
        build_model("segnext", {"colour": 1})
    with pytest.raises(ValueError, match="no segnext can be built"):
        build_model("segnext", {"width": "wide"})
    with pytest.raises(ValueError, match="got a Linear"):
        describe_model(torch.nn.Linear(1, 1))


def test_clicknet_refuses_sides_that_would_shift_its_clicks(make_model):
    with pytest.raises(ValueError, match="multiples of 32, got"):
        make_model("clicknet").encode(torch.rand(1, 3, 64, 50))


@pytest.mark.parametrize("backbone", ["hf-hub:owner/name", "local-dir:/etc", "no_such_model"])
def test_a_backbone_is_a_name_and_leads_nowhere_else(backbone):
    with pytest.raises(ValueError, match="must be a model of timm"):
        build_model("clicknet", {"backbone": backbone})


def test_settings_that_make_no_model_are_refused():
    with pytest.raises(ValueError, match="no segnext can be built from"):
        build_model("segnext", {"width": 20, "heads": 3})
