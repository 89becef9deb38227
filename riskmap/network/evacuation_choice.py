"""Where each settlement takes the way that is fastest under everybody's load, and closures that speed everyone up.

User equilibrium (Wardrop 1952) by gradient projection on the ways in use: every traveller is on a way that none could
better by changing alone. Travel takes ``free_s + delay_s * (flow / capacity) ** power`` seconds, which with ``delay_s`` 0.15 of
``free_s`` and power 4 is the curve of the Bureau of Public Roads (1964).

Wardrop, J. G. (1952): Some theoretical aspects of road traffic research. Proc. Institution of Civil Engineers 1(3).
Beckmann, M. et al. (1956): Studies in the economics of transportation. Yale University Press.
Jayakrishnan, R. et al. (1994): A faster path-based algorithm for traffic assignment. Transportation Research Record 1443.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from riskmap import fields
from riskmap.errors import UnreachableError
from riskmap.text import Text

ROUNDS = 500
"""Steps of the search at most; a count, not a clock."""

CLOSE = 1e-5
"""Share of all person-seconds that people could still save by changing their way, at which the search ends."""


@dataclass(frozen=True, eq=False)
class RouteChoice:
    """Flows at which nobody gains by changing.

    Parameters
    ----------
    flow : Series
        People on each edge, on the edges' index.
    seconds : Series
        Travel on each edge under that flow.
    person_seconds : float
        Of all.
    gap : float
        Share of it that people could still save by changing; 0 in equilibrium.
    """

    flow: pd.Series
    seconds: pd.Series
    person_seconds: float
    gap: float


@dataclass(frozen=True, eq=False)
class _Travel:
    """Edges between numbered nodes and their curves of travel."""

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    free_s: NDArray[np.float64]
    delay_s: NDArray[np.float64]
    capacity: NDArray[np.float64]
    power: NDArray[np.float64]

    def seconds(self, flow: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the travel on each edge under a flow."""
        return self.free_s + self.delay_s * (flow / self.capacity) ** self.power

    def slopes(self, flow: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give by how many seconds one more traveller slows each edge."""
        return self.delay_s * self.power * (flow / self.capacity) ** (self.power - 1) / self.capacity


def route_choice(edges: pd.DataFrame, demand: pd.DataFrame) -> RouteChoice:
    """Give the flows when everyone takes the way that is fastest under the load of all.

    Parameters
    ----------
    edges : DataFrame
        Directed: ``tail, head, free_s, delay_s, capacity, power``; no two edges between the same nodes the same way.
    demand : DataFrame
        ``origin, target`` (nodes) and ``people``.

    Raises
    ------
    MissingFieldError
    UnreachableError
        A target that is not reached.
    """
    return _Network.of(edges, demand).equilibrium(edges.index)


def guided_choice(edges: pd.DataFrame, demand: pd.DataFrame) -> RouteChoice:
    """Give the flows with the fewest person-seconds of all: everyone is led so that they slow the others least.

    The equilibrium under each road's marginal travel, which counts the delay of the others too (Beckmann et al. 1956).
    ``gap`` is that of the search.

    Parameters
    ----------
    edges, demand
        See :func:`route_choice`.
    """
    marginal = edges.assign(delay_s=edges["delay_s"] * (1 + edges["power"]))
    found = route_choice(marginal, demand)
    seconds = edges["free_s"] + edges["delay_s"] * (found.flow / edges["capacity"]) ** edges["power"]
    seconds.name = "seconds"
    return RouteChoice(found.flow, seconds, float(found.flow @ seconds), found.gap)


def helpful_closures(
    edges: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    candidates: Iterable[object] | None = None,
    least_share: float = 0.01,
    now: RouteChoice | None = None,
    guided: RouteChoice | None = None,
) -> pd.DataFrame:
    """Give the closures after which everybody together is faster (Braess 1968), by re-running the route choice.

    No closure saves more than leading everyone would; where that is too little, none is tried.

    Parameters
    ----------
    edges, demand
        See :func:`route_choice`.
    candidates : labels of edges, optional
        Those to try; by default all that carry people, first those that carry the most more than if everyone were led.
    least_share : float
        Only closures that save this share of the person-seconds are given.
    now, guided : RouteChoice, optional
        Where they are known already.

    Returns
    -------
    DataFrame
        Index: label of the closed edge; ``tail, head, people`` (who use it now), ``person_seconds`` without it, ``saved``
        (share); the best first.

    References
    ----------
    Braess, D. (1968): Über ein Paradoxon aus der Verkehrsplanung. Unternehmensforschung 12. English: Transportation
    Science 39(4), 2005.
    """
    now = route_choice(edges, demand) if now is None else now
    guided = guided_choice(edges, demand) if guided is None else guided
    tried = worst_used(edges, now, guided) if candidates is None else list(candidates)
    rows = []
    for label in tried if now.person_seconds - guided.person_seconds >= least_share * now.person_seconds > 0 else []:
        try:
            without = route_choice(edges.drop(index=label), demand)
        except UnreachableError:
            continue
        saved = 1 - without.person_seconds / now.person_seconds
        if saved >= least_share:
            ends = edges.loc[label, "tail"], edges.loc[label, "head"]
            rows.append((label, *ends, now.flow[label], without.person_seconds, saved))
    columns = ["edge", "tail", "head", "people", "person_seconds", "saved"]
    found = pd.DataFrame(rows, columns=columns).set_index("edge")
    return found.sort_values("saved", ascending=False, kind="stable")


def worst_used(edges: pd.DataFrame, now: RouteChoice, guided: RouteChoice) -> list[object]:
    """Give the labels of the edges in use, first those with the most people-seconds too many."""
    too_many = (now.flow - guided.flow) * now.seconds
    order = np.argsort(-too_many.to_numpy(), kind="stable")
    return [label for label in edges.index[order] if now.flow[label] > 0]


@dataclass(frozen=True, eq=False)
class _Network:
    travel: _Travel
    nodes: int
    origin: NDArray[np.int64]
    target: NDArray[np.int64]
    people: NDArray[np.float64]

    @classmethod
    def of(cls, edges: pd.DataFrame, demand: pd.DataFrame) -> _Network:
        """Give the network of edges and demand, nodes numbered."""
        columns = ("tail", "head", "free_s", "delay_s", "capacity", "power")
        fields.require(edges, columns, layer="edges")
        ends = [edges["tail"], edges["head"], demand["origin"], demand["target"]]
        labels = pd.Index(pd.unique(pd.concat([e.astype(object) for e in ends])), tupleize_cols=False)
        numbers = [labels.get_indexer(e) for e in ends]
        curves = (edges[c].to_numpy(dtype=float) for c in columns[2:])
        return cls(
            _Travel(numbers[0], numbers[1], *curves), len(labels), numbers[2], numbers[3],
            demand["people"].to_numpy(dtype=float),
        )  # fmt: skip

    @cached_property
    def rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Edges sorted by tail and head, and where those of each node begin."""
        order = np.lexsort((self.travel.head, self.travel.tail))
        return order, np.concatenate(([0], np.cumsum(np.bincount(self.travel.tail, minlength=self.nodes))))

    @cached_property
    def edge_of(self) -> dict[tuple[int, int], int]:
        """Edge by tail and head."""
        return {(int(t), int(h)): e for e, (t, h) in enumerate(zip(self.travel.tail, self.travel.head, strict=True))}

    def equilibrium(self, index: pd.Index) -> RouteChoice:
        """Search from the ways that are fastest on the empty network, moving people to those that are fastest now."""
        travel = self.travel
        using: list[dict[tuple[int, ...], float]] = [{} for _ in self.people]
        flow = np.zeros(len(travel.tail))
        gap = np.inf
        for _ in range(ROUNDS):
            ways = self._fastest(travel.seconds(flow))
            seconds = travel.seconds(flow)
            total = float(flow @ seconds)
            least = sum(p * seconds[list(way)].sum() for p, way in zip(self.people, ways, strict=True))
            gap = (total - least) / total if total else np.inf
            if gap <= CLOSE:
                break
            for used, way, people in zip(using, ways, self.people, strict=True):
                if not used:
                    used[way] = people
                    flow[list(way)] += people
                else:
                    used.setdefault(way, 0.0)
                    _towards(travel, flow, used)
        seconds = travel.seconds(flow)
        return RouteChoice(
            pd.Series(flow, index=index, name="people"),
            pd.Series(seconds, index=index, name="seconds"),
            float(flow @ seconds),
            max(gap, 0.0) if np.isfinite(gap) else 0.0,
        )

    def _fastest(self, seconds: NDArray[np.float64]) -> list[tuple[int, ...]]:
        """Give the edges of the fastest way of each row of the demand."""
        order, pointer = self.rows
        matrix = csr_array((seconds[order], self.travel.head[order], pointer), shape=(self.nodes, self.nodes))
        starts, row = np.unique(self.origin, return_inverse=True)
        took, before = dijkstra(matrix, indices=starts, return_predecessors=True)
        ways = []
        for origin, target in zip(row, self.target, strict=True):
            if not np.isfinite(took[origin, target]):
                raise UnreachableError(Text("有人走不到目的地", "somebody cannot reach their target"))
            way, node = [], int(target)
            while node != starts[origin]:
                tail = int(before[origin, node])
                way.append(self.edge_of[tail, node])
                node = tail
            ways.append(tuple(way[::-1]))
        return ways


def _towards(travel: _Travel, flow: NDArray[np.float64], used: dict[tuple[int, ...], float]) -> None:
    """Move people of one pair to its fastest way, by as many as make both ways equal were all slopes constant."""
    seconds = travel.seconds(flow)
    best = min(used, key=lambda way: (seconds[list(way)].sum(), way))
    for way in list(used):
        if way == best or not used[way]:
            continue
        seconds, slopes = travel.seconds(flow), travel.slopes(flow)
        apart = list(set(way) ^ set(best))
        gain = seconds[list(way)].sum() - seconds[list(best)].sum()
        slope = slopes[apart].sum()
        moved = min(used[way], max(gain, 0.0) / slope if slope > 0 else used[way] if gain > 0 else 0.0)
        used[way] -= moved
        used[best] += moved
        flow[list(way)] -= moved
        flow[list(best)] += moved
        np.maximum(flow, 0.0, out=flow)
        if not used[way]:
            del used[way]
