"""What an evacuation starts from: the scenarios, their hazard zones, the people who have to move, the shelters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.data.findings import Finding
from riskmap.errors import SpecError
from riskmap.grid import Raster
from riskmap.levels import to_four
from riskmap.network import evacuation_hazards, evacuation_origins, shelters
from riskmap.network.evacuation_origins import COLUMNS
from riskmap.network.evacuation_zones import Depths
from riskmap.overlay import influence
from riskmap.text import Text
from riskmap.workflow.context import Context
from riskmap.workflow.evacuation_options import EvacuationScenario
from riskmap.workflow.steps.overlays import township_at

if TYPE_CHECKING:
    import geopandas as gpd

TITLES = {
    "geohazard_zones": Text("地质灾害避险转移", "geohazard evacuation"),
    "hazard_flood": Text("洪水转移", "flood evacuation"),
    "hazchem_zones": Text("危险化学品事故疏散", "hazchem evacuation"),
    "risk_level": Text("红色风险区转移", "evacuation of red zones"),
}
ZONE_LAYERS = ("geohazard_zones", "hazchem_zones")
"""Layers whose polygons are hazard zones; other hazards are cells."""

LEVEL_LAYER = "risk_level"
RED = 4


@dataclass(frozen=True, eq=False)
class Hazard:
    """The zones of a scenario.

    Parameters
    ----------
    zones : GeoDataFrame
        ``hazard`` (row of the table of hazards), ``layer``, ``id``, ``own`` (of the scenario's own hazard), ``action``,
        ``exit``, ``factor``, ``source``, ``axis``, polygons.
    threatened : geometry
        Ground whose people have to move.
    cells : bool array or None
        The same ground as cells of the grid.
    depths : callable or None
    """

    zones: gpd.GeoDataFrame
    threatened: Any
    cells: NDArray[np.bool_] | None = None
    depths: Depths | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def forbidden(self) -> Any:
        """Ground where no shelter of the scenario may stand: zones that close or slow roads, those that strike together too."""
        shut = self.zones[self.zones["action"] != "penalised"]
        return shapely.union_all(shut.geometry.to_numpy())


def scenarios(context: Context) -> tuple[EvacuationScenario, ...]:
    """Give the project's scenarios, else the house's: threatened geohazard points, and villages in the flood."""
    given = context.project.evacuation.scenarios
    if given:
        return given
    made = []
    if context.has("geohazard_zones"):
        made.append(EvacuationScenario(id="geology", hazard="geohazard_zones", origins=("geohazard_points",)))
    if context.has("hazard_flood"):
        people = ("villages",) if context.has("villages") else ("cells",)
        made.append(EvacuationScenario(id="flood", hazard="hazard_flood", origins=people))
    return tuple(made)


def missing(context: Context, scenario: EvacuationScenario) -> list[str]:
    """Give the layers that a scenario lacks."""
    wanted = {scenario.hazard}
    wanted |= {"exposure_population"} if {"zones", "cells"} & set(scenario.origins) else set()
    wanted |= {"geohazard_points", "villages"} & set(scenario.origins)
    return sorted(layer for layer in wanted if not context.has(layer))


def title_of(scenario: EvacuationScenario) -> Text:
    """Give what a scenario is called."""
    if scenario.title is not None:
        return scenario.title
    return TITLES.get(scenario.hazard, Text("避险转移", "evacuation"))


def hazard_of(context: Context, scenario: EvacuationScenario) -> Hazard:
    """Give the zones of a scenario: its own, and those of hazards that strike together with it."""
    import geopandas as gpd

    own = zones_of(context, scenario.hazard, scenario)
    rows = context.fact_table("evacuation", "together")
    kept_off = {row["also"]: float(row["factor"]) for row in rows if row["hazard"] == scenario.hazard}
    also = tuple(kept_off) if scenario.also is None else scenario.also
    others = [zones_of(context, layer, None) for layer in also if context.has(layer)]
    frames = [own.zones.assign(own=True)]
    for other, layer in zip(others, (layer for layer in also if context.has(layer)), strict=True):
        zones = other.zones.assign(own=False)
        if scenario.also is None:
            zones = zones.assign(action="penalised", exit="shortest", factor=kept_off[layer])
        frames.append(zones)
    zones = pd.concat(frames, ignore_index=True)
    depths = next((h.depths for h in (own, *others) if h.depths is not None), None)
    return Hazard(
        gpd.GeoDataFrame(zones, geometry="geometry", crs=context.crs), own.threatened, own.cells, depths, own.findings
    )


def zones_of(context: Context, layer: str, scenario: EvacuationScenario | None) -> Hazard:
    """Give the zones of a layer, those that a scenario asks for where one is given."""
    if layer == "geohazard_zones":
        return _geohazards(context, scenario)
    if layer == "hazchem_zones":
        return _hazchem(context, scenario)
    if layer == LEVEL_LAYER or layer.startswith("hazard_"):
        return _cells(context, layer, scenario)
    raise SpecError(
        Text(
            f"evacuation.scenarios.hazard：{layer} 不是危险区图层",
            f"evacuation.scenarios.hazard: {layer} has no hazard zones",
        ),
        remedy=Text(
            "可用：geohazard_zones、hazchem_zones、risk_level、hazard_*",
            "there are geohazard_zones, hazchem_zones, risk_level and hazard_*",
        ),
    )


def _framed(context: Context, rows: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """Give zones with what the table of hazards says of them; a hazard that it does not know is closed."""
    import geopandas as gpd

    table = {row["hazard"]: row for row in context.fact_table("evacuation", "hazards")}
    known = [table.get(h, {"action": "closed", "exit": "shortest"}) for h in rows["hazard"]]
    empty = [None] * len(rows)
    return gpd.GeoDataFrame(
        {
            "hazard": rows["hazard"].to_numpy(object),
            "layer": layer,
            "id": rows["id"].astype(object).to_numpy() if "id" in rows.columns else empty,
            "action": [row["action"] for row in known],
            "exit": [row["exit"] for row in known],
            "factor": [float(row.get("factor", 1.0)) for row in known],
            "source": rows["source"].to_numpy(object) if "source" in rows.columns else empty,
            "axis": rows["axis"].to_numpy(object) if "axis" in rows.columns else empty,
        },
        geometry=rows.geometry.to_numpy(),
        crs=rows.crs,
    )


def _chosen(rows: Any, column: str, wanted: tuple[str, ...], place: str) -> Any:
    """Give the rows that are asked for; all when nothing is said."""
    if not wanted:
        return rows
    absent = sorted(set(wanted) - set(rows[column].astype(str)))
    if absent:
        raise SpecError(
            Text(f"evacuation：{place} 里没有 {'、'.join(absent)}", f"evacuation: no {', '.join(absent)} in {place}")
        )
    return rows[rows[column].astype(str).isin(wanted)]


def _geohazards(context: Context, scenario: EvacuationScenario | None) -> Hazard:
    rows = context.rows("geohazard_zones")
    rows = rows.assign(hazard=rows["kind"])
    if scenario is not None:
        rows = _chosen(rows, "id", scenario.ids, "geohazard_points")
    places = context.rows("geohazard_points").set_index("id").geometry
    heights = context.cells("dem") if context.has("dem") else None
    axes, found = [], []
    for id, kind, reach in zip(rows["id"], rows["hazard"], rows["reach_m"], strict=True):
        axis = None
        if kind == "debris_flow":
            axis = _channel(context, places[id], heights, float(reach))
            if axis is None:
                found.append(_no_channel(str(id), places[id]))
        axes.append(axis)
    zones = _framed(context, rows.assign(axis=pd.Series(axes, index=rows.index, dtype=object)), "geohazard_zones")
    return Hazard(zones, shapely.union_all(zones.geometry.to_numpy()), findings=found)


def _channel(context: Context, point: Any, heights: Raster | None, reach_m: float) -> Any:
    """Give the way of a debris flow: down the terrain where that is long enough, else straight down the slope."""
    if heights is None:
        return None
    row = next(r for r in context.fact_table("geohazards", "influence") if r["kind"] == "debris_flow")
    down = influence.runout(point, heights, row["reach_degrees"], row["limit_m"])
    if down is not None and down.length >= reach_m:
        return down
    return evacuation_hazards.channel(point, heights, reach_m) or down


def _no_channel(id: str, point: Any) -> Finding:
    return Finding(
        "evacuation_routes",
        "warning",
        "CHANNEL_UNKNOWN",
        Text(
            "沟道走向未知，撤离不能判断横向，按最短出口", "the channel is not known: the way out is the shortest exit"
        ),
        Text("补充 dem", "add a dem"),
        row=id,
        geometry=point,
    )


def _hazchem(context: Context, scenario: EvacuationScenario | None) -> Hazard:
    rows = context.rows("hazchem_zones")
    if scenario is not None:
        rows = _chosen(rows, "source_id", scenario.ids, "hazchem_zones")
        rows = _chosen(rows, "effect", scenario.effects, "hazchem_zones.effect")
    sources = context.rows("hazchem_sources").drop_duplicates("id").set_index("id").geometry.representative_point()
    rows = rows.assign(hazard=rows["scenario"], id=rows["source_id"], source=rows["source_id"].map(sources))
    rows = rows.reset_index(drop=True)
    zones = _framed(context, rows, "hazchem_zones")
    return Hazard(zones, shapely.union_all(zones.geometry.to_numpy()))


def _cells(context: Context, layer: str, scenario: EvacuationScenario | None) -> Hazard:
    """Give the zones of a hazard of cells: water by its depth, levels by the level."""
    raster = context.cells(layer)
    count = context.levels_of(layer)
    if count is None and layer != "hazard_flood":
        raise SpecError(
            Text(f"evacuation：{layer} 是数值，没有划出危险区的界限", f"evacuation: {layer} has values, not levels"),
            remedy=Text("提供等级图层，或用 risk_level", "give it levels, or use risk_level"),
        )
    if count is not None:
        level = to_four(raster.values) if count == 5 else raster.values
        limit = RED if layer == LEVEL_LAYER else int(context.fact("evacuation", "threatened_level"))
        at = level >= limit
        found = evacuation_hazards.class_zones(raster, [("level_below", level == limit - 1), ("level_zone", at)])
        return Hazard(_framed(context, found, layer), _ground(found, "level_zone"), at)
    mode = "walk" if scenario is None else scenario.mode
    limit = context.fact("evacuation", "depth_limit_walk_m" if mode == "walk" else "depth_limit_car_m")
    depth = np.nan_to_num(raster.values.astype(float))
    wet, deep = depth >= context.fact("evacuation", "wet_from_m"), depth > limit
    found = evacuation_hazards.class_zones(raster, [("flood_shallow", wet), ("flood_deep", deep)])
    at = depth >= context.fact("evacuation", "threatened_depth_m")
    ground = evacuation_hazards.class_zones(raster, [("threatened", at)])
    return Hazard(
        _framed(context, found, layer), _ground(ground, "threatened"), at, evacuation_hazards.depths_of(raster)
    )


def ground_of(context: Context, scenario: EvacuationScenario) -> NDArray[Any]:
    """Give the polygons of a scenario's own zones that close or slow roads, for drawing."""
    if scenario.hazard not in ZONE_LAYERS:
        zones = zones_of(context, scenario.hazard, scenario).zones
        return np.asarray(zones.geometry[zones["action"] != "penalised"])
    rows = context.rows(scenario.hazard)
    key = "id" if scenario.hazard == "geohazard_zones" else "source_id"
    rows = _chosen(rows, key, scenario.ids, scenario.hazard)
    if key == "source_id":
        rows = _chosen(rows, "effect", scenario.effects, "hazchem_zones.effect")
    return np.asarray(rows.geometry)


def _ground(zones: gpd.GeoDataFrame, name: str) -> Any:
    return shapely.union_all(zones.geometry[zones["hazard"] == name].to_numpy())


def origins_of(context: Context, scenario: EvacuationScenario, hazard: Hazard) -> gpd.GeoDataFrame:
    """Give the origins of a scenario: one row each, nobody twice."""
    import geopandas as gpd

    parts = []
    points = _points(context, scenario) if "geohazard_points" in scenario.origins else None
    if points is not None:
        parts.append(points)
    if "villages" in scenario.origins:
        parts.append(_villages(context, hazard, points))
        hazard.findings.extend([] if points is None else _too_many(context.rows("villages"), points))
    people = context.cells("exposure_population") if {"zones", "cells"} & set(scenario.origins) else None
    if people is not None:
        parts.append(_from_people(context, scenario, hazard, people))
    frame = pd.concat([part[list(COLUMNS)] for part in parts], ignore_index=True)
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=context.crs)


def _too_many(villages: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> list[Finding]:
    """Name the villages with fewer people than their points threaten: the points' numbers count."""
    holder = points["holder"].to_numpy()
    taken = evacuation_origins.taken(len(villages), holder, points["people"].to_numpy(dtype=float))
    people = evacuation_origins.people_of(villages)
    found = []
    for row in np.flatnonzero(taken > people):
        message = Text(
            f"{villages['name'].iloc[row]} 有 {people[row]:,.0f} 人，它的隐患点共威胁 {taken[row]:,.0f} 人；按隐患点的人数算",
            f"{villages['name'].iloc[row]} has {people[row]:,.0f} people, its points threaten {taken[row]:,.0f}; the points count",
        )
        remedy = Text("核对两处的人数，或隐患点的村名", "check both numbers, or which village the points name")
        found.append(Finding("geohazard_points", "warning", "MORE_THAN_THE_VILLAGE", message, remedy, row=str(row + 1)))
    return found


def _points(context: Context, scenario: EvacuationScenario) -> gpd.GeoDataFrame:
    rows = _chosen(context.rows("geohazard_points"), "id", scenario.ids, "geohazard_points")
    rows = rows[rows.intersects(context.boundary)].reset_index(drop=True)
    villages = context.rows("villages") if context.has("villages") else None
    if villages is None:
        holder = np.full(len(rows), -1)
    else:
        holder = evacuation_origins.holding_village(rows, villages, near_m=context.fact("evacuation", "village_near_m"))
    return rows.assign(
        layer="geohazard_points",
        people=pd.to_numeric(rows["threatened_people"], errors="coerce").astype("Float64").astype(float),
        village=_of(villages, "name", holder, rows["village"] if "village" in rows.columns else None),
        village_code=_of(villages, "code", holder, None),
        township=_townships(context, rows),
        holder=holder,
    )


def _townships(context: Context, rows: gpd.GeoDataFrame) -> pd.Series:
    """Give the township that each row states, else the one that holds it."""
    found = township_at(context, rows.geometry.representative_point())
    if "township" not in rows.columns:
        return found
    return rows["township"].astype(object).where(rows["township"].notna(), found)


def _of(villages: Any, column: str, holder: NDArray[np.int64], stated: Any) -> list[Any]:
    """Give a column of the village that holds each point, else what the point states."""
    known = None if villages is None or column not in villages.columns else villages[column].to_numpy(object)
    own = [None] * len(holder) if stated is None else stated.to_numpy(object)
    return [known[h] if known is not None and h >= 0 else o for h, o in zip(holder, own, strict=True)]


def _villages(context: Context, hazard: Hazard, points: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    rows = context.rows("villages")
    if points is None:
        holder, threatened = np.empty(0, dtype=np.int64), np.empty(0)
    else:
        holder, threatened = points["holder"].to_numpy(), points["people"].to_numpy()
    left = evacuation_origins.people_left(rows, holder, threatened)
    share = evacuation_origins.share_inside(rows.geometry, hazard.threatened)
    at = (share > 0) & rows.intersects(context.boundary).to_numpy()
    rows, numbers = rows[at], np.flatnonzero(at)
    codes = rows["code"].to_numpy(object) if "code" in rows.columns else [None] * len(rows)
    ids = [str(n + 1) if pd.isna(c) else str(c) for c, n in zip(codes, numbers, strict=True)]
    return rows.assign(
        id=ids,
        layer="villages",
        people=left.to_numpy()[at] * share[at],
        village=rows["name"],
        village_code=codes,
        township=_townships(context, rows),
        geometry=rows.geometry.where(rows.geom_type == "Point", rows.geometry.representative_point()),
    )


def _from_people(context: Context, scenario: EvacuationScenario, hazard: Hazard, people: Raster) -> gpd.GeoDataFrame:
    if "zones" in scenario.origins:
        own = hazard.zones[hazard.zones["own"] & (hazard.zones["action"] != "penalised")]
        made = evacuation_origins.from_zones(own.geometry, people, context.inside)
    else:
        cells = hazard.cells
        if cells is None:
            cells = people.grid.burn([hazard.threatened], [1]).astype(bool)
        block = context.fact("evacuation", "cell_block_m")
        made = evacuation_origins.from_cells(people, cells & context.inside, block)
    layer = "zones" if "zones" in scenario.origins else "cells"
    return made.assign(
        layer=layer, name=made["id"], village=None, village_code=None, township=_townships(context, made)
    )


def shelters_of(context: Context, hazard: Hazard) -> gpd.GeoDataFrame:
    """Give the shelters with their room, and why one may not be used: ``capacity, basis, radius_m, unusable``."""
    rows = context.rows("shelters")
    held = shelters.room(rows, context.fact_table("evacuation", "shelter_m2"))
    inside = shapely.intersects(rows.geometry.to_numpy(), hazard.forbidden)
    unusable = np.select(
        [inside, held["capacity"].isna(), held["capacity"] <= 0], ["in_hazard", "capacity_unknown", "no_room"], ""
    )
    return rows.drop(columns=["capacity"], errors="ignore").assign(
        **held, unusable=np.where(unusable == "", np.array(None), unusable)
    )
