"""Lines become streets between junctions: cut where roads really meet, nowhere else.

Roads meet where they share a vertex, and where the end of one touches another. Roads that only cross on the drawing
meet only when the caller says so, and never on bridges, in tunnels or on different levels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.network.chains import KEY_M, Parts, keys, merged, parts_of, with_vertices

TOUCH_M = 0.1
"""An end this near to another road touches it (contract 11.15): what snapping in a drawing leaves open."""

SPANNING = -1_000
"""In the place of a level: bridges and tunnels, which meet nothing that they cross."""


@dataclass(frozen=True, eq=False)
class Streets:
    """Streets between junctions; where several roads lie on one another the first one stands for all.

    Parameters
    ----------
    lines : array of LineStrings (streets)
        In the direction of the first road's line.
    tail, head : int arrays (streets)
        Numbers of the nodes at the beginning and the end.
    xy : float array (nodes, 2)
    street, road, turned : arrays (pieces)
        Every piece of every road: the street it lies on, the row position of the road, whether the road runs against
        the street's line.
    bridging : int array (streets)
        0, or 1 for a street that was put in to close a gap.
    drawn_components : int
        Number of connected parts by shared vertices alone, before ends were joined to roads that they touch.
    touches : array of points
        Ends that were joined to a road that they touch without a shared vertex.
    crossings : array of points
        Where roads of one level, bridges and tunnels aside, cross on the drawing without meeting.
    gaps : array of LineStrings
        From a dead end to the road that it stops short of, left open.
    gap_roads : int array (gaps)
        Row position of the road that ends there.
    empty : int array
        Row positions of roads without any length.
    """

    lines: NDArray
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    xy: NDArray[np.float64]
    street: NDArray[np.int64]
    road: NDArray[np.int64]
    turned: NDArray[np.bool_]
    bridging: NDArray[np.int64]
    drawn_components: int
    touches: NDArray
    crossings: NDArray
    gaps: NDArray
    gap_roads: NDArray[np.int64]
    empty: NDArray[np.int64]


def node(
    lines: NDArray,
    level: NDArray[np.int64],
    *,
    spans: NDArray[np.bool_] | None = None,
    node_crossings: bool = False,
    close_gaps_m: float = 0.0,
    report_gaps_m: float = 0.0,
) -> Streets:
    """Cut roads into streets where they meet.

    Parameters
    ----------
    lines : array of lines, single or multiple
        In metres; missing and empty ones have no street.
    level : int array
        0 on the ground; see :func:`levels`.
    spans : bool array, optional
        Bridges and tunnels; none by default.
    node_crossings : bool
        Whether roads of one level, bridges and tunnels aside, also meet where they cross without a shared vertex.
    close_gaps_m : float
        Dead ends this near to another road of their level are joined to it by a straight street.
    report_gaps_m : float
        Dead ends this near that stay open are reported.
    """
    parts, empty = parts_of(lines, level)
    if not len(parts.key):
        return _nothing(empty)
    drawn = parts.components()
    storey = level if spans is None else np.where(spans, SPANNING, level)
    parts, touches = _touching(parts)
    if node_crossings:
        parts = _crossing(parts, storey[parts.road])
    if close_gaps_m > 0:
        parts = _closed(parts, close_gaps_m)
    streets = _streets(parts)
    crossings = _crossing_points(streets.lines, _street_levels(streets, storey))[2]
    gaps, ends = _gaps(streets, level, report_gaps_m) if report_gaps_m > 0 else (np.empty(0, object), np.empty(0, int))
    return replace(
        streets,
        drawn_components=drawn,
        touches=touches,
        crossings=crossings,
        gaps=gaps,
        gap_roads=ends,
        empty=empty,
    )


def levels(bridge: NDArray[np.bool_], tunnel: NDArray[np.bool_], layer: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the level of each road: its layer, else 1 on bridges and -1 in tunnels; a bridge of layer 0 is not the ground.

    Parameters
    ----------
    bridge, tunnel : bool arrays
    layer : float array
        NaN unknown.
    """
    level = np.where(np.isnan(layer), 0, layer).astype(np.int64)
    level = np.where(bridge & (level == 0), 1, level)
    return np.where(tunnel & ~bridge & (level == 0), -1, level)


def _nothing(empty: NDArray[np.int64]) -> Streets:
    none, objects = np.empty(0, dtype=np.int64), np.empty(0, dtype=object)
    return Streets(
        objects,
        none,
        none,
        np.empty((0, 2)),
        none,
        none,
        none.astype(bool),
        none,
        0,
        objects,
        objects,
        objects,
        none,
        empty,
    )


def _touching(parts: Parts) -> tuple[Parts, NDArray]:
    """Join ends to the roads that they touch: to a vertex where one is near enough, else to a new one; give the ends."""
    lines = parts.lines()
    at = np.flatnonzero(parts.first | parts.last)
    at = at[np.unique(parts.key[at], return_index=True)[1]]
    end, part = shapely.STRtree(lines).query(shapely.points(parts.xy[at]), predicate="dwithin", distance=TOUCH_M)
    end = at[end]
    apart = ~np.isin(part * parts.places + parts.key[end], parts.part * parts.places + parts.key)
    # a road that ends below a bridge, or on it, does not meet it; what touches the ground does
    apart &= (parts.level[part] == 0) | (parts.level[part] == parts.level[parts.part[end]])
    apart &= ~_passed_over(parts, end, part)
    end, part = end[apart], part[apart]
    where = shapely.points(parts.xy[end])
    if not len(end):
        return parts, where
    at_m = shapely.line_locate_point(lines[part], where)
    grown = with_vertices(parts, part, at_m, parts.xy[end], parts.key[end])
    _, once = np.unique(parts.key[end], return_index=True)
    return merged(grown, _near_vertices(parts, end, part)), where[once]


def _passed_over(parts: Parts, end: NDArray[np.int64], part: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which ends belong to a bridge or tunnel that goes on in another piece, just where it crosses a road of the ground."""
    goes_on = parts.neighbours(parts.level != 0)[parts.key[end]] > 1
    xy = parts.xy[end]
    ends = (parts.xy[parts.first][part], parts.xy[parts.last][part])
    inside = np.logical_and.reduce([np.hypot(*(xy - at).T) > TOUCH_M for at in ends])
    return goes_on & inside & (parts.level[part] == 0) & (parts.level[parts.part[end]] != 0)


def _near_vertices(parts: Parts, end: NDArray[np.int64], part: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give pairs of keys: ends, and vertices within the touching distance of them on the roads that they touch."""
    start = np.searchsorted(parts.part, np.arange(len(parts.road) + 1))
    pairs = []
    for e, p in zip(end.tolist(), part.tolist(), strict=True):
        run = slice(start[p], start[p + 1])
        near = np.hypot(*(parts.xy[run] - parts.xy[e]).T) <= TOUCH_M
        pairs += [(parts.key[e], k) for k in parts.key[run][near]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _crossing(parts: Parts, storey: NDArray[np.int64]) -> Parts:
    """Join roads of one level where they cross."""
    one, other, points = _crossing_points(parts.lines(), storey)
    if not len(points):
        return parts
    lines, xy = parts.lines(), shapely.get_coordinates(points)
    new = keys(xy) + parts.places
    part = np.concatenate((one, other))
    at_m = shapely.line_locate_point(lines[part], np.concatenate((points, points)))
    return with_vertices(parts, part, at_m, np.concatenate((xy, xy)), np.concatenate((new, new)))


def _crossing_points(lines: NDArray, storey: NDArray[np.int64]) -> tuple[NDArray, NDArray, NDArray]:
    """Give pairs of lines of one level that cross each other's inside, and the points where they do."""
    at = np.flatnonzero(storey != SPANNING)
    one, other = shapely.STRtree(lines[at]).query(lines[at], predicate="crosses")
    one, other = at[one], at[other]
    pair = (one < other) & (storey[one] == storey[other])
    one, other = one[pair], other[pair]
    points, pair = shapely.get_parts(shapely.intersection(lines[one], lines[other]), return_index=True)
    is_point = shapely.get_dimensions(points) == 0
    points, one, other = points[is_point], one[pair[is_point]], other[pair[is_point]]
    # lines that share a vertex there, or end there, have met already
    met = [_at_vertex(points, lines[side]) for side in (one, other)]
    apart = ~(met[0] & met[1])
    return one[apart], other[apart], points[apart]


def _at_vertex(points: NDArray, lines: NDArray) -> NDArray[np.bool_]:
    """Tell which points lie on a vertex of their line."""
    if not len(lines):
        return np.zeros(0, dtype=bool)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    return shapely.distance(points, shapely.multipoints(xy, indices=line)) <= KEY_M


def _closed(parts: Parts, close_gaps_m: float) -> Parts:
    """Join dead ends to the nearest road of their level by straight parts."""
    lines = parts.lines()
    dead = np.flatnonzero((parts.first | parts.last) & (parts.neighbours()[parts.key] == 1))
    dead = dead[np.unique(parts.key[dead], return_index=True)[1]]
    own = parts.part * parts.places + parts.key
    end, part = shapely.STRtree(lines).query(shapely.points(parts.xy[dead]), predicate="dwithin", distance=close_gaps_m)
    end = dead[end]
    apart = ~np.isin(part * parts.places + parts.key[end], own) & (parts.level[part] == parts.level[parts.part[end]])
    end, part = end[apart], part[apart]
    metres = shapely.distance(shapely.points(parts.xy[end]), lines[part])
    order = np.lexsort((part, metres, end))
    end, part = end[order], part[order]
    nearest = np.concatenate(([True], end[1:] != end[:-1])) if len(end) else np.zeros(0, dtype=bool)
    end, part = end[nearest], part[nearest]
    if not len(end):
        return parts
    at_m = shapely.line_locate_point(lines[part], shapely.points(parts.xy[end]))
    xy = shapely.get_coordinates(shapely.line_interpolate_point(lines[part], at_m))
    key, xy = _known_places(parts, part, xy)
    grown = with_vertices(parts, part, at_m, xy, key)
    link = len(parts.road) + np.repeat(np.arange(len(end)), 2)
    return Parts(
        np.concatenate((grown.xy, np.stack((parts.xy[end], xy), axis=1).reshape(-1, 2))),
        np.concatenate((grown.key, np.column_stack((parts.key[end], key)).ravel())),
        np.concatenate((grown.part, link)),
        np.concatenate((parts.road, parts.road[parts.part[end]])),
        np.concatenate((parts.level, parts.level[parts.part[end]])),
        np.concatenate((parts.bridging, np.ones(len(end), dtype=np.int64))),
    )


def _known_places(
    parts: Parts, part: NDArray[np.int64], xy: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give the keys of places on parts: of a vertex that is there already, else new ones."""
    key, xy = parts.places + np.arange(len(part)), xy.copy()
    start = np.searchsorted(parts.part, np.arange(len(parts.road) + 1))
    for i, p in enumerate(part.tolist()):
        run = slice(start[p], start[p + 1])
        away = np.hypot(*(parts.xy[run] - xy[i]).T)
        if away.min() <= TOUCH_M:
            key[i], xy[i] = parts.key[run][away.argmin()], parts.xy[run][away.argmin()]
    return key, xy


def _streets(parts: Parts) -> Streets:
    """Cut parts at the places where roads meet; streets on one another become one."""
    parts = replace(parts, key=_by_level(parts))
    ends = parts.first | parts.last
    is_node = parts.neighbours() > 2
    is_node[parts.key[ends]] = True
    inner = is_node[parts.key] & ~ends
    vertex = np.repeat(np.arange(len(parts.key)), 1 + inner)
    begins = np.concatenate(([True], vertex[1:] == vertex[:-1])) | parts.first[vertex]
    street = np.cumsum(begins) - 1
    lines = shapely.linestrings(parts.xy[vertex], indices=street)
    finishes = np.concatenate((begins[1:], [True]))
    nodes, ends_at = np.unique(parts.key[vertex[begins | finishes]], return_inverse=True)
    tail, head = ends_at.reshape(-1, 2).T
    place = np.zeros((parts.places, 2))
    place[parts.key] = parts.xy
    part = parts.part[vertex[begins]]
    code, first, turned = identical(lines)
    none = np.empty(0, dtype=object)
    return Streets(
        lines[first],
        tail[first],
        head[first],
        place[nodes],
        code,
        parts.road[part],
        turned,
        parts.bridging[part[first]],
        0,
        none,
        none,
        none,
        none.astype(np.int64),
        none.astype(np.int64),
    )


def _by_level(parts: Parts) -> NDArray[np.int64]:
    """Give keys in which roads of different levels that pass through one place, where none ends, do not meet."""
    has_end = np.zeros(parts.places, dtype=bool)
    has_end[parts.key[parts.first | parts.last]] = True
    level = np.where(has_end[parts.key], 0, parts.level[parts.part] - parts.level.min() + 1)
    return np.unique(parts.key * (level.max() + 1) + level, return_inverse=True)[1]


def identical(lines: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Find lines that lie on one another.

    Returns
    -------
    int array
        Number of each line's place, by first appearance.
    int array
        First line of each place.
    bool array
        Whether a line runs against the first one of its place.
    """
    code = pd.factorize(shapely.to_wkb(shapely.normalize(lines)))[0]
    first = np.unique(code, return_index=True)[1]
    wkb = shapely.to_wkb(lines)
    return code, first, wkb != wkb[first[code]]


def _street_levels(streets: Streets, level: NDArray[np.int64]) -> NDArray[np.int64]:
    result = np.zeros(len(streets.lines), dtype=np.int64)
    result[streets.street[::-1]] = level[streets.road[::-1]]
    return result


def _gaps(streets: Streets, level: NDArray[np.int64], report_gaps_m: float) -> tuple[NDArray, NDArray[np.int64]]:
    """Give lines from dead ends to the nearest street of their level that is near and does not begin there."""
    every = np.concatenate((streets.tail, streets.head))
    dead = np.flatnonzero(np.bincount(every, minlength=len(streets.xy)) == 1)
    own = np.zeros(len(streets.xy), dtype=np.int64)
    own[every] = np.tile(np.arange(len(streets.lines)), 2)
    points = shapely.points(streets.xy[dead])
    end, near = shapely.STRtree(streets.lines).query(points, predicate="dwithin", distance=report_gaps_m)
    street, levels_ = own[dead[end]], _street_levels(streets, level)
    other = streets.tail[street] + streets.head[street] - dead[end]
    # a stub leaves its own road by a few metres: that is no gap
    stub = (shapely.length(streets.lines[street]) <= 2 * report_gaps_m) & (
        (streets.tail[near] == other) | (streets.head[near] == other)
    )
    apart = (near != street) & (levels_[near] == levels_[street]) & ~stub
    end, near = end[apart], near[apart]
    lines = shapely.shortest_line(points[end], streets.lines[near])
    order = np.lexsort((near, shapely.length(lines), end))
    end, lines = end[order], lines[order]
    nearest = np.concatenate(([True], end[1:] != end[:-1])) if len(end) else np.zeros(0, dtype=bool)
    road = np.zeros(len(streets.lines), dtype=np.int64)
    road[streets.street[::-1]] = streets.road[::-1]
    return lines[nearest], road[own[dead[end[nearest]]]]
