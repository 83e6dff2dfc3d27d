"""Mosaics and the pictures of them, as the page asks for them."""

import io

import numpy as np
import pytest
from PIL import Image

from tamingseg.data.mosaics import LAYOUTS, MosaicDataset
from tamingseg.data.texture_formulas import formula_textures
from tamingseg.metrics.mosaics import score_mosaic
from tamingseg.partition.build import MOSAIC_PARTITION, build_hierarchy
from tamingseg.ui.mosaics import pictures
from tamingseg.ui.mosaics.pictures import (
    Recipe,
    check_recipe,
    draw_mosaic,
    draw_photo,
    find_textures,
    make,
)

RECIPE = {"textures": "plain", "seed": 3, "layout": "voronoi", "regions": 4}


@pytest.fixture(scope="module")
def textures(plain_textures):
    return find_textures(plain_textures)


def pixels(file):
    return np.array(Image.open(io.BytesIO(file)))


def test_without_a_folder_there_are_formulas(textures):
    assert list(find_textures(None)) == ["formula"]
    assert list(textures) == ["formula", "plain"]


def test_a_folder_that_is_none_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        find_textures(tmp_path / "none")
    with pytest.raises(ValueError, match="no texture photo"):
        find_textures(tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mosaic_follows_from_its_recipe(textures, layout):
    recipe = Recipe("plain", 3, layout, 4)
    first, second = make(recipe, textures), make(recipe, textures)
    assert (first.image == second.image).all()
    assert first.image.shape == (*pictures.SIZE, 3)
    assert set(np.unique(first.label_maps[0])) == {1, 2, 3, 4}
    other = make(Recipe("plain", 4, layout, 4), textures)
    assert (first.image != other.image).any()


def test_a_mosaic_is_the_first_of_the_command_line(textures):
    made = make(Recipe("formula", 7, "wavy", 3), textures)
    same = MosaicDataset(formula_textures(1000, 7), 1, 7, pictures.SIZE, 3, "wavy")[0]
    assert (made.image == same.image).all()


def test_pictures_of_a_mosaic_of_plain_colours_have_no_errors(fake_segmentor, textures):
    recipe = check_recipe(RECIPE, textures)
    drawn = draw_mosaic(fake_segmentor(), recipe, textures)
    titles = list(drawn.files)
    assert titles[:2] == ["image", "truth"]
    assert titles[-2:] == ["4 regions", "errors"]
    assert drawn.right > 0.999
    sample = make(recipe, textures)
    assert (pixels(drawn.files["image"]) == sample.image).all()
    _, width = pictures.SIZE
    assert pixels(drawn.sheet).shape[1] > 3 * width
    assert drawn.nbytes > sum(map(len, drawn.files.values()))
    assert drawn.describe() == {"right": drawn.right, "recipe": RECIPE}


def test_the_figure_is_the_share_of_pixels_that_match(fake_segmentor, textures):
    recipe = Recipe("formula", 1, "grid", 4)  # of many colours, which the segmentor tells apart
    sample, segmentor = make(recipe, textures), fake_segmentor()
    found = build_hierarchy(segmentor, sample.image, config=MOSAIC_PARTITION).cut(4)
    right = score_mosaic(found, sample.label_maps[0])["correct"]
    assert draw_mosaic(segmentor, recipe, textures).right == pytest.approx(right)
    assert right < 0.99


def test_pictures_of_a_photo_know_no_truth(fake_segmentor, discs_image):
    segmentor = fake_segmentor()
    embedding = segmentor.embed(discs_image)
    drawn = draw_photo(segmentor, embedding, build_hierarchy(segmentor, embedding), 3)
    assert "truth" not in drawn.files
    assert "3 regions" in drawn.files
    assert drawn.right is None
    assert drawn.describe() == {"right": None, "recipe": None}
    sizes = {pixels(file).shape for file in drawn.files.values()}
    ((height, width, _),) = sizes
    assert discs_image[..., 0].size > height * width
    assert height * width <= pictures.PANEL_PIXELS
    assert width / height == pytest.approx(4 / 3, rel=0.01)


@pytest.mark.parametrize(
    "changes",
    [
        {"textures": "none"},
        {"textures": None},
        {"textures": ["plain"]},
        {"textures": "../plain"},
        {"seed": -1},
        {"seed": 1.0},
        {"seed": True},
        {"seed": 2**31},
        {"seed": "1"},
        {"layout": "spiral"},
        {"layout": None},
        {"layout": {}},
        {"regions": 0},
        {"regions": 61},
        {"regions": None},
        {"regions": 5.0},
    ],
)
def test_a_recipe_of_a_stranger_is_checked(textures, changes):
    with pytest.raises(ValueError, match=r"expected|there are|is laid out"):
        check_recipe({**RECIPE, **changes}, textures)


@pytest.mark.parametrize("recipe", [None, 7, "plain", [], {}])
def test_what_is_no_recipe_is_refused(textures, recipe):
    with pytest.raises(ValueError, match=r"expected|there are"):
        check_recipe(recipe, textures)
