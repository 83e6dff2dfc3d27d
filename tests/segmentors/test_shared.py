"""What every segmentor must do, the fake one of the tests included."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.segmentors.load import segmentor_for
from tamingseg.segmentors.zoom import ZoomSegmentor
from tamingseg.values import Click

CLICKS = [Click(16.5, 18.5), Click(30.0, 44.0, positive=False), Click(0.0, 0.0), Click(47.9, 63.9)]


@pytest.fixture(params=["fake", "clicknet", "segnext", "pixel-embedder", "sam2", "function"])
def segmentor(request, fake_segmentor, make_model, same_colour):
    if request.param == "fake":
        return fake_segmentor()
    if request.param == "function":
        return FunctionSegmentor(same_colour, "same colour")
    if request.param == "sam2":
        from tamingseg.segmentors.sam2 import Sam2Segmentor

        return Sam2Segmentor(request.getfixturevalue("sam2_model"), "sam2")
    return segmentor_for(make_model(request.param), request.param)


@pytest.fixture
def image(two_discs):
    return two_discs.image


def test_full_size_answers(segmentor, image):
    answers = segmentor.predict(segmentor.embed(image), CLICKS)
    assert answers.shape == (4, 48, 64)
    assert answers.dtype == np.float32
    assert answers.min() >= 0
    assert answers.max() <= 1


def test_small_answers_are_the_same_seen_from_afar(segmentor, image):
    # A ClickNet's full answer to one positive click is one piece, at the level that persists.
    whole = isinstance(segmentor, ZoomSegmentor)
    clicks = [replace(click, positive=False) for click in CLICKS] if whole else CLICKS
    embedding = segmentor.embed(image)
    large = segmentor.predict(embedding, clicks)
    small = segmentor.predict(embedding, clicks, full_size=False)
    assert small.dtype == np.float32
    assert len(small) == 4
    assert small[0].size <= large[0].size
    np.testing.assert_allclose(small.mean((1, 2)), large.mean((1, 2)), atol=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (37, 5), (61, 83), (200, 130)])
def test_odd_sizes(segmentor, rng, size):
    image = rng.integers(0, 256, (*size, 3), np.uint8)
    embedding = segmentor.embed(image)
    assert embedding.size == size
    assert embedding.nbytes > 0
    clicks = [Click(size[0] / 2, size[1] / 2), Click(0, 0, positive=False)]
    answers = segmentor.predict(embedding, clicks)
    assert answers.shape == (2, *size)
    assert np.isfinite(answers).all()
    assert segmentor.predict(embedding, clicks, full_size=False).ndim == 3
    joint = segmentor.predict_jointly(embedding, clicks, answers[0])
    assert joint.shape == size
    assert joint.dtype == np.float32


def test_many_clicks_are_answered_one_by_one(segmentor, image):
    embedding = segmentor.embed(image)
    together = segmentor.predict(embedding, CLICKS)
    for click, answer in zip(CLICKS, together, strict=True):
        np.testing.assert_allclose(segmentor.predict(embedding, [click])[0], answer, atol=1e-5)


def test_no_click_no_answer(segmentor, image):
    embedding = segmentor.embed(image)
    assert segmentor.predict(embedding, []).shape == (0, 48, 64)
    assert len(segmentor.predict(embedding, [], full_size=False)) == 0
    with pytest.raises(ValueError, match="at least one click"):
        segmentor.predict_jointly(embedding, [])


@pytest.mark.parametrize("click", [Click(48, 0), Click(0, 64), Click(-0.1, 5), Click(5, 1e9)])
def test_a_click_outside_the_image(segmentor, image, click):
    embedding = segmentor.embed(image)
    for ask in (segmentor.predict, segmentor.predict_jointly):
        with pytest.raises(ValueError, match="outside the image"):
            ask(embedding, [CLICKS[0], click])


def test_images_of_another_kind(segmentor, image):
    for wrong in (image[..., 0], image.astype(np.float32) / 255, image[:0], image.tolist()):
        with pytest.raises(ValueError, match="image must"):
            segmentor.embed(wrong)


def test_previous_of_another_size(segmentor, image):
    embedding = segmentor.embed(image)
    with pytest.raises(ValueError, match="previous must"):
        segmentor.predict_jointly(embedding, CLICKS[:1], np.zeros((64, 48), np.float32))


def test_the_same_question_gets_the_same_answer(segmentor, image):
    first = segmentor.predict(segmentor.embed(image), CLICKS)
    np.testing.assert_array_equal(segmentor.predict(segmentor.embed(image), CLICKS), first)


def test_two_embeddings_do_not_mix(segmentor, image, rng):
    other_image = image[::-1, ::-1].copy()
    one, other = segmentor.embed(image), segmentor.embed(other_image)
    first = segmentor.predict(one, CLICKS)
    second = segmentor.predict(other, CLICKS)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(segmentor.predict(one, CLICKS), first)
    np.testing.assert_array_equal(segmentor.predict(other, CLICKS), second)


def test_several_users_at_once(segmentor, image):
    images = [np.roll(image, shift, axis=1) for shift in range(0, 64, 8)]

    def ask(one_image):
        return segmentor.predict(segmentor.embed(one_image), CLICKS)

    expected = [ask(one_image) for one_image in images]
    with ThreadPoolExecutor(4) as pool:
        for answer, alone in zip(pool.map(ask, images), expected, strict=True):
            np.testing.assert_allclose(answer, alone, atol=1e-6)


def test_nothing_that_is_handed_in_is_changed(segmentor, image):
    kept, previous = image.copy(), np.full((48, 64), 0.3, np.float32)
    embedding = segmentor.embed(image)
    segmentor.predict(embedding, CLICKS)
    segmentor.predict_jointly(embedding, CLICKS, previous)
    np.testing.assert_array_equal(image, kept)
    assert (previous == np.float32(0.3)).all()


def test_the_embedding_does_not_hang_on_the_image(segmentor, image):
    mine = image.copy()
    embedding = segmentor.embed(mine)
    before = segmentor.predict(embedding, CLICKS)
    mine[:] = 0
    np.testing.assert_array_equal(segmentor.predict(embedding, CLICKS), before)
