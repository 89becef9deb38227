"""Where points touch the road lines: the nearest place that is reached without crossing a barrier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

END_M = 1e-3
"""A place this near to the end of an edge is the end: rounding of coordinates, not a distance anyone measures."""

STRIP_M = 500.0
"""Width of the strips in which points are looked up one after the other."""

TIE_M = 1e-6
"""Edges whose distances differ by less are equally near; the one of the lowest number is taken."""


@dataclass(frozen=True, eq=False)
class Places:
    """Places on a network: at a node, or along an edge.

    Parameters
    ----------
    node : int array
        Number of the node, -1 where the place is along an edge.
    edge : int array
        Number of the edge, -1 where the place is a node given as such.
    share : float array
        Of the edge's length, from its tail; strictly inside (0, 1) where ``node`` is -1. NaN at nodes given as such.
    distance_m : float array
        From the point to its place; 0 for nodes given as such, ``inf`` where there is no place.
    """

    node: NDArray[np.int64]
    edge: NDArray[np.int64]
    share: NDArray[np.float64]
    distance_m: NDArray[np.float64]

    @classmethod
    def at_nodes(cls, nodes: NDArray[np.int64]) -> Places:
        """Give the places of nodes."""
        count = len(nodes)
        return cls(nodes, np.full(count, -1), np.full(count, np.nan), np.zeros(count))

    def __len__(self) -> int:
        return len(self.node)

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which points have a place."""
        return np.isfinite(self.distance_m)

    def joined(self, other: Places) -> Places:
        """Give these places and then the others."""
        return Places(
            np.concatenate((self.node, other.node)),
            np.concatenate((self.edge, other.edge)),
            np.concatenate((self.share, other.share)),
            np.concatenate((self.distance_m, other.distance_m)),
        )

    def take(self, which: NDArray) -> Places:
        """Give some of the places, by mask or by numbers."""
        return Places(self.node[which], self.edge[which], self.share[which], self.distance_m[which])


def nearest(
    points: NDArray,
    lines: NDArray,
    tree: shapely.STRtree,
    *,
    max_distance_m: float,
    barriers: NDArray | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give the nearest line of each point that no barrier separates from it.

    Parameters
    ----------
    points : array of shapely points
        Empty and missing ones find nothing.
    lines : array of shapely lines
        In the points' system, metres; missing ones are never found.
    tree : STRtree
        Of ``lines``.
    max_distance_m : float
        Inclusive.
    barriers : array of shapely geometries, optional
        Lines, and polygons that are entered or left by crossing their border.

    Returns
    -------
    int64 array
        Number of the line, -1 for none.
    float64 array
        Distance in metres, ``inf`` for none.
    """
    found = np.full(len(points), -1)
    distance = np.full(len(points), np.inf)
    usable = ~(shapely.is_missing(points) | shapely.is_empty(points))
    if not usable.any() or not len(lines):
        return found, distance
    at = np.flatnonzero(usable)
    # neighbours one after the other find the tree's branches still at hand
    at = at[np.lexsort(_strips(shapely.get_coordinates(shapely.centroid(points[at]))))]
    (which, line), metres = tree.query_nearest(points[at], all_matches=True, return_distance=True)
    near = metres <= max_distance_m
    _keep_first(at[which[near]], line[near], metres[near], found, distance)
    if barriers is not None and len(barriers):
        _go_round(points, lines, tree, max_distance_m, barriers, found, distance)
    return found, distance


def _strips(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give sort keys that go through points in strips from south to north."""
    return xy[:, 1], np.floor(xy[:, 0] / STRIP_M)


def _keep_first(
    point: NDArray[np.int64],
    line: NDArray[np.int64],
    metres: NDArray[np.float64],
    found: NDArray[np.int64],
    distance: NDArray[np.float64],
) -> None:
    """Write the best line of each point: the nearest, of equally near ones the lowest number."""
    order = np.lexsort((line, np.round(metres / TIE_M), point))
    point, line, metres = point[order], line[order], metres[order]
    first = np.concatenate(([True], point[1:] != point[:-1])) if len(point) else np.zeros(0, dtype=bool)
    found[point[first]], distance[point[first]] = line[first], metres[first]


def _go_round(
    points: NDArray,
    lines: NDArray,
    tree: shapely.STRtree,
    max_distance_m: float,
    barriers: NDArray,
    found: NDArray[np.int64],
    distance: NDArray[np.float64],
) -> None:
    """Replace the lines that lie beyond a barrier by the nearest ones that do not."""
    walls = shapely.STRtree(as_lines(barriers))
    at = np.flatnonzero(found >= 0)
    blocked = at[_crosses(points[at], lines[found[at]], walls)]
    for point in blocked:
        found[point], distance[point] = -1, np.inf
        reach = max_distance_m if np.isfinite(max_distance_m) else _extent(tree)
        near = np.sort(tree.query(points[point], predicate="dwithin", distance=reach))
        metres = shapely.distance(points[point], lines[near])
        order = np.lexsort((near, np.round(metres / TIE_M)))
        for begin in range(0, len(order), 64):
            some = order[begin : begin + 64]
            free = some[~_crosses(np.repeat(points[point], len(some)), lines[near[some]], walls)]
            if len(free):
                found[point], distance[point] = near[free[0]], metres[free[0]]
                break


def as_lines(barriers: NDArray) -> NDArray:
    """Give barriers as lines: of a polygon its border."""
    return np.where(shapely.get_dimensions(barriers) == 2, shapely.boundary(barriers), barriers)


def _crosses(points: NDArray, lines: NDArray, walls: shapely.STRtree) -> NDArray[np.bool_]:
    """Tell which shortest ways from points to lines meet a wall."""
    ways = shapely.shortest_line(points, lines)
    met = np.zeros(len(points), dtype=bool)
    met[np.unique(walls.query(ways, predicate="intersects")[0])] = True
    return met


def _extent(tree: shapely.STRtree) -> float:
    """Give a distance beyond which nothing of the tree lies from a point inside its bounds."""
    west, south, east, north = shapely.total_bounds(tree.geometries)
    return 2 * float(np.hypot(east - west, north - south))


def along(
    points: NDArray, lines: NDArray, line: NDArray[np.int64], distance_m: NDArray[np.float64], ends: NDArray[np.int64]
) -> Places:
    """Give the places of points on the lines found for them.

    Parameters
    ----------
    points, lines : arrays of shapely geometries
    line : int array
        Number of each point's line, -1 for none.
    distance_m : float array
    ends : int array (2, lines)
        Numbers of the nodes at the beginning and the end of each line.
    """
    share = np.full(len(points), np.nan)
    node = np.full(len(points), -1)
    at = np.flatnonzero(line >= 0)
    length = shapely.length(lines[line[at]])
    metres = shapely.line_locate_point(lines[line[at]], points[at])
    with np.errstate(invalid="ignore", divide="ignore"):
        share[at] = np.where(length > 0, np.clip(metres / length, 0.0, 1.0), 0.0)
    node[at] = np.where(metres <= END_M, ends[0, line[at]], np.where(length - metres <= END_M, ends[1, line[at]], -1))
    return Places(node, line.copy(), share, distance_m)
