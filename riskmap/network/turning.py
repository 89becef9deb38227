"""Turns that may not be taken, as copies of the junctions where who came a certain way has fewer ways on.

A restriction speaks of a way through the network: a street, a junction, perhaps more streets, and the street that may
not be taken (or the only one that may). Every beginning of such a way has a copy of the junction where it ends. From
the copy only the allowed streets go on, and who keeps to the way goes on to the next copy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FORWARD, BACKWARD = 0, 1
"""Direction of an arc along its edge; the number of an arc is ``2 * edge + direction``."""

NONE = -1

Way = tuple[int, ...]
"""Arcs, one after the other."""

Rule = Literal["no", "only"]


@dataclass(frozen=True, eq=False)
class Turns:
    """Forbidden turns, as copies of junctions.

    Parameters
    ----------
    number : int array (copies)
        Node number of each copy.
    copy_of : int array (copies)
        Number of the node that each copy stands for.
    arrives : int array (copies)
        Number of the arc that ends at the copy; -1 where only some who take an arc come to the copy.
    copy, departs : int arrays (allowed turns)
        A copy (0 for the first), and the number of an arc that may be taken from it.
    onto : int array (allowed turns)
        Node number at which the arc ends for who takes this turn; -1 where it is as for all others.
    """

    number: NDArray[np.int64]
    copy_of: NDArray[np.int64]
    arrives: NDArray[np.int64]
    copy: NDArray[np.int64]
    departs: NDArray[np.int64]
    onto: NDArray[np.int64]


def turns_of(
    nodes: int, begins: NDArray[np.int64], ends: NDArray[np.int64], is_open: NDArray[np.bool_], ways: Iterable
) -> Turns:
    """Give the copies of junctions that restrictions ask for.

    Parameters
    ----------
    nodes : int
        Number of nodes; the copies are numbered from there.
    begins, ends : int arrays (arcs)
        Node at which each arc begins and ends.
    is_open : bool array (arcs)
    ways : iterable of (edges, via, rule)
        Edges of the way in order, the node at the end of the first one, and ``no`` (who came along all but the last
        may not take the last) or ``only`` (who came along the first has to take all the others). A way along an arc
        that is closed says nothing.
    """
    forbidden, only = _rules(begins, ends, is_open, ways)
    states = sorted({*forbidden, *only}, key=lambda way: (len(way), way))
    number = {way: nodes + position for position, way in enumerate(states)}
    order = np.argsort(begins, kind="stable")
    first = np.searchsorted(begins[order], np.arange(nodes + 1))
    copy, departs, onto = [], [], []
    for position, way in enumerate(states):
        node = ends[way[-1]]
        for arc in _allowed(way, order[first[node] : first[node + 1]], is_open, forbidden, only):
            copy.append(position)
            departs.append(arc)
            onto.append(_goes_to((*way, arc), number))
    columns = (
        list(number.values()),
        [ends[way[-1]] for way in states],
        [way[0] if len(way) == 1 else NONE for way in states],
        copy,
        departs,
        onto,
    )
    return Turns(*(np.array(column, dtype=np.int64) for column in columns))


def _rules(
    begins: NDArray[np.int64], ends: NDArray[np.int64], is_open: NDArray[np.bool_], ways: Iterable
) -> tuple[dict[Way, set[int]], dict[Way, set[int]]]:
    """Give, for who came along a way, the arcs that are forbidden and those that are the only ones allowed."""
    forbidden: dict[Way, set[int]] = defaultdict(set)
    only: dict[Way, set[int]] = defaultdict(set)
    for edges, via, rule in ways:
        for way in _along(edges, via, begins, ends):
            if not is_open[list(way)].all():
                continue
            # the way to the last turn has a copy for each of its beginnings
            for length in range(1, len(way)):
                _ = forbidden[way[:length]]
                if rule == "only":
                    only[way[:length]].add(way[length])
            if rule == "no":
                forbidden[way[:-1]].add(way[-1])
    return dict(forbidden), dict(only)


def _along(edges: Way, via: int, begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Iterator[Way]:
    """Give the arcs along edges; a loop may be taken both ways round."""
    ways: list[Way] = [(arc,) for arc in (2 * edges[0], 2 * edges[0] + 1) if ends[arc] == via]
    for edge in edges[1:]:
        ways = [(*way, arc) for way in ways for arc in (2 * edge, 2 * edge + 1) if begins[arc] == ends[way[-1]]]
    yield from ways


def _allowed(
    way: Way,
    out: NDArray[np.int64],
    is_open: NDArray[np.bool_],
    forbidden: dict[Way, set[int]],
    only: dict[Way, set[int]],
) -> list[int]:
    """Give the arcs that may be taken by who came along a way; restrictions of its last part hold too."""
    arcs = [int(arc) for arc in out if is_open[arc]]
    for start in range(len(way)):
        past = way[start:]
        if past in only:
            arcs = [arc for arc in arcs if arc in only[past]]
        arcs = [arc for arc in arcs if arc not in forbidden.get(past, ())]
    return arcs


def _goes_to(way: Way, number: dict[Way, int]) -> int:
    """Give the copy for the longest last part of a way that is the beginning of a restriction; -1 for one arc or none."""
    for start in range(len(way) - 1):
        if way[start:] in number:
            return number[way[start:]]
    return NONE


def after_cuts(
    old: Turns, part: NDArray[np.int64], new: NDArray[np.int64], before: NDArray[np.int64], after: NDArray[np.int64]
) -> Turns:
    """Give the turns after edges were cut.

    What ended or began at an edge's head is now its last part's. Who only passes a cut goes straight on: a place that
    someone asks about must not become a place to turn round.

    Parameters
    ----------
    old : Turns
    part : int array (edges)
        Last part of each edge; the first one keeps the edge's number.
    new, before, after : int arrays (cuts)
        Node of each cut, and the parts that end and begin at it; cuts of one edge in order, from tail to head.
    """
    count = len(new)
    number = new[0] + count + np.arange(2 * count)
    made = Turns(
        np.concatenate((old.number, number)),
        np.concatenate((old.copy_of, np.tile(new, 2))),
        np.concatenate(
            (
                np.where((old.arrives >= 0) & (old.arrives % 2 == FORWARD), 2 * part[old.arrives // 2], old.arrives),
                2 * before + FORWARD,
                2 * after + BACKWARD,
            )
        ),
        np.concatenate((old.copy, len(old.number) + np.arange(2 * count))),
        np.concatenate(
            (
                np.where(old.departs % 2 == BACKWARD, 2 * part[old.departs // 2] + BACKWARD, old.departs),
                2 * after + FORWARD,
                2 * before + BACKWARD,
            )
        ),
        np.concatenate((old.onto, np.full(2 * count, NONE))),
    )
    return _carried_on(made, old, part, new, before, after)


def _carried_on(
    made: Turns,
    old: Turns,
    part: NDArray[np.int64],
    new: NDArray[np.int64],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
) -> Turns:
    """Give copies of the cuts to those who keep to a restricted way, so that they are known at its next junction."""
    number: list[int] = []
    copy_of: list[int] = []
    copy: list[int] = []
    departs: list[int] = []
    onto = made.onto
    first = int(made.number.max()) + 1
    for turn in np.flatnonzero(old.onto >= 0):
        edge, direction = divmod(int(old.departs[turn]), 2)
        if part[edge] == edge:
            continue
        cuts = _cuts_of(edge, int(part[edge]), before, after)
        if direction == BACKWARD:
            cuts = cuts[::-1]
        copies = first + len(number) + np.arange(len(cuts))
        position = len(made.number) + len(number)
        copy += [position + i for i in range(len(cuts))]
        departs += [int(2 * after[c] + FORWARD if direction == FORWARD else 2 * before[c] + BACKWARD) for c in cuts]
        number += copies.tolist()
        copy_of += new[cuts].tolist()
        onto = np.concatenate((onto, copies[1:], old.onto[turn : turn + 1]))
        onto[turn] = copies[0]
    if not number:
        return made
    pairs: tuple[tuple[NDArray[np.int64], Any], ...] = (
        (made.number, number),
        (made.copy_of, copy_of),
        (made.arrives, np.full(len(number), NONE)),
        (made.copy, copy),
        (made.departs, departs),
        (onto, []),
    )
    return Turns(*(np.concatenate((known, np.asarray(further, dtype=np.int64))) for known, further in pairs))


def _cuts_of(edge: int, last: int, before: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the cuts of an edge in order, by their position among all."""
    begin, end = np.flatnonzero(before == edge)[0], np.flatnonzero(after == last)[0]
    return np.arange(begin, end + 1)
