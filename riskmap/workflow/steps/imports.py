"""One step for each input of the project: its file becomes a layer of the database or a grid."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from riskmap.crs import name
from riskmap.data.gridding import GridLayer, prepare_grid
from riskmap.data.places import reproject
from riskmap.data.prepare import Layer, Source, prepare_rows
from riskmap.grid import Raster
from riskmap.text import Text
from riskmap.workflow.context import Context, GridResult, Results
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
        name_of(layer), title, needs, (), (layer,), ("crs", "cell_size_m"), lambda context: _import(context, layer)
    )


def _import(context: Context, layer: str) -> Results:
    spec = context.project.inputs[layer]
    declared = context.catalog.layer(layer)
    path = context.loaded.path_of(layer)
    if layer.startswith(ON_GRID):
        cells = prepare_grid(path, spec, declared, context.grid, area=context.area, catalog=context.catalog)
        return _grid_results(cells, context, layer)
    rows = prepare_rows(
        path,
        spec,
        declared,
        crs=None if layer == "boundary" else context.crs,
        area=None if layer == "boundary" else context.area,
        catalog=context.catalog,
    )
    if layer == "boundary":
        rows = _in_system(rows, context.crs_for(rows.frame))
    made_up = {"source": dataclasses.asdict(rows.source), "synthetic": rows.synthetic, "levels": rows.levels}
    return Results(rows={layer: rows.frame}, findings=list(rows.findings), totals=made_up)


def _in_system(rows: Layer, crs: Any) -> Layer:
    """Reproject a layer after it was read: the project's system may be the zone of the boundary itself."""
    source = dataclasses.replace(rows.source, crs_out=name(crs))
    return dataclasses.replace(rows, frame=reproject(rows.frame, crs), source=source)


def _grid_results(cells: GridLayer, context: Context, layer: str) -> Results:
    declared = context.catalog.layer(layer)
    field = declared.fields.get("value")
    raster = cells.raster
    if not cells.levels and not layer.startswith("exposure_"):
        # amounts stay float64: they must add up to the source's total
        raster = Raster(raster.grid, raster.values.astype(np.float32))
    result = GridResult(raster, declared.title, cells.levels, None if cells.levels else field and field.unit)
    totals: dict[str, Any] = {"source": dataclasses.asdict(cells.source), "synthetic": cells.synthetic}
    if layer.startswith("exposure_"):
        totals["outside_grid"] = cells.outside
    return Results(grids={layer: result}, findings=list(cells.findings), totals=totals)


def sources_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Give the ``sources`` layer."""
    columns = [f.name for f in dataclasses.fields(Source)]
    return pd.DataFrame(sorted(records, key=lambda r: r["layer"]), columns=columns)
