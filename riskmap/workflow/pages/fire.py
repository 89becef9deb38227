"""The fire circle: what an engine reaches within the limit, and what it does not."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from riskmap.output.webmap import Page
from riskmap.text import Text
from riskmap.workflow.context import Context
from riskmap.workflow.pages import parts
from riskmap.workflow.pages.answers import answers
from riskmap.workflow.pages.one_map import counts

TITLE = Text("消防救援覆盖图", "fire coverage map")

OVERLAYS = (
    ("water", True),
    ("built_up", True),
    ("fire_areas", True),
    ("fire_coverage", True),
    ("barriers", False),
    ("fire_gaps", True),
    ("villages", False),
    ("facilities", False),
    ("fire_stations", True),
)


def page(context: Context) -> Page:
    """Give the map of the fire circle."""
    units, columns = _table(context)
    asked, silent = answers(context)
    return Page(
        title=context.project.name + Text("", " ") + TITLE,
        subtitle=parts.subtitle(context),
        headline=_headline(context),
        grids=parts.zoning_grids(context),
        coloured=False,
        relief=parts.relief(context),
        vectors=(*parts.vectors(context, OVERLAYS), *silent),
        legend=(),
        units=units,
        unit_columns=columns,
        notes=(*_notes(context), *parts.system_note(context), *parts.source_notes(context)),
        totals=_figures(context),
        notice=parts.notice(context),
        answers=tuple(q for q in asked if q.layer == "fire_coverage"),
    )


def built_up_km2(context: Context) -> float | None:
    """Give the built-up ground inside the boundary, km2; None when it was not delivered."""
    if not context.has("built_up"):
        return None
    return float(context.rows("built_up").geometry.union_all().intersection(context.boundary).area / 1e6)


def _headline(context: Context) -> Text:
    limit = f"{context.project.fire.limit_s / 60:g}"
    built_up = built_up_km2(context)
    if built_up and context.has("fire_gaps"):
        gaps = context.rows("fire_gaps")
        open_km2 = float(gaps["area_km2"].sum())
        line = Text(
            f"{limit} 分钟消防覆盖建成区 {1 - open_km2 / built_up:.1%}，空白 {open_km2:,.1f} km²",
            f"Engines reach {1 - open_km2 / built_up:.1%} of the built-up area in {limit} min; {open_km2:,.1f} km² are out of reach",
        )
        if gaps["population"].notna().any():
            people = gaps["population"].sum()
            line += Text(f"，居住 {people:,.0f} 人", f", home to {people:,.0f} people")
        return line
    km = float(context.rows("fire_coverage").length.sum() / 1000) if context.has("fire_coverage") else 0.0
    return Text(f"{limit} 分钟内能到的道路 {km:,.0f} km", f"{km:,.0f} km of road reached within {limit} min")


def _figures(context: Context) -> tuple[tuple[Text, str], ...]:
    shown = []
    if context.has("fire_stations"):
        stations = context.rows("fire_stations")
        shown.append((Text("消防站", "Fire stations"), f"{len(stations):,}"))
        if parts.frame_has(stations, "engines"):
            shown.append((Text("消防车", "Engines"), f"{stations['engines'].sum():,.0f}"))
    built_up = built_up_km2(context)
    if built_up is not None:
        shown.append((Text("建成区", "Built-up"), f"{built_up:,.1f} km²"))
    return tuple(shown)


def _table(context: Context) -> tuple[gpd.GeoDataFrame, tuple[tuple[str, Text, str], ...]]:
    """Give the townships with their stations and the built-up ground out of reach."""
    units = parts.units(context)
    if not len(units):
        return units, ()
    columns: list[tuple[str, Text, str]] = []
    if context.has("fire_gaps"):
        gaps = context.rows("fire_gaps").geometry.union_all()
        units["gap_km2"] = shapely.area(shapely.intersection(units.geometry.to_numpy(), gaps)) / 1e6
        columns.append(("gap_km2", Text("空白", "Gap"), "km2"))
        if context.has("built_up"):
            town = context.rows("built_up").geometry.union_all()
            there = shapely.area(shapely.intersection(units.geometry.to_numpy(), town)) / 1e6
            with np.errstate(invalid="ignore", divide="ignore"):
                units["gap_share"] = np.where(there > 0, units["gap_km2"] / there, np.nan)
            columns.append(("gap_share", Text("占建成区", "Of built-up"), "percent"))
    if context.has("fire_stations"):
        units["stations"] = counts(context.rows("fire_stations"), units)
        columns.append(("stations", Text("消防站", "Stations"), "count"))
    return units, tuple(columns)


def _notes(context: Context) -> tuple[Text, ...]:
    fire = context.project.fire
    return (
        Text(
            f"时限 {fire.limit_s:g} 秒，从接警出动算起，含出动 {fire.turnout_s:g} 秒（消防站自报的以自报为准）；路段恰好在时限处切断。",
            f"Limit {fire.limit_s:g} s from dispatch, turnout of {fire.turnout_s:g} s included (a station's own where it states one); roads are cut exactly at the limit.",
        ),
        Text(
            "覆盖面沿能到的道路两侧绘出，仅供看图；覆盖率按建成区面积计。",
            "Covered ground is drawn along the roads reached; the share is of the built-up area.",
        ),
    )
