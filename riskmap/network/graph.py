"""Nodes and edges as numbers: an edge is open one way or both, and places along edges can become nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from riskmap.network.arcs import Arcs, Earliest
from riskmap.network.positions import Places
from riskmap.network.turning import BACKWARD, FORWARD, Turns, after_cuts

CUT = 1e-9
"""Shares of an edge that differ by less are one place."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Edges between numbered nodes.

    Parameters
    ----------
    nodes : int
        Number of nodes, copies of junctions and inserted places included.
    tail, head : int64 arrays (edges)
    forward_s, backward_s : float64 arrays (edges)
        Seconds along and against the edge; ``inf`` where it is closed that way.
    turns : Turns, optional
    base, share_from, share_to : arrays (edges), optional
        After :meth:`insert`: the edge that each one is a part of, and the shares of that edge between which it lies.
    built : Arcs, optional
        The arcs, where they are known already.
    """

    nodes: int
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    forward_s: NDArray[np.float64]
    backward_s: NDArray[np.float64]
    turns: Turns | None = None
    base: NDArray[np.int64] | None = None
    share_from: NDArray[np.float64] | Any = None
    share_to: NDArray[np.float64] | Any = None
    built: Arcs | None = None
    turned: bool = False

    def __len__(self) -> int:
        return len(self.tail)

    @cached_property
    def arcs(self) -> Arcs:
        """The open arcs, of parallel ones the fastest."""
        if self.built is not None:
            return self.built
        every = np.arange(len(self))
        return Arcs.build(self.nodes, *self.arcs_of(every))

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Node at which each arc ends, by arc number: the head or tail of its edge, or a copy of it."""
        ends = np.column_stack((self.head, self.tail)).ravel()
        if self.turns is not None:
            ending = self.turns.arrives >= 0
            ends[self.turns.arrives[ending]] = self.turns.number[ending]
        return ends

    def arcs_of(self, edges: NDArray[np.int64]) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Give tail, head, seconds and number of the open arcs of some edges."""
        number = np.concatenate((2 * edges + FORWARD, 2 * edges + BACKWARD))
        tails = np.concatenate((self.tail[edges], self.head[edges]))
        seconds = np.concatenate((self.forward_s[edges], self.backward_s[edges]))
        heads = self.ends[number]
        if self.turns is not None:
            which = np.isin(self.turns.departs // 2, edges)
            departs, onto = self.turns.departs[which], self.turns.onto[which]
            number = np.concatenate((number, departs))
            tails = np.concatenate((tails, self.turns.number[self.turns.copy[which]]))
            heads = np.concatenate((heads, np.where(onto >= 0, onto, self.ends[departs])))
            both = np.column_stack((self.forward_s, self.backward_s)).ravel()
            seconds = np.concatenate((seconds, both[departs]))
        is_open = np.isfinite(seconds)
        return tails[is_open], heads[is_open], seconds[is_open], number[is_open]

    def reversed(self) -> Graph:
        """Give the graph with every way turned round: who reaches a place, in place of what is reached from it.

        Insert places first: the result takes no more of them.
        """
        return replace(
            self,
            forward_s=self.backward_s,
            backward_s=self.forward_s,
            built=self.arcs.reversed(),
            turned=not self.turned,
        )

    def insert(self, places: Places) -> tuple[Graph, NDArray[np.int64]]:
        """Make nodes of places along edges: the edges there fall into parts.

        The first part of a cut edge keeps its number, the others follow after all edges.

        Parameters
        ----------
        places : Places
            All found; on the edges of this graph, which has no inserted places yet.

        Returns
        -------
        Graph
        int array
            Number of the node of each place.
        """
        numbers = places.node.copy()
        inside = np.flatnonzero(numbers < 0)
        if not len(inside):
            return self, numbers
        spots, which = np.unique(
            np.column_stack((places.edge[inside], places.share[inside])), axis=0, return_inverse=True
        )
        numbers[inside] = self.nodes + which.ravel()
        return self._cut(spots[:, 0].astype(np.int64), spots[:, 1].astype(float, copy=False)), numbers

    def _cut(self, edge: NDArray[np.int64], share: NDArray[np.float64]) -> Graph:
        """Cut edges at shares, sorted by edge and share; the new nodes follow those of now."""
        new = self.nodes + np.arange(len(edge))
        begins = np.concatenate(([True], edge[1:] != edge[:-1]))
        last = np.concatenate((begins[1:], [True]))
        slot = len(self) + np.arange(len(edge))  # of the part that follows each cut
        before = np.where(begins, edge, slot - 1)  # of the part that ends at it
        tail, head = np.append(self.tail, new), np.append(self.head, new)
        head[slot[~last]] = new[1:][~last[:-1]]
        head[slot[last]] = self.head[edge[last]]
        head[before[begins]] = new[begins]
        base = np.append(np.arange(len(self)), edge)
        share_from = np.append(np.zeros(len(self)), share)
        share_to = np.ones(len(base))
        share_to[before] = share
        width = np.where(base == np.arange(len(base)), share_to, share_to - share_from)
        turns = None
        if self.turns is not None:
            part = np.arange(len(self))
            part[edge[last]] = slot[last]
            turns = after_cuts(self.turns, part, new, before, slot)
        cut = replace(
            self,
            nodes=int(new[-1] if turns is None else turns.number.max()) + 1,
            tail=tail,
            head=head,
            forward_s=self.forward_s[base] * width,
            backward_s=self.backward_s[base] * width,
            turns=turns,
            base=base,
            share_from=share_from,
            share_to=share_to,
        )
        touched = np.concatenate((edge[begins], slot))
        is_cut = np.zeros(len(self), dtype=bool)
        is_cut[edge] = True
        arcs = self.arcs.replaced(is_cut[self.arcs.number // 2], cut.nodes, *cut.arcs_of(touched))
        return replace(cut, built=arcs)

    def at_nodes(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the arrival at each node when a copy's arrival counts for the junction it stands for."""
        if self.turns is None or self.turned:
            return seconds
        merged = seconds.copy()
        np.minimum.at(merged, self.turns.copy_of, seconds[self.turns.number])
        return merged

    def seconds_from(
        self, sources: NDArray[np.int64], start_s: NDArray[np.float64], limit_s: float
    ) -> NDArray[np.float64]:
        """Give the earliest arrival at each node from several sources, each with a start (s); ``inf`` unreached."""
        which, numbers = self._doors(sources)
        return self.arcs.seconds_only(numbers, start_s[which], limit_s)

    def earliest(self, sources: NDArray[np.int64], start_s: NDArray[np.float64], limit_s: float) -> Earliest:
        """Give the earliest arrival at each node and the position, in ``sources``, of the one that comes first."""
        which, numbers = self._doors(sources)
        found = self.arcs.earliest(numbers, start_s[which], limit_s)
        if not len(which):
            return found
        return Earliest(found.seconds, np.where(found.source < 0, -1, which[found.source]))

    def first(self, earliest: Earliest) -> Earliest:
        """Give the arrival at each node when a copy's arrival counts for the junction it stands for."""
        if self.turns is None or self.turned:
            return earliest
        seconds, source = earliest.seconds.copy(), earliest.source.copy()
        for copy, node in zip(self.turns.number, self.turns.copy_of, strict=True):
            if seconds[copy] < seconds[node]:
                seconds[node], source[node] = seconds[copy], source[copy]
        return Earliest(seconds, source)

    def seconds_from_each(
        self, sources: NDArray[np.int64], limit_s: float
    ) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Search from each source by itself; yields its position in ``sources`` and its seconds by node."""
        if self.turns is None or not self.turned:
            yield from self.arcs.from_each(sources, limit_s)
            return
        for position, source in enumerate(sources):
            yield position, self.seconds_from(np.array([source]), np.zeros(1), limit_s)

    def _doors(self, sources: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the nodes at which searches begin: where all ways are turned round, also the copies of a source."""
        which = np.arange(len(sources))
        if self.turns is None or not self.turned:
            return which, sources
        source, copy = np.nonzero(sources[:, None] == self.turns.copy_of)
        return np.concatenate((which, source)), np.concatenate((sources, self.turns.number[copy]))

    def junction(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the junctions that copies stand for, other nodes as they are."""
        if self.turns is None:
            return nodes
        junction = np.arange(self.nodes)
        junction[self.turns.number] = self.turns.copy_of
        return junction[nodes]

    def path(self, start: int, goal: int) -> tuple[float, NDArray[np.int64]]:
        """Give the seconds and the arcs of a fastest way; ``inf`` and none when there is no way."""
        copies = [] if self.turns is None else self.turns.number[self.turns.copy_of == goal]
        return self.arcs.path(start, np.array([goal, *copies]))

    def departures(self, seconds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give, for each edge, when it is entered at its tail going along, and at its head going against it."""
        if self.turned:
            return seconds[self.ends[BACKWARD::2]], seconds[self.ends[FORWARD::2]]
        along, against = seconds[self.tail], seconds[self.head]
        if self.turns is not None:
            arrival = seconds[self.turns.number[self.turns.copy]]
            edge, back = self.turns.departs // 2, self.turns.departs % 2 == BACKWARD
            np.minimum.at(along, edge[~back], arrival[~back])
            np.minimum.at(against, edge[back], arrival[back])
        return along, against

    def entries(
        self, earliest: Earliest
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Give for each edge when and by whom it is entered at its tail going along, and at its head going against it."""
        along, against = self.departures(earliest.seconds)
        along_by, against_by = earliest.source[self.tail], earliest.source[self.head]
        if self.turns is not None:
            copy, (edge, direction) = self.turns.number[self.turns.copy], np.divmod(self.turns.departs, 2)
            for by, entered, way in ((along_by, along, FORWARD), (against_by, against, BACKWARD)):
                here = (direction == way) & (earliest.seconds[copy] == entered[edge])
                by[edge[here]] = earliest.source[copy[here]]
        return along, along_by, against, against_by

    def parts_at(
        self, edge: NDArray[np.int64], share: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Give the part, and the share of it, at which places of the graph before :meth:`insert` lie."""
        if self.base is None:
            return edge, share
        cut = np.flatnonzero(self.share_to - self.share_from < 1)
        order = cut[np.lexsort((self.share_from[cut], self.base[cut]))]
        part = edge.copy()
        on_cut = np.flatnonzero(np.isin(edge, self.base[cut]))
        # one sortable number each: the edge, plus the share of it
        keys = self.base[order] + self.share_from[order]
        at = np.searchsorted(keys, edge[on_cut] + np.minimum(share[on_cut], 1 - CUT), side="right") - 1
        part[on_cut] = order[at]
        width = self.share_to[part] - self.share_from[part]
        return part, np.clip((share - self.share_from[part]) / width, 0.0, 1.0)

    def arrival_by(self, earliest: Earliest, places: Places) -> Earliest:
        """Give the earliest arrival, and who comes first, at places of the graph before :meth:`insert`."""
        at_nodes = self.first(earliest)
        seconds, source = np.full(len(places), np.inf), np.full(len(places), -1)
        at_node = np.flatnonzero(places.node >= 0)
        seconds[at_node] = at_nodes.seconds[places.node[at_node]]
        source[at_node] = at_nodes.source[places.node[at_node]]
        inside = np.flatnonzero((places.node < 0) & places.found)
        part, share = self.parts_at(places.edge[inside], places.share[inside])
        along_s, along_by, against_s, against_by = self.entries(earliest)
        cut = self._cut_nodes(part, share)
        with np.errstate(invalid="ignore"):  # inf * 0 at the closed end of an edge
            ways = np.stack(
                (
                    along_s[part] + share * self.forward_s[part],
                    against_s[part] + (1 - share) * self.backward_s[part],
                    np.where(cut >= 0, at_nodes.seconds[cut], np.inf),
                )
            )
        ways = np.where(np.isnan(ways), np.inf, ways)
        by = np.stack((along_by[part], against_by[part], at_nodes.source[cut]))
        best, every = ways.argmin(axis=0), np.arange(len(inside))
        seconds[inside] = ways[best, every]
        source[inside] = np.where(np.isfinite(ways[best, every]), by[best, every], -1)
        return Earliest(seconds, source)

    def _cut_nodes(self, part: NDArray[np.int64], share: NDArray[np.float64]) -> NDArray[np.int64]:
        """Give the node of places where an edge was cut, -1 elsewhere: there one is, whichever way its parts are open."""
        return np.where(share < CUT, self.tail[part], np.where(share > 1 - CUT, self.head[part], -1))

    def arrival(self, seconds: NDArray[np.float64], places: Places) -> NDArray[np.float64]:
        """Give the earliest arrival at places of the graph before :meth:`insert`; ``inf`` where none or not found."""
        result, at_nodes = np.full(len(places), np.inf), self.at_nodes(seconds)
        at_node = places.node >= 0
        result[at_node] = at_nodes[places.node[at_node]]
        inside = np.flatnonzero(~at_node & places.found)
        part, share = self.parts_at(places.edge[inside], places.share[inside])
        along, against = self.departures(seconds)
        with np.errstate(invalid="ignore"):  # inf * 0 at the closed end of an edge
            forward = along[part] + share * self.forward_s[part]
            backward = against[part] + (1 - share) * self.backward_s[part]
        cut = self._cut_nodes(part, share)
        result[inside] = np.fmin(np.fmin(forward, backward), np.where(cut >= 0, at_nodes[cut], np.inf))
        return result


def components(nodes: int, tail: NDArray[np.int64], head: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the number of each node's component: 0 has the most nodes; of equals the one of the lowest node first."""
    matrix = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(nodes, nodes))
    count, label = connected_components(matrix, directed=False)
    first = np.full(count, nodes)
    np.minimum.at(first, label, np.arange(nodes))
    order = np.lexsort((first, -np.bincount(label, minlength=count)))
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    return rank[label]
