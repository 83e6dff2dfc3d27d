"""The decoder in the browser gives the answers of the server; run by Chromium."""

import base64
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import expit

from tamingseg.data.sample_images import load_sample_image
from tamingseg.masks.connected import connected_to
from tamingseg.masks.persistent import centred_on, persistent_level
from tamingseg.segmentors.load import load_segmentor
from tamingseg.ui.decoder.calls import decoder_weights, pack_features
from tamingseg.values import Click

pytestmark = pytest.mark.browser

CLOSE = 1e-2
"""Largest difference of probabilities."""


@pytest.fixture(scope="module", params=["default", "plain"])
def segmentor(request, tmp_path_factory):
    """The shipped model, and one of other sizes without finer answers."""
    if request.param == "default":
        return load_segmentor("default", threads=1)
    from torch import manual_seed, random

    from tamingseg.models.table import build_model
    from tamingseg.weights.checkpoint import save_checkpoint
    from tamingseg.weights.export import export_graphs
    from tests.conftest import TINY_MODELS

    path = tmp_path_factory.mktemp("plain") / "plain.safetensors"
    with random.fork_rng():
        manual_seed(0)
        save_checkpoint(build_model("clicknet", {**TINY_MODELS["clicknet"], "heads": 2}), path)
    export_graphs(path)
    return load_segmentor(path, threads=1)


@pytest.fixture(scope="module")
def answered(scripts, segmentor):
    """`answered(image, clicks)`: the browser's masks, and its logits over the canvas."""

    def answer(embedding, clicks):
        sent = [decoder_weights(segmentor), pack_features(segmentor, embedding)]
        size, places = list(embedding.size), [[one.row, one.col, one.positive] for one in clicks]
        found = scripts.evaluate(
            """async ([files, size, clicks]) => {
                const read = async file => readTensors(
                    await (await fetch(`data:;base64,${file}`)).arrayBuffer());
                const network = new Network(await read(files[0])), tensors = await read(files[1]);
                const photo = network.prepare(tensors);
                const frame = {size, content: tensors.about.content.split(" ").map(Number)};
                return clicks.map(([row, col, positive]) => {
                    const logits = answerTo(network, photo, frame, {row, col, positive});
                    return {
                        shape: [logits.height, logits.width], logits: [...logits.values],
                        bits: [...bitsOf(logits, photo.canvas, frame)].join(""),
                    };
                });
            }""",
            [[base64.b64encode(file).decode() for file in sent], size, places],
        )
        logits = np.array([np.reshape(one["logits"], one["shape"]) for one in found], np.float32)
        bits = np.array([np.frombuffer(one["bits"].encode(), np.uint8) == 49 for one in found])
        return bits.reshape(len(clicks), *size[::-1]).transpose(0, 2, 1), logits

    return answer


def clicks_on(size, seed, count):
    places = np.random.default_rng(seed).random((count, 2)) * size
    return [Click(row, col, number % 3 != 2) for number, (row, col) in enumerate(places)]


def test_a_click_is_answered_as_by_the_server(segmentor, answered):
    for seed, name in enumerate(["coffee", "rocket"]):  # photos of different shapes
        embedding = segmentor.embed(load_sample_image(name))
        height, width = embedding.size
        corners = [Click(0, 0), Click(height - 1e-3, width - 1e-3)]
        clicks = [*clicks_on(embedding.size, seed, 8), *corners]
        frame = segmentor._frame(embedding.size)
        points = segmentor._points(clicks, frame)[:, None]
        expected = segmentor._finest(embedding.features, points, None)
        masks, logits = answered(embedding, clicks)
        assert logits.shape == expected.shape
        assert np.abs(expit(logits) - expit(expected)).max() < CLOSE
        assert (masks == (segmentor.predict(embedding, clicks) > 0.5)).mean() > 0.999


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_piece_is_kept_at_the_level_that_persists(scripts, data):
    height, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    # Quarters are the same numbers everywhere, so both sides of a level are clear.
    quarters = st.lists(st.integers(-32, 32), min_size=height * width, max_size=height * width)
    logits = np.reshape(data.draw(quarters), (height, width)).astype(np.float32) / 4
    row, col = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    piece = connected_to(logits, row, col)
    expected = centred_on(piece, persistent_level(expit(piece)))
    found = scripts.evaluate(
        """([values, height, width, row, col]) =>
            [...pieceAt({values: Float32Array.from(values), height, width}, row, col).values]""",
        [logits.ravel().tolist(), height, width, row, col],
    )
    assert np.allclose(np.reshape(found, logits.shape), expected, atol=1e-3), json.dumps(found)
