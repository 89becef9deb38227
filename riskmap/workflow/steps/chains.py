"""The chain step: where one hazard meets another, ranked by people; evacuation routes through hazchem zones."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from riskmap import fields
from riskmap.data.findings import Finding
from riskmap.levels import to_four
from riskmap.overlay import chains, exposure
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.overlays import AROUND, facts_of, people
from riskmap.workflow.steps.step import Step

LAYER = "compound_points"
G_AT_MOST = 2.0
"""A whole county whose largest value is below this is in g: no map of intensities stays under II."""


def run(context: Context) -> Results:
    """Give ``compound_points`` and, where evacuation routes are known, ``hazchem_routes``."""
    results = Results()
    known = facts_of(context, "chains")
    parts = [*_slides(context, results.findings), *_floods(context, known), *_quakes(context, known, results.findings)]
    ranked = chains.ranked(parts, context.crs)
    results.rows[LAYER] = ranked
    if context.has("evacuation_routes") and context.has("hazchem_zones"):
        results.rows["hazchem_routes"] = _routes(context)
    results.totals = {
        "points": len(ranked),
        "by_chain": {str(k): int(n) for k, n in ranked["chain"].value_counts().sort_index().items()},
    }
    return results


def _slides(context: Context, findings: list[Finding]) -> list[gpd.GeoDataFrame]:
    if not (context.has("geohazard_zones") and context.has("pipeline_hca")):
        return []
    zones, pieces = context.rows("geohazard_zones"), context.rows("pipeline_hca")
    points = context.rows("geohazard_exposure").set_index("id")
    found = chains.geohazard_pipeline(zones, pieces, points[fields.NAME].to_dict())
    if not len(found):
        return []
    where = people(context, LAYER, findings)
    belt = float(context.fact("pipelines", "belt_m"))
    both = gpd.GeoDataFrame(geometry=found["first_id"].map(zones.set_index("id").geometry).to_numpy(), crs=zones.crs)
    near = gpd.GeoDataFrame(geometry=found.buffer(belt).to_numpy(), crs=zones.crs)
    around = gpd.GeoDataFrame(geometry=both.geometry.union(near.geometry), crs=zones.crs)
    counted = exposure.people_in(around, where)[fields.PEOPLE] if where else pd.Series(np.nan, index=around.index)
    registered = found["first_id"].map(points[fields.PEOPLE]).astype(float)
    # the register and the count see different people; the larger is the safer
    return [found.assign(people=np.fmax(counted.to_numpy(), registered.to_numpy()))]


def _value_at(
    context: Context, layer: str, objects: gpd.GeoDataFrame, level: int, value: float
) -> tuple[pd.Series, float, str]:
    """Give a hazard's value at objects, the limit that goes with it, and its unit."""
    cells, count = context.cells(layer), context.levels_of(layer)
    points = objects.geometry.representative_point()
    at = cells.grid.locate(points.x.to_numpy(), points.y.to_numpy())
    if count:
        codes = to_four(cells.values) if count == 5 else cells.values
        found = np.append(codes.ravel(), 0)[at].astype(float)
        return pd.Series(np.where(found > 0, found, np.nan), index=objects.index), float(level), "level"
    return pd.Series(np.append(cells.values.ravel().astype(float), np.nan)[at], index=objects.index), value, ""


def _floods(context: Context, known: dict[str, Any]) -> list[gpd.GeoDataFrame]:
    if not (context.has("hazard_flood") and context.has("hazchem_grades")):
        return []
    sources = context.rows("hazchem_grades")
    value, limit, unit = _value_at(context, "hazard_flood", sources, known["flood_level"], known["flood_depth_m"])
    residents = sources["people_500m"].astype("Float64").to_numpy(float, na_value=np.nan)
    counted = pd.Series(residents, index=sources.index)
    return [
        chains.at_points(
            chains.FLOOD_HAZCHEM,
            "hazard_flood",
            "hazchem_sources",
            sources,
            value,
            counted,
            from_value=limit,
            unit=unit or "m",
        )
    ]


def _quakes(context: Context, known: dict[str, Any], findings: list[Finding]) -> list[gpd.GeoDataFrame]:
    if not (context.has("hazard_earthquake") and context.has("overhead_dams")):
        return []
    dams = context.rows("overhead_dams")
    in_g = float(np.nanmax(context.cells("hazard_earthquake").values)) <= G_AT_MOST
    limit = known["quake_g"] if in_g else known["quake_intensity"]
    value, limit, unit = _value_at(context, "hazard_earthquake", dams, known["quake_level"], limit)
    unit = unit or ("g" if in_g else "degree")
    message = Text(
        f"地震层按 {unit} 理解，自 {limit:g} 起与尾矿库叠加",
        f"the earthquake layer is read as {unit}; tailings dams are listed from {limit:g}",
    )
    findings.append(Finding("hazard_earthquake", "note", "QUAKE_UNIT", message))
    # below a failing dam are those registered, or those lower; all nearby where the terrain is not known
    columns = (_numbers(dams[c]) for c in ("people_below", "people_within_1km", "people_lower_within_1km"))
    stated, near, lower = columns
    counted = pd.Series(np.fmax(stated, np.where(np.isnan(lower), near, lower)), index=dams.index)
    return [
        chains.at_points(
            chains.QUAKE_TAILINGS,
            "hazard_earthquake",
            "tailings_dams",
            dams,
            value,
            counted,
            from_value=limit,
            unit=unit,
        )
    ]


def _numbers(values: pd.Series) -> Any:
    return pd.to_numeric(values, errors="coerce").astype("Float64").to_numpy(float, na_value=np.nan)


def _routes(context: Context) -> pd.DataFrame:
    """List the evacuation routes that run through a hazchem zone, with the metres inside."""
    routes, zones = context.rows("evacuation_routes"), context.rows("hazchem_zones")
    key = "id" if "id" in routes.columns else "origin_id"
    zone, route = shapely.STRtree(routes.geometry.to_numpy()).query(zones.geometry.to_numpy(), predicate="intersects")
    metres = shapely.length(shapely.intersection(routes.geometry.to_numpy()[route], zones.geometry.to_numpy()[zone]))
    found = pd.DataFrame(
        {
            "route_id": routes[key].to_numpy(object)[route],
            **{c: zones[c].to_numpy(object)[zone] for c in ("source_id", "scenario", "effect")},
            "metres": metres,
        }
    )
    return found[found["metres"] > 0].sort_values(["route_id", "source_id", "scenario", "effect"], ignore_index=True)


STEP = Step(
    "chains",
    Text("灾害链", "chains of hazards"),
    needs=("boundary",),
    takes=(*AROUND, "geohazard_zones", "geohazard_exposure", "pipeline_hca", "hazchem_grades", "hazchem_zones", "overhead_dams",
           "hazard_flood", "hazard_earthquake", "evacuation_routes"),
    gives=(LAYER, "hazchem_routes"),
    options=("exposure", "facts"),
    run=run,
)  # fmt: skip
