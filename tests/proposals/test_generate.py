"""From a grid of clicks to an ordered list, with models whose masks are known."""

import numpy as np
import pytest

from tamingseg.frame import Frame
from tamingseg.masks.iou import iou
from tamingseg.proposals.generate import (
    PIPELINES,
    ProposalConfig,
    ask_grid,
    masks_from_answers,
    propose_masks,
)
from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.function import FunctionSegmentor

SMALL = ProposalConfig(grid=8, min_area=0)


def regions(two_discs):
    return [two_discs.label_maps[0] == label for label in (0, 1, 2)]


def best(masks, truth):
    return max((iou(masks[number], truth) for number in range(len(masks))), default=0)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_finds_what_the_model_knows(name, two_discs, fake_segmentor):
    config = PIPELINES[name]
    masks = propose_masks(fake_segmentor(), two_discs.image, config)
    assert masks.size == (48, 64)
    for truth in regions(two_discs):
        assert best(masks, truth) > 0.85
    assert len(masks) == 3
    assert (masks.scores > 0.9).all()


def test_an_embedding_is_as_good_as_its_image(two_discs, fake_segmentor):
    segmentor = fake_segmentor()
    from_image = propose_masks(segmentor, two_discs.image, SMALL)
    from_embedding = propose_masks(segmentor, segmentor.embed(two_discs.image), SMALL)
    np.testing.assert_array_equal(from_image.packed, from_embedding.packed)


def test_progress_counts_the_clicks(two_discs, fake_segmentor):
    seen = []
    config = ProposalConfig(grid=10, further=20)
    propose_masks(fake_segmentor(), two_discs.image, config, lambda *step: seen.append(step))
    assert [total for _, total in seen] == [120] * len(seen)
    done = [count for count, _ in seen]
    assert done == sorted(set(done))
    assert done[-1] == 120


def test_small_masks_are_left_out_and_the_list_ends_at_most(two_discs, fake_segmentor):
    def areas_of(**settings):
        masks = propose_masks(fake_segmentor(), two_discs.image, ProposalConfig(8, **settings))
        return sorted(int(masks[number].sum()) for number in range(len(masks)))

    assert len(areas_of(min_area=0)) == 3
    assert len(areas_of(min_area=400)) == 2
    assert len(areas_of(min_area=0, most=1)) == 1


def nested(image, clicks):
    """A part in a whole: the answer to a click in the part is unsure how much is meant."""
    rows, cols = np.mgrid[: image.shape[0], : image.shape[1]]
    distance = np.hypot(rows - 32, cols - 32)
    row, col = int(clicks[-1].row), int(clicks[-1].col)
    inside = distance[row, col]
    logits = np.full(image.shape[:2], -5.0)
    if inside < 10:
        logits[distance < 24], logits[distance < 10] = 0.4, 3.4
    elif inside < 24:
        logits[distance < 24] = 4
    return 1 / (1 + np.exp(-logits))


def test_one_answer_gives_part_and_whole():
    image = np.zeros((64, 64, 3), np.uint8)
    rows, cols = np.mgrid[:64, :64]
    part, whole = (np.hypot(rows - 32, cols - 32) < radius for radius in (10, 24))
    segmentor = FunctionSegmentor(nested, "nested")
    with_levels = propose_masks(segmentor, image, ProposalConfig(grid=16))
    without = propose_masks(segmentor, image, ProposalConfig(grid=16, levels=0))
    assert best(with_levels, part) == best(with_levels, whole) == 1
    assert best(without, whole) == 1
    assert best(without, part) < 0.5


def test_superpixels_leave_masks_that_fit_as_they_are(two_discs):
    """Every answer is surest about the region it was asked about."""
    labels = two_discs.label_maps[0]

    def answer(image, clicks):
        here = labels == labels[int(clicks[-1].row), int(clicks[-1].col)]
        return np.where(here, 0.99, 0.04)

    segmentor = FunctionSegmentor(answer, "modest")
    config = ProposalConfig(8, min_area=0, superpixels=True)
    masks = propose_masks(segmentor, two_discs.image, config)
    assert len(masks) == 3
    assert [best(masks, truth) for truth in regions(two_discs)] == [1, 1, 1]


class ThreeMasks:
    """Gives three masks per click, as SAM does: the disc, its upper half, and nonsense."""

    name = "three"

    def __init__(self, sample):
        self.labels = sample.label_maps[0]

    def embed(self, image):
        return ImageEmbedding(None, Frame.stretch((48, 64), (48, 64)), 0)

    def predict(self, embedding, clicks, full_size=True):
        raise AssertionError("a model with several masks per click is asked for all of them")

    def predict_jointly(self, embedding, clicks, previous=None):
        raise AssertionError

    def predict_candidates(self, embedding, clicks):
        answers = np.full((len(clicks), 3, 48, 64), 0.01, np.float32)
        for answer, click in zip(answers, clicks, strict=True):
            region = self.labels == self.labels[int(click.row), int(click.col)]
            answer[0][region] = 0.99
            answer[1][region & (np.arange(48)[:, None] < 24)] = 0.99
            answer[2][:, ::2] = 0.99
        return answers, np.tile(np.float32([0.9, 0.6, 0.1]), (len(clicks), 1))


def test_a_model_with_three_masks_per_click(two_discs):
    segmentor = ThreeMasks(two_discs)
    answers = ask_grid(segmentor, two_discs.image, SMALL)
    assert answers.logits.shape == (3 * 64, 48, 64)
    masks = masks_from_answers(answers, ProposalConfig(8, min_area=0, order="quality"))
    found = [iou(masks[0], truth) for truth in regions(two_discs)]
    assert max(found) == 1
    upper = regions(two_discs)[2] & (np.arange(48)[:, None] < 24)
    assert best(masks, upper) == 1
    halves = masks_from_answers(answers, ProposalConfig(8, min_area=0))
    assert {best(halves, truth) for truth in regions(two_discs)} == {1}


def test_a_model_that_sees_nothing_gives_an_empty_list():
    segmentor = FunctionSegmentor(lambda image, clicks: np.zeros(image.shape[:2]), "blind")
    for config in PIPELINES.values():
        assert len(propose_masks(segmentor, np.zeros((30, 40, 3), np.uint8), config)) == 0


@pytest.mark.parametrize("size", [(2, 90), (61, 83), (200, 30)])
def test_odd_sizes(size, rng, fake_segmentor):
    image = np.repeat(rng.integers(0, 2, (*size, 1)).astype(np.uint8) * 255, 3, axis=2)
    masks = propose_masks(fake_segmentor(), image, SMALL)
    assert masks.size == size


def test_further_clicks_find_what_the_grid_missed():
    """A small thing between the clicks of a coarse grid; nothing else is uncertain."""

    def answer(image, clicks):
        thing = np.zeros(image.shape[:2], bool)
        thing[28:36, 28:36] = True
        click = clicks[-1]
        inside = thing[int(click.row), int(click.col)]
        probabilities = np.where(thing, 0.5, 0.95)
        return np.where(thing, 0.95, 0.05) if inside else probabilities

    segmentor = FunctionSegmentor(answer, "gap")
    image = np.zeros((64, 64, 3), np.uint8)
    thing = np.zeros((64, 64), bool)
    thing[28:36, 28:36] = True
    without = propose_masks(segmentor, image, ProposalConfig(grid=2, min_area=0))
    found = propose_masks(segmentor, image, ProposalConfig(grid=2, min_area=0, further=4))
    assert best(without, thing) < 0.5
    assert best(found, thing) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"grid": 0}, "grid >= 1"),
        ({"further": -1}, "further"),
        ({"most": 0}, "most >= 1"),
        ({"suppress_above": 1.5}, "in \\[0, 1\\]"),
        ({"order": "size"}, "order must be one of"),
        ({"overlap": "hull"}, "overlap must be one of"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        ProposalConfig(**settings)


def test_a_click_of_every_cell_is_asked(two_discs, fake_segmentor):
    answers = ask_grid(fake_segmentor(), two_discs.image, SMALL)
    assert len(answers.logits) == len(answers.points) == 64
    expected = [(int((i + 0.5) * 3), int((j + 0.5) * 4)) for i in range(8) for j in range(8)]
    assert [tuple(point) for point in answers.points.tolist()] == expected
