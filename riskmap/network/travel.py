"""A network for one way of travel, from the streets: which are open, which way, and how long each takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.errors import NetworkError
from riskmap.network.graph import Graph
from riskmap.network.restrictions import streets_through
from riskmap.network.speeds import KMH, SpeedTable, travel_kmh
from riskmap.network.streets import StreetTables
from riskmap.network.turning import turns_of
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

DIVIDED_M = 40.0
"""A one-way street with another one beside it, the other way and nearer than this, is a carriageway of a divided road."""

OPPOSITE = -0.9
"""Cosine of the angle between the two carriageways, at most."""

ALWAYS_ONEWAY = ("motorway", "motorway_link", "expressway")
"""Classes on which nobody drives against the traffic."""


def from_streets(tables: StreetTables, speeds: SpeedTable, *, obey_oneway: bool, **travel: Any) -> dict[str, Any]:
    """Give the parts of a network for one way of travel; see ``RoadNetwork.from_streets``."""
    kmh = travel_kmh(tables.edges, list(tables.edges["road_class"]), speeds, **travel)
    edges = tables.edges[kmh > 0].assign(kmh=kmh[kmh > 0])
    if not len(edges):
        raise NetworkError(
            Text(f"没有一条道路可供 {speeds.mode} 通行", f"no road is open to {speeds.mode}"),
            remedy=Text("检查道路等级和速度表", "check the road classes and the speed table"),
            layer="roads",
        )
    ids, ends = np.unique(np.concatenate((edges["u"], edges["v"])).astype(np.int64), return_inverse=True)
    tail, head = ends[: len(edges)], ends[len(edges) :]
    seconds = edges["length_m"].to_numpy(dtype=float) * KMH / edges["kmh"].to_numpy()
    way = edges["direction"].to_numpy(dtype=object)
    if speeds.mode == "pedestrian":
        way = np.full(len(edges), "both", dtype=object)
    elif not obey_oneway:
        way = np.where(must_obey(edges), way, "both")
    graph = Graph(
        len(ids), tail, head, np.where(way != "backward", seconds, np.inf), np.where(way != "forward", seconds, np.inf)
    )
    if len(tables.turns) and speeds.mode != "pedestrian":
        graph = with_turns(graph, _numbered(tables.turns, edges["edge"].to_numpy(), ids))
    frontage = ~(edges["road_class"].isin(speeds.no_frontage) | edges["bridge"] | edges["tunnel"]).to_numpy(dtype=bool)
    place = shapely.get_coordinates(tables.nodes.geometry.to_numpy())
    return {
        "ids": pd.Index(ids),
        "graph": graph,
        "xy": place[pd.Index(tables.nodes["node"]).get_indexer(ids)],
        "length_m": edges["length_m"].to_numpy(dtype=float),
        "given_lines": edges.geometry.to_numpy(),
        "crs": edges.crs,
        "mode": speeds.mode,
        "attributes": pd.DataFrame(edges.drop(columns=[edges.geometry.name, "u", "v", "length_m"])).reset_index(
            drop=True
        ),
        "frontage": frontage,
    }


def _numbered(turns: pd.DataFrame, edge: NDArray[np.int64], node: NDArray[np.int64]) -> pd.DataFrame:
    """Give turn restrictions by row position of the edges and number of the node; those that use closed roads go."""
    position = {int(number): row for row, number in enumerate(edge)}
    ways = [
        tuple(position.get(e, -1) for e in (int(first), *streets_through(through), int(last)))
        for first, through, last in zip(turns["from_edge"], turns["through"], turns["to_edge"], strict=True)
    ]
    known = np.array([-1 not in way for way in ways], dtype=bool)
    via = np.searchsorted(node, turns["via"].to_numpy(dtype=np.int64)[known])
    used = [way for way, is_known in zip(ways, known, strict=True) if is_known]
    return pd.DataFrame({"way": used, "via": via, "rule": turns["rule"].to_numpy()[known]})


def must_obey(edges: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Tell which one-way streets an engine on call may not enter against the traffic: divided roads and motorways."""
    lines = edges.geometry.to_numpy()
    result = edges["road_class"].isin(ALWAYS_ONEWAY).to_numpy(dtype=bool, copy=True)
    oneway = np.flatnonzero(edges["direction"].to_numpy() != "both")
    if not len(oneway):
        return result
    ends = shapely.get_coordinates(shapely.get_point(lines[oneway], -1)) - shapely.get_coordinates(
        shapely.get_point(lines[oneway], 0)
    )
    heading = ends * np.where(edges["direction"].to_numpy()[oneway] == "backward", -1, 1)[:, None]
    heading = heading / np.maximum(np.hypot(*heading.T), 1e-9)[:, None]
    middle = shapely.line_interpolate_point(lines[oneway], 0.5, normalized=True)
    one, other = shapely.STRtree(lines[oneway]).query(middle, predicate="dwithin", distance=DIVIDED_M)
    beside = np.sum(heading[one] * heading[other], axis=1) <= OPPOSITE
    result[oneway[one[beside]]] = True
    return result


def with_turns(graph: Graph, turns: pd.DataFrame) -> Graph:
    """Give the graph with turn restrictions.

    Parameters
    ----------
    graph : Graph
    turns : DataFrame
        ``way`` (edges in order), ``via`` (number of the node at the end of the first one), ``rule``; see
        :func:`riskmap.network.turning.turns_of`.
    """
    begins = np.column_stack((graph.tail, graph.head)).ravel()
    ends = np.column_stack((graph.head, graph.tail)).ravel()
    is_open = np.isfinite(np.column_stack((graph.forward_s, graph.backward_s)).ravel())
    made = turns_of(graph.nodes, begins, ends, is_open, zip(turns["way"], turns["via"], turns["rule"], strict=True))
    return replace(graph, nodes=graph.nodes + len(made.number), turns=made) if len(made.number) else graph
