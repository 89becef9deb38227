"""What all maps have in common: subtitle, township outlines, vector layers with their popups, notes, the line that stays in sight."""

from __future__ import annotations

from collections import Counter
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from riskmap import fields
from riskmap.crs import name as crs_name
from riskmap.data.prepare import ORIGIN_COLUMNS
from riskmap.data.units import written
from riskmap.grid import Raster
from riskmap.output.webmap import INTERNAL_USE, GridLayer, LegendRow, VectorLayer
from riskmap.output.webmap_words import area, percent
from riskmap.text import Text, join
from riskmap.workflow import publishing
from riskmap.workflow.context import Context
from riskmap.workflow.pages.plan_note import plan_note

POPUP_FIELDS = 6
"""Fields of a feature that a click shows, in the order of the declaration, where ``POPUPS`` names none."""

ORIGIN_TITLES = dict(
    zip(ORIGIN_COLUMNS, (Text("数据性质", "Kind of data"), Text("合成数据", "Synthetic data")), strict=True)
)
"""What the columns are called that say whether the data are real."""

POPUPS: dict[str, tuple[str, ...]] = {
    "geohazard_exposure": (
        "name", "kind", "scale", "grade", "people", "households", "agreement", "village", "warden", "shelter",
    ),
    "geohazard_zones": ("id", "kind", "basis", "reach_m", "people", "households", "schools", "hospitals", "road_km"),
    "hazchem_grades": ("name", "enterprise", "grade", "s", "r", "people_500m", "substances", "conservative"),
    "hazchem_zones": ("source_id", "scenario", "effect", "radius_m", "people"),
    "pipeline_hca": ("pipeline_id", "from_station", "to_station", "grade", "criterion", "households", "usable"),
    "risk_point_levels": ("name", "level_name", "basis", "score", "township"),
    "risk_point_cells": ("level_name", "rule", "n_red", "n_orange", "n_yellow", "n_blue", "n_unknown"),
    "compound_points": ("chain", "first_name", "second_name", "value", "unit", "people"),
    "fire_gaps": ("name", "area_km2", "population", "minutes"),
    "fire_coverage": ("station_id", "minutes_from", "minutes_to"),
    "fire_responsibility": ("name", "kind", "area_km2", "built_up_km2", "norm_km2", "population", "only_people"),
    "evacuation_closures": ("name", "hazard", "mode", "exit"),
    "evacuation_origins": ("name", "people", "placed", "unplaced", "reason", "early", "nearest_min", "single_access"),
    "siting_sites": ("name", "rank", "demand", "gap"),
    "fire_stations": ("name", "kind", "engines", "staff", "turnout_s"),
    "shelters": ("name", "kind", "capacity", "area_m2", "indoor"),
}  # fmt: skip
"""What a click shows of a layer: what a reader asks first."""


def subtitle(context: Context) -> Text:
    """Give the line under the title: compiling unit and date of the data."""
    date = context.project.data_date
    unstated = Text("数据日期未注明", "date of the data not stated")
    dated = unstated if date is None else Text("数据日期 ", "data of ") + date
    by = context.project.output.compiled_by
    return dated if by is None else by + Text("编制，", ", ") + dated


def class_headline(
    what: Text, code: str, areas: dict[str, float], people: dict[str, float] | None, total: float
) -> Text:
    """Give the sentence to remember of a zoning: the gravest class, its area, its share and who lives there."""
    share = areas[code] / total
    line = Text(
        f"{what.zh} {area(areas[code])} km²，占 {percent(share)}",
        f"{what.en}: {area(areas[code])} km², {percent(share)} of the area",
    )
    if people is None:
        return line
    return line + Text(f"，居住 {people[code]:,.0f} 人", f", home to {people[code]:,.0f} people")


def grid(context: Context, layer: str) -> GridLayer:
    """Give a grid of classes."""
    return GridLayer(context.catalog.style(layer), context.cells(layer), context.inside)


def zoning_grids(context: Context, *first: str) -> tuple[GridLayer, ...]:
    """Give the zoning grids that were made, those named first."""
    order = (*first, *(layer for layer in ("risk_level", "control_zone") if layer not in first))
    return tuple(grid(context, layer) for layer in order if layer in context.grids_known)


def relief(context: Context) -> Raster | None:
    """Give the heights, metres, where they were delivered."""
    return context.cells("dem") if "dem" in context.grids_known else None


def legend(areas: dict[str, float], total: float, people: dict[str, float] | None) -> tuple[LegendRow, ...]:
    """Give the figures of each class, the worst first; no row for unknown ground where there is none."""
    codes = [c for c in sorted(areas, key=int, reverse=True) if c != "0" or areas[c] > 0]
    return tuple(LegendRow(int(c), areas[c], areas[c] / total, None if people is None else people[c]) for c in codes)


def vectors(context: Context, wanted: tuple[tuple[str, bool], ...]) -> tuple[VectorLayer, ...]:
    """Give layers as this edition may show them, from the bottom up, and whether they are seen at first.

    Features outside the area are not ours to show; layers that were not made, or have nothing inside, are left out.
    """
    layers = []
    for layer, visible in wanted:
        frame = publishing.released(context, layer) if layer in context.catalog.style_specs else None
        if frame is None or not hasattr(frame, "geometry"):
            continue
        frame = frame[frame.intersects(context.boundary)].reset_index(drop=True)
        if layer == "pipelines":
            # a line drawn twice is drawn, and counted, once
            frame = frame.assign(geometry=frame.geometry.normalize()).drop_duplicates("geometry", ignore_index=True)
            frame = gpd.GeoDataFrame(frame, crs=context.crs).clip(context.boundary).reset_index(drop=True)
        if len(frame):
            search = fields.NAME if fields.NAME in frame.columns else None
            style = context.catalog.style(layer)
            layers.append(VectorLayer(style, frame, popup(context, layer, frame), search, visible))
    return tuple(layers)


def popup(
    context: Context, layer: str, frame: pd.DataFrame, columns: tuple[str, ...] | None = None
) -> tuple[tuple[str, Text], ...]:
    """Give the columns that a click shows: those named, else the first declared ones that are there and filled."""
    declared = context.catalog.layer(layer).fields
    wanted = columns or tuple(c for c in POPUPS.get(layer, ()) if frame_has(frame, c))
    named = wanted or tuple(c for c in declared if frame_has(frame, c))[:POPUP_FIELDS]
    shown = [(_spoken(context, c, frame), labelled(declared, c)) for c in named if c in frame.columns and c in declared]
    if publishing.COUNT in frame.columns:
        shown.append((publishing.COUNT, Text("处数", "Number")))
    return tuple(shown + [(c, ORIGIN_TITLES[c]) for c in ORIGIN_COLUMNS if c in frame.columns])


def _spoken(context: Context, column: str, frame: pd.DataFrame) -> str:
    """Give the column that says the same in the page's language; ``reason_en`` stands beside ``reason``."""
    other = f"{column}_{context.lang}"
    return other if other in frame.columns else column


def frame_has(frame: pd.DataFrame, column: str) -> bool:
    """Tell whether a column is there and filled."""
    return column in frame.columns and bool(frame[column].notna().any())


def labelled(declared: dict[str, Any], column: str) -> Text:
    """Give a column's title with its unit."""
    spec = declared[column]
    unit = written(spec.unit)
    return spec.title + Text(unit.zh and f"（{unit.zh}）", unit.en and f" ({unit.en})")


def units(context: Context, layer: str = "risk_units") -> gpd.GeoDataFrame:
    """Give the townships with the columns of a layer of unit statistics, else bare, else none."""
    for source in (layer, "risk_units", "townships"):
        if context.has(source):
            return context.rows(source).dropna(subset=[fields.CODE]).reset_index(drop=True)
    return gpd.GeoDataFrame({fields.NAME: [], fields.CODE: []}, geometry=[], crs=context.crs)


def figures(context: Context) -> tuple[tuple[Text, str], ...]:
    """Give area and people of the whole."""
    totals = context.totals.get("zones", {})
    shown = [(Text("面积", "Area"), f"{context.boundary.area / 1e6:,.2f} km²")]
    if "people" in totals:
        shown.append((Text("人口", "People"), f"{totals['people']['inside']:,.0f}"))
    return tuple(shown)


def cell_notes(context: Context) -> tuple[Text, ...]:
    """Say in which system and cells a zoning was made."""
    cells, name = context.grid, crs_name(context.crs)
    count = int(np.count_nonzero(context.inside))
    return (
        Text(
            f"坐标系 {name}（{context.crs.name}），格网 {cells.cell_size[0]:g} m，边界内 {count:,} 格；面积由区划图斑按平面量算，人口由格网统计。",
            f"System {name} ({context.crs.name}), cells of {cells.cell_size[0]:g} m, {count:,} inside the boundary; areas are planar, from the zone polygons, people from the cells.",
        ),
    )


def system_note(context: Context) -> tuple[Text, ...]:
    """Say in which system lengths and areas were measured."""
    name = crs_name(context.crs)
    return (
        Text(
            f"坐标系 {name}（{context.crs.name}），长度和面积按平面量算。",
            f"System {name} ({context.crs.name}); lengths and areas are planar.",
        ),
    )


def source_notes(context: Context) -> tuple[Text, ...]:
    """Say which values are no standard's, which layers call themselves synthetic, what was left out, and whom to credit."""
    made_up = synthetic(context)
    notes = [*plan_note(context), *publishing.left_out(context)]
    if context.failed:
        faulty = join([context.catalog.layer(layer).title for layer in sorted(context.failed)])
        notes.append(
            Text(
                f"文件有错误，未能收入本图：{faulty.zh}（详见检查结果 findings）。",
                f"Not on this map, because their files have errors (see findings): {faulty.en}.",
            )
        )
    uncertain = Counter(use.topic for use in context.uncertain_facts())
    if uncertain:
        topics = join([_topic(context, topic, count) for topic, count in sorted(uncertain.items())])
        notes.append(
            Text(
                f"计算用到 {uncertain.total()} 项不是标准规定的内置数值（{topics.zh}），可在项目文件 facts 中改定；逐项见 run.json 的 values_below_standard。",
                f"{uncertain.total()} built-in values that were used are no standard's ({topics.en}); a project can set them under facts; run.json lists them as values_below_standard.",
            )
        )
    if made_up:
        every = len(made_up) == len(context.project.inputs)
        titles = (
            Text("全部输入图层", "all input layers")
            if every
            else join([context.catalog.layer(layer).title for layer in made_up])
        )
        notes.append(
            Text(
                f"合成示例数据，不得用于实际工作：{titles.zh}。",
                f"Synthetic example data, not for operational use: {titles.en}.",
            )
        )
    if context.project.credits is not None:
        notes.append(context.project.credits)
    return tuple(notes)


def _topic(context: Context, topic: str, count: int) -> Text:
    title = context.catalog.facts(topic).title
    return Text(f"{title.zh} {count} 项", f"{title.en} {count}")


def notice(context: Context) -> Text:
    """Give the line that stays in sight: map review number or internal use, after a warning when data are synthetic."""
    number = context.project.output.map_review_number
    line = Text(f"审图号：{number}", f"审图号 (map review number): {number}") if number else INTERNAL_USE
    if synthetic(context):
        line = (
            Text("含合成示例数据，不得用于实际工作 · ", "Contains synthetic example data, not for operational use · ")
            + line
        )
    return line


def synthetic(context: Context) -> list[str]:
    """Give the inputs that call themselves made up."""
    return [layer for layer in context.project.inputs if context.is_synthetic(layer)]
