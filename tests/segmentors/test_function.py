import numpy as np
import pytest

from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.values import Click

CLICKS = [Click(16.5, 18.5), Click(30.0, 44.0), Click(1.0, 1.0, positive=False)]


def test_a_function_gets_one_click_or_all(two_discs):
    asked = []

    def function(image, clicks):
        asked.append(clicks)
        np.testing.assert_array_equal(image, two_discs.image)
        return np.full(image.shape[:2], 0.1 * len(clicks))

    segmentor = FunctionSegmentor(function, "mine")
    assert segmentor.name == "mine"
    embedding = segmentor.embed(two_discs.image)
    answers = segmentor.predict(embedding, CLICKS, full_size=False)
    assert answers.shape == (3, 48, 64)
    np.testing.assert_allclose(answers, 0.1)
    joint = segmentor.predict_jointly(embedding, tuple(CLICKS), answers[0])
    np.testing.assert_allclose(joint, 0.3)
    assert asked == [CLICKS[:1], CLICKS[1:2], CLICKS[2:], CLICKS]


def test_it_finds_the_discs(two_discs, same_colour):
    segmentor = FunctionSegmentor(same_colour, "same colour")
    answers = segmentor.predict(segmentor.embed(two_discs.image), CLICKS[:2])
    for answer, label in zip(answers, (1, 2), strict=True):
        np.testing.assert_array_equal(answer > 0.5, two_discs.label_maps[0] == label)


def test_a_function_that_paints_into_its_image(two_discs):
    def function(image, clicks):
        brightness = image.mean(axis=2) / 255
        image[:] = 0
        return brightness

    segmentor = FunctionSegmentor(function, "painter")
    first, second = segmentor.predict(segmentor.embed(two_discs.image), CLICKS[:2])
    np.testing.assert_array_equal(first, second)


def test_answers_of_another_kind(two_discs):
    for wrong in (
        np.zeros((64, 48)),
        np.zeros((48, 64), bool),
        np.full((48, 64), np.nan),
        np.full((48, 64), 2.0),
        None,
    ):
        segmentor = FunctionSegmentor(lambda image, clicks, wrong=wrong: wrong, "wrong")
        embedding = segmentor.embed(two_discs.image)
        with pytest.raises(ValueError, match=r"model 'wrong' must answer.*shape \(48, 64\)"):
            segmentor.predict(embedding, CLICKS)
        with pytest.raises(ValueError, match=r"model 'wrong' must answer.*shape \(48, 64\)"):
            segmentor.predict_jointly(embedding, CLICKS)
