import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamingseg.masks.iou import iou
from tamingseg.masks.rle import decode_rle
from tamingseg.ui.proposals import mask_list
from tamingseg.ui.proposals.mask_list import MaskList, coverage_curve, knee, read_list
from tamingseg.ui.shared.truth import packed_regions
from tamingseg.values import MaskSet

BLUE, LEFT, RED, CAP, ALL = range(5)


@pytest.fixture
def truth(discs):
    return packed_regions(discs)


@pytest.fixture
def listed(disc_masks, truth):
    return MaskList(disc_masks, truth)


def masks_of(masks):
    return np.stack([masks[i] for i in range(len(masks))])


def test_the_description_is_json_with_all_masks_and_what_they_are_worth(listed, disc_masks, discs):
    described = listed.describe()
    assert json.loads(json.dumps(described)) == described
    assert described["order"] == [0, 1, 2, 3, 4]
    for entry, mask, score in zip(
        described["masks"], masks_of(disc_masks), disc_masks.scores, strict=True
    ):
        assert (decode_rle(entry["counts"], disc_masks.size) == mask).all()
        assert entry["area"] == mask.sum()
        assert entry["score"] == pytest.approx(score, abs=1e-4)
    left = iou(disc_masks[LEFT], discs == 1)
    assert described["miou"] == pytest.approx([0.5, (1 + left) / 2, 1, 1, 1], abs=1e-4)
    both = (discs == 2) | disc_masks[LEFT]
    assert described["coverage"][:2] == pytest.approx([(discs == 2).mean(), both.mean()], abs=1e-4)
    assert described["coverage"][4] == 1
    assert described["score"] == pytest.approx([0.9, 0.85, 0.8, 0.75, 0.7], abs=1e-4)
    assert described["knees"] == {"miou": 3, "coverage": 2}
    assert not described["can_undo"]
    assert not described["can_redo"]


def test_masks_the_browser_has_are_not_sent_again(listed):
    assert [entry["score"] for entry in listed.describe(3)["masks"]] == [0.6, 0.5]
    assert listed.describe(None)["masks"] == listed.describe(10**9)["masks"] == []


def test_without_a_truth_there_is_no_miou_until_one_comes(disc_masks, truth):
    listed = MaskList(disc_masks)
    assert listed.describe()["miou"] is None
    assert set(listed.describe()["knees"]) == {"coverage"}
    listed.compare(truth)
    assert listed.describe()["miou"][-1] == 1


def test_a_merged_mask_is_the_union_in_the_place_and_with_the_score_of_the_best(
    listed, disc_masks, discs
):
    listed.merge([ALL, RED, LEFT])
    assert listed.describe()["order"] == [BLUE, 5, CAP]
    assert listed.describe()["masks"][5]["score"] == pytest.approx(0.8, abs=1e-4)
    assert (listed.take([5])[0] == (disc_masks[LEFT] | disc_masks[RED] | disc_masks[ALL])).all()
    listed.merge([BLUE, CAP])
    assert listed.describe(5)["order"] == [6, 5]
    cap, blue = disc_masks[CAP], discs == 2
    expected = (iou(cap | blue, blue) + iou(cap | blue, discs == 1)) / 2
    assert listed.describe()["miou"][0] == pytest.approx(expected, abs=1e-4)


def test_every_edit_is_undone_and_done_again(listed):
    listed.merge([LEFT, RED])
    listed.remove([BLUE])
    assert listed.describe()["order"] == [5, CAP, ALL]
    listed.undo()
    assert listed.describe()["order"] == [BLUE, 5, CAP, ALL]
    listed.undo()
    listed.undo()  # at the start, nothing
    assert listed.describe()["order"] == [0, 1, 2, 3, 4]
    assert listed.describe()["can_redo"]
    listed.redo()
    assert listed.describe()["order"] == [BLUE, 5, CAP, ALL]
    listed.merge([CAP, ALL])  # masks keep their numbers, so this one is 6
    assert listed.describe()["order"] == [BLUE, 5, 6]
    listed.redo()  # what was undone is gone
    assert listed.describe()["order"] == [BLUE, 5, 6]


def test_a_list_can_become_empty_and_come_back(listed):
    listed.remove([0, 1, 2, 3, 4])
    described = listed.describe()
    assert (described["order"], described["miou"], described["coverage"]) == ([], [], [])
    assert described["knees"] == {"miou": 0, "coverage": 0}
    listed.undo()
    assert len(listed.describe()["order"]) == 5


def test_nothing_proposed_is_an_empty_list(truth):
    empty = MaskSet.from_masks(np.zeros((0, 480, 640), bool))
    assert MaskList(empty, truth).describe()["order"] == []


def test_masks_are_taken_in_the_order_of_the_list(listed):
    assert listed.take([CAP, BLUE]).scores.tolist() == pytest.approx([0.9, 0.6])


@pytest.mark.parametrize("ids", [[], [9], [1, 1], [0, 5]])
def test_masks_that_are_not_in_the_list_are_refused(listed, ids):
    before = listed.describe()
    for edit in (listed.merge, listed.remove, listed.take):
        with pytest.raises(ValueError, match="masks of the list"):
            edit(ids)
    assert listed.describe() == before


def test_one_mask_is_not_merged(listed):
    with pytest.raises(ValueError, match="at least two"):
        listed.merge([1])


def test_edits_end_somewhere_also_when_they_are_undone_again_and_again(listed, monkeypatch):
    monkeypatch.setattr(mask_list, "MAX_EDITS", 3)
    monkeypatch.setattr(mask_list, "MAX_MASKS", 5)
    for _ in range(3):
        listed.merge([0, 1])
        listed.undo()
    with pytest.raises(ValueError, match="no room"):
        listed.merge([0, 1])
    for i in range(3):
        listed.remove([i])
    with pytest.raises(ValueError, match="3 times"):
        listed.remove([3])


def test_only_so_many_masks_are_kept_as_there_is_room_for(disc_masks, monkeypatch):
    monkeypatch.setattr(mask_list, "MAX_BYTES", 2 * 480 * 80)
    assert MaskList(disc_masks).describe()["order"] == [0, 1]
    assert MaskList(disc_masks).nbytes == 2 * 480 * 80
    monkeypatch.setattr(mask_list, "MAX_BYTES", 1)
    assert MaskList(disc_masks).describe()["order"] == [0]
    monkeypatch.setattr(mask_list, "MAX_BYTES", 10**9)
    monkeypatch.setattr(mask_list, "MAX_MASKS", 3)
    assert MaskList(disc_masks).describe()["order"] == [0, 1, 2]


def test_a_list_is_read_from_what_was_told_of_it(listed):
    listed.merge([RED, CAP])
    told = json.loads(json.dumps(listed.describe()))
    kept = [told["masks"][mask_id] for mask_id in told["order"]]
    found = read_list(kept, (480, 640))
    expected = listed.take(told["order"])
    assert (found.packed == expected.packed).all()
    assert found.scores == pytest.approx(expected.scores)


@pytest.mark.parametrize(
    "change",
    [
        {"counts": "00"},
        {"counts": "P" * 1000},
        {"counts": "\x00"},
        {"counts": None},
        {"counts": 7},
        {"score": None},
        {"score": float("nan")},
        {"score": "1"},
        {"score": True},
    ],
)
def test_a_list_of_a_stranger_is_refused(listed, change):
    kept = listed.describe()["masks"]
    kept[1] |= change
    with pytest.raises(ValueError, match=r"expected|run lengths"):
        read_list(kept, (480, 640))


@pytest.mark.parametrize("kept", [None, {}, [], [None], [[]], ["x"], [{}] * 1001])
def test_what_is_no_list_is_refused(kept):
    with pytest.raises(ValueError, match=r"1 to 1000 masks|no run lengths|expected run lengths"):
        read_list(kept, (480, 640))


def test_a_list_longer_than_there_is_room_for_is_refused_before_it_is_read(listed, monkeypatch):
    monkeypatch.setattr(mask_list, "MAX_BYTES", 2 * 480 * 80)
    with pytest.raises(ValueError, match="1 to 2 masks"):
        read_list(listed.describe()["masks"], (480, 640))


def test_coverage_is_the_share_of_the_union(rng):
    masks = rng.random((6, 7, 13)) < 0.2
    unions = np.logical_or.accumulate(masks)
    expected = unions.mean(axis=(1, 2))
    assert coverage_curve(MaskSet.from_masks(masks)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "n"),
    [
        ([], 0),
        ([0.4], 1),
        ([0.2, 0.4], 2),
        ([0.5, 0.5, 0.5], 1),
        ([0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9], 2),
        ([0.0, 0.1, 0.2, 0.9, 0.9, 0.91, 0.92, 0.93], 4),
        (np.log(np.arange(1, 50)), 1),  # a straight line over log N bends nowhere
    ],
)
def test_the_knee_is_where_the_curve_lies_furthest_above_its_chord(values, n):
    assert knee(np.array(values, np.float64)) == n


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 100), min_size=3, max_size=40))
def test_the_knee_is_what_a_slow_search_finds(steps):
    values = np.cumsum(steps) / 100
    total = len(values)
    heights = []
    for n in range(1, total + 1):
        share = np.log(n) / np.log(total)
        heights.append(values[n - 1] - (values[0] + (values[-1] - values[0]) * share))
    found = knee(values)
    assert 1 <= found <= total
    assert heights[found - 1] == pytest.approx(max(heights), abs=1e-9)
