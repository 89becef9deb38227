"""The risk-point step: four colours for every point, cell and township."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from riskmap import fields, zonal
from riskmap.data.findings import Finding
from riskmap.grid import Raster
from riskmap.levels import to_four
from riskmap.overlay import risk_points
from riskmap.overlay.geohazards import colour_columns
from riskmap.text import Text
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.steps.overlays import facts_of, township_at, townships
from riskmap.workflow.steps.step import Step


def run(context: Context) -> Results:
    """Give ``risk_point_levels``, the grid ``risk_point_cells``, its cells as rows, and ``risk_point_units``."""
    results = Results()
    known = facts_of(context, "risk_points")
    points = context.rows("risk_points")
    if context.totals.get("import:risk_points", {}).get("levels") == 5:
        table = {row["five"]: row["four"] for row in context.fact_table("levels", "five_to_four")}
        points = points.assign(level=to_four(points[fields.LEVEL].fillna(0).to_numpy(int), table))
    graded = risk_points.levels(points, constants=known)
    township = township_at(context, points.geometry)
    kept = points.drop(columns=[c for c in (fields.LEVEL, "geometry", "township") if c in points.columns])
    placed = {
        **colour_columns(graded[fields.LEVEL]),
        "township": township.where(township.notna(), points.get("township")),
    }
    frame = kept.assign(**graded, **placed)
    results.rows["risk_point_levels"] = gpd.GeoDataFrame(frame, geometry=points.geometry, crs=points.crs)
    rule, count = context.project.risk_points.rule, int(known["escalate_count"])
    cells, counts = risk_points.count_by_cell(points, graded[fields.LEVEL], context.grid)
    level = risk_points.area_levels(counts, rule=rule, escalate=count)
    results.rows["risk_point_cells"] = _cells(context, cells, counts, level, rule)
    values = np.zeros(context.grid.shape, np.uint8)
    values.flat[cells] = level
    values[~context.inside] = 0
    results.grids["risk_point_level"] = GridResult(
        Raster(context.grid, values), Text("安全风险点四色", "Risk points, four colours"), 4
    )
    units = _units(context, points, graded[fields.LEVEL], count)
    if units is not None:
        results.rows["risk_point_units"] = units
    blank = int((graded[fields.LEVEL] == 0).sum())
    if blank:
        message = Text(
            f"{blank} 个风险点没有等级和分值，未着色",
            f"{blank} risk points have neither level nor scores: no colour",
        )
        remedy = Text("补上等级，或 L、E、C（L、S）分值", "fill in the level, or the scores L, E, C (L, S)")
        results.findings.append(Finding("risk_points", "warning", "LEVEL_MISSING", message, remedy, rows=blank))
    results.totals = {
        "points": len(points),
        "by_level": {str(n): int((graded[fields.LEVEL] == n).sum()) for n in range(5)},
        "cells": len(cells),
        "rule": rule,
    }
    return results


def _cells(context: Context, cells: np.ndarray, counts: np.ndarray, level: np.ndarray, rule: str) -> gpd.GeoDataFrame:
    """Give the cells that hold points, as squares."""
    row, col = np.divmod(cells, context.grid.shape[1])
    x, y = context.grid.column_edges(), context.grid.row_edges()
    squares = shapely.box(x[col], y[row + 1], x[col + 1], y[row])
    levels = pd.Series(level.astype(int))
    frame = pd.concat(
        [
            pd.DataFrame({fields.LEVEL: levels, **colour_columns(levels), "rule": rule}),
            risk_points.count_columns(counts),
        ],
        axis=1,
    )
    return gpd.GeoDataFrame(frame, geometry=squares, crs=context.crs)


def _units(context: Context, points: gpd.GeoDataFrame, level: pd.Series, escalate: int) -> pd.DataFrame | None:
    """Give the colour of each township by both rules."""
    given = townships(context)
    if given is None:
        return None
    rows, ground = given
    unit = zonal.first_holding(np.asarray(ground, object), points.geometry.to_numpy())
    flat = unit[unit >= 0] * 5 + level.to_numpy()[unit >= 0]
    counts = np.bincount(flat, minlength=len(rows) * 5).reshape(len(rows), 5)
    levels = {
        rule: pd.Series(risk_points.area_levels(counts, rule=rule, escalate=escalate).astype(int))
        for rule in ("highest", "escalation")
    }
    named = pd.DataFrame(
        {fields.NAME: rows[fields.NAME], fields.CODE: rows[fields.CODE], fields.LEVEL: levels["highest"]}
    )
    named["level_escalated"] = levels["escalation"]
    return pd.concat([named.assign(**colour_columns(levels["highest"])), risk_points.count_columns(counts)], axis=1)


STEP = Step(
    "risk_points",
    Text("安全风险点四色分级", "risk points"),
    needs=("boundary", "risk_points"),
    takes=("townships",),
    gives=("risk_point_levels", "risk_point_cells", "risk_point_level", "risk_point_units"),
    options=("risk_points", "facts"),
    run=run,
)
