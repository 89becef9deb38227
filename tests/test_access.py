"""Single access against networkx's bridges and the definition itself."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from riskmap.network.access import access


@pytest.mark.parametrize("seed", range(60))
def test_bridges_are_networkx_s_and_what_hangs_on_one_is_cut_off_without_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes, count = 14, int(rng.integers(8, 24))
    tail, head = rng.integers(0, nodes, (2, count))  # loops and parallel edges too
    length = rng.uniform(1, 9, count)
    found = access(nodes, tail, head, length)
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(nodes))
    for edge, (a, b) in enumerate(zip(tail, head, strict=True)):
        graph.add_edge(int(a), int(b), key=edge)
    simple = nx.Graph((a, b) for a, b in zip(tail.tolist(), head.tolist(), strict=True) if a != b)
    pairs = {frozenset(e) for e in nx.bridges(simple)}
    multiplicity = {}
    for a, b in zip(tail.tolist(), head.tolist(), strict=True):
        multiplicity[frozenset((a, b))] = multiplicity.get(frozenset((a, b)), 0) + 1
    expected = [
        a != b and frozenset((a, b)) in pairs and multiplicity[frozenset((a, b))] == 1
        for a, b in zip(tail.tolist(), head.tolist(), strict=True)
    ]
    assert found.bridge.tolist() == expected
    hanging = np.flatnonzero(found.hangs_on >= 0)
    main = [n for n in range(nodes) if found.hangs_on[n] < 0]
    for node in hanging:
        edge = found.hangs_on[node]
        assert found.bridge[edge]
        cut = graph.copy()
        cut.remove_edge(int(tail[edge]), int(head[edge]), key=int(edge))
        beyond = nx.node_connected_component(cut, int(node))
        # one end of its bridge is in the main part, the other on its side
        assert (int(tail[edge]) in beyond) != (int(head[edge]) in beyond)
        outer = int(tail[edge]) if int(tail[edge]) not in beyond else int(head[edge])
        assert outer in main


def test_a_village_behind_two_bridges_hangs_on_the_one_next_to_the_town() -> None:
    #  0-1-2-0 is the town; 2-3 a bridge, 3-4 another, 5 has a road of its own elsewhere
    tail, head = np.array([0, 1, 2, 2, 3]), np.array([1, 2, 0, 3, 4])
    found = access(6, tail, head, np.full(5, 100.0))
    assert found.bridge.tolist() == [False, False, False, True, True]
    assert found.hangs_on.tolist() == [-1, -1, -1, 3, 3, -1]
