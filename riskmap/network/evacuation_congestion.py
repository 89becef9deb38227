"""What happens where everyone takes the way that is fastest for them, and which closures would speed everyone up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.network.evacuation_choice import RouteChoice, guided_choice, helpful_closures, route_choice, worst_used
from riskmap.network.evacuation_empty import useful
from riskmap.network.evacuation_joined import chains
from riskmap.network.evacuation_plan import Plan
from riskmap.network.evacuation_ways import Ways

DETOUR = 2.0
"""Nobody takes a way that is longer than the longest of the plan by more than this factor."""


@dataclass(frozen=True)
class Curve:
    """How people slow one another: the curve of the Bureau of Public Roads.

    Parameters
    ----------
    share, power : float
        Travel takes ``1 + share * (people / capacity) ** power`` times that on the empty road.
    period_s : float
        Within which people set out; the capacity is that of this period.
    """

    share: float = 0.15
    power: float = 4.0
    period_s: float = 3600.0


@dataclass(frozen=True, eq=False)
class OwnChoice:
    """The plan's people on the ways that they would choose.

    Parameters
    ----------
    choice, guided : RouteChoice
        On their own, and led so that all together are fastest.
    closures : DataFrame
        Helpful ones, see :func:`riskmap.network.evacuation_choice.helpful_closures`; and ``arcs``, the numbers of the arcs
        of the closed road.
    """

    choice: RouteChoice
    guided: RouteChoice
    closures: pd.DataFrame


def own_choice(
    ways: Ways, plan: Plan, per_s: NDArray[np.float64], curve: Curve, *, most_tried: int, least_share: float
) -> OwnChoice | None:
    """Let the people of each settlement take their fastest way to their shelter under the load of all.

    Parameters
    ----------
    ways : Ways
    plan : Plan
    per_s : float array (edges of the network)
        People who pass in a second.
    curve : Curve
    most_tried : int
        Closures to try at most.
    least_share : float
        Closures that save less of the person-seconds are not given.

    Returns
    -------
    OwnChoice or None
        None when nobody moves.
    """
    moving = [group for group in plan.groups if len(group.main.number)]
    if not moving:
        return None
    demand = pd.DataFrame(
        {
            "origin": [int(ways.origins[group.origin]) for group in moving],
            "target": [int(ways.shelters[group.shelter]) for group in moving],
            "people": [group.people for group in moving],
        }
    )
    edges, arcs = _edges(ways, plan, demand, per_s, curve)
    now, guided = route_choice(edges, demand), guided_choice(edges, demand)
    tried = worst_used(edges, now, guided)[:most_tried]
    closures = helpful_closures(edges, demand, candidates=tried, least_share=least_share, now=now, guided=guided)
    return OwnChoice(now, guided, closures.assign(arcs=[arcs[edge] for edge in closures.index]))


def _edges(
    ways: Ways, plan: Plan, demand: pd.DataFrame, per_s: NDArray[np.float64], curve: Curve
) -> tuple[pd.DataFrame, list[NDArray[np.int64]]]:
    """Give the open roads that could be of use, joined where there is no choice, and the numbers of their arcs.

    Roads of one curve after one another have one together: their delays grow with the same power of the people.
    """
    open_arcs = ways.early if plan.times.early.any() else ways.arcs
    horizon_s = DETOUR * max(group.main.seconds for group in plan.groups)
    kept = useful(open_arcs, demand["origin"].unique(), demand["target"].unique(), horizon_s)
    capacity = per_s[ways.base[open_arcs.number[kept] // 2]] * curve.period_s
    kept, capacity = kept[capacity > 0], capacity[capacity > 0]
    table = pd.DataFrame(
        {
            "tail": open_arcs.tail[kept],
            "head": open_arcs.head[kept],
            "seconds": open_arcs.seconds[kept],
            "capacity": capacity,
        }
    )
    rows, arcs = [], []
    for chain in chains(table, {*demand["origin"], *demand["target"]}):
        free = float(chain.seconds.sum())
        weight = float((chain.seconds / chain.capacity**curve.power).sum())
        together = (free / weight) ** (1 / curve.power) if free > 0 else float(chain.capacity.min())
        rows.append((chain.tail, chain.head, free, curve.share * free, together, curve.power))
        arcs.append(open_arcs.number[kept[chain.row]])
    return pd.DataFrame(rows, columns=["tail", "head", "free_s", "delay_s", "capacity", "power"]), arcs
