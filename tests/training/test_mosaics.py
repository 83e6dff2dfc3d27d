"""Mosaics of textures as data sets of a run."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tamingseg.data.augment import AugmentConfig
from tamingseg.data.training import ClickSampling, collate
from tamingseg.models.clicknet import ClickNetConfig
from tamingseg.training.click_task import click_training
from tamingseg.training.config import DistillConfig, TrainConfig
from tamingseg.training.mosaics import with_mosaics
from tamingseg.training.run_folder import RunFolder

TINY = ClickNetConfig("test_resnet", (8, 8, 16, 16), query=16, coarse=8, fine=4)


@pytest.fixture
def textures(tmp_path, rng):
    """Folders "two" and "one" of as many noisy photos."""
    for folder, count in (("two", 2), ("one", 1)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            pixels = rng.integers(0, 256, (40, 40, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    return tmp_path


def config(textures, *folders, **changes):
    run = TrainConfig(model=TINY, cache_side=48, sizes=((1.0, 32),), batch=2)
    return replace(run, textures=tuple(textures / folder for folder in folders), **changes)


def test_every_folder_is_a_set_more(textures):
    photos = object()
    assert with_mosaics([photos], config(textures)) == [photos]
    first, *mosaics = with_mosaics([photos], config(textures, "two", "two"))
    assert first is photos
    assert len(mosaics) == 2
    assert mosaics[0][0].image.shape == (48, 48, 3)


def test_they_follow_from_the_seed(textures):
    images = [
        with_mosaics([], config(textures, "two", seed=seed))[0][3].image for seed in (1, 1, 2)
    ]
    assert (images[0] == images[1]).all()
    assert (images[0] != images[2]).any()


def test_both_kinds_of_runs_have_them(textures):
    folders = (textures / "two",)
    for kind in (TrainConfig, DistillConfig):
        assert len(with_mosaics([], kind(textures=folders))) == 1


@pytest.mark.parametrize(
    ("folder", "error", "message"),
    [
        ("one", ValueError, "need two textures at least, .*one holds 1; add photos"),
        ("none", FileNotFoundError, "there is no folder .*none"),
    ],
)
def test_too_few_textures(textures, folder, error, message):
    with pytest.raises(error, match=message):
        with_mosaics([], config(textures, "two", folder))


@pytest.mark.parametrize("target", ["mask", "levels"])
def test_a_click_model_is_trained_on_them(textures, target):
    run = config(
        textures,
        "two",
        sampling=ClickSampling(target=target, queries=3),
        augmentation=AugmentConfig(paste=1.0),
        losses=(("soft-iou", 1.0),),
    )
    task, samples = click_training(run, [])
    sample = samples[0]
    assert sample["image"].shape == (3, 32, 32)
    assert not sample["ignore"].any()  # every pixel of a mosaic is known
    if target == "levels":  # one map: the only level is the region itself
        for level_map, label, clicks in zip(
            sample["levels"], sample["labels"], sample["clicks"], strict=True
        ):
            if clicks[0, 2] == 1:
                assert torch.equal(level_map, (sample["label_map"] == label).float())
    loss, _ = task(collate([sample, samples[1]]), 0, 0)
    assert np.isfinite(loss.item())


def test_a_resumed_run_may_find_its_textures_elsewhere(textures, tmp_path):
    run = RunFolder(tmp_path / "run")
    run.start(config(textures, "two"))
    run.save({"step": 1})
    (textures / "two").rename(textures / "moved")
    run.start(config(textures, "moved"))
