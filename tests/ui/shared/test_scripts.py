"""What the page's scripts compute, against the package's own answers; run by Chromium."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from tamingseg.data.mask_files import mask_entries
from tamingseg.masks.rle import encode_rle
from tamingseg.metrics.mosaics import score_mosaic
from tamingseg.partition.cut import PartitionConfig, build_hierarchy
from tamingseg.partition.hierarchy import Hierarchy
from tamingseg.partition.paint import paint_masks
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.ui.shared import canvas
from tamingseg.values import MaskSet

pytestmark = pytest.mark.browser

SCRIPTS = Path(canvas.__file__).parents[1]


@pytest.fixture(scope="module")
def scripts(chromium):
    """A blank page with the scripts that know nothing of the rest."""
    context = chromium.new_context()
    page = context.new_page()
    for name in (
        "shared/masks.js",
        "shared/labels.js",
        "proposals/curve.js",
        "partition/regions.js",
    ):
        page.add_script_tag(content=(SCRIPTS / name).read_text())
    yield page
    context.close()


def test_the_label_map_is_that_of_the_partition_for_every_number_of_masks(scripts, rng):
    height, width = 21, 34
    rows, cols = np.mgrid[:height, :width]
    masks = []
    for _ in range(12):  # rectangles, some equally large, and noise
        top, left = rng.integers(0, (height - 6, width - 6))
        masks.append((rows >= top) & (rows < top + 6) & (cols >= left) & (cols < left + 6))
        masks.append(rng.random((height, width)) < rng.random())
    masks = MaskSet.from_masks(np.stack(masks))
    counts = list(range(1, len(masks) + 1))
    texts = [entry["segmentation"]["counts"] for entry in mask_entries(masks)]
    found = scripts.evaluate(
        """([counts, size, numbers]) => {
            const labels = new Labels(...size), masks = counts.map(text => {
                const runs = readRuns(text);
                return {runs, area: readMask(text, ...size).area};
            });
            labels.set(masks, masks.map((_, id) => id));
            return numbers.map(n => {
                labels.stack(n);
                return [...labels.map];
            });
        }""",
        [texts, [height, width], counts],
    )
    # There label 1 is what no mask holds, here 0 is; here pixels lie column by column.
    expected = paint_masks(masks, counts) - 1
    found = np.array(found).reshape(len(counts), width, height).transpose(0, 2, 1)
    assert (found == expected).all()


@pytest.mark.parametrize("total", [1, 2, 7, 300, 1000])
def test_every_number_of_masks_has_its_place_on_the_slider(scripts, total):
    found = scripts.evaluate(
        """total => Array.from({length: total}, (_, i) => countAt(shareOf(i + 1, total), total))""",
        total,
    )
    assert found == list(range(1, total + 1))
    ends = scripts.evaluate("t => [countAt(0, t), countAt(1, t)]", total)
    assert ends == [1, total]


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


def test_run_lengths_are_written_as_they_are_read(scripts, rng):
    masks = [rng.random((13, 9)) < share for share in (0, 0.02, 0.5, 0.98, 1)]
    found = scripts.evaluate(
        "masks => masks.map(bits => writeRuns(Uint8Array.from(bits)))",
        [mask.T.astype(int).ravel().tolist() for mask in masks],
    )
    assert found == [encode_rle(mask) for mask in masks]
