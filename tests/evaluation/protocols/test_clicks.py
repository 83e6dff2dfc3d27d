"""The click protocol on a data set with known answers."""

import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tamingseg.evaluation.protocols.clicks import SEGNEXT, Settings, from_model, measure
from tamingseg.masks.certainty import FUSIONS
from tamingseg.metrics.boundary import boundary_f, boundary_iou
from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.prior import answer_prior
from tamingseg.values import Sample

COMBINATIONS = (*FUSIONS, "joint")


def results_of(sample, segmentor, protocol):
    return measure(sample, segmentor, protocol)[1]


def test_a_model_that_knows_gets_everything_right(two_discs, fake_segmentor):
    results = results_of(two_discs, fake_segmentor(), Settings(clicks=3))
    areas = [int((two_discs.label_maps == label).sum()) for label in (1, 2)]
    assert results == [
        {
            "map": 0,
            "label": label,
            "area": area,
            "trial": 0,
            "ious": [1.0] * 3,
            "boundary_ious": [1.0] * 3,
            "boundary_fs": [1.0] * 3,
        }
        for label, area in zip((1, 2), areas, strict=True)
    ]


def test_masks_under_the_minimum_are_skipped(two_discs, fake_segmentor):
    area = int((two_discs.label_maps == 1).sum())
    for minimum, labels in [(area, [1, 2]), (area + 1, [2]), (10**6, [])]:
        results = results_of(two_discs, fake_segmentor(), Settings(min_area=minimum))
        assert [result["label"] for result in results] == labels


class Answers:
    """A segmentor that answers each click with `answer(click, image)`; remembers what was asked."""

    name = "answers"

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def embed(self, image):
        return ImageEmbedding(image, features=None)

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
    results_of(two_discs, segmentor, Settings())
    assert [len(clicks) for clicks in segmentor.asked] == [2]


def test_both_sides_of_the_threshold(two_discs):
    segmentor = Answers(constant(0.495))
    share = [(two_discs.label_maps == k).mean() for k in (1, 2)]
    for threshold, expected in [(0.5, [0, 0]), (0.49, share), (0.495, [0, 0])]:
        results = results_of(two_discs, segmentor, Settings(threshold=threshold))
        np.testing.assert_allclose([result["ious"][0] for result in results], expected, atol=1e-6)


def test_unlabelled_pixels_count_neither_way(two_discs):
    unlabelled = replace(two_discs, zero_is_background=False)
    results = results_of(unlabelled, Answers(constant(0.9)), Settings())
    areas = [(two_discs.label_maps == k).sum() for k in (1, 2)]
    expected = [area / sum(areas) for area in areas]
    np.testing.assert_allclose([result["ious"][0] for result in results], expected, atol=1e-6)


def test_outlines_are_measured_after_every_click(two_discs):
    """An answer one pixel wider all round: less in the band of one pixel than in the whole mask."""
    wider = {
        label: cv2.dilate((two_discs.label_maps[0] == label).view(np.uint8), np.ones((3, 3)))
        for label in (1, 2)
    }

    def answer(click, size):
        return wider[two_discs.label_maps[0, int(click.row), int(click.col)]].astype(np.float32)

    for result in results_of(two_discs, Answers(answer), Settings()):
        mask, found = two_discs.label_maps[0] == result["label"], wider[result["label"]] > 0
        assert result["ious"] == [round(mask.sum() / found.sum(), 6)]
        assert result["boundary_ious"] == [round(boundary_iou(found, mask), 6)]
        assert result["boundary_fs"] == [round(boundary_f(found, mask), 6)]
        assert result["boundary_ious"] < result["ious"]


def test_unlabelled_pixels_are_in_no_outline(two_discs):
    unlabelled = replace(two_discs, zero_is_background=False)
    segmentor = Answers(lambda click, size: (two_discs.label_maps[0] != 2).astype(np.float32))
    first, second = results_of(unlabelled, segmentor, Settings())
    assert (first["ious"], first["boundary_ious"], first["boundary_fs"]) == ([1], [1], [1])
    assert (second["ious"], second["boundary_ious"], second["boundary_fs"]) == ([0], [0], [0])


def test_the_click_is_in_the_middle_or_anywhere_inside(two_discs):
    segmentor = Answers(constant(0.9))
    results_of(two_discs, segmentor, Settings(clicker="center"))
    middles = [(click.row, click.col) for click in segmentor.asked[0]]
    np.testing.assert_allclose(middles, [(16, 18), (30, 44)], atol=1)
    random = set()
    for seed in range(20):
        results_of(two_discs, segmentor, Settings(seed=seed))
        for click, label in zip(segmentor.asked[-1], (1, 2), strict=True):
            assert two_discs.label_maps[0, int(click.row), int(click.col)] == label
            random.add((click.row, click.col))
    assert len(random) > 30


@pytest.mark.parametrize("fusion", COMBINATIONS)
def test_further_clicks_go_to_what_is_wrong(two_discs, fusion):
    """A model that always answers "everything": every further click is negative and new."""
    segmentor = Answers(constant(0.9))
    one_disc = replace(two_discs, label_maps=(two_discs.label_maps == 1).astype(np.int32))
    results_of(one_disc, segmentor, Settings(clicks=4, fusion=fusion))
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
    (result,) = results_of(sample, segmentor, Settings(clicks=6, fusion=fusion))
    assert result["ious"] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert sum(len(clicks) == 1 for clicks in segmentor.asked) == 4


def test_settings_are_those_that_play_a_part():
    assert Settings(clicker="center").recorded().keys() == {
        "clicker", "clicks", "trials", "threshold", "min_area"
    }  # fmt: skip
    assert Settings(seed=4).recorded()["seed"] == 4
    several = Settings(clicks=2, fusion="prior").recorded()
    assert (several["fusion"], several["count_last_click"]) == ("prior", False)


def test_clicks_do_not_depend_on_order_or_model(two_discs):
    samples = [replace(two_discs, name=name) for name in "abc"]
    segmentors = [Answers(constant(0.9)), Answers(constant(0.1))]
    for sample in samples:
        results_of(sample, segmentors[0], Settings())
    for sample in reversed(samples):
        results_of(sample, segmentors[1], Settings())
    assert segmentors[0].asked == segmentors[1].asked[::-1]
    assert segmentors[0].asked[0] != segmentors[0].asked[1]


def test_trials_click_elsewhere_each_time(two_discs):
    segmentor = Answers(constant(0.9))
    results = results_of(two_discs, segmentor, Settings(trials=5))
    assert [(result["label"], result["trial"]) for result in results] == [
        (label, trial) for label in (1, 2) for trial in range(5)
    ]
    places = [(click.row, click.col) for click in segmentor.asked[0]]
    assert len(set(places)) == 10
    once = Answers(constant(0.9))
    results_of(two_discs, once, Settings())
    assert [(c.row, c.col) for c in once.asked[0]] == [places[0], places[5]]


def test_an_image_without_objects_has_no_results(two_discs, fake_segmentor):
    empty = replace(two_discs, label_maps=np.zeros_like(two_discs.label_maps))
    assert measure(empty, fake_segmentor(), Settings()) == ({}, [])


@pytest.mark.parametrize("answer", [np.zeros((5, 5), np.float32), np.full((48, 64), np.nan)])
@pytest.mark.parametrize("clicks", [1, 2])
def test_an_answer_that_is_no_answer_stops(two_discs, answer, clicks):
    segmentor = Answers(lambda click, size: answer)
    if clicks == 2:
        segmentor.predict = lambda embedding, asked: np.zeros((len(asked), 48, 64), np.float32)
    with pytest.raises(
        ValueError, match=r"answers.*\(2, 48, 64\)|answers.*\(48, 64\)|answers.*NaN"
    ):
        results_of(two_discs, segmentor, Settings(clicks=clicks))


def test_memory_does_not_grow_with_the_number_of_objects(fake_segmentor, monkeypatch):
    """900 cells: all their masks at once are 81 MB."""
    monkeypatch.setattr("tamingseg.evaluation.users._CHUNK_BYTES", 2**21)
    cells = np.kron(np.arange(1, 901, dtype=np.int32).reshape(30, 30), np.ones((10, 10), np.int32))
    image = np.stack([cells // 30, cells % 30, cells * 0], axis=-1).astype(np.uint8) * 8
    sample = Sample(image, cells[None], "cells")
    tracemalloc.start()
    try:
        results = results_of(sample, fake_segmentor(), Settings(min_area=100))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [result["ious"] for result in results] == [[1.0]] * 900
    assert peak < 900 * cells.size / 4


def test_segnext_protocol():
    settings = from_model(SEGNEXT, Answers(constant(0.9)), {}).settings
    assert settings == {
        "clicker": "center", "clicks": 20, "trials": 1, "fusion": "joint", "threshold": 0.49,
        "min_area": 1, "count_last_click": True
    }  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"clicks": 0},
        {"trials": 0},
        {"clicker": "center", "trials": 2},
        {"threshold": 1.0},
        {"min_area": 0},
        {"fusion": "x"},
        {"clicker": ""},
    ],
)
def test_protocol_refuses(settings):
    with pytest.raises(ValueError, match=r"expected (clicks|trials)|must be one|leave trials"):
        Settings(**settings)


def test_answer_prior_is_the_mean_over_a_grid(two_discs, fake_segmentor):
    segmentor = fake_segmentor()
    prior = answer_prior(segmentor, segmentor.embed(two_discs.image), side=8)
    hits = np.bincount(two_discs.label_maps[0, 3::6, 4::8].ravel())  # the grid's own pixels
    share = hits[two_discs.label_maps[0]] / 64
    np.testing.assert_allclose(prior, 0.95 * share + 0.05 * (1 - share), rtol=1e-5)
    assert prior.dtype == np.float32
