"""The network step: roads become streets once; every question of travel then makes its network from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.network import report, restrictions, streets
from riskmap.network.roads import RoadNetwork
from riskmap.network.speeds import SpeedTable
from riskmap.network.streets import StreetTables
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

TABLES = ("network_edges", "network_nodes", "network_turns")
"""What a step that travels must name among its layers."""

WALL_CLASSES = ("motorway", "motorway_link", "expressway")
"""Roads that nobody walks across; on the ground they are barriers to points and areas."""


def run(context: Context) -> Results:
    """Give ``network_edges``, ``network_nodes`` and ``network_turns``, the network report, and what deserves a look."""
    spec = context.project.network
    roads = context.rows("roads")
    gaps = context.fact("fire", "report_gaps_m") if spec.report_gaps_m is None else spec.report_gaps_m
    made = streets.tables(
        roads,
        node_crossings=spec.node_crossings,
        close_gaps_m=spec.close_gaps_m,
        report_gaps_m=gaps,
        turns=context.rows("turn_restrictions") if context.has("turn_restrictions") else None,
    )
    edges = made.edges
    if spec.slopes and context.has("dem"):
        edges = edges.assign(slope=_slopes(context, edges))
    rows = {"network_edges": edges, "network_nodes": made.nodes}
    if len(made.turns):
        rows["network_turns"] = made.turns
    found = report.findings(
        made,
        roads,
        slow_kmh=context.fact("speeds", "suspicious_below_kmh"),
        fast_kmh=context.fact("speeds", "suspicious_above_kmh"),
        known_classes=speed_table(context, "fire").known,
    )
    if not context.has("turn_restrictions") and _from_osm(roads):
        found.append(report.turns_apart())
    return Results(rows=rows, findings=found, totals=report.figures(made))


def _from_osm(roads: gpd.GeoDataFrame) -> bool:
    """Tell whether the roads carry the numbers of ways that the reader of OSM files gives."""
    return "id" in roads.columns and bool(roads["id"].astype("str").str.fullmatch(r"w\d+").all())


def _slopes(context: Context, edges: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Give the slope of each street from the heights at its ends; NaN where it is shorter than two cells."""
    heights = context.cells("dem")
    ends = []
    for end in (0, -1):
        xy = shapely.get_coordinates(shapely.get_point(edges.geometry.to_numpy(), end))
        at = heights.grid.locate(xy[:, 0], xy[:, 1])
        ends.append(np.where(at >= 0, heights.values.ravel()[np.maximum(at, 0)], np.nan))
    length = edges["length_m"].to_numpy(dtype=float)
    # on a shorter street the cells' own steps would be taken for hills
    return np.where(length >= 2 * heights.grid.cell_size[0], np.abs(ends[1] - ends[0]) / length, np.nan)


def street_tables(context: Context) -> StreetTables:
    """Give the streets from the database, without those inside closed areas."""
    turns = context.rows("network_turns") if context.has("network_turns") else restrictions.no_turns()
    edges, nodes = context.rows("network_edges"), context.rows("network_nodes")
    tables = StreetTables(edges, nodes, turns, np.empty(0, dtype=np.int64))
    if not context.has("barriers"):
        return tables
    barriers = context.rows("barriers")
    return streets.without_closed(tables, barriers.geometry[_closed(barriers)])


def _closed(barriers: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    is_area = shapely.get_dimensions(barriers.geometry.to_numpy()) == 2
    kind = barriers["kind"] if "kind" in barriers.columns else None
    return is_area & (kind.eq("closure").fillna(False).to_numpy(dtype=bool) if kind is not None else False)


def speed_table(context: Context, mode: str, speeds_kmh: Mapping[str, float] | None = None) -> SpeedTable:
    """Give the speeds of a way of travel, the project's over the house's."""
    return SpeedTable.of(mode, context.fact_table("speeds", "speeds"), speeds_kmh)


def network_of(
    context: Context,
    mode: str,
    *,
    speeds_kmh: Mapping[str, float] | None = None,
    obey_oneway: bool = True,
    maxspeed: str = "cap",
    hour_factor: float | None = None,
) -> RoadNetwork:
    """Give the network of a way of travel, from the streets in the database.

    Parameters
    ----------
    context : Context
        Of a step that names :data:`TABLES` and ``barriers`` among its layers.
    mode, speeds_kmh, obey_oneway, maxspeed
        As in :meth:`RoadNetwork.from_frame`.
    hour_factor : float, optional
        On driving speeds; the house's by default.
    """
    travelling: dict[str, Any] = {}
    if mode != "pedestrian":
        factor = context.fact("speeds", "factor_by_hour") if hour_factor is None else hour_factor
        travelling = {
            "maxspeed": maxspeed,
            "factor": factor,
            "unpaved_cap_kmh": context.fact("speeds", "unpaved_cap_kmh"),
            "slopes": context.fact_table("speeds", "slopes") if context.project.network.slopes else (),
        }
    table = speed_table(context, mode, speeds_kmh)
    return RoadNetwork.from_streets(street_tables(context), table, obey_oneway=obey_oneway, **travelling)


def fire_network(context: Context, speeds_kmh: Mapping[str, float] | None = None) -> RoadNetwork:
    """Give the network of fire engines, as the project's ``fire`` says; with speeds of a question's own over these."""
    spec = context.project.fire
    return network_of(
        context,
        "fire",
        speeds_kmh={**spec.speeds_kmh, **(speeds_kmh or {})},
        obey_oneway=spec.obey_oneway,
        maxspeed=spec.maxspeed,
        hour_factor=spec.hour_factor,
    )


def walls_of(context: Context) -> NDArray:
    """Give what neither points nor areas cross: the barriers, and motorways on the ground."""
    edges = context.rows("network_edges")
    ground = ~(edges["bridge"].to_numpy(dtype=bool) | edges["tunnel"].to_numpy(dtype=bool))
    roads = edges.geometry.to_numpy()[edges["road_class"].isin(WALL_CLASSES).to_numpy(dtype=bool) & ground]
    if not context.has("barriers"):
        return roads
    return np.concatenate((context.rows("barriers").geometry.to_numpy(), roads))


STEP = Step(
    "network",
    Text("路网", "road network"),
    needs=("boundary", "roads"),
    takes=("turn_restrictions", "dem"),
    gives=TABLES,
    options=("network", "facts"),
    run=run,
    # heights count only where the project asks for slopes: a new dem alone makes no new network
    named=lambda project: ("turn_restrictions", "dem") if project.network.slopes else ("turn_restrictions",),
)
