"""Proposals out of a hierarchy of regions."""

import numpy as np
import pytest

from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.proposals.generate import ProposalConfig, propose_masks
from tamingseg.proposals.regions import lifetimes, region_members
from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.function import FunctionSegmentor


@pytest.fixture
def hierarchy():
    """Four superpixels in a row: (0, 1) and (2, 3) are made cheaply, the whole at a high cost."""
    superpixels = np.repeat(np.arange(1, 5, dtype=np.int32)[None], 2, axis=0).repeat(3, axis=1)
    merges = np.array([[0, 1], [2, 3], [4, 5]])
    return Hierarchy(superpixels, merges, np.array([0.1, 0.2, 0.9], np.float32))


def test_what_the_nodes_consist_of(hierarchy):
    members = region_members(hierarchy)
    assert [np.flatnonzero(row).tolist() for row in members] == [
        [0], [1], [2], [3], [0, 1], [2, 3], [0, 1, 2, 3]
    ]  # fmt: skip


def test_a_region_lives_from_its_making_to_its_end(hierarchy):
    made, ended = lifetimes(hierarchy)
    np.testing.assert_allclose(made, [0, 0, 0, 0, 0.1, 0.2, 0.9], atol=1e-6)
    np.testing.assert_allclose(ended, [0.1, 0.1, 0.2, 0.2, 0.9, 0.9, 1], atol=1e-6)


class SameColour(FunctionSegmentor):
    """Its features are colours, a pixel each; equal colours are one mask."""

    def __init__(self):
        super().__init__(self.answer, "same colour")

    def answer(self, image, clicks):
        colour = image[int(clicks[-1].row), int(clicks[-1].col)].astype(float)
        return np.exp(-np.abs(image - colour).sum(axis=2))

    def embed(self, image):
        return ImageEmbedding(image, features=None)

    def pixel_features(self, embedding):
        return embedding.image.astype(np.float32) / 8

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
    masks = propose_masks(SameColour(), image, "hierarchy")
    for wanted in objects_of(image):
        assert best_iou([masks[n] for n in range(min(8, len(masks)))], wanted) > 0.9
    assert masks.size == (120, 160)


def test_the_settings_hold(image):
    few = propose_masks(SameColour(), image, "hierarchy", ProposalConfig(count=2))
    assert len(few) == 2
    large = propose_masks(SameColour(), image, "hierarchy", ProposalConfig(min_area=1800))
    assert all(large[n].sum() >= 1800 for n in range(len(large)))
    stable = propose_masks(SameColour(), image, "hierarchy", ProposalConfig(min_stability=0.9))
    assert stable.scores.min() >= 0.9
    none = propose_masks(SameColour(), image, "hierarchy", ProposalConfig(min_area=10**6))
    assert len(none) == 0


@pytest.mark.parametrize("size", [(2, 2), (1, 50), (33, 17)])
def test_odd_and_constant_images(size):
    blank = np.full((*size, 3), 7, np.uint8)
    masks = propose_masks(SameColour(), blank, "hierarchy", ProposalConfig(min_area=1))
    assert len(masks) >= 1
    assert masks[0].all()


def test_the_method_alone_decides_where_masks_come_from(image):
    """Neither the kind of the argument nor a setting does."""
    segmentor = SameColour()
    asked = []
    segmentor.predict = lambda *given, **how: (
        asked.append(given) or FunctionSegmentor.predict(segmentor, *given, **how)
    )
    for seen in (image, segmentor.embed(image)):
        regions = propose_masks(segmentor, seen, "hierarchy")
        assert not asked, "a model that knows every pixel is not asked click by click"
        assert best_iou([regions[n] for n in range(8)], objects_of(image)[0]) > 0.9
    for seen in (image, segmentor.embed(image)):
        grid = propose_masks(segmentor, seen, config=ProposalConfig(grid=8))
        assert asked
        assert best_iou([grid[n] for n in range(len(grid))], objects_of(image)[0]) > 0.9
        asked.clear()
    with pytest.raises(ValueError, match="method must be one of grid, hierarchy"):
        propose_masks(segmentor, image, "regions")


def test_a_click_model_has_a_hierarchy_too(two_discs, fake_segmentor):
    config = ProposalConfig(min_area=0)
    masks = propose_masks(fake_segmentor(), two_discs.image, "hierarchy", config)
    for label in (1, 2):
        found = [masks[number] for number in range(len(masks))]
        assert best_iou(found, two_discs.label_maps[0] == label) > 0.8


@pytest.mark.parametrize(
    "setting", [{"grid": 8}, {"order": "stability"}, {"overlap": "box"}, {"levels": 0}]
)
def test_settings_of_a_grid_are_refused(image, setting):
    with pytest.raises(ValueError, match=f"does not use {next(iter(setting))}"):
        propose_masks(SameColour(), image, "hierarchy", ProposalConfig(**setting))
