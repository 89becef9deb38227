"""The geohazard step: danger grades, influence zones, what they threaten, and colours that disagree."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from riskmap import fields
from riskmap.data.findings import Finding, Severity
from riskmap.overlay import exposure, geohazards, influence
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.overlays import AROUND, facts_of, optional, people, township_at, townships
from riskmap.workflow.steps.step import Step

LAYER = "geohazard_exposure"


def run(context: Context) -> Results:
    """Give ``geohazard_exposure``, ``geohazard_zones`` and ``geohazard_density``."""
    results = Results()
    points = context.rows("geohazard_points")
    known = facts_of(context, "geohazards")
    where = people(context, LAYER, results.findings)
    dem = context.cells("dem") if context.has("dem") else None
    levels = context.cells("risk_level") if context.has("risk_level") else None
    zones = influence.influence_zones(points, dem=dem, table=context.fact_table("geohazards", "influence"))
    inside = {"people": where, "facilities": optional(context, "facilities"), "roads": optional(context, "roads")}
    inside |= {"levels": levels, "constants": facts_of(context, "exposure")}
    if len(zones):
        held = exposure.exposed(zones, **inside)
        zones = zones.join(held.assign(people_unknown=held["unknown"]).drop(columns="unknown"))
        zones["people_below"] = influence.people_below(zones, where, dem)
    exposed = _exposure(context, points, zones, levels, known)
    results.rows[LAYER] = exposed
    results.rows["geohazard_zones"] = zones
    results.findings += _findings(exposed)
    given = townships(context)
    if given is not None:
        threatened, high = points["threatened_people"], float(context.fact("zoning", "density_high_from"))
        table = geohazards.density(points, threatened, given[0], given[1], high)
        results.rows["geohazard_density"] = table
    results.totals |= _totals(exposed, where)
    return results


def _exposure(context: Context, points: Any, zones: Any, levels: Any, known: dict[str, Any]) -> gpd.GeoDataFrame:
    graded = geohazards.grade(points["threatened_people"], points.get("threatened_property_cny"), constants=known)
    volume = points["volume_m3"] if "volume_m3" in points.columns else pd.Series(float("nan"), index=points.index)
    rows = context.fact_table("geohazards", "volume_classes")
    scale = geohazards.scale_class(points["kind"], volume, constants=known, table=rows)
    cell = geohazards.level_at(points, levels) if levels is not None else pd.Series(0, index=points.index)
    stated = geohazards.stated_grade(points["level"]) if "level" in points.columns else None
    graded = geohazards.decided(graded, stated)
    township = township_at(context, points.geometry)
    if "township" in points.columns:
        township = township.where(township.notna(), points["township"])
    road = geohazards.nearest(points, optional(context, "roads"), ("name",))
    shelter = geohazards.nearest(points, optional(context, "shelters"), ("id", "name"))
    zone = zones.set_index("id") if len(zones) else None
    of_zone = [
        c for c in ("people", "schools", "hospitals", "key_units", "road_km", "people_below") if zone is not None
    ]
    taken = {f"zone_{c}": points["id"].map(zone[c]) for c in of_zone if zone is not None}
    facilities = None if zone is None else sum(taken[f"zone_{c}"] for c in ("schools", "hospitals", "key_units"))
    frame = pd.DataFrame(
        {
            "id": points["id"],
            fields.NAME: points[fields.NAME],
            "kind": points["kind"],
            "scale": points["scale"] if "scale" in points.columns else None,
            **scale,
            "grade": graded["grade"],
            "grade_at_least": graded["at_least"],
            "grade_basis": graded["grade_basis"],
            "stated_grade": stated,
            fields.LEVEL: graded[fields.LEVEL],
            **geohazards.colour_columns(graded[fields.LEVEL]),
            fields.PEOPLE: points["threatened_people"],
            "households": points.get("threatened_households"),
            "property_cny": points.get("threatened_property_cny"),
            "facilities": pd.array(facilities, dtype="Int64") if facilities is not None else None,
            **taken,
            "cell_level": cell,
            "cell_colour": geohazards.colour_columns(cell)[fields.COLOUR],
            "agreement": geohazards.agreement(graded[fields.LEVEL], cell),
            "township": township,
            "village": points.get("village"),
            "nearest_road": road["name"],
            "road_m": road["metres"],
            "shelter_id": shelter["id"],
            "shelter": shelter["name"],
            "shelter_m": shelter["metres"],
            **geohazards.wardens_of(points, optional(context, "wardens"), township),
            "inside": points.intersects(context.boundary),
        },
        index=points.index,
    )
    return gpd.GeoDataFrame(frame, geometry=points.geometry, crs=points.crs)


REMEDY = Text(
    "核对 geohazard_points 里这些点的人数、财产、体积和等级，改正源数据",
    "check people, property, volume and grades of these points in geohazard_points and mend the source",
)


def _findings(exposed: gpd.GeoDataFrame) -> list[Finding]:
    found = []
    severity: Severity
    for code, severity, rows, zh, en in (
        ("GRADE_FROM_STATEMENT", "warning", exposed["grade_basis"].eq("stated"), "威胁人数未知，按登记的险情等级着色", "people are unknown: the stated danger grade gives the colour"),
        ("GRADE_UNKNOWN", "warning", exposed["grade"].isna(), "威胁人数和财产都未知，险情等级未知", "people and property are unknown: no danger grade"),
        ("GRADE_AT_LEAST", "note", exposed["grade_at_least"], "威胁人数或财产未知，险情等级只是下限", "people or property is unknown: the grade is a lower bound"),
        ("GRADE_STATED", "note", exposed["stated_grade"].notna() & exposed["grade"].notna() & (exposed["stated_grade"] != exposed["grade"]), "登记的险情等级与按人数、财产计算的不同", "the stated danger grade differs from that of people and property"),
        ("ZONE_SHORT", "note", exposed["zone_people"] < exposed["people"] if "zone_people" in exposed.columns else exposed["inside"] & False, "影响范围内统计到的人少于登记的威胁人数，以登记为准", "fewer people are counted in the screening zone than are registered as threatened; the register stands"),
        ("SCALE_STATED", "note", exposed["scale"].notna() & exposed["scale_by_volume"].notna() & (exposed["scale"] != exposed["scale_by_volume"]), "登记的规模与按体积划分的不同", "the stated scale differs from the class of the volume"),
    ):  # fmt: skip
        names = exposed.loc[rows.fillna(False).to_numpy(bool), "id"].tolist()
        if names:
            listed = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
            message = Text(f"{zh}（{len(names)} 处：{listed}）", f"{en} ({len(names)} points: {listed})")
            found.append(Finding("geohazard_points", severity, code, message, REMEDY, rows=len(names)))
    return found


def _totals(exposed: gpd.GeoDataFrame, where: Any) -> dict[str, Any]:
    inside = exposed[exposed["inside"]]
    return {
        "points": len(exposed),
        "points_inside": len(inside),
        "people": float(exposed[fields.PEOPLE].sum()),
        "people_unknown_points": int(exposed[fields.PEOPLE].isna().sum()),
        "by_grade": {str(g): int((inside["grade"] == g).sum()) for g in (1, 2, 3, 4)},
        "people_from": where.source if where else None,
    }


STEP = Step(
    "geohazards",
    Text("地质灾害隐患点叠加", "geohazard points"),
    needs=("boundary", "geohazard_points"),
    takes=(*AROUND, "risk_level", "dem", "facilities", "roads", "shelters", "wardens", "townships"),
    gives=(LAYER, "geohazard_zones", "geohazard_density"),
    options=("exposure", "facts"),
    run=run,
)
