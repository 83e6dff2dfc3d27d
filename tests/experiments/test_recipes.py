"""The recipes of recipes.py are commands that `tamingseg train` understands."""

from dataclasses import replace
from pathlib import Path

import pytest
import recipes
import tyro

from tamingseg.training.config import PRESETS, TrainConfig


def config_of(recipe, steps=10) -> TrainConfig:
    run = recipes.Run(Path("sets"), Path("eval"), Path("photos"), Path("proposed"), Path("runs"))
    command, *flags = run.command(recipe, Path("runs/one"), steps)
    assert command == "train"
    return tyro.extras.overridable_config_cli(PRESETS, args=flags)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_recipe_changes_something_and_is_a_valid_configuration(name):
    config, base = config_of(recipes.RECIPES[name]), config_of(recipes.RECIPES["base"])
    assert config.steps == 10
    assert (config == base) == (name == "base")
    # Where it begins is the same for all that continue, and nowhere for the others.
    continues = recipes.RECIPES[name].continues
    assert config.initial == ("runs/start/model.safetensors" if continues else None)


def test_placeholders_become_the_folders_that_were_named():
    assert config_of(recipes.RECIPES["pseudo"]).data == (Path("sets"), Path("proposed"))
    assert config_of(recipes.RECIPES["mosaics"]).textures == (Path("photos"),)
    assert config_of(recipes.RECIPES["base"]).data == (Path("sets"),)


def test_the_same_time_means_fewer_of_more_expensive_steps():
    base = recipes.RECIPES["base"]
    assert base.steps == recipes.STEPS
    assert replace(base, cost=2.0).steps == recipes.STEPS / 2
    assert recipes.RECIPES["random"].steps == recipes.START_STEPS + recipes.STEPS
    # What begins at random has the sizes and the rates of the start and of base behind each other.
    config = config_of(recipes.RECIPES["random"], recipes.RECIPES["random"].steps)
    start = config_of(recipes.START, recipes.START_STEPS)
    assert [config.size_of(12 * step) for step in (0, 749, 751, 1899)] == [128, 128, 160, 160]
    assert [start.size_of(12 * step) for step in (0, 749, 751, 1499)] == [128, 128, 160, 160]
    assert start.decay_share == 0
    assert config.decay_share * 1900 == pytest.approx(recipes.STEPS / 2, abs=1)


def test_recipes_that_lack_a_folder_are_left_out():
    run = recipes.Run(Path("sets"), Path("eval"))
    assert set(recipes.RECIPES) - set(run.names()) == {"pseudo", "mosaics"}
    with pytest.raises(SystemExit, match=r"pseudo cannot be run .* --pseudo"):
        recipes.Run(Path("sets"), Path("eval"), only=("base", "pseudo")).names()
    with pytest.raises(SystemExit, match="unknown"):
        recipes.Run(Path("sets"), Path("eval"), only=("bas",)).names()
