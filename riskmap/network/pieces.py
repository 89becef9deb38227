"""The pieces of road that are reached: cut exactly at the limit, and where another station or another way is faster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.network import cutting
from riskmap.network.arcs import Earliest
from riskmap.network.graph import Graph

WIDTH = 1e-9
"""Pieces that are a smaller share of their edge are roundings of a point."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Reached pieces of edges.

    Parameters
    ----------
    edge : int array
        Row of the network's edges.
    low, high : float arrays
        Shares of the edge between which the piece lies.
    source : int array
        Position of the station.
    begin_s, end_s : float arrays
        Arrival at the beginning and at the end, in the direction of travel.
    back : bool array
        Whether it is travelled against the edge's line.
    """

    edge: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    source: NDArray[np.int64]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    back: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.edge)

    def lines(self, lines: NDArray) -> NDArray:
        """Give the pieces as lines in the direction of travel, from the lines of all edges."""
        cut = cutting.between(lines[self.edge], self.low, self.high)
        return np.where(self.back, shapely.reverse(cut), cut)


def first_arrivals(graph: Graph, earliest: Earliest, limit_s: float) -> Pieces:
    """Give every stretch of road that is reached, once, with the station that comes first and the way it comes.

    Parameters
    ----------
    graph : Graph
        With the stations inserted.
    earliest : Earliest
        Arrivals up to the limit at least.
    limit_s : float
        Inclusive.
    """
    along_s, along_by, against_s, against_by = graph.entries(earliest)
    forward, backward = graph.forward_s, graph.backward_s
    meet = _meeting(along_s, against_s, forward, backward)
    ahead = np.minimum(_run(limit_s - along_s, forward), meet)
    behind = np.maximum(1 - _run(limit_s - against_s, backward), meet)
    one, other = np.flatnonzero(ahead > WIDTH), np.flatnonzero(behind < 1 - WIDTH)
    both = np.concatenate((one, other))
    low = np.concatenate((np.zeros(len(one)), behind[other]))
    high = np.concatenate((ahead[one], np.ones(len(other))))
    back = np.repeat([False, True], [len(one), len(other)])
    begin_s = np.concatenate((along_s[one], against_s[other]))
    end_s = begin_s + (high - low) * np.where(back, backward[both], forward[both])
    by = np.concatenate((along_by[one], against_by[other]))
    edge, low, high = _of_base(graph, both, low, high)
    order = np.lexsort((low, edge))
    return Pieces(edge[order], low[order], high[order], by[order], begin_s[order], end_s[order], back[order])


def _run(rest_s: NDArray[np.float64], whole_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the share of an edge that is travelled in the time that is left; 0 where it is closed or not reached."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(whole_s > 0, rest_s / whole_s, np.where(rest_s >= 0, 1.0, 0.0))
    return np.clip(np.where(np.isfinite(whole_s) & np.isfinite(rest_s), share, 0.0), 0.0, 1.0)


def _meeting(
    along_s: NDArray[np.float64],
    against_s: NDArray[np.float64],
    forward_s: NDArray[np.float64],
    backward_s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give the share of each edge up to which the one that comes along it is the first."""
    ahead, behind = np.isfinite(along_s) & np.isfinite(forward_s), np.isfinite(against_s) & np.isfinite(backward_s)
    both_s = np.where(ahead & behind, forward_s + backward_s, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        meet = np.where(
            both_s > 0, (against_s + backward_s - along_s) / both_s, np.where(along_s <= against_s, 1.0, 0.0)
        )
    return np.clip(np.where(ahead & behind, meet, np.where(ahead, 1.0, 0.0)), 0.0, 1.0)


def _of_base(
    graph: Graph, edge: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Give edges and shares as before places were inserted."""
    if graph.base is None:
        return edge, low, high
    begin, width = graph.share_from[edge], (graph.share_to - graph.share_from)[edge]
    return graph.base[edge], begin + low * width, begin + high * width


@dataclass(frozen=True, eq=False)
class Depth:
    """How many stations reach each stretch of road in time.

    Parameters
    ----------
    edge, low, high : arrays
        Stretches, as in :class:`Pieces`.
    count : int array
        Number of stations.
    only : int array
        Position of the station where it is the only one, else -1.
    """

    edge: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    count: NDArray[np.int64]
    only: NDArray[np.int64]


def reached_by_each(
    graph: Graph, sources: NDArray[np.int64], start_s: NDArray[np.float64], limit_s: float
) -> tuple[Depth, NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Give how deep the stations overlap, and what each reaches by itself.

    Returns
    -------
    Depth
    station, edge, low, high
        The stretches that each station reaches; those of one station do not overlap.
    """
    nothing, nowhere = np.empty(0, dtype=np.int64), np.empty(0)
    found = [(nothing, nothing, nowhere, nowhere)]
    for position, seconds in graph.seconds_from_each(sources, limit_s - start_s.min() if len(start_s) else 0.0):
        along, against = graph.departures(seconds)
        some = np.flatnonzero(np.isfinite(along) | np.isfinite(against))
        rest = limit_s - start_s[position]
        ahead = _run(rest - along[some], graph.forward_s[some])
        behind = 1 - _run(rest - against[some], graph.backward_s[some])
        whole = ahead >= behind
        one, other = ahead > WIDTH, (behind < 1 - WIDTH) & ~whole
        high = np.where(whole, 1.0, ahead)
        one |= whole
        found.append((np.full(one.sum(), position), some[one], np.zeros(one.sum()), high[one]))
        found.append((np.full(other.sum(), position), some[other], behind[other], np.ones(other.sum())))
    station, edge, low, high = (np.concatenate(column) for column in zip(*found, strict=True))
    depth = _overlaid(station, edge, low, high)
    base, b_low, b_high = _of_base(graph, depth.edge, depth.low, depth.high)
    return Depth(base, b_low, b_high, depth.count, depth.only), station, *_of_base(graph, edge, low, high)


def _overlaid(
    station: NDArray[np.int64], edge: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> Depth:
    """Lay stretches over one another: count them between each two ends."""
    at_edge, at = np.concatenate((edge, edge)), np.concatenate((low, high))
    step = np.repeat([1, -1], len(edge))
    order = np.lexsort((at, at_edge))
    at_edge, at, step = at_edge[order], at[order], step[order]
    count = np.cumsum(step)
    # the sum of the stations' numbers is the number of the one where there is one
    total = np.cumsum(step * np.concatenate((station, station))[order])
    stretch = (count[:-1] > 0) & (at[1:] - at[:-1] > WIDTH) & (at_edge[1:] == at_edge[:-1])
    i = np.flatnonzero(stretch)
    return Depth(at_edge[i], at[i], at[i + 1], count[i], np.where(count[i] == 1, total[i], -1))
