"""The graph of a small label map, counted by hand."""

import numpy as np
import pytest

from tamingseg.partition.graph import find_borders, region_graph

SUPERPIXELS = np.array([[1, 1, 2], [1, 3, 2], [3, 3, 3]], np.int32)
AFFINITY = np.array([[1, 0.2, 0.4], [0.6, 1, 0.5], [0.4, 0.7, 1]])


def test_nodes_and_edges():
    boundary = np.arange(9).reshape(3, 3) / 10
    graph = region_graph(find_borders(SUPERPIXELS, boundary), AFFINITY)
    assert dict(graph.nodes(data="area")) == {0: 3, 1: 2, 2: 4}
    assert set(graph.edges) == {(0, 1), (0, 2), (1, 2)}
    # Over a border the larger value counts: 1|2 at (.1, .2); 1|3 at (.3, .4), (.1, .4), (.3, .6);
    # 2|3 at (.4, .5) and (.5, .8).
    expected = {(0, 1): (0.4, 1, 0.2), (0, 2): (0.4, 3, 1.4 / 3), (1, 2): (0.6, 2, 1.3 / 2)}
    for pair, (affinity, length, strength) in expected.items():
        edge = graph.edges[pair]
        assert edge["length"] == length
        assert edge["affinity"] == pytest.approx(affinity)
        assert edge["boundary"] == pytest.approx(strength)


def test_one_region_has_no_edge():
    graph = region_graph(find_borders(np.ones((2, 3), np.int32), np.zeros((2, 3))), np.ones((1, 1)))
    assert len(graph) == 1
    assert not graph.edges


@pytest.mark.parametrize(
    ("superpixels", "affinity", "boundary", "message"),
    [
        (SUPERPIXELS - 1, AFFINITY, np.zeros((3, 3)), "labelled 1..S"),
        (SUPERPIXELS * 2, AFFINITY, np.zeros((3, 3)), "labelled 1..S"),
        (SUPERPIXELS, AFFINITY[:2], np.zeros((3, 3)), "3 superpixels need affinities"),
        (SUPERPIXELS, AFFINITY * 2, np.zeros((3, 3)), "must be probabilities"),
        (SUPERPIXELS, AFFINITY * np.nan, np.zeros((3, 3)), "must be probabilities"),
        (SUPERPIXELS, AFFINITY, np.zeros((3, 4)), "superpixels' size"),
        (SUPERPIXELS, AFFINITY, np.full((3, 3), np.inf), "not finite"),
    ],
)
def test_refusals(superpixels, affinity, boundary, message):
    with pytest.raises(ValueError, match=message):
        region_graph(find_borders(superpixels, boundary), affinity)
