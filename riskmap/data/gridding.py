"""From a delivered raster, or polygons and points of a hazard, to cells on the project's grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap import landing
from riskmap.crs import name
from riskmap.data import checks_raster, rules
from riskmap.data.files import delivered, fingerprint, is_raster
from riskmap.data.findings import Finding
from riskmap.data.ledger import Ledger
from riskmap.data.places import Area
from riskmap.data.prepare import Layer, Source, prepare_rows
from riskmap.data.rasters import Band, read_raster
from riskmap.data.rules import listed
from riskmap.data.spec import InputSpec, LayerSpec
from riskmap.errors import RiskmapError
from riskmap.grid import Grid, Raster
from riskmap.levels import to_worst_high

if TYPE_CHECKING:
    import pandas as pd

ORIGIN_TAG = "RISKMAP_NOTE"
"""Tag in which a raster says that it is synthetic."""


@dataclass(frozen=True, eq=False)
class GridLayer:
    """A prepared layer of cells on the project's grid.

    Parameters
    ----------
    raster : Raster, optional
        None when an error forbids to use it.
    source : Source
    findings : tuple of Finding
    repairs : DataFrame
    levels : int, optional
        How many levels a level grid counts (uint8, highest worst); None for values.
    outside : float
        The amount that fell outside the grid, for exposures.
    synthetic : bool
    """

    raster: Raster | None
    source: Source
    findings: tuple[Finding, ...]
    repairs: pd.DataFrame
    levels: int | None = None
    outside: float = 0.0
    synthetic: bool = False

    @property
    def errors(self) -> list[RiskmapError]:
        """What forbids to use the layer, as errors that may be raised."""
        return [rules.error_of(f) for f in self.findings if f.severity == "error"]


@dataclass(frozen=True, eq=False)
class RasterLayer:
    """A raster as delivered, looked at but not yet on any grid."""

    band: Band | None
    source: Source
    findings: tuple[Finding, ...]


def holds_raster(path: Path, spec: InputSpec, layer: str) -> bool:
    """Tell whether a delivery is a raster, looking into archives.

    Raises
    ------
    DataError
    """
    if is_raster(path):
        return True
    with delivered(path, spec.layer, layer) as (inner, _):
        return is_raster(inner)


def look_at_raster(
    path: Path,
    spec: InputSpec,
    layer: LayerSpec,
    *,
    area: Area | None = None,
    window: bool = False,
    limits: Mapping[str, Any] | None = None,
) -> RasterLayer:
    """Read a raster and look at it; whatever is wrong with it is a finding.

    Parameters
    ----------
    path : Path
    spec : InputSpec
    layer : LayerSpec
    area : Area, optional
        To measure the coverage.
    window : bool
        Read only what covers the area.
    limits : mapping, optional
        The project's own limits of what is plausible.
    """
    ledger, band = Ledger(layer.id, Path(spec.path).name), None
    try:
        with delivered(path, spec.layer, layer.id) as (inner, sub):
            bounds = (area.crs, area.bounds) if window and area is not None else None
            band = read_raster(inner, spec, layer, ledger, sub=sub, area=bounds)
        checks_raster.check(band, spec, layer, ledger, area, limits)
    except RiskmapError as error:
        ledger.extend([rules.finding_of(error, layer.id)])
    cells = band.raster.values.size if band is not None else 0
    sha256 = fingerprint(path) if path.exists() else None
    crs_in = name(band.raster.grid.crs) if band is not None else None
    source = Source(layer.id, spec.path, spec.layer, sha256, None, crs_in, None, cells, 0, 0, cells, "{}")
    return RasterLayer(band, source, tuple(ledger.findings))


def prepare_grid(
    path: Path, spec: InputSpec, layer: LayerSpec, grid: Grid, *, area: Area, limits: Mapping[str, Any] | None = None
) -> GridLayer:
    """Prepare a hazard, an exposure or the capacity on the project's grid; whatever is wrong with it is a finding.

    Rasters and polygons land by the rules of :mod:`riskmap.landing`: levels by majority, values by area-weighted mean,
    amounts conserved.
    """
    try:
        cells = holds_raster(path, spec, layer.id)
    except RiskmapError:
        cells = False  # told again, as a finding, by what follows
    if not cells:
        return _from_rows(prepare_rows(path, spec, layer, crs=grid.crs, area=area, limits=limits), layer, grid)
    # amounts outside the area count in the source's total, so all of them are read
    window = not (layer.id.startswith("exposure_") and spec.content in (None, "amount"))
    seen = look_at_raster(path, spec, layer, area=area, window=window, limits=limits)
    source = replace(seen.source, crs_out=name(grid.crs))
    if seen.band is None or any(f.severity == "error" for f in seen.findings):
        return GridLayer(None, source, seen.findings, Ledger(layer.id, "").repairs_frame())
    raster, outside = _landed(seen.band, spec, layer, grid)
    levels = spec.levels.count if spec.levels is not None and not layer.id.startswith("exposure_") else None
    synthetic = "synthetic" in seen.band.tags.get(ORIGIN_TAG, "").lower()
    repairs = Ledger(layer.id, "").repairs_frame()
    return GridLayer(raster, source, seen.findings, repairs, levels, outside, synthetic)


def _landed(band: Band, spec: InputSpec, layer: LayerSpec, grid: Grid) -> tuple[Raster, float]:
    """Land a raster by what its cells are: amounts, densities, levels or values."""
    if layer.id.startswith("exposure_"):
        if spec.content in (None, "amount"):
            return landing.land_amounts(band.raster, grid)
        mean = landing.land_values(band.raster, grid)
        if spec.content == "value":
            return mean, 0.0  # an index: as large in a large cell as in a small one
        per_cell = grid.cell_area / (1e6 if spec.content == "density_per_km2" else 1.0)
        return Raster(grid, mean.values * per_cell), 0.0
    if spec.levels is None:
        return landing.land_values(band.raster, grid), 0.0
    values = np.where(np.isnan(band.raster.values), 0, band.raster.values).astype(np.int64)
    codes = to_worst_high(values, count=spec.levels.count, worst=spec.levels.worst)
    return landing.land_levels(Raster(band.raster.grid, codes), grid), 0.0


def _from_rows(rows: Layer, layer: LayerSpec, grid: Grid) -> GridLayer:
    """Land the polygons or points of a hazard, an exposure or the capacity."""
    if rows.frame is None or not len(rows.frame) or rows.errors:
        return GridLayer(None, rows.source, rows.findings, rows.repairs)
    frame: Any = rows.frame
    by_level = "level" in frame and rows.levels is not None and not layer.id.startswith("exposure_")
    field = "level" if by_level else _amount_field(frame, layer)
    if field is None:
        return GridLayer(None, rows.source, (*rows.findings, _no_amount(rows, frame.columns, layer)), rows.repairs)
    values, outside = frame[field].astype("Float64").astype(float), 0.0
    if layer.id.startswith("exposure_"):
        raster, outside = _landed_amounts(frame, values, grid)
    elif by_level:
        raster = landing.land_polygon_levels(frame, values.fillna(0).astype(int), grid)
    else:
        raster = landing.land_polygon_values(frame, values, grid)
    return GridLayer(raster, rows.source, rows.findings, rows.repairs, rows.levels, outside, rows.synthetic)


def _amount_field(frame: Any, layer: LayerSpec) -> str | None:
    """Give the column that lands: the value, or the count that the layer is named after."""
    return next((f for f in ("value", layer.id.removeprefix("exposure_")) if f in frame), None)


def _no_amount(rows: Layer, columns: Iterable[Any], layer: LayerSpec) -> Finding:
    groups = f"value | {layer.id.removeprefix('exposure_')}"
    named = listed([str(c) for c in columns])
    return rules.finding("FIELD_GROUP", layer.id, file=rows.source.file, groups=groups, columns=named, field="value")


def _landed_amounts(frame: Any, amounts: pd.Series, grid: Grid) -> tuple[Raster, float]:
    if not set(frame.geom_type) <= {"Point", "MultiPoint"}:
        return landing.land_polygon_amounts(frame, amounts, grid)
    points = frame.set_geometry(frame.geometry.representative_point())
    return landing.land_point_amounts(points, amounts, grid)
