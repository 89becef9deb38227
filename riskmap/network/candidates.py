"""Where a station may be built: junctions spread over an area, and the distances that the standard asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from riskmap.network.roads import RoadNetwork


def junctions(network: RoadNetwork, area: Any, *, spacing_m: float) -> NDArray[np.int64]:
    """Give junctions within an area, one for each square of a grid.

    Only those from which an engine gets to all of the main network and back: the largest strongly connected part. A
    station in a one-way pocket would serve nobody else.

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
    inside = np.flatnonzero(_there_and_back(network) & shapely.contains_xy(area, *network.xy.T))
    if not len(inside):
        return inside
    square = np.floor(network.xy[inside] / spacing_m)
    away = np.hypot(*(network.xy[inside] - (square + 0.5) * spacing_m).T)
    order = np.lexsort((inside, np.round(away, 6), square[:, 1], square[:, 0]))
    square = square[order]
    first = np.concatenate(([True], np.any(square[1:] != square[:-1], axis=1)))
    return np.sort(inside[order[first]])


def _there_and_back(network: RoadNetwork) -> NDArray[np.bool_]:
    """Tell which nodes lie in the largest part in which every place is reached from every other."""
    graph, count = network.graph, len(network.ids)
    along, against = np.isfinite(graph.forward_s), np.isfinite(graph.backward_s)
    tails = np.concatenate((graph.tail[along], graph.head[against]))
    heads = np.concatenate((graph.head[along], graph.tail[against]))
    matrix = coo_array((np.ones(len(tails), dtype=np.int8), (tails, heads)), shape=(count, count))
    part = connected_components(matrix, directed=True, connection="strong")[1]
    return part == np.bincount(part).argmax()


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
