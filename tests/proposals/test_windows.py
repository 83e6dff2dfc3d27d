"""Very wide and large photos: small things are found, and what crosses a seam is one mask."""

import logging

import cv2
import numpy as np
import pytest

from tamingseg.masks.iou import iou
from tamingseg.proposals.generate import ProposalConfig, propose_masks
from tamingseg.proposals.windows import share_clicks
from tamingseg.segmentors import windows as windows_module
from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.values import Click


class Coarse:
    """Knows pixels of one colour, connected, but sees every photo at 64 pixels only."""

    name = "coarse"

    def __init__(self):
        self.seen = []

    def embed(self, image):
        self.seen.append(image.shape[:2])
        height, width = (max(1, round(s * 64 / max(image.shape))) for s in image.shape[:2])
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        return ImageEmbedding(image, small // 16)

    def predict(self, embedding, clicks, full_size=True):
        small = embedding.features
        answers = np.empty((len(clicks), *small.shape[:2]), np.float32)
        for answer, click in zip(answers, clicks, strict=True):
            row, col = (
                min(int(place * few / many), few - 1)
                for place, few, many in zip(
                    (click.row, click.col), small.shape, embedding.size, strict=False
                )
            )
            alike = (small == small[row, col]).all(axis=2).astype(np.uint8)
            labels = cv2.connectedComponents(alike, connectivity=4)[1]
            answer[:] = np.where(labels == labels[row, col], 0.98, 0.02)
        assert not full_size
        return answers


@pytest.fixture
def large_from(monkeypatch):
    """`large_from(pixels)`: larger photos are large, so that tests take small ones."""

    def set_limit(pixels):
        monkeypatch.setattr(windows_module, "_LARGE", pixels)
        monkeypatch.setattr(windows_module, "_LEAST_COVERING", 64)

    return set_limit


def painted(size, *boxes):
    """A dark photo, (height, width), with a box of one colour for each (rows, cols)."""
    image = np.full((*size, 3), 30, np.uint8)
    for number, (rows, cols) in enumerate(boxes):
        image[slice(*rows), slice(*cols)] = (60 + 40 * number, 200 - 30 * number, 90)
    return image


def truth(size, rows, cols):
    mask = np.zeros(size, bool)
    mask[slice(*rows), slice(*cols)] = True
    return mask


def best(masks, wanted):
    return max((iou(masks[number], wanted) for number in range(len(masks))), default=0)


CONFIG = ProposalConfig(grid=24, min_area=0)


def test_small_things_in_a_large_photo_are_found(large_from):
    size, boxes = (400, 600), [((50, 66), (70, 86)), ((300, 316), (500, 520))]
    image = painted(size, *boxes)
    whole = propose_masks(Coarse(), image, config=CONFIG)
    assert all(best(whole, truth(size, *box)) < 0.6 for box in boxes)
    large_from(200_000)
    model = Coarse()
    masks = propose_masks(model, image, config=CONFIG)
    assert all(best(masks, truth(size, *box)) > 0.8 for box in boxes)
    assert masks.size == size
    assert model.seen[0] == size
    assert 1 < len(model.seen) <= 1 + CONFIG.windows
    none = ProposalConfig(grid=24, min_area=0, windows=0)
    np.testing.assert_array_equal(propose_masks(Coarse(), image, config=none).packed, whole.packed)


def test_a_large_thing_across_seams_is_one_mask(large_from):
    """Also in a very wide photo, which is never seen as a whole."""
    large_from(200_000)
    for size, box in (((400, 600), ((60, 330), (80, 520))), ((60, 1200), ((10, 50), (90, 1100)))):
        image, wanted = painted(size, box), truth(size, *box)
        model = Coarse()
        masks = propose_masks(model, image, config=CONFIG)
        assert max(width for _, width in model.seen[1:]) < 300
        found = [iou(masks[number], wanted) for number in range(len(masks))]
        assert max(found) > 0.9
        parts = [
            number
            for number in range(len(masks))
            if 0 < iou(masks[number], wanted) < 0.8 and not (masks[number] & ~wanted).any()
        ]
        assert not parts


def test_two_things_that_touch_at_a_seam_stay_two(large_from):
    size = (60, 1200)
    boxes = [((10, 50), (100, 620)), ((10, 50), (620, 1000))]
    masks = propose_masks(Coarse(), painted(size, *boxes), config=CONFIG)
    assert all(best(masks, truth(size, *box)) > 0.9 for box in boxes)


def test_a_normal_photo_is_seen_once(two_discs, rng):
    model = Coarse()
    image = rng.integers(0, 256, (90, 300, 3), np.uint8)
    masks = propose_masks(model, image, config=CONFIG)
    assert model.seen == [(90, 300)]
    none = propose_masks(Coarse(), image, config=ProposalConfig(grid=24, min_area=0, windows=0))
    np.testing.assert_array_equal(masks.packed, none.packed)
    np.testing.assert_array_equal(masks.scores, none.scores)


def test_the_cost_is_bounded_and_said(large_from, caplog):
    large_from(200_000)
    steps = []
    with caplog.at_level(logging.INFO, "tamingseg"):
        propose_masks(
            Coarse(), painted((400, 600)), config=CONFIG, progress=lambda *step: steps.append(step)
        )
    (said,) = caplog.messages
    assert "600 px wide and 400 px high is seen in 24 tiles" in said
    assert f"{steps[-1][0]} clicks instead of 576" in said
    assert steps[-1][0] == steps[-1][1] <= 1.1 * 5 * 576


def test_an_empty_photo_gives_the_whole_as_one_mask(large_from):
    large_from(200_000)
    masks = propose_masks(Coarse(), painted((400, 600)), config=CONFIG)
    assert len(masks) == 1
    assert masks[0].all()


def test_a_model_that_sees_nothing_gives_an_empty_list():
    blind = FunctionSegmentor(lambda image, clicks: np.zeros(image.shape[:2]), "blind")
    assert len(propose_masks(blind, painted((70, 600)), config=CONFIG)) == 0


def test_every_order_works(large_from):
    large_from(200_000)
    image = painted((400, 600), ((50, 66), (70, 86)))
    for order in ("expected", "quality", "stability", "both"):
        masks = propose_masks(Coarse(), image, config=ProposalConfig(24, min_area=0, order=order))
        assert best(masks, truth((400, 600), (50, 66), (70, 86))) > 0.8


def test_every_click_goes_to_the_nearest_window():
    windows = [(0, 0, 10, 10), (0, 8, 10, 10), (0, 90, 10, 10)]
    shared = share_clicks([Click(5, 1), Click(5, 8.5), Click(5, 12, positive=False)], windows)
    assert shared == [
        ((0, 0, 10, 10), [Click(5, 1), Click(5, 8.5)]),
        ((0, 8, 10, 10), [Click(5, 4, positive=False)]),
    ]
