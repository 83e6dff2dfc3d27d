"""SegNext's own protocol against its definitions, written out slowly and plainly.

Sources: reference implementation uncbiag/SegNext, ``inference/{clicker,evaluation,utils}.py``.
That our model answers like the official one is proven in tests/weights and tests/models.
"""

import numpy as np
import pytest
from scipy import ndimage

from tamingseg.data.davis import DavisDataset
from tamingseg.evaluation.protocols.clicks import SEGNEXT, measure
from tamingseg.metrics.clicks import clicks_to_reach, mean_over_masks, number_of_failures
from tamingseg.segmentors.base import ImageEmbedding
from tamingseg.segmentors.load import load_segmentor
from tamingseg.values import Click, Sample


def official_next_click(truth, prediction, not_clicked):
    """(positive, row, col), or None where the official clicker finds nothing wrong."""
    missing = np.pad(truth & ~prediction, 1)
    surplus = np.pad(~truth & prediction, 1)
    missing_depth = ndimage.distance_transform_edt(missing)[1:-1, 1:-1] * not_clicked
    surplus_depth = ndimage.distance_transform_edt(surplus)[1:-1, 1:-1] * not_clicked
    positive = missing_depth.max() > surplus_depth.max()
    depth = missing_depth if positive else surplus_depth
    rows, cols = np.where(np.isclose(depth, depth.max(), rtol=0, atol=1e-5))
    return (bool(positive), int(rows[0]), int(cols[0])) if depth.max() > 0 else None


def official_ious(segmentor, image, truth, clicks=20, threshold=0.49):
    """IoU after every click, by the official evaluation's loop."""
    embedding = segmentor.embed(image)
    probabilities = np.zeros(truth.shape, np.float32)
    not_clicked = np.ones(truth.shape, bool)
    made, ious = [], []
    prediction = np.zeros(truth.shape, bool)
    for number in range(clicks):
        click = official_next_click(truth, prediction, not_clicked)
        if click is None:  # exactly right: nothing can change any more
            ious.append(1.0)
            continue
        positive, row, col = click
        not_clicked[row, col] = False
        made.append(Click(row + 0.5, col + 0.5, positive))
        previous = probabilities if number else None
        probabilities = segmentor.predict_jointly(embedding, made, previous)
        prediction = probabilities > threshold
        intersection = union = 0
        for true_row, answered_row in zip(truth, prediction, strict=True):
            intersection += int(np.sum(true_row & answered_row))
            union += int(np.sum(true_row | answered_row))
        ious.append(intersection / union)
    return ious


def official_noc(all_ious, target, most=20):
    """NoC and NoF: the first click at the target, else `most`; whoever needed `most` has failed."""
    counts = []
    for ious in all_ious:
        reached = [number for number, iou in enumerate(ious, 1) if iou >= target]
        counts.append(reached[0] if reached else most)
    return sum(counts) / len(counts), sum(count == most for count in counts)


def compare(segmentor, samples):
    ours, theirs = [], []
    for sample in samples:
        _, results = measure(sample, segmentor, SEGNEXT)
        for result in results:
            ours.append(result["ious"])
            truth = sample.label_maps[result["map"]] == result["label"]
            theirs.append(official_ious(segmentor, sample.image, truth))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=6e-7)  # rows hold six digits
    np.testing.assert_allclose(
        mean_over_masks(np.array(ours))[0], np.mean(theirs, axis=0)[0], atol=1e-6
    )
    for target in (0.85, 0.9, 0.95):
        noc, nof = official_noc(theirs, target)
        assert clicks_to_reach(ours, target).mean() == noc
        assert number_of_failures(ours, target, count_last_click=True) == nof
    return np.array(theirs)


@pytest.mark.data
def test_the_official_random_checkpoint_on_davis(shared_data, shared_fixtures):
    segmentor = load_segmentor(shared_fixtures / "segnext_official_tiny_b.pth", "cpu")
    dataset = DavisDataset(shared_data / "eval" / "DAVIS")
    ious = compare(segmentor, [dataset[index] for index in (0, 100, 200)])
    assert len(np.unique(ious)) > 20


class Learner:
    """Answers with the true disc, less a bite that every click makes smaller."""

    name = "learner"

    def __init__(self, truth, speed):
        self.truth, self.speed = truth, speed

    def embed(self, image):
        return ImageEmbedding(image, features=None)

    def predict(self, embedding, clicks, full_size=True):
        return np.stack([self.predict_jointly(embedding, [click]) for click in clicks])

    def predict_jointly(self, embedding, clicks, previous=None):
        rows = np.mgrid[: self.truth.shape[0], : self.truth.shape[1]][0]
        known = rows < 20 + self.speed * len(clicks)
        return np.where(self.truth & known, 0.495, 0.1).astype(np.float32)


@pytest.mark.parametrize("speed", [0.9, 1.4, 2, 7])
def test_a_model_that_gets_there(speed):
    rows, cols = np.mgrid[:60, :70]
    truth = (rows - 30) ** 2 + (cols - 35) ** 2 < 22**2
    sample = Sample(np.zeros((60, 70, 3), np.uint8), truth[None].astype(np.int32), "disc")
    ious = compare(Learner(truth, speed), [sample])
    assert ious[0, -1] > ious[0, 0]


def test_success_at_the_last_click_counts_as_failure_only_there():
    table = np.array([[0.1] * 19 + [0.9], [0.1] * 20, [0.95] * 20])
    assert number_of_failures(table, 0.9, count_last_click=True) == 2
    assert number_of_failures(table, 0.9, count_last_click=False) == 1
