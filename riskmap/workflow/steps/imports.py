"""One step for each input of the project: its file becomes a layer of the database or a grid."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely

from riskmap.crs import name, transformer
from riskmap.data.catalog import Catalog
from riskmap.data.gridding import GridLayer, prepare_grid
from riskmap.data.places import Area, reproject
from riskmap.data.prepare import Layer, Source, prepare_rows
from riskmap.grid import Grid, Raster
from riskmap.text import Text
from riskmap.workflow.context import Context, GridResult, Results, system_of
from riskmap.workflow.project import Loaded
from riskmap.workflow.steps.step import Step

ON_GRID = ("hazard_", "exposure_", "vulnerability_", "capacity", "dem")
"""Layers that land on the grid; the others stay rows."""


def steps_for(inputs: Any) -> tuple[Step, ...]:
    """Give the import steps of a project, the boundary first: it says where the grid is."""
    ordered = sorted(inputs, key=lambda layer: (layer != "boundary", list(inputs).index(layer)))
    return tuple(_step(layer) for layer in ordered)


def name_of(layer: str) -> str:
    """Give the name of a layer's import step."""
    return f"import:{layer}"


def _step(layer: str) -> Step:
    needs = () if layer == "boundary" else ("boundary",)
    title = Text(f"读入 {layer}", f"import {layer}")
    return Step(
        name_of(layer),
        title,
        needs,
        (),
        (layer,),
        ("crs", "cell_size_m", "facts"),
        lambda context: _import(context, layer),
    )


def _import(context: Context, layer: str) -> Results:
    place = None if layer == "boundary" else Place(context.crs, context.area, context.grid)
    given = prepared(context.loaded, context.catalog, layer, place)
    if isinstance(given, GridLayer):
        return _grid_results(given, context, layer)
    told = {"source": dataclasses.asdict(given.source), "synthetic": given.synthetic, "levels": given.levels}
    sound = given.frame is not None and not given.errors
    return Results(
        rows={layer: given.frame} if sound else {}, findings=list(given.findings), totals=told, repairs=given.repairs
    )


@dataclass(frozen=True, eq=False)
class Place:
    """Where a project is: its system, its area, its grid; known once the boundary is."""

    crs: pyproj.CRS
    area: Area
    grid: Grid


def prepared(loaded: Loaded, catalog: Catalog, layer: str, place: Place | None) -> Layer | GridLayer:
    """Prepare one input of a project.

    Parameters
    ----------
    loaded : Loaded
    catalog : Catalog
    layer : str
    place : Place, optional
        None for the boundary itself.
    """
    spec, declared, path = loaded.project.inputs[layer], catalog.layer(layer), loaded.path_of(layer)
    limits = loaded.project.facts.get("plausible", {})
    if place is None:
        rows = prepare_rows(path, spec, declared, limits=limits)
        return rows if rows.frame is None else in_system(rows, system_of(loaded, rows.frame))
    if layer.startswith(ON_GRID):
        return prepare_grid(path, spec, declared, place.grid, area=place.area, limits=limits)
    return prepare_rows(path, spec, declared, crs=place.crs, area=place.area, limits=limits)


def in_system(rows: Layer, crs: Any) -> Layer:
    """Reproject a layer after it was read: the project's system may be the zone of the boundary itself."""
    frame: Any = rows.frame
    to_crs = transformer(frame.crs, crs)
    findings = tuple(
        f if f.geometry is None else f.at(geometry=shapely.transform(f.geometry, to_crs.transform, interleaved=False))
        for f in rows.findings
    )
    source = dataclasses.replace(rows.source, crs_out=name(crs))
    return dataclasses.replace(rows, frame=reproject(frame, crs), source=source, findings=findings)


def _grid_results(cells: GridLayer, context: Context, layer: str) -> Results:
    declared = context.catalog.layer(layer)
    told: dict[str, Any] = {"source": dataclasses.asdict(cells.source), "synthetic": cells.synthetic}
    if cells.raster is None or cells.errors:
        return Results(findings=list(cells.findings), totals=told, repairs=cells.repairs)
    field = declared.fields.get("value")
    raster = cells.raster
    if not cells.levels and not layer.startswith("exposure_"):
        # amounts stay float64: they must add up to the source's total
        raster = Raster(raster.grid, raster.values.astype(np.float32))
    result = GridResult(raster, declared.title, cells.levels, field.unit if field and not cells.levels else None)
    if layer.startswith("exposure_"):
        told["outside_grid"] = cells.outside
    return Results(grids={layer: result}, findings=list(cells.findings), totals=told, repairs=cells.repairs)


def sources_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Give the ``sources`` layer."""
    columns = [f.name for f in dataclasses.fields(Source)]
    frame = pd.DataFrame(sorted(records, key=lambda r: r["layer"]), columns=columns)
    counts = [c for c in columns if c.startswith("rows_")]
    return frame.astype({c: "Int64" if c in counts else "str" for c in columns})
