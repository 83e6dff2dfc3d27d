"""The decoder in the browser gives the answers of the server; run by Chromium."""

import base64
import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.special import expit

from tamingseg.data.sample_images import load_sample_image
from tamingseg.masks.changes import settle
from tamingseg.masks.connected import connected_to
from tamingseg.masks.persistent import centred_on, persistent_level
from tamingseg.segmentors.click import ClickSegmentor
from tamingseg.segmentors.load import load_segmentor
from tamingseg.ui.decoder.calls import KERNELS, decoder_weights, pack_features
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
    """`answered(image, objects)`: the browser's masks of clicks, and its logits over the canvas."""

    def answer(embedding, objects):
        sent = [decoder_weights(segmentor), pack_features(segmentor, embedding), KERNELS]
        size, places = list(embedding.size), [[asdict(one) for one in clicks] for clicks in objects]
        found = scripts.evaluate(
            """async ([files, size, objects]) => {
                const [weights, features, code] = await Promise.all(files.map(
                    async file => (await fetch(`data:;base64,${file}`)).arrayBuffer()));
                const network = new Network(readTensors(weights), new Kernels(code));
                const tensors = readTensors(features);
                const photo = network.prepare(tensors);
                const frame = {size, content: tensors.about.content.split(" ").map(Number)};
                return objects.map(clicks => {
                    const logits = answerTo(network, photo, frame, clicks);
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
        return bits.reshape(len(objects), *size[::-1]).transpose(0, 2, 1), logits

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
        masks, logits = answered(embedding, [[click] for click in clicks])
        assert logits.shape == expected.shape
        assert np.abs(expit(logits) - expit(expected)).max() < CLOSE
        assert (masks == (segmentor.predict(embedding, clicks) > 0.5)).mean() > 0.999


def test_the_decoder_sees_all_clicks_and_the_answer_before(segmentor, scripts):
    embedding = segmentor.embed(load_sample_image("rocket"))
    clicks, frame = clicks_on(embedding.size, 2, 4), segmentor._frame(embedding.size)
    points = segmentor._points(clicks, frame)

    def before(size):
        rows, cols = (np.arange(count)[:, None] / count + 0.5 / count for count in size)
        return expit(4 * np.sin(9 * rows + 7 * cols.T)).astype(np.float32)

    expected = segmentor._finest(embedding.features, points[None], before(frame.canvas)[None, None])
    height, width = expected.shape[1:]
    found = scripts.evaluate(
        """async ([files, places, values, height, width]) => {
            const [weights, features, code] = await Promise.all(files.map(
                async file => (await fetch(`data:;base64,${file}`)).arrayBuffer()));
            const network = new Network(readTensors(weights), new Kernels(code));
            const previous = {values: Float32Array.from(values), height, width};
            const clicks = places.map(([row, col, sign]) => ({row, col, positive: sign === 1}));
            const photo = network.prepare(readTensors(features));
            return [...network.decode(photo, clicks, previous).values];
        }""",
        [
            [
                base64.b64encode(file).decode()
                for file in (
                    decoder_weights(segmentor),
                    pack_features(segmentor, embedding),
                    KERNELS,
                )
            ],
            points.tolist(),
            before((height, width)).ravel().tolist(),
            height,
            width,
        ],
    )
    difference = expit(np.reshape(found, (height, width))) - expit(expected[0])
    assert np.abs(difference).max() < CLOSE


def test_further_clicks_are_answered_as_by_the_server_before_it_looks_closer(segmentor, answered):
    if segmentor.name == "plain":
        pytest.skip("random weights give masks that hang on the last digit")
    embedding = segmentor.embed(load_sample_image("rocket"))
    objects = [clicks_on(embedding.size, seed, 4) for seed in range(3)]
    masks, _ = answered(embedding, objects)
    for mask, clicks in zip(masks, objects, strict=True):
        answer = segmentor.predict(embedding, clicks[:1])[0]
        for count in range(2, len(clicks) + 1):
            made = clicks[:count]
            found = ClickSegmentor.predict_jointly(segmentor, embedding, made, answer)
            answer = settle(found, answer, made)
        # The server decides on pixels of the photo what may change, the browser on cells.
        assert (mask == (answer > 0.5)).mean() > 0.98


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_further_click_changes_what_it_may(scripts, data):
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    pixels = st.integers(0, height * width - 1)
    # Eighths are the same numbers everywhere, and so few that changes are large.
    eighths = st.lists(st.integers(0, 8), min_size=height * width, max_size=height * width)
    answer, previous = (
        np.reshape(data.draw(eighths), (height, width)).astype(np.float32) / 8 for _ in range(2)
    )
    previous = np.clip(previous, 0.125, 0.875)  # an answer, not a mask
    made = data.draw(st.lists(st.tuples(pixels, st.booleans()), min_size=2, max_size=6))
    clicks = [Click(cell // width + 0.5, cell % width + 0.5, positive) for cell, positive in made]
    found = scripts.evaluate(
        """([answer, previous, clicks, width]) => [...settled(
            Float32Array.from(answer), Float32Array.from(previous), clicks, width)]""",
        [
            answer.ravel().tolist(),
            previous.ravel().tolist(),
            [{"cell": cell, "positive": positive} for cell, positive in made],
            width,
        ],
    )
    assert np.allclose(np.reshape(found, answer.shape), settle(answer, previous, clicks))


def test_maps_are_shrunk_as_by_pillow(scripts, rng):
    values = rng.random((40, 56), np.float32)
    for height, width in ((20, 28), (5, 7), (40, 56)):
        expected = Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR)
        found = scripts.evaluate(
            """([values, height, width]) => {
                const map = {values: Float32Array.from(values), height: 40, width: 56};
                return [...shrunk(map, height, width).values];
            }""",
            [values.ravel().tolist(), height, width],
        )
        assert np.allclose(np.reshape(found, (height, width)), expected, atol=1e-5)


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changes_of_a_few_pixels_are_left_out(scripts, data):
    shape = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    pixels = st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    before, change = (np.reshape(data.draw(pixels), shape) for _ in range(2))
    if data.draw(st.booleans()):
        change = binary_dilation(change)
    radius = data.draw(st.integers(1, 2))
    square = np.ones((2 * radius + 1, 2 * radius + 1))
    kept = binary_dilation(binary_erosion(change, square, border_value=1), square)
    found = scripts.evaluate(
        """([bits, before, radius, height]) => [...withoutThinChanges(
            Uint8Array.from(bits), Uint8Array.from(before), radius, height)]""",
        [*((map_.T.ravel() * 1).tolist() for map_ in (before ^ change, before)), radius, shape[0]],
    )
    assert ((before ^ kept) == np.reshape(found, shape[::-1]).T).all()


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
