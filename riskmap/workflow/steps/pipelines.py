"""The pipeline step: high-consequence areas, what makes them, crossings, kilometres by grade, medium and township."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from riskmap import fields
from riskmap.data.findings import Finding
from riskmap.overlay import crossings, exposure, pipelines
from riskmap.overlay.pipelines import Identified
from riskmap.overlay.surroundings import tells_households
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.overlays import AROUND, about, facts_of, optional, people, township_at, townships
from riskmap.workflow.steps.step import Step

LAYER = "pipeline_hca"
SURROUNDINGS = (
    "buildings",
    "villages",
    "facilities",
    "roads",
    "barriers",
    "water",
    "reserves",
    "hazchem_sources",
    "built_up",
)
GRADES = (3, 2, 1, 0)


def run(context: Context) -> Results:
    """Give ``pipeline_hca``, ``pipeline_hca_causes``, ``pipeline_crossings`` and ``pipeline_km``."""
    results = Results()
    known = facts_of(context, "pipelines")
    lines = context.rows("pipelines").sort_values("id", kind="stable").reset_index(drop=True)
    accuracy = context.project.inputs["pipelines"].accuracy_m
    around = {layer: optional(context, layer) for layer in SURROUNDINGS}
    found = pipelines.identify(lines, boundary=context.boundary, accuracy_m=accuracy, constants=known, **around)
    where = people(context, LAYER, results.findings)
    pieces = _with_people(context, found.pieces, where, float(known["belt_m"]))
    results.rows[LAYER] = pieces
    results.rows["pipeline_hca_causes"] = found.causes
    results.rows["pipeline_crossings"] = _crossings(context, lines, found, float(known["same_place_m"]))
    results.rows["pipeline_km"] = _kilometres(context, pieces)
    results.findings += _findings(lines, pieces, around, accuracy, known)
    results.findings += join_findings(lines, found, float(known["join_gap_m"]))
    results.totals = _totals(pieces, found)
    return results


def _with_people(context: Context, pieces: gpd.GeoDataFrame, where: Any, belt_m: float) -> gpd.GeoDataFrame:
    """Add the people within the belt of each area, and its township."""
    held = pieces["grade"] > 0
    counted = pd.Series(np.nan, index=pieces.index)
    if where is not None and held.any():
        belts = gpd.GeoDataFrame(geometry=pieces.geometry[held].buffer(belt_m, quad_segs=32), crs=pieces.crs)
        counted[held] = exposure.people_in(belts, where)[fields.PEOPLE]
    middle = pieces.geometry.interpolate(0.5, normalized=True)
    placed = pieces.assign(people=counted, township=township_at(context, middle))
    return placed[[*[c for c in placed.columns if c != "geometry"], "geometry"]]


def _crossings(context: Context, lines: gpd.GeoDataFrame, found: Identified, same_place_m: float) -> gpd.GeoDataFrame:
    parts = []
    for kind, layer, condition, name in (
        ("red", "risk_zones", lambda f: f[fields.LEVEL] == 4, fields.LEVEL_NAME),
        ("geohazard_zone", "geohazard_zones", None, "id"),
        ("river", "water", lambda f: f["kind"].isin(["river", "stream", "canal"]), fields.NAME),
        ("road", "roads", None, fields.NAME),
        ("railway", "barriers", lambda f: f["kind"] == "rail", fields.NAME),
    ):
        frame = optional(context, layer)
        if frame is None or (condition is not None and "kind" not in frame.columns and layer != "risk_zones"):
            continue
        if condition is not None:
            frame = frame[condition(frame).fillna(False).to_numpy(bool)].reset_index(drop=True)
        if len(frame):
            names = frame[name] if name in frame.columns else pd.Series(None, index=frame.index, dtype=object)
            names = names.astype(object).where(names.notna(), "")
            parts.append(crossings.crossings(lines, found.runs, kind, frame, names, same_place_m=same_place_m))
    held = [p for p in parts if len(p)]
    if not held:
        columns = [c for c in crossings.COLUMNS if c != "geometry"]
        return gpd.GeoDataFrame(pd.DataFrame(columns=columns), geometry=[], crs=lines.crs)
    together = pd.concat(held, ignore_index=True)
    return together.sort_values(["pipeline_id", "from_m", "kind", "object"], kind="stable", ignore_index=True)


def _kilometres(context: Context, pieces: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give kilometres by township, medium and grade inside the boundary; shared ground counts once, usable lines first."""
    inside = pieces[pieces["status"] != pipelines.OUTSIDE]
    given = townships(context)
    rows, ground = given if given is not None else (None, [context.boundary])
    cut = crossings.by_unit(inside, ground) if len(inside) else inside.assign(unit=0)
    made = []
    for (unit, medium), part in cut.groupby(["unit", "medium"], sort=True):
        name = fields.UNASSIGNED if unit < 0 else None if rows is None else rows[fields.NAME].iloc[unit]
        code = None if rows is None or unit < 0 else rows[fields.CODE].iloc[unit]
        # 13 ... 10 stand for grades III ... 0 of usable lines, 3 ... 0 for those of sketches
        keyed = part.assign(key=part["grade"] + 10 * part["usable"].astype(int))
        order = [10 * usable + grade for usable in (1, 0) for grade in GRADES]
        for key, metres in pipelines.lengths_once(keyed, "key", order).items():
            if metres > 1e-6:
                made.append((name, code, medium, key % 10, key >= 10, metres / 1000))
    return pd.DataFrame(made, columns=["township", "code", "medium", "grade", "usable", "km"])


def _findings(
    lines: gpd.GeoDataFrame,
    pieces: gpd.GeoDataFrame,
    around: dict[str, Any],
    accuracy: Any,
    known: Any,
) -> list[Finding]:
    found = []
    unusable = pieces.loc[~pieces["usable"], "pipeline_id"].unique().tolist()
    if unusable:
        said = Text("未说明", "not stated") if accuracy is None else Text(f"{accuracy:g} m", f"{accuracy:g} m")
        message = Text(
            "{n} 条管线的位置精度{a}，不能用于高后果区识别，只能示意：{ids}",
            "{n} lines have a position accuracy {a}: not usable for identification, sketch only: {ids}",
        ).format(n=len(unusable), a=said, ids=", ".join(unusable[:8]))
        remedy = Text(
            "核实后在输入里写明 accuracy_m（不大于 50）", "state accuracy_m (50 or less) of the input once it is known"
        )
        found.append(Finding("pipelines", "warning", "ACCURACY", message, remedy, rows=len(unusable)))
    spacing = pipelines.spacing_m(lines)
    wide = lines["id"][spacing > known["vertex_spacing_m"]].tolist()
    if wide:
        message = Text(
            f"{len(wide)} 条管线的折点相距平均超过 {known['vertex_spacing_m']:g} m（最大 {spacing.max() / 1000:.1f} km），像示意图：{'、'.join(wide[:8])}",
            f"{len(wide)} lines have vertices more than {known['vertex_spacing_m']:g} m apart on average (up to {spacing.max() / 1000:.1f} km), like a sketch: {', '.join(wide[:8])}",
        )
        remedy = Text("向管道企业要实测的中心线", "ask the operator for the surveyed centre line")
        found.append(Finding("pipelines", "warning", "SCHEMATIC", message, remedy, rows=len(wide)))
    return found + _household_findings(around, known) + _attribute_findings(lines, known)


def join_findings(lines: gpd.GeoDataFrame, found: Identified, gap_m: float) -> list[Finding]:
    """Say which gaps were bridged, and at which branches not all ways were followed."""
    names = [str(lines["id"].iloc[run.row]) for run in found.runs]
    bridged = [f"{names[g.one]}–{names[g.other]} {g.metres:.2g} m" for g in found.joined.gaps]
    gap = Text(
        f"管线端点之间有不大于 {gap_m:g} m 的缝，识别时按相连处理，里程和长度不变",
        f"ends of lines lie up to {gap_m:g} m apart; windows go on across them, chainage and lengths stay as drawn",
    )
    remedy = Text(
        "核实后接好端点；不相连的，调小 pipelines.join_gap_m",
        "snap the ends; where they are not joined, lower pipelines.join_gap_m",
    )
    many = Text(
        "管线分岔太多，2 km 窗口没有走遍所有走法，户数可能偏少",
        "so many branches that windows did not follow every way; households may be too few",
    )
    apart = Text("核对户数；庭院支管另作图层", "check the households; keep service pipes in a layer of their own")
    crowded = list(dict.fromkeys(names[c] for c in found.joined.crowded))
    return [
        *about("pipelines", "warning", "GAP_BRIDGED", gap, bridged, remedy),
        *about("pipelines", "warning", "BRANCHES_MANY", many, crowded, apart),
    ]


def _household_findings(around: dict[str, Any], known: Any) -> list[Finding]:
    if around["buildings"] is None:
        stand = (
            Text("用村庄户数代替，只是下限", "villages stand for them, a lower bound")
            if tells_households(around["villages"])
            else Text("户数未知", "households are unknown")
        )
        message = Text("没有 buildings：按户数的条件{s}", "no buildings: criteria by households: {s}").format(s=stand)
        remedy = Text("在 inputs 补上 buildings（户数、层数）", "add buildings to inputs, with households and floors")
        return [Finding(LAYER, "warning", "BUILDINGS_ABSENT", message, remedy)]
    homes = around["buildings"]
    blank = homes["households"].isna() if "households" in homes.columns else pd.Series(True, index=homes.index)
    if "use" in homes.columns:
        blank &= homes["use"].isna() | homes["use"].isin(known["dwelling_uses"])
    if not blank.any():
        return []
    message = Text(
        f"{int(blank.sum())} 栋住房没有户数，各按 1 户计",
        f"{int(blank.sum())} dwellings state no households; each counts as one",
    )
    remedy = Text("在 buildings 补上 households", "fill in households of buildings")
    return [Finding("buildings", "warning", "HOUSEHOLDS_UNKNOWN", message, remedy, rows=int(blank.sum()))]


def _attribute_findings(lines: gpd.GeoDataFrame, known: Any) -> list[Finding]:
    found = []
    for column in ("diameter_mm", "pressure_mpa"):
        blank = lines["medium"].isin(known["gas_media"]) & lines[column].isna()
        if blank.any():
            message = Text(
                f"{int(blank.sum())} 条输气管道没有{column}：特定场所按 200 m",
                f"{int(blank.sum())} gas lines lack {column}: specific places are looked for within 200 m",
            )
            remedy = Text(f"在 pipelines 补上 {column}", f"fill in {column} of pipelines")
            found.append(
                Finding("pipelines", "warning", "RADIUS_UNKNOWN", message, remedy, field=column, rows=int(blank.sum()))
            )
    other = lines["id"][~lines["medium"].isin([*known["oil_media"], *known["gas_media"]])].tolist()
    if other:
        message = Text(
            f"介质不在 GB 32167 内，未评估：{'、'.join(other)}",
            f"media not covered by GB 32167, not assessed: {', '.join(other)}",
        )
        remedy = Text(
            "核对 medium；这类管道按各自的标准另行评估",
            "check medium; assess these lines after the standard of their own",
        )
        found.append(Finding("pipelines", "warning", "MEDIUM_NOT_COVERED", message, remedy, rows=len(other)))
    return found


def _totals(pieces: gpd.GeoDataFrame, found: Identified) -> dict[str, Any]:
    inside = pieces[pieces["status"] != pipelines.OUTSIDE]
    keyed = {u: inside[inside["usable"] == u] for u in (True, False)}
    return {
        "lines": int(pieces["pipeline_id"].nunique()),
        "km_rows_inside": float(inside["length_m"].sum() / 1000),
        "km_once_inside": sum(pipelines.lengths_once(inside.assign(all=1), "all", [1]).values()) / 1000,
        "km_by_grade": {
            name: {str(g): m / 1000 for g, m in pipelines.lengths_once(keyed[u], "grade", list(GRADES)).items()}
            for name, u in (("usable", True), ("not_usable", False))
        },
        "areas": {str(g): int(((inside["grade"] == g) & inside["usable"]).sum()) for g in (3, 2, 1)},
        "causes": len(found.causes),
    }


STEP = Step(
    "pipelines",
    Text("管道高后果区", "pipelines"),
    needs=("boundary", "pipelines"),
    takes=(*dict.fromkeys((*AROUND, *SURROUNDINGS)), "risk_zones", "geohazard_zones", "townships"),
    gives=(LAYER, "pipeline_hca_causes", "pipeline_crossings", "pipeline_km"),
    options=("exposure", "inputs", "facts"),
    run=run,
)
