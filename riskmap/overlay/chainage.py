"""Chainage: where on a line something is, in metres from the line's own start, on multi-part and reversed lines too."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.crs import LONLAT, parse, transformer

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]

LONGEST_SEGMENT_M = 1000.0
"""Longer segments are searched in pieces of this length: the box of a long slanting one meets half the county."""


@dataclass(frozen=True, eq=False)
class Course:
    """One connected run of a line, in the direction of its chainage.

    Attributes
    ----------
    row : int
        Position of the line in its frame.
    xy : (n, 2) array
        Vertices; boundary crossings are vertices too.
    s : (n,) array
        Planar distance of each vertex from the run's start, m.
    m : (n,) array
        Chainage of each vertex, m from the line's start: planar inside the boundary, geodesic outside.
    inside : (n - 1,) bool array
        Whether each segment lies inside the boundary.
    """

    row: int
    xy: Floats
    s: Floats
    m: Floats
    inside: NDArray[np.bool_]

    @property
    def length(self) -> float:
        """Planar length, m."""
        return float(self.s[-1])

    def chainage(self, s: Any) -> Any:
        """Give the chainage at distances from the run's start."""
        return np.interp(s, self.s, self.m)

    def point(self, s: float) -> Floats:
        """Give the place at a distance from the run's start."""
        return np.array([np.interp(s, self.s, self.xy[:, 0]), np.interp(s, self.s, self.xy[:, 1])])

    def cut(self, start: float, stop: float) -> Any:
        """Give the line between two distances from the run's start."""
        between = (self.s > start) & (self.s < stop)
        return shapely.linestrings(np.vstack([self.point(start), self.xy[between], self.point(stop)]))

    def changes(self) -> Floats:
        """Give the distances at which the run crosses the boundary."""
        return self.s[1:-1][self.inside[1:] != self.inside[:-1]]

    def is_inside(self, s: float) -> bool:
        """Tell whether the place at a distance lies inside the boundary."""
        at = np.clip(np.searchsorted(self.s, s, side="right") - 1, 0, len(self.inside) - 1)
        return bool(self.inside[at])


def station(metres: float) -> str:
    """Give a chainage as it stands on a marker post, to the whole metre.

    Examples
    --------
    >>> station(12300.0), station(999.5), station(0.2)
    ('K12+300', 'K1+000', 'K0+000')
    """
    whole = math.floor(metres + 0.5)
    return f"K{whole // 1000}+{whole % 1000:03d}"


def courses(lines: gpd.GeoDataFrame, boundary: Any = None) -> list[Course]:
    """Give the connected runs of each line, in the order of their chainage.

    Parameters
    ----------
    lines : GeoDataFrame
        LineStrings or MultiLineStrings in a projected system, metres. Parts that touch end to end are one run, whatever
        their order and direction; the run goes the way its first part is drawn. Chainage does not count gaps.
    boundary : geometry, optional
        In the system of the lines. Chainage is planar inside it and geodesic outside; all planar without it.

    Returns
    -------
    list of Course
        Lines without length have none.
    """
    found: list[Course] = []
    if boundary is not None:
        shapely.prepare(boundary)
    for row, geometry in enumerate(lines.geometry):
        start = 0.0
        for drawn in _runs(geometry):
            xy, inside = (drawn, np.ones(len(drawn) - 1, bool)) if boundary is None else _split(drawn, boundary)
            planar = np.hypot(*np.diff(xy, axis=0).T)
            measured = planar if inside.all() else np.where(inside, planar, _geodesic(xy, lines.crs))
            found.append(Course(row, xy, _running(planar), start + _running(measured), inside))
            start = float(found[-1].m[-1])
    return found


def _running(lengths: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(lengths)])


def _runs(geometry: Any) -> Iterator[Floats]:
    """Give the vertices of each connected run of a line."""
    if geometry is None or geometry.is_empty:
        return
    parts = [xy for xy in (_distinct(shapely.get_coordinates(p)) for p in shapely.get_parts(geometry)) if len(xy) > 1]
    if len(parts) < 2:
        yield from parts
        return
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings([shapely.linestrings(p) for p in parts])))
    edges: dict[Any, tuple[int, bool]] = {}
    runs = [shapely.get_coordinates(g) for g in merged]
    for number, xy in enumerate(runs):
        for way, ends in ((False, (xy[:-1], xy[1:])), (True, (xy[1:], xy[:-1]))):
            for edge in zip(*(map(tuple, e) for e in ends), strict=True):
                edges.setdefault(edge, (number, way))
    done = set()
    for part in parts:
        number, backwards = edges[tuple(part[0]), tuple(part[1])]
        if number not in done:
            done.add(number)
            yield runs[number][::-1] if backwards else runs[number]


def _distinct(xy: Floats) -> Floats:
    """Leave out vertices that repeat the one before."""
    keep = np.concatenate([[True], (np.diff(xy, axis=0) != 0).any(axis=1)])
    return xy[keep]


def _split(xy: Floats, boundary: Any) -> tuple[Floats, NDArray[np.bool_]]:
    """Add a vertex where the line crosses the boundary, and tell which segments lie inside."""
    segments = shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1))
    covered = shapely.covers(boundary, segments)
    crossing = np.flatnonzero(~covered & shapely.intersects(boundary, segments))
    added, at = [], []
    for k in crossing:
        ends = shapely.get_coordinates(shapely.intersection(boundary, segments[k]))
        share = np.unique(shapely.line_locate_point(segments[k], shapely.points(ends), normalized=True))
        share = share[(share > 1e-12) & (share < 1 - 1e-12)]
        added.append(xy[k] + share[:, None] * (xy[k + 1] - xy[k]))
        at += [k + 1] * len(share)
    if at:
        xy = _distinct(np.insert(xy, at, np.vstack(added), axis=0))
    middles = shapely.points((xy[:-1] + xy[1:]) / 2)
    return xy, shapely.covers(boundary, middles)


def _geodesic(xy: Floats, crs: Any) -> Floats:
    """Give the length of each segment on the ellipsoid, m."""
    lon, lat = transformer(parse(crs), LONLAT).transform(xy[:, 0], xy[:, 1])
    ellipsoid: Any = LONLAT.get_geod()
    _, _, metres = ellipsoid.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    return np.asarray(metres)


@dataclass(frozen=True, eq=False)
class Segments:
    """All segments of several courses side by side, none longer than a kilometre, for searches over all of them at once.

    Attributes
    ----------
    course : (k,) int array
        Course number.
    start, stop : (k, 2) arrays
        Ends.
    s : (k,) array
        Distance of the segment's start from the start of its course, m.
    length : (k,) array
    """

    course: NDArray[np.int64]
    start: Floats
    stop: Floats
    s: Floats
    length: Floats

    @classmethod
    def of(cls, runs: list[Course]) -> Segments:
        """Give the segments of courses."""
        course, start, stop, s = [], [], [], []
        for number, run in enumerate(runs):
            steps = np.maximum(np.ceil(np.diff(run.s) / LONGEST_SEGMENT_M), 1).astype(int)
            seg = np.repeat(np.arange(len(steps)), steps)
            nth = np.arange(len(seg)) - np.repeat(np.cumsum(steps) - steps, steps)
            share = (nth / steps[seg])[:, None]
            step = run.xy[seg + 1] - run.xy[seg]
            start.append(run.xy[seg] + share * step)
            stop.append(run.xy[seg] + (share + 1 / steps[seg][:, None]) * step)
            s.append(run.s[seg] + share[:, 0] * np.diff(run.s)[seg])
            course.append(np.full(len(seg), number))
        if not course:
            none = np.empty((0, 2))
            return cls(np.empty(0, np.int64), none, none, np.empty(0), np.empty(0))
        a, b = np.vstack(start), np.vstack(stop)
        return cls(np.concatenate(course), a, b, np.concatenate(s), np.hypot(*(b - a).T))

    def part(self, kept: slice) -> Segments:
        """Give some of the segments."""
        return Segments(*(getattr(self, f.name)[kept] for f in fields(self)))

    def lines(self) -> NDArray[Any]:
        """Give the segments as geometries."""
        return shapely.linestrings(np.stack([self.start, self.stop], axis=1))
