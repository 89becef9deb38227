"""Where a station may be built: junctions spread over an area, and the distances that the standard asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.network.roads import RoadNetwork


def junctions(network: RoadNetwork, area: Any, *, spacing_m: float) -> NDArray[np.int64]:
    """Give junctions of the largest component within an area, one for each square of a grid.

    Parameters
    ----------
    network : RoadNetwork
        With coordinates.
    area : geometry
        In the network's system.
    spacing_m : float
        Side of the squares, whose lines lie on multiples of it. Of the junctions in a square the one nearest to its
        middle is taken, of equally near ones the lowest number.

    Returns
    -------
    int array
        Numbers of nodes (positions in ``network.ids``), rising.
    """
    shapely.prepare(area)
    inside = np.flatnonzero((network.component == 0) & shapely.contains_xy(area, *network.xy.T))
    if not len(inside):
        return inside
    square = np.floor(network.xy[inside] / spacing_m)
    away = np.hypot(*(network.xy[inside] - (square + 0.5) * spacing_m).T)
    order = np.lexsort((inside, np.round(away, 6), square[:, 1], square[:, 0]))
    square = square[order]
    first = np.concatenate(([True], np.any(square[1:] != square[:-1], axis=1)))
    return np.sort(inside[order[first]])


def too_near(points: NDArray, others: NDArray, *, distance_m: float) -> NDArray[np.bool_]:
    """Tell which points lie nearer to any of the others than a distance."""
    near = np.zeros(len(points), dtype=bool)
    others = others[~(shapely.is_missing(others) | shapely.is_empty(others))]
    if len(others) and len(points):
        point, other = shapely.STRtree(others).query(points, predicate="dwithin", distance=distance_m)
        # exactly the distance is far enough
        closer = shapely.distance(points[point], others[other]) < distance_m
        near[np.unique(point[closer])] = True
    return near
