"""From a delivered raster, or polygons and points of a hazard, to cells on the project's grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from riskmap import landing
from riskmap.crs import name
from riskmap.data.catalog import Catalog
from riskmap.data.files import fingerprint, is_raster
from riskmap.data.findings import Finding
from riskmap.data.places import Area
from riskmap.data.prepare import Source, prepare_rows
from riskmap.data.rasters import Band, read_raster, require_levels_said
from riskmap.data.spec import InputSpec, LayerSpec
from riskmap.errors import DataError
from riskmap.grid import Grid, Raster
from riskmap.levels import to_worst_high
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

ORIGIN_TAG = "RISKMAP_NOTE"
"""Tag in which a raster says that it is synthetic."""


@dataclass(frozen=True, eq=False)
class GridLayer:
    """A prepared layer of cells on the project's grid.

    ``levels`` counts the levels of a level grid (uint8, highest worst), None for values. ``outside`` is the amount that
    fell outside the grid, for exposures.
    """

    raster: Raster
    source: Source
    findings: tuple[Finding, ...]
    levels: int | None = None
    outside: float = 0.0
    synthetic: bool = False


def prepare_grid(
    path: Path, spec: InputSpec, layer: LayerSpec, grid: Grid, *, area: Area, catalog: Catalog
) -> GridLayer:
    """Prepare a hazard, an exposure or the capacity on the project's grid.

    Rasters and polygons land by the rules of :mod:`riskmap.landing`: levels by majority, values by area-weighted mean,
    amounts conserved.

    Raises
    ------
    RiskmapError
    """
    exposure = layer.id.startswith("exposure_")
    if not is_raster(path):
        return _from_rows(path, spec, layer, grid, exposure, area, catalog)
    window = None if exposure and spec.content in (None, "amount") else (grid.crs, grid.bounds)
    band = read_raster(path, crs=spec.crs, variable=spec.layer, area=window, layer=layer.id)
    outside, levels = 0.0, None
    findings = [f.at(file=spec.path) for f in band.findings]
    if exposure:
        raster, outside = _land_exposure(band, spec, layer, grid)
    elif spec.levels is not None:
        levels = spec.levels.count
        raster = landing.land_levels(_level_codes(band, spec, layer), grid)
    else:
        if spec.content != "value":
            require_levels_said(band, layer.id, spec.path)
        _require_domain(band, spec, layer)
        raster = landing.land_values(band.raster, grid)
    cells = band.raster.values.size
    source = Source(
        layer.id,
        spec.path,
        spec.layer,
        fingerprint(path),
        None,
        name(band.raster.grid.crs),
        name(grid.crs),
        cells,
        0,
        0,
        cells,
        "",
    )
    return GridLayer(
        raster, source, tuple(findings), levels, outside, "synthetic" in band.tags.get(ORIGIN_TAG, "").lower()
    )


def _require_domain(band: Band, spec: InputSpec, layer: LayerSpec) -> None:
    """Raise when values lie outside what the layer declares: a slip of units, or a fill value that nobody declared."""
    field = layer.fields.get("value")
    if field is None:
        return
    low, high = -np.inf if field.min is None else field.min, np.inf if field.max is None else field.max
    outside = (band.raster.values < low) | (band.raster.values > high)
    if outside.any():
        worst, unit = band.raster.values[outside].flat[0], f" {field.unit}" if field.unit else ""
        raise DataError(
            Text(
                f"{int(outside.sum())} 个格子的值超出 {low:g} … {high:g}{unit}，例如 {worst:g}",
                f"{int(outside.sum())} cells are outside {low:g} ... {high:g}{unit}, for example {worst:g}",
            ),
            remedy=Text(
                "核对单位；若是无数据，在文件里声明 nodata",
                "check the unit; if it stands for no data, declare nodata in the file",
            ),
            file=spec.path,
            layer=layer.id,
            field="value",
        )


def _land_exposure(band: Band, spec: InputSpec, layer: LayerSpec, grid: Grid) -> tuple[Raster, float]:
    """Land people or goods as amounts per cell."""
    if (band.raster.values < 0).any():
        worst = np.nanmin(band.raster.values)
        raise DataError(
            Text(f"有负的数量 {worst:g}", f"there are negative amounts ({worst:g})"),
            remedy=Text("若是无数据，在文件里声明 nodata", "if it stands for no data, declare nodata in the file"),
            file=spec.path,
            layer=layer.id,
        )
    if spec.content in (None, "amount"):
        return landing.land_amounts(band.raster, grid)
    density = landing.land_values(band.raster, grid)
    per_cell = grid.cell_area / (1e6 if spec.content == "density_per_km2" else 1.0)
    return Raster(grid, density.values * per_cell), 0.0


def _level_codes(band: Band, spec: InputSpec, layer: LayerSpec) -> Raster:
    """Give level codes with the highest as the worst and 0 for unknown."""
    values = np.where(np.isnan(band.raster.values), 0, band.raster.values)
    strange = (values < 0) | (values > spec.levels.count) | (values != np.round(values))
    if strange.any():
        raise DataError(
            Text(
                f"等级栅格里有 {values[strange][0]:g}，声明的是 1–{spec.levels.count}",
                f"the level raster holds {values[strange][0]:g}, declared are 1-{spec.levels.count}",
            ),
            remedy=Text(
                "核对 levels.count，或在文件里声明 nodata", "check levels.count, or declare nodata in the file"
            ),
            file=spec.path,
            layer=layer.id,
        )
    codes = to_worst_high(values.astype(np.int64), count=spec.levels.count, worst=spec.levels.worst)
    return Raster(band.raster.grid, codes)


def _from_rows(
    path: Path, spec: InputSpec, layer: LayerSpec, grid: Grid, exposure: bool, area: Area, catalog: Catalog
) -> GridLayer:
    """Land the polygons or points of a hazard, an exposure or the capacity."""
    rows = prepare_rows(path, spec, layer, crs=grid.crs, area=area, catalog=catalog)
    frame: gpd.GeoDataFrame = rows.frame
    outside = 0.0
    if exposure:
        kinds = set(frame.geom_type)
        land = landing.land_point_amounts if kinds <= {"Point", "MultiPoint"} else landing.land_polygon_amounts
        counted = "value" if "value" in frame else layer.id.removeprefix("exposure_")
        raster, outside = land(frame, frame[counted].astype(float), grid)
    elif "level" in frame and rows.levels is not None:
        raster = landing.land_polygon_levels(frame, frame["level"].fillna(0).astype(int), grid)
    else:
        raster = landing.land_polygon_values(frame, frame["value"], grid)
    return GridLayer(raster, rows.source, rows.findings, rows.levels, outside, rows.synthetic)
