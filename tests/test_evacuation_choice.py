"""Route choice under congestion: the published network of Braess, and equilibrium as such."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from riskmap.network.evacuation_choice import helpful_closures, route_choice

BRAESS = pd.DataFrame(
    [
        # Braess 1968 (English: Braess, Nagurney, Wakolbinger 2005): 6 travellers, times 10 x, 50 + x, 10 + x
        ("s", "a", 0.0, 10.0), ("b", "t", 0.0, 10.0), ("s", "b", 50.0, 1.0), ("a", "t", 50.0, 1.0), ("a", "b", 10.0, 1.0),
    ],
    columns=["tail", "head", "free_s", "delay_s"],
    index=["sa", "bt", "sb", "at", "ab"],
).assign(capacity=1.0, power=1.0)  # fmt: skip
SIX = pd.DataFrame({"origin": ["s"], "target": ["t"], "people": [6.0]})


def test_braess_with_the_road_everybody_takes_92_and_without_it_83() -> None:
    found = route_choice(BRAESS, SIX)
    assert found.person_seconds / 6 == pytest.approx(92, rel=1e-4)
    assert found.flow.to_dict() == pytest.approx({"sa": 4, "bt": 4, "sb": 2, "at": 2, "ab": 2}, abs=0.02)
    without = route_choice(BRAESS.drop(index="ab"), SIX)
    assert without.person_seconds / 6 == pytest.approx(83, rel=1e-3)


def test_the_closure_that_speeds_everyone_up_is_found() -> None:
    found = helpful_closures(BRAESS, SIX)
    assert found.index.tolist() == ["ab"]
    assert found.loc["ab", "saved"] == pytest.approx(1 - 83 / 92, abs=1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_nobody_gains_by_changing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(9, 0.35, seed=seed, directed=True)
    nx.add_cycle(graph, range(9))
    edges = pd.DataFrame(list(graph.edges), columns=["tail", "head"])
    free = rng.uniform(10, 100, len(edges))
    edges = edges.assign(free_s=free, delay_s=0.15 * free, capacity=rng.uniform(20, 60, len(edges)), power=4.0)
    demand = pd.DataFrame({"origin": [1, 2, 3], "target": [0, 0, 5], "people": rng.uniform(20, 80, 3)})
    found = route_choice(edges, demand)
    assert found.gap <= 1e-5
    # the fastest ways under the load of all cost together what is paid, to the gap
    for (_, row), seconds in zip(edges.iterrows(), found.seconds, strict=True):
        graph.edges[row["tail"], row["head"]]["s"] = seconds
    least = sum(
        row.people * nx.shortest_path_length(graph, row.origin, row.target, weight="s") for row in demand.itertuples()
    )
    assert found.person_seconds == pytest.approx(least, rel=1e-4)
    for node in range(9):  # nobody is lost on the way
        net = found.flow[edges["tail"] == node].sum() - found.flow[edges["head"] == node].sum()
        wanted = (
            demand.loc[demand["origin"] == node, "people"].sum() - demand.loc[demand["target"] == node, "people"].sum()
        )
        assert net == pytest.approx(wanted, abs=1e-6)
