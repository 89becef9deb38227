"""The roads as people may take them in a hazard: nobody enters a zone, and who is inside leaves by its rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.network.evacuation_search import OpenArcs
from riskmap.network.evacuation_zones import FLAT_M, Cut, Depths, ExitLimits, may_leave
from riskmap.network.graph import BACKWARD, Graph
from riskmap.network.positions import Places
from riskmap.network.roads import RoadNetwork

if TYPE_CHECKING:
    import geopandas as gpd

BEND_M = 10.0
"""A road that bends by less than this off the straight line is straight."""

DEPTH_EVERY_M = 10.0
"""Water depth is looked at this often along a road."""

INSIDE_COST = 1e6
"""Cost of a second inside a closed zone, in seconds outside: the shortest exit comes before everything else."""


@dataclass(frozen=True, eq=False)
class Ways:
    """Roads, origins and shelters as one graph.

    Parameters
    ----------
    network : RoadNetwork
        Of the pieces of streets.
    graph : Graph
        With origins and shelters as nodes.
    origins, shelters : int arrays
        Their nodes.
    arcs : OpenArcs
        As the exit rules allow.
    early : OpenArcs
        Before the hazard strikes: whoever is inside may leave any way, and still nobody enters.
    inside : bool array (edges of ``graph``)
        In a zone that closes or slows.
    reason : int array (edges of the network)
        Row position of the zone that closes or slows an edge, -1 for none.
    penalised : bool array (edges of the network)
    """

    network: RoadNetwork
    graph: Graph
    origins: NDArray[np.int64]
    shelters: NDArray[np.int64]
    arcs: OpenArcs
    early: OpenArcs
    inside: NDArray[np.bool_]
    reason: NDArray[np.int64]
    penalised: NDArray[np.bool_]

    @property
    def base(self) -> NDArray[np.int64]:
        """Edge of the network that each edge of the graph is a part of."""
        return np.arange(len(self.graph)) if self.graph.base is None else self.graph.base


@dataclass(frozen=True, eq=False)
class _Zoned:
    """Which edges of a network lie in which zones, and what that does to them."""

    edge: NDArray[np.int64]
    zone: NDArray[np.int64]
    reason: NDArray[np.int64]
    closed: NDArray[np.bool_]
    slow: NDArray[np.float64]
    cost: NDArray[np.float64]


def ways(
    network: RoadNetwork,
    cut: Cut,
    zones: gpd.GeoDataFrame,
    origins: Places,
    shelters: Places,
    *,
    limits: ExitLimits | None = None,
    depths: Depths | None = None,
) -> Ways:
    """Give the roads as people may take them.

    Parameters
    ----------
    network : RoadNetwork
        Made from ``cut.tables``.
    cut : Cut
    zones : GeoDataFrame
        Those that the streets were cut at: ``action``, ``factor`` (on the speed where slowed, on the cost where
        penalised), ``exit``, ``source``, ``axis``.
    origins, shelters : Places
        All found.
    limits : ExitLimits, optional
    depths : callable, optional
    """
    zoned = _zoned(network, cut, zones)
    slowed = RoadNetwork(
        network.ids, _scaled(network.graph, zoned.slow), network.xy, network.length_m, network.given_lines, network.crs
    )
    places = origins.joined(shelters)
    graph, numbers = slowed.graph.insert(places)
    base = np.arange(len(graph)) if graph.base is None else graph.base
    inside = zoned.reason[base] >= 0
    shut = zoned.closed[base]
    tail, head, seconds, number = graph.arcs_of(np.arange(len(graph)))
    edge = number // 2
    length = _lengths(network.length_m, graph)[edge]
    cost = seconds * np.where(shut[edge], INSIDE_COST, zoned.cost[base[edge]])
    enters = inside[edge] & _border(network.graph, zoned.reason >= 0, graph.nodes)[tail]
    xy = _positions(network, places, numbers, graph.nodes)
    shape = _Shapes(network, graph, base, number)
    allowed = _allowed(xy, tail, head, shape, zoned, zones, limits or ExitLimits(), depths)

    def of(kept: NDArray[np.bool_]) -> OpenArcs:
        at = np.flatnonzero(kept)
        return OpenArcs(graph.nodes, tail[at], head[at], seconds[at], cost[at], number[at], length[at])

    return Ways(
        network,
        graph,
        numbers[: len(origins)],
        numbers[len(origins) :],
        of(~enters & allowed),
        of(~enters),
        inside,
        zoned.reason,
        zoned.cost > 1,
    )


def _zoned(network: RoadNetwork, cut: Cut, zones: gpd.GeoDataFrame) -> _Zoned:
    """Give what the zones do to the edges; of several zones the slowest counts, and all exit rules."""
    row = np.full(len(cut.tables.edges), -1)
    row[network.attributes["edge"].to_numpy()] = np.arange(len(network.graph))
    edge = row[cut.piece]
    edge, zone = edge[edge >= 0], cut.zone[edge >= 0]
    action = zones["action"].to_numpy()[zone]
    factor = zones["factor"].to_numpy(dtype=float)[zone]
    count = len(network.graph)
    reason, slow, cost = np.full(count, -1), np.ones(count), np.ones(count)
    closed = np.zeros(count, dtype=bool)
    closed[edge[action == "closed"]] = True
    kept = action != "penalised"
    # from the last to the first: the first zone of the table is the reason given
    reason[edge[kept][::-1]] = zone[kept][::-1]
    np.minimum.at(slow, edge[action == "slowed"], factor[action == "slowed"])
    np.maximum.at(cost, edge[~kept], factor[~kept])
    return _Zoned(edge[kept], zone[kept], reason, closed, slow, cost)


def unpenalised(arcs: OpenArcs) -> OpenArcs | None:
    """Give the arcs without what keeps people off penalised roads; None where there are none. Closed zones stay costly."""
    cost = np.where(arcs.cost < INSIDE_COST * arcs.seconds, arcs.seconds, arcs.cost)
    return None if np.array_equal(cost, arcs.cost) else replace(arcs, cost=cost)


def _scaled(graph: Graph, speed: NDArray[np.float64]) -> Graph:
    return Graph(graph.nodes, graph.tail, graph.head, graph.forward_s / speed, graph.backward_s / speed)


def _lengths(length_m: NDArray[np.float64], graph: Graph) -> NDArray[np.float64]:
    """Give the metres of each edge of a graph with inserted places."""
    if graph.base is None:
        return length_m
    return length_m[graph.base] * (graph.share_to - graph.share_from)


def _border(graph: Graph, inside: NDArray[np.bool_], nodes: int) -> NDArray[np.bool_]:
    """Tell which nodes some road outside all zones leads to."""
    border = np.zeros(nodes, dtype=bool)
    border[graph.tail[~inside]] = True
    border[graph.head[~inside]] = True
    return border


def _positions(network: RoadNetwork, places: Places, numbers: NDArray[np.int64], nodes: int) -> NDArray[np.float64]:
    """Give the coordinates of all nodes, inserted places too."""
    xy = np.full((nodes, 2), np.nan)
    xy[: len(network.xy)] = network.xy
    new = numbers >= len(network.ids)
    at = shapely.line_interpolate_point(network.lines[places.edge[new]], places.share[new], normalized=True)
    xy[numbers[new]] = shapely.get_coordinates(at)
    return xy


@dataclass(frozen=True, eq=False)
class _Shapes:
    """Which way arcs run between their ends."""

    network: RoadNetwork
    graph: Graph
    base: NDArray[np.int64]
    number: NDArray[np.int64]

    def straights(self, arc: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Give where the straight parts of some arcs begin and end, bends of a few metres aside, and which arc each is of."""
        xy, of = shapely.get_coordinates(shapely.simplify(self._lines(arc), BEND_M), return_index=True)
        follows = np.flatnonzero(of[1:] == of[:-1])
        return xy[follows], xy[follows + 1], of[follows]

    def deepens(self, arc: NDArray[np.int64], depths: Depths, tolerance_m: float) -> NDArray[np.bool_]:
        """Tell on which arcs the water becomes deeper somewhere on the way than it was before, whatever it is at the end."""
        course = shapely.segmentize(self._lines(arc), DEPTH_EVERY_M)
        xy, of = shapely.get_coordinates(course, return_index=True)
        depth = pd.Series(np.nan_to_num(depths(xy)))
        rise = depth - depth.groupby(of).cummin()
        return np.bincount(of, rise > tolerance_m + FLAT_M, minlength=len(arc)) > 0

    def _lines(self, arc: NDArray[np.int64]) -> NDArray:
        """Give the lines of some arcs in the direction of travel."""
        edge = self.number[arc] // 2
        lines = self.network.lines[self.base[edge]]
        if self.graph.base is not None:
            part = (self.graph.share_from[edge] > 0) | (self.graph.share_to[edge] < 1)
            ends = zip(self.graph.share_from[edge[part]], self.graph.share_to[edge[part]], strict=True)
            cut = [
                shapely.ops.substring(line, *at, normalized=True) for line, at in zip(lines[part], ends, strict=True)
            ]
            lines = lines.copy()
            lines[part] = cut
        return np.where(self.number[arc] % 2 == BACKWARD, shapely.reverse(lines), lines)


def _allowed(
    xy: NDArray[np.float64],
    tail: NDArray[np.int64],
    head: NDArray[np.int64],
    shape: _Shapes,
    zoned: _Zoned,
    zones: gpd.GeoDataFrame,
    limits: ExitLimits,
    depths: Depths | None,
) -> NDArray[np.bool_]:
    """Tell which arcs the exit rules of all their zones allow; arcs outside are all allowed.

    Rules about a direction hold for every straight part of an arc, that about the depth all along it, the others for its
    ends.
    """
    allowed = np.ones(len(tail), dtype=bool)
    if not len(zoned.edge):
        return allowed
    base = shape.base[shape.number // 2]
    order = np.argsort(base, kind="stable")
    begin = np.searchsorted(base[order], zoned.edge)
    end = np.searchsorted(base[order], zoned.edge, side="right")
    pair = np.repeat(np.arange(len(zoned.edge)), end - begin)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin)
    arc, zone = order[begin[pair] + within], zoned.zone[pair]
    directed = np.isin(zones["exit"].to_numpy()[zone], ("sideways", "away"))
    arc_of = arc[~directed]
    fine = may_leave(xy[tail[arc_of]], xy[head[arc_of]], zones, zone[~directed], limits=limits, depths=depths)
    allowed[arc_of[~fine]] = False
    falling = zones["exit"].to_numpy()[zone] == "lower_depth"
    if depths is not None and falling.any():
        wet = np.unique(arc[falling])
        allowed[wet[shape.deepens(wet, depths, limits.depth_tolerance_m)]] = False
    if directed.any():
        start, stop, of = shape.straights(arc[directed])
        fine = may_leave(start, stop, zones, zone[directed][of], limits=limits)
        allowed[arc[directed][of[~fine]]] = False
    return allowed


def line_of(ways: Ways, number: NDArray[np.int64], start: int) -> shapely.LineString:
    """Give the line of a way from the numbers of its arcs; a point twice where the way is none.

    Parameters
    ----------
    ways : Ways
    number : int array
        ``2 * edge + direction``, in the order of travel.
    start : int
        Node where the way begins; it must have an edge.
    """
    lines, graph = ways.network.lines, ways.graph
    pieces = []
    for edge, direction in zip(number // 2, number % 2, strict=True):
        part = lines[ways.base[edge]]
        if graph.base is not None and (graph.share_from[edge], graph.share_to[edge]) != (0.0, 1.0):
            part = shapely.ops.substring(part, graph.share_from[edge], graph.share_to[edge], normalized=True)
        xy = shapely.get_coordinates(part)
        pieces.append(xy[::-1] if direction == BACKWARD else xy)
    if not pieces:
        at = np.flatnonzero(graph.tail == start)
        end, share = (graph.tail, 0.0) if len(at) else (graph.head, 1.0)
        edge = int(np.flatnonzero(end == start)[0])
        if graph.base is not None:
            share = float((graph.share_from if share == 0.0 else graph.share_to)[edge])
        xy = shapely.get_coordinates(shapely.line_interpolate_point(lines[ways.base[edge]], share, normalized=True))
        return shapely.LineString(np.repeat(xy, 2, axis=0))
    xy = np.concatenate(pieces)
    xy = xy[np.concatenate(([True], np.any(np.diff(xy, axis=0) != 0, axis=1)))]
    return shapely.LineString(xy if len(xy) > 1 else np.repeat(xy, 2, axis=0))
