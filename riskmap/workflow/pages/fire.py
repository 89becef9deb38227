"""The fire circle: what an engine reaches within the limit, and what it does not."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from riskmap.output.webmap import Page
from riskmap.text import Text
from riskmap.workflow.context import Context
from riskmap.workflow.pages import parts
from riskmap.workflow.pages.answers import ARRIVALS, answers
from riskmap.workflow.pages.one_map import counts

TITLE = Text("消防救援覆盖图", "fire coverage map")

OVERLAYS = (
    ("water", True),
    ("built_up", True),
    ("fire_responsibility", False),
    ("fire_areas", True),
    ("fire_coverage", True),
    ("barriers", False),
    ("fire_gaps", True),
    ("villages", False),
    ("facilities", False),
    ("siting_sites", True),
    ("fire_stations", True),
)


def page(context: Context) -> Page:
    """Give the map of the fire circle."""
    units, columns = _table(context)
    asked, silent = answers(context, (ARRIVALS,))
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
        notes=(*_notes(context), *_travel_notes(context), *parts.system_note(context), *parts.source_notes(context)),
        totals=_figures(context),
        notice=parts.notice(context),
        answers=asked,
    )


def built_up_km2(context: Context) -> float | None:
    """Give the built-up ground inside the boundary, km2; None when it was not delivered."""
    if not context.has("built_up"):
        return None
    return float(context.rows("built_up").geometry.union_all().intersection(context.boundary).area / 1e6)


def _headline(context: Context) -> Text:
    """Say which share of the built-up ground is reached, else how much road."""
    limit = f"{context.project.fire.limit_s / 60:g}"
    town = share_of(context, "built_up")
    if town is None:
        km = float(context.rows("fire_coverage").length.sum() / 1000) if context.has("fire_coverage") else 0.0
        return Text(f"{limit} 分钟内能到的道路 {km:,.0f} km", f"{km:,.0f} km of road reached within {limit} min")
    out = town["total"] - town["covered"]
    line = Text(
        f"{limit} 分钟消防覆盖建成区 {town['share']:.1%}，空白 {out:,.1f} km²",
        f"Engines reach {town['share']:.1%} of the built-up area in {limit} min; {out:,.1f} km² are out of reach",
    )
    people = share_of(context, "built_up_people")
    if people is None:
        return line
    left = people["total"] - people["covered"]
    return line + Text(f"，居住 {left:,.0f} 人", f", home to {left:,.0f} people")


def share_of(context: Context, measure: str, *, reading: str = "strict", depth: float = 1.0) -> dict[str, Any] | None:
    """Give a row of ``fire_summary``: of a reading, at the street-side depth times ``depth``; None when it was not counted."""
    if not context.has("fire_summary"):
        return None
    rows = context.rows("fire_summary")
    at = rows["depth_m"].isna() | np.isclose(rows["depth_m"], context.totals["coverage"]["depth_m"] * depth)
    found = rows[rows["reading"].eq(reading) & rows["measure"].eq(measure) & at]
    return None if not len(found) else found.iloc[0].to_dict()


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
    people = share_of(context, "people")
    if people is not None:
        shown.append((Text("全域人口覆盖", "Of all people"), f"{people['share']:.1%}"))
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
    notes = [
        Text(
            f"时限 {fire.limit_s:g} 秒，从接警出动算起，含出动 {fire.turnout_s:g} 秒（消防站自报的以自报为准）；路段恰好在时限处切断。",
            f"Limit {fire.limit_s:g} s from dispatch, turnout of {fire.turnout_s:g} s included (a station's own where it states one); roads are cut exactly at the limit.",
        )
    ]
    depths = [share_of(context, "built_up", depth=d) for d in (0.5, 1.0, 2.0)]
    if all(depths):
        said = [f"{d['depth_m']:g} m {d['share']:.1%}" for d in depths if d]
        notes.append(
            Text(
                f"覆盖率按建成区面积计，街侧深度 {'，'.join(said)}（以中间值为准）。",
                f"The share is of the built-up area by street-side depth: {', '.join(said)} (the middle one is stated).",
            )
        )
    loose = share_of(context, "built_up", reading="loose")
    if loose:
        notes.append(
            Text(
                f"若时限全部用于行驶（不含出动），覆盖率 {loose['share']:.1%}。",
                f"Were the whole limit driven, without turnout, the share would be {loose['share']:.1%}.",
            )
        )
    return tuple(notes)


def _travel_notes(context: Context) -> tuple[Text, ...]:
    """Say whose speeds and which one-way reading were used, who is left out, and how the drawn ground was proved."""
    fire, told = context.project.fire, context.totals.get("coverage")
    if told is None:
        return ()
    own = Text("由项目给定；未给定的等级", "of the project; for other classes ") if fire.speeds_kmh else Text("", "")
    speeds = own + Text("按道路等级的规划值，不是实测", "planned values by road class, not measured")
    oneway = (
        Text("遵守单行规定", "one-way rules are obeyed")
        if fire.obey_oneway
        else Text(
            "出警车辆可逆行单行路（高速公路和分隔车道除外）",
            "engines on call may go against one-way streets (not on motorways and divided roads)",
        )
    )
    notes = [Text("车速：", "Speeds: ") + speeds + Text("；", "; ") + oneway + Text("。", ".")]
    if told["stations_left_out"]:
        notes.append(
            Text(
                f"{told['stations_left_out']} 个消防站未接入路网，未计入覆盖（原因见图层 snapping）。",
                f"{told['stations_left_out']} stations are not routed and not counted (the layer snapping says why).",
            )
        )
    second = share_of(context, "people_second")
    if second is not None:
        notes.append(
            Text(
                f"全域人口中 {second['share']:.1%} 有第二个站也能在时限内到达。",
                f"A second station comes in time too for {second['share']:.1%} of all people.",
            )
        )
    proof = told["certificate"]
    if proof["points"]:
        notes.append(
            Text(
                f"覆盖面随机抽查 {proof['points']:,} 点，{proof['passed']:,} 点在时限内有车到达 {told['depth_m']:g} m 步行距离内的道路。",
                f"Of {proof['points']:,} points drawn at random in the covered ground, {proof['passed']:,} have an engine in time on a road within {told['depth_m']:g} m on foot.",
            )
        )
    return tuple(notes)
