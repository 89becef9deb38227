"""What lies within a distance of a line, and along which stretch of it: exact, vectorised over all lines at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.overlay.chainage import Floats, Segments

HAIR_M = 1e-6
"""A distance of exactly 200 m is within 200 m, whatever the last binary digit says."""

TOUCH_M = 0.01
"""Stretches closer than this along the line are one."""

OUTLINE_STEP_M = 25.0
"""Outlines of polygons are looked at every so many metres, and at their nearest place to each segment."""

OBJECTS_PER_BLOCK, SEGMENTS_PER_BLOCK = 50_000, 100_000
"""Bound the memory of a search to some hundred megabytes, also where the paths of a dense net pass each object hundreds of times."""


class Stretches(NamedTuple):
    """Stretches of courses: number of the object, number of the course, from and to (m along the course)."""

    object: NDArray[np.int64]
    course: NDArray[np.int64]
    start: Floats
    stop: Floats

    def take(self, at: Any) -> Stretches:
        """Give some of the stretches, by number or slice."""
        return Stretches(self.object[at], self.course[at], self.start[at], self.stop[at])


NONE = Stretches(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))


def beside(segments: Segments, objects: NDArray[Any], within_m: Any) -> Stretches:
    """Give where along the lines the objects stand that are near enough.

    An object stands at its nearest place on each pass of the line (a line that comes back passes twice); an outline
    takes up the line from its first to its last place.

    Parameters
    ----------
    segments : Segments
    objects : array of points or polygons
    within_m : float or (courses,) array
        Distance, inclusive; one for each course or one for all.

    Returns
    -------
    Stretches
        One row per object and pass; ``start == stop`` for points.
    """
    reach = _reach(segments, within_m)
    found = [
        _beside(
            segments.part(ways), objects, np.arange(first, min(first + OBJECTS_PER_BLOCK, len(objects))), reach[ways]
        )
        for ways in _blocks(segments.course)
        for first in range(0, len(objects), OBJECTS_PER_BLOCK)
    ]
    return _joined(found)


def along(segments: Segments, objects: NDArray[Any], within_m: Any) -> Stretches:
    """Give the stretches of the lines that lie within a distance of lines or polygons (inside counts as 0 m).

    Parameters
    ----------
    segments : Segments
    objects : array of points, lines or polygons
    within_m : float or (courses,) array
        Distance, inclusive.

    Returns
    -------
    Stretches
        Disjoint per object and course.
    """
    reach = _reach(segments, within_m)
    edges, owner = _edges(objects)
    lines = segments.lines()
    found = []
    if len(edges):
        seg, edge = shapely.STRtree(edges).query(lines, predicate="dwithin", distance=reach + HAIR_M)
        low, high = _within_of_edge(segments, seg, shapely.get_coordinates(edges).reshape(-1, 2, 2)[edge], reach[seg])
        near = low <= high
        seg, low, high = seg[near], low[near], high[near]
        found.append(Stretches(owner[edge[near]], segments.course[seg], segments.s[seg] + low, segments.s[seg] + high))
    areas = np.flatnonzero(shapely.get_dimensions(objects) == 2)
    if len(areas):
        found.append(_crossed(segments, lines, objects, areas))
    return merge(_joined(found))


def merge(stretches: Stretches, gap_m: float = TOUCH_M) -> Stretches:
    """Join stretches of one object on one course that overlap or lie within ``gap_m`` of each other."""
    if not len(stretches.start):
        return NONE
    order = np.lexsort((stretches.start, stretches.course, stretches.object))
    owner, course, start, stop = stretches.take(order)
    first = _breaks(owner, course, start, stop, gap_m)
    at = np.flatnonzero(first)
    return Stretches(owner[at], course[at], start[at], np.maximum.reduceat(stop, at))


def by_course(stretches: Stretches) -> Stretches:
    """Sort stretches by course, for :func:`of_course`."""
    order = np.lexsort((stretches.object, stretches.stop, stretches.start, stretches.course))
    return stretches.take(order)


def of_course(stretches: Stretches, course: int) -> Stretches:
    """Give the stretches of one course out of stretches sorted by course."""
    low, high = np.searchsorted(stretches.course, [course, course + 1])
    return stretches.take(slice(low, high))


def _blocks(course: NDArray[np.int64]) -> Iterator[slice]:
    """Cut segments into blocks of whole courses: a pass never goes on in another course."""
    begin = 0
    while begin < len(course):
        wanted = min(begin + SEGMENTS_PER_BLOCK, len(course)) - 1
        end = int(np.searchsorted(course, course[wanted], side="right"))
        yield slice(begin, end)
        begin = end


def _reach(segments: Segments, within_m: Any) -> Floats:
    reach = np.asarray(within_m, dtype=float)
    return np.broadcast_to(reach, segments.course.shape) if reach.ndim == 0 else reach[segments.course]


def _joined(found: list[Stretches]) -> Stretches:
    return Stretches(*(np.concatenate(a) for a in zip(*found, strict=True))) if found else NONE


def _breaks(
    owner: NDArray[np.int64], course: NDArray[np.int64], start: Floats, stop: Floats, gap_m: float
) -> NDArray[np.bool_]:
    """Mark the rows (sorted by owner, course, start) at which a new stretch begins."""
    group = np.concatenate([[False], (np.diff(owner) != 0) | (np.diff(course) != 0)])
    # one running maximum serves all groups when each is lifted above the ones before
    lift = np.cumsum(group) * (float(stop.max()) - min(0.0, float(start.min())) + gap_m + 1.0)
    reached = np.maximum.accumulate(stop + lift)
    return group | np.concatenate([[True], start[1:] + lift[1:] > reached[:-1] + gap_m])


def _beside(segments: Segments, objects: NDArray[Any], block: NDArray[np.int64], reach: Floats) -> Stretches:
    shapes = objects[block]
    seg, near = shapely.STRtree(shapes).query(segments.lines(), predicate="dwithin", distance=reach + HAIR_M)
    if not len(seg):
        return NONE
    seg, owner, places = _places(segments, shapes, seg, near)
    low, high, position, distance = _within_of_point(segments, seg, places, reach[seg])
    close = distance <= reach[seg] + HAIR_M
    seg, owner, position, distance = seg[close], owner[close], position[close], distance[close]
    places = places[close]
    start, stop = segments.s[seg] + low[close], segments.s[seg] + high[close]
    course = segments.course[seg]
    order = np.lexsort((start, course, owner))
    first = _breaks(owner[order], course[order], start[order], stop[order], TOUCH_M)
    passage = np.empty(len(order), np.int64)
    passage[order] = np.cumsum(first) - 1
    # of each place of the object, the nearest position in each pass
    order = np.lexsort((distance, places[:, 1], places[:, 0], passage))
    changed = (np.diff(passage[order]) != 0) | (np.diff(places[order], axis=0) != 0).any(axis=1)
    nearest = order[np.concatenate([[True], changed])]
    at = np.flatnonzero(np.concatenate([[True], np.diff(passage[nearest]) != 0]))
    stands = (segments.s[seg] + position)[nearest]
    return Stretches(
        block[owner[nearest[at]]],
        course[nearest[at]],
        np.minimum.reduceat(stands, at),
        np.maximum.reduceat(stands, at),
    )


def _places(
    segments: Segments, shapes: NDArray[Any], seg: NDArray[np.int64], near: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Give for each pair of segment and object the places of the object to look at: itself, or its outline's."""
    if (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all():
        return seg, near, shapely.get_coordinates(shapes)[near]
    used = np.unique(near)
    outlines, of = shapely.get_coordinates(shapely.segmentize(shapes[used], OUTLINE_STEP_M), return_index=True)
    count = np.bincount(of, minlength=len(used))
    begin = np.cumsum(count) - count
    slot = np.searchsorted(used, near)
    pair = np.repeat(np.arange(len(near)), count[slot])
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(count[slot]) - count[slot], count[slot])
    closest = shapely.get_coordinates(shapely.shortest_line(shapes[near], segments.lines()[seg]))[::2]
    places = np.vstack([outlines[begin[slot[pair]] + nth], closest])
    return np.concatenate([seg[pair], seg]), np.concatenate([near[pair], near]), places


def _within_of_point(
    segments: Segments, seg: NDArray[np.int64], points: Floats, reach: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Give from and to (m along the segment) within reach of each point, its nearest position, and its distance."""
    length = segments.length[seg]
    way = (segments.stop[seg] - segments.start[seg]) / length[:, None]
    off = points - segments.start[seg]
    position = (off * way).sum(axis=1)
    aside = off[:, 0] * way[:, 1] - off[:, 1] * way[:, 0]
    half = np.sqrt(np.maximum((reach + HAIR_M) ** 2 - aside**2, 0.0))
    nearest = np.clip(position, 0.0, length)
    distance = np.hypot(position - nearest, aside)
    return np.clip(position - half, 0.0, length), np.clip(position + half, 0.0, length), nearest, distance


def _within_of_edge(segments: Segments, seg: NDArray[np.int64], edge: Floats, reach: Floats) -> tuple[Floats, Floats]:
    """Give from and to (m along the segment) within reach of an edge; ``from > to`` where none is.

    The distance to a convex set is convex along a straight line, so the part within reach is one interval: the hull of the
    parts within reach of the edge's ends and of the strip between them.
    """
    low, high = np.full(len(seg), np.inf), np.full(len(seg), -np.inf)
    for end in (edge[:, 0], edge[:, 1]):
        a, b, _, distance = _within_of_point(segments, seg, end, reach)
        near = distance <= reach + HAIR_M
        low, high = np.where(near, np.minimum(low, a), low), np.where(near, np.maximum(high, b), high)
    span = edge[:, 1] - edge[:, 0]
    size = np.hypot(*span.T)
    flat = size == 0  # a point as an edge: its two ends are all of it
    unit = span / np.where(flat, 1.0, size)[:, None]
    way = (segments.stop[seg] - segments.start[seg]) / segments.length[seg][:, None]
    off = segments.start[seg] - edge[:, 0]
    x, dx = (off * unit).sum(axis=1), (way * unit).sum(axis=1)
    y, dy = off[:, 1] * unit[:, 0] - off[:, 0] * unit[:, 1], way[:, 1] * unit[:, 0] - way[:, 0] * unit[:, 1]
    a, b = np.zeros(len(seg)), segments.length[seg].copy()
    for at, slope, bottom, top in ((x, dx, np.zeros(len(seg)), size), (y, dy, -(reach + HAIR_M), reach + HAIR_M)):
        still = np.abs(slope) < 1e-12
        with np.errstate(divide="ignore", invalid="ignore"):
            one, two = (bottom - at) / slope, (top - at) / slope
        inside = (at >= bottom) & (at <= top)
        a = np.where(still, np.where(inside, a, np.inf), np.maximum(a, np.minimum(one, two)))
        b = np.where(still, np.where(inside, b, -np.inf), np.minimum(b, np.maximum(one, two)))
    strip = (a <= b) & ~flat
    return np.where(strip, np.minimum(low, a), low), np.where(strip, np.maximum(high, b), high)


def _edges(objects: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Give every edge of the objects (a point is an edge of no length) and the object that each belongs to."""
    shapes, owner = shapely.get_parts(objects, return_index=True)
    rings = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    outlines, of = shapely.get_rings(shapes[rings], return_index=True)
    paths = np.concatenate([shapes[~rings], outlines])
    owner = np.concatenate([owner[~rings], owner[rings][of]])
    xy, path = shapely.get_coordinates(paths, return_index=True)
    same = path[1:] == path[:-1]
    alone = np.flatnonzero(np.bincount(path, minlength=len(paths))[path] == 1)
    start = np.concatenate([np.flatnonzero(same), alone])
    stop = np.concatenate([np.flatnonzero(same) + 1, alone])
    edges = shapely.linestrings(np.stack([xy[start], xy[stop]], axis=1)) if len(start) else np.empty(0, object)
    return edges, owner[path[start]] if len(start) else np.empty(0, np.int64)


def _crossed(segments: Segments, lines: NDArray[Any], objects: NDArray[Any], areas: NDArray[np.int64]) -> Stretches:
    """Give the stretches inside polygons."""
    seg, area = shapely.STRtree(objects[areas]).query(lines, predicate="intersects")
    if not len(seg):
        return NONE
    shared, pair = shapely.get_parts(shapely.intersection(lines[seg], objects[areas][area]), return_index=True)
    kept = shapely.length(shared) > 0
    shared, pair = shared[kept], pair[kept]
    ends = [shapely.get_point(shared, 0), shapely.get_point(shared, -1)]
    at = np.array([shapely.line_locate_point(lines[seg[pair]], end) for end in ends]).reshape(2, -1)
    seg = seg[pair]
    return Stretches(
        areas[area[pair]], segments.course[seg], segments.s[seg] + at.min(axis=0), segments.s[seg] + at.max(axis=0)
    )
