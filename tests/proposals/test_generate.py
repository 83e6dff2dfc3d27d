"""From a grid of clicks to an ordered list, with models whose masks are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from tamingseg.masks.iou import iou
from tamingseg.masks.packed import areas
from tamingseg.proposals import generate
from tamingseg.proposals.answers import Answers
from tamingseg.proposals.generate import (
    ProposalConfig,
    ask_grid,
    masks_from_answers,
    propose_masks,
)
from tamingseg.proposals.ranking import votes_of
from tamingseg.segmentors.base import LARGEST_LOGIT, DistinctClicks, ImageEmbedding
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.segmentors.load import segmentor_for

SMALL = ProposalConfig(grid=8, min_area=0)


def regions(two_discs):
    return [two_discs.label_maps[0] == label for label in (0, 1, 2)]


def best(masks, truth):
    return max((iou(masks[number], truth) for number in range(len(masks))), default=0)


def test_it_finds_what_the_model_knows(two_discs, fake_segmentor):
    masks = propose_masks(fake_segmentor(), two_discs.image)
    assert masks.size == (48, 64)
    for truth in regions(two_discs):
        assert best(masks, truth) > 0.85
    assert len(masks) == 3
    assert (masks.scores > 0.9).all()


def test_an_embedding_is_as_good_as_its_image(two_discs, fake_segmentor):
    segmentor = fake_segmentor()
    from_image = propose_masks(segmentor, two_discs.image, config=SMALL)
    from_embedding = propose_masks(segmentor, segmentor.embed(two_discs.image), config=SMALL)
    np.testing.assert_array_equal(from_image.packed, from_embedding.packed)


def test_progress_counts_the_clicks(two_discs, fake_segmentor):
    seen = []
    config = ProposalConfig(grid=10)
    propose_masks(
        fake_segmentor(), two_discs.image, config=config, progress=lambda *step: seen.append(step)
    )
    assert [total for _, total in seen] == [100] * len(seen)
    done = [count for count, _ in seen]
    assert done == sorted(set(done))
    assert done[-1] == 100


def test_small_masks_are_left_out_and_the_list_ends_at_most(two_discs, fake_segmentor):
    def areas_of(**settings):
        masks = propose_masks(
            fake_segmentor(), two_discs.image, config=ProposalConfig(8, **settings)
        )
        return sorted(int(masks[number].sum()) for number in range(len(masks)))

    assert len(areas_of(min_area=0)) == 3
    assert len(areas_of(min_area=400)) == 2
    assert len(areas_of(min_area=0, count=1)) == 1


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
    with_levels = propose_masks(segmentor, image, config=ProposalConfig(grid=16))
    without = propose_masks(segmentor, image, config=ProposalConfig(grid=16, levels=0))
    assert best(with_levels, part) == best(with_levels, whole) == 1
    assert best(without, whole) == 1
    assert best(without, part) < 0.5


class ThreeMasks:
    """Gives three masks per click, as SAM does: the disc, its upper half, and nonsense."""

    name = "three"

    def __init__(self, sample):
        self.labels = sample.label_maps[0]

    def embed(self, image):
        return ImageEmbedding(image, features=None)

    def predict(self, embedding, clicks, full_size=True):
        raise AssertionError("a model with several masks per click is asked for all of them")

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


def test_a_click_model_of_several_outputs_is_asked_for_all_of_them(make_model, two_discs):
    segmentor = segmentor_for(make_model("clicknet", outputs=3), "three")
    answers = ask_grid(segmentor, two_discs.image, ProposalConfig(grid=2))
    assert answers.logits.shape[1:] == (12, 16)
    assert len(answers.logits) == len(answers.quality) == len(answers.counts)
    assert answers.counts.sum() == 3 * 4
    one = ask_grid(segmentor_for(make_model("clicknet"), "one"), two_discs.image, SMALL)
    assert one.quality is None


def test_a_click_that_stands_for_others_counts_for_all_of_them(fake_segmentor, two_discs):
    """All clicks on a disc are answered alike: one that counts for all gives the same list."""

    class Distinct(type(fake_segmentor())):
        asked = 0

        def distinct_clicks(self, embedding, clicks):
            colours = [tuple(embedding.image[int(c.row), int(c.col)]) for c in clicks]
            alike = [[n for n, c in enumerate(colours) if c == key] for key in set(colours)]
            middle = [places[len(places) // 2] for places in alike]
            counts = np.array([len(places) for places in alike])
            return DistinctClicks(np.array(middle), counts, [clicks[place] for place in middle])

        def predict_distinct(self, embedding, distinct, part):
            self.asked += len(distinct.known[part])
            answers = super().predict(embedding, distinct.known[part], False)
            return logit(answers).clip(-LARGEST_LOGIT, LARGEST_LOGIT).astype(np.float16)

    segmentor, config, steps = Distinct(), SMALL, []
    masks = propose_masks(segmentor, two_discs.image, config=config,
                          progress=lambda *step: steps.append(step))  # fmt: skip
    everything = propose_masks(fake_segmentor(), two_discs.image, config=config)
    assert segmentor.asked == 3
    assert steps[-1] == (64, 64)
    np.testing.assert_array_equal(masks.packed, everything.packed)


def test_a_model_that_sees_nothing_gives_an_empty_list():
    segmentor = FunctionSegmentor(lambda image, clicks: np.zeros(image.shape[:2]), "blind")
    assert len(propose_masks(segmentor, np.zeros((30, 40, 3), np.uint8))) == 0


@pytest.mark.parametrize("size", [(2, 90), (61, 83), (200, 30)])
def test_odd_sizes(size, rng, fake_segmentor):
    image = np.repeat(rng.integers(0, 2, (*size, 1)).astype(np.uint8) * 255, 3, axis=2)
    masks = propose_masks(fake_segmentor(), image, config=SMALL)
    assert masks.size == size
    assert len(masks) > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"grid": 0}, "grid >= 1"),
        ({"levels": -1}, "levels"),
        ({"count": 0}, "count >= 1"),
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


def ring_and_disc():
    """Two answers: a disc of logit 4 in a ring of logit 3, boxes nearly alike."""
    rows, cols = np.mgrid[:40, :40]
    distance = np.hypot(rows - 20, cols - 20)
    disc = np.where(distance < 13, 4.0, -8.0)
    ring = np.where((distance >= 13) & (distance < 15), 3.0, -8.0)
    points = np.array([[20, 20], [20, 34]])
    return Answers(
        np.stack([disc, ring]).astype(np.float16), points, None, np.ones(2, int), (40, 40)
    )


def test_overlap_says_what_is_compared():
    settings = {"levels": 0, "min_area": 0, "suppress_above": 0.7}
    assert len(masks_from_answers(ring_and_disc(), ProposalConfig(**settings))) == 2
    assert len(masks_from_answers(ring_and_disc(), ProposalConfig(**settings, overlap="box"))) == 1


def blobs(*described, quality=None):
    """One answer per (row, col, radius, softness): a disc whose edge the logits cross slowly."""
    rows, cols = np.mgrid[:60, :80]
    logits = [
        np.clip((radius - np.hypot(rows - row, cols - col)) / softness, -8, 8)
        for row, col, radius, softness in described
    ]
    points = np.array([(row, col) for row, col, _, _ in described])
    counts = np.ones(len(points), int)
    return Answers(np.stack(logits).astype(np.float16), points, quality, counts, (60, 80))


def at(masks, number, row, col):
    return bool(masks[number][row, col])


def test_each_order_goes_by_its_own_measure():
    """The left blob is sharp, the right one blurred but liked by the model; twins in the middle."""
    quality = np.float32([0.2, 0.9, 0.6])
    answers = blobs((20, 12, 8, 0.1), (20, 66, 8, 2.0), (20, 40, 8, 1.0), quality=quality)
    first = {
        order: next(
            name
            for name, col in (("sharp", 12), ("liked", 66), ("middle", 40))
            if at(masks_from_answers(answers, ProposalConfig(order=order, min_area=0)), 0, 20, col)
        )
        for order in ("stability", "quality", "both")
    }
    assert first == {"stability": "sharp", "quality": "liked", "both": "liked"}


def test_votes_decide_the_expected_order():
    """Two discs of one size: five answers see the right one, one the left; then the right leads."""
    answers = blobs((30, 20, 9, 0.3), *[(30, 60, 9, 0.3)] * 5)
    masks = masks_from_answers(answers, ProposalConfig(min_area=0))
    assert at(masks, 0, 30, 60)
    assert at(masks, 1, 30, 20)
    by_stability = masks_from_answers(answers, ProposalConfig(min_area=0, order="stability"))
    assert at(by_stability, 0, 30, 20)


def test_votes_of_small_masks_count_more():
    answers = blobs((30, 15, 6, 0.1), (30, 55, 22, 0.1))
    candidates = generate.find_candidates(answers, ProposalConfig(levels=0, min_area=0))
    area = areas(candidates.packed)
    votes = votes_of(candidates.mass, candidates.stability, area)
    small, large = votes
    assert small / large == pytest.approx(
        (area[1] / area[0]) ** 0.75 * (candidates.stability[0] / candidates.stability[1]) ** 2
    )


def test_unstable_masks_can_be_left_out():
    answers = blobs((30, 20, 9, 0.1), (30, 60, 9, 3.0))
    strict = masks_from_answers(answers, ProposalConfig(levels=0, min_area=0, min_stability=0.9))
    assert len(strict) == 1
    assert at(strict, 0, 30, 20)


def test_a_component_without_the_click_is_no_part_of_the_mask():
    answers = blobs((30, 20, 9, 0.1))
    twice = answers.logits + 0
    twice[0] = np.maximum(twice[0], blobs((30, 60, 9, 0.1)).logits[0])
    both = replace(answers, logits=twice)
    (mask,) = (masks_from_answers(both, ProposalConfig(min_area=0))[0],)
    assert mask[30, 20]
    assert not mask[30, 60]
    assert masks_from_answers(both, ProposalConfig(levels=0, min_area=0))[0][30, 60]


def test_fewer_masks_are_the_first_of_more(rng):
    answers = blobs(*[(*rng.integers(10, 50, 2), rng.uniform(4, 12), 0.5) for _ in range(30)])
    many = masks_from_answers(answers, ProposalConfig(min_area=0))
    few = masks_from_answers(answers, ProposalConfig(min_area=0, count=5))
    np.testing.assert_array_equal(few.packed, many.packed[:5])


def test_a_quality_that_is_no_number_stops(two_discs):
    segmentor = ThreeMasks(two_discs)
    segmentor.predict_candidates = lambda embedding, clicks: (
        np.zeros((len(clicks), 3, 48, 64), np.float32),
        np.full((len(clicks), 3), np.nan, np.float32),
    )
    with pytest.raises(ValueError, match=r"'three' must answer .* NaN"):
        propose_masks(segmentor, two_discs.image, config=SMALL)
