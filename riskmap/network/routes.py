"""Fastest ways between two places, as nodes, edges and a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from riskmap.errors import UnreachableError
from riskmap.network.graph import BACKWARD, Graph
from riskmap.network.positions import Places
from riskmap.text import Text


@dataclass(frozen=True, eq=False)
class Route:
    """A fastest way.

    Parameters
    ----------
    seconds : float
        Of travel; nothing added for turnout.
    length_m : float
        NaN where the network does not know its lengths.
    nodes : list
        Ids of the nodes passed, in order; places along an edge have none.
    edges : int array
        Numbers of the edges used, in order: rows of :attr:`RoadNetwork.edges`.
    geometry : LineString or None
        From place to place on the roads; None in a network without coordinates.
    """

    seconds: float
    length_m: float
    nodes: list[Any]
    edges: NDArray[np.int64]
    geometry: Any


def fastest(
    graph: Graph, ids: pd.Index, lines: NDArray | None, length_m: NDArray[np.float64], origin: Places, target: Places
) -> Route:
    """Give a fastest way from one place to another.

    Parameters
    ----------
    graph : Graph
        Without inserted places.
    ids : Index
        Of its named nodes.
    lines, length_m : arrays (edges)
    origin, target : Places
        One each.

    Raises
    ------
    UnreachableError
        If there is no way.
    """
    cut, (start, goal) = graph.insert(origin.joined(target))
    seconds, arcs = cut.path(int(start), int(goal))
    if not np.isfinite(seconds):
        raise UnreachableError(
            Text("两地之间没有通路", "there is no way between the two places"),
            remedy=Text("检查单行方向和路网是否连通", "check one-way streets and whether the network is connected"),
        )
    edge, back = arcs // 2, arcs % 2 == BACKWARD
    base = edge if cut.base is None else cut.base[edge]
    low = np.zeros(len(edge)) if cut.base is None else cut.share_from[edge]
    high = np.ones(len(edge)) if cut.base is None else cut.share_to[edge]
    passed = np.concatenate(([start], cut.junction(cut.ends[arcs])))
    return Route(
        seconds,
        float(np.sum((high - low) * length_m[base])),
        list(ids[passed[passed < len(ids)]]),
        base,
        None if lines is None else _line(lines, base, low, high, back, _point(lines, graph, origin)),
    )


def _point(lines: NDArray, graph: Graph, place: Places) -> Any:
    """Give where a place is."""
    node, edge = int(place.node[0]), int(place.edge[0])
    if edge >= 0:
        return shapely.line_interpolate_point(lines[edge], place.share[0], normalized=True)
    at_tail, at_head = np.flatnonzero(graph.tail == node), np.flatnonzero(graph.head == node)
    if len(at_tail):
        return shapely.get_point(lines[at_tail[0]], 0)
    return shapely.get_point(lines[at_head[0]], -1) if len(at_head) else None


def _line(
    lines: NDArray,
    edges: NDArray[np.int64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    back: NDArray[np.bool_],
    start: Any,
) -> Any:
    """Join the parts of edges to one line, in the direction of travel."""
    pieces = [shapely.get_coordinates(start)] if start is not None else []
    for edge, a, b, turned in zip(edges, low, high, back, strict=True):
        part = lines[edge] if (a, b) == (0.0, 1.0) else substring(lines[edge], a, b, normalized=True)
        xy = shapely.get_coordinates(part)
        pieces.append(xy[::-1] if turned else xy)
    if not pieces:
        return None
    xy = np.concatenate(pieces)
    xy = xy[np.concatenate(([True], np.any(np.diff(xy, axis=0) != 0, axis=1)))]
    return shapely.LineString(xy if len(xy) > 1 else np.repeat(xy, 2, axis=0))
