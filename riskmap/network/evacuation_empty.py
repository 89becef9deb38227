"""A plan on its roads over time: how long until all are in their shelters, and how soon any plan could have them there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.network.evacuation_clearance import Clearance, clearance
from riskmap.network.evacuation_flow import least_steps
from riskmap.network.evacuation_joined import contracted
from riskmap.network.evacuation_plan import Plan
from riskmap.network.evacuation_queue import HAIR
from riskmap.network.evacuation_search import OpenArcs, to_target
from riskmap.network.evacuation_ways import Ways

UNKNOWN_CLASS = "road"
"""Row of the table for roads whose class is not in it."""


@dataclass(frozen=True, eq=False)
class Emptying:
    """The plan under capacity and the optimum beside it; None when nobody moves.

    ``last_s``: seconds until the last of each group has arrived, in the order of the plan's groups.
    """

    plan: Clearance
    optimum: Clearance
    last_s: NDArray[np.float64]
    load: pd.DataFrame


def capacity_per_s(
    roads: pd.DataFrame, table: Iterable[Mapping[str, Any]], *, person_per_m_s: float | None, person_per_lane_s: float
) -> NDArray[np.float64]:
    """Give how many people pass a road in a second.

    Parameters
    ----------
    roads : DataFrame
        ``road_class`` and perhaps ``width_m`` (NaN unknown).
    table : rows of ``road, width_m, lanes``
    person_per_m_s : float or None
        On foot, for each metre of width; None: in vehicles.
    person_per_lane_s : float
        In vehicles, for each lane.
    """
    rows = {row["road"]: row for row in table}
    known = [rows.get(c, rows[UNKNOWN_CLASS]) for c in roads["road_class"]]
    if person_per_m_s is None:
        return np.array([float(row["lanes"]) for row in known]) * person_per_lane_s
    width = np.array([float(row["width_m"]) for row in known])
    if "width_m" in roads.columns:
        stated = pd.to_numeric(roads["width_m"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        width = np.where(stated > 0, stated, width)
    return width * person_per_m_s


def emptying(
    ways: Ways,
    plan: Plan,
    capacity: pd.Series,
    off_road_s: tuple[NDArray[np.float64], NDArray[np.float64]],
    per_s: NDArray[np.float64],
    *,
    step_s: float,
) -> Emptying | None:
    """Let a plan's groups walk their main ways under capacity, and find the optimum for the same people.

    Parameters
    ----------
    ways : Ways
    plan : Plan
    capacity : Series by shelter
    off_road_s : two float arrays
        As for the plan; there people walk without limit of capacity.
    per_s : float array (edges of the network)
        People who pass in a second.
    step_s : float
        Length of a step.

    Notes
    -----
    The optimum may lead people on any open road to any usable shelter with room, whatever the longest walk; where some
    settlement has to leave early, everyone may use what early leavers may, so that the bound stays one.
    """
    if not plan.groups:
        return None
    arcs = ways.early if plan.times.early.any() else ways.arcs
    walked = _walked(ways, plan, off_road_s, per_s, step_s)
    people = plan.assignment.people.to_numpy()
    supply, room = people.sum(axis=1), capacity.to_numpy(dtype=float)
    optimum = _optimum(ways, arcs, supply, room, off_road_s, per_s, step_s, walked.egress)
    last = walked.last * step_s
    return Emptying(walked, optimum, last, _load(walked, step_s))


def _walked(ways: Ways, plan: Plan, off_road_s: tuple, per_s: NDArray, step_s: float) -> Clearance:
    """Give the plan's own clearance; nodes are numbers of the graph, ``-1 - n`` the settlements, text the shelters."""
    tail, head = ways.graph.tail, ways.graph.ends
    edges: dict[tuple[Any, Any], tuple[float, float]] = {}
    seconds = {int(n): float(s) for n, s in zip(ways.early.number, ways.early.seconds, strict=True)}
    paths = []
    for group in plan.groups:
        nodes: list[Any] = [f"o{group.origin}", int(ways.origins[group.origin])]
        edges[nodes[0], nodes[1]] = (float(off_road_s[0][group.origin]), np.inf)
        for number in group.main.number.tolist():
            edge = number // 2
            start = int(tail[edge] if number % 2 == 0 else head[2 * edge])
            end = int(head[number])
            edges[start, end] = (seconds[number], per_s[ways.base[edge]] * step_s)
            nodes.append(end)
        nodes.append(f"s{group.shelter}")
        edges[nodes[-2], nodes[-1]] = (float(off_road_s[1][group.shelter]), np.inf)
        paths.append(nodes)
    many = sum(group.people for group in plan.groups)
    table = pd.DataFrame(
        [(t, h, s, min(c, many)) for (t, h), (s, c) in edges.items()], columns=["tail", "head", "seconds", "capacity"]
    )
    routes = pd.DataFrame({"path": paths, "people": [group.people for group in plan.groups]})
    supply = routes["people"].groupby([p[0] for p in paths]).sum()
    exits = sorted({p[-1] for p in paths})
    return clearance(table, supply, exits, routes=routes, step_s=step_s, bound=False)


def _load(walked: Clearance, step_s: float) -> pd.DataFrame:
    """Give the people, the first and the last minute of each road in use, by its nodes."""
    schedule = walked.schedule
    on_road = schedule["tail"].map(lambda n: not isinstance(n, str)) & schedule["head"].map(
        lambda n: not isinstance(n, str)
    )
    used = schedule[on_road].groupby(["tail", "head"], sort=True)
    return pd.DataFrame(
        {
            "people": used["people"].sum(),
            "from_min": used["step"].min() * step_s / 60,
            "to_min": (used["step"].max() + 1) * step_s / 60,
        }
    ).reset_index()


def _optimum(
    ways: Ways, arcs: OpenArcs, supply: NDArray, room: NDArray, off_road_s: tuple, per_s: NDArray, step_s: float,
    egress: int,
) -> Clearance:  # fmt: skip
    """Give the optimum over all open roads that could be of use before the plan is out.

    Its steps round the travel on every road down, which on short streets leaves little of it; what follows from the travel
    unrounded goes before it where that is more.
    """
    origins, shelters = np.flatnonzero(supply > 0), np.flatnonzero(room > 0)
    kept = useful(arcs, ways.origins[origins], ways.shelters[shelters], (egress + 1) * step_s)
    table = pd.DataFrame(
        {
            "tail": arcs.tail[kept],
            "head": arcs.head[kept],
            "seconds": arcs.seconds[kept],
            "capacity": per_s[ways.base[arcs.number[kept] // 2]] * step_s,
        }
    )
    table = table[table["capacity"] > 0]
    many = float(supply.sum())
    doors = pd.DataFrame(
        [(-1 - o, int(ways.origins[o]), off_road_s[0][o], many) for o in origins]
        + [(int(ways.shelters[s]), ways.arcs.nodes + s, off_road_s[1][s], many) for s in shelters],
        columns=table.columns,
    )
    people = pd.Series(supply[origins], index=-1 - origins)
    places = pd.Series(np.where(room[shelters] >= many, np.inf, room[shelters]), index=ways.arcs.nodes + shelters)
    low = _unrounded(pd.concat([table, doors], ignore_index=True), people, places, step_s)
    special = {*ways.origins[origins].tolist(), *ways.shelters[shelters].tolist()}
    doors = doors.assign(steps=np.floor(doors["seconds"] / step_s + HAIR).astype(int))
    joined = contracted(table, special, step_s)
    found = clearance(
        pd.concat([joined, doors[joined.columns]], ignore_index=True), people, places, low=low, high=egress
    )
    return Clearance(found.egress, found.arrivals, found.lower_bound, found.schedule, step_s)


def _unrounded(table: pd.DataFrame, people: pd.Series, places: pd.Series, step_s: float) -> int:
    """Give a step before which not all can have arrived, by the travel as it is."""
    labels = pd.Index(np.unique(np.concatenate((table["tail"], table["head"]))))
    supply = people.reindex(labels, fill_value=0.0).to_numpy(dtype=float)
    tail, head = (labels.get_indexer(table[end]) for end in ("tail", "head"))
    capacity, exits = table["capacity"].to_numpy(dtype=float), labels.get_indexer(places.index)
    steps = table["seconds"].to_numpy(dtype=float) / step_s
    return least_steps(tail, head, steps, capacity, supply, exits, places.to_numpy(dtype=float))


def useful(arcs: OpenArcs, origins: NDArray, shelters: NDArray, horizon_s: float) -> NDArray[np.int64]:
    """Give the arcs (positions) by which somebody could be in a shelter within the horizon."""
    plain = OpenArcs(arcs.nodes, arcs.tail, arcs.head, arcs.seconds, arcs.seconds, arcs.number, arcs.length_m)
    onward = to_target(plain, shelters, horizon_s).seconds
    so_far = to_target(plain.reversed(), origins, horizon_s).seconds
    return np.flatnonzero(so_far[arcs.tail] + arcs.seconds + onward[arcs.head] <= horizon_s)
