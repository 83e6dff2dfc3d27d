"""What the page fetches to answer clicks itself, without a browser."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tamingseg.data.sample_images import load_sample_image
from tamingseg.segmentors.load import load_segmentor
from tamingseg.ui.decoder import calls
from tamingseg.ui.decoder.calls import decoder_routes, decoder_settings, decoder_weights
from tamingseg.ui.workspaces import Workspaces

FEATURES = "/tamingseg/decoder/features"


@pytest.fixture(scope="module")
def segmentor():
    return load_segmentor("default", threads=1)


@pytest.fixture
def workspaces(segmentor):
    return Workspaces(segmentor)


@pytest.fixture
def client(workspaces, segmentor):
    return TestClient(Starlette(routes=decoder_routes(workspaces, decoder_weights(segmentor))))


def test_features_of_a_photo_go_to_the_page_that_has_its_token(workspaces, client):
    workspace = workspaces.open_image("cat.jpg", load_sample_image("cat"))
    answer = client.get(FEATURES, headers={"x-tamingseg-token": workspace.token})
    assert answer.headers["cache-control"] == "private, no-store"
    found = load(answer.content)
    embedding = workspace.encoded()[0]
    for place in range(4):
        known = embedding.features[place]
        assert np.abs(found[f"level{place}"] - known).max() < 1e-3 * np.abs(known).max()
    assert found["upsampling"].shape == embedding.features[8].shape
    for token in ("", "x", workspace.picture_key):
        refused = client.get(FEATURES, headers={"x-tamingseg-token": token})
        assert refused.status_code == 404
        assert "ended" in refused.json()["error"]


def test_a_photo_takes_less_than_a_megabyte(workspaces, client):
    workspace = workspaces.open_image("coffee.jpg", load_sample_image("coffee"))
    answer = client.get(FEATURES, headers={"x-tamingseg-token": workspace.token})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 1e6 < len(answer.content)


def test_a_very_wide_photo_is_left_to_the_server(workspaces, client):
    workspace = workspaces.open_image("wide.jpg", np.zeros((20, 400, 3), np.uint8))
    answer = client.get(FEATURES, headers={"x-tamingseg-token": workspace.token})
    assert answer.status_code == 404
    assert "very wide" in answer.json()["error"]


def test_weights_and_kernels_lie_under_a_name_that_changes_with_them(
    client, segmentor, monkeypatch
):
    weights = decoder_weights(segmentor)
    name = decoder_settings(weights)["DECODER"]
    answer = client.get(f"/tamingseg/decoder/weights/{name}")
    assert answer.content == weights
    assert "immutable" in answer.headers["cache-control"]
    assert len(weights) < 1e6
    assert client.get(f"/tamingseg/decoder/kernels/{name}").content == calls.KERNELS
    for missing in ("weights/other", "kernels/other", f"others/{name}"):
        assert client.get(f"/tamingseg/decoder/{missing}").status_code == 404
    assert decoder_settings(weights + b" ")["DECODER"] != name
    monkeypatch.setattr(calls, "KERNELS", b"others")
    assert decoder_settings(weights)["DECODER"] != name


def test_the_kernels_are_compiled_from_the_source_that_lies_beside_them():
    script = Path(calls.__file__).parents[3] / "scripts" / "build_kernels.py"
    source_section = runpy.run_path(str(script))["source_section"]
    source = Path(calls.__file__).with_name("kernels.c").read_bytes()
    assert calls.KERNELS.startswith(b"\0asm")
    assert calls.KERNELS.endswith(source_section(source)), "run scripts/build_kernels.py"


def test_other_models_stay_on_the_server(fake_segmentor):
    for segmentor in (fake_segmentor(), load_segmentor("distilled", threads=1)):
        assert decoder_weights(segmentor) is None
    assert decoder_settings(None) == {"DECODER": None}


def test_a_model_in_torch_stays_on_the_server(make_model):
    from tamingseg.segmentors.load import segmentor_for

    assert decoder_weights(segmentor_for(make_model("clicknet"), "in torch")) is None
