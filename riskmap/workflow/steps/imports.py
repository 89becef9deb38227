"""One step for each input of the project: its file becomes a layer of the database or a grid."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import shapely

from riskmap.crs import name, transformer
from riskmap.data.gridding import GridLayer, prepare_grid
from riskmap.data.places import reproject
from riskmap.data.prepare import Layer, Source, prepare_rows
from riskmap.grid import Raster
from riskmap.text import Text
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.steps.step import Step

ON_GRID = ("hazard_", "exposure_", "capacity", "dem")
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
    spec = context.project.inputs[layer]
    declared = context.catalog.layer(layer)
    path = context.loaded.path_of(layer)
    if layer.startswith(ON_GRID):
        cells = prepare_grid(path, spec, declared, context.grid, area=context.area, limits=context.limits)
        return _grid_results(cells, context, layer)
    first = layer == "boundary"
    rows = prepare_rows(
        path,
        spec,
        declared,
        crs=None if first else context.crs,
        area=None if first else context.area,
        limits=context.limits,
    )
    if first and rows.frame is not None:
        rows = in_system(rows, context.crs_for(rows.frame))
    told = {"source": dataclasses.asdict(rows.source), "synthetic": rows.synthetic}
    sound = rows.frame is not None and not rows.errors
    return Results(
        rows={layer: rows.frame} if sound else {}, findings=list(rows.findings), totals=told, repairs=rows.repairs
    )


def in_system(rows: Layer, crs: Any) -> Layer:
    """Reproject a layer after it was read: the project's system may be the zone of the boundary itself."""
    to_crs = transformer(rows.frame.crs, crs)
    findings = tuple(
        f if f.geometry is None else f.at(geometry=shapely.transform(f.geometry, to_crs.transform, interleaved=False))
        for f in rows.findings
    )
    source = dataclasses.replace(rows.source, crs_out=name(crs))
    return dataclasses.replace(rows, frame=reproject(rows.frame, crs), source=source, findings=findings)


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
    result = GridResult(raster, declared.title, cells.levels, None if cells.levels else field and field.unit)
    if layer.startswith("exposure_"):
        told["outside_grid"] = cells.outside
    return Results(grids={layer: result}, findings=list(cells.findings), totals=told, repairs=cells.repairs)


def sources_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Give the ``sources`` layer."""
    columns = [f.name for f in dataclasses.fields(Source)]
    frame = pd.DataFrame(sorted(records, key=lambda r: r["layer"]), columns=columns)
    counts = [c for c in columns if c.startswith("rows_")]
    return frame.astype({c: "Int64" if c in counts else "str" for c in columns})
