"""ONNX Runtime gives the answers of torch, and nobody notices which of them runs."""

import pickle
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamingseg.data.sample_images import load_sample_image
from tamingseg.masks.rated import LEVELS
from tamingseg.segmentors.base import CandidateSegmentor, PixelSegmentor
from tamingseg.segmentors.load import load_segmentor, segmentor_for
from tamingseg.segmentors.onnx_network import OnnxNetwork
from tamingseg.values import Click
from tamingseg.weights.checkpoint import load_model, save_checkpoint
from tamingseg.weights.export import export_graphs
from tamingseg.weights.registry import find_weights

TINY = {
    "clicks": ("clicknet", {}),
    "finer": ("clicknet", {"backbone": "tf_efficientnet_lite0", "finer": True, "rated": True}),
    "several": ("clicknet", {"outputs": 3}),
    "distance": ("pixel-embedder", {"affinity": "distance"}),
    "product": ("pixel-embedder", {"affinity": "product"}),
}
SHIPPED = ("default", "distilled")


def both(path, name):
    """The same model in ONNX Runtime and in torch, both in float32."""
    segmentor = load_segmentor(path, threads=1)
    assert isinstance(segmentor.network, OnnxNetwork)
    torch = segmentor_for(load_model(path), name)
    torch.network.precision = "float32"
    return segmentor, torch


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """`pairs(name)`: of a tiny model or a shipped one, made once."""
    from torch import manual_seed, random

    from tamingseg.models.table import build_model
    from tests.conftest import TINY_MODELS

    folder, made = tmp_path_factory.mktemp("exported"), {}

    def make(name):
        if name not in made:
            path = find_weights(name) if name in SHIPPED else folder / f"{name}.safetensors"
            if name in TINY:
                kind, config = TINY[name]
                with random.fork_rng():
                    manual_seed(0)
                    save_checkpoint(build_model(kind, {**TINY_MODELS[kind], **config}), path)
                export_graphs(path)
            made[name] = both(path, name)
        return made[name]

    return make


@st.composite
def questions(draw):
    """Sides of a canvas in strides, clicks (queries, places) on it, whether one came before."""
    sides = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    clicks = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    return sides, clicks, draw(st.booleans()), draw(st.integers(0, 2**32 - 1))


@pytest.mark.parametrize("name", TINY)
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(question=questions())
def test_a_tiny_model_answers_alike_on_canvases_of_every_size(pairs, name, question):
    """Logits, not masks: random weights put many pixels right at a threshold."""
    sides, (queries, places), again, seed = question
    rng = np.random.default_rng(seed)
    one, other = pairs(name)
    height, width = (side * one.network.stride_multiple for side in sides)
    canvas = rng.random((1, 3, height, width), np.float32)
    points = rng.random((queries, places, 3), np.float32) * np.float32([height, width, 1])
    points[..., 2] = rng.integers(2, size=(queries, places))
    previous = rng.random((1, 1, height, width), np.float32) if again else None

    found = answers_of(one, canvas, points, previous)
    expected = answers_of(other, canvas, points, previous)
    assert found.keys() == expected.keys()
    for key, here in found.items():
        assert here.dtype == np.float32
        # A pixel as near to a positive click as to a negative one may fall to either.
        assert np.isclose(here, expected[key], atol=1e-3).mean() > 0.99, key


def answers_of(segmentor, canvas, points, previous):
    """Name -> what the network of a segmentor says to each question that it can be asked."""
    network = segmentor.network
    features, nbytes = network.encode(canvas)
    answers = {"bytes": np.float32(nbytes)}
    answers["coarse"] = network.decode(features, points, previous, finest=False)
    answers["finest"] = network.decode(features, points, previous, finest=True)
    rough = network.decode_coarse(features, points)
    if rough is not None:
        answers |= zip(("maps", "query"), rough, strict=True)
        answers["fine"] = network.decode_fine(features, points, *rough)
        if previous is None:
            np.testing.assert_allclose(answers["fine"], answers["coarse"], atol=1e-4)
    if network.rated:
        areas = np.linspace(-1, -9, 2 * len(LEVELS), dtype=np.float32)
        answers["rates"] = network.rate(areas.reshape(2, -1))
    if isinstance(segmentor, CandidateSegmentor):
        several = network.decode_candidates(features, points)
        answers |= zip(("candidates", "expected"), several, strict=True)
    if isinstance(segmentor, PixelSegmentor):
        pixels = network.pixel_features(features)
        flat = pixels.reshape(len(pixels), -1).T[:20]
        answers |= {"pixels": pixels, "affinity": network.affinity(flat[:3][::-1], flat)}
    return answers


def check_alike(pair, image, clicks):
    """Answers to clicks are the same to 1e-3, masks too, but for 1 of 1000 pixels."""
    one, other = pair
    embeddings = one.embed(image), other.embed(image)
    first = other.predict_jointly(embeddings[1], clicks[:1])
    answers = [
        (
            segmentor.predict(embedding, clicks),
            segmentor.predict(embedding, clicks, full_size=False),
            segmentor.predict_jointly(embedding, clicks[:1]),
            segmentor.predict_jointly(embedding, clicks),
            segmentor.predict_jointly(embedding, clicks, first),
        )
        for segmentor, embedding in zip(pair, embeddings, strict=True)
    ]
    for here, there in zip(*answers, strict=True):
        assert here.shape == there.shape
        assert here.dtype == there.dtype == np.float32
        # What is decided at a threshold may fall here and there to another side.
        assert_few(np.abs(here - there) > 1e-3)
        assert_few((here > 0.5) != (there > 0.5))


def assert_few(different):
    assert different.sum() <= max(1, different.size / 1000)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("box", [(400, 600), (97, 61), (20, 500), (7, 300)])
def test_the_shipped_models_answer_alike(pairs, name, box):
    image = load_sample_image("coffee")[: box[0], : box[1]]
    height, width = image.shape[:2]
    clicks = [Click(height / 2, width / 2), Click(height / 5, width / 3, False), Click(1, 1)]
    check_alike(pairs(name), image, clicks)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_models_run_in_onnx_runtime(name):
    """If this fails after training: `tamingseg export default distilled`."""
    assert isinstance(load_segmentor(name).network, OnnxNetwork)
    assert load_segmentor(name, device="cpu").precision == "float32"


def test_features_are_counted(pairs):
    segmentor, torch = pairs("product")
    image = np.zeros((48, 64, 3), np.uint8)
    assert segmentor.embed(image).nbytes == torch.embed(image).nbytes


def test_many_clicks_go_in_parts(pairs, monkeypatch):
    segmentor, _ = pairs("several")
    embedding = segmentor.embed(np.full((48, 64, 3), 90, np.uint8))
    clicks = [Click(6 * number, 7 * number) for number in range(7)]
    whole = segmentor.predict(embedding, clicks)
    monkeypatch.setattr(segmentor.network, "pixels_at_once", 3 * 64 * 64)
    monkeypatch.setattr(segmentor.network, "workers", 2)
    np.testing.assert_allclose(segmentor.predict(embedding, clicks), whole, atol=1e-5)
    assert segmentor.predict(embedding, []).shape == (0, 48, 64)


def _answer(segmentor, image):
    return segmentor.predict(segmentor.embed(image), [Click(3, 4)])


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_another_process_answers_too(pairs, start):
    """Threads of ONNX Runtime stay behind in a fork; what is sent to a process is opened anew."""
    segmentor, _ = pairs("clicks")
    image = np.full((48, 64, 3), 90, np.uint8)
    here = _answer(segmentor, image)
    np.testing.assert_array_equal(_answer(pickle.loads(pickle.dumps(segmentor)), image), here)
    if start == "fork":
        with get_context("fork").Pool(1) as pool:
            np.testing.assert_array_equal(pool.apply(_answer, (segmentor, image)), here)
