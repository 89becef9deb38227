"""Evacuation: which settlement goes where, on which road, and how long it takes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from riskmap.output.webmap import Page, VectorLayer
from riskmap.text import Text, plain
from riskmap.workflow.context import Context
from riskmap.workflow.evacuation_speeds import walk_m_s
from riskmap.workflow.pages import parts
from riskmap.workflow.pages.answers import ORIGINS, answers, named_routes
from riskmap.workflow.pages.one_map import counts

TITLE = Text("转移安置路线图", "evacuation map")

BELOW = (("water", True), ("forest", False), ("roads", False), ("built_up", False))
ABOVE = (
    ("evacuation_closures", True),
    ("helpful_closures", True),
    ("barriers", False),
    ("villages", False),
    ("tailings_dams", True),
    ("reservoirs", True),
    ("geohazard_points", True),
    ("geohazard_exposure", True),
    ("evacuation_origins", True),
    ("shelters", True),
)
POPUP = ("origin", "shelter", "kind", "people", "minutes", "slow_minutes", "length_m", "via_hazard")
FIGURES = (
    (Text("受威胁", "Threatened"), "{:,.0f}", ("people",)),
    (Text("从预警到全部到达（分钟）", "Alarm to all arrived (min)"), "{:,.0f}", ("total_min",)),
    (Text("其中路上（含排队）", "of it on the way, queues included"), "{:,.0f}", ("egress_min",)),
    (Text("任何方案路上不短于", "no plan on the way below"), "{:,.0f}", ("bound_min",)),
    (Text("须在灾害前离开的人", "Must leave before it strikes"), "{:,.0f}", ("early",)),
    (Text("从危险区内出发的人", "Set out inside a zone"), "{:,.0f}", ("inside",)),
    (Text("最远多少米出危险区", "Farthest out of a zone (m)"), "{:,.0f}", ("out_of_zone_m",)),
    (Text("各去最近场所会挤不下", "Turned away if all go to the nearest"), "{:,.0f}", ("nearest_turned_away",)),
)
"""Figures of the scenario that moves most people: title, form, measures of the summary."""


def page(context: Context) -> Page:
    """Give the map of evacuation routes."""
    units, columns = _table(context)
    asked, silent = answers(context, (ORIGINS,))
    above = tuple((n, v) for n, v in ABOVE if n != "geohazard_points" or not context.has("geohazard_exposure"))
    return Page(
        title=context.project.name + Text("", " ") + TITLE,
        subtitle=parts.subtitle(context),
        headline=_headline(context),
        grids=parts.zoning_grids(context),
        coloured=False,
        relief=parts.relief(context),
        vectors=(*parts.vectors(context, BELOW), _routes(context), *parts.vectors(context, above), *silent),
        legend=(),
        units=units,
        unit_columns=columns,
        notes=(*_notes(context), *parts.system_note(context), *parts.source_notes(context)),
        totals=_figures(context),
        notice=parts.notice(context),
        answers=asked,
    )


def _routes(context: Context) -> VectorLayer:
    routes = named_routes(context)
    declared = {**context.catalog.layer("evacuation_plan").fields, **context.catalog.layer("evacuation_routes").fields}
    shown = tuple((c, parts.labelled(declared, c)) for c in POPUP if c in routes.columns and c in declared)
    return VectorLayer(context.catalog.style("evacuation_routes"), routes, shown, search="origin")


def plan_of(context: Context) -> pd.DataFrame:
    """Give the plan of the scenario that moves most people, the plan itself where there is one; else the main routes."""
    if context.has("evacuation_plan"):
        plan = pd.DataFrame(context.rows("evacuation_plan"))
    else:
        routes = context.rows("evacuation_routes")
        plan = pd.DataFrame(routes[routes["kind"].eq("main")])
    if "scenario" not in plan.columns or not len(plan):
        return plan.reset_index(drop=True)
    # the same people stand in several scenarios: sums are of one
    greatest = str(plan.groupby("scenario", sort=True)["people"].sum().idxmax())
    return plan[plan["scenario"].eq(greatest)].reset_index(drop=True)


def _headline(context: Context) -> Text:
    plan = plan_of(context)
    people, places = plan["people"].sum(), plan["shelter_id"].nunique()
    line = Text(
        f"{plan['origin_id'].nunique():,} 处 {people:,.0f} 人转移到 {places:,} 处避难场所",
        f"{people:,.0f} people of {plan['origin_id'].nunique():,} places to {places:,} shelters",
    )
    several = context.has("evacuation_summary") and len(context.rows("evacuation_summary")["scenario"].unique()) > 1
    if several and "scenario" in plan.columns and len(plan):
        line = _scenario_title(context, str(plan["scenario"].iloc[0])) + Text("：", ": ") + line
    longest = plan["minutes"].max()
    if not np.isnan(float(longest)):
        line += Text(f"，路上最长 {longest:,.0f} 分钟", f", at most {longest:,.0f} min on the way")
    unplaced = _unplaced(context, plan)
    if unplaced > 0:
        line += Text(f"；{unplaced:,.0f} 人没有去处", f"; {unplaced:,.0f} people have no place")
    return line


def _unplaced(context: Context, plan: pd.DataFrame) -> float:
    """Give how many people of the plan's scenario have no shelter."""
    if not context.has("evacuation_origins"):
        return 0.0
    rows = context.rows("evacuation_origins")
    if "unplaced" not in rows.columns:
        return 0.0
    if "scenario" in rows.columns and "scenario" in plan.columns:
        rows = rows[rows["scenario"].isin(plan["scenario"].unique())]
    return float(rows["unplaced"].sum())


def _scenario_title(context: Context, scenario: str) -> Text:
    """Give what the plan calls a scenario; its id where it does not say."""
    if not context.has("evacuation_summary"):
        return plain(scenario)
    rows = context.rows("evacuation_summary")
    named = rows[rows["scenario"].eq(scenario)]
    return Text(str(named["scenario_zh"].iloc[0]), str(named["scenario_en"].iloc[0])) if len(named) else plain(scenario)


def _figures(context: Context) -> tuple[tuple[Text, str], ...]:
    """Give what a leader asks: how soon all are there, who has to leave before, who sets out inside a zone."""
    if not context.has("evacuation_summary"):
        main = context.rows("evacuation_routes")["kind"].eq("main").sum()
        return ((Text("主路线", "Main routes"), f"{main:,}"),)
    rows = context.rows("evacuation_summary")
    rows = rows[rows["mode"].eq("all") & rows["scenario"].isin(plan_of(context)["scenario"].unique())]
    known = rows.set_index("measure")["value"].dropna()
    return tuple(
        (title, words.format(*(known[key] for key in keys)))
        for title, words, keys in FIGURES
        if {*keys} <= {*known.index}
    )


def _table(context: Context) -> tuple[gpd.GeoDataFrame, tuple[tuple[str, Text, str], ...]]:
    """Give the townships with the people to be moved and the shelters in them."""
    units = parts.units(context)
    if not len(units):
        return units, ()
    routes = context.rows("evacuation_routes")
    main = routes[routes["kind"].eq("main") & routes.geometry.notna()].reset_index(drop=True)
    plan = plan_of(context)
    if "scenario" in main.columns and "scenario" in plan.columns:
        main = main[main["scenario"].isin(plan["scenario"].unique())].reset_index(drop=True)
    starts = shapely.get_point(shapely.get_geometry(main.geometry.to_numpy(), 0), 0)
    owner = gpd.sjoin(
        gpd.GeoDataFrame(geometry=starts, crs=main.crs),
        units[["geometry"]].reset_index(drop=True),
        predicate="intersects",
    )
    owner = owner[~owner.index.duplicated()]["index_right"]
    moved = main["people"].astype(float).groupby(owner).sum()
    units["moved"] = moved.reindex(range(len(units)), fill_value=0.0).to_numpy()
    longest = main["minutes"].astype(float).groupby(owner).max()
    units["longest"] = longest.reindex(range(len(units))).to_numpy()
    columns = [("moved", Text("转移人数", "To move"), "people"), ("longest", Text("最长", "Longest"), "minutes")]
    if context.has("shelters"):
        units["shelters"] = counts(context.rows("shelters"), units)
        columns.append(("shelters", Text("避难场所", "Shelters"), "count"))
    return units, tuple(columns)


def _notes(context: Context) -> tuple[Text, ...]:
    plan = plan_of(context)
    notes = [
        Text(
            f"步行速度 {walk_m_s(context):g} m/s；用时只是路上用时，不含预警和准备。",
            f"Walking at {walk_m_s(context):g} m/s; minutes are those on the way, without warning and preparation.",
        )
    ]
    if {"warning_min", "preparation_min"} <= set(plan.columns) and len(plan):
        warning, preparation = plan["warning_min"].max(), plan["preparation_min"].max()
        notes.append(
            Text(
                f"预警 {warning:g} 分钟、准备 {preparation:g} 分钟另计。",
                f"Warning ({warning:g} min) and preparation ({preparation:g} min) come on top.",
            )
        )
    notes.append(
        Text(
            "路线只从危险区出来，出来后不再进入；“起点在危险区内”指出发的地方。",
            "Routes lead out of zones and never into one again; those inside set out there.",
        )
    )
    if "scenario" in plan.columns and len(plan):
        shown = _scenario_title(context, str(plan["scenario"].iloc[0]))
        notes.append(
            Text(
                f"标题和乡镇表是转移人数最多的情景（{shown.zh}）；路线含全部情景。",
                f"Headline and table are those of the scenario that moves most people ({shown.en}); routes are of all scenarios.",
            )
        )
    return tuple(notes)
