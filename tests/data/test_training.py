import numpy as np
import pytest
import torch

from tamingseg.data.augment import AugmentConfig
from tamingseg.data.training import ClickSampling, ClickTrainingSet, collate, pack_clicks
from tamingseg.values import Click, Sample


class One:
    """A data set of one sample."""

    def __init__(self, sample):
        self.name, self.names, self.sample = sample.name, [sample.name], sample

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.sample


def training_set(sample, **sampling):
    config = ClickSampling(**{"queries": 3, **sampling})
    return ClickTrainingSet([One(sample)], lambda index: 64, config, AugmentConfig(), 0)


@pytest.fixture
def sample(rng):
    labels = np.zeros((80, 90), np.int32)
    labels[10:50, 10:50], labels[40:75, 55:85], labels[2:12, 70:80] = 1, 2, 3  # 3 has 100 px
    return Sample(rng.integers(0, 256, (80, 90, 3), dtype=np.uint8), labels[None], "sample", False)


def test_a_sample_follows_from_its_number_alone(sample):
    first, second = training_set(sample), training_set(sample)
    second[3]
    for key, value in first[7].items():
        torch.testing.assert_close(value, second[7][key])
    assert not torch.equal(first[7]["image"], first[8]["image"])


@pytest.mark.parametrize("sampler", ["one", "posneg", "many"])
def test_positive_clicks_are_inside_and_negative_ones_outside(sample, sampler):
    signs = set()
    for index in range(40):
        item = training_set(sample, sampler=sampler)[index]
        for label, clicks in zip(item["labels"], item["clicks"], strict=True):
            for row, col, sign in clicks.tolist():
                if sign >= 0:
                    signs.add(sign)
                    hit = item["label_map"][int(row), int(col)] == label
                    assert hit == (sign == 1)
                    assert not item["ignore"][int(row), int(col)]
    assert signs == ({1.0} if sampler == "one" else {0.0, 1.0})


def test_small_regions_are_never_targets_but_known_negatives(sample):
    for index in range(40):
        item = training_set(sample)[index]
        assert set(item["labels"].tolist()) <= {1, 2}
        assert 3 not in item["label_map"]


def test_unlabelled_pixels_are_ignored_and_background_is_not(sample):
    background = Sample(sample.image, sample.label_maps, "sample", True)
    assert any(training_set(sample)[index]["ignore"].any() for index in range(5))
    assert not any(training_set(background)[index]["ignore"].any() for index in range(5))


def test_collate_fills_click_slots(sample):
    items = [training_set(sample, sampler="many")[index] for index in range(4)]
    longest = max(item["clicks"].shape[1] for item in items)
    batch = collate(items)
    assert batch["clicks"].shape == (4, 3, longest, 3)
    assert batch["image"].shape == (4, 3, 64, 64)
    assert batch["image"].dtype == torch.uint8


def test_pack_clicks_marks_empty_slots():
    packed = pack_clicks([[Click(1, 2)], [Click(3, 4, False), Click(5, 6)]])
    assert packed.tolist() == [[[1, 2, 1], [-1, -1, -1]], [[3, 4, 0], [5, 6, 1]]]


def test_a_data_set_without_targets_is_named(sample):
    nothing = Sample(sample.image, np.zeros_like(sample.label_maps), "sample", True)
    with pytest.raises(ValueError, match="views of sample held no region"):
        training_set(nothing)[0]


def test_many_clicks_know_other_objects_from_background(sample):
    background = Sample(sample.image, sample.label_maps, "sample", True)
    hits = {"other": 0, "background": 0}
    for index in range(60):
        item = training_set(background, sampler="many", queries=1)[index]
        for row, col, sign in item["clicks"][0].tolist():
            if sign == 0:
                label = int(item["label_map"][int(row), int(col)])
                hits["other" if label else "background"] += 1
    # Objects cover less than the background here; 40 % of the clicks are aimed at them.
    assert hits["other"] > 0.25 * sum(hits.values()), hits
