"""Ways to make proposals, in small worlds whose masks are known."""

import numpy as np
import pytest
from compare_proposals import ABLATIONS, WAYS, Way, asker, list_masks, uncertain_clicks

from tamingseg.masks.iou import iou
from tamingseg.proposals.generate import ProposalConfig, ask_grid, propose_masks
from tamingseg.segmentors.function import FunctionSegmentor
from tamingseg.values import Sample


def regions(two_discs):
    return [two_discs.label_maps[0] == label for label in (0, 1, 2)]


def best(masks, truth):
    return max((iou(masks[number], truth) for number in range(len(masks))), default=0)


# With superpixels in a test of its own: here all answers are equally certain everywhere.
@pytest.mark.parametrize("name", [*WAYS, *sorted(ABLATIONS.keys() - {"superpixels"})])
def test_every_way_finds_what_the_model_knows(name, two_discs, fake_segmentor):
    way = (WAYS | ABLATIONS)[name]
    masks = list_masks(asker(fake_segmentor())(two_discs, way), way)
    assert len(masks) == 3
    for truth in regions(two_discs):
        assert best(masks, truth) > 0.85
    blind = FunctionSegmentor(lambda image, clicks: np.zeros(image.shape[:2]), "blind")
    assert len(list_masks(asker(blind)(two_discs, way), way)) == 0


def test_ours_is_what_the_package_does(two_discs, fake_segmentor):
    way = WAYS["expected"]
    masks = list_masks(asker(fake_segmentor())(two_discs, way), way)
    np.testing.assert_array_equal(
        masks.packed, propose_masks(fake_segmentor(), two_discs.image).packed
    )


def test_records_name_what_is_changed():
    assert "superpixels" not in WAYS["expected"].settings()
    assert ABLATIONS["superpixels"].settings()["superpixels"] is True
    assert ABLATIONS["further clicks"].settings()["further"] == 100


def test_superpixels_leave_masks_that_fit_as_they_are(two_discs):
    """Every answer is surest about the region it was asked about."""
    labels = two_discs.label_maps[0]

    def answer(image, clicks):
        here = labels == labels[int(clicks[-1].row), int(clicks[-1].col)]
        return np.where(here, 0.99, 0.04)

    config = ProposalConfig(8, min_area=0)
    answers = ask_grid(FunctionSegmentor(answer, "modest"), two_discs.image, config)
    masks = list_masks(answers, Way(config, superpixels=True))
    assert len(masks) == 3
    assert [best(masks, truth) for truth in regions(two_discs)] == [1, 1, 1]


def test_further_clicks_find_what_the_grid_missed(monkeypatch):
    """A small thing between the clicks of a coarse grid; nothing else is uncertain."""
    thing = np.zeros((64, 64), bool)
    thing[28:36, 28:36] = True

    def answer(image, clicks):
        click = clicks[-1]
        inside = thing[int(click.row), int(click.col)]
        return np.where(thing, 0.95, 0.05) if inside else np.where(thing, 0.5, 0.95)

    config = ProposalConfig(grid=2, min_area=0)
    monkeypatch.setattr("compare_proposals.OURS", config)
    sample = Sample(np.zeros((64, 64, 3), np.uint8), np.zeros((1, 64, 64), np.int32), "gap")
    segmentor = FunctionSegmentor(answer, "gap")
    for further, found in [(0, False), (4, True)]:
        way = Way(config, further=further)
        masks = list_masks(asker(segmentor)(sample, way), way)
        assert (best(masks, thing) == 1) == found


def test_further_clicks_go_where_nothing_is_certain_and_spread():
    certainty = np.full((20, 30), 5.0)
    certainty[:, 15:] = 1.0
    clicks = uncertain_clicks(certainty, 6, (200, 300))
    assert all(150 <= click.col < 300 and 0 <= click.row < 200 for click in clicks)
    places = np.array([(click.row, click.col) for click in clicks])
    distance = np.linalg.norm(places[:, None] - places, axis=2)
    assert distance[~np.eye(6, dtype=bool)].min() >= 40
    assert len(uncertain_clicks(certainty, 10_000, (200, 300))) == 600
    assert uncertain_clicks(certainty, 0, (200, 300)) == []
