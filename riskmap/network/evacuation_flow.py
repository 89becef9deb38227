"""The optimum over time, on roads that take only so many people at a step.

The network is copied once for each step of time (Ford and Fulkerson 1958); the most people who can have arrived by a step
are the maximum flow to the copies of the exits (Dinic's algorithm, by scipy). People wait where they set out: waiting
on the way brings nobody there sooner (Hoppe and Tardos 2000), so that the copies need no arcs for it.

Ford, L. R., Fulkerson, D. R. (1958): Constructing maximal dynamic flows from static flows. Operations Research 6(3).
Hoppe, B., Tardos, É. (2000): The quickest transshipment problem. Mathematics of Operations Research 25(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

PARTS = 1000
"""Parts of a person that are counted where numbers are not whole."""

MOST = 2**30
"""Largest flow that is counted; scipy counts in 32 bits."""


@dataclass(frozen=True, eq=False)
class Flow:
    """People entering each edge at each step, and arriving at each exit at each step, row by row."""

    edge: NDArray[np.int64]
    step: NDArray[np.int64]
    people: NDArray[np.float64]
    arriving: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TimedNetwork:
    """Directed edges with travel in whole steps, between numbered nodes.

    Parameters
    ----------
    tail, head : int arrays (edges)
    steps : int array (edges)
        At least 0.
    capacity : float array (edges)
        People who may enter in one step. Where numbers are not whole, it is rounded up to a thousandth of a person.
    supply : float array (nodes)
        People at the start.
    exits : int array
        Nodes.
    room : float array (exits)
        ``inf`` has no limit.
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    steps: NDArray[np.int64]
    capacity: NDArray[np.float64]
    supply: NDArray[np.float64]
    exits: NDArray[np.int64]
    room: NDArray[np.float64]

    @cached_property
    def scale(self) -> int:
        """Units of flow in one person."""
        numbers = np.concatenate((self.capacity, self.supply, self.room[np.isfinite(self.room)]))
        scale = 1 if (numbers == np.rint(numbers)).all() else PARTS
        while scale > 1 and self.supply.sum() * scale > MOST:
            scale //= 10
        return scale

    @cached_property
    def people(self) -> int:
        """Units of flow at the start."""
        return int(np.rint(self.supply * self.scale).sum())

    def egress(self, low: int, high: int) -> int:
        """Give the first step by which all can have arrived.

        Parameters
        ----------
        low, high : int
            Not before ``low``; ``high`` is where the search looks first, and goes on if that is too early.
        """
        while self._flow(high).flow_value < self.people:
            low, high = high + 1, 2 * high + 1
        while low < high:
            middle = (low + high) // 2
            if self._flow(middle).flow_value < self.people:
                low = middle + 1
            else:
                high = middle
        return low

    def arrived(self, step: int) -> float:
        """Give the most people who can have arrived by a step."""
        return self._flow(step).flow_value / self.scale

    def flow(self, last: int) -> Flow:
        """Give a flow by which the most people have arrived by a step."""
        sent = self._flow(last).flow.tocoo()
        amount = dict(zip(zip(sent.row.tolist(), sent.col.tolist(), strict=True), sent.data.tolist(), strict=True))
        tail, head, edge, step = self._moves(last)
        limit = self._units(self.capacity)
        people = np.zeros(len(tail))
        # parallel roads share what goes between the same two copies
        for i, (t, h) in enumerate(zip(tail.tolist(), head.tolist(), strict=True)):
            left = amount.get((t, h), 0)
            if left > 0:
                people[i] = min(left, int(limit[edge[i]]))
                amount[t, h] = left - int(people[i])
        arriving = np.zeros(last + 1)
        for number, node in enumerate(self.exits.tolist()):
            for at in range(last + 1):
                arriving[at] += max(amount.get((at * len(self.supply) + node, self._door(last) + number), 0), 0)
        used = np.flatnonzero(people)
        return Flow(edge[used], step[used], people[used] / self.scale, arriving / self.scale)

    def _units(self, people: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.ceil(np.minimum(people * self.scale, self.people) - 1e-6).astype(np.int64)

    def _door(self, last: int) -> int:
        """Give the number of the first exit's node behind all copies."""
        return (last + 1) * len(self.supply)

    def _moves(self, last: int) -> tuple[NDArray[np.int64], ...]:
        """Give tail copy, head copy, edge and step of each way to enter an edge in time to arrive."""
        starts = np.maximum(last + 1 - self.steps, 0)
        edge = np.repeat(np.arange(len(self.tail)), starts)
        step = np.arange(len(edge)) - np.repeat(np.cumsum(starts) - starts, starts)
        nodes = len(self.supply)
        return step * nodes + self.tail[edge], (step + self.steps[edge]) * nodes + self.head[edge], edge, step

    def _flow(self, last: int) -> Any:
        nodes, copies = len(self.supply), self._door(last)
        tail, head, edge, _ = self._moves(last)
        origins = np.flatnonzero(self.supply > 0)
        sink = copies + len(self.exits)
        source = sink + 1
        every = np.arange(last + 1) * nodes
        doors = copies + np.arange(len(self.exits))
        homes = source + 1 + np.arange(len(origins))
        people = np.rint(self.supply[origins] * self.scale).astype(np.int64)
        parts = [
            (tail, head, self._units(self.capacity)[edge]),
            ((every[None, :] + self.exits[:, None]).ravel(), np.repeat(doors, last + 1), None),
            (doors, np.full(len(doors), sink), self._units(self.room)),
            (np.full(len(homes), source), homes, people),
            (np.repeat(homes, last + 1), (every[None, :] + origins[:, None]).ravel(), np.repeat(people, last + 1)),
        ]
        amount = [np.full(len(t), self.people) if c is None else c for t, _, c in parts]
        rows, columns = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        size = source + 1 + len(homes)
        matrix = coo_array((np.concatenate(amount), (rows, columns)), shape=(size, size)).tocsr()
        matrix.data = np.minimum(matrix.data, MOST).astype(np.int32)
        return maximum_flow(matrix, source, sink)
