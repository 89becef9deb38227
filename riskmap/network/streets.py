"""The streets of a network as tables that a database keeps: made once from the roads, read by every question."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.crs import require_metric, require_same
from riskmap.errors import NetworkError
from riskmap.network import noding, restrictions
from riskmap.network.graph import components
from riskmap.network.noding import Streets
from riskmap.network.speeds import BACKWARD, FORWARD, directions, road_classes
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

KEPT = ("name", "maxspeed_kmh", "surface", "width_m", "slope")
"""Columns of the roads that their streets keep."""

DIRECTIONS = {(True, True): "both", (True, False): "forward", (False, True): "backward"}


@dataclass(frozen=True, eq=False)
class StreetTables:
    """Streets and junctions.

    Parameters
    ----------
    edges : GeoDataFrame
        One street a row, in the order of the roads: ``edge`` (number from 0), ``u``, ``v`` (junctions at the beginning
        and the end of the line), ``road`` (index of the road in the caller's frame, the first where several lie on one
        another), ``road_class``, ``direction`` (both, forward, backward), ``length_m``, ``bridge``, ``tunnel``,
        ``level``, ``closes_gap``, and what the roads have of name, maxspeed_kmh, surface, width_m, slope.
    nodes : GeoDataFrame
        ``node`` (number from 0), ``component`` (0 has the most junctions), points.
    turns : DataFrame
        See :func:`riskmap.network.restrictions.between_streets`.
    turns_lost : int array
        Row positions of the turn restrictions whose roads do not meet in the data.
    streets : Streets or None
        What noding found; None when the tables were read from a database.
    roads : int
        Rows of the roads that they were made from.
    """

    edges: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame
    turns: pd.DataFrame
    turns_lost: NDArray[np.int64]
    streets: Streets | Any = None
    roads: int = 0


def tables(
    roads: gpd.GeoDataFrame,
    *,
    node_crossings: bool = False,
    close_gaps_m: float = 0.0,
    report_gaps_m: float = 0.0,
    turns: pd.DataFrame | None = None,
) -> StreetTables:
    """Cut roads into streets where they meet.

    Parameters
    ----------
    roads : GeoDataFrame
        Lines in metres with ``highway`` or ``class``; optional ``oneway``, ``bridge``, ``tunnel``, ``layer``, ``name``,
        ``maxspeed_kmh``, ``surface``, ``width_m``, ``slope``, ``junction``, ``id``. Not changed.
    node_crossings, close_gaps_m, report_gaps_m
        See :func:`riskmap.network.noding.node`.
    turns : DataFrame, optional
        Turn restrictions; see :func:`riskmap.network.restrictions.between_streets`.

    Raises
    ------
    MissingFieldError
        No class column.
    CRSError
        No system, or one that is not in metres.
    DataError
        One-way words that are not understood.
    NetworkError
        No roads.
    """
    require_metric(roads.crs, what=Text("道路", "roads"))
    if not len(roads):
        raise NetworkError(Text("没有一条道路", "there are no roads"), layer="roads")
    classes = road_classes(roads)
    way = directions(roads, list(classes))
    bridge, tunnel = flag(roads, "bridge"), flag(roads, "tunnel")
    level = noding.levels(bridge, tunnel, _number(roads, "layer"))
    streets = noding.node(
        roads.geometry.to_numpy(),
        level,
        spans=bridge | tunnel,
        node_crossings=node_crossings,
        close_gaps_m=close_gaps_m,
        report_gaps_m=report_gaps_m,
    )
    edges = _edges(roads, streets, classes, way, {"bridge": bridge, "tunnel": tunnel, "level": level})
    nodes = _nodes(streets, roads.crs)
    return StreetTables(edges, nodes, *restrictions.between_streets(roads, streets, turns), streets, len(roads))


def flag(roads: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    """Give yes and no from a column of booleans or OSM words; blank is no."""
    if column not in roads.columns:
        return np.zeros(len(roads), dtype=bool)
    words = roads[column].astype(object).map(lambda v: "" if pd.isna(v) else str(v).strip().lower())
    return ~words.isin(["", "no", "0", "0.0", "false", "f", "否", "none"]).to_numpy()


def _number(roads: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in roads.columns:
        return np.full(len(roads), np.nan)
    return pd.to_numeric(roads[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _edges(
    roads: gpd.GeoDataFrame,
    streets: Streets,
    classes: pd.Series,
    way: NDArray[np.int8],
    flags: dict[str, NDArray],
) -> gpd.GeoDataFrame:
    import geopandas as gpd

    count = len(streets.lines)
    # a road against the street's line turns its direction round
    piece_way = np.where(streets.turned, -way[streets.road], way[streets.road])
    along, against = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    np.logical_or.at(along, streets.street, piece_way != BACKWARD)
    np.logical_or.at(against, streets.street, piece_way != FORWARD)
    # a street that closes a gap is nobody's one-way street
    along |= streets.bridging == 1
    against |= streets.bridging == 1
    first = _first_roads(streets)
    columns: dict[str, Any] = {
        "edge": np.arange(count),
        "u": streets.tail,
        "v": streets.head,
        "road": roads.index.to_numpy()[first],
        "road_class": classes.to_numpy()[first],
        "direction": [DIRECTIONS[pair] for pair in zip(along.tolist(), against.tolist(), strict=True)],
        "length_m": shapely.length(streets.lines),
        **{name: values[first] for name, values in flags.items()},
        "closes_gap": streets.bridging == 1,
    }
    for name in KEPT:
        if name in roads.columns:
            columns[name] = roads[name].array.take(first)
    return gpd.GeoDataFrame(columns, geometry=streets.lines, crs=roads.crs)


def _first_roads(streets: Streets) -> NDArray[np.int64]:
    """Give the row position of the first road of each street."""
    first = np.zeros(len(streets.lines), dtype=np.int64)
    first[streets.street[::-1]] = streets.road[::-1]
    return first


def _nodes(streets: Streets, crs: Any) -> gpd.GeoDataFrame:
    import geopandas as gpd

    component = components(len(streets.xy), streets.tail, streets.head)
    columns = {"node": np.arange(len(streets.xy)), "component": component}
    return gpd.GeoDataFrame(columns, geometry=shapely.points(streets.xy), crs=crs)


def without_closed(tables: StreetTables, closures: gpd.GeoSeries) -> StreetTables:
    """Take away the parts of streets inside closed areas; streets end at the border.

    Parameters
    ----------
    tables : StreetTables
    closures : GeoSeries
        Polygons in the streets' system.

    Raises
    ------
    CRSMismatchError
    """
    if not len(closures):
        return tables
    require_same(closures.crs, tables.edges.crs, what=Text("封闭区与道路", "closures and roads"))
    area = closures.union_all()
    edges, lines = tables.edges, tables.edges.geometry.to_numpy()
    # a street along the border stays open
    hit = np.flatnonzero(shapely.relate_pattern(lines, area, "T********"))
    if not len(hit):
        return tables
    pieces, which = shapely.get_parts(shapely.difference(lines[hit], area), return_index=True)
    pieces = _as_directed(pieces, lines[hit[which]])
    parts, nodes = _ended(edges.iloc[hit[which]], pieces, tables.nodes)
    every = pd.concat([edges.drop(index=edges.index[hit]), parts], ignore_index=True)
    old = every["edge"].to_numpy()
    every["edge"] = np.arange(len(every))
    component = components(len(nodes), every["u"].to_numpy(), every["v"].to_numpy())
    return replace(
        tables,
        edges=every,
        nodes=nodes.assign(component=component),
        turns=restrictions.renumbered(tables.turns, every, old),
    )


def _as_directed(pieces: NDArray, whole: NDArray) -> NDArray:
    """Give pieces of lines in the direction of the lines that they were cut from."""
    at = [
        shapely.line_locate_point(whole, shapely.line_interpolate_point(pieces, s, normalized=True)) for s in (0.3, 0.6)
    ]
    return np.where(at[0] <= at[1], pieces, shapely.reverse(pieces))


def _ended(
    edges: gpd.GeoDataFrame, pieces: NDArray, nodes: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Give streets with the geometry of their pieces; ends that were cut off get nodes of their own."""
    import geopandas as gpd

    parts, place = edges.copy(), nodes.geometry.to_numpy()
    cut: list[Any] = []
    for column, end in (("u", 0), ("v", -1)):
        points = shapely.get_point(pieces, end)
        number = parts[column].to_numpy().copy()
        moved = np.flatnonzero(shapely.distance(points, place[number]) > 0)
        number[moved] = len(nodes) + len(cut) + np.arange(len(moved))
        cut.extend(points[moved])
        parts[column] = number
    parts = parts.set_geometry(pieces, crs=edges.crs).assign(length_m=shapely.length(pieces))
    more = gpd.GeoDataFrame({"node": len(nodes) + np.arange(len(cut))}, geometry=cut, crs=nodes.crs)
    return parts, pd.concat([nodes.drop(columns="component"), more], ignore_index=True)
