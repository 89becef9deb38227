"""The qgis step: styles in the database and beside the grids, and a project in which everything is grouped and coloured."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from riskmap.data.spec import StyleSpec, Symbol
from riskmap.errors import SpecError
from riskmap.output import qgis, qgis_raster
from riskmap.output.qgis import Geometry, GridEntry, Group, VectorEntry
from riskmap.output.symbology import Symbology, symbology
from riskmap.text import Text
from riskmap.workflow import publishing
from riskmap.workflow.context import ABOUT_THE_BUILD, Context, Results
from riskmap.workflow.pages.one_map import STANDS_FOR
from riskmap.workflow.steps.step import Step

GROUPS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (Text("行政区", "Areas"), ("boundary", "townships")),
    (
        Text("风险与隐患", "Threats"),
        (
            "compound_points", "geohazard_exposure", "geohazard_points", "hazchem_grades", "hazchem_sources",
            "risk_point_levels", "risk_points", "overhead_dams", "tailings_dams", "reservoirs", "pipeline_hca", "pipelines",
            "pipeline_crossings", "hazchem_targets", "geohazard_zones", "hazchem_zones", "risk_point_cells",
        ),
    ),
    (
        Text("消防救援", "Fire and rescue"),
        (
            "fire_stations", "siting_sites", "fire_gaps", "fire_coverage", "fire_areas", "fire_responsibility",
            "reach_results", "snapping",
        ),
    ),
    (
        Text("转移安置", "Evacuation"),
        ("shelters", "evacuation_origins", "evacuation_closures", "helpful_closures", "evacuation_routes", "evacuation_load"),
    ),
    (
        Text("综合区划", "Zoning"),
        (
            "risk_level", "control_zone", "risk_zones", "control_zones", "risk_units", "village_units", "county_units",
            "control_units",
        ),
    ),
    (
        Text("承灾体和救援力量", "People, places and help"),
        (
            "villages", "facilities", "hospitals", "rescue_teams", "supplies", "buildings", "built_up", "roads",
            "barriers", "water", "forest", "reserves",
        ),
    ),
)  # fmt: skip
"""Groups of the layer tree from the top down; layers that none names stand in the groups after them."""

OTHER = Text("其他图层", "Other layers")
GRIDS = Text("单灾种和其他格网", "Hazards and other grids")
TABLES = Text("表和检查结果", "Tables and findings")

SEEN = {
    "boundary",
    "townships",
    "geohazard_exposure",
    "geohazard_points",
    "hazchem_grades",
    "hazchem_sources",
    "pipeline_hca",
    "pipelines",
    "risk_point_levels",
    "risk_points",
    "fire_stations",
    "shelters",
    "risk_level",
}
"""Layers that are shown when the project is opened, what was delivered only where no result stands for it."""

KINDS: dict[str, Geometry] = {
    "Point": "Point",
    "LineString": "LineString",
    "LinearRing": "LineString",
    "Polygon": "Polygon",
}


def run(context: Context) -> Results:
    """Give ``layer_styles``; write ``project.qgz`` and the style files beside the grids."""
    entries = _tables(context)
    grids = {grid: _grid(context, grid) for grid in sorted(context.grids_known)}
    files = [path for grid, entry in grids.items() for path in qgis.write_grid_styles(entry, context.grid_path(grid))]
    west, south, east, north = context.boundary.bounds
    margin = 0.04 * max(east - west, north - south)
    path = qgis.write_project(
        context.folder / "project.qgz",
        title=context.project.name + Text("", " ") + Text("安全风险数据库", "risk database"),
        groups=_groups(entries, grids),
        crs=context.crs,
        bounds=(west - margin, south - margin, east + margin, north + margin),
        database=context.project.database if context.project.database.endswith(".gpkg") else "riskmap.gpkg",
        lang=context.lang,
    )
    styles = qgis.layer_styles(tuple(entry for made in entries.values() for entry in made), context.lang)
    rows: dict[str, pd.DataFrame] = {"layer_styles": styles} if len(styles) else {}
    return Results(rows=rows, files=[*files, path])


def _groups(entries: dict[str, list[VectorEntry]], grids: dict[str, GridEntry]) -> tuple[Group, ...]:
    groups = []
    taken: set[str] = set()
    for title, names in GROUPS:
        members: list[Any] = []
        for name in names:
            members += [grids[name]] if name in grids else entries.get(name, [])
            taken.add(name)
        groups.append(Group(title, tuple(members)))
    rest = [entry for name, made in entries.items() if name not in taken for entry in made]
    shapes = tuple(entry for entry in rest if entry.geometry != "NoGeometry")
    tables = tuple(entry for entry in rest if entry.geometry == "NoGeometry")
    others = tuple(entry for grid, entry in grids.items() if grid not in taken)
    groups += [
        Group(OTHER, shapes, expanded=False),
        Group(GRIDS, others, expanded=False),
        Group(TABLES, tables, expanded=False),
    ]
    return tuple(group for group in groups if group.entries)


def _tables(context: Context) -> dict[str, list[VectorEntry]]:
    """Give the tables of the database as this edition has them, by layer; a table of several kinds has an entry for each."""
    found: dict[str, list[VectorEntry]] = {}
    for layer in context.database.layers():
        frame = (
            None
            if layer in (*ABOUT_THE_BUILD, "layer_styles") or not context.has(layer)
            else publishing.released(context, layer)
        )
        if frame is not None:
            found[layer] = _entries(context, layer, frame)
    return found


def _entries(context: Context, layer: str, frame: Any) -> list[VectorEntry]:
    title, declared = _declared(context, layer)
    columns = tuple(c for c in frame.columns if c != "geometry")
    if not hasattr(frame, "geometry"):
        return [VectorEntry(layer, title, None, "NoGeometry", columns, declared)]
    kinds = sorted(
        {KINDS[k.removeprefix("Multi")] for k in frame.geom_type.dropna() if k.removeprefix("Multi") in KINDS}
    )
    drawn = _style(context, layer)
    return [
        VectorEntry(
            layer,
            title,
            frame.crs,
            kind,
            columns,
            declared,
            _fitting(drawn, kind) or _plain(context, layer, title, kind),
            _is_seen(context, layer),
            len(kinds) > 1,
        )
        for kind in kinds
    ]


def _is_seen(context: Context, layer: str) -> bool:
    replaced = {old for new, old in STANDS_FOR.items() if context.has(new)}
    return layer in SEEN and layer not in replaced


def _plain(context: Context, layer: str, title: Text, kind: Geometry) -> Symbology | None:
    """Give one quiet symbol for a layer without a style: QGIS's own would have another colour at each opening."""
    drawn: dict[Any, Literal["point", "line", "polygon"]] = {
        "Point": "point",
        "LineString": "line",
        "Polygon": "polygon",
    }
    symbol = Symbol(colour="ink", fill="grey" if kind != "LineString" else None, width=1, radius=3, opacity=0.6)
    return symbology(
        StyleSpec(id=layer, layer=layer, title=title, geometry=drawn[kind], symbol=symbol), context.catalog
    )


def _declared(context: Context, layer: str) -> tuple[Text, dict[str, Any]]:
    try:
        spec = context.catalog.layer(layer)
    except SpecError:
        return Text(layer, layer), {}
    return spec.title, spec.fields


def _style(context: Context, layer: str) -> Symbology | None:
    known = context.catalog.style_specs
    return symbology(known[layer], context.catalog) if layer in known else None


def _fitting(drawn: Symbology | None, kind: Geometry) -> Symbology | None:
    """Give a style for geometries of a kind: a polygon layer drawn by a point style is left to QGIS's own symbol."""
    wanted = {"Point": "point", "LineString": "line", "Polygon": "polygon"}[kind]
    if drawn is None or drawn.style.geometry == wanted:
        return drawn
    if drawn.style.geometry == "polygon" and wanted == "line":
        # the line of the outline
        style = drawn.style.model_copy(
            update={"geometry": "line", "symbol": drawn.style.symbol.model_copy(update={"fill": None})}
        )
        return Symbology(style, drawn.swatches, drawn.stroke, None)
    if drawn.style.geometry == "point" and wanted == "polygon":
        inside = drawn.fill or drawn.stroke
        symbol = drawn.style.symbol.model_copy(update={"opacity": 0.35, "width": 1.2})
        return Symbology(
            drawn.style.model_copy(update={"geometry": "polygon", "symbol": symbol}), drawn.swatches, inside, inside
        )
    return None


def _grid(context: Context, grid: str) -> GridEntry:
    known = context.grids_known[grid]
    title = Text(**known["title"])
    crs = context.crs
    if grid in context.catalog.style_specs:
        ramp = qgis_raster.of_classes(symbology(context.catalog.style(grid), context.catalog), context.lang)
    elif known["levels"]:
        ramp = qgis_raster.of_levels(known["levels"], context.lang, numbers=grid == "control_rule")
    else:
        values = context.cells(grid).values
        low, high = (float(f(values)) for f in (np.nanmin, np.nanmax)) if np.isfinite(values).any() else (0.0, 1.0)
        ramp = qgis_raster.of_values(low, high)
    return GridEntry(grid, title, crs, ramp, grid in SEEN)


def _lang(context: Context) -> Any:
    return context.lang


STEP = Step(
    "qgis",
    Text("QGIS 工程", "QGIS project"),
    needs=("boundary",),
    takes=(),
    gives=("layer_styles", "project"),
    options=("name", "output", "database", "facts"),
    run=run,
    shows=("*",),
    speaks=True,
)
