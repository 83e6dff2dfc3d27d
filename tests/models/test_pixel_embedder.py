from dataclasses import asdict

import pytest
import torch

from tamingseg.models.pixel_embedder import PixelEmbedder, PixelEmbedderConfig
from tamingseg.models.table import build_model


@pytest.fixture(params=["distance", "product"])
def model(request, make_model):
    config = asdict(make_model("pixel-embedder").config)
    return build_model("pixel-embedder", {**config, "affinity": request.param}).eval()


@pytest.fixture
def features():
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(2, 8, 4, 6, generator=generator) for _ in range(2))


def clicks(*slots):
    return torch.tensor([[list(slots)]] * 2)


def test_affinity_is_what_the_formula_says(model, features):
    first, second = (f.flatten(2).transpose(1, 2) for f in features)
    got = model.affinity_logits(first, second)
    for b in range(2):
        for i in (0, 7, 23):
            for j in (3, 22):
                if model.config.affinity == "distance":
                    expected = model.bias - (first[b, i] - second[b, j]).square().sum()
                else:
                    expected = model.bias + first[b, i] @ second[b, j]
                torch.testing.assert_close(got[b, i, j], expected, atol=1e-4, rtol=1e-4)


def test_only_the_distance_is_symmetric(make_model):
    images = torch.rand(1, 3, 64, 64)
    config = asdict(make_model("pixel-embedder").config)
    for affinity, symmetric in (("distance", True), ("product", False)):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = build_model("pixel-embedder", {**config, "affinity": affinity}).eval()
        queries, keys = (f.flatten(2).transpose(1, 2) for f in model.encode(images))
        logits = model.affinity_logits(queries, keys)
        assert torch.allclose(logits, logits.transpose(1, 2), atol=1e-4) == symmetric


def test_a_click_asks_with_the_feature_of_its_cell(model, features):
    answer = model.decode(features, clicks([9.9, 8.0, 1.0]))
    asked = features[0][:, :, 2, 2][:, None]
    expected = model.affinity_logits(asked, features[1].flatten(2).transpose(1, 2))
    torch.testing.assert_close(answer.flatten(2), expected)
    last = model.decode(features, clicks([16.0, 24.0, 1.0]))  # the far corner of the input
    assert torch.equal(last, model.decode(features, clicks([15.9, 23.9, 1.0])))


def test_a_pixel_follows_the_click_that_claims_it_most(model, features):
    wanted, other = [1.0, 1.0], [15.0, 23.0]
    one = model.decode(features, clicks([*wanted, 1.0]))
    two = model.decode(features, clicks([*other, 1.0]))
    either = model.decode(features, clicks([*wanted, 1.0], [*other, 1.0]))
    torch.testing.assert_close(either, torch.maximum(one, two))
    against = model.decode(features, clicks([*wanted, 1.0], [*other, 0.0]))
    torch.testing.assert_close(against, torch.where(two > one, torch.minimum(one, -two), one))


def test_a_negative_click_alone_says_no_or_nothing(model, features):
    claimed = model.decode(features, clicks([1.0, 1.0, 1.0]))
    answer = model.decode(features, clicks([1.0, 1.0, 0.0]))
    torch.testing.assert_close(answer, -claimed.clamp(min=0))


def test_settings_that_make_no_model():
    with pytest.raises(ValueError, match="affinity must be one of"):
        PixelEmbedder(PixelEmbedderConfig(affinity="cosine"))
    with pytest.raises(ValueError, match="strides 4, 8, 16 and 32"):
        PixelEmbedder(PixelEmbedderConfig(backbone="vit_tiny_patch16_224", blocks=()))
    with pytest.raises(ValueError, match="are for ResNets; leave them empty"):
        PixelEmbedder(PixelEmbedderConfig(backbone="mobilenetv3_small_100"))
    with pytest.raises(ValueError, match="must be a model of timm"):
        PixelEmbedder(PixelEmbedderConfig(backbone="hf-hub:owner/name"))
    with pytest.raises(ValueError, match="multiples of 32"):
        PixelEmbedder(PixelEmbedderConfig()).encode(torch.rand(1, 3, 64, 50))


def test_the_default_fits_into_twenty_megabytes_of_half_floats():
    model = PixelEmbedder()
    assert 2 * sum(tensor.numel() for tensor in model.state_dict().values()) < 20e6
