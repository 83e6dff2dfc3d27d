import numpy as np
import pytest
from ensembles import (
    Ensemble,
    Triangulation,
    Turned,
    Votes,
    mean_logit,
    mean_probability,
    most_certain,
)
from hypothesis import given
from hypothesis import strategies as st

from tamingseg.prompts.grids import grid_clicks
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.segmentors.load import segmentor_for
from tamingseg.values import Click

VIEWS = [(turns, mirrored) for turns in range(4) for mirrored in (False, True)]
CLICKS = [Click(16.5, 18.5), Click(30.5, 44.5), Click(1.5, 1.5, positive=False)]


def the_pixel(image, clicks):
    """Answer with the clicked pixel alone."""
    answer = np.zeros(image.shape[:2])
    answer[int(clicks[0].row), int(clicks[0].col)] = 1
    return answer


def redness(image, clicks):
    """Answer without looking where the click is."""
    return image[..., 0] / 255


class Spy(FunctionSegmentor):
    """A model that remembers the images and clicks it is asked about."""

    def __init__(self, function):
        super().__init__(function, "spy")
        self.images, self.clicks = [], []

    def embed(self, image):
        self.images.append(image)
        return super().embed(image)

    def predict(self, embedding, clicks, full_size=True):
        self.clicks.append(list(clicks))
        return super().predict(embedding, clicks, full_size)


def ask(segmentor, image, clicks, **how):
    return segmentor.predict(segmentor.embed(image), clicks, **how)


@pytest.fixture
def random_image(rng):
    return rng.integers(0, 256, (7, 12, 3), np.uint8)


@pytest.fixture
def colour_model(same_colour):
    return FunctionSegmentor(same_colour, "same colour")


@pytest.fixture(params=["ensemble", "triangulation", "votes", "turned"])
def segmentor(request, make_model):
    """Each of them, made of a click model whose own resolution is not the image's."""
    plain = segmentor_for(make_model("clicknet"), "clicks")
    return {
        "ensemble": Ensemble([plain, Turned(plain, 1)], "ensemble"),
        "triangulation": Triangulation(plain, "triangulation", 3),
        "votes": Votes(plain, "votes", side=3),
        "turned": Turned(plain, 3, mirrored=True),
    }[request.param]


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (37, 5), (48, 64), (200, 130)])
def test_every_size_and_number_of_clicks(segmentor, rng, size):
    image = rng.integers(0, 256, (*size, 3), np.uint8)
    embedding = segmentor.embed(image)
    clicks = [Click(0, 0), Click(*np.nextafter(size, 0)), Click(size[0] / 2, 0.5, positive=False)]
    answers = segmentor.predict(embedding, clicks)
    assert embedding.size == size
    assert embedding.nbytes > 0
    assert answers.shape == (3, *size)
    assert answers.dtype == np.float32
    assert answers.min() >= 0
    assert answers.max() <= 1
    assert segmentor.predict(embedding, []).shape == (0, *size)
    small = segmentor.predict(embedding, clicks, full_size=False)
    assert small.dtype == np.float32
    assert len(small) == 3


def test_the_same_question_gets_the_same_answer(segmentor, two_discs):
    embedding = segmentor.embed(two_discs.image)
    together = segmentor.predict(embedding, CLICKS)
    np.testing.assert_array_equal(ask(segmentor, two_discs.image, CLICKS), together)
    for click, answer in zip(CLICKS, together, strict=True):
        np.testing.assert_allclose(segmentor.predict(embedding, [click])[0], answer, atol=1e-5)


def test_a_click_outside_the_image(segmentor, two_discs):
    embedding = segmentor.embed(two_discs.image)
    for click in (Click(48, 0), Click(0, 64), Click(-0.1, 5)):
        with pytest.raises(ValueError, match="outside the image"):
            segmentor.predict(embedding, [click])


def test_an_image_of_another_kind(segmentor):
    with pytest.raises(ValueError, match="image must"):
        segmentor.embed(np.zeros((4, 4)))


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from(VIEWS), st.data())
def test_a_click_goes_there_and_its_answer_comes_back(height, width, view, data):
    image = np.arange(3 * height * width, dtype=np.uint8).reshape(height, width, 3)
    row = data.draw(st.integers(0, height - 1)) + 0.5
    col = data.draw(st.integers(0, width - 1)) + 0.5
    plain = FunctionSegmentor(the_pixel, "pixel")
    expected = ask(plain, image, [Click(row, col)])
    np.testing.assert_array_equal(ask(Turned(plain, *view), image, [Click(row, col)]), expected)


def test_the_model_sees_the_turned_image_under_the_turned_click(random_image):
    for turns, mirrored in VIEWS:
        spy = Spy(redness)
        ask(Turned(spy, turns, mirrored), random_image, [Click(2.5, 9.5, positive=False)])
        expected = np.rot90(random_image, turns)
        expected = np.fliplr(expected) if mirrored else expected
        np.testing.assert_array_equal(spy.images[0], expected)
        (click,) = spy.clicks[0]
        np.testing.assert_array_equal(expected[int(click.row), int(click.col)], random_image[2, 9])
        assert not click.positive


@pytest.mark.parametrize("size", [(7, 12), (13, 13), (1, 5), (8, 3)])
@pytest.mark.parametrize("merge", [mean_probability, mean_logit, most_certain])
def test_turning_changes_nothing_for_a_model_that_looks_at_colours(rng, colour_model, size, merge):
    image = rng.integers(0, 256, (*size, 3), np.uint8)
    clicks = [Click(0.5, size[1] - 0.5), Click(size[0] - 0.5, 1.5)]
    turned = Ensemble([Turned(colour_model, *view) for view in VIEWS], "all", merge)
    expected = ask(colour_model, image, clicks)
    np.testing.assert_allclose(ask(turned, image, clicks), expected, atol=1e-5)


def test_merging():
    answers = np.float32([[[0.125, 0.5]], [[0.25, 0.875]], [[0.75, 0.125]]])
    np.testing.assert_allclose(mean_probability(answers), [[0.375, 0.5]])
    np.testing.assert_allclose(most_certain(answers), [[0.125, 0.875]])
    odds = (answers / (1 - answers)).prod(axis=0) ** (1 / 3)
    np.testing.assert_allclose(mean_logit(answers), odds / (1 + odds), atol=1e-6)
    assert np.isfinite(mean_logit(np.float32([[0, 1], [1, 1]]))).all()


def test_members_may_have_other_resolutions(two_discs, fake_segmentor, colour_model):
    halved = fake_segmentor()
    both = Ensemble([halved, colour_model], "both")
    answers = ask(both, two_discs.image, CLICKS[:2], full_size=False)
    assert answers.shape == (2, 24, 32)
    for answer, label in zip(ask(both, two_discs.image, CLICKS[:2]), (1, 2), strict=True):
        assert np.mean((answer > 0.5) == (two_discs.label_maps[0] == label)) > 0.97


def test_one_member_is_the_model_itself(make_model, rng):
    plain = segmentor_for(make_model("clicknet"), "clicks")
    image = rng.integers(0, 256, (128, 128, 3), np.uint8)  # fills the canvas: it has no padding
    clicks = [Click(40, 50, positive=False), Click(3, 100, positive=False)]
    alone = ask(Ensemble([plain], "alone"), image, clicks)
    np.testing.assert_allclose(alone, ask(plain, image, clicks), atol=1e-5)


@pytest.mark.parametrize("merge", [mean_probability, most_certain])
def test_auxiliary_clicks_tell_nothing_of_a_model_that_does_not_see_clicks(random_image, merge):
    plain = FunctionSegmentor(redness, "redness")
    answers = ask(Triangulation(plain, "again", 5, merge), random_image, [Click(3, 4)])
    np.testing.assert_allclose(answers, ask(plain, random_image, [Click(3, 4)]), atol=1e-6)


def test_auxiliary_clicks_are_drawn_where_the_first_answer_says_yes(random_image):
    drawn = {}
    for count in (4, 40):
        spy = Spy(redness)
        ask(Triangulation(spy, "again", count), random_image, [Click(3, 4, positive=False)])
        first, drawn[count] = spy.clicks
        assert first == [Click(3, 4, positive=False)]
        assert len(drawn[count]) == count
    assert drawn[4] == drawn[40][:4]
    assert all(click.positive for click in drawn[40])
    assert {click.row % 1 for click in drawn[40]} == {0.5}
    reds = [random_image[int(click.row), int(click.col), 0] for click in drawn[40]]
    assert min(reds) > 127
    assert len(set(drawn[40])) > 10


def test_auxiliary_clicks_lie_on_the_image_and_not_on_the_small_answer(two_discs, fake_segmentor):
    """Its answers are half as large as the image; all clicks are in the disc, and answer alike."""
    again = Triangulation(fake_segmentor(), "again", 16)
    answers = ask(again, two_discs.image, CLICKS[1:2], full_size=False)
    disc = two_discs.label_maps[0][::2, ::2] == 2
    np.testing.assert_allclose(answers[0], np.where(disc, 0.95, 0.05), atol=0.2)


def test_the_mean_is_over_the_first_answer_and_the_auxiliary_ones(random_image, colour_model):
    spy = Spy(colour_model.function)
    answer = ask(Triangulation(spy, "again", 3), random_image, [Click(3.5, 4.5)])[0]
    asked = [click for clicks in spy.clicks for click in clicks]
    assert len(asked) == 4
    expected = ask(colour_model, random_image, asked).mean(axis=0)
    np.testing.assert_allclose(answer, expected, atol=1e-6)


def test_without_a_yes_the_first_answer_stands(random_image):
    unsure = FunctionSegmentor(lambda image, clicks: np.full(image.shape[:2], 0.5), "unsure")
    answers = ask(Triangulation(unsure, "again", 3), random_image, [Click(3, 4)])
    np.testing.assert_allclose(answers, 0.5, atol=1e-6)


def test_votes_against_the_sum_written_out(random_image, colour_model):
    places = grid_clicks(3, (7, 12))
    theirs = ask(colour_model, random_image, places)
    answers = ask(Votes(colour_model, "votes", side=3), random_image, CLICKS_OF_VOTES)
    for click, answer in zip(CLICKS_OF_VOTES, answers, strict=True):
        for row, col in np.ndindex(7, 12):
            above = below = 0.0
            for one in theirs:
                weight = one[int(click.row), int(click.col)]
                weight = weight if click.positive else 1 - weight
                above += weight * one[row, col]
                below += weight
            assert answer[row, col] == pytest.approx(above / below, abs=1e-5)


CLICKS_OF_VOTES = [Click(2.5, 2.5), Click(5.5, 11.5), Click(0.5, 6.5, positive=False)]


def test_sure_votes_of_a_partition_are_its_regions(two_discs):
    def region(image, clicks):
        return (image == image[int(clicks[0].row), int(clicks[0].col)]).all(axis=2).astype(float)

    votes = Votes(FunctionSegmentor(region, "regions"), "votes", side=8)
    for answer, label in zip(ask(votes, two_discs.image, CLICKS[:2]), (1, 2), strict=True):
        np.testing.assert_allclose(answer, two_discs.label_maps[0] == label, atol=1e-6)


def test_a_place_that_nobody_votes_for_has_no_mask(random_image):
    never = FunctionSegmentor(lambda image, clicks: np.zeros(image.shape[:2]), "never")
    assert not ask(Votes(never, "votes", side=2), random_image, [Click(1, 1)]).any()
