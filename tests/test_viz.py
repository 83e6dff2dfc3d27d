"""Overlays, pixel by pixel."""

import numpy as np
import pytest

from tamingseg.values import Click, MaskSet
from tamingseg.viz import (
    ERROR_COLOUR,
    colour_features,
    colour_of,
    contact_sheet,
    draw_borders,
    draw_clicks,
    draw_errors,
    draw_level_lines,
    draw_regions,
    heat_map,
    overlay,
    overlay_masks,
)


def test_overlay_tints_the_mask_and_draws_its_outline():
    image = np.full((9, 9, 3), 100, np.uint8)
    mask = np.zeros((9, 9), bool)
    mask[2:7, 2:9] = True  # touches the right edge of the image, where no outline is
    drawn = overlay(image, mask, colour=(200, 0, 50), opacity=0.5)
    assert (image == 100).all()
    assert (drawn[~mask] == 100).all()
    assert drawn[4, 5].tolist() == drawn[4, 8].tolist() == [150, 50, 75]
    assert drawn[2, 5].tolist() == drawn[4, 2].tolist() == [200, 0, 50]


def test_an_empty_mask_changes_nothing(rng):
    image = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    np.testing.assert_array_equal(overlay(image, np.zeros((5, 6), bool)), image)


def test_sizes_must_agree():
    with pytest.raises(ValueError, match="mask must have"):
        overlay(np.zeros((5, 6, 3), np.uint8), np.zeros((6, 5), bool))


def test_click_marks_tell_the_signs_apart_and_leave_the_image_alone():
    image = np.zeros((60, 60, 3), np.uint8)
    drawn = draw_clicks(image, [Click(15.5, 15.5), Click(45.5, 45.5, positive=False)])
    assert not image.any()
    above = 4  # the upright bar of a plus
    assert drawn[15 - above, 15].tolist() == [255, 255, 255]
    assert drawn[45 - above, 45].tolist() == [213, 94, 0]
    assert not drawn[15, 45].any()


def test_small_masks_lie_on_large_ones():
    image = np.full((20, 20, 3), 100, np.uint8)
    masks = np.zeros((2, 20, 20), bool)
    masks[0, 5:15, 5:15] = True
    masks[1, :, :18] = True
    drawn = overlay_masks(image, MaskSet.from_masks(masks))
    assert (image == 100).all()
    for place, colour in (((10, 10), colour_of(0)), ((1, 1), colour_of(1))):
        np.testing.assert_allclose(drawn[place], np.add(100, colour) / 2, atol=0.5)
    assert tuple(drawn[5, 10]) == colour_of(0)
    assert (drawn[:, 18:] == 100).all()


def test_masks_of_another_size_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        overlay_masks(np.zeros((5, 6, 3), np.uint8), MaskSet.from_masks(np.zeros((1, 6, 5), bool)))


GREY = np.full((4, 6, 3), 100, np.uint8)
THIRDS = np.repeat([[0, 0, 1, 1, 3, 3]], 4, axis=0).astype(np.int32)


def test_regions_have_their_own_colours_and_borders():
    drawn = draw_regions(GREY, THIRDS, opacity=0.5)
    assert (drawn[:, :2] == 100).all(), "label 0 is no region"
    for label, inside, border in ((1, 2, 3), (3, 4, None)):
        colour = np.array(colour_of(label - 1))
        np.testing.assert_array_equal(drawn[0, inside], ((100 + colour) / 2).round())
        if border is not None:
            np.testing.assert_array_equal(drawn[0, border], colour)


def test_borders_are_where_labels_change():
    drawn = draw_borders(GREY, THIRDS, (1, 2, 3))
    changed = (drawn != GREY).any(axis=2)
    np.testing.assert_array_equal(changed, [[0, 1, 0, 1, 0, 0]] * 4)
    assert draw_borders(GREY, np.ones((4, 6), int)).tolist() == GREY.tolist()


def test_level_lines_are_the_outlines_of_each_level():
    ramp = np.repeat(np.linspace(0, 1, 20, dtype=np.float32)[None], 9, axis=0)
    image = np.full((9, 20, 3), 100, np.uint8)
    drawn = draw_level_lines(image, ramp, levels=(0.2, 0.7))
    columns = (drawn != 50).any(axis=(0, 2)).nonzero()[0]
    assert columns.tolist() == [4, 14], "the first columns above 0.2 and 0.7"
    np.testing.assert_array_equal(drawn[3, 4], heat_map(np.array([[0.2]]))[0, 0])


def test_errors_are_marked():
    right = THIRDS == 1
    drawn = draw_errors(GREY, right)
    assert (drawn[right] == 50).all()
    assert (drawn[~right] == ERROR_COLOUR).all()


def test_heat_rises_from_blue_to_yellow():
    cold, warm, beyond = heat_map(np.array([[0, 1, 7]]))[0].tolist()
    assert cold[2] > cold[1]
    assert warm[0] > warm[2] < warm[1]
    assert beyond == warm


def test_features_that_differ_have_other_colours(rng):
    features = np.zeros((4, 6, 8), np.float32)
    features[:, 3:] = rng.normal(size=8)
    drawn = colour_features(features, (40, 60))
    assert drawn.shape == (40, 60, 3)
    left, right = drawn[:, :25].reshape(-1, 3), drawn[:, 35:].reshape(-1, 3)
    assert (left == left[0]).all()
    assert (right == right[0]).all()
    assert abs(int(left[0, 0]) - int(right[0, 0])) == 255, "the strongest direction is red"
    assert (drawn[..., 1:] == 127).all() or (drawn[..., 1:] == 128).all(), "there is no other"


@pytest.mark.parametrize("dim", [1, 2, 3, 5])
def test_features_of_any_width(dim, rng):
    features = rng.normal(size=(4, 6, dim))
    drawn = colour_features(features, (4, 6))
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) >= 20
    assert len(np.unique(colour_features(np.ones((4, 6, dim)), (4, 6)))) == 1


def test_a_sheet_holds_every_picture():
    pictures = {str(number): np.full((30, 40, 3), number, np.uint8) for number in (10, 20, 30)}
    sheet = contact_sheet(pictures, columns=2)
    assert sheet.shape[1] == 2 * 40 + 3 * 4
    for number in (10, 20, 30):
        assert (sheet == number).all(axis=2).sum() >= 30 * 40
    assert contact_sheet(pictures).shape[1] == 3 * 40 + 4 * 4


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_regions(GREY, THIRDS.T),
        lambda: draw_regions(GREY, THIRDS.astype(float)),
        lambda: draw_borders(GREY, THIRDS[:2]),
        lambda: draw_level_lines(GREY, np.zeros((6, 4))),
        lambda: draw_errors(GREY, THIRDS),
        lambda: colour_features(np.full((2, 2, 3), np.nan), (4, 4)),
        lambda: colour_features(np.zeros((2, 2)), (4, 4)),
        lambda: contact_sheet({}),
        lambda: contact_sheet({"a": GREY, "b": GREY[1:]}),
        lambda: contact_sheet({"a": GREY}, columns=0),
    ],
)
def test_pictures_that_cannot_be_drawn(draw):
    with pytest.raises(ValueError, match=r"expected|must"):
        draw()
