"""The click protocol on a data set with known answers."""

from dataclasses import replace

import numpy as np
import pytest

from tamingseg.evaluation.interactive import ClickProtocol, evaluate_clicks, evaluate_image
from tamingseg.evaluation.records import read_rows
from tamingseg.frame import Frame
from tamingseg.masks.certainty import FUSIONS
from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.prior import answer_prior
from tamingseg.values import Sample

COMBINATIONS = (*FUSIONS, "joint")


class ListDataset:
    """Samples in memory; counts how often each is read."""

    name = "list"
    fingerprint = "1157"

    def __init__(self, samples):
        self.samples = samples
        self.names = [sample.name for sample in samples]
        self.read = []

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        self.read.append(self.names[index])
        return self.samples[index]


@pytest.fixture
def dataset(two_discs):
    empty = np.zeros_like(two_discs.label_maps)
    return ListDataset(
        [
            two_discs,
            replace(two_discs, name="empty", label_maps=empty),
            replace(two_discs, name="twice", label_maps=np.repeat(two_discs.label_maps, 2, axis=0)),
        ]
    )


def test_a_model_that_knows_gets_everything_right(two_discs, fake_segmentor):
    rows = evaluate_image(two_discs, "set", fake_segmentor(), ClickProtocol(clicks=3))
    assert [(row.map, row.label, row.masks_in_image) for row in rows] == [(0, 1, 2), (0, 2, 2)]
    assert [row.area for row in rows] == [(two_discs.label_maps == k).sum() for k in (1, 2)]
    assert [row.ious for row in rows] == [[1.0] * 3] * 2


def test_masks_under_the_minimum_are_skipped(two_discs, fake_segmentor):
    area = int((two_discs.label_maps == 1).sum())
    for minimum, labels in [(area, [1, 2]), (area + 1, [2]), (10**6, [])]:
        rows = evaluate_image(two_discs, "set", fake_segmentor(), ClickProtocol(min_area=minimum))
        assert [row.label for row in rows] == labels


class Answers:
    """A segmentor that answers each click with `answer(click, image)`; remembers what was asked."""

    name = "answers"

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def embed(self, image):
        size = image.shape[:2]
        return ImageEmbedding(image, Frame.stretch(size, size), 0)

    def predict(self, embedding, clicks, full_size=True):
        self.asked.append(list(clicks))
        return np.stack([self.answer(click, embedding.size) for click in clicks])

    def predict_jointly(self, embedding, clicks, previous=None):
        self.asked.append(list(clicks))
        return self.answer(clicks[-1], embedding.size)


def constant(value):
    return lambda click, size: np.full(size, value, np.float32)


def test_all_masks_of_an_image_are_decoded_together(two_discs):
    segmentor = Answers(constant(0.9))
    evaluate_image(two_discs, "set", segmentor, ClickProtocol())
    assert [len(clicks) for clicks in segmentor.asked] == [2]


def test_both_sides_of_the_threshold(two_discs):
    segmentor = Answers(constant(0.495))
    share = [(two_discs.label_maps == k).mean() for k in (1, 2)]
    for threshold, expected in [(0.5, [0, 0]), (0.49, share), (0.495, [0, 0])]:
        rows = evaluate_image(two_discs, "set", segmentor, ClickProtocol(threshold=threshold))
        np.testing.assert_allclose([row.ious[0] for row in rows], expected, atol=1e-6)


def test_unlabelled_pixels_count_neither_way(two_discs):
    unlabelled = replace(two_discs, zero_is_background=False)
    rows = evaluate_image(unlabelled, "set", Answers(constant(0.9)), ClickProtocol())
    areas = [(two_discs.label_maps == k).sum() for k in (1, 2)]
    expected = [area / sum(areas) for area in areas]
    np.testing.assert_allclose([row.ious[0] for row in rows], expected, atol=1e-6)


def test_the_click_is_in_the_middle_or_anywhere_inside(two_discs):
    segmentor = Answers(constant(0.9))
    evaluate_image(two_discs, "set", segmentor, ClickProtocol(clicker="center"))
    middles = [(click.row, click.col) for click in segmentor.asked[0]]
    np.testing.assert_allclose(middles, [(16, 18), (30, 44)], atol=1)
    random = set()
    for seed in range(20):
        evaluate_image(two_discs, "set", segmentor, ClickProtocol(seed=seed))
        for click, label in zip(segmentor.asked[-1], (1, 2), strict=True):
            assert two_discs.label_maps[0, int(click.row), int(click.col)] == label
            random.add((click.row, click.col))
    assert len(random) > 30


@pytest.mark.parametrize("fusion", COMBINATIONS)
def test_further_clicks_go_to_what_is_wrong(two_discs, fusion):
    """A model that always answers "everything": every further click is negative and new."""
    segmentor = Answers(constant(0.9))
    evaluate_image(
        replace(two_discs, label_maps=(two_discs.label_maps == 1).astype(np.int32)),
        "set",
        segmentor,
        ClickProtocol(clicks=4, fusion=fusion),
    )
    if fusion == "joint":
        conversation = segmentor.asked[-1]
    else:
        conversation = [clicks[0] for clicks in segmentor.asked if len(clicks) == 1]
    assert [click.positive for click in conversation] == [True, False, False, False]
    places = {(click.row, click.col) for click in conversation}
    assert len(places) == 4
    inside = [two_discs.label_maps[0, int(c.row), int(c.col)] == 1 for c in conversation]
    assert inside == [True, False, False, False]


def half_then_rest(click, size):
    """Sees only the 8x8 block around a positive click: .9 in it, .3 elsewhere."""
    answer = np.full(size, 0.3, np.float32)
    row, col = int(click.row) // 8 * 8, int(click.col) // 8 * 8
    answer[row : row + 8, col : col + 8] = 0.9 if click.positive else 0.1
    return answer


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_mask_met_exactly_keeps_its_iou_and_asks_no_more(fusion):
    labels = np.zeros((1, 32, 48), np.int32)
    labels[0, 8:24, 8:24] = 1  # four blocks
    sample = Sample(np.zeros((32, 48, 3), np.uint8), labels, "blocks")
    segmentor = Answers(half_then_rest)
    (row,) = evaluate_image(sample, "set", segmentor, ClickProtocol(clicks=6, fusion=fusion))
    assert row.ious == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert sum(len(clicks) == 1 for clicks in segmentor.asked) == 4


def test_rows_name_every_setting_that_counts(two_discs, fake_segmentor):
    def method(**settings):
        made_by = ClickProtocol(**settings).method("fake", weights="f00", data="1157")
        image = (two_discs, "set", fake_segmentor(), ClickProtocol(**settings))
        return evaluate_image(*image, made_by)[0].method

    one_click = method(clicker="center")
    assert one_click.keys() == {
        "model", "weights", "data", "version", "clicker", "clicks", "threshold", "min_area"
    }  # fmt: skip
    assert (one_click["model"], one_click["weights"]) == ("fake", "f00")
    assert method(clicks=2, seed=4) == {
        **one_click, "clicks": 2, "clicker": "random", "seed": 4, "fusion": "joint"
    }  # fmt: skip


def test_clicks_do_not_depend_on_order_limit_or_model(dataset, two_discs, fake_segmentor):
    segmentors = [Answers(constant(0.9)), Answers(constant(0.1))]
    for sample in dataset.samples:
        evaluate_image(sample, "set", segmentors[0], ClickProtocol())
    for sample in reversed(dataset.samples):
        evaluate_image(sample, "set", segmentors[1], ClickProtocol())
    assert segmentors[0].asked == segmentors[1].asked[::-1]


@pytest.mark.parametrize("protocol", [ClickProtocol(), ClickProtocol(clicks=3, fusion="prior")])
def test_a_killed_run_goes_on_to_the_same_file(dataset, fake_segmentor, protocol, tmp_path):
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    rows = evaluate_clicks(dataset, fake_segmentor(), protocol, whole)
    assert [row.image for row in rows] == ["two_discs"] * 2 + ["twice"] * 4
    assert read_rows(whole) == rows
    text = whole.read_bytes()
    for end in (0, len(text) // 5, len(text) // 2, len(text) - 1, len(text)):
        killed.write_bytes(text[:end])
        assert evaluate_clicks(dataset, fake_segmentor(), protocol, killed) == rows
        assert killed.read_bytes() == text


def test_finished_images_are_not_read_again(dataset, fake_segmentor, tmp_path):
    out = tmp_path / "rows.jsonl"
    evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out)
    dataset.read.clear()
    evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out)
    assert dataset.read == ["empty"]  # it has no rows, so nothing says that it was done


def test_a_file_collects_methods(dataset, fake_segmentor, tmp_path):
    out = tmp_path / "rows.jsonl"
    first = evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out, "f00")
    other = evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out, "ba4")
    lower = evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(threshold=0.49), out, "f00")
    assert len(first) == len(other) == len(lower) == 6
    assert read_rows(out) == first + other + lower


def test_another_data_set_of_the_same_name_is_measured(dataset, fake_segmentor, tmp_path):
    out = tmp_path / "rows.jsonl"
    evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out)
    dataset.fingerprint = "07e4"
    dataset.read.clear()
    evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out)
    assert dataset.read == dataset.names


def test_limit_spreads_over_the_data_set(dataset, fake_segmentor, tmp_path):
    out = tmp_path / "rows.jsonl"
    limited = evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out, limit=2)
    assert dataset.read == ["two_discs", "twice"]
    evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out)
    assert evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out, limit=2) == limited
    one = evaluate_clicks(dataset, fake_segmentor(), ClickProtocol(), out, limit=1)
    assert {row.image for row in one} == {"two_discs"}


@pytest.mark.parametrize(
    "settings",
    [{"clicks": 0}, {"threshold": 1.0}, {"min_area": 0}, {"fusion": "x"}, {"clicker": ""}],
)
def test_protocol_refuses(settings):
    with pytest.raises(ValueError, match=r"expected clicks|must be one of"):
        ClickProtocol(**settings)


def test_answer_prior_is_the_mean_over_a_grid(two_discs, fake_segmentor):
    segmentor = fake_segmentor()
    prior = answer_prior(segmentor, segmentor.embed(two_discs.image), side=8)
    hits = np.bincount(two_discs.label_maps[0, 3::6, 4::8].ravel())  # the grid's own pixels
    share = hits[two_discs.label_maps[0]] / 64
    np.testing.assert_allclose(prior, 0.95 * share + 0.05 * (1 - share), rtol=1e-5)
    assert prior.dtype == np.float32
