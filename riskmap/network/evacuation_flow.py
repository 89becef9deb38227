"""Earliest arrivals: the most people who can have arrived by each step, on roads that take only so many at a time.

The network is copied once for each step of time (Ford and Fulkerson 1958). Flow is pushed along shortest augmenting ways
(Dinic), one more arrival step at a time, each on what the steps before left over. A way of augmenting never takes back
an arrival, so that when the search ends, as many as possible have arrived by every single step: an earliest-arrival
flow. Where exits hold only so many people, such a flow need not exist; the last arrival is least all the same.

Ford, L. R., Fulkerson, D. R. (1958): Constructing maximal dynamic flows from static flows. Operations Research 6(3).
Minieka, E. (1973): Maximal, lexicographic, and dynamic network flows. Operations Research 21(2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

NOBODY = 1e-7
"""Fewer people than this are rounding."""


@dataclass(frozen=True, eq=False)
class TimedNetwork:
    """Directed edges with travel in whole steps, between numbered nodes.

    Parameters
    ----------
    tail, head : int arrays (edges)
    steps : int array (edges)
        At least 0.
    capacity : float array (edges)
        People who may enter in one step.
    supply : float array (nodes)
        People at the start.
    exit_of : int array (nodes)
        Number of the exit that the node is, -1 for none.
    exit_capacity : float array (exits)
        ``inf`` has no limit.
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    steps: NDArray[np.int64]
    capacity: NDArray[np.float64]
    supply: NDArray[np.float64]
    exit_of: NDArray[np.int64]
    exit_capacity: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Flow:
    """People entering each edge at each step, and arriving at each exit at each step; the last step has arrivals."""

    entering: NDArray[np.float64]
    arriving: NDArray[np.float64]


def earliest_arrivals(network: TimedNetwork, horizon: int) -> Flow:
    """Give an earliest-arrival flow.

    Parameters
    ----------
    network : TimedNetwork
        Everyone can reach an exit with room.
    horizon : int
        Steps to begin with; more are taken as long as people are left.
    """
    out_ptr, out_edge = _rows(network.tail, len(network.supply))
    in_ptr, in_edge = _rows(network.head, len(network.supply))
    left = network.supply.astype(np.float64).copy()
    entering = np.zeros((len(network.tail), horizon + 1))
    held = np.zeros((len(left), horizon + 1))
    arriving = np.zeros((len(network.exit_capacity), horizon + 1))
    step = 0
    while left.sum() > NOBODY:
        if step == entering.shape[1]:
            entering, held, arriving = (_longer(a) for a in (entering, held, arriving))
        _augment(
            network.tail, network.head, network.steps, network.capacity, out_ptr, out_edge, in_ptr, in_edge,
            network.exit_of, network.exit_capacity, left, entering, held, arriving, step,
        )  # fmt: skip
        step += 1
    return Flow(entering[:, :step], arriving[:, :step])


def _rows(node: NDArray[np.int64], nodes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give where the edges of each node begin in a list of edges sorted by node."""
    ptr = np.concatenate(([0], np.cumsum(np.bincount(node, minlength=nodes))))
    return ptr.astype(np.int64), np.argsort(node, kind="stable")


def _longer(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate((values, np.zeros_like(values)), axis=1)


@numba.njit(cache=True, inline="always")
def _before(at, i, nodes, last, tail, head, steps, capacity, out_ptr, out_edge, in_ptr, in_edge, exit_of,  # noqa: ANN001, ANN202, PLR0911
            exit_capacity, exit_node, entering, held, arriving):  # fmt: skip
    """Give the copy from which arc ``i`` leads to the copy ``at`` (-1: no more arcs), and how many people it still takes."""
    copies = (last + 1) * nodes
    if at >= copies:  # an exit of limited room: from its node at any step
        return (last - i) * nodes + exit_node[at - copies] if i <= last else -1, np.inf
    time, node = at // nodes, at % nodes
    count = in_ptr[node + 1] - in_ptr[node]
    if i < count:
        edge = in_edge[in_ptr[node] + i]
        earlier = time - steps[edge]
        if earlier < 0:
            return at, 0.0
        return earlier * nodes + tail[edge], capacity[edge] - entering[edge, earlier]
    i -= count
    if i == 0:
        return max(at - nodes, 0), np.inf if time > 0 else 0.0
    if i == 1:  # who waited here may leave earlier
        return min(at + nodes, copies - 1), held[node, time] if time < last else 0.0
    if i == 2:  # who arrived here may go elsewhere, where the room is needed for others
        number = exit_of[node]
        if number < 0 or np.isinf(exit_capacity[number]):
            return at, 0.0
        return copies + number, arriving[number, time]
    i -= 3
    if i < out_ptr[node + 1] - out_ptr[node]:  # who went this way may go another
        edge = out_edge[out_ptr[node] + i]
        later = time + steps[edge]
        if later > last:
            return at, 0.0
        return later * nodes + head[edge], entering[edge, time]
    return -1, 0.0


@numba.njit(cache=True)
def _push(at, i, amount, nodes, last, steps, out_ptr, out_edge, in_ptr, in_edge, exit_of, exit_node, entering, held,  # noqa: ANN001, ANN202
          arriving):  # fmt: skip
    """Send people along arc ``i`` to the copy ``at``."""
    copies = (last + 1) * nodes
    if at >= copies:
        arriving[at - copies, last - i] += amount
        return
    time, node = at // nodes, at % nodes
    count = in_ptr[node + 1] - in_ptr[node]
    if i < count:
        edge = in_edge[in_ptr[node] + i]
        entering[edge, time - steps[edge]] += amount
    elif i == count:
        held[node, time - 1] += amount
    elif i == count + 1:
        held[node, time] -= amount
    elif i == count + 2:
        arriving[exit_of[node], time] -= amount
    else:
        entering[out_edge[out_ptr[node] + i - count - 3], time] -= amount


@numba.njit(cache=True)
def _augment(tail, head, steps, capacity, out_ptr, out_edge, in_ptr, in_edge, exit_of, exit_capacity, left, entering,  # noqa: ANN001, ANN202, C901, PLR0912, PLR0915
             held, arriving, last):  # fmt: skip
    """Let as many more people as possible arrive by the step ``last``; changes the flow and who is left."""
    nodes, exits = len(out_ptr) - 1, len(exit_capacity)
    copies = (last + 1) * nodes
    exit_node = np.zeros(exits, dtype=np.int64)
    room_left = np.empty(exits)
    for node in range(nodes):
        if exit_of[node] >= 0:
            exit_node[exit_of[node]] = node
    for number in range(exits):
        room_left[number] = exit_capacity[number] - arriving[number, : last + 1].sum()
    seen = np.zeros(copies + exits, dtype=np.int32)
    place = np.zeros(copies + exits, dtype=np.int32)
    way = np.empty(copies + exits, dtype=np.int64)
    room = np.empty(copies + exits)
    search = 0
    while True:
        search += 1
        arrived = 0.0
        for number in range(exits):
            if room_left[number] <= NOBODY:
                continue
            depth = 0
            way[0] = copies + number if np.isfinite(exit_capacity[number]) else last * nodes + exit_node[number]
            room[0] = room_left[number]
            if seen[way[0]] == search:
                continue
            seen[way[0]] = search
            place[way[0]] = 0
            while depth >= 0:
                at = way[depth]
                if at < copies and left[at % nodes] > NOBODY:
                    amount = min(room[depth], left[at % nodes])
                    left[at % nodes] -= amount
                    room_left[number] -= amount
                    arrived += amount
                    for step in range(at // nodes):  # they waited where they live
                        held[at % nodes, step] += amount
                    if np.isinf(exit_capacity[number]):
                        arriving[number, last] += amount
                    for step in range(depth):
                        _push(
                            way[step], place[way[step]], amount, nodes, last, steps, out_ptr, out_edge, in_ptr,
                            in_edge, exit_of, exit_node, entering, held, arriving,
                        )  # fmt: skip
                        room[step] -= amount
                    room[depth] -= amount
                    # go on from before the first arc that takes no more; what lies behind it may be of use again
                    while depth > 0 and room[depth] <= NOBODY:
                        seen[way[depth]] = -search
                        depth -= 1
                    if room[0] <= NOBODY:
                        break
                    continue
                source, more = _before(
                    at, place[at], nodes, last, tail, head, steps, capacity, out_ptr, out_edge, in_ptr, in_edge,
                    exit_of, exit_capacity, exit_node, entering, held, arriving,
                )  # fmt: skip
                if source == -1:
                    depth -= 1
                    if depth >= 0:
                        place[way[depth]] += 1
                elif more > NOBODY and seen[source] != search:
                    if seen[source] != -search:
                        place[source] = 0
                    seen[source] = search
                    depth += 1
                    way[depth] = source
                    room[depth] = min(room[depth - 1], more)
                else:
                    place[at] += 1
        if arrived <= NOBODY:
            return
