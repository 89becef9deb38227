"""How long it takes until all are out: the optimum over time, and a plan's own routes beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.errors import DataError, MissingFieldError, UnreachableError
from riskmap.network.evacuation_flow import MOST, TimedNetwork
from riskmap.network.evacuation_queue import HAIR, NOBODY, walk
from riskmap.network.evacuation_search import OpenArcs, to_target
from riskmap.text import Text

FIRST_STEPS = 16
"""Where the search for the optimum looks first."""

WHOLE_CURVE = 200_000
"""Roads times steps up to which the optimum is one with the most arrivals by every single step."""


@dataclass(frozen=True, eq=False)
class Clearance:
    """How an area empties.

    Parameters
    ----------
    egress : int
        First step by which all have arrived; they set out at step 0.
    arrivals : Series by step
        People arriving at each step, from 0 to ``egress``.
    lower_bound : int
        No plan is out before this step.
    schedule : DataFrame
        ``tail, head, step, people``: how many enter a road at which step.
    step_s : float or None
        Seconds of a step, where the edges have seconds.
    last : float array (routes) or None
        With routes: when the last of each has arrived, in steps, not rounded.
    """

    egress: int
    arrivals: pd.Series
    lower_bound: int
    schedule: pd.DataFrame
    step_s: float | None = None
    last: NDArray[np.float64] | Any = None

    @property
    def egress_s(self) -> float:
        """Seconds until all have arrived; NaN where a step has no length."""
        return float("nan") if self.step_s is None else self.egress * self.step_s


@dataclass(frozen=True, eq=False)
class _Roads:
    """Edges between numbered nodes; ``steps`` as real numbers."""

    labels: pd.Index
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    steps: NDArray[np.float64]
    capacity: NDArray[np.float64]


def clearance(
    edges: pd.DataFrame,
    origins: pd.Series | Mapping[Any, float],
    exits: Any,
    *,
    routes: Any = None,
    step_s: float | None = None,
    bound: bool = True,
    low: int = 0,
    high: int | None = None,
) -> Clearance:
    """Give how long it takes until all have arrived.

    Parameters
    ----------
    edges : DataFrame
        Directed: ``tail``, ``head``, ``capacity`` (people who may enter in one step), and ``steps`` of travel or, with
        ``step_s``, ``seconds``.
    origins : Series of people by node
    exits : nodes, or Series of their capacities by node
    routes : DataFrame or mapping, optional
        The plan's own routes: ``path`` (list of nodes from origin to exit) and ``people``, and perhaps ``start`` (step
        at which they set out); or origin -> path, for all people of it. Without routes, the optimum.
    step_s : float, optional
        Seconds of a step.
    bound : bool
        With routes: also compute the optimum for ``lower_bound``; False sets it to 0.
    low : int
        No optimum before this step is looked for.
    high : int, optional
        A step by which all can arrive, where one is known; it only saves time.

    Returns
    -------
    Clearance
        Without routes ``egress`` is the optimum and ``lower_bound`` the same.

    Raises
    ------
    MissingFieldError, DataError
        Columns that are missing, numbers that are negative or unknown, people who stand at no node, routes over roads
        that are not there or that do not carry everyone.
    UnreachableError
        People who reach no exit, or more people than the exits hold.

    Notes
    -----
    People may wait at nodes. Arrivals are those of the schedule. The optimum's are also the most that can have arrived by
    each step, but in large networks and where exits have limited room. Where seconds are cut into steps, the bound rounds
    travel down, the plan rounds its end up.
    """
    if isinstance(exits, tuple) and exits in set(edges.get("head", ())):
        exits = [exits]  # one node, whose id is a tuple
    roads = _roads(edges, origins, exits, step_s)
    supply = _amounts(origins, roads.labels)
    room = _exits(exits, roads.labels)
    if routes is None:
        return _optimum(roads, supply, room, step_s, low, high)
    plan = _planned(roads, supply, room, _paths(routes, origins), step_s)
    if not bound:
        return plan
    return replace(plan, lower_bound=_optimum(roads, supply, room, step_s, low, plan.egress).egress)


def _roads(edges: pd.DataFrame, origins: Any, exits: Any, step_s: float | None) -> _Roads:
    travel = "steps" if "steps" in edges.columns else "seconds"
    absent = [c for c in ("tail", "head", travel, "capacity") if c not in edges.columns]
    if absent or (travel == "seconds" and not step_s):
        zh = f"缺列 {'、'.join(absent)}" if absent else "用 seconds 时要给 step_s"
        en = f"missing columns {', '.join(absent)}" if absent else "seconds need step_s"
        raise MissingFieldError(Text(zh, en), layer="edges")
    steps = edges[travel].to_numpy(dtype=float) / (1.0 if travel == "steps" else float(step_s or 1))
    capacity = edges["capacity"].to_numpy(dtype=float)
    bad = ~(steps >= 0) | ~(capacity >= 0) | np.isinf(steps)
    if bad.any():
        row = int(np.flatnonzero(bad)[0]) + 1
        raise DataError(
            Text("用时和通行能力应是不小于 0 的数", "travel and capacity are numbers of at least 0"),
            layer="edges",
            row=row,
        )
    nodes = [edges["tail"], edges["head"], pd.Series(list(pd.Series(origins).index)), pd.Series(_labels_of(exits))]
    labels = pd.Index(pd.unique(pd.concat([s.astype(object) for s in nodes], ignore_index=True)), tupleize_cols=False)
    tail, head = labels.get_indexer(edges["tail"]), labels.get_indexer(edges["head"])
    kept = capacity > 0
    return _Roads(labels, tail[kept], head[kept], steps[kept], capacity[kept])


def _labels_of(exits: Any) -> list[Any]:
    if isinstance(exits, (pd.Series, Mapping)):
        return list(exits.keys())
    return list(exits) if isinstance(exits, Iterable) and not isinstance(exits, str) else [exits]


def _amounts(origins: Any, labels: pd.Index) -> NDArray[np.float64]:
    given = pd.Series(origins, dtype=float)
    if not (given >= 0).all() or np.isinf(given).any():
        raise DataError(Text("人数应是不小于 0 的数", "people are numbers of at least 0"), layer="origins")
    supply = np.zeros(len(labels))
    np.add.at(supply, labels.get_indexer(pd.Index(given.index, tupleize_cols=False)), given.to_numpy())
    return supply


def _exits(exits: Any, labels: pd.Index) -> NDArray[np.float64]:
    """Give the room at each node: 0 where it is no exit."""
    room = np.zeros(len(labels))
    names = _labels_of(exits)
    sizes = (
        list(exits.values()) if isinstance(exits, Mapping) else list(exits) if isinstance(exits, pd.Series) else None
    )
    room[labels.get_indexer(pd.Index(names, tupleize_cols=False))] = np.inf if sizes is None else np.array(sizes, float)
    if not (room >= 0).all():
        raise DataError(Text("出口容量应是不小于 0 的数", "room at exits is a number of at least 0"), layer="exits")
    return room


def _optimum(
    roads: _Roads, supply: NDArray[np.float64], room: NDArray[np.float64], step_s: float | None,
    low: int, high: int | None,
) -> Clearance:  # fmt: skip
    steps = np.floor(roads.steps + HAIR).astype(np.int64)
    low = max(low, _require_way(roads, steps, supply, room))
    at = np.flatnonzero(room > 0)
    if not supply.sum():
        return Clearance(0, _arrivals(np.zeros(1), 0), 0, _schedule(roads, *np.zeros((3, 0), dtype=np.int64)), step_s)
    network = TimedNetwork(roads.tail, roads.head, steps, roads.capacity, supply, at, room[at])
    egress = network.egress(low, max(low, FIRST_STEPS if high is None else high))
    flow = network.flow(egress, earliest=len(roads.tail) * egress <= WHOLE_CURVE)
    schedule = _schedule(roads, flow.edge, flow.step, flow.people)
    return Clearance(egress, _arrivals(flow.arriving, egress), egress, schedule, step_s)


def _require_way(
    roads: _Roads, steps: NDArray[np.int64], supply: NDArray[np.float64], room: NDArray[np.float64]
) -> int:
    """Give the first step by which all could arrive on empty roads.

    Raises
    ------
    UnreachableError
        Some people reach no exit, or the exits that they reach do not hold them all.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import maximum_flow

    count = len(roads.tail)
    arcs = OpenArcs(
        len(supply), roads.tail, roads.head, steps.astype(float), steps.astype(float), np.arange(count), np.zeros(count)
    )
    exits = np.flatnonzero(room > 0)
    seconds = to_target(arcs, exits, np.inf).seconds if len(exits) else np.full(len(supply), np.inf)
    lost = (supply > 0) & ~np.isfinite(seconds)
    if lost.any():
        raise UnreachableError(
            Text(
                f"{supply[lost].sum():g} 人走不到任何出口，例如 {roads.labels[lost][0]}",
                f"{supply[lost].sum():g} people reach no exit, such as those at {roads.labels[lost][0]}",
            )
        )
    earliest = int(seconds[supply > 0].max(initial=0))
    if np.isinf(room[exits]).all():
        return earliest
    # who can reach which exit, whatever the time
    scale = min(1000.0, MOST / max(float(supply.sum()), 1.0))
    many = float(supply.sum() * scale) + 1
    tail = np.concatenate((np.full(len(supply), len(supply)), roads.tail, exits))
    head = np.concatenate((np.arange(len(supply)), roads.head, np.full(len(exits), len(supply) + 1)))
    held = np.minimum(room[exits], supply.sum()) * scale
    amount = np.concatenate((supply * scale, np.full(count, many), held))
    size = len(supply) + 2
    matrix = coo_array((np.rint(amount), (tail, head)), shape=(size, size)).tocsr()
    matrix.data = np.minimum(matrix.data, MOST).astype(np.int32)
    placed = maximum_flow(matrix, size - 2, size - 1).flow_value / scale
    if placed < supply.sum() - (np.count_nonzero(supply) + len(exits)) / scale:
        raise UnreachableError(
            Text(
                f"出口容量不够：{supply.sum():g} 人中只能安置 {placed:g} 人",
                f"the exits hold {placed:g} of {supply.sum():g} people",
            ),
            remedy=Text("增加出口容量，或先做分配", "add room at the exits, or assign places first"),
        )
    return earliest


def _paths(routes: Any, origins: Any) -> list[tuple[list[Any], float, float]]:
    """Give path, people and start of each route."""
    if isinstance(routes, pd.DataFrame):
        start = routes["start"] if "start" in routes.columns else np.zeros(len(routes))
        return [(list(p), float(n), float(s)) for p, n, s in zip(routes["path"], routes["people"], start, strict=True)]
    people = pd.Series(origins, dtype=float)
    items = routes.items() if isinstance(routes, (Mapping, pd.Series)) else [(path[0], path) for path in routes]
    return [(list(path), float(people[origin]), 0.0) for origin, path in items]


def _planned(
    roads: _Roads, supply: NDArray[np.float64], room: NDArray[np.float64],
    routes: list[tuple[list[Any], float, float]], step_s: float | None,
) -> Clearance:  # fmt: skip
    fastest = _by_pair(roads)
    path, begin = [], [0]
    going, arriving = np.zeros(len(supply)), np.zeros(len(supply))
    for nodes, people, _ in routes:
        numbers = roads.labels.get_indexer(pd.Index(nodes, tupleize_cols=False))
        pairs = list(itertools.pairwise(numbers))
        missing = [pair for pair in pairs if pair not in fastest]
        if missing or (numbers < 0).any():
            raise DataError(
                Text(f"路线走了不存在的道路：{nodes}", f"a route takes a road that is not there: {nodes}"),
                layer="routes",
            )
        path += [fastest[pair] for pair in pairs]
        begin.append(len(path))
        going[numbers[0]] += people
        arriving[numbers[-1]] += people
    _require_carried(roads.labels, supply, room, going, arriving)
    amounts, starts = (np.array([r[i] for r in routes], dtype=float) for i in (1, 2))
    found = walk(roads.steps, roads.capacity, np.array(path, np.int64), np.array(begin, np.int64), amounts, starts)
    step = np.ceil(found.arrived - HAIR).astype(np.int64)
    egress = int(step.max(initial=0))
    merged = pd.Series(found.people).groupby([found.edge, found.step], sort=True).sum()
    schedule = _schedule(
        roads,
        merged.index.get_level_values(0).to_numpy(np.int64),
        merged.index.get_level_values(1).to_numpy(),
        merged.to_numpy(),
    )
    last = np.zeros(len(routes))
    np.maximum.at(last, found.route, found.arrived)
    arrivals = _arrivals(np.bincount(step, found.arriving, minlength=egress + 1).astype(float, copy=False), egress)
    return Clearance(egress, arrivals, 0, schedule, step_s, last)


def _by_pair(roads: _Roads) -> dict[tuple[int, int], int]:
    """Give the edge between two nodes; of parallel ones the fastest."""
    order = np.lexsort((np.arange(len(roads.tail)), -roads.steps))
    return {(int(roads.tail[e]), int(roads.head[e])): int(e) for e in order}


def _require_carried(labels: pd.Index, supply: NDArray, room: NDArray, going: NDArray, arriving: NDArray) -> None:
    wrong = np.abs(going - supply) > 1e-6 * np.maximum(supply, 1)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise DataError(
            Text(
                f"节点 {labels[at]} 有 {supply[at]:g} 人，路线带走 {going[at]:g} 人",
                f"{supply[at]:g} people at {labels[at]}, but its routes carry {going[at]:g}",
            ),
            layer="routes",
        )
    over = arriving > room * (1 + 1e-9) + 1e-6
    if over.any():
        at = int(np.flatnonzero(over)[0])
        raise DataError(
            Text(
                f"路线把 {arriving[at]:g} 人送到 {labels[at]}，那里容纳 {room[at]:g} 人",
                f"routes bring {arriving[at]:g} people to {labels[at]}, which holds {room[at]:g}",
            ),
            layer="routes",
        )


def _schedule(roads: _Roads, edge: NDArray, step: NDArray, people: NDArray) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "tail": roads.labels[roads.tail[edge]],
            "head": roads.labels[roads.head[edge]],
            "step": np.asarray(step, dtype=np.int64),
            "people": people,
        }
    )
    return frame.iloc[np.lexsort((edge, frame["step"].to_numpy()))].reset_index(drop=True)


def _arrivals(people: NDArray[np.float64], egress: int) -> pd.Series:
    series = pd.Series(people[: egress + 1], index=pd.RangeIndex(egress + 1, name="step"), name="people", dtype=float)
    return series.where(series > NOBODY, 0.0)
