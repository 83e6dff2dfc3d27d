from dataclasses import replace

import numpy as np
import pytest
import torch

from tamingseg.data.augment import AugmentConfig
from tamingseg.data.training import ClickSampling, ClickTrainingSet, collate, pack_clicks
from tamingseg.values import VOID, Click, Sample


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


def test_void_is_ignored_whatever_0_means(sample):
    labels = sample.label_maps.copy()
    labels[0, :, 40:] = VOID
    void = Sample(sample.image, labels, "void", zero_is_background=True)
    for sampling in ({}, {"target": "levels", "sampler": "one"}):
        for index in range(5):
            item = training_set(void, **sampling)[index]
            assert (item["labels"] > 0).all()
            assert (item["ignore"] == (item["label_map"] == VOID)).all()


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


@pytest.fixture
def nested(rng):
    """Two levels of detail, a part (2) in a whole (1); and a region that is in both maps (3)."""
    maps = np.zeros((2, 80, 90), np.int32)
    maps[:, 40:75, 55:85] = 3
    maps[1, 10:50, 10:50] = 1
    maps[0, 20:40, 20:40] = 2
    maps[0, 2:12, 70:80] = 4  # 100 px, too small
    return Sample(rng.integers(0, 256, (80, 90, 3), dtype=np.uint8), maps, "nested", True)


def levels_set(sample, views=None, **sampling):
    config = ClickSampling(**{"queries": 4, "target": "levels", **sampling})
    return ClickTrainingSet([One(sample)], lambda index: 64, config, views or AugmentConfig(), 0)


def test_the_target_has_all_masks_under_the_click_as_level_sets(nested):
    seen = set()
    for index in range(30):
        item = levels_set(nested, sampler="one")[index]
        for label, target, clicks in zip(
            item["labels"].tolist(), item["levels"], item["clicks"], strict=True
        ):
            here = target[int(clicks[0, 0]), int(clicks[0, 1])]
            values = set(np.round(target.unique().tolist(), 3).tolist()) - {0.0}
            drawn = item["label_map"] == label
            if label == 3:
                assert values == {1.0}
                torch.testing.assert_close(target > 0, drawn)
            elif label == 2:
                assert here == 1
                assert values == {0.5, 1.0}
                torch.testing.assert_close(target > 0.75, drawn)
            else:
                assert (target > 0.25).equal(drawn) if here == 1 else (target > 0.5).equal(drawn)
            seen.add((label, here.item()))
    assert {(3, 1.0), (2, 1.0), (1, 1.0)} <= seen


@pytest.mark.parametrize("sampler", ["one", "posneg", "many"])
@pytest.mark.parametrize("paste", [0.0, 1.0])
def test_everything_else_is_as_without_levels(nested, sampler, paste):
    for index in range(12):
        views = AugmentConfig(paste=paste)
        with_levels = levels_set(nested, views, sampler=sampler)[index]
        levels = with_levels.pop("levels")
        assert levels.dtype == torch.float32
        assert levels.shape == (4, 64, 64)
        without = levels_set(nested, views, sampler=sampler, target="mask")[index]
        assert without.keys() == with_levels.keys()
        for key, value in without.items():
            torch.testing.assert_close(with_levels[key], value, rtol=0, atol=0)


def test_negative_and_many_clicks_ask_for_the_drawn_region_alone(nested):
    for index in range(20):
        item = levels_set(nested, sampler="many")[index]
        asked = zip(item["labels"], item["levels"], item["clicks"], strict=True)
        for label, target, clicks in asked:
            if (clicks[:, 2] >= 0).sum() > 1 or clicks[0, 2] == 0:
                torch.testing.assert_close(target, (item["label_map"] == label).float())


def test_a_pasted_region_hides_what_is_below_it_in_every_map(nested):
    asked = 0
    for index in range(40):
        item = levels_set(nested, AugmentConfig(paste=1.0), sampler="one")[index]
        below = levels_set(nested, sampler="one")[index]["label_map"]
        region = item["label_map"] != below
        for target, (click,) in zip(item["levels"], item["clicks"], strict=True):
            if region[int(click[0]), int(click[1])]:
                torch.testing.assert_close(target, region.float())
                asked += 1
            else:
                assert not target[region].any()
    assert asked


def test_pixels_that_any_map_leaves_open_are_ignored(nested):
    maps = nested.label_maps + 1
    maps[0, :, :5] = maps[1, :, 85:] = 0
    whole = AugmentConfig(crop_area=(1.0, 1.0), crop_aspect=1.0, flip=0.0)
    item = levels_set(Sample(nested.image, maps, "open", False), whole, sampler="one")[0]
    column = (np.arange(64) + 0.5) * 90 / 64
    expected = np.tile((column < 5) | (column >= 85), (64, 1))
    np.testing.assert_array_equal(item["ignore"], expected)


def named(sample, name, value):
    """A data set of one sample whose image has one brightness."""
    one = One(replace(sample, image=np.full_like(sample.image, value)))
    one.name = name
    return one


def drawn_shares(sample, weights):
    sets = [named(sample, "dark", 0), named(sample, "bright", 255)]
    still = AugmentConfig(brightness=0, contrast=0, colour_shift=0)
    samples = ClickTrainingSet(
        sets, lambda index: 32, ClickSampling(queries=1), still, 0, set_weights=weights
    )
    return np.mean([samples[index]["image"].max() == 255 for index in range(200)])


def test_data_sets_are_drawn_by_their_weights(sample):
    assert drawn_shares(sample, {}) == pytest.approx(0.5, abs=0.1)
    assert drawn_shares(sample, {"bright": 9.0}) == pytest.approx(0.9, abs=0.07)


@pytest.mark.parametrize("weights", [{"brihgt": 2.0}, {"bright": 0.0}])
def test_weights_that_mean_nothing_are_refused(sample, weights):
    with pytest.raises(ValueError, match=r"set_weights names brihgt|above 0"):
        drawn_shares(sample, weights)
