"""What the shared scripts compute, against the package's own answers; run by Chromium."""

import cv2
import numpy as np
import pytest

from tamingseg.data.mask_files import mask_entries
from tamingseg.masks.rle import encode_rle
from tamingseg.partition.paint import paint_masks
from tamingseg.ui.wire import pack_labels, read_labels
from tamingseg.values import MaskSet

pytestmark = pytest.mark.browser


@pytest.fixture
def odd_masks(rng):
    """Masks with holes and parts, thin ones, an empty and a full one: bool (N, 13, 9)."""
    noise = [rng.random((13, 9)) < share for share in (0, 0.02, 0.5, 0.98, 1)]
    ring = np.zeros((13, 9), bool)
    ring[2:9, 1:8] = True
    ring[4:6, 3:5] = False
    line = np.zeros((13, 9), bool)
    line[:, 8] = True
    return np.stack([*noise, ring, line])


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
                return {runs, area: readMask(text, size[0]).area};
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


def test_run_lengths_are_written_as_they_are_read(scripts, odd_masks):
    found = scripts.evaluate(
        "masks => masks.map(bits => writeRuns(Uint8Array.from(bits)))",
        [mask.T.astype(int).ravel().tolist() for mask in odd_masks],
    )
    assert found == [encode_rle(mask) for mask in odd_masks]


def test_a_mask_is_read_with_its_area_and_an_outline_that_fills_to_it_again(scripts, odd_masks):
    found = scripts.evaluate(
        """([texts, [height, width]]) => texts.map(text => {
            const mask = readMask(text, height), {area, path} = mask;
            const bits = bitsOfRuns(mask.runs, height * width);
            const context = document.createElement("canvas").getContext("2d");
            const inside = outline => [...bits].map((_, i) => Number(context.isPointInPath(
                outline, Math.floor(i / height) + 0.5, i % height + 0.5, "evenodd")));
            const held = [...bits].map((_, i) => Number(holds(mask, i)));
            return {area, bits: [...bits], held, runs: runsOf(bits), read: inside(path),
                traced: inside(outlineOfBits(bits, height, width))};
        })""",
        [[encode_rle(mask) for mask in odd_masks], list(odd_masks.shape[1:])],
    )
    for mask, one in zip(odd_masks, found, strict=True):
        bits = mask.T.ravel().astype(int).tolist()
        assert one["area"] == mask.sum()
        assert one["bits"] == one["held"] == one["read"] == one["traced"] == bits
        assert one["runs"] == (np.flatnonzero(np.diff(bits, prepend=0, append=0))).tolist()


def test_label_maps_are_packed_as_the_server_packs_them(scripts, rng):
    labels = rng.permutation(np.arange(6).repeat(35)).reshape(15, 14).astype(np.int32) + 1
    numbers, packed = scripts.evaluate(
        """async text => {
            const numbers = await unpack(text);
            return [[...numbers], await pack(numbers)];
        }""",
        pack_labels(labels),
    )
    assert (labels == np.array(numbers).reshape(14, 15).T).all()
    assert (read_labels(packed, (15, 14)) == labels).all()


def test_labels_are_coloured_with_an_edge_where_another_label_is_next(scripts):
    found = scripts.evaluate(
        """() => {
            const labels = new Labels(2, 3);
            labels.map.set([0, 0, 1, 1, 1, 1]); // columns: nothing, then one mask
            labels.colour(Uint32Array.of(0, 7), Uint32Array.of(0, 9));
            return [[...labels.colours], labels.at({x: 1.5, y: 0.5}), labels.at({x: 0.5, y: 0.5}),
                labels.at({x: 3, y: 0}), labels.at({x: -0.1, y: 0})];
        }"""
    )
    colours, inside, *outside = found
    assert colours == [9, 9, 7, 7, 7, 7]  # the last pixel of nothing before the mask is the edge
    assert inside == 0
    assert outside == [None] * 3


def test_no_two_kinds_have_one_colour_and_none_is_that_of_what_is_chosen(scripts):
    colours = scripts.evaluate("() => Array.from({length: KINDS}, (_, kind) => colourOf(kind))")
    assert len(set(colours)) == len(colours) == 21
    assert 0xF5F5F5 not in colours
    assert scripts.evaluate("() => withAlpha(0x102030, 1)") == 0xFF102030


def polygon_bits(scripts, rings, height, width):
    bits = scripts.evaluate(
        """([rings, height, width]) =>
            [...polygonBits(rings.map(ring => ring.map(([x, y]) => ({x, y}))), height, width)]""",
        [rings, height, width],
    )
    return np.array(bits, bool).reshape(width, height).T


def test_a_polygon_holds_the_pixels_whose_middle_is_inside_an_odd_number_of_rings(scripts, rng):
    height, width = 20, 30
    middles = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) + 0.5
    for corners in (3, 4, 7):
        rings = [rng.uniform(-5, 35, (corners, 2)).tolist() for _ in range(2)]
        turns = [wound(ring, middles) for ring in rings]
        expected = (turns[0] + turns[1]) % 2 == 1
        assert (polygon_bits(scripts, rings, height, width) == expected).all()
    assert not polygon_bits(scripts, [], height, width).any()
    whole = [[[0, 0], [width, 0], [width, height], [0, height]]]
    assert polygon_bits(scripts, whole, height, width).all()


def wound(ring, points):
    """How often a ray to the right from each point crosses a ring."""
    crossings = np.zeros(points.shape[:2], int)
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        spans = (y0 <= points[..., 1]) != (y1 <= points[..., 1])
        if y0 != y1:
            crossings += spans & (
                x0 + (points[..., 1] - y0) * (x1 - x0) / (y1 - y0) > points[..., 0]
            )
    return crossings


@pytest.mark.parametrize("tolerance", [0, 1])
def test_an_outline_as_corners_is_the_mask_again_or_nearly(scripts, rng, tolerance):
    height, width = 40, 50
    blobs = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), 3)
    mask = blobs > 0
    loops = scripts.evaluate(
        """([bits, height, width, tolerance]) =>
            loopsOfBits(Uint8Array.from(bits), height, width)
                .map(loop => ringOfLoop(loop, tolerance).map(({x, y}) => [x, y]))""",
        [mask.T.ravel().astype(int).tolist(), height, width, tolerance],
    )
    again = polygon_bits(scripts, loops, height, width)
    if tolerance == 0:
        assert (again == mask).all()
    else:
        near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) != cv2.erode(
            mask.astype(np.uint8), np.ones((5, 5))
        )
        assert not ((again != mask) & ~near).any()
        assert sum(map(len, loops)) < 200


def test_a_stroke_holds_the_pixels_near_its_line(scripts, rng):
    height, width = 20, 30
    rows, cols = np.mgrid[:height, :width] + 0.5
    for count, radius in ((1, 0.71), (2, 3), (4, 2.5), (3, 40)):
        points = rng.uniform(-5, 35, (count, 2))
        bits = scripts.evaluate(
            """([points, radius, height, width]) =>
                [...strokeBits(points.map(([x, y]) => ({x, y})), radius, height, width)]""",
            [points.tolist(), radius, height, width],
        )
        expected = np.zeros((height, width), bool)
        for i in range(count):
            (x0, y0), (x1, y1) = points[max(0, i - 1)], points[i]
            for share in np.linspace(0, 1, 2001):
                x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
                expected |= np.hypot(cols - x, rows - y) <= radius
        found = np.array(bits, bool).reshape(width, height).T
        assert (found & ~expected).sum() <= 1  # between two of the samples
        assert not (expected & ~found).any()
