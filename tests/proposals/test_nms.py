"""Suppression: where boxes go wrong, ties, blocks, and a slow reference."""

import numpy as np
import pytest

from tamingseg.masks.iou import iou
from tamingseg.proposals import nms
from tamingseg.proposals.nms import boxes, suppress


def disc(row, col, radius, size=(40, 50)):
    rows, cols = np.mgrid[: size[0], : size[1]]
    return (rows - row) ** 2 + (cols - col) ** 2 < radius**2


def pack(*masks):
    return np.packbits(np.stack(masks), axis=-1)


def test_a_ring_around_a_disc():
    """Nearly one box, nothing in common: boxes lose one of them."""
    inner = disc(20, 25, 13)
    packed = pack(inner, disc(20, 25, 15) & ~inner)
    assert suppress(packed, [0, 1], 0.7)[0].tolist() == [0, 1]
    assert suppress(packed, [0, 1], 0.7, "box")[0].tolist() == [0]


def test_a_duplicate_with_one_stray_pixel():
    """Nearly one mask, another box: boxes keep both."""
    mask = disc(12, 12, 9)
    stray = mask.copy()
    stray[39, 49] = True
    packed = pack(mask, stray)
    assert suppress(packed, [0, 1], 0.7)[0].tolist() == [0]
    assert suppress(packed, [1, 0], 0.7)[0].tolist() == [1]
    assert suppress(packed, [0, 1], 0.7, "box")[0].tolist() == [0, 1]


def test_containment_takes_parts_away():
    packed = pack(disc(20, 25, 15), disc(20, 20, 5), disc(8, 8, 6))
    assert suppress(packed, [0, 1, 2], 0.9)[0].tolist() == [0, 1, 2]
    assert suppress(packed, [0, 1, 2], 0.9, "containment")[0].tolist() == [0, 2]
    assert suppress(packed, [1, 0, 2], 0.9, "containment")[0].tolist() == [1, 2]


def test_the_threshold_itself_suppresses_nothing():
    first, second = np.zeros((2, 1, 8), bool)
    first[0, :4], second[0, 2:6] = True, True  # IoU 2/6
    packed = pack(first, second)
    assert suppress(packed, [0, 1], np.float32(1 / 3))[0].tolist() == [0, 1]
    assert suppress(packed, [0, 1], 0.33)[0].tolist() == [0]


def slow(masks, order, above):
    kept = []
    for number in order:
        if all(iou(masks[number], masks[other]) <= above for other in kept):
            kept.append(number)
    return kept


@pytest.mark.parametrize("at_once", [1, 7, 1024])
def test_against_a_slow_reference(rng, monkeypatch, at_once):
    monkeypatch.setattr(nms, "_AT_ONCE", at_once)
    masks = np.stack([disc(*rng.uniform(5, 40, 2), rng.uniform(3, 14)) for _ in range(60)])
    order = rng.permutation(60)[:50]
    packed = np.packbits(masks, axis=-1)
    for above in (0.0, 0.3, 0.8, 1.0):
        kept, nearest = suppress(packed, order, above)
        assert kept.tolist() == slow(masks, order, above)
        ious = [[iou(masks[number], masks[other]) for other in kept] for number in order]
        assert nearest.tolist() == np.argmax(ious, axis=1).tolist()


def test_boxes():
    mask = np.zeros((10, 20), bool)
    mask[3:5, 7], mask[8, 19] = True, True
    found = boxes(pack(mask, np.zeros_like(mask), np.ones_like(mask)))
    assert found[0].tolist() == [3, 7, 9, 20]
    assert found[1, 0] == found[1, 2]
    assert found[2, :3].tolist() == [0, 0, 10]


def test_nothing_stays_of_nothing():
    assert suppress(np.zeros((0, 4, 1), np.uint8), [], 0.5)[0].tolist() == []
