"""The map step: both zoning maps as pages that open anywhere."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from riskmap import fields
from riskmap.crs import name as crs_name
from riskmap.data.prepare import ORIGIN_COLUMNS
from riskmap.levels import LEVELS, MAJOR, ZONES
from riskmap.output import webmap
from riskmap.output.webmap import GridLayer, LegendRow, Page, VectorLayer
from riskmap.text import Text, join, plain
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.step import Step

OVERLAYS = (
    ("built_up", False),
    ("water", False),
    ("pipelines", True),
    ("geohazard_points", True),
    ("hazchem_sources", True),
    ("villages", False),
    ("shelters", False),
    ("fire_stations", False),
    ("facilities", False),
)
"""Delivered layers drawn over the grid, from the bottom up, and whether they are seen at first."""

POPUP_FIELDS = 6
"""Fields of a feature that a click shows, in the order of the declaration."""


def run(context: Context) -> Results:
    """Write ``maps/risk-zoning.html`` and ``maps/control-zoning.html``."""
    pages = {"risk-zoning": _risk_page(context), "control-zoning": _control_page(context)}
    files = [
        webmap.write(page, context.folder / "maps" / f"{name}.html", lang=context.lang, catalog=context.catalog)
        for name, page in pages.items()
    ]
    return Results(files=files)


def _risk_page(context: Context) -> Page:
    totals = context.totals["zones"]
    area, people = totals["area_km2"], totals.get("people")
    return Page(
        title=context.project.name + Text("综合风险区划图", " comprehensive risk zoning map"),
        subtitle=_subtitle(context),
        headline=_headline(
            LEVELS[MAJOR].name, str(MAJOR), area["by_level"], people and people["by_level"], area["boundary"]
        ),
        grids=(_grid(context, "risk_level"), _grid(context, "control_zone")),
        vectors=_vectors(context),
        legend=_legend(area["by_level"], area["boundary"], people and people["by_level"]),
        units=_units(context),
        unit_columns=_unit_columns(context),
        notes=(*_notes(context), *_risk_notes(context), *_source_notes(context)),
        totals=_figures(context),
        **_notice(context),
    )


def _control_page(context: Context) -> Page:
    totals = context.totals["zones"]
    area, people = totals["area_km2"], totals.get("people")
    zones = VectorLayer(
        context.catalog.style("control_zones"),
        context.rows("control_zones"),
        popup=_popup(
            context,
            "control_zones",
            context.rows("control_zones"),
            ("zone_name", "reason" if context.lang == "zh" else "reason_en", "area_km2"),
        ),
        drawn=False,  # the cells are drawn; the polygons say why
    )
    key = ZONES[-1]
    return Page(
        title=context.project.name + Text("综合防治区划图", " comprehensive prevention-and-control zoning map"),
        subtitle=_subtitle(context),
        headline=_headline(key.name, str(key.code), area["by_zone"], people and people["by_zone"], area["boundary"]),
        grids=(_grid(context, "control_zone"), _grid(context, "risk_level")),
        vectors=(zones, *_vectors(context)),
        legend=_legend(area["by_zone"], area["boundary"], people and people["by_zone"]),
        units=_units(context),
        unit_columns=_unit_columns(context),
        notes=(*_notes(context), *_control_notes(context), *_source_notes(context)),
        totals=_figures(context),
        **_notice(context),
    )


def _subtitle(context: Context) -> Text:
    date = context.project.data_date
    unstated = Text("数据日期未注明", "date of the data not stated")
    dated = unstated if date is None else Text("数据日期 ", "data of ") + date
    by = context.project.output.compiled_by
    return dated if by is None else by + Text("编制，", ", ") + dated


def _headline(what: Text, code: str, areas: dict[str, float], people: dict[str, float] | None, total: float) -> Text:
    share = areas[code] / total
    line = Text(
        f"{what.zh} {areas[code]:,.1f} km²，占 {share:.1%}",
        f"{what.en}: {areas[code]:,.1f} km², {share:.1%} of the area",
    )
    if people is None:
        return line
    return line + Text(f"，居住 {people[code]:,.0f} 人", f", home to {people[code]:,.0f} people")


def _grid(context: Context, layer: str) -> GridLayer:
    raster = context.cells(layer)
    return GridLayer(context.catalog.style(layer), raster, context.inside)


def _legend(areas: dict[str, float], total: float, people: dict[str, float] | None) -> tuple[LegendRow, ...]:
    """Give the figures of each class, the worst first; no row for unknown ground where there is none."""
    codes = [c for c in sorted(areas, key=int, reverse=True) if c != "0" or areas[c] > 0]
    return tuple(LegendRow(int(c), areas[c], areas[c] / total, None if people is None else people[c]) for c in codes)


def _vectors(context: Context) -> tuple[VectorLayer, ...]:
    layers = []
    for layer, visible in OVERLAYS:
        if not context.has(layer):
            continue
        frame = context.rows(layer)
        frame = frame[frame.intersects(context.boundary)].reset_index(drop=True)
        if layer == "pipelines":
            # a line drawn twice is drawn, and counted, once; outside the area it is not ours to show
            frame = frame.assign(geometry=frame.geometry.normalize()).drop_duplicates("geometry", ignore_index=True)
            frame = gpd.GeoDataFrame(frame, crs=context.crs).clip(context.boundary).reset_index(drop=True)
        if len(frame):
            search = "name" if "name" in frame.columns else None
            layers.append(
                VectorLayer(context.catalog.style(layer), frame, _popup(context, layer, frame), search, visible)
            )
    return tuple(layers)


def _popup(
    context: Context, layer: str, frame: pd.DataFrame, columns: tuple[str, ...] | None = None
) -> tuple[tuple[str, Text], ...]:
    """Give the columns that a click shows: those named, else the first declared ones that are there and filled."""
    declared = context.catalog.layer(layer).fields
    chosen = columns or [c for c in declared if c in frame.columns and frame[c].notna().any()][:POPUP_FIELDS]
    shown = [(c, _labelled(declared, c)) for c in chosen]
    return tuple(shown + [(c, Text("数据性质", "kind of data")) for c in ORIGIN_COLUMNS if c in frame.columns])


def _labelled(declared: dict[str, Any], column: str) -> Text:
    spec = declared[column]
    return spec.title if spec.unit in (None, "1", "share") else spec.title + plain(f" ({spec.unit})")


def _units(context: Context) -> gpd.GeoDataFrame:
    if context.has("risk_units"):
        return context.rows("risk_units").dropna(subset=[fields.CODE]).reset_index(drop=True)
    return gpd.GeoDataFrame({fields.NAME: [], fields.CODE: []}, geometry=[], crs=context.crs)


def _unit_columns(context: Context) -> tuple[tuple[str, Text, str], ...]:
    if not context.has("risk_units"):
        return ()
    columns = [
        (fields.LEVEL, Text("等级", "Level"), "level"),
        (fields.share_of(4), Text("红", "Red"), "percent"),
        (fields.share_of(3), Text("橙", "Orange"), "percent"),
        (fields.AREA_KM2, Text("面积", "Area"), "km2"),
    ]
    if "people" in context.totals["zones"]:
        columns += [
            (fields.people_of(4), Text("红区人口", "People in red"), "people"),
            (fields.PEOPLE, Text("人口", "People"), "people"),
        ]
    return tuple(columns)


def _notes(context: Context) -> tuple[Text, ...]:
    grid, name = context.grid, crs_name(context.crs)
    cells = int(np.count_nonzero(context.inside))
    return (
        Text(
            f"坐标系 {name}（{context.crs.name}），格网 {grid.cell_size[0]:g} m，边界内 {cells:,} 格；面积由区划图斑按平面量算，人口由格网统计。",
            f"System {name} ({context.crs.name}), cells of {grid.cell_size[0]:g} m, {cells:,} inside the boundary; areas are planar, from the zone polygons, people from the cells.",
        ),
    )


def _risk_notes(context: Context) -> tuple[Text, ...]:
    risk = context.totals["risk"]
    project = context.project.risk
    named = join([context.catalog.layer(layer).title + plain(f" {w:.2f}") for layer, w in risk["weights"].items()])
    note = risk["weights_from"]["note"]
    origin = Text(f"（{note['zh']}）", f" ({note['en']})")
    breaks = plain(", ".join(f"{b:.3f}" for b in risk["breaks"]))
    relative = Text(
        "颜色为本区域内的相对比较，不能与其他区域的图直接比较。",
        " Colours compare places within this area only, not with maps of other areas.",
    )
    fixed = project.classify.scheme == "fixed" and project.normalise.bounds is not None
    merged = Text(
        f"小于 {risk['min_zone_ha']:g} 公顷的图斑并入相邻图斑 {risk['merged_patches']} 处，其中降低颜色涉及 {risk['people_in_lower_colour']:,.0f} 人。",
        f"{risk['merged_patches']} patches under {risk['min_zone_ha']:g} ha were merged into neighbours; {risk['people_in_lower_colour']:,.0f} people live where the colour became lower.",
    )
    return (
        Text("方法 {m}；权重 {w}{o}。", "Method {m}; weights {w}{o}.").format(
            m=plain(risk["method"]), w=named, o=origin
        ),
        Text("分级 {s}，上限 {b}。", "Classes {s}, upper limits {b}.").format(s=plain(risk["classify"]), b=breaks)
        + (Text("", "") if fixed else relative),
        merged,
    )


def _control_notes(context: Context) -> tuple[Text, ...]:
    own = context.project.control.rules is not None
    table = (
        Text("项目给定的规则表", "the project's rule table")
        if own
        else Text("内置规则表（非官方规定）", "the house's rule table (not official)")
    )
    capacity = (
        Text("", "")
        if context.has("capacity")
        else Text("没有减灾能力数据，按不含该项的规则划分。", " No capacity data: the rules without it were used.")
    )
    return (
        Text(
            "防治分区按风险等级、减灾能力和隐患密度，用",
            "Control zones follow risk level, capacity and hidden-danger density by ",
        )
        + table
        + Text("。", ".")
        + capacity,
    )


def _source_notes(context: Context) -> tuple[Text, ...]:
    """Say which values are no standard's, which layers call themselves synthetic, and who is to be credited."""
    made_up = _synthetic(context)
    notes = []
    uncertain = context.uncertain_facts()
    if uncertain:
        named = ", ".join(f"{use.topic}.{use.key}" for use in uncertain)
        notes.append(
            Text(
                f"以下内置数值不是标准规定的，可在项目文件中改定：{named}。",
                f"These built-in values are no standard's and can be set in the project file: {named}.",
            )
        )
    if made_up:
        titles = join([context.catalog.layer(layer).title for layer in made_up])
        notes.append(
            Text(
                f"合成示例数据，不得用于实际工作：{titles.zh}。",
                f"Synthetic example data, not for operational use: {titles.en}.",
            )
        )
    if context.project.credits is not None:
        notes.append(context.project.credits)
    return tuple(notes)


def _figures(context: Context) -> tuple[tuple[Text, str], ...]:
    totals = context.totals["zones"]
    figures = [(Text("面积", "Area"), f"{totals['area_km2']['boundary']:,.2f} km²")]
    if "people" in totals:
        figures.append((Text("人口", "People"), f"{totals['people']['inside']:,.0f}"))
    return tuple(figures)


def _notice(context: Context) -> dict[str, Text]:
    """Give the line that stays in sight: map review number or internal use, after a warning when data are synthetic."""
    number = context.project.output.map_review_number
    line = Text(f"审图号：{number}", f"Map review number: {number}") if number else webmap.INTERNAL_USE
    if _synthetic(context):
        line = (
            Text("含合成示例数据，不得用于实际工作 · ", "Contains synthetic example data, not for operational use · ")
            + line
        )
    return {"notice": line}


def _synthetic(context: Context) -> list[str]:
    return [layer for layer in context.project.inputs if context.is_synthetic(layer)]


STEP = Step(
    "map",
    Text("地图网页", "map pages"),
    needs=("risk_level", "risk_zones", "control_zone", "control_zones"),
    takes=("boundary", "risk_units", *(layer for layer, _ in OVERLAYS)),
    gives=("maps",),
    options=("name", "output", "data_date", "credits", "risk", "control", "inputs"),
    run=run,
    speaks=True,
)
