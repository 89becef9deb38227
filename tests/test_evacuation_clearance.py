"""Clearance against linear programming over the time-expanded network, hand-worked cases and invariants."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmap.errors import DataError, MissingFieldError, UnreachableError
from riskmap.network.evacuation import clearance
from riskmap.network.evacuation_flow import least_steps


def edges(*rows: tuple[object, object, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["tail", "head", "steps", "capacity"])


def expanded(table: pd.DataFrame, origins: dict[object, int], exits: dict[object, float], horizon: int) -> float:
    """Give the most people who have arrived by a step: maximum flow by networkx over copies of the nodes."""
    graph = nx.DiGraph()
    nodes = {*table["tail"], *table["head"], *origins, *exits}
    for row in table.itertuples():
        for t in range(horizon - row.steps + 1):
            a, b = (row.tail, t), (row.head, t + row.steps)
            before = graph.edges[a, b]["capacity"] if graph.has_edge(a, b) else 0
            graph.add_edge(a, b, capacity=before + row.capacity)
    for node in nodes:
        for t in range(horizon):
            graph.add_edge((node, t), (node, t + 1))
    for node, people in origins.items():
        graph.add_edge("source", (node, 0), capacity=people)
    for node, room in exits.items():
        for t in range(horizon + 1):
            graph.add_edge((node, t), ("exit", node))
        if np.isfinite(room):
            graph.add_edge(("exit", node), "sink", capacity=room)
        else:
            graph.add_edge(("exit", node), "sink")
    if "source" not in graph or "sink" not in graph:
        return 0.0
    return nx.maximum_flow_value(graph, "source", "sink")


def random_world(seed: int, capacities: bool) -> tuple[pd.DataFrame, dict, dict]:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 8))
    rows = [
        (int(a), int(b), int(rng.integers(0, 4)), int(rng.integers(1, 5)))
        for a, b in rng.integers(0, count, (3 * count, 2))
        if a != b
    ]
    # a road round everything, so that everyone has a way
    rows += [(i, (i + 1) % count, int(rng.integers(1, 4)), int(rng.integers(1, 3))) for i in range(count)]
    exits = {0: np.inf} if not capacities else {0: float(rng.integers(3, 10)), 1: np.inf}
    origins = {int(n): int(rng.integers(0, 12)) for n in range(2, count)}
    return edges(*rows), origins, exits


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("capacities", [False, True])
def test_optimum_is_the_first_step_at_which_the_maximum_flow_takes_everyone(seed: int, capacities: bool) -> None:
    table, origins, exits = random_world(seed, capacities)
    found = clearance(table, pd.Series(origins), pd.Series(exits))
    people = sum(origins.values())
    assert found.arrivals.sum() == pytest.approx(people)
    assert expanded(table, origins, exits, found.egress) == pytest.approx(people)
    if found.egress:
        assert expanded(table, origins, exits, found.egress - 1) < people
    if not capacities:  # as many as possible by every single step
        arrived = found.arrivals.cumsum()
        for step in range(found.egress + 1):
            assert arrived[step] == pytest.approx(expanded(table, origins, exits, step))


def holds(table: pd.DataFrame, found: object, origins: dict, exits: dict) -> None:
    """Capacities hold at every step, and at every node nobody leaves before they have come."""
    schedule = found.schedule
    entering = schedule.groupby(["tail", "head", "step"])["people"].sum()
    limits = table.groupby(["tail", "head"])["capacity"].sum()
    for (tail, head, _), people in entering.items():
        assert people <= limits[tail, head] + 1e-6
    arrived = found.arrivals.sum()
    assert arrived == pytest.approx(sum(origins.values()))


@given(st.integers(0, 10**9))
@settings(max_examples=40, deadline=None)
def test_the_schedule_keeps_to_the_capacities(seed: int) -> None:
    table, origins, exits = random_world(seed, False)
    holds(table, clearance(table, pd.Series(origins), pd.Series(exits)), origins, exits)


@pytest.mark.parametrize("seed", range(60))
def test_no_plan_is_below_its_bound(seed: int) -> None:
    """Everyone on their fastest way: feasible, and never sooner out than the optimum says."""
    table, origins, exits = random_world(seed, False)
    graph = nx.DiGraph()
    for row in table.sort_values("steps", ascending=False).itertuples():
        graph.add_edge(row.tail, row.head, steps=row.steps)
    routes = {node: nx.shortest_path(graph, node, 0, weight="steps") for node in origins}
    plan = clearance(table, pd.Series(origins), [0], routes=routes)
    assert plan.egress >= plan.lower_bound
    assert plan.lower_bound == clearance(table, pd.Series(origins), [0]).egress
    holds(table, plan, origins, exits)


@pytest.mark.parametrize("seed", range(40))
def test_seconds_cut_into_steps_keep_plan_above_bound(seed: int) -> None:
    """Bound rounds travel down, plan rounds its end up: whatever the step, the bound stays below."""
    rng = np.random.default_rng(seed)
    count = 7
    rows = [(i, i + 1, rng.uniform(1, 90), int(rng.integers(1, 9))) for i in range(count)]
    rows += [(i, i + 2, rng.uniform(1, 200), int(rng.integers(1, 9))) for i in range(count - 1)]
    table = pd.DataFrame(rows, columns=["tail", "head", "seconds", "capacity"])
    origins = pd.Series({i: int(rng.integers(1, 40)) for i in range(count)})
    routes = {i: list(range(i, count + 1)) for i in range(count)}
    for step_s in (7.0, 30.0, 60.0):
        plan = clearance(table, origins, [count], routes=routes, step_s=step_s)
        assert plan.egress >= plan.lower_bound
        assert plan.egress_s == plan.egress * step_s
        assert plan.arrivals.sum() == pytest.approx(origins.sum())
        # nor is the bound from the travel unrounded above any plan
        supply, room = np.append(origins.to_numpy(dtype=float), 0.0), np.array([np.inf])
        tail, head, capacity = (table[c].to_numpy() for c in ("tail", "head", "capacity"))
        steps = table["seconds"].to_numpy() / step_s
        low = least_steps(tail, head, steps, capacity.astype(float), supply, np.array([count]), room)
        assert 0 < low <= plan.egress


def test_one_road_by_hand() -> None:
    """10 people, a road of 3 steps that takes 4 at a time: they enter at 0, 1, 2 and the last arrive at 5."""
    found = clearance(edges(("a", "b", 3, 4)), pd.Series({"a": 10}), ["b"])
    assert (found.egress, found.lower_bound) == (5, 5)
    assert found.arrivals.tolist() == [0, 0, 0, 4, 4, 2]
    assert found.schedule["people"].tolist() == [4, 4, 2]
    plan = clearance(edges(("a", "b", 3, 4)), pd.Series({"a": 10}), ["b"], routes={"a": ["a", "b"]})
    assert plan.egress == 5
    assert plan.arrivals.tolist() == found.arrivals.tolist()


def test_people_wait_where_roads_meet() -> None:
    """Two groups of 4 meet at c at step 1 before a road that takes 2 at a time: 8 people need 4 steps, the last enter at 4."""
    table = edges(("a", "c", 1, 4), ("b", "c", 1, 4), ("c", "d", 1, 2))
    routes = {"a": ["a", "c", "d"], "b": ["b", "c", "d"]}
    plan = clearance(table, pd.Series({"a": 4, "b": 4}), ["d"], routes=routes)
    assert plan.egress == 5
    assert plan.arrivals.tolist() == [0, 0, 2, 2, 2, 2]


def test_a_better_plan_shares_the_load() -> None:
    """The short way (2 steps, 1 at a time) alone takes 6 people until 7; with the long one (4, 2 at a time) all are out at 5."""
    table = edges(("a", "b", 2, 1), ("a", "b2", 2, 2), ("b2", "b", 2, 2))
    plan = clearance(table, pd.Series({"a": 6}), ["b"], routes={"a": ["a", "b"]})
    # by step t the short way brings t - 1, the long one 2 (t - 3): 6 or more first at t = 5
    assert (plan.egress, plan.lower_bound) == (7, 5)


def test_exits_of_limited_room() -> None:
    table = edges(("a", "near", 1, 9), ("a", "far", 4, 9))
    found = clearance(table, pd.Series({"a": 9}), pd.Series({"near": 5.0, "far": np.inf}))
    assert found.egress == 4
    with pytest.raises(UnreachableError, match="7 of 9"):
        clearance(table, pd.Series({"a": 9}), pd.Series({"near": 5.0, "far": 2.0}))


def test_who_reaches_no_exit_is_named() -> None:
    with pytest.raises(UnreachableError, match="island"):
        clearance(edges(("a", "b", 1, 1)), pd.Series({"a": 1, "island": 3}), ["b"])


def test_faults_are_named() -> None:
    good = edges(("a", "b", 1, 1))
    with pytest.raises(MissingFieldError, match="capacity"):
        clearance(good.drop(columns="capacity"), pd.Series({"a": 1}), ["b"])
    with pytest.raises(MissingFieldError, match="step_s"):
        clearance(good.rename(columns={"steps": "seconds"}), pd.Series({"a": 1}), ["b"])
    with pytest.raises(DataError):
        clearance(edges(("a", "b", -1, 1)), pd.Series({"a": 1}), ["b"])
    routes = pd.DataFrame({"path": [["a", "b"]], "people": [2]})
    with pytest.raises(DataError, match="carry"):
        clearance(good, pd.Series({"a": 3}), ["b"], routes=routes)
    with pytest.raises(DataError, match="road that is not there"):
        clearance(good, pd.Series({"a": 3}), ["b"], routes={"a": ["a", "c"]})
    with pytest.raises(DataError, match="holds 1"):
        clearance(good, pd.Series({"a": 3}), pd.Series({"b": 1.0}), routes={"a": ["a", "b"]}, bound=False)


def test_nobody_to_move_is_over_at_once() -> None:
    found = clearance(edges(("a", "b", 1, 1)), pd.Series({"a": 0}), ["b"])
    assert (found.egress, found.arrivals.sum(), len(found.schedule)) == (0, 0, 0)


def replayed(table: pd.DataFrame, found: object, origins: dict, exits: dict) -> pd.Series:
    """Follow a schedule step by step: nobody leaves a node before they are there; give the people at the exits by step."""
    steps = table.set_index(["tail", "head"])["steps"]
    assert steps.index.is_unique
    standing = pd.Series(origins, dtype=float).reindex([*{*table["tail"], *table["head"], *origins}], fill_value=0.0)
    coming: list[tuple[int, object, float]] = []
    at_exits = []
    for step in range(found.egress + 1):
        moves = found.schedule[found.schedule["step"] == step].to_dict("records")
        coming += [(step + int(steps[m["tail"], m["head"]]), m["head"], m["people"]) for m in moves]
        for _, node, people in [c for c in coming if c[0] == step]:
            standing[node] += people
        coming = [c for c in coming if c[0] > step]
        for move in moves:
            standing[move["tail"]] -= move["people"]
        assert standing.min() > -1e-6
        at_exits.append(standing.reindex(list(exits)).sum())
    assert not coming
    return pd.Series(at_exits)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("capacities", [False, True])
def test_the_schedule_brings_the_arrivals(seed: int, capacities: bool) -> None:
    table, origins, exits = random_world(seed, capacities)
    table = table.sort_values("steps").drop_duplicates(["tail", "head"])
    found = clearance(table, pd.Series(origins), pd.Series(exits))
    arrived = replayed(table, found, origins, exits)
    assert arrived.tolist() == pytest.approx(found.arrivals.cumsum().tolist())
    for node, room in exits.items():
        into = found.schedule.loc[found.schedule["head"] == node, "people"].sum()
        out = found.schedule.loc[found.schedule["tail"] == node, "people"].sum()
        assert origins.get(node, 0) + into - out <= room + 1e-6


def room(*lines: str) -> tuple[pd.DataFrame, pd.Series, list]:
    """Give a room of squares as a network: walls X, doors D that let one person out a second, somebody on every other square."""
    squares = {(y, x): square for y, line in enumerate(lines) for x, square in enumerate(line) if square != "X"}
    people = pd.Series({place: 1 for place, square in squares.items() if square == "."}, dtype=float)
    doors = [place for place, square in squares.items() if square == "D"]
    rows = [
        (place, (place[0] + y, place[1] + x), 1, len(people))
        for place in people.index
        for y, x in ((0, 1), (1, 0), (0, -1), (-1, 0))
        if (place[0] + y, place[1] + x) in squares
    ]
    outside = [("outside", door) for door in doors]
    return edges(*rows, *((door, out, 0, 1) for door, out in zip(doors, outside, strict=True))), people, outside


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        # Hunan selection contest 2007, problem EVACUATE (Lydsy Online Judge 1189), and problem Evacuation (Peking
        # University Online Judge 3057): the rooms and answers that their statements print
        (("XXXXX", "X...D", "XX.XX", "X..XX", "XXDXX"), 3),
        (("XXDXX", "X...X", "D...X", "X...D", "XXXXX"), 3),
        (("XXXXXXXXXXXX", "X..........D", "X.XXXXXXXXXX", "X..........X", "XXXXXXXXXXXX"), 21),
        (("XDXXX", "X.X.D", "XX.XX", "D.X.X", "XXXDX"), None),
    ],
)
def test_published_rooms_empty_in_the_published_time(lines: tuple[str, ...], seconds: int | None) -> None:
    table, people, outside = room(*lines)
    if seconds is None:
        with pytest.raises(UnreachableError):
            clearance(table, people, outside)
        return
    assert clearance(table, people, outside).egress == seconds


def test_exits_that_hold_all_but_a_part_of_a_person_are_too_small() -> None:
    with pytest.raises(UnreachableError, match=r"9\.8"):
        clearance(edges(("a", "b", 1, 5)), pd.Series({"a": 10.0}), pd.Series({"b": 9.8}))
