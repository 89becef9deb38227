"""The one map of all threats and of what answers them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from riskmap import fields
from riskmap.levels import LEVELS, MAJOR
from riskmap.output.webmap import Page
from riskmap.text import Text, join
from riskmap.workflow import publishing
from riskmap.workflow.context import Context
from riskmap.workflow.pages import parts
from riskmap.workflow.pages.answers import answers, explanation

TITLE = Text("安全风险一张图", "one map of risks")

SUBJECT_LAYERS = (
    "geohazard_exposure",
    "geohazard_points",
    "pipeline_hca",
    "pipelines",
    "hazchem_grades",
    "hazchem_sources",
    "risk_point_levels",
    "risk_points",
)
"""Threats; with none of them there is no such map."""

STANDS_FOR = {
    "geohazard_exposure": "geohazard_points",
    "pipeline_hca": "pipelines",
    "hazchem_grades": "hazchem_sources",
    "risk_point_levels": "risk_points",
}
"""A result is shown in place of what was delivered."""

OVERLAYS = (
    ("built_up", False),
    ("reserves", False),
    ("forest", False),
    ("water", True),
    ("risk_point_cells", False),
    ("geohazard_zones", False),
    ("hazchem_zones", False),
    ("roads", False),
    ("barriers", False),
    ("fire_coverage", False),
    ("pipelines", True),
    ("pipeline_hca", True),
    ("facilities", False),
    ("villages", False),
    ("supplies", False),
    ("rescue_teams", False),
    ("hospitals", False),
    ("shelters", False),
    ("fire_stations", True),
    ("risk_points", True),
    ("risk_point_levels", True),
    ("reservoirs", True),
    ("tailings_dams", True),
    ("overhead_dams", True),
    ("hazchem_sources", True),
    ("hazchem_grades", True),
    ("geohazard_points", True),
    ("geohazard_exposure", True),
    ("compound_points", False),
)


def page(context: Context) -> Page:
    """Give the one map."""
    replaced = {old for new, old in STANDS_FOR.items() if context.has(new)}
    wanted = tuple((layer, visible) for layer, visible in OVERLAYS if layer not in replaced)
    vectors = parts.vectors(context, wanted)
    asked, silent = answers(context)
    units, columns = _table(context)
    zoned = "risk_level" in context.grids_known
    return Page(
        title=context.project.name + Text("", " ") + TITLE,
        subtitle=parts.subtitle(context),
        headline=_headline(context),
        grids=parts.zoning_grids(context),
        coloured=False,
        relief=parts.relief(context),
        vectors=(*vectors, *silent),
        legend=(),
        units=units,
        unit_columns=columns,
        rank_by=columns[0][0] if columns else None,
        notes=(*(parts.cell_notes(context) if zoned else parts.system_note(context)), *parts.source_notes(context)),
        totals=parts.figures(context),
        notice=parts.notice(context),
        explanation=explanation(context) if zoned else None,
        answers=asked,
    )


def _headline(context: Context) -> Text:
    """Say how many threats there are and what the gravest of them are."""
    said = [
        *_geohazards(_rows(context, "geohazard_exposure", "geohazard_points")),
        *_hazchem(_rows(context, "hazchem_grades", "hazchem_sources")),
        *_pipelines(_rows(context, "pipeline_hca", "pipelines"), context),
        *_risk_points(_rows(context, "risk_point_levels", "risk_points")),
    ]
    return join(said, zh="；", en="; ")


def _rows(context: Context, *layers: str) -> pd.DataFrame | None:
    """Give the rows of the first of the layers that was made; numbers are no secret, so they are whole in every edition."""
    return next((context.rows(layer) for layer in layers if context.has(layer)), None)


def _geohazards(rows: pd.DataFrame | None) -> list[Text]:
    if rows is None:
        return []
    line = Text(f"地质灾害隐患点 {len(rows):,} 处", f"{len(rows):,} geohazard points")
    column = next((c for c in ("people", "threatened_people") if c in rows.columns), None)
    if column is None or rows[column].notna().sum() == 0:
        return [line]
    people = rows[column].sum()
    return [line + Text(f"，威胁 {people:,.0f} 人", f" threatening {people:,.0f} people")]


def _hazchem(rows: pd.DataFrame | None) -> list[Text]:
    if rows is None:
        return []
    if "grade" not in rows.columns:
        return [Text(f"危险源 {len(rows):,} 处", f"{len(rows):,} hazchem sources")]
    major = int(rows["grade"].between(1, 4).sum())
    first = int(rows["grade"].eq(1).sum())
    line = Text(f"重大危险源 {major:,} 处", f"{major:,} major hazard sources")
    return [line + Text(f"，其中一级 {first:,} 处", f", {first:,} of grade 1")]


def _pipelines(rows: pd.DataFrame | None, context: Context) -> list[Text]:
    if rows is None:
        return []
    inside = gpd.GeoDataFrame(rows, crs=context.crs).clip(context.boundary)
    if "grade" in inside.columns:
        inside = inside[inside["grade"].gt(0).fillna(False)]
        km = inside.geometry.union_all().length / 1000
        return [Text(f"管道高后果区 {km:,.1f} km", f"{km:,.1f} km of pipeline in high-consequence areas")]
    km = inside.geometry.union_all().length / 1000
    return [Text(f"油气管道 {km:,.1f} km", f"{km:,.1f} km of pipelines")]


def _risk_points(rows: pd.DataFrame | None) -> list[Text]:
    if rows is None:
        return []
    line = Text(f"风险点 {len(rows):,} 个", f"{len(rows):,} risk points")
    if "level" not in rows.columns or rows["level"].notna().sum() == 0:
        return [line]
    counted = [(LEVELS[n], int(rows["level"].eq(n).sum())) for n in range(MAJOR, 0, -1)]
    by_colour = join(
        [Text(f"{COLOUR_WORDS[level.code].zh} {n:,}", f"{n:,} {COLOUR_WORDS[level.code].en}") for level, n in counted]
    )
    return [line + Text("，", ": ") + by_colour]


COLOUR_WORDS = {4: Text("红", "red"), 3: Text("橙", "orange"), 2: Text("黄", "yellow"), 1: Text("蓝", "blue")}


def _table(context: Context) -> tuple[gpd.GeoDataFrame, tuple[tuple[str, Text, str], ...]]:
    """Give the townships with the numbers of threats in each; a public edition has no such numbers."""
    units = parts.units(context)
    if not len(units):
        return units, ()
    columns: list[tuple[str, Text, str]] = []
    if not publishing.is_public(context):
        for column, title, layers in COUNTED:
            rows = _rows(context, *layers)
            if rows is not None:
                units[column] = counts(rows, units)
                columns.append((column, title, "count"))
        columns += _risk_point_columns(context, units)
    if fields.LEVEL in units.columns:
        columns.append((fields.LEVEL, Text("等级", "Level"), "level"))
    if fields.PEOPLE in units.columns and "people" in context.totals.get("zones", {}):
        columns.append((fields.PEOPLE, Text("人口", "People"), "people"))
    return units, tuple(columns)


COUNTED = (
    ("n_geohazards", Text("隐患点", "Geohazards"), ("geohazard_exposure", "geohazard_points")),
    ("n_hazchem", Text("危险源", "Hazchem"), ("hazchem_grades", "hazchem_sources")),
    ("n_risk_points", Text("风险点", "Risk points"), ("risk_point_levels", "risk_points")),
)


def _risk_point_columns(context: Context, units: gpd.GeoDataFrame) -> list[tuple[str, Text, str]]:
    """Give the numbers of red and orange risk points of each township, as the risk-points step has counted them."""
    if not context.has("risk_point_units"):
        return []
    counted = context.rows("risk_point_units").drop_duplicates(fields.CODE).set_index(fields.CODE)
    for column in ("n_red", "n_orange"):
        units[column] = units[fields.CODE].map(counted[column]).astype(float)
    return [("n_red", Text("红色点", "Red points"), "count"), ("n_orange", Text("橙色点", "Orange points"), "count")]


def counts(rows: Any, units: gpd.GeoDataFrame) -> list[float]:
    """Give how many features lie in each township; one on the line between two counts for the first."""
    points = gpd.GeoDataFrame(geometry=rows.geometry.representative_point(), crs=rows.crs).to_crs(units.crs)
    found = gpd.sjoin(points, units[["geometry"]].reset_index(drop=True), predicate="intersects")
    found = found[~found.index.duplicated()]
    return found["index_right"].value_counts().reindex(range(len(units)), fill_value=0).astype(float).tolist()
