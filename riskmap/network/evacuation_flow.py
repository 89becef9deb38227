"""The optimum over time, on roads that take only so many people at a step.

The network is copied once for each step of time (Ford and Fulkerson 1958); the most people who can have arrived by a step
are the maximum flow to the copies of the exits (Dinic's algorithm, by scipy). People wait where they set out: waiting
on the way brings nobody there sooner (Hoppe and Tardos 2000), so that the copies need no arcs for it. The most arrivals
by every step at once are a flow too (Gale 1959): the one whose arrivals at each step are what that step adds to the maximum.

Ford, L. R., Fulkerson, D. R. (1958): Constructing maximal dynamic flows from static flows. Operations Research 6(3).
Gale, D. (1959): Transient flows in networks. Michigan Mathematical Journal 6(1).
Hoppe, B., Tardos, É. (2000): The quickest transshipment problem. Mathematics of Operations Research 25(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, maximum_flow

Ints = NDArray[np.int64]

PARTS = 1000
"""Parts of a person that are counted where numbers are not whole."""

MOST = 2**30
"""Largest flow that is counted; scipy counts in 32 bits."""

NEVER = 2**40
"""Steps to where no way leads."""


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

    @cached_property
    def first(self) -> Ints:
        """First step at which somebody can stand at each node."""
        return _whole(_fewest(self.tail, self.head, self.steps, np.flatnonzero(self.supply > 0), len(self.supply)))

    @cached_property
    def onward(self) -> Ints:
        """Fewest steps from each node to an exit."""
        return _whole(_fewest(self.head, self.tail, self.steps, self.exits, len(self.supply)))

    def egress(self, low: int, high: int) -> int:
        """Give the first step by which all can have arrived.

        Parameters
        ----------
        low, high : int
            Not before ``low``; ``high`` is where the search looks on, and goes on if that is too early.
        """
        low = least_steps(self.tail, self.head, self.steps, self.capacity, self.supply, self.exits, self.room, low=low)
        if self._arrived(low) >= self.people:
            return low
        low, high = low + 1, max(low + 1, high)
        while self._arrived(high) < self.people:
            low, high = high + 1, 2 * high + 1
        while low < high:
            middle = (low + high) // 2
            if self._arrived(middle) < self.people:
                low = middle + 1
            else:
                high = middle
        return low

    def flow(self, last: int, *, earliest: bool) -> Flow:
        """Give a flow by which all have arrived by a step.

        Parameters
        ----------
        last : int
        earliest : bool
            At every step as many have arrived as can have (an earliest arrival flow); exits of limited room may rule such
            a flow out, and then it is any.
        """
        wanted = None
        if earliest and np.isinf(self.room).all():
            wanted = np.diff([self._arrived(step) for step in range(last + 1)], prepend=0)
        return self._sent(self._copies(last, wanted))

    def _arrived(self, step: int) -> int:
        copies = self._copies(step, None)
        return int(maximum_flow(copies.matrix, copies.source, copies.sink).flow_value)

    def _sent(self, copies: _Copies) -> Flow:
        """Give the people on each edge and at the exits by step."""
        sent = maximum_flow(copies.matrix, copies.source, copies.sink).flow
        going = np.asarray(sent[copies.tail, copies.head]).ravel()
        limit = self._units(self.capacity)[copies.edge]
        # parallel roads share what goes between the same two copies
        order = np.lexsort((copies.edge, copies.head, copies.tail))
        new = np.ones(len(order), dtype=bool)
        new[1:] = (np.diff(copies.tail[order]) != 0) | (np.diff(copies.head[order]) != 0)
        before = np.cumsum(limit[order]) - limit[order]
        before -= np.maximum.accumulate(np.where(new, before, 0))
        people = np.zeros(len(order), dtype=np.int64)
        people[order] = np.clip(going[order] - before, 0, limit[order])
        out = np.asarray(sent[copies.exit, copies.door]).ravel()
        arriving = np.bincount(copies.exit_step, np.maximum(out, 0), minlength=copies.last + 1)
        used = np.flatnonzero(people)
        used = used[np.lexsort((copies.step[used], copies.edge[used]))]
        return Flow(copies.edge[used], copies.step[used], people[used] / self.scale, arriving / self.scale)

    def _units(self, people: NDArray[np.float64]) -> Ints:
        return np.ceil(np.minimum(people * self.scale, self.people) - 1e-6).astype(np.int64)

    def _copies(self, last: int, wanted: Ints | None) -> _Copies:
        """Copy the network once for each step, as far as somebody can be there and still arrive.

        Parameters
        ----------
        last : int
        wanted : int array (steps), optional
            Units that arrive at each step.
        """
        nodes = len(self.supply)
        edge, step = _ranges(self.first[self.tail], last - self.steps - self.onward[self.head])
        tail, head = step * nodes + self.tail[edge], (step + self.steps[edge]) * nodes + self.head[edge]
        door, exit_step = _ranges(self.first[self.exits], np.full(len(self.exits), last))
        origins = np.flatnonzero(self.supply > 0)
        home, home_step = _ranges(np.zeros(len(origins), dtype=np.int64), last - self.onward[origins])
        people = np.rint(self.supply[origins] * self.scale).astype(np.int64)
        doors = (last + 1) * nodes
        ends = len(self.exits) if wanted is None else last + 1
        sink, source = doors + ends, doors + ends + 1
        homes = source + 1
        through, room = (door, self._units(self.room)) if wanted is None else (exit_step, wanted)
        at_exit = exit_step * nodes + self.exits[door]
        parts = [
            (tail, head, self._units(self.capacity)[edge]),
            (at_exit, doors + through, np.full(len(door), self.people)),
            (doors + np.arange(ends), np.full(ends, sink), room),
            (np.full(len(origins), source), homes + np.arange(len(origins)), people),
            (homes + home, home_step * nodes + origins[home], people[home]),
        ]
        rows, columns, amount = (np.concatenate([part[i] for part in parts]) for i in range(3))
        # only copies that are in use are counted
        used, number = np.unique(np.concatenate((rows, columns)), return_inverse=True)
        matrix = coo_array((amount, number.reshape(2, -1)), shape=(len(used), len(used))).tocsr()
        matrix.data = np.minimum(matrix.data, MOST).astype(np.int32)
        place = {name: np.searchsorted(used, at) for name, at in (("tail", tail), ("head", head), ("exit", at_exit))}
        return _Copies(
            matrix, int(np.searchsorted(used, source)), int(np.searchsorted(used, sink)), last, edge, step,
            place["tail"], place["head"], place["exit"], np.searchsorted(used, doors + through), exit_step,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Copies:
    """The network in time: capacities between copies, and where its edges and exits went."""

    matrix: Any
    source: int
    sink: int
    last: int
    edge: Ints
    step: Ints
    tail: Ints
    head: Ints
    exit: Ints
    door: Ints
    exit_step: Ints


def _ranges(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Give row and number for all numbers from ``first`` to ``last`` of each row."""
    count = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(count)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + first[row]


def least_steps(
    tail: Ints,
    head: Ints,
    steps: NDArray[Any],
    capacity: NDArray[np.float64],
    supply: NDArray[np.float64],
    exits: Ints,
    room: NDArray[np.float64],
    *,
    low: int = 0,
) -> int:
    """Give a step before which not all can have arrived, from one flow through the network as a whole.

    Whoever takes a road enters it no sooner than it can be reached, and soon enough to arrive: its capacity in those steps
    together limits how many take it. Nothing is rounded on the way, so that this may be more than the optimum on steps.

    Parameters
    ----------
    tail, head, steps, capacity, supply, exits, room
        As in :class:`TimedNetwork`; ``steps`` may be real numbers.
    low : int
        Not before this one.
    """
    nodes, people = len(supply), float(supply.sum())
    first = _fewest(tail, head, steps, np.flatnonzero(supply > 0), nodes)[tail]
    left = _fewest(head, tail, steps, exits, nodes)[head] + steps
    kept = np.isfinite(first) & np.isfinite(left)
    tail, head, first, left, capacity = (values[kept] for values in (tail, head, first, left, capacity))
    scale = min(float(PARTS), MOST / max(people, 1.0))
    homes = np.flatnonzero(supply > 0)
    rows = np.concatenate((tail, np.full(len(homes), nodes), exits))
    columns = np.concatenate((head, homes, np.full(len(exits), nodes + 1)))

    def enough(last: int) -> bool:
        open_steps = np.maximum(np.floor(last - left + 1e-9) - np.floor(first + 1e-9) + 1, 0)
        amount = np.concatenate((np.minimum(capacity, people) * open_steps, supply[homes], np.minimum(room, people)))
        units = np.ceil(np.minimum(amount, people) * scale)
        matrix = coo_array((units, (rows, columns)), shape=(nodes + 2, nodes + 2)).tocsr()
        matrix.data = np.minimum(matrix.data, MOST).astype(np.int32)
        return maximum_flow(matrix, nodes, nodes + 1).flow_value >= np.floor(people * scale)

    if enough(low):
        return low
    high = 2 * low + 1
    while not enough(high):
        low, high = high, 2 * high + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _fewest(tail: Ints, head: Ints, steps: NDArray[Any], starts: Ints, nodes: int) -> NDArray[np.float64]:
    """Give the fewest steps from some nodes to every node; ``inf`` where there is no way."""
    order = np.lexsort((steps, head, tail))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0)
    kept = order[new]
    arcs = coo_array((steps[kept].astype(float), (tail[kept], head[kept])), shape=(nodes, nodes)).tocsr()
    return dijkstra(arcs, indices=starts, min_only=True) if len(starts) else np.full(nodes, np.inf)


def _whole(steps: NDArray[np.float64]) -> Ints:
    return np.where(np.isfinite(steps), steps, NEVER).astype(np.int64)
