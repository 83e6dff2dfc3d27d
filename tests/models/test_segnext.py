from dataclasses import replace

import pytest
import torch

from tamingseg.models import segnext
from tamingseg.models.segnext import SAX1, SAX2, SegNext


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (SAX1, 106_701_761),
        (SAX2, 113_789_633),
        (replace(SAX2, image_size=512), 111_430_337),
    ],
)
def test_full_size_configurations(config, parameters):
    with torch.device("meta"):  # no memory, no time
        model = SegNext(config)
        logits = model.decode(
            torch.empty(1, 768, config.image_size // 16, config.image_size // 16),
            torch.empty(1, 2, 1, 3),
        )
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert logits.shape == (1, 2, config.image_size // 4, config.image_size // 4)


def test_full_size_encoder_shapes():
    with torch.device("meta"):
        features = SegNext(SAX1).encode(torch.empty(1, 3, 1024, 1024))
    assert features.shape == (1, 768, 64, 64)


def test_other_sizes_are_refused(make_model):
    with pytest.raises(ValueError, match=r"reads images \(B, 3, 64, 64\), got \(1, 3, 64, 80\)"):
        make_model("segnext").encode(torch.rand(1, 3, 64, 80))


def test_queries_are_decoded_in_parts(make_model, monkeypatch):
    model = make_model("segnext")
    features = model.encode(torch.rand(2, 3, 64, 64))
    clicks = torch.rand(2, 5, 2, 3) * torch.tensor([64.0, 64.0, 1.99])
    previous = torch.rand(2, 5, 64, 64)
    whole = model.decode(features, clicks, previous)
    largest = []
    original = model._decode
    monkeypatch.setattr(segnext, "_PIXELS_AT_ONCE", 3 * 64 * 64 + 1)
    monkeypatch.setattr(
        model, "_decode", lambda f, c, p: largest.append(len(c)) or original(f, c, p)
    )
    torch.testing.assert_close(
        model.decode(features, clicks, previous), whole, atol=1e-5, rtol=1e-4
    )
    assert largest == [3, 3, 3, 1]


def test_another_input_size_from_the_same_weights(make_model):
    model = make_model("segnext")
    larger = model.at_size(128)
    assert larger.config == replace(model.config, image_size=128)
    assert not larger.training
    logits = larger.decode(
        larger.encode(torch.rand(1, 3, 128, 128)), torch.tensor([[[[9, 9, 1.0]]]])
    )
    assert logits.shape == (1, 1, 32, 32)
    differing = {
        key
        for key, value in model.state_dict().items()
        if not torch.equal(value, larger.state_dict()[key])
        if value.shape == larger.state_dict()[key].shape
    }
    assert not differing
    torch.testing.assert_close(model.at_size(64).state_dict(), model.state_dict(), atol=0, rtol=0)


def test_enlarging_keeps_the_corners(make_model):
    logits = torch.randn(1, 2, 16, 16)
    model = make_model("segnext")
    large = model.enlarge(logits, model.encode(torch.rand(1, 3, 64, 64)))
    assert large.shape == (1, 2, 64, 64)
    torch.testing.assert_close(
        large[..., [0, 0, -1, -1], [0, -1, 0, -1]], logits[..., [0, 0, -1, -1], [0, -1, 0, -1]]
    )
