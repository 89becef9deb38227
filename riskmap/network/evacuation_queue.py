"""A plan's own routes under capacity: everyone sets out at once, and waits where a road is full, first come first served.

Times are real numbers; only the capacity counts by steps. A road takes its capacity in each step; who finds it full
enters at the beginning of the first step with room. Nothing is rounded on the way, so that the plan can be set beside
the optimum, which rounds travel down.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

HAIR = 1e-9
"""Travel nearer than this to a whole number of steps takes that number: rounding must not make a bound too high."""

NOBODY = 1e-9
"""Fewer people than this are rounding."""


@dataclass(frozen=True, eq=False)
class Queued:
    """What happened: people entering each edge by step, and the arrivals.

    Parameters
    ----------
    edge, step, people : arrays (entries)
    route, arrived, arriving : arrays (arrivals)
        Number of the route, when (in steps, a real number), and how many.
    """

    edge: NDArray[np.int64]
    step: NDArray[np.int64]
    people: NDArray[np.float64]
    route: NDArray[np.int64]
    arrived: NDArray[np.float64]
    arriving: NDArray[np.float64]


def walk(
    steps: NDArray[np.float64],
    capacity: NDArray[np.float64],
    path: NDArray[np.int64],
    begin: NDArray[np.int64],
    people: NDArray[np.float64],
    start: NDArray[np.float64],
) -> Queued:
    """Send people along routes.

    Parameters
    ----------
    steps : float array (edges)
        Travel, in steps.
    capacity : float array (edges)
        People who may enter in one step; above 0.
    path : int array
        Edges of all routes, one route after the other.
    begin : int array (routes + 1)
        Where each route begins in ``path``.
    people, start : float arrays (routes)
        How many set out, and when (in steps).
    """
    return Queued(*_walk(steps, capacity, path, begin, people, start))


@numba.njit(cache=True)
def _walk(
    steps: Floats, capacity: Floats, path: Ints, begin: Ints, people: Floats, start: Floats
) -> tuple[Ints, Ints, Floats, Ints, Floats, Floats]:
    at_step = np.zeros(len(steps), dtype=np.int64)  # the step that still has room
    room = capacity.copy()
    edge_of, step_of, people_of = [np.int64(0)][:0], [np.int64(0)][:0], [0.0][:0]
    route_of, arrived, arriving = [np.int64(0)][:0], [0.0][:0], [0.0][:0]
    heap: list[Any] = [(0.0, np.int64(0), np.int64(0), 0.0)][:0]
    for first in range(len(people)):
        if people[first] > NOBODY:
            heapq.heappush(heap, (start[first], np.int64(first), begin[first], people[first]))
    while len(heap):
        time, route, place, amount = heapq.heappop(heap)
        if place == begin[route + 1]:
            route_of.append(route)
            arrived.append(time)
            arriving.append(amount)
            continue
        edge = path[place]
        now = np.int64(np.floor(time))
        if at_step[edge] < now:
            at_step[edge], room[edge] = now, capacity[edge]
        while amount > NOBODY:
            if room[edge] <= NOBODY:
                at_step[edge] += 1
                room[edge] = capacity[edge]
            entering = min(amount, room[edge])
            room[edge] -= entering
            amount -= entering
            edge_of.append(edge)
            step_of.append(at_step[edge])
            people_of.append(entering)
            heapq.heappush(heap, (max(time, float(at_step[edge])) + steps[edge], route, place + 1, entering))
    return (
        np.array(edge_of), np.array(step_of), np.array(people_of), np.array(route_of), np.array(arrived),
        np.array(arriving),
    )  # fmt: skip
