"""The inputs of a project: each file prepared as the layer that the project says it is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyproj

from riskmap.crs import name, transformer
from riskmap.data.catalog import Catalog
from riskmap.data.gridding import GridLayer, prepare_grid
from riskmap.data.places import Area, reproject
from riskmap.data.prepare import Layer, Source, at_home, prepare_rows
from riskmap.grid import Grid
from riskmap.workflow.context import system_of
from riskmap.workflow.project import Loaded

ON_GRID = ("hazard_", "exposure_", "vulnerability_", "capacity", "dem")
"""Layers that land on the grid; the others stay rows."""


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
    findings = tuple(at_home(f, to_crs) for f in rows.findings)
    source = dataclasses.replace(rows.source, crs_out=name(crs))
    return dataclasses.replace(rows, frame=reproject(frame, crs), source=source, findings=findings)


def sources_frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Give the ``sources`` layer."""
    columns = [f.name for f in dataclasses.fields(Source)]
    frame = pd.DataFrame(sorted(records, key=lambda r: r["layer"]), columns=columns)
    counts = [c for c in columns if c.startswith("rows_")]
    return frame.astype({c: "Int64" if c in counts else "str" for c in columns})
