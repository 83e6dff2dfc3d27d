"""Superpixels are connected, about as many as asked for, and stop at edges."""

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.segmentation import watershed

from tamingseg.data.sample_images import load_sample_image
from tamingseg.partition.evidence import boundary_strength
from tamingseg.partition.superpixels import _seeds, flood_superpixels


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 12)),
                  elements=st.floats(0, 1, width=32)),
    st.integers(1, 40),
)  # fmt: skip
def test_whatever_the_gradient(check_partition, gradient, count):
    labels = flood_superpixels(gradient, count)
    assert labels.shape == gradient.shape
    check_partition(labels, labels.max())
    assert labels.max() <= gradient.size


def test_a_flat_image_falls_into_the_cells_of_a_grid(check_partition):
    labels = flood_superpixels(np.zeros((40, 60)), 24)
    check_partition(labels, 24)
    assert np.bincount(labels.ravel())[1:].min() > 30


def test_an_edge_is_never_crossed():
    gradient = np.zeros((40, 40))
    gradient[:, 17] = 1
    labels = flood_superpixels(gradient, 16)
    assert not set(labels[:, :17].ravel()) & set(labels[:, 18:].ravel())


@pytest.mark.parametrize(("shape", "count", "expected"), [((1, 1), 400, 1), ((2, 2), 400, 4),
                                                          ((9, 7), 1, 1)])  # fmt: skip
def test_small_ones(shape, count, expected):
    assert flood_superpixels(np.zeros(shape), count).max() == expected


def test_refusals():
    for gradient in (np.zeros((0, 4)), np.zeros(5), np.full((3, 3), np.nan)):
        with pytest.raises(ValueError, match="expected a finite gradient"):
            flood_superpixels(gradient, 4)
    with pytest.raises(ValueError, match="at least 1 superpixel, got 0"):
        flood_superpixels(np.zeros((3, 3)), 0)


def test_the_same_watershed_as_that_of_scikit_image():
    """That one keeps all heights apart, and has no lines between floods."""
    gradient = boundary_strength(load_sample_image("coffee")[:200, :300])
    labels = flood_superpixels(gradient, 150)
    other = watershed(gradient, _seeds(gradient, 150))
    assert labels.max() == other.max()
    assert (labels == other).mean() > 0.85
