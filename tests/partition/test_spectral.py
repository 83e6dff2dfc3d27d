"""Spectral coordinates: groups between which little flows lie apart."""

import numpy as np
import pytest
from scipy import sparse

from tamingseg.partition.spectral import spectral_coordinates, squared_distances


def two_groups(rng, first=6, second=5):
    groups = np.repeat([0, 1], [first, second])
    weights = np.where(groups[:, None] == groups, 1, 0.01) * rng.uniform(0.5, 1, (11, 11))
    return groups, (weights + weights.T) / 2


def test_two_groups_by_the_sign_of_the_first(rng):
    groups, weights = two_groups(rng)
    first = spectral_coordinates(sparse.csr_array(weights), 3)[:, 0]
    assert len(set((first > 0) == groups)) == 1


def test_against_all_eigenvectors(rng):
    _, weights = two_groups(rng)
    degrees = weights.sum(axis=1)
    laplacian = (np.diag(degrees) - weights) / np.sqrt(np.outer(degrees, degrees))
    values, vectors = np.linalg.eigh(laplacian)
    expected = (vectors / np.sqrt(degrees)[:, None])[:, 1:4] / np.sqrt(values[1:4])
    found = spectral_coordinates(sparse.csr_array(weights), 3)
    np.testing.assert_allclose(squared_distances(found), squared_distances(expected), atol=1e-9)


def test_distances():
    points = np.array([[0.0, 0], [3, 4], [3, 0]])
    expected = [[0, 25, 9], [25, 0, 16], [9, 16, 0]]
    np.testing.assert_allclose(squared_distances(points), expected, atol=1e-12)


@pytest.mark.parametrize(("nodes", "coordinates"), [(1, 0), (2, 1), (3, 2), (9, 8), (12, 8)])
def test_small_graphs_have_fewer(nodes, coordinates):
    found = spectral_coordinates(sparse.csr_array(np.ones((nodes, nodes))), 8)
    assert found.shape == (nodes, coordinates)
    assert np.isfinite(found).all()


def test_a_graph_that_falls_apart():
    weights = sparse.block_diag([np.ones((6, 6)), np.ones((7, 7))], format="csr")
    found = spectral_coordinates(sparse.csr_array(weights), 4)
    assert np.isfinite(found).all()
    apart = squared_distances(found)
    assert apart[:6, 6:].min() > apart[:6, :6].max()


def test_the_same_every_time(rng):
    weights = sparse.csr_array(rng.random((30, 30)))
    weights = weights + weights.T
    np.testing.assert_array_equal(
        spectral_coordinates(weights, 5), spectral_coordinates(weights, 5)
    )
