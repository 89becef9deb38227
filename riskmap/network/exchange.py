"""Networks to and from networkx, with the attribute names of osmnx."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.crs import parse
from riskmap.errors import NetworkError
from riskmap.network import noding, streets
from riskmap.network.assembly import numbers_of, paired, require_seconds
from riskmap.network.graph import Graph
from riskmap.network.speeds import CLASS_COLUMNS, SpeedTable
from riskmap.text import Text

SECONDS = ("seconds", "travel_time")
"""Edge attributes that hold seconds: ours, and that of ``osmnx.routing.add_edge_travel_times``."""

OWN = ("seconds", "travel_time", "length", "geometry", "edge", "u", "v")
"""Edge attributes that are given by the network itself."""


def parts(graph: Any, seconds: str | None) -> dict[str, Any]:
    """Give the parts of a network from a networkx graph.

    Parameters
    ----------
    graph : networkx graph, directed or not, multi or not
        Edges of an undirected graph are open both ways. Node attributes ``x`` and ``y``, edge attributes ``geometry``
        (a LineString from tail to head) and ``length`` (m), and the graph attribute ``crs`` are used where they are; other
        attributes of edges become columns of the network's. Points join no motorway, bridge or tunnel, where ``highway``
        or ``road_class``, ``bridge`` and ``tunnel`` say so.
    seconds : str, optional
        Edge attribute with the seconds; ``seconds``, else ``travel_time``, by default.

    Raises
    ------
    NetworkError
        Edges without seconds.
    """
    # tuples as ids must not become levels of an index
    ids = pd.Index(list(graph.nodes), tupleize_cols=False)
    rows = list(graph.edges(data=True))
    cost = _seconds(rows, seconds)
    tail = numbers_of(ids, pd.Index([r[0] for r in rows], tupleize_cols=False).to_numpy())
    head = numbers_of(ids, pd.Index([r[1] for r in rows], tupleize_cols=False).to_numpy())
    length = np.array([float(r[2].get("length", np.nan)) for r in rows])
    lines = np.array([r[2].get("geometry") for r in rows], dtype=object)
    if not graph.is_directed():
        tail, head = np.concatenate((tail, head)), np.concatenate((head, tail))
        cost, length, rows = np.tile(cost, 2), np.tile(length, 2), rows * 2
        lines = np.concatenate((lines, shapely.reverse(lines)))
    xy = _coordinates(graph)
    crs = graph.graph.get("crs")
    made = {"ids": ids, "xy": xy, "crs": None if crs is None else parse(crs)}
    if xy is None or shapely.is_missing(lines).all():
        low, high, forward, backward = paired(tail, head, cost, len(ids))
        straight = np.full(len(low), np.nan) if xy is None else np.hypot(*(xy[low] - xy[high]).T)
        return made | {"graph": Graph(len(ids), low, high, forward, backward), "length_m": straight}
    return made | _with_lines(tail, head, cost, length, lines, xy, [r[2] for r in rows])


def _with_lines(
    tail: NDArray[np.int64],
    head: NDArray[np.int64],
    cost: NDArray[np.float64],
    length: NDArray[np.float64],
    lines: NDArray,
    xy: NDArray[np.float64],
    said: list[dict[str, Any]],
) -> dict[str, Any]:
    """Join edges that lie on one another; edges without a line are straight. The first one says what stands of them."""
    is_open = np.isfinite(cost)
    said = [said[row] for row in np.flatnonzero(is_open)]
    tail, head, cost, length, lines = tail[is_open], head[is_open], cost[is_open], length[is_open], lines[is_open]
    straight = shapely.is_missing(lines)
    lines = np.where(straight, shapely.linestrings(np.stack((xy[tail], xy[head]), axis=1)), lines)
    code, first, turned = noding.identical(lines)
    # two places may have equal coordinates: edges of other nodes are other edges
    pair = pd.factorize(pd.MultiIndex.from_arrays([code, np.minimum(tail, head), np.maximum(tail, head)]))[0]
    first = np.unique(pair, return_index=True)[1]
    forward, backward = np.full(len(first), np.inf), np.full(len(first), np.inf)
    along = np.where(tail == head, ~turned, tail == tail[first[pair]])
    np.minimum.at(forward, pair[along], cost[along])
    np.minimum.at(backward, pair[~along], cost[~along])
    metres = np.where(np.isnan(length), shapely.length(lines), length)[first]
    edges = Graph(len(xy), tail[first], head[first], forward, backward)
    attributes = pd.DataFrame([{k: v for k, v in said[row].items() if k not in OWN} for row in first])
    frontage = ~spans(attributes) if len(attributes.columns) else None
    return {
        "graph": edges,
        "length_m": metres,
        "given_lines": lines[first],
        "attributes": attributes,
        "frontage": frontage,
    }


def spans(attributes: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which edges are motorways, bridges or tunnels, as far as their attributes say."""
    column = next((c for c in ("road_class", *CLASS_COLUMNS) if c in attributes.columns), None)
    result = streets.flag(attributes, "bridge") | streets.flag(attributes, "tunnel")
    if column is None:
        return result
    classes = attributes[column].map(lambda c: c[0] if isinstance(c, list) and c else c)
    return result | classes.isin(SpeedTable.of("fire").no_frontage).to_numpy(dtype=bool)


def _seconds(rows: list[Any], attribute: str | None) -> NDArray[np.float64]:
    names = (attribute,) if attribute else SECONDS
    cost = np.array([next((float(r[2][n]) for n in names if n in r[2]), np.nan) for r in rows])
    if np.isnan(cost).any():
        raise NetworkError(
            Text(
                f"{int(np.isnan(cost).sum())} 条边没有 {' 或 '.join(names)}",
                f"{int(np.isnan(cost).sum())} edges have no {' or '.join(names)}",
            ),
            remedy=Text(
                "先算行驶时间（osmnx.routing.add_edge_travel_times），或用 seconds= 指明属性",
                "add travel times first (osmnx.routing.add_edge_travel_times), or name the attribute with seconds=",
            ),
        )
    require_seconds(cost)
    return cost


def _coordinates(graph: Any) -> NDArray[np.float64] | None:
    places = [(data.get("x"), data.get("y")) for _, data in graph.nodes(data=True)]
    if not places or any(x is None or y is None for x, y in places):
        return None
    return np.array(places, dtype=float)


def graph(ids: pd.Index, edges: Graph, xy: NDArray[np.float64] | None, crs: Any, frame: pd.DataFrame) -> Any:
    """Give a network as a networkx MultiDiGraph.

    Parameters
    ----------
    ids, edges, xy, crs
        Of the network.
    frame : DataFrame
        Its edges as a frame.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes with ``x`` and ``y``; an edge for each open direction with ``seconds``, ``travel_time`` (the same, as
        osmnx calls it), ``length`` (m), ``geometry`` in the direction of travel, ``edge`` (its number) and the columns
        of the streets. Turn restrictions have no place in such a graph.
    """
    import networkx as nx

    made = nx.MultiDiGraph()
    if crs is not None:
        made.graph["crs"] = crs
    names = list(ids)
    for number, node in enumerate(names):
        made.add_node(node, **({} if xy is None else {"x": float(xy[number, 0]), "y": float(xy[number, 1])}))
    plain = frame.drop(columns=["u", "v", "forward_s", "backward_s", "length_m"])
    records = plain.assign(edge=np.arange(len(frame))).to_dict("records")
    for number, record in enumerate(records):
        u, v = names[edges.tail[number]], names[edges.head[number]]
        length = float(frame["length_m"].iloc[number])
        line = record.get("geometry")
        for a, b, cost, shape in (
            (u, v, edges.forward_s[number], line),
            (v, u, edges.backward_s[number], None if line is None else line.reverse()),
        ):
            if np.isfinite(cost):
                lined = {} if shape is None else {"geometry": shape}
                made.add_edge(a, b, **record | lined, seconds=float(cost), travel_time=float(cost), length=length)
    return made
