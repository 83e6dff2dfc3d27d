"""Mosaics: every region is there, touches other textures only, and all follows from the seed."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tamingseg.data.mosaics import LAYOUTS, MosaicDataset, make_mosaic
from tamingseg.data.texture_formulas import formula_textures


class Plain:
    """A texture of one colour, so that a mosaic shows which texture is where."""

    def __init__(self, number):
        self.name = self.identity = f"plain {number}"
        self.colour = number % 256, number // 256, 7

    def draw(self, size, rng):
        return np.full((*size, 3), self.colour, np.uint8)


PLAIN = [Plain(number) for number in range(4000)]


@settings(deadline=None, max_examples=150)
@given(
    layout=st.sampled_from(LAYOUTS),
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    share=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_every_region_is_there_and_is_one_texture(layout, height, width, share, seed):
    regions = max(1, round(share * height * width))
    mosaic = make_mosaic(PLAIN, (height, width), layout, regions, np.random.default_rng(seed))
    labels = mosaic.label_maps[0]
    assert labels.shape == (height, width)
    assert np.unique(labels).tolist() == list(range(1, regions + 1))
    shown = {(label, tuple(colour)) for label, colour in _pixels(labels, mosaic.image)}
    assert len(shown) == regions
    assert len({colour for _, colour in shown}) == regions


def _pixels(labels, image):
    return zip(labels.ravel().tolist(), image.reshape(-1, 3).tolist(), strict=True)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("regions", [1, 2, 3, 5, 7, 10, 25])
def test_regions_are_connected_and_not_tiny(layout, regions):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        labels = make_mosaic(PLAIN, (96, 128), layout, regions, rng).label_maps[0]
        areas = np.bincount(labels.ravel())[1:]
        assert areas.min() > 96 * 128 / regions / 8
        for label, area in enumerate(areas, 1):
            parts = np.bincount(ndimage.label(labels == label)[0].ravel())[1:]
            assert parts.max() >= area - 3


@settings(deadline=None, max_examples=60)
@given(
    layout=st.sampled_from(LAYOUTS),
    regions=st.integers(9, 60),
    textures=st.integers(8, 9),
    seed=st.integers(0, 1000),
)
def test_few_textures_still_differ_between_neighbours(layout, regions, textures, seed):
    rng = np.random.default_rng(seed)
    mosaic = make_mosaic(PLAIN[:textures], (40, 50), layout, regions, rng)
    labels, image = mosaic.label_maps[0], mosaic.image
    for one, other in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        border = labels[one] != labels[other]
        assert (image[one] != image[other]).any(axis=2)[border].all()


def test_two_textures_are_enough_for_a_board_of_squares(rng):
    mosaic = make_mosaic(PLAIN[:2], (8, 8), "grid", 64, rng)
    board = np.add.outer(range(8), range(8)) % 2
    assert len({tuple(colour) for colour in mosaic.image[board == 0].tolist()}) == 1
    assert (mosaic.image[0, 0] != mosaic.image[0, 1]).any()


def test_a_grid_by_hand(rng):
    labels = make_mosaic(PLAIN, (4, 6), "grid", 6, rng).label_maps[0]
    expected = np.repeat([[1, 1, 2, 2, 3, 3], [4, 4, 5, 5, 6, 6]], 2, axis=0)
    np.testing.assert_array_equal(labels, expected)


def test_straight_borders_are_nearest_to_their_points(rng):
    """In a Voronoi mosaic, the pixel between two pixels of a convex region belongs to it."""
    labels = make_mosaic(PLAIN, (60, 60), "voronoi", 6, rng).label_maps[0]
    for label in range(1, 7):
        points = np.argwhere(labels == label)
        pairs = points[rng.integers(len(points), size=(200, 2))]
        middle = pairs.sum(axis=1) // 2
        # A pixel's rounding, and the 2 % of cv2's distances, may move a border by a pixel.
        near = ndimage.binary_dilation(labels == label, iterations=2)
        assert near[tuple(middle.T)].all()


def test_bending_moves_borders_only(rng):
    straight = make_mosaic(PLAIN, (64, 64), "grid", 4, np.random.default_rng(1)).label_maps
    bent = make_mosaic(PLAIN, (64, 64), "wavy", 4, np.random.default_rng(1)).label_maps
    assert (straight != bent).mean() > 0.02
    assert set(np.unique(bent)) == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("size", "layout", "regions", "message"),
    [
        ((8, 8), "round", 2, "layout must be one of voronoi, wavy, grid, got 'round'"),
        ((8, 8), "grid", 0, "1 to 64 regions, got 0"),
        ((8, 8), "grid", 65, "1 to 64 regions, got 65"),
        ((0, 8), "grid", 1, "1 to 0 regions"),
        ((10**6, 10**6), "grid", 1, "can have 80000000 pixels"),
        ((-3, -3), "grid", 1, "1 to 0 regions"),
        ((8, 8), "voronoi", 30, "2 textures are too few for 30 regions"),
    ],
)
def test_impossible_mosaics(size, layout, regions, message, rng):
    with pytest.raises(ValueError, match=message):
        make_mosaic(PLAIN[:2], size, layout, regions, rng)


def mosaics(**settings):
    return MosaicDataset(formula_textures(20), **{"count": 6, "size": (32, 40), **settings})


def test_a_mosaic_follows_from_seed_and_number():
    dataset, longer = mosaics(), pickle.loads(pickle.dumps(mosaics(count=9)))
    assert (len(dataset), len(longer)) == (6, 9)
    assert dataset.fingerprint == longer.fingerprint
    samples = [dataset[index] for index in (5, 0, 3)]
    for sample, index in zip(samples, (5, 0, 3), strict=True):
        assert sample.name == dataset.names[index]
        np.testing.assert_array_equal(sample.image, longer[index].image)
        np.testing.assert_array_equal(sample.label_maps, longer[index].label_maps)
    assert (samples[0].image != samples[1].image).any()
    assert (mosaics(seed=1)[0].image != dataset[0].image).any()


def test_numbers_of_regions_are_drawn_from_the_range():
    counts = {mosaics(count=40, regions=(2, 4))[i].label_maps.max() for i in range(40)}
    assert counts == {2, 3, 4}
    assert {mosaics(regions=7, layout="grid")[i].label_maps.max() for i in range(6)} == {7}


def test_the_fingerprint_follows_from_textures_and_settings():
    sets = [
        mosaics(),
        mosaics(seed=1),
        mosaics(regions=3),
        mosaics(layout="grid"),
        mosaics(size=(32, 41)),
        MosaicDataset(formula_textures(21), 6, size=(32, 40)),
    ]
    assert len({dataset.fingerprint for dataset in sets}) == len(sets)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": (1, 40_000)}, "sides of 32766"),
        ({"count": 0}, "1 to 10000000 mosaics"),
        ({"count": 10**15}, "1 to 10000000 mosaics"),
        ({"seed": -1}, "seed of 0 or more"),
        ({"regions": 0}, "1 <= least regions"),
        ({"regions": (5, 2)}, "got 5 and 2"),
        ({"regions": 65_536}, "most regions <= 65535"),
        ({"layout": "round"}, "layout must be one of"),
        ({"size": (0, 40)}, "of 0 x 40 pixels"),
        ({"size": (2, 2), "regions": (5, 9)}, "1 to 4 regions, got 5"),
    ],
)
def test_impossible_settings(wrong, message):
    with pytest.raises(ValueError, match=message):
        mosaics(**wrong)


def test_no_textures():
    with pytest.raises(ValueError, match="no textures"):
        MosaicDataset([], 3)
