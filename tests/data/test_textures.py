"""Textures by formula and from photos: the same stuff wherever one looks, different from others."""

import pickle

import numpy as np
import pytest
from PIL import Image

from tamingseg.data.texture_formulas import FAMILIES, FormulaTexture, formula_textures
from tamingseg.data.textures import PhotoTexture, load_textures


def test_formulas_take_turns_and_are_endless():
    textures = formula_textures(2 * len(FAMILIES), seed=3)
    families = [texture.family for texture in textures]
    assert sorted(families[: len(FAMILIES)]) == sorted(FAMILIES)
    others = formula_textures(2 * len(FAMILIES), seed=4)
    names = {texture.identity for texture in (*textures, *others)}
    assert len(names) == 4 * len(FAMILIES)


@pytest.mark.parametrize("number", range(2 * len(FAMILIES)))
def test_a_formula_decides_the_look_and_the_generator_the_place(number):
    texture = FormulaTexture(number)
    first, again, elsewhere = (
        texture.draw((40, 70), np.random.default_rng(seed)).astype(int) for seed in (0, 0, 1)
    )
    assert first.shape == (40, 70, 3)
    np.testing.assert_array_equal(first, again)
    assert (first != elsewhere).any()
    assert first.std() > 3, "there is something to see"
    assert np.abs(first.mean((0, 1)) - elsewhere.mean((0, 1))).max() < 70, "of the same colours"


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (300, 2)])
@pytest.mark.parametrize("number", range(len(FAMILIES)))
def test_formulas_of_any_size(number, size, rng):
    assert FormulaTexture(number).draw(size, rng).shape == (*size, 3)


def test_impossible_formulas():
    with pytest.raises(ValueError, match="got -1"):
        FormulaTexture(-1)
    with pytest.raises(ValueError, match="at least one texture"):
        formula_textures(0)


def test_a_photo_is_shown_in_parts_and_goes_on_as_its_mirror_image(rng):
    ramp = np.repeat(np.arange(20, dtype=np.uint8)[:, None, None] * 10, 30, axis=1)
    texture = PhotoTexture(np.repeat(ramp, 3, axis=2), "ramp")
    for _ in range(20):
        part = texture.draw((100, 90), rng).astype(int)[..., 0]
        assert part.shape == (100, 90)
        assert {0, 190} <= set(part.ravel()), "all of the photo is there"
        steps = max(np.abs(np.diff(part, axis=axis)).max() for axis in (0, 1))
        assert steps <= 20, "no seam: at most two steps of the ramp"
    small = [texture.draw((3, 3), rng) for _ in range(20)]
    assert len({part.tobytes() for part in small}) > 10
    assert texture.draw((1, 1), rng).shape == (1, 1, 3)


def test_identity_follows_the_pixels(rng):
    pixels = rng.integers(0, 256, (8, 9, 3), dtype=np.uint8)
    same, other = PhotoTexture(pixels.copy(), "a"), PhotoTexture(255 - pixels, "a")
    assert PhotoTexture(pixels, "a").identity == same.identity != other.identity
    assert pickle.loads(pickle.dumps(same)).identity == same.identity


def test_folders_of_photos(tmp_path, rng):
    for name in ("b/2.png", "b/deep/1.png", "a.PNG", ".hidden.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 9), dtype=np.uint8)).save(path)  # grey
    (tmp_path / "notes.txt").write_text("no photo")
    textures = load_textures([tmp_path])
    assert [texture.name for texture in textures] == ["a", "b/2", "b/deep/1"]
    assert textures[0].draw((5, 5), rng).shape == (5, 5, 3)
    assert len(load_textures([tmp_path / "b", tmp_path / "b" / "deep"])) == 3


def test_folders_that_are_no_good(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        load_textures([tmp_path / "missing"])
    with pytest.raises(ValueError, match="holds no texture photo"):
        load_textures([tmp_path])
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    with pytest.raises(ValueError, match=r"a\.jpg is not a JPEG"):
        load_textures([tmp_path])
