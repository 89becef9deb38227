"""One step for each input of the project: its file becomes a layer of the database or a grid."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from riskmap.data.gridding import GridLayer
from riskmap.grid import Raster
from riskmap.text import Text
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.inputs import Place, prepared
from riskmap.workflow.steps.step import Step


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
