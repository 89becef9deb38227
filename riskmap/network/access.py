"""Settlements with one way in: what hangs on a single road, in the graph's sense of a bridge."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NONE = -1


@dataclass(frozen=True, eq=False)
class Access:
    """Bridges of a network, and on which one each node hangs.

    Parameters
    ----------
    bridge : bool array (edges)
        Edges whose closure cuts the network in two.
    hangs_on : int array (nodes)
        The bridge through which every way from the node to the main part goes, the one next to the main part; -1 for
        nodes of the main part and for those not connected to it.
    """

    bridge: NDArray[np.bool_]
    hangs_on: NDArray[np.int64]


def access(nodes: int, tail: NDArray[np.int64], head: NDArray[np.int64], length_m: NDArray[np.float64]) -> Access:
    """Find the bridges of a network, one-way rules aside (Tarjan 1974).

    The main part is the part without bridges that has the most metres of road.

    Parameters
    ----------
    nodes : int
    tail, head : int arrays (edges)
        Parallel edges make each other no bridge.
    length_m : float array (edges)
    """
    ends = np.concatenate((tail, head)).astype(np.int64)
    pointer = np.concatenate(([0], np.cumsum(np.bincount(ends, minlength=nodes)))).astype(np.int64)
    order = np.argsort(ends, kind="stable").astype(np.int64)
    bridge = _bridges(nodes, pointer, order, tail.astype(np.int64), head.astype(np.int64))
    part = _parts(nodes, pointer, order, tail.astype(np.int64), head.astype(np.int64), bridge)
    within = ~bridge
    size = np.bincount(part[tail[within]], length_m[within], minlength=int(part.max(initial=0)) + 1)
    main = int(size.argmax())
    return Access(bridge, _hanging(pointer, order, tail.astype(np.int64), head.astype(np.int64), bridge, part == main))


@numba.njit(cache=True)
def _bridges(nodes: int, pointer: Ints, order: Ints, tail: Ints, head: Ints) -> Flags:
    count = len(tail)
    seen = np.full(nodes, NONE, dtype=np.int64)
    low = np.zeros(nodes, dtype=np.int64)
    via = np.full(nodes, NONE, dtype=np.int64)
    place = pointer[:-1].copy()
    bridge = np.zeros(count, dtype=np.bool_)
    clock = 0
    for root in range(nodes):
        if seen[root] != NONE:
            continue
        seen[root] = low[root] = clock
        clock += 1
        stack = [root]
        while stack:
            node = stack[-1]
            if place[node] < pointer[node + 1]:
                edge = order[place[node]] % count
                place[node] += 1
                if edge == via[node]:
                    continue
                other = head[edge] if tail[edge] == node else tail[edge]
                if seen[other] == NONE:
                    seen[other] = low[other] = clock
                    clock += 1
                    via[other] = edge
                    stack.append(other)
                else:
                    low[node] = min(low[node], seen[other])
            else:
                stack.pop()
                if stack:
                    above = stack[-1]
                    low[above] = min(low[above], low[node])
                    if low[node] > seen[above]:
                        bridge[via[node]] = True
    return bridge


@numba.njit(cache=True)
def _parts(nodes: int, pointer: Ints, order: Ints, tail: Ints, head: Ints, bridge: Flags) -> Ints:
    part = np.full(nodes, NONE, dtype=np.int64)
    count = 0
    for root in range(nodes):
        if part[root] != NONE:
            continue
        part[root] = count
        stack = [root]
        while stack:
            node = stack.pop()
            for i in range(pointer[node], pointer[node + 1]):
                edge = order[i] % len(tail)
                other = head[edge] if tail[edge] == node else tail[edge]
                if not bridge[edge] and part[other] == NONE:
                    part[other] = count
                    stack.append(other)
        count += 1
    return part


@numba.njit(cache=True)
def _hanging(pointer: Ints, order: Ints, tail: Ints, head: Ints, bridge: Flags, main: Flags) -> Ints:
    nodes = len(main)
    hangs_on = np.full(nodes, NONE, dtype=np.int64)
    seen = main.copy()
    stack = [node for node in range(nodes) if main[node]]
    while stack:
        node = stack.pop()
        for i in range(pointer[node], pointer[node + 1]):
            edge = order[i] % len(tail)
            other = head[edge] if tail[edge] == node else tail[edge]
            if not seen[other]:
                seen[other] = True
                # beyond the first bridge everything hangs on that one
                hangs_on[other] = hangs_on[node] if hangs_on[node] != NONE or not bridge[edge] else edge
                stack.append(other)
    return hangs_on
