"""A sampled proof that the drawn area promises nothing: whoever stands in it is reached in time, and the walk is stated.

The area is drawn from pieces of road. The proof goes the other way: from a point drawn at random, over straight walks
that cross no barrier, to roads, and asks the network (not the pieces) when an engine is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.network.arcs import HAIR_S
from riskmap.network.areas import segments
from riskmap.network.coverage import MINUTE, Coverage
from riskmap.network.positions import Places

WALK_HAIR_M = 0.01
"""Walks are measured to the centimetre: discs are drawn as polygons."""

STEPS_M = (1.0, 0.1)
"""Near a barrier the road is looked at from points this far apart; the finer step for points that fail the coarser."""

QUARTER = 64


@dataclass(frozen=True, eq=False)
class Certificate:
    """What the sampled points of an area say.

    Parameters
    ----------
    points : array of points
    seconds : float array
        Least time from dispatch at a road that is seen from the point within the depth; ``inf`` where none is seen.
    walk_m : float array
        Walk to the place on that road; NaN where none is seen.
    passed : bool array
        Whether that time is within the limit.
    seed : int
        Of the sample.
    """

    points: NDArray
    seconds: NDArray[np.float64]
    walk_m: NDArray[np.float64]
    passed: NDArray[np.bool_]
    seed: int

    @property
    def figures(self) -> dict[str, float]:
        """Give ``points``, ``passed``, ``worst_min``, ``worst_walk_m`` and ``seed``; NaN where there is no point."""
        seen = np.isfinite(self.seconds)
        return {
            "points": len(self.points),
            "passed": int(self.passed.sum()),
            "worst_min": float(self.seconds[seen].max() / MINUTE) if seen.any() else np.nan,
            "worst_walk_m": float(self.walk_m[seen].max()) if seen.any() else np.nan,
            "seed": self.seed,
        }


def certify(covering: Coverage, *, points: int, seed: int) -> Certificate:
    """Prove an area by points drawn at random in it.

    Parameters
    ----------
    covering : Coverage
        Of a network with coordinates; its ``area`` is proved for its ``depth_m`` and ``limit_s``.
    points : int
        How many; none where the area is empty.
    seed : int

    Returns
    -------
    Certificate
        A point passes when some place on a road that may be stepped off lies within ``depth_m`` of it (to a
        centimetre), the straight walk from there crosses no barrier, and an engine is there within ``limit_s``.
    """
    sample = inside(covering.area, points, seed)
    walls = segments(covering.barriers)
    tree = shapely.STRtree(walls) if len(walls) else None
    near_wall = np.zeros(len(sample), dtype=bool)
    if tree is not None:
        near_wall[np.unique(tree.query(sample, predicate="dwithin", distance=covering.depth_m)[0])] = True
    seconds, walk = np.full(len(sample), np.inf), np.full(len(sample), np.nan)
    for step in STEPS_M:
        # away from barriers the ends of the road in sight are exact, and there is nothing to look at more finely
        again = np.flatnonzero((seconds > covering.limit_s + HAIR_S) & (near_wall | (step == STEPS_M[0])))
        if len(again):
            seconds[again], walk[again] = _first(covering, sample[again], near_wall[again], tree, step)
    return Certificate(sample, seconds, walk, seconds <= covering.limit_s + HAIR_S, seed)


def inside(area: shapely.Geometry, count: int, seed: int) -> NDArray:
    """Give points spread evenly at random over an area; none where it is empty."""
    if area.is_empty:
        return np.empty(0, dtype=object)
    shapely.prepare(area)
    rng, kept = np.random.default_rng(seed), np.empty((0, 2))
    west, south, east, north = area.bounds
    while len(kept) < count:
        xy = rng.uniform((west, south), (east, north), (max(count, 1000), 2))
        kept = np.concatenate((kept, xy[shapely.contains_xy(area, xy[:, 0], xy[:, 1])]))
    return shapely.points(kept[:count])


def _first(
    covering: Coverage, sample: NDArray, near_wall: NDArray[np.bool_], tree: shapely.STRtree | None, step_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the least time (s) at the roads in sight of each point, and the walk there (m)."""
    point, edge, places_xy = _roads_in_sight(covering, sample, near_wall, step_m)
    walk = shapely.distance(sample[point], places_xy)
    if tree is not None and len(point):
        ways = shapely.linestrings(
            np.stack((shapely.get_coordinates(sample[point]), shapely.get_coordinates(places_xy)), axis=1)
        )
        seen = np.ones(len(point), dtype=bool)
        seen[np.unique(tree.query(ways, predicate="intersects")[0])] = False
        point, edge, places_xy, walk = point[seen], edge[seen], places_xy[seen], walk[seen]
    lines = covering.network.lines[edge]
    share = np.clip(shapely.line_locate_point(lines, places_xy, normalized=True), 0.0, 1.0)
    places = Places(np.full(len(edge), -1), edge, share, walk)
    arrival = covering.first_at(places).seconds
    order = np.lexsort((walk, arrival, point))
    first = order[np.unique(point[order], return_index=True)[1]]
    seconds, least = np.full(len(sample), np.inf), np.full(len(sample), np.nan)
    seconds[point[first]] = arrival[first]
    least[point[first]] = np.where(np.isfinite(arrival[first]), walk[first], np.nan)
    return seconds, least


def _roads_in_sight(
    covering: Coverage, sample: NDArray, near_wall: NDArray[np.bool_], step_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray]:
    """Give places on the roads within the depth of each point.

    Between stations the arrival along an edge is a minimum of two straight lines, so it is least at an end of the
    stretch within the depth, or at a station on it: these are exact where nothing hides them. Near barriers points
    between them are added.
    """
    network = covering.network
    usable = np.ones(len(network.lines), dtype=np.bool_) if network.frontage is None else network.frontage
    at = np.flatnonzero(usable)
    reach = covering.depth_m + WALK_HAIR_M
    point, edge = shapely.STRtree(network.lines[at]).query(sample, predicate="dwithin", distance=reach)
    edge = at[edge]
    discs = shapely.buffer(sample, reach, quad_segs=QUARTER)
    stretches, pair = shapely.get_parts(shapely.intersection(network.lines[edge], discs[point]), return_index=True)
    stretches = np.where(near_wall[point[pair]], shapely.segmentize(stretches, step_m), stretches)
    xy, which = shapely.get_coordinates(stretches, return_index=True)
    pair = pair[which]
    own = np.flatnonzero(covering.places.edge >= 0)
    own_edge, own_share = covering.places.edge[own], covering.places.share[own]
    own_place = shapely.line_interpolate_point(network.lines[own_edge], own_share, normalized=True)
    by, station = shapely.STRtree(own_place).query(sample, predicate="dwithin", distance=reach)
    by, station = by[usable[own_edge[station]]], station[usable[own_edge[station]]]
    return (
        np.concatenate((point[pair], by)),
        np.concatenate((edge[pair], own_edge[station])),
        np.concatenate((shapely.points(xy), own_place[station])),
    )
