"""Ways out: the best way from everywhere to a shelter, and the way that shares least with it.

Dijkstra's algorithm with two numbers for each arc: what it costs, which decides, and the seconds it takes, which are
reported and limited. A node's ties go to the lowest number, so that every run gives the same ways.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NONE = -1


@dataclass(frozen=True, eq=False)
class OpenArcs:
    """Directed arcs that people may take.

    Parameters
    ----------
    nodes : int
    tail, head : int64 arrays (arcs)
    seconds : float64 array (arcs)
    cost : float64 array (arcs)
        At least 0; of several ways the one of the least cost is taken.
    number : int64 array (arcs)
        Number of the arc in its graph: ``2 * edge + direction``.
    length_m : float64 array (arcs)
    """

    nodes: int
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.float64]
    cost: NDArray[np.float64]
    number: NDArray[np.int64]
    length_m: NDArray[np.float64]

    def reversed(self) -> OpenArcs:
        """Give the arcs the other way round."""
        return OpenArcs(self.nodes, self.head, self.tail, self.seconds, self.cost, self.number, self.length_m)

    @cached_property
    def leaving(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the arcs that leave each node begin, in a list of arcs sorted by tail."""
        return _rows(self.tail, self.nodes)

    @cached_property
    def entering(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the arcs that enter each node begin, in a list of arcs sorted by head."""
        return _rows(self.head, self.nodes)


@dataclass(frozen=True, eq=False)
class ToTarget:
    """The best way from every node to one target.

    Parameters
    ----------
    seconds : float64 array (nodes)
        ``inf`` where there is no way within the limit.
    arc : int64 array (nodes)
        Arc (position in :class:`OpenArcs`) by which the way begins; -1 at the target and where there is none.
    """

    seconds: NDArray[np.float64]
    arc: NDArray[np.int64]


def to_target(arcs: OpenArcs, targets: NDArray[np.int64], limit_s: float) -> ToTarget:
    """Give the best way from every node to the first of some targets, as far as it takes no longer than the limit."""
    pointer, order = arcs.entering
    return ToTarget(*_to_target(arcs.nodes, pointer, order, arcs.tail, arcs.cost, arcs.seconds, targets, limit_s))


def least_seconds(arcs: OpenArcs, target: int, limit_s: float) -> NDArray[np.float64]:
    """Give the fewest seconds from every node to a target, whatever the cost; ``inf`` beyond the limit."""
    pointer, order = arcs.entering
    targets = np.array([target])
    return _to_target(arcs.nodes, pointer, order, arcs.tail, arcs.seconds, arcs.seconds, targets, limit_s)[0]


def follow(arcs: OpenArcs, found: ToTarget, origin: int) -> NDArray[np.int64]:
    """Give the arcs (positions) of the way from an origin that reaches the target."""
    way = []
    node = origin
    while found.arc[node] != NONE:
        way.append(found.arc[node])
        node = arcs.head[found.arc[node]]
    return np.array(way, dtype=np.int64)


class Scratch:
    """Room for searches over one graph: made once, left clean by each of them."""

    def __init__(self, nodes: int) -> None:
        self.shared = np.full(nodes, np.inf)
        self.best = np.full(nodes, np.inf)
        self.took = np.zeros(nodes)
        self.last = np.full(nodes, NONE, dtype=np.int64)
        self.done = np.zeros(nodes, dtype=np.bool_)


def least_shared(
    arcs: OpenArcs,
    left_s: NDArray[np.float64],
    origin: int,
    target: int,
    way: NDArray[np.int64],
    limit_s: float,
    scratch: Scratch,
) -> NDArray[np.int64]:
    """Give the way from an origin to a target that shares the fewest metres of road with another one; then the cheapest.

    Parameters
    ----------
    arcs : OpenArcs
    left_s : float array (nodes)
        Least seconds from each node to the target: whoever cannot be there in time need not be looked at.
    origin, target : int
    way : int array
        Arcs (positions) of the other way; a road counts as shared in whichever direction it is walked.
    limit_s : float
        The way may not take longer.
    scratch : Scratch

    Returns
    -------
    int array
        Arcs (positions); the way itself when there is no other.
    """
    edges = np.unique(arcs.number[way] // 2)
    pointer, order = arcs.leaving
    return _least_shared(
        pointer, order, arcs.tail, arcs.head, arcs.number, arcs.cost, arcs.seconds, arcs.length_m, left_s,
        edges, origin, target, limit_s, scratch.shared, scratch.best, scratch.took, scratch.last, scratch.done,
    )  # fmt: skip


def _rows(node: NDArray[np.int64], nodes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pointer = np.concatenate(([0], np.cumsum(np.bincount(node, minlength=nodes))))
    return pointer.astype(np.int64), np.argsort(node, kind="stable").astype(np.int64)


@numba.njit(cache=True)
def _to_target(
    nodes: int, pointer: Ints, order: Ints, tail: Ints, cost: Floats, seconds: Floats, targets: Ints, limit_s: float
) -> tuple[Floats, Ints]:
    best = np.full(nodes, np.inf)
    took = np.full(nodes, np.inf)
    first = np.full(nodes, NONE, dtype=np.int64)
    done = np.zeros(nodes, dtype=np.bool_)
    heap = [(0.0, targets[0])]
    for target in targets:
        best[target], took[target] = 0.0, 0.0
        heapq.heappush(heap, (0.0, target))
    while heap:
        _, node = heapq.heappop(heap)
        if done[node]:
            continue
        done[node] = True
        for i in range(pointer[node], pointer[node + 1]):
            arc = order[i]
            other = tail[arc]
            total, time = best[node] + cost[arc], took[node] + seconds[arc]
            if not done[other] and time <= limit_s and total < best[other]:
                best[other], took[other], first[other] = total, time, arc
                heapq.heappush(heap, (total, other))
    return took, first


@numba.njit(cache=True)
def _least_shared(  # noqa: C901 - one search, compiled whole
    pointer: Ints,
    order: Ints,
    tail: Ints,
    head: Ints,
    number: Ints,
    cost: Floats,
    seconds: Floats,
    length_m: Floats,
    left: Floats,
    edges: Ints,
    origin: int,
    target: int,
    limit_s: float,
    shared: Floats,
    best: Floats,
    took: Floats,
    last: Ints,
    done: Flags,
) -> Ints:
    """Search by (metres shared, cost); ``left`` prunes what cannot reach the target in time."""
    shared[origin], best[origin], took[origin] = 0.0, 0.0, 0.0
    touched = [origin]
    heap = [(0.0, 0.0, origin)]
    while heap:
        _, _, node = heapq.heappop(heap)
        if done[node]:
            continue
        done[node] = True
        if node == target:
            break
        for i in range(pointer[node], pointer[node + 1]):
            arc = order[i]
            other = head[arc]
            time = took[node] + seconds[arc]
            if done[other] or time + left[other] > limit_s:
                continue
            at = np.searchsorted(edges, number[arc] // 2)
            both = shared[node]
            if at < len(edges) and edges[at] == number[arc] // 2:
                both += length_m[arc]
            total = best[node] + cost[arc]
            if both < shared[other] or (both == shared[other] and total < best[other]):
                if shared[other] == np.inf:
                    touched.append(other)
                shared[other], best[other], took[other], last[other] = both, total, time, arc
                heapq.heappush(heap, (both, total, other))
    way = [np.int64(0)][:0]
    node = target
    while node != origin and last[node] != NONE:
        way.append(last[node])
        node = tail[last[node]]
    for node in touched:
        shared[node], best[node], last[node], done[node] = np.inf, np.inf, NONE, False
    return np.array(way, dtype=np.int64)[::-1]
