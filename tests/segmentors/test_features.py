from dataclasses import asdict

import numpy as np
import pytest

from tamingseg.models.table import build_model
from tamingseg.segmentors.base import PixelSegmentor
from tamingseg.segmentors.load import segmentor_for
from tamingseg.values import Click


@pytest.fixture(params=["distance", "product"])
def segmentor(request, make_model):
    config = asdict(make_model("pixel-embedder").config)
    model = build_model("pixel-embedder", {**config, "affinity": request.param})
    return segmentor_for(model, "features")


def test_only_a_model_with_features_is_a_pixel_segmentor(segmentor, make_model, fake_segmentor):
    assert isinstance(segmentor, PixelSegmentor)
    assert not isinstance(segmentor_for(make_model("clicknet"), "clicks"), PixelSegmentor)
    assert not isinstance(fake_segmentor(), PixelSegmentor)


@pytest.mark.parametrize("size", [(64, 64), (40, 64), (128, 50), (30, 17)])
def test_features_stretch_over_the_image_and_not_over_the_padding(segmentor, rng, size):
    image = rng.integers(0, 256, (*size, 3), np.uint8)
    embedding = segmentor.embed(image)
    features = segmentor.pixel_features(embedding)
    small = segmentor.predict(embedding, [Click(1, 1)], full_size=False)
    assert features.shape[:2] == small.shape[1:]
    assert features.dtype == np.float32


@pytest.mark.parametrize("size", [(64, 64), (40, 64)])
def test_a_click_is_answered_by_the_affinities_of_its_pixel(segmentor, rng, size):
    image = rng.integers(0, 256, (*size, 3), np.uint8)
    embedding = segmentor.embed(image)
    features = segmentor.pixel_features(embedding)
    answer = segmentor.predict(embedding, [Click(21, 9)], full_size=False)[0]
    flat = features.reshape(-1, features.shape[2])
    expected = segmentor.affinity(features[5, 2][None], flat).reshape(answer.shape)
    np.testing.assert_allclose(answer, expected, atol=1e-5)
    assert expected.dtype == np.float32


def test_an_embedding_says_what_it_occupies(segmentor):
    queries, keys = (embedding := segmentor.embed(np.zeros((64, 64, 3), np.uint8))).features
    assert embedding.feature_bytes == queries.nbytes + (0 if keys is queries else keys.nbytes)
    assert embedding.nbytes == embedding.feature_bytes + 64 * 64 * 3


def test_features_may_be_views(segmentor):
    features = segmentor.pixel_features(segmentor.embed(np.zeros((64, 64, 3), np.uint8)))
    flat = features.reshape(-1, features.shape[2])
    flat.flags.writeable = False
    expected = segmentor.affinity(flat[:3].copy(), flat.copy())
    np.testing.assert_array_equal(segmentor.affinity(flat[:3][::-1], flat)[::-1], expected)
