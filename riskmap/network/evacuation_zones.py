"""Hazard zones on the streets: streets end at the border of a zone, and each zone has its rule for leaving it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from riskmap.crs import require_same
from riskmap.network.graph import components
from riskmap.network.restrictions import no_turns
from riskmap.network.streets import StreetTables
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

Exit = Literal["shortest", "sideways", "lower_depth", "away", "none"]
"""How a zone is left: by the shortest exit; away from the channel and not along it; towards lower water; away from the
source; not at all, nobody gets through."""

Action = Literal["closed", "slowed", "penalised"]
"""What a zone does to its roads: nobody enters; nobody enters and who leaves is slow; people keep off where they can."""

NEAR_M = 1e-3
"""A cut this near to the end of a street is its end."""

FLAT_M = 1e-6
"""Distances and depths that differ by less are equal."""

Depths = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Coordinates (n, 2) -> depth of water in metres, NaN or 0 where there is none."""


@dataclass(frozen=True)
class ExitLimits:
    """Numbers of the exit rules.

    Parameters
    ----------
    along_degrees : float
        A road whose direction is nearer than this to that of the channel goes along it.
    downwind_degrees : float
        A road whose direction is nearer than this to that of the wind goes with it.
    depth_tolerance_m : float
        Water that is deeper by no more than this is not deeper.
    wind_from_degrees : float or None
        Where the wind comes from, clockwise from north; None unknown.
    """

    along_degrees: float = 30.0
    downwind_degrees: float = 45.0
    depth_tolerance_m: float = 0.1
    wind_from_degrees: float | None = None


@dataclass(frozen=True, eq=False)
class Cut:
    """Streets that end at the borders of zones.

    Parameters
    ----------
    tables : StreetTables
        Pieces of streets; ``street`` is the number of the street each was cut from. Turn restrictions are left out: in
        an evacuation the traffic is directed.
    piece, zone : int arrays
        Which piece lies in which zone (row positions); a piece may lie in several.
    """

    tables: StreetTables
    piece: NDArray[np.int64]
    zone: NDArray[np.int64]


def cut_streets(tables: StreetTables, zones: gpd.GeoDataFrame) -> Cut:
    """Cut streets where they enter or leave a zone, or cross its channel.

    Parameters
    ----------
    tables : StreetTables
    zones : GeoDataFrame
        Polygons in the streets' system; ``axis`` (the line of the channel, or None) where there is one.

    Raises
    ------
    CRSMismatchError
    """
    import geopandas as gpd

    require_same(zones.crs, tables.edges.crs, what=Text("危险区与道路", "hazard zones and roads"))
    lines = tables.edges.geometry.to_numpy()
    edges = tables.edges.assign(street=tables.edges["edge"])
    line, metres = _cuts(lines, zones)
    nodes = tables.nodes
    if len(line):
        whole = np.ones(len(lines), dtype=bool)
        whole[line] = False
        parts, points = _parts(edges, lines, line, metres, len(nodes))
        edges = pd.concat([edges[whole], parts], ignore_index=True)
        more = gpd.GeoDataFrame({"node": len(nodes) + np.arange(len(points))}, geometry=points, crs=nodes.crs)
        nodes = pd.concat([nodes.drop(columns="component"), more], ignore_index=True)
        nodes["component"] = components(len(nodes), edges["u"].to_numpy(), edges["v"].to_numpy())
    edges = edges.assign(edge=np.arange(len(edges)), length_m=edges.geometry.length)
    made = replace(tables, edges=edges, nodes=nodes, turns=no_turns())
    middle = shapely.line_interpolate_point(edges.geometry.to_numpy(), 0.5, normalized=True)
    zone, piece = shapely.STRtree(middle).query(zones.geometry.to_numpy(), predicate="intersects")
    order = np.lexsort((zone, piece))
    return Cut(made, piece[order], zone[order])


def _cuts(lines: NDArray, zones: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give where lines meet the borders and channels of zones: number of the line and metres along it, sorted."""
    borders = list(shapely.get_parts(shapely.boundary(zones.geometry.to_numpy())))
    if "axis" in zones.columns:
        borders += list(shapely.get_parts([axis for axis in zones["axis"] if axis is not None]))
    segments = _segments(np.array(borders, dtype=object))
    segment, line = shapely.STRtree(lines).query(segments, predicate="intersects").reshape(2, -1)
    meets = shapely.intersection(lines[line], segments[segment])
    xy, at = shapely.get_coordinates(meets, return_index=True)
    line = line[at]
    metres = shapely.line_locate_point(lines[line], shapely.points(xy))
    inside = (metres > NEAR_M) & (metres < shapely.length(lines[line]) - NEAR_M)
    line, metres = line[inside], metres[inside]
    order = np.lexsort((metres, line))
    line, metres = line[order], metres[order]
    again = np.zeros(len(line), dtype=bool)
    again[1:] = (line[1:] == line[:-1]) & (np.diff(metres) < NEAR_M)
    return line[~again], metres[~again]


def _segments(lines: NDArray) -> NDArray:
    """Give the straight pieces of lines."""
    xy, of = shapely.get_coordinates(lines, return_index=True)
    follows = np.flatnonzero(of[1:] == of[:-1])
    return shapely.linestrings(np.stack((xy[follows], xy[follows + 1]), axis=1))


def _parts(
    edges: gpd.GeoDataFrame, lines: NDArray, line: NDArray[np.int64], metres: NDArray[np.float64], first_node: int
) -> tuple[gpd.GeoDataFrame, list[Any]]:
    """Give the parts of cut streets and the points of the nodes between them, numbered from ``first_node``."""
    rows, pieces, tails, heads = [], [], [], []
    points: list[Any] = []
    tail, head = edges["u"].to_numpy(), edges["v"].to_numpy()
    for number, at in pd.Series(metres).groupby(line, sort=True):
        ends = [0.0, *at, lines[number].length]
        between = first_node + len(points) + np.arange(len(at))
        points += [lines[number].interpolate(m) for m in at]
        pieces += [substring(lines[number], a, b) for a, b in itertools.pairwise(ends)]
        tails += [tail[number], *between]
        heads += [*between, head[number]]
        rows += [number] * (len(at) + 1)
    return edges.iloc[rows].assign(u=tails, v=heads).set_geometry(np.array(pieces), crs=edges.crs), points


def may_leave(
    tail: NDArray[np.float64],
    head: NDArray[np.float64],
    zones: gpd.GeoDataFrame,
    zone: NDArray[np.int64],
    *,
    limits: ExitLimits,
    depths: Depths | None = None,
) -> NDArray[np.bool_]:
    """Tell which arcs the exit rule of their zone allows.

    Parameters
    ----------
    tail, head : float arrays (arcs, 2)
        Where each arc begins and ends.
    zones : GeoDataFrame
        ``exit`` (see :data:`Exit`), ``source`` (point or None), ``axis`` (line or None).
    zone : int array (arcs)
        Row position of the zone.
    limits : ExitLimits
    depths : callable, optional
        Depth of water; without it ``lower_depth`` allows every arc.

    Notes
    -----
    A zone of ``sideways`` without a channel, and one of ``away`` without a source, is left by any arc.
    """
    allowed = np.ones(len(zone), dtype=bool)
    rule = zones["exit"].to_numpy()[zone]
    allowed[rule == "none"] = False
    for name, check in (("sideways", _off_channel), ("away", _off_source)):
        for number in np.unique(zone[rule == name]):
            at = np.flatnonzero(zone == number)
            allowed[at] = check(tail[at], head[at], zones.iloc[number], limits)
    falling = rule == "lower_depth"
    if depths is not None and falling.any():
        before, after = (np.nan_to_num(depths(xy[falling])) for xy in (tail, head))
        allowed[falling] = after <= before + limits.depth_tolerance_m + FLAT_M
    return allowed


def _off_channel(
    tail: NDArray[np.float64], head: NDArray[np.float64], zone: Any, limits: ExitLimits
) -> NDArray[np.bool_]:
    """Tell which arcs lead away from a channel, and not along it."""
    axis = zone.get("axis")
    if axis is None:
        return np.ones(len(tail), dtype=bool)
    farther = shapely.distance(shapely.points(head), axis) > shapely.distance(shapely.points(tail), axis) + FLAT_M
    at = shapely.line_locate_point(axis, shapely.points((tail + head) / 2))
    ahead, back = (
        shapely.get_coordinates(shapely.line_interpolate_point(axis, np.clip(at + step, 0, axis.length)))
        for step in (1.0, -1.0)
    )
    return farther & (np.abs(_cosine(head - tail, ahead - back)) < np.cos(np.radians(limits.along_degrees)))


def _off_source(
    tail: NDArray[np.float64], head: NDArray[np.float64], zone: Any, limits: ExitLimits
) -> NDArray[np.bool_]:
    """Tell which arcs lead away from a source, and not with the wind where that is known."""
    source = zone.get("source")
    if source is None:
        return np.ones(len(tail), dtype=bool)
    place = shapely.get_coordinates(source)[0]
    away = np.hypot(*(head - place).T) > np.hypot(*(tail - place).T) + FLAT_M
    if limits.wind_from_degrees is None:
        return away
    bearing = np.radians(limits.wind_from_degrees + 180)
    downwind = np.broadcast_to([np.sin(bearing), np.cos(bearing)], tail.shape)
    return away & (_cosine(head - tail, downwind) < np.cos(np.radians(limits.downwind_degrees)))


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.hypot(*one.T) * np.hypot(*other.T)
    return np.sum(one * other, axis=1) / np.where(size > 0, size, 1.0)
