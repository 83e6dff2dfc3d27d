"""Region measures counted by hand, against slow references, and against the official benchmark."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.io import loadmat

from tamingseg.metrics.regions import (
    adjusted_rand_index,
    score_segmentations,
    summarise_regions,
)

MAPS = arrays(np.int32, (3, 5), elements=st.sampled_from([1, 2, 3, 7, 10**9]))
HALVES = np.repeat([[1, 1, 2, 2]], 4, axis=0).astype(np.int32)
QUARTERS = HALVES + np.repeat([[0], [0], [2], [2]], 4, axis=1).astype(np.int32)
WHOLE = np.ones((4, 4), np.int32)


def slow_rand(first, second):
    pairs = list(itertools.combinations(zip(first.flat, second.flat, strict=True), 2))
    return np.mean([(one[0] == two[0]) == (one[1] == two[1]) for one, two in pairs])


def slow_variation(first, second):
    def given_the_other(one, other):
        bits = 0.0
        for a, b in itertools.product(np.unique(one), np.unique(other)):
            both = ((one == a) & (other == b)).mean()
            bits -= both * math.log2(both / (other == b).mean()) if both else 0
        return bits

    return given_the_other(first, second) + given_the_other(second, first)


def slow_best_iou(region, label_map):
    masks = [label_map == label for label in np.unique(label_map)]
    return max((region & mask).sum() / (region | mask).sum() for mask in masks)


def slow_adjusted_rand(first, second):
    """Over all pairs of pixels, as (RI - expected RI) / (1 - expected RI)."""
    pairs = list(itertools.combinations(zip(first.flat, second.flat, strict=True), 2))
    one = np.mean([a[0] == b[0] for a, b in pairs])
    other = np.mean([a[1] == b[1] for a, b in pairs])
    expected = one * other + (1 - one) * (1 - other)
    return (slow_rand(first, second) - expected) / (1 - expected) if expected < 1 else 1.0


@settings(deadline=None, max_examples=50)
@given(MAPS, MAPS)
def test_adjusted_rand_equals_the_slow_one(first, second):
    value = adjusted_rand_index(first, second)
    assert value == pytest.approx(slow_adjusted_rand(first, second))
    assert value == pytest.approx(adjusted_rand_index(second, first))
    assert adjusted_rand_index(first, first) == 1
    assert value <= 1 + 1e-12


def test_adjusted_rand_by_hand(rng):
    # Of 120 pairs, 56 lie in one half, 24 in one quarter, and 24 in both.
    expected = 56 * 24 / 120
    assert adjusted_rand_index(HALVES, QUARTERS) == pytest.approx((24 - expected) / (40 - expected))
    assert adjusted_rand_index(WHOLE, HALVES) == 0
    assert adjusted_rand_index(WHOLE, WHOLE) == 1
    by_chance = rng.integers(1, 4, (2, 100, 100))
    assert abs(adjusted_rand_index(*by_chance)) < 0.01
    with pytest.raises(ValueError, match="every pixel is in a region"):
        adjusted_rand_index(HALVES - 1, HALVES)


def test_by_hand():
    levels, best_covered, area = score_segmentations([WHOLE, HALVES, QUARTERS], [HALVES])
    assert [level["regions"] for level in levels] == [1, 2, 4]
    assert [level["covered"] for level in levels] == [8, 16, 8]
    # Of 120 pairs, 2 x 28 lie in one half and 4 x 6 in one quarter.
    assert [level["rand"] for level in levels] == pytest.approx([56 / 120, 1, 1 - (56 - 24) / 120])
    assert [level["variation"] for level in levels] == [1, 0, 1]
    assert (best_covered, area) == (16, 16)


def test_each_annotator_counts_and_each_region_chooses():
    levels, best_covered, area = score_segmentations([WHOLE, QUARTERS], [WHOLE, QUARTERS])
    assert [level["covered"] for level in levels] == [16 + 4, 4 + 16]
    assert [level["variation"] for level in levels] == [1, 1]  # 0 and 2
    assert (best_covered, area) == (32, 32)


@settings(deadline=None, max_examples=50)
@given(segmentations=st.lists(MAPS, min_size=1, max_size=3), annotators=st.lists(MAPS, min_size=1))
def test_equals_slow_references(segmentations, annotators):
    levels, best_covered, area = score_segmentations(segmentations, annotators)
    truths = [truth == label for truth in annotators for label in np.unique(truth)]
    assert area == sum(map(np.sum, truths))
    for level, labels in zip(levels, segmentations, strict=True):
        assert level["regions"] == len(np.unique(labels))
        slow = sum(truth.sum() * slow_best_iou(truth, labels) for truth in truths)
        assert level["covered"] == pytest.approx(slow)
        slow = np.mean([slow_rand(labels, truth) for truth in annotators])
        assert level["rand"] == pytest.approx(slow)
        slow = np.mean([slow_variation(labels, truth) for truth in annotators])
        assert level["variation"] == pytest.approx(slow, abs=1e-9)
    slow = sum(
        truth.sum() * max(slow_best_iou(truth, labels) for labels in segmentations)
        for truth in truths
    )
    assert best_covered == pytest.approx(slow)


def test_a_single_pixel():
    one = np.ones((1, 1), np.int32)
    levels, _, _ = score_segmentations([one], [one])
    assert levels == [{"regions": 1, "covered": 1, "rand": 1, "variation": 0}]


@pytest.mark.parametrize("wrong", [HALVES - 1, HALVES.astype(float), -HALVES])
def test_pixels_without_label_are_refused(wrong):
    with pytest.raises(ValueError, match="segmentation must be of integers from 1"):
        score_segmentations([wrong], [HALVES])
    with pytest.raises(ValueError, match="annotator's label map must be of integers from 1"):
        score_segmentations([HALVES], [HALVES, wrong])


def test_other_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"\(4, 4\), got a segmentation of \(2, 4\)"):
        score_segmentations([HALVES[:2]], [HALVES])
    for segmentations, annotators in ([HALVES], []), ([], [HALVES]):
        with pytest.raises(ValueError, match="at least one"):
            score_segmentations(segmentations, annotators)


def image(area, best_covered, **levels):
    """One image's table; levels as k5=(covered, rand, variation)."""
    keys = ("covered", "rand", "variation")
    rows = [
        {"segmentation": int(name[1:]), **dict(zip(keys, row, strict=True))}
        for name, row in levels.items()
    ]
    return {"area": area, "best_covered": best_covered}, rows


class TestSummary:
    def test_by_hand(self):
        """Level 9 is the best of the second image, but the first does not have it."""
        summary = summarise_regions(
            [
                image(100, 90, k5=(80, 0.8, 1.0), k2=(50, 0.9, 2.0)),
                image(300, 240, k2=(210, 0.5, 2.0), k5=(120, 0.6, 1.5), k9=(220, 0.7, 1.2)),
            ]
        )
        assert summary.levels == (2, 5)
        assert summary.covering.curve.tolist() == [260 / 400, 200 / 400]
        assert (summary.covering.level, summary.covering.ods) == (2, 260 / 400)
        assert summary.covering.ois == (80 + 220) / 400
        assert summary.best_covering == 330 / 400
        assert summary.rand.curve == pytest.approx([0.7, 0.7])
        assert summary.rand.ois == pytest.approx((0.9 + 0.7) / 2)
        assert (summary.variation.level, summary.variation.ods) == (5, 1.25)
        assert summary.variation.ois == pytest.approx((1.0 + 1.2) / 2)

    def test_the_lowest_of_equal_levels(self):
        summary = summarise_regions([image(10, 9, k7=(5, 0.5, 1.0), k3=(5, 0.5, 1.0))])
        assert [score.level for score in (summary.covering, summary.rand, summary.variation)] == [
            3
        ] * 3

    def test_what_cannot_be_pooled_is_refused(self):
        row = (5, 0.5, 1.0)
        for images in [], [image(10, 9, k1=row), image(10, 9, k2=row)]:
            with pytest.raises(ValueError, match="no segmentation is common"):
                summarise_regions(images)
        facts, rows = image(10, 9, k1=row)
        with pytest.raises(ValueError, match="two segmentations of one name"):
            summarise_regions([(facts, rows * 2)])


@pytest.mark.data
def test_the_official_benchmark(shared_fixtures):
    """Five images with five segmentations each, to the digits that the BSDS500 benchmark prints.

    Its image counts reach its totals through text files of six digits, and so they do here.
    """

    def score(segmentations, annotators):
        levels, best_covered, area = score_segmentations(segmentations, annotators)
        tables = [{"best_covered": best_covered, "area": area}, *levels]
        return [{key: float(f"{value:.6g}") for key, value in table.items()} for table in tables]

    bench = shared_fixtures / "bsds_bench"
    images, rows = [], []
    for number, path in enumerate(sorted((bench / "segs").glob("*.mat")), 1):
        segmentations = [labels.astype(np.int32) for labels in loadmat(path)["segs"].flat]
        truths = loadmat(bench / "groundTruth" / path.name)["groundTruth"].flat
        annotators = [truth["Segmentation"][0, 0].astype(np.int32) for truth in truths]
        facts, *levels = score(segmentations, annotators)
        images.append((facts, [{"segmentation": k, **row} for k, row in enumerate(levels, 1)]))
        best = max(range(len(levels)), key=lambda place: levels[place]["covered"])
        # The last column turns it round: that segmentation, covered by regions of any annotator.
        turned, *_ = score(annotators, [segmentations[best]])
        covered, turned = levels[best]["covered"], turned["best_covered"] / turned["area"]
        rows.append([number, best + 1, covered / facts["area"], turned])
    summary = summarise_regions(images)

    def assert_prints(name, table):
        official = [line.split() for line in (bench / "test_5" / name).read_text().splitlines()]
        assert [[f"{number:.6g}" for number in row] for row in table] == official

    covering, rand, variation = summary.covering, summary.rand, summary.variation
    assert_prints(
        "eval_cover.txt", [[covering.level, covering.ods, covering.ois, summary.best_covering]]
    )
    assert_prints("eval_cover_th.txt", zip(summary.levels, covering.curve, strict=True))
    assert_prints("eval_cover_img.txt", rows)
    assert_prints(
        "eval_RI_VOI.txt",
        [[rand.level, rand.ods, rand.ois, variation.level, variation.ods, variation.ois]],
    )
    assert_prints(
        "eval_RI_VOI_thr.txt", zip(summary.levels, rand.curve, variation.curve, strict=True)
    )
