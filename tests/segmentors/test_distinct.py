"""Clicks that are answered alike: which of them stand for which."""

import numpy as np
import pytest
from scipy.special import expit

from tamingseg.data.sample_images import load_sample_image
from tamingseg.prompts.grids import grid_clicks
from tamingseg.segmentors.base import DistinctSegmentor
from tamingseg.segmentors.distinct import distinct_maps
from tamingseg.segmentors.load import load_segmentor


def tanimoto(one, other):
    shared = (one * other).sum()
    return shared / ((one * one).sum() + (other * other).sum() - shared)


@pytest.mark.parametrize("above", [0.5, 0.9])
def test_each_is_like_a_chosen_one_and_no_two_chosen_are_alike(rng, above):
    kinds = rng.random((6, 4, 5))
    maps = (kinds[rng.integers(6, size=60)] + rng.uniform(0, 0.2, (60, 4, 5))).astype(np.float32)
    chosen, counts = distinct_maps(maps, above)
    alike = np.array([[tanimoto(one, other) for other in maps[chosen]] for one in maps])
    assert (alike.max(axis=1) > above - 1e-5).all()
    among = alike[chosen] - np.eye(len(chosen))
    assert (among < above + 1e-5).all()
    np.testing.assert_array_equal(counts, np.bincount(alike.argmax(axis=1)))


def test_maps_of_nothing_stand_for_themselves():
    chosen, counts = distinct_maps(np.zeros((3, 2, 2), np.float32))
    assert chosen.tolist() == [0, 1, 2]
    assert counts.tolist() == [1, 1, 1]


def test_the_clicks_of_a_photo():
    """Fewer than all are asked, each counts once, and one left out is answered as its like."""
    segmentor = load_segmentor("default", device="cpu")
    assert isinstance(segmentor, DistinctSegmentor)
    embedding = segmentor.embed(load_sample_image("coffee"))
    clicks = grid_clicks(12, embedding.size)
    distinct = segmentor.distinct_clicks(embedding, clicks)
    chosen = distinct.numbers
    assert len(set(chosen.tolist())) == len(chosen) < len(clicks)
    assert distinct.counts.sum() == len(clicks)
    answers = segmentor.predict(embedding, clicks, full_size=False)
    found = [segmentor.predict_distinct(embedding, distinct, part)
             for part in (slice(5), slice(5, None))]  # fmt: skip
    np.testing.assert_allclose(expit(np.concatenate(found)), answers[chosen], atol=2e-3)  # float16
    alike = np.array([[tanimoto(one, other) for other in answers[chosen]] for one in answers])
    assert np.median(alike.max(axis=1)) > 0.98


def test_a_model_without_rough_answers_is_asked_everything():
    segmentor = load_segmentor("distilled", device="cpu")
    embedding = segmentor.embed(np.zeros((40, 60, 3), np.uint8))
    clicks = grid_clicks(3, embedding.size)
    distinct = segmentor.distinct_clicks(embedding, clicks)
    assert distinct.numbers.tolist() == list(range(9))
    assert distinct.counts.tolist() == [1] * 9
    found = segmentor.predict_distinct(embedding, distinct, slice(2, 4))
    expected = segmentor.predict(embedding, clicks[2:4], full_size=False)
    np.testing.assert_allclose(expit(found), expected, atol=2e-3)
