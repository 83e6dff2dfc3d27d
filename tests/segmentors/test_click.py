"""How images, clicks and answers travel between the image and the model's canvas."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.special import expit
from torch import nn

from tamingseg.frame import Frame
from tamingseg.segmentors.base import CandidateSegmentor
from tamingseg.segmentors.click import ClickSegmentor, resample_content, to_probabilities
from tamingseg.segmentors.load import load_segmentor, segmentor_for
from tamingseg.segmentors.torch_network import TorchNetwork
from tamingseg.values import Click
from tamingseg.weights.checkpoint import save_checkpoint


class Echo(nn.Module):
    """Answers with the distance to the click, or with the previous mask if there is one."""

    stride_multiple = 32

    class config:
        image_size = 128

    def __init__(self):
        super().__init__()
        self.seen = []

    def encode(self, images):
        self.images = images
        return images

    def enlarge(self, logits, features):
        return logits

    def decode(self, features, clicks, previous=None):
        self.seen.append(clicks.shape[1])
        if previous is not None:
            pooled = nn.functional.avg_pool2d(previous[0], 4)[None]
            return torch.logit(pooled, eps=1e-4)
        height, width = (side // 4 for side in features.shape[2:])
        rows = (torch.arange(height) + 0.5) * 4 - clicks[:, :, 0, 0, None]
        cols = (torch.arange(width) + 0.5) * 4 - clicks[:, :, 0, 1, None]
        return -(rows[..., :, None] ** 2 + cols[..., None, :] ** 2) / 1000


@pytest.mark.parametrize("size", [(50, 200), (200, 50), (97, 61), (128, 128), (40, 30)])
def test_the_answer_lies_where_the_click_was(size):
    segmentor = ClickSegmentor(TorchNetwork(Echo()), "echo")
    embedding = segmentor.embed(np.zeros((*size, 3), np.uint8))
    scale = max(size) / 128
    for row, col in ((0.3, 0.7), (0.5, 0.5), (0.9, 0.1)):
        click = Click(row * size[0], col * size[1])
        answer = segmentor.predict(embedding, [click])[0]
        peak = np.unravel_index(answer.argmax(), size)
        assert np.abs(np.add(peak, 0.5) - (click.row, click.col)).max() <= 3 * scale + 0.5
        small = segmentor.predict(embedding, [click], full_size=False)[0]
        peak = np.add(np.unravel_index(small.argmax(), small.shape), 0.5) * np.divide(
            size, small.shape
        )
        assert np.abs(peak - (click.row, click.col)).max() <= 3 * scale + 0.5


def test_the_image_lies_in_the_corner_and_the_rest_is_black():
    model = Echo()
    ClickSegmentor(TorchNetwork(model), "echo").embed(np.full((50, 200, 3), 255, np.uint8))
    assert model.images.shape == (1, 3, 32, 128)
    ClickSegmentor(TorchNetwork(model), "echo").embed(np.full((60, 200, 3), 255, np.uint8))
    assert model.images.shape == (1, 3, 64, 128)
    torch.testing.assert_close(model.images[..., :38, :], torch.ones(1, 3, 38, 128))
    assert (model.images[..., 38:, :] == 0).all()


@pytest.mark.parametrize("size", [(40, 30), (128, 90), (300, 200), (500, 20)])
def test_images_are_resized_with_the_weights_of_pillow(size, rng):
    model = Echo()
    image = rng.integers(0, 256, (*size, 3), np.uint8)
    ClickSegmentor(TorchNetwork(model), "echo").embed(image)
    height, width = Frame.fit(size, 128, 32).content
    for plane, found in zip(image.transpose(2, 0, 1), model.images[0].numpy(), strict=True):
        exact = Image.fromarray(plane.astype(np.float32) / 255)
        expected = exact.resize((width, height), Image.Resampling.BILINEAR)
        np.testing.assert_allclose(found[:height, :width], expected, atol=1e-4)


def test_probabilities_of_any_logits(rng):
    logits = np.float32([0, 1e-8, 3, -3, 20, -20, 88, -88, 1000, -1000, np.inf, -np.inf])
    logits = np.concatenate([logits, 5 * rng.standard_normal(1000, np.float32)])
    expected = expit(logits)
    np.testing.assert_allclose(to_probabilities(logits), expected, atol=1e-6)


def test_the_previous_mask_travels_there_and_back(two_discs):
    segmentor = ClickSegmentor(TorchNetwork(Echo()), "echo")
    mask = (two_discs.label_maps[0] == 2).astype(np.float32)
    joint = segmentor.predict_jointly(segmentor.embed(two_discs.image), [Click(1, 1)], mask)
    wrong = (joint > 0.5) != (mask > 0.5)
    assert wrong.mean() < 0.02


def test_work_is_done_in_parts(monkeypatch):
    model = Echo()
    segmentor = ClickSegmentor(TorchNetwork(model), "echo")
    embedding = segmentor.embed(np.zeros((128, 128, 3), np.uint8))
    clicks = [Click(i, 2 * i) for i in range(7)]
    whole = segmentor.predict(embedding, clicks)
    monkeypatch.setattr(segmentor.network, "pixels_at_once", 3 * 128 * 128)
    model.seen.clear()
    np.testing.assert_allclose(segmentor.predict(embedding, clicks), whole, atol=1e-6)
    assert model.seen == [3, 3, 1]


@pytest.fixture
def candidates(make_model, two_discs):
    """A segmentor of three masks per click, and its embedding of an image that is padded."""
    segmentor = segmentor_for(make_model("clicknet", outputs=3), "three")
    return segmentor, segmentor.embed(two_discs.image)


def test_only_a_model_of_several_outputs_has_candidates(candidates, make_model, model_name):
    assert isinstance(candidates[0], CandidateSegmentor)
    assert not isinstance(segmentor_for(make_model(model_name), "one"), CandidateSegmentor)


def test_several_outputs_are_found_in_a_file(make_model, tmp_path):
    save_checkpoint(make_model("clicknet", outputs=2), tmp_path / "two.safetensors")
    segmentor = load_segmentor(tmp_path / "two.safetensors", device="cpu")
    assert isinstance(segmentor, CandidateSegmentor)
    embedding = segmentor.embed(np.zeros((30, 40, 3), np.uint8))
    assert segmentor.predict_candidates(embedding, [Click(3, 4)])[0].shape[:2] == (1, 2)


def test_the_answer_is_the_candidate_that_is_expected_to_be_best(candidates):
    segmentor, embedding = candidates
    clicks = [Click(16, 18), Click(30, 44, False), Click(1, 60)]
    probabilities, expected = segmentor.predict_candidates(embedding, clicks)
    assert probabilities.shape == (3, 3, 12, 16)
    assert expected.shape == (3, 3)
    assert probabilities.dtype == expected.dtype == np.float32
    answers = segmentor.predict(embedding, clicks, full_size=False)
    best = expected.argmax(axis=1)
    np.testing.assert_allclose(answers, probabilities[np.arange(3), best], atol=1e-6)
    joint = segmentor.predict_jointly(embedding, clicks[:1])
    np.testing.assert_allclose(joint, segmentor.predict(embedding, clicks[:1])[0], atol=1e-6)


def test_candidates_are_found_in_parts(candidates, monkeypatch):
    segmentor, embedding = candidates
    clicks = [Click(6 * i, 7 * i) for i in range(7)]
    whole = segmentor.predict_candidates(embedding, clicks)
    monkeypatch.setattr(segmentor.network, "pixels_at_once", 3 * 64 * 64)
    for parts, together in zip(segmentor.predict_candidates(embedding, clicks), whole, strict=True):
        np.testing.assert_allclose(parts, together, atol=1e-5)


def test_candidates_of_no_click_and_of_one_outside(candidates):
    segmentor, embedding = candidates
    probabilities, expected = segmentor.predict_candidates(embedding, [])
    assert probabilities.shape == (0, 3, 12, 16)
    assert expected.shape == (0, 3)
    with pytest.raises(ValueError, match="outside"):
        segmentor.predict_candidates(embedding, [Click(48, 0)])


def naive_resample(logits, frame, size):
    """Every pixel's centre, carried to the canvas and read off bilinearly."""
    height, width = logits.shape
    result = np.empty(size)
    for r in range(size[0]):
        for c in range(size[1]):
            y = (r + 0.5) * frame.content[0] / size[0] * height / frame.canvas[0] - 0.5
            x = (c + 0.5) * frame.content[1] / size[1] * width / frame.canvas[1] - 0.5
            y, x = max(y, 0), max(x, 0)
            y0, x0 = min(int(y), height - 1), min(int(x), width - 1)
            y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
            top = logits[y0, x0] * (1 - x + x0) + logits[y0, x1] * (x - x0)
            bottom = logits[y1, x0] * (1 - x + x0) + logits[y1, x1] * (x - x0)
            result[r, c] = top * (1 - y + y0) + bottom * (y - y0)
    return result


@pytest.mark.parametrize(
    ("frame", "size"),
    [
        (Frame((50, 67), (48, 64), (64, 64)), (50, 67)),
        (Frame((50, 67), (48, 64), (64, 64)), (12, 16)),
        (Frame((21, 90), (15, 64), (32, 64)), (21, 90)),
        (Frame((33, 33), (64, 64), (64, 64)), (33, 33)),
    ],
)
def test_resampling_as_the_naive_one(rng, frame, size):
    logits = rng.standard_normal([side // 4 for side in frame.canvas], np.float32)
    resampled = resample_content(logits[None], frame, size)
    assert resampled.shape == (1, *size)
    np.testing.assert_allclose(resampled[0], naive_resample(logits, frame, size), atol=1e-4)


def test_resampling_never_loses_the_last_pixel():
    """Enlarging by size/side is rounded down to a whole number of pixels somewhere inside."""
    logits = np.ones((1, 24, 24), np.float32)
    for side in range(1, 700):
        frame = Frame.stretch((side, side), (96, 96))
        resampled = resample_content(logits, frame, (side, side))
        assert resampled.shape == (1, side, side)
        assert resampled.min() == resampled.max() == 1


def test_a_segnext_click_is_the_index_of_its_pixel(make_model, rng):
    segmentor = segmentor_for(make_model("segnext"), "tiny")
    embedding = segmentor.embed(rng.integers(0, 256, (50, 70, 3), np.uint8))
    answers = segmentor.predict(embedding, [Click(20, 30), Click(20.99, 30.99), Click(22, 32)])
    np.testing.assert_array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])
    points = segmentor._points(
        [Click(20.7, 30.2, False), Click(49.9, 69.9)], segmentor._frame(embedding.size)
    )
    # int(20 * 64 / 50 + .5), int(30 * 64 / 70 + .5)
    assert points.tolist() == [[26, 27, 0], [63, 63, 1]]


@pytest.mark.parametrize("kind", ["clicknet", "pixel-embedder", "segnext"])
@pytest.mark.parametrize("can", [True, False])
def test_the_encoder_computes_in_bfloat16_where_the_cpu_can(
    make_model, rng, monkeypatch, kind, can
):
    """And SegNext never does; features are float32, or the decoder would have to follow."""
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: can)
    model, image = make_model(kind), rng.integers(0, 256, (48, 64, 3), np.uint8)
    segmentor = segmentor_for(model, "tiny")
    seen = []
    convolution = next(m for m in model.modules() if isinstance(m, nn.Conv2d))
    convolution.register_forward_hook(lambda module, given, answer: seen.append(answer.dtype))
    embedding = segmentor.embed(image)
    assert seen == [torch.bfloat16 if can and kind != "segnext" else torch.float32]
    assert f"torch.{segmentor.precision}" == str(seen[0])
    features = embedding.features
    tensors = [features] if isinstance(features, torch.Tensor) else features
    assert {tensor.dtype for tensor in tensors} == {torch.float32}
    assert embedding.nbytes >= sum({t.data_ptr(): 4 * t.numel() for t in tensors}.values())
    clicks = [Click(10, 20), Click(30, 40, False)]
    assert np.isfinite(segmentor.predict(embedding, clicks)).all()
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: False)
    exact = segmentor_for(model, "tiny")
    difference = segmentor.predict_jointly(embedding, clicks) - exact.predict_jointly(
        exact.embed(image), clicks
    )
    assert np.abs(difference).mean() < 0.01


def test_a_model_without_a_segmentor():
    with pytest.raises(ValueError, match="clicknet, segnext, pixel-embedder, got a Echo"):
        segmentor_for(Echo(), "echo")


@pytest.mark.data
@pytest.mark.parametrize("name", ["tiny_a", "tiny_b"])
def test_agrees_with_the_official_implementation(shared_fixtures, name):
    """Features, and three clicks that each are fed the mask before them."""
    official = np.load(shared_fixtures / f"segnext_official_{name}.npz")
    segmentor = load_segmentor(shared_fixtures / f"segnext_official_{name}.pth", device="cpu")
    embedding = segmentor.embed(official["image"])
    np.testing.assert_allclose(embedding.features.numpy(), official["features"], atol=1e-4)
    clicks, previous = [], None
    for (positive, row, col), expected in zip(
        official["clicks"], official["probabilities"], strict=True
    ):
        clicks.append(Click(row + 0.5, col + 0.5, bool(positive)))
        previous = segmentor.predict_jointly(embedding, clicks, previous)
        np.testing.assert_allclose(previous, expected, atol=1e-4)
