"""Directed arcs in compressed rows, and the searches over them (Dijkstra's algorithm, by scipy).

Three traps of sparse matrices are kept out here: parallel arcs would be added up (only the fastest stays), arcs of zero
seconds would vanish (rows are built by hand, scipy then takes explicit zeros as arcs), and an unreachable node would
read as 0 (it is ``inf``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

NONE = -9999
"""What scipy writes for "no predecessor" and "no source"."""

HAIR_S = 1e-9
"""The limit is inclusive: sums of seconds that differ from it by rounding count as equal."""

CELLS_PER_BLOCK = 8_000_000
"""Distances (origins times nodes) held at once: 64 MB."""


class Earliest(NamedTuple):
    """Per node: earliest arrival (s, ``inf`` unreached), number of the source that comes first (-1 none)."""

    seconds: NDArray[np.float64]
    source: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Arcs:
    """Directed arcs by tail node; of parallel arcs the fastest only.

    Parameters
    ----------
    indptr : int32 array (nodes + 1)
        Where the arcs of a node begin.
    heads : int32 array (arcs)
    seconds : float64 array (arcs)
        At least 0.
    number : int64 array (arcs)
        The caller's number of the arc.
    """

    indptr: NDArray[np.int32]
    heads: NDArray[np.int32]
    seconds: NDArray[np.float64]
    number: NDArray[np.int64]

    @classmethod
    def build(
        cls,
        nodes: int,
        tails: NDArray[np.integer],
        heads: NDArray[np.integer],
        seconds: NDArray[np.float64],
        number: NDArray[np.int64],
    ) -> Arcs:
        """Sort arcs by tail and head, and keep the fastest of each pair (of equals, the one of the lowest number)."""
        kept = fastest(tails.astype(np.int64) * nodes + heads, seconds, number)
        counts = np.bincount(tails[kept], minlength=nodes)
        indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        return cls(indptr, heads[kept].astype(np.int32), seconds[kept], number[kept])

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.indptr) - 1

    @cached_property
    def matrix(self) -> csr_array:
        """The arcs as the matrix that scipy searches."""
        return csr_array((self.seconds, self.heads, self.indptr), shape=(self.nodes, self.nodes))

    def reversed(self) -> Arcs:
        """Give the arcs the other way round."""
        tails = np.repeat(np.arange(self.nodes), np.diff(self.indptr))
        return Arcs.build(self.nodes, self.heads, tails, self.seconds, self.number)

    def replaced(
        self,
        gone: NDArray[np.bool_],
        nodes: int,
        tails: NDArray[np.int64],
        heads: NDArray[np.int64],
        seconds: NDArray[np.float64],
        number: NDArray[np.int64],
    ) -> Arcs:
        """Take some arcs away and add others, with as many nodes as needed; far cheaper than building anew.

        Parameters
        ----------
        gone : bool array (arcs)
        nodes : int
            Number of nodes of the result, at least as many as now.
        tails, heads, seconds, number : arrays
            The new arcs, in any order.
        """
        at = np.flatnonzero(gone)
        counts = np.zeros(nodes, dtype=np.int64)
        counts[: self.nodes] = np.diff(self.indptr)
        counts -= np.bincount(np.searchsorted(self.indptr, at, side="right") - 1, minlength=nodes)
        start = np.concatenate(([0], np.cumsum(counts)))
        kept = fastest(tails * nodes + heads, seconds, number)
        tails, heads, seconds, number = tails[kept], heads[kept], seconds[kept], number[kept]
        counts += np.bincount(tails, minlength=nodes)
        where = start[tails + 1]  # at the end of the tail's row
        return Arcs(
            np.concatenate(([0], np.cumsum(counts))).astype(np.int32),
            np.insert(np.delete(self.heads, at), where, heads.astype(np.int32)),
            np.insert(np.delete(self.seconds, at), where, seconds),
            np.insert(np.delete(self.number, at), where, number),
        )

    def earliest(self, sources: NDArray[np.int64], start_s: NDArray[np.float64], limit_s: float) -> Earliest:
        """Search from several sources at once, each with a start of its own.

        Parameters
        ----------
        sources : int array
            Node numbers.
        start_s : float array
            Seconds already gone at each source; counted in the limit.
        limit_s : float
            Inclusive.
        """
        if not len(sources) or limit_s < 0:
            return Earliest(np.full(self.nodes, np.inf), np.full(self.nodes, -1))
        if start_s.any() or len(np.unique(sources)) < len(sources):
            matrix, first = self._with_starts(sources, start_s), self.nodes
            starts = np.arange(first, first + len(sources))
        else:
            matrix, first, starts = self.matrix, -1, sources
        seconds, _, came = dijkstra(
            matrix, indices=starts, limit=limit_s + HAIR_S, min_only=True, return_predecessors=True
        )
        seconds, came = seconds[: self.nodes], came[: self.nodes]
        if first >= 0:
            return Earliest(seconds, np.where(came == NONE, -1, came - first))
        order = np.argsort(sources)
        rank = order[np.searchsorted(sources, np.where(came == NONE, sources[0], came), sorter=order)]
        return Earliest(seconds, np.where(came == NONE, -1, rank))

    def seconds_only(self, sources: NDArray[np.int64], start_s: NDArray[np.float64], limit_s: float) -> NDArray:
        """Give the earliest arrival at each node (s, ``inf`` unreached) when nobody asks from where."""
        if not len(sources) or limit_s < 0:
            return np.full(self.nodes, np.inf)
        matrix, starts = self.matrix, sources
        if start_s.any():
            matrix, starts = self._with_starts(sources, start_s), np.arange(self.nodes, self.nodes + len(sources))
        return dijkstra(matrix, indices=starts, limit=limit_s + HAIR_S, min_only=True)[: self.nodes]

    def from_each(self, sources: NDArray[np.int64], limit_s: float) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Search from each source by itself; yields the number of the source and its seconds by node."""
        step = max(1, CELLS_PER_BLOCK // max(self.nodes, 1))
        for begin in range(0, len(sources), step):
            some = sources[begin : begin + step]
            if limit_s < 0:  # the start alone takes longer
                block = np.full((len(some), self.nodes), np.inf)
            else:
                block = dijkstra(self.matrix, indices=some, limit=limit_s + HAIR_S)
            for offset, row in enumerate(block):
                yield begin + offset, row

    def path(self, source: int, targets: NDArray[np.int64]) -> tuple[float, NDArray[np.int64]]:
        """Give the seconds and the numbers of the arcs of a fastest way to the nearest target; ``inf`` and none if none."""
        seconds, before = dijkstra(self.matrix, indices=source, return_predecessors=True)
        target = int(targets[np.argmin(seconds[targets])])
        if not np.isfinite(seconds[target]):
            return np.inf, np.empty(0, dtype=np.int64)
        numbers = []
        node = target
        while node != source:
            tail = int(before[node])
            row = slice(self.indptr[tail], self.indptr[tail + 1])
            numbers.append(self.number[row][self.heads[row] == node][0])
            node = tail
        return float(seconds[target]), np.array(numbers[::-1], dtype=np.int64)

    def _with_starts(self, sources: NDArray[np.int64], start_s: NDArray[np.float64]) -> csr_array:
        """Give the matrix with one more node per source, whose one arc takes the seconds of the start."""
        total = self.nodes + len(sources)
        indptr = np.concatenate((self.indptr, self.indptr[-1] + np.arange(1, len(sources) + 1))).astype(np.int32)
        heads = np.concatenate((self.heads, sources.astype(np.int32)))
        return csr_array((np.concatenate((self.seconds, start_s)), heads, indptr), shape=(total, total))


def fastest(keys: NDArray[np.int64], seconds: NDArray[np.float64], number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the row of the least seconds of each key, in the order of the keys; of equals the lowest number."""
    order = np.argsort(keys, kind="stable")
    again = keys[order][1:] == keys[order][:-1]
    parallel = np.concatenate(([False], again)) | np.concatenate((again, [False]))
    if parallel.any():  # they are few: only they are sorted by seconds
        rows = order[parallel]
        order[parallel] = rows[np.lexsort((number[rows], seconds[rows], keys[rows]))]
    return order[np.concatenate(([True], ~again))] if len(keys) else order
