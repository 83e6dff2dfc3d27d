"""The regions of the partition tab, against the package's own answers; run by Chromium."""

import numpy as np
import pytest
from scipy import ndimage

from tamingseg.metrics.mosaics import score_mosaic
from tamingseg.partition.build import PartitionConfig, build_hierarchy
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.segmentors.function import FunctionSegmentor

pytestmark = pytest.mark.browser


@pytest.fixture
def hierarchy(rng):
    """A hierarchy of a noisy image, of a grey and a coloured half."""
    image = rng.integers(0, 60, (40, 56, 3)).astype(np.uint8)
    image[:, 28:] += np.array([180, 90, 20], np.uint8)
    segmentor = FunctionSegmentor(_near, "near")
    return build_hierarchy(segmentor, image, config=PartitionConfig(superpixels=30))


def _near(image, clicks):
    """Answer by how near each pixel's colour is to the one that was clicked on."""
    clicked = image[int(clicks[0].row), int(clicks[0].col)].astype(float)
    return np.exp(-np.abs(image - clicked).mean(axis=-1) / 60)


REGIONS = """
    const make = ([size, cells, merges]) =>
        new Regions(...size, Uint16Array.from(cells), merges);
    const labelsOf = (regions, parts) => {
        const place = regions.assign(parts);
        return [...regions.cells].map(cell => place[cell] + 1);
    };
"""


def ask(scripts, hierarchy, code, *more):
    """Run `code`, the body of a function of `regions` and `more`, in the page."""
    size = hierarchy.superpixels.shape
    given = [size, (hierarchy.superpixels.T - 1).ravel().tolist(), hierarchy.merges.tolist()]
    return scripts.evaluate(
        f"([given, more]) => {{ {REGIONS} const regions = make(given); {code} }}", [given, more]
    )


def label_map(flat, hierarchy):
    height, width = hierarchy.superpixels.shape
    return np.array(flat).reshape(width, height).T


def test_the_browser_cuts_as_the_hierarchy_does_for_every_number_of_regions(scripts, hierarchy):
    code = """return Array.from({length: regions.count}, (_, i) =>
        labelsOf(regions, regions.cut([regions.root], i + 1)));"""
    found = ask(scripts, hierarchy, code)
    assert len(found) == hierarchy.count
    for regions, flat in enumerate(found, start=1):
        assert (label_map(flat, hierarchy) == hierarchy.cut(regions)).all()


def test_joining_again_what_was_divided_gives_the_same_regions(scripts, hierarchy):
    code = """return [1, 4, 9].map(count =>
        labelsOf(regions, regions.cut(regions.cut([regions.root], 20), count)));"""
    for regions, flat in zip((1, 4, 9), ask(scripts, hierarchy, code), strict=True):
        score = score_mosaic(label_map(flat, hierarchy), hierarchy.cut(regions))
        assert score["correct"] == 1


def test_a_region_keeps_its_colour_and_neighbours_differ(scripts, hierarchy):
    code = """return Array.from({length: regions.count}, (_, i) => {
        const parts = regions.cut([regions.root], i + 1), place = regions.assign(parts);
        const edges = regions.edges.map(([a, b]) => [place[a], place[b]]);
        return [parts.map(part => part.colour), edges];
    });"""
    before = []
    for colours, edges in ask(scripts, hierarchy, code):
        assert colours[: len(before)] == before  # the new region comes last
        assert all(colours[a] != colours[b] for a, b in edges if a != b)
        before = colours


def test_edits_stay_while_the_number_of_regions_changes(scripts, hierarchy):
    code = """
        let parts = regions.cut([regions.root], 6);
        const place = regions.assign(parts), edges = regions.edges
            .map(([a, b]) => [place[a], place[b]]);
        const [a, b] = edges.filter(([a, b]) => a !== b).at(-1); // those the hierarchy joins last
        parts = regions.merge(parts, a, b);
        const beside = new Set(regions.edges.filter(edge => edge[0] === 0).map(edge => edge[1]));
        const far = regions.leaves.findIndex((_, cell) => cell > 0 && !beside.has(cell));
        return [labelsOf(regions, parts), labelsOf(regions, regions.cut(parts, 8)),
            labelsOf(regions, regions.cut(parts, 3)), regions.merge(regions.leaves, 0, far)];"""
    *maps, apart = ask(scripts, hierarchy, code)
    edited, finer, coarser = (label_map(flat, hierarchy) for flat in maps)
    assert [len(np.unique(found)) for found in (edited, finer, coarser)] == [5, 8, 3]
    assert apart is None  # they do not touch
    for fine, coarse in ((finer, edited), (edited, coarser)):
        pairs = np.unique(np.stack([fine.ravel(), coarse.ravel()]), axis=1)
        assert pairs.shape[1] == len(np.unique(fine))  # nested
    for found in (edited, finer, coarser):
        for label in np.unique(found):
            assert ndimage.label(found == label)[1] == 1  # connected


def test_dividing_takes_the_last_merge_back_and_the_nearest_neighbour_does_it_again(
    scripts, hierarchy
):
    code = """
        const parts = regions.cut([regions.root], 7), place = parts.findIndex(part => part.first);
        const divided = regions.split(parts, place), last = divided.length - 1;
        const merged = regions.merge(divided, last, regions.nearest(divided, last));
        const labels = [parts, divided, merged].map(one => labelsOf(regions, one));
        return [...labels, regions.split(regions.leaves, 0)];"""
    *maps, cell = ask(scripts, hierarchy, code)
    parts, divided, merged = (label_map(flat, hierarchy) for flat in maps)
    assert divided.max() == parts.max() + 1 == 8
    assert score_mosaic(parts, merged)["correct"] == 1
    assert cell is None  # a superpixel is not divided


def test_a_single_superpixel_is_one_region(scripts):
    whole = Hierarchy(np.ones((4, 6), np.int32), np.empty((0, 2), int), np.empty(0, np.float32))
    code = """const parts = regions.cut([regions.root], 1);
        return [labelsOf(regions, parts), regions.nearest(parts, 0)];"""
    labels, nearest = ask(scripts, whole, code)
    assert set(labels) == {1}
    assert nearest == -1
