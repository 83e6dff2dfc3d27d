"""Proposals against true masks, counted by hand and against a slow reference."""

from dataclasses import replace

import numpy as np
import pytest

from tamingseg.data.mask_files import write_masks
from tamingseg.evaluation.protocols import proposals as protocol
from tamingseg.evaluation.protocols.proposals import proposals_from_files
from tamingseg.masks.iou import iou
from tamingseg.values import MaskSet


@pytest.fixture
def proposals(two_discs):
    """The whole image, the blue disc with a rim missing, the red disc, the blue disc."""
    red, blue = (two_discs.label_maps[0] == label for label in (1, 2))
    shrunk = blue.copy()
    shrunk[:24] = False
    return np.stack([np.ones_like(red), shrunk, red, blue])


def measure(sample, masks, **settings):
    return protocol.measure(sample, lambda _: MaskSet.from_masks(masks), **settings)


def test_steps_by_hand(two_discs, proposals):
    red, blue = proposals[2], proposals[3]
    facts, (first, second) = measure(two_discs, proposals)
    assert facts == {"proposals": 4}
    assert (first["label"], first["area"]) == (1, red.sum())
    assert first["steps"] == [[1, pytest.approx(red.mean(), abs=1e-6)], [3, 1.0]]
    shrunk = proposals[1].sum() / blue.sum()
    assert second["steps"] == [
        [1, pytest.approx(blue.mean(), abs=1e-6)],
        [2, pytest.approx(shrunk, abs=1e-6)],
        [4, 1.0],
    ]
    # The oracle takes one disc, then the other; nothing is to be gained after that.
    assert {first["oracle"][-1][0], second["oracle"][-1][0]} == {1, 2}
    assert first["oracle"][-1][1] == second["oracle"][-1][1] == 1.0


def test_against_a_slow_reference(two_discs, rng):
    masks = rng.random((12, 48, 64)) < rng.random((12, 1, 1))
    sample = replace(two_discs, label_maps=np.repeat(two_discs.label_maps, 2, axis=0))
    for zero_is_background in (True, False):
        sample = replace(sample, zero_is_background=zero_is_background)
        _, results = measure(sample, masks)
        assert [(result["map"], result["label"]) for result in results] == [
            (0, 1), (0, 2), (1, 1), (1, 2)
        ]  # fmt: skip
        for result in results:
            truth = sample.label_maps[result["map"]] == result["label"]
            curve = [iou(mask, truth, sample.ignore(result["map"])) for mask in masks]
            best = np.maximum.accumulate(curve)
            found = np.zeros(len(masks))
            for n, value in result["steps"]:
                found[n - 1 :] = value
            np.testing.assert_allclose(found, best, atol=1e-6)


def test_objects_are_compared_in_blocks(two_discs, proposals, monkeypatch):
    sample = replace(two_discs, label_maps=np.repeat(two_discs.label_maps, 2, axis=0))
    at_once = measure(sample, proposals)
    monkeypatch.setattr("tamingseg.evaluation.protocols.proposals._BLOCK_BYTES", 1)
    assert measure(sample, proposals) == at_once


def test_small_masks_are_not_asked_for(two_discs, proposals):
    area = int((two_discs.label_maps == 1).sum())
    assert [r["label"] for r in measure(two_discs, proposals, min_area=area + 1)[1]] == [2]
    assert measure(two_discs, proposals, min_area=10**6) == ({}, [])


def test_no_proposals_find_nothing(two_discs, proposals):
    facts, results = measure(two_discs, proposals[:0])
    assert facts == {"proposals": 0}
    assert [(result["steps"], result["oracle"]) for result in results] == [([], [])] * 2


def test_proposals_of_another_size(two_discs, proposals):
    with pytest.raises(ValueError, match=r"\(48, 64\), got \(24, 32\)"):
        measure(two_discs, proposals[:, ::2, ::2])


def test_proposals_from_files(two_discs, proposals, tmp_path):
    write_masks(tmp_path / "two_discs.json", MaskSet.from_masks(proposals))
    from_files = protocol.measure(two_discs, proposals_from_files(tmp_path))
    assert from_files == measure(two_discs, proposals)
    with pytest.raises(FileNotFoundError, match=r"other\.json"):
        protocol.measure(replace(two_discs, name="other"), proposals_from_files(tmp_path))
