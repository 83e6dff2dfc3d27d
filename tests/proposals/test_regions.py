"""Proposals out of superpixels, on a graph small enough to walk."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamingseg.frame import Frame
from tamingseg.proposals.generate import ProposalConfig, propose_masks
from tamingseg.proposals.regions import region_lines, widest_paths
from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.function import FunctionSegmentor


def reachable(source, allowed, edges):
    """All nodes that a path of allowed nodes leads to, step by step."""
    found = {source} if allowed[source] else set()
    while True:
        more = {b for a, b in edges if a in found and allowed[b]}
        more |= {a for a, b in edges if b in found and allowed[a]}
        if more <= found:
            return found
        found |= more


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.randoms(use_true_random=False))
def test_widest_paths_are_what_flooding_reaches(count, random):
    values = np.array([[random.randint(-3, 3) for _ in range(count)] for _ in range(count)], float)
    pairs = [(a, b) for a in range(count) for b in range(a) if random.random() < 0.4]
    width = widest_paths(values, np.array(pairs, int).reshape(-1, 2))
    for level in np.arange(-3.5, 3.5):
        for source in range(count):
            expected = reachable(source, values[source] > level, pairs)
            assert set(np.flatnonzero(width[source] > level)) == expected


def test_part_and_whole_are_two_masks_of_one_click():
    # A row of five: 0 and 1 are a part, 0 to 3 the whole, 4 something else.
    reach = np.full((5, 5), -9.0)
    reach[:4, :4] = -1.5
    reach[:2, :2] = 2.5
    reach[2:4, 2:4] = 2.5
    reach[4, 4] = 9
    members, stability, mass = region_lines(reach, np.full(5, 100.0), 3)
    found = {tuple(np.flatnonzero(row)) for row in members}
    assert found == {(0, 1), (2, 3), (0, 1, 2, 3), (4,)}
    assert stability.max() == 1
    of_first = mass[[0 in np.flatnonzero(row) for row in members]]
    assert of_first.max() < 1
    one_each, _, _ = region_lines(reach, np.full(5, 100.0), 1)
    assert len(one_each) == 5


class SameColour(FunctionSegmentor):
    """Its features are colours, a pixel each; equal colours are one mask."""

    def __init__(self):
        super().__init__(self.answer, "same colour")

    def answer(self, image, clicks):
        colour = image[int(clicks[-1].row), int(clicks[-1].col)].astype(float)
        return np.exp(-np.abs(image - colour).sum(axis=2))

    def embed(self, image):
        frame = Frame.stretch(image.shape[:2], image.shape[:2])
        return ImageEmbedding(image.copy(), frame, image.nbytes)

    def pixel_features(self, embedding):
        return embedding.features.astype(np.float32) / 8

    def affinity(self, first, second):
        distance = ((first[:, None] - second) ** 2).sum(axis=2)
        return (1 / (1 + np.exp(np.minimum(distance - 6, 50)))).astype(np.float32)


@pytest.fixture
def image():
    """A grey picture with a dark square and two bright discs, far apart."""
    image = np.full((120, 160, 3), 128, np.uint8)
    image[20:60, 20:70] = 20
    rows, cols = np.mgrid[:120, :160]
    for centre in ((80, 40), (70, 120)):
        image[(rows - centre[0]) ** 2 + (cols - centre[1]) ** 2 < 20**2] = 230
    return image


def objects_of(image):
    masks = [image[..., 0] == 20, image[..., 0] == 128]
    bright = image[..., 0] == 230
    left = np.arange(160) < 80
    return [*masks, bright & left, bright & ~left]


def best_iou(masks, wanted):
    return max((mask & wanted).sum() / (mask | wanted).sum() for mask in masks)


def test_what_is_there_is_found_and_like_things_apart_are_two(image):
    masks = propose_masks(SameColour(), image)
    for wanted in objects_of(image):
        assert best_iou([masks[n] for n in range(min(8, len(masks)))], wanted) > 0.9
    assert masks.size == (120, 160)


def test_the_settings_hold(image):
    few = propose_masks(SameColour(), image, ProposalConfig(most=2))
    assert len(few) == 2
    large = propose_masks(SameColour(), image, ProposalConfig(min_area=1800))
    assert all(large[n].sum() >= 1800 for n in range(len(large)))
    stable = propose_masks(SameColour(), image, ProposalConfig(min_stability=0.9))
    assert stable.scores.min() >= 0.9
    none = propose_masks(SameColour(), image, ProposalConfig(min_area=10**6))
    assert len(none) == 0


@pytest.mark.parametrize("size", [(2, 2), (1, 50), (33, 17)])
def test_odd_and_constant_images(size):
    masks = propose_masks(
        SameColour(), np.full((*size, 3), 7, np.uint8), ProposalConfig(min_area=1)
    )
    assert len(masks) >= 1
    assert masks[0].all()


def test_superpixels_need_features_and_the_image(image, fake_segmentor):
    config = ProposalConfig(clicked="superpixels")
    for segmentor, seen in (
        (fake_segmentor(), image),
        (SameColour(), SameColour().embed(image)),
    ):
        with pytest.raises(ValueError, match="with a grid"):
            propose_masks(segmentor, seen, config)
    grid = propose_masks(SameColour(), image, ProposalConfig(clicked="grid", grid=8))
    assert best_iou([grid[n] for n in range(len(grid))], objects_of(image)[0]) > 0.9
