"""What a model that knows sees in two discs."""

from dataclasses import replace

import numpy as np
import pytest

from tamingseg.evaluation.panels import draw_panels, greatest_certainty, panels
from tamingseg.partition.build import build_hierarchy
from tamingseg.values import Click
from tamingseg.viz import ERROR_COLOUR, draw_regions

TITLES = ["image", "one click", "certainty", "superpixels", "3 regions"]


@pytest.fixture
def pixel_segmentor(fake_segmentor):
    """A segmentor that knows the answer, whose features are colours."""

    class PixelFake(fake_segmentor):
        def pixel_features(self, embedding):
            return embedding.image[::4, ::4].astype(np.float32)

        def affinity(self, first, second):
            distance = np.linalg.norm(first[:, None] - second, axis=2)
            return np.exp(-distance / 50).astype(np.float32)

    return PixelFake()


def test_pictures_of_a_photo(two_discs, fake_segmentor):
    drawn = panels(fake_segmentor(), two_discs.image, 3, click=Click(16, 18))
    assert list(drawn) == TITLES
    assert all(picture.shape == (48, 64, 3) for picture in drawn.values())
    assert all(picture.dtype == np.uint8 for picture in drawn.values())
    np.testing.assert_array_equal(drawn["image"], two_discs.image)


def test_truth_and_errors_where_the_truth_is_known(two_discs, fake_segmentor):
    truth = two_discs.label_maps[0] + 1
    drawn = panels(fake_segmentor(), two_discs.image, 3, truth)
    assert list(drawn) == ["image", "truth", *TITLES[1:], "errors"]
    np.testing.assert_array_equal(drawn["truth"], draw_regions(two_discs.image, truth))
    assert (drawn["errors"] == ERROR_COLOUR).all(axis=2).mean() < 0.05
    one = panels(fake_segmentor(), two_discs.image, 1, truth)["errors"]
    np.testing.assert_array_equal((one == ERROR_COLOUR).all(axis=2), truth > 1)


def test_pictures_of_another_size_show_the_same(two_discs, fake_segmentor):
    segmentor = fake_segmentor()
    embedding = segmentor.embed(two_discs.image)
    hierarchy = build_hierarchy(segmentor, embedding)
    half = draw_panels(segmentor, embedding, hierarchy, 3, click=Click(16, 18), size=(24, 32))
    whole = panels(segmentor, embedding, 3, click=Click(16, 18))
    assert list(half) == TITLES
    for title in ("3 regions", "certainty"):
        same = (half[title] == whole[title][::2, ::2]).all(axis=2)
        assert same.mean() > 0.8, title  # but at the borders
    assert (half["one click"][8, 9] == 255).all(), "the cross of the click"


def test_features_where_there_are_any(two_discs, pixel_segmentor):
    drawn = panels(pixel_segmentor, two_discs.image, 3)
    assert list(drawn) == [*TITLES[:-1], "pixel features", TITLES[-1]]
    features = drawn["pixel features"].astype(int)
    assert np.abs(features[16, 18] - features[30, 44]).max() > 100, "the discs differ"


def test_the_surest_answer_counts(two_discs, fake_segmentor):
    class Asked(fake_segmentor):
        """Sure of what is above the click, undecided below it."""

        def predict(self, embedding, clicks, full_size=True):
            rows = np.arange(embedding.size[0])[:, None]
            answers = [np.where(rows < click.row, 0.9, 0.5) for click in clicks]
            shape = (len(clicks), *embedding.size)
            return np.broadcast_to(np.stack(answers), shape).astype(np.float32)

    segmentor = Asked()
    certainty = greatest_certainty(segmentor, segmentor.embed(two_discs.image))
    assert certainty[:45] == pytest.approx(0.8)
    assert not certainty[45:].any(), "the last of 8 rows of clicks is at 45"


def test_bad_input(two_discs, fake_segmentor):
    image = two_discs.image
    for wrong, message in (
        ({"click": Click(48, 0)}, "outside the image"),
        ({"truth": two_discs.label_maps[0]}, "integers from 1"),
        ({"truth": np.ones((4, 4), int)}, r"must have the \(height, width\)"),
        ({"method": "magic"}, "method must be one of"),
        ({"regions": 0}, "regions"),
    ):
        with pytest.raises(ValueError, match=message):
            panels(fake_segmentor(), image, **{"regions": 3, **wrong})
    with pytest.raises(ValueError, match="uint8"):
        panels(fake_segmentor(), replace(two_discs).image / 255, 3)
