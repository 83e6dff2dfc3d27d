"""Merging against a slow reference that prices every pair anew from superpixels."""

import networkx as nx
import numpy as np
import pytest

from tamingseg.partition.graph import Borders
from tamingseg.partition.merging import merge_regions, ward


def price(apart, boundary, area, areas):
    return (apart + 0.5 * boundary) * ward(area, areas) ** 0.2


def grid_world(rng, rows=4, cols=5):
    """A grid of regions with random areas, dissimilarities and borders."""
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(rows, cols))
    count = len(graph)
    for node in graph:
        graph.nodes[node]["area"] = int(rng.integers(1, 50))
    for edge in graph.edges:
        graph.edges[edge].update(length=int(rng.integers(1, 9)), boundary=float(rng.random()))
    values = rng.random((count, count))
    return graph, (values + values.T) / 2


def borders_of(graph):
    """The same as arrays."""
    areas = np.array([graph.nodes[node]["area"] for node in range(len(graph))])
    edges = sorted((*sorted(pair), edge["length"], edge["boundary"])
                   for *pair, edge in graph.edges(data=True))  # fmt: skip
    first, second, lengths, strengths = np.array(edges).reshape(-1, 4).T
    pairs = np.stack([first, second], axis=1).astype(int)
    return Borders(areas, pairs, lengths.astype(int), strengths)


def reference(graph, apart, price, within):
    areas = np.array([graph.nodes[node]["area"] for node in range(len(graph))]) / sum(
        dict(graph.nodes(data="area")).values()
    )
    members = {node: [node] for node in graph}
    merges, costs = [], []

    def mean(one, other):
        weights = np.outer(areas[members[one]], areas[members[other]])
        return (apart[np.ix_(members[one], members[other])] * weights).sum() / weights.sum()

    def cost(one, other):
        edges = [graph.edges[s, t] for s in members[one] for t in members[other]
                 if graph.has_edge(s, t)]  # fmt: skip
        if not edges:
            return np.inf
        length = sum(edge["length"] for edge in edges)
        border = sum(edge["length"] * edge["boundary"] for edge in edges) / length
        own = (mean(one, one) + mean(other, other)) / 2
        between = np.array(
            [max(mean(one, other) - within * own, 0) if within else mean(one, other)]
        )
        others = np.array([areas[members[other]].sum()])
        return price(between, np.array([border]), areas[members[one]].sum(), others)[0]

    while len(members) > 1:
        best, one, other = min(
            (cost(one, other), one, other) for one in members for other in members if one < other
        )
        if areas[members[one]].sum() < areas[members[other]].sum():
            one, other = other, one
        merges.append({one, other})
        costs.append(best)
        members[len(graph) + len(merges) - 1] = members.pop(one) + members.pop(other)
    return merges, np.maximum.accumulate(costs)


@pytest.mark.parametrize("within", [0, 0.5, 1])
@pytest.mark.parametrize("seed", range(4))
def test_the_same_merges_as_the_reference(seed, within):
    graph, apart = grid_world(np.random.default_rng(seed))
    expected, expected_costs = reference(graph, apart, price, within)
    merges, costs = merge_regions(borders_of(graph), apart, price, within)
    assert [set(pair) for pair in merges.tolist()] == expected
    np.testing.assert_allclose(costs, expected_costs, rtol=1e-5)
    assert costs.dtype == np.float32


def test_the_larger_one_comes_first():
    graph = nx.path_graph(2)
    nx.set_node_attributes(graph, {0: 3, 1: 8}, "area")
    nx.set_edge_attributes(graph, 1, "length")
    nx.set_edge_attributes(graph, 0.5, "boundary")
    merges, costs = merge_regions(borders_of(graph), np.zeros((2, 2)), price)
    assert merges.tolist() == [[1, 0]]
    assert costs[0] == pytest.approx(0.25 * (24 / 121) ** 0.2)


def test_a_single_region_needs_no_merge():
    graph = nx.Graph()
    graph.add_node(0, area=5)
    merges, costs = merge_regions(borders_of(graph), np.zeros((1, 1)), price)
    assert merges.shape == (0, 2)
    assert costs.shape == (0,)


def test_refusals(rng):
    graph, apart = grid_world(rng)
    with pytest.raises(ValueError, match="finite dissimilarities"):
        merge_regions(borders_of(graph), apart[1:], price)
    with pytest.raises(ValueError, match="finite dissimilarities"):
        merge_regions(borders_of(graph), apart * np.nan, price)
    graph.remove_edges_from(list(graph.edges(0)))
    with pytest.raises(ValueError, match="hang together"):
        merge_regions(borders_of(graph), apart, price)


def test_inputs_stay_what_they_are(rng):
    graph, apart = grid_world(rng)
    before = apart.copy()
    merge_regions(borders_of(graph), apart, price)
    np.testing.assert_array_equal(apart, before)
