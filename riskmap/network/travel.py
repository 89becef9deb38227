"""A network for one way of travel, from the streets: which are open, which way, and how long each takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.errors import NetworkError
from riskmap.network.graph import Graph, Turns
from riskmap.network.speeds import KMH, SpeedTable, travel_kmh
from riskmap.network.streets import StreetTables
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
    """Give turn restrictions by row position of the edges and number of the node; those of closed roads go."""
    known = turns[turns["from_edge"].isin(edge) & turns["to_edge"].isin(edge)]
    position = pd.Series(np.arange(len(edge)), index=edge)
    return known.assign(
        from_edge=known["from_edge"].map(position),
        to_edge=known["to_edge"].map(position),
        via=np.searchsorted(node, known["via"].to_numpy(dtype=np.int64)),
    )


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
        ``from_edge``, ``via`` (node number), ``to_edge``, ``rule``: ``no`` forbids the turn, ``only`` all others.
    """
    copy_of: list[Any] = []
    arrives, copy, departs = [], [], []
    arcs = np.arange(2 * len(graph))
    begins = np.column_stack((graph.tail, graph.head)).ravel()
    ends = np.column_stack((graph.head, graph.tail)).ravel()
    is_open = np.isfinite(np.column_stack((graph.forward_s, graph.backward_s)).ravel())
    for (from_edge, via), rules in turns.groupby(["from_edge", "via"], sort=True):
        out = arcs[(begins == via) & is_open]
        only = rules.loc[rules["rule"] == "only", "to_edge"]
        allowed = out[np.isin(out // 2, only)] if len(only) else out
        allowed = allowed[~np.isin(allowed // 2, rules.loc[rules["rule"] == "no", "to_edge"])]
        for arc in (2 * from_edge, 2 * from_edge + 1):
            if ends[arc] == via and is_open[arc]:
                copy += [len(copy_of)] * len(allowed)
                departs += allowed.tolist()
                copy_of.append(via)
                arrives.append(arc)
    number = graph.nodes + np.arange(len(copy_of))
    made = Turns(*(np.array(v, dtype=np.int64) for v in (number, copy_of, arrives, copy, departs)))
    return replace(graph, nodes=graph.nodes + len(copy_of), turns=made)
