"""Areas beside reached roads, for drawing: no farther from the road than a stated walk, and never across a barrier.

A place belongs to the area when it is seen, over at most the depth, from some point of a reached road: the straight
walk there crosses no barrier. The drawn area lies inside that set (circles are drawn as inscribed polygons), so the
map never shows more than what is reached.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.network.positions import as_lines

STEP_M = 10.0
"""Near a barrier the road is looked at from points this far apart."""

QUARTER = 8
"""Segments of a quarter circle."""

HAIR_M = 0.01
"""Nobody stands nearer to a barrier than this: which side it is on could not be told."""


def beside(
    lines: NDArray, group: NDArray[np.int64], groups: int, *, depth_m: float, barriers: NDArray | None = None
) -> NDArray:
    """Give the area beside the lines of each group.

    Parameters
    ----------
    lines : array of LineStrings
        Reached roads that people can step off (no bridges, tunnels, motorways), in metres.
    group : int array
        Group of each line, from 0.
    groups : int
        Number of groups.
    depth_m : float
        Longest walk.
    barriers : array of lines and polygons, optional

    Returns
    -------
    array of polygons, single or multiple
        One for each group, empty where nothing is reached. Holes and islands are kept.
    """
    walls = segments(barriers)
    shapes, owner = [], []
    near = np.zeros(len(lines), dtype=bool)
    if len(walls):
        tree = shapely.STRtree(walls)
        near[np.unique(tree.query(lines, predicate="dwithin", distance=depth_m)[0])] = True
        seen, of = _seen(lines[near], tree, walls, depth_m)
        shapes.append(seen)
        owner.append(group[near][of])
    shapes.append(shapely.buffer(lines[~near], depth_m, quad_segs=QUARTER))
    owner.append(group[~near])
    return _united(np.concatenate(shapes), np.concatenate(owner), groups)


def _united(shapes: NDArray, owner: NDArray[np.int64], groups: int) -> NDArray:
    order = np.argsort(owner, kind="stable")
    shapes, bounds = shapes[order], np.searchsorted(owner[order], np.arange(groups + 1))
    united = [shapely.union_all(shapes[a:b]) for a, b in pairwise(bounds)]
    return np.array([shapely.Polygon() if u.is_empty else u for u in united], dtype=object)


def segments(barriers: NDArray | None) -> NDArray:
    """Give barriers as straight segments."""
    if barriers is None or not len(barriers):
        return np.empty(0, dtype=object)
    xy, line = shapely.get_coordinates(shapely.get_parts(as_lines(barriers)), return_index=True)
    a, b = xy[:-1], xy[1:]
    real = (line[1:] == line[:-1]) & np.any(a != b, axis=1)
    return shapely.linestrings(np.stack((a[real], b[real]), axis=1))


def _seen(lines: NDArray, tree: shapely.STRtree, walls: NDArray, depth_m: float) -> tuple[NDArray, NDArray[np.int64]]:
    """Give what is seen from points along lines near walls, and the line of each point."""
    points, of = _stations(lines)
    away = np.full(len(points), np.inf)
    at, nearest = tree.query_nearest(points, all_matches=False)
    away[at] = shapely.distance(points[at], walls[nearest])
    clear = away > HAIR_M
    points, of = points[clear], of[clear]
    discs = shapely.buffer(points, depth_m, quad_segs=QUARTER)
    point, wall = tree.query(points, predicate="dwithin", distance=depth_m)
    shadows = _shadows(shapely.get_coordinates(points[point]), walls[wall], depth_m)
    hidden = _united(shadows, point, len(points))
    seen = shapely.difference(discs, hidden)
    return np.array([_around(s, p) for s, p in zip(seen, points, strict=True)], dtype=object), of


def _stations(lines: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    """Give points along lines, both ends among them, at most a step apart, and the line of each."""
    length = shapely.length(lines)
    count = np.maximum(1, np.ceil(length / STEP_M)).astype(np.int64) + 1
    of = np.repeat(np.arange(len(lines)), count)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    return shapely.line_interpolate_point(lines[of], nth / (count - 1)[of], normalized=True), of


def _shadows(eye: NDArray[np.float64], walls: NDArray, depth_m: float) -> NDArray:
    """Give what a segment hides from a point, as far as the depth and beyond.

    The hidden ground lies behind the segment, between the rays through its ends. Its far border is drawn through
    points at 1.2 depths on rays at most 60 degrees apart: the chords between them stay beyond the depth.
    """
    ends = shapely.get_coordinates(walls).reshape(-1, 2, 2) - eye[:, None, :]
    angle = np.arctan2(ends[:, :, 1], ends[:, :, 0])
    turn = (np.diff(angle, axis=1)[:, 0] + np.pi) % (2 * np.pi) - np.pi
    share = np.linspace(1, 0, 4)
    rays = angle[:, :1] + turn[:, None] * share
    far = np.stack((np.cos(rays), np.sin(rays)), axis=2) * (1.2 * depth_m)
    # a far end of the segment may lie beyond the drawn border: the border moves out to it
    reach = np.maximum(1.0, np.hypot(ends[:, :, 0], ends[:, :, 1]).max(axis=1) / (1.2 * depth_m) * 1.2)
    return shapely.polygons(np.concatenate((ends, far * reach[:, None, None]), axis=1) + eye[:, None, :])


def _around(seen: shapely.Geometry, point: shapely.Point) -> shapely.Geometry:
    """Give the part that holds the point: what is cut off behind walls is no part of it."""
    if seen.geom_type == "Polygon":
        return seen
    parts = shapely.get_parts(seen)
    return parts[np.argmin(shapely.distance(parts, point))]
