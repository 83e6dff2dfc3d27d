"""Affinities of superpixels, against answers averaged pixel by pixel."""

import numpy as np
import pytest

from tamingseg.partition.affinity import mean_over, region_affinity

SUPERPIXELS = np.array([[1, 1, 1, 2], [1, 1, 1, 2], [3, 3, 2, 2], [3, 3, 2, 2]], np.int32)


def test_means_at_the_same_size_and_coarser(rng):
    fine, coarse = rng.random((4, 4)), rng.random((2, 2))
    for values, size in ((fine, (4, 4)), (coarse, (2, 2))):
        repeated = np.kron(values, np.ones((4 // size[0], 4 // size[1])))
        expected = [repeated[label == SUPERPIXELS].mean() for label in (1, 2, 3)]
        np.testing.assert_allclose(mean_over(SUPERPIXELS, size) @ values.ravel(), expected, 1e-5)


@pytest.mark.parametrize("enlarged", [1, 2])
def test_a_click_on_every_superpixel(two_discs, fake_segmentor, enlarged):
    """Superpixels of red, blue and grey; those of a coarser map mean the same places."""
    labels = (two_discs.label_maps[0] + 1)[::enlarged, ::enlarged]
    segmentor = fake_segmentor()
    affinity = region_affinity(segmentor, segmentor.embed(two_discs.image), labels)
    assert affinity.dtype == np.float32
    # The answer has every second pixel only, so that outlines are not quite those of the labels.
    np.testing.assert_allclose(affinity, 0.05 + 0.9 * np.eye(3), atol=0.15)


def test_features_are_compared_without_a_click(two_discs, colour_segmentor):
    labels = two_discs.label_maps[0] + 1
    embedding = colour_segmentor.embed(two_discs.image)
    affinity = region_affinity(colour_segmentor, embedding, labels)
    means = np.stack([two_discs.image[labels == label].mean(axis=0) / 255 for label in (1, 2, 3)])
    expected = colour_segmentor.affinity(means, means)
    np.testing.assert_allclose(affinity, expected, atol=0.05)


def test_the_click_lies_innermost(fake_segmentor):
    asked = []

    class Asked(type(fake_segmentor())):
        def predict(self, embedding, clicks, full_size=True):
            asked.extend(clicks)
            return super().predict(embedding, clicks, full_size)

    labels = np.ones((9, 20), np.int32)
    labels[:, 9:] = 2
    region_affinity(Asked(), Asked().embed(np.zeros((18, 40, 3), np.uint8)), labels)
    first, second = asked
    assert (first.row, first.col) == (9, 9)  # the middle of 9 x 9, in an image twice as large
    assert (second.row, second.col // 2 > 12) == (9, True)


def test_the_mean_of_certain_answers_is_certain(fake_segmentor):
    """Superpixels of 1 to 40 pixels, and every pixel in the mask: rounded, 1/n may be too much."""
    labels = np.repeat(np.arange(1, 41), np.arange(1, 41))[None].astype(np.int32)
    segmentor = fake_segmentor()
    segmentor.predict = lambda embedding, clicks, full_size: np.ones(
        (len(clicks), *embedding.size), np.float32
    )
    embedding = segmentor.embed(np.zeros((*labels.shape, 3), np.uint8))
    affinity = region_affinity(segmentor, embedding, labels)
    assert 0.999999 < affinity.min() <= affinity.max() <= 1


@pytest.mark.parametrize("answer", [np.nan, np.inf, -0.1, 1.5])
def test_answers_that_are_no_probabilities(two_discs, colour_segmentor, fake_segmentor, answer):
    labels = two_discs.label_maps[0] + 1

    def nonsense(*arguments, **settings):
        return np.full((3, 3), answer, np.float32)

    def nonsense_maps(*arguments, **settings):
        return np.full((3, 4, 4), answer, np.float32)

    colour_segmentor.affinity = nonsense
    clicked = fake_segmentor()
    clicked.predict = nonsense_maps
    for segmentor in (colour_segmentor, clicked):
        with pytest.raises(ValueError, match="must answer with probabilities"):
            region_affinity(segmentor, segmentor.embed(two_discs.image), labels)
