"""Checks on one raster: values that cannot be, and how much of the area it covers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from riskmap.data.catalog import house
from riskmap.data.ledger import Ledger
from riskmap.data.numbers import bounds_text, unit_hint
from riskmap.data.places import Area
from riskmap.data.rasters import Band
from riskmap.data.spec import InputSpec, LayerSpec
from riskmap.data.words import note_direction
from riskmap.grid import Grid, Raster
from riskmap.landing import covered_cells

MOST_LEVELS = 5
SEVERAL_LEVELS = 3
"""Levels of a delivery; floats are taken for codes only when so many different whole numbers from 1 on are all there is."""


def check(
    band: Band,
    spec: InputSpec,
    layer: LayerSpec,
    ledger: Ledger,
    area: Area | None = None,
    limits: Mapping[str, Any] | None = None,
) -> None:
    """Look at the values and the coverage of a raster; the findings go to the ledger."""
    values = band.raster.values
    if layer.id.startswith("exposure_"):
        _amounts(values, ledger)
    elif spec.levels is not None:
        _levels(values, spec.levels.count, ledger)
    elif spec.content != "value" and "level" in layer.fields and looks_like_levels(band):
        note_direction(values, ledger)
    if spec.levels is None:
        _range(values, layer, ledger)
    if area is not None:
        share = covered_share(band.raster, area)
        least = (limits or {}).get("covered_share", house().facts("plausible").values["covered_share"].value)
        if share == 0:
            ledger.note("RASTER_ELSEWHERE")
        elif share < least:
            ledger.note("RASTER_COVERAGE", covered_share=share, facts={"covered_share": round(share, 4)})


def looks_like_levels(band: Band) -> bool:
    """Tell whether a raster may hold level codes: small whole numbers, with at most one other value beside them.

    Desktop GIS saves codes as floats too, and leaves one fill value (255, -1) undeclared beside them.
    """
    found = np.unique(band.raster.values[~np.isnan(band.raster.values)])
    codes = found[(found >= 0) & (found <= MOST_LEVELS)]
    if not len(codes) or (codes != np.round(codes)).any() or len(found) - len(codes) > 1:
        return False
    return np.dtype(band.dtype).kind in "iu" or int((codes >= 1).sum()) >= SEVERAL_LEVELS


def covered_share(raster: Raster, area: Area) -> float:
    """Give the share of the area (0-1) that lies in cells with a value.

    Shares of cells are exact; in degrees, cells are weighed by the cosine of their latitude.
    """
    import geopandas as gpd

    grid = raster.grid
    polygon = gpd.GeoDataFrame(geometry=[area.geometry], crs=area.crs).to_crs(grid.crs)
    padded, (top, left) = _padded(grid, polygon.total_bounds)
    known = np.zeros(padded.shape, dtype=bool)
    known[top : top + grid.shape[0], left : left + grid.shape[1]] = ~np.isnan(raster.values)
    ((cells, shares),) = covered_cells(polygon, padded)
    weights = shares
    if grid.crs.is_geographic:
        weights = shares * np.cos(np.radians(padded.centres()[1][cells // padded.shape[1]]))
    return float(weights[known.ravel()[cells]].sum() / weights.sum())


def _padded(grid: Grid, bounds: Any) -> tuple[Grid, tuple[int, int]]:
    """Give the grid grown by whole cells to cover bounds as well, and where its first cell now is."""
    from affine import Affine

    west, south, east, north = bounds
    w, s, e, n = grid.bounds
    dx, dy = grid.cell_size
    left, right = (max(int(np.ceil(gap / dx)), 0) for gap in (w - west, east - e))
    top, bottom = (max(int(np.ceil(gap / dy)), 0) for gap in (north - n, s - south))
    shape = (grid.shape[0] + top + bottom, grid.shape[1] + left + right)
    return Grid(shape, grid.transform @ Affine.translation(-left, -top), grid.crs), (top, left)


def _amounts(values: Any, ledger: Ledger) -> None:
    worst = float(np.nanmin(values))
    if worst < 0:
        ledger.note("RASTER_NEGATIVE", value=worst, facts={"cells": int((values < 0).sum())})


def _levels(values: Any, count: int, ledger: Ledger) -> None:
    known = values[~np.isnan(values)]
    strange = known[(known < 0) | (known > count) | (known != np.round(known))]
    if len(strange):
        ledger.note("RASTER_LEVEL", value=float(strange[0]), count=count, facts={"cells": len(strange)})


def _range(values: Any, layer: LayerSpec, ledger: Ledger) -> None:
    """Note cells outside the bounds that the layer declares."""
    import pandas as pd

    spec = layer.fields.get("value")
    if spec is None or (spec.min is None and spec.max is None):
        return
    low, high = (-np.inf if spec.min is None else spec.min), (np.inf if spec.max is None else spec.max)
    with np.errstate(invalid="ignore"):
        outside = values[(values < low) | (values > high)]
    if len(outside):
        hint = unit_hint(pd.Series(outside), spec)
        n, value = len(outside), float(outside[0])
        ledger.note("RASTER_RANGE", n=n, value=value, bounds=bounds_text(spec), hint=hint, facts={"cells": n})
