"""Rasters in and out: any GDAL raster to values with NaN, grids to cloud-optimised GeoTIFF."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from riskmap import webdatums
from riskmap.crs import name, parse, same, transformer
from riskmap.data import rules, systems
from riskmap.data.ledger import Ledger
from riskmap.data.rules import listed
from riskmap.data.spec import InputSpec, LayerSpec, near
from riskmap.errors import OutputError, RiskmapError
from riskmap.grid import Grid, Raster
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

UNTAGGED = (-9999.0, -99999.0, -32768.0, -3.4028234663852886e38, 9.969209968386869e36, 1e20)
"""Numbers that deliveries use for no data; in a file without a nodata tag they are found and named, never summed."""

LARGE = 1e30
"""No measured value is as large: such cells are an undeclared fill value."""

MARGIN = 2
"""Cells around the area that are read with it."""

Window = tuple[Any, tuple[float, float, float, float]]
"""System and bounds."""


@dataclass(frozen=True, eq=False)
class Band:
    """One band of a raster file: float64 values with NaN for unknown."""

    raster: Raster
    dtype: str
    tags: dict[str, str]
    whole: bool = True


@dataclass(frozen=True)
class GridFact:
    """A grid beside the database: layer, title, how many levels it counts (None: values), unit."""

    id: str
    title: Text
    levels: int | None
    unit: str | None


def grids_frame(grids: list[GridFact], crs: Any, cell_size: float) -> pd.DataFrame:
    """Give the ``grids`` layer: the rasters beside the database, one row each."""
    import pandas as pd

    ordered = sorted(grids, key=lambda g: g.id)
    columns = {
        "id": pd.array([g.id for g in ordered], dtype="str"),
        "file": pd.array([f"grids/{g.id}.tif" for g in ordered], dtype="str"),
        "title_zh": pd.array([g.title.zh for g in ordered], dtype="str"),
        "title_en": pd.array([g.title.en for g in ordered], dtype="str"),
        "levels": pd.array([g.levels for g in ordered], dtype="Int64"),
        "unit": pd.array([g.unit for g in ordered], dtype="str"),
    }
    return pd.DataFrame(columns).assign(crs=name(crs), cell_size_m=float(cell_size))


def read_raster(
    path: Path, spec: InputSpec, layer: LayerSpec, ledger: Ledger, *, sub: str | None = None, area: Window | None = None
) -> Band:
    """Read the first band of a raster.

    Parameters
    ----------
    path : Path
        GeoTIFF, NetCDF, ASCII grid or anything GDAL reads.
    spec : InputSpec
        ``crs`` is used where the file says none, and wins with a warning where it says another.
    layer : LayerSpec
    ledger : Ledger
        Takes what was noticed on the way.
    sub : str, optional
        Variable of a NetCDF file.
    area : (crs, bounds), optional
        Read only the window that covers these bounds, two cells wider.

    Raises
    ------
    DataError, MissingCRSError, CRSError
    """
    with _dataset(path, sub, layer) as source:
        system = _system(source, spec.crs, layer, ledger)
        if source.count > 1:
            ledger.note("RASTER_BANDS", n=source.count)
        if source.transform.b or source.transform.d:
            values, transform, whole = *_turned(source, spec, layer, ledger), True
        else:
            window = _window(source, system, area, layer, ledger.file)
            whole = (window.width, window.height) == (source.width, source.height)
            values, transform = _values(source, window), source.window_transform(window)
        nodata, dtype, tags = source.nodata, source.dtypes[0], dict(source.tags())
    if transform.a < 0:  # mirrored: columns run from east to west
        values = values[:, ::-1]
        transform = transform @ transform.translation(values.shape[1], 0) @ transform.scale(-1, 1)
    if transform.e > 0:  # south-up: NetCDF with ascending latitude
        values = values[::-1]
        transform = transform @ transform.translation(0, values.shape[0]) @ transform.scale(1, -1)
    values = _without_untagged(values, nodata, ledger)
    if nodata is None:
        _note_largest(values, np.dtype(dtype), ledger)
    if np.isnan(values).all():
        raise rules.error("RASTER_EMPTY", file=ledger.file, layer=layer.id)
    return Band(Raster(Grid(values.shape, transform, system), values), dtype, tags, whole)


def variables_of(path: Path) -> list[str]:
    """Give the variables of a raster file that holds several, else an empty list."""
    import rasterio

    with rasterio.open(path) as source:
        return [name.rsplit(":", 1)[1] for name in source.subdatasets]


@contextmanager
def _dataset(path: Path, sub: str | None, layer: LayerSpec) -> Iterator[Any]:
    """Open a raster, or the one variable of it that is meant."""
    import rasterio
    from rasterio.errors import RasterioError, RasterioIOError

    place = {"file": path.name, "layer": layer.id}
    try:
        names = variables_of(path)
        if sub is None and len(names) > 1:
            raise rules.error("RASTER_VARIABLE", n=len(names), names=listed(names), **place)
        if names and sub is not None and sub not in names:
            hint = near(sub, names)
            raise rules.error("FILE_NO_LAYER", name=sub, names=listed(names), hint=hint, **place)
        variable = sub if names else None
        # quotation marks keep the colon of a Windows drive apart from the one before the variable
        target = f'netcdf:"{path}":{variable or names[0]}' if names else path
        with rasterio.open(target) as source:
            yield source
    except RiskmapError:
        raise
    except (RasterioIOError, RasterioError, OSError) as error:
        # rasterio says no more than that reading failed, and keeps GDAL's own words for the cause
        raise rules.error("FILE_UNREADABLE", why=error.__cause__ or error, **place) from error


def _values(source: Any, window: Any) -> NDArray[np.float64]:
    """Read a window as float64 with NaN where the file says no data; packed values are unpacked."""
    data = source.read(1, window=window, masked=True)
    values = data.astype(np.float64).filled(np.nan)
    scale, offset = source.scales[0], source.offsets[0]
    return values if (scale, offset) == (1.0, 0.0) else values * scale + offset


def _turned(source: Any, spec: InputSpec, layer: LayerSpec, ledger: Ledger) -> tuple[NDArray[np.float64], Any]:
    """Bring a rotated raster to north-up by nearest cells; amounts per cell cannot be brought there so."""
    from rasterio.enums import Resampling
    from rasterio.warp import calculate_default_transform, reproject

    degrees = float(np.degrees(np.arctan2(source.transform.d, source.transform.a)))
    if layer.id.startswith("exposure_") and spec.content in (None, "amount"):
        found = rules.finding("RASTER_ROTATED", layer.id, severity="error", file=ledger.file, degrees=degrees)
        raise rules.error_of(found)
    ledger.note("RASTER_ROTATED", degrees=degrees, facts={"degrees": round(degrees, 3)})
    size = float(np.hypot(source.transform.a, source.transform.d))
    crs = source.crs
    transform, width, height = calculate_default_transform(
        crs, crs, source.width, source.height, *_bounds(source), resolution=size
    )
    values = np.full((height, width), np.nan)
    given = source.read(1, masked=True).astype(np.float64).filled(np.nan)
    reproject(
        given,
        values,
        src_transform=source.transform,
        src_crs=crs,
        dst_transform=transform,
        dst_crs=crs,
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.nearest,
    )
    return values, transform


def _bounds(source: Any) -> tuple[float, float, float, float]:
    """Give the bounds of the four corners; rasterio's own take the raster as north-up."""
    corners = [source.transform @ (c, r) for c in (0, source.width) for r in (0, source.height)]
    x, y = zip(*corners, strict=True)
    return min(x), min(y), max(x), max(y)


def write_cog(
    raster: Raster, path: Path, *, title: str, colours: dict[int, tuple[int, int, int, int]] | None = None
) -> Path:
    """Write a grid as a cloud-optimised GeoTIFF.

    Parameters
    ----------
    raster : Raster
        float32 or float64 (amounts, which must add up) with NaN as nodata, uint8 codes with 0 as nodata.
    path : Path
        Replaced whole; the bytes depend on nothing but the arguments.
    title : str
        Stored as the band's description.
    colours : mapping, optional
        Colour table of codes.

    Raises
    ------
    OutputError
        No room, no rights.
    """
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.io import MemoryFile
    from rasterio.shutil import copy

    codes = raster.values.dtype == np.uint8
    dtype = str(raster.values.dtype)
    profile = {
        "driver": "GTiff",
        "dtype": dtype,
        "count": 1,
        "height": raster.grid.shape[0],
        "width": raster.grid.shape[1],
        "crs": rasterio.crs.CRS.from_wkt(raster.grid.crs.to_wkt()),
        "transform": raster.grid.transform,
        "nodata": 0 if codes else float("nan"),
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as plain:
            plain.write(raster.values, 1)
            plain.set_band_description(1, title)
            if colours:
                plain.write_colormap(1, colours)
        # overviews of codes keep codes: an average of levels is no level
        options = {
            "compress": "DEFLATE",
            "predictor": "STANDARD" if codes else "FLOATING_POINT",
            "overview_resampling": "MODE" if codes else "AVERAGE",
        }
        beside = path.with_name(f".new-{path.name}")
        try:
            copy(memory.name, beside, driver="COG", blocksize=512, **options)
            _require_readable(beside)
            beside.replace(path)
        except (OSError, RasterioError) as error:
            raise OutputError(
                Text(f"写不了：{error}", f"cannot be written: {error}"),
                remedy=Text("检查磁盘空间和权限", "check disk space and rights"),
                file=str(path),
            ) from error
        finally:
            beside.unlink(missing_ok=True)
    return path


def _require_readable(path: Path) -> None:
    """Raise when a raster was not written whole: a full disk is not always an error to GDAL."""
    import rasterio

    with rasterio.open(path) as written:
        for _, window in written.block_windows(1):
            written.read(1, window=window)


def read_grid(path: Path) -> Raster:
    """Read a grid that :func:`write_cog` wrote: floats with NaN, or uint8 codes."""
    import rasterio

    with rasterio.open(path) as source:
        grid = Grid((source.height, source.width), source.transform, pyproj.CRS.from_wkt(source.crs.to_wkt()))
        return Raster(grid, source.read(1))


def _system(source: Any, declared: str | None, layer: LayerSpec, ledger: Ledger) -> pyproj.CRS:
    """Give the system that the raster is in; refuse a missing, old or impossible one."""
    west, south, east, north = _bounds(source)
    x, y = np.array([west, east]), np.array([south, north])
    if source.crs is None and declared is None:
        raise systems.missing(x, y, layer, ledger.file)
    own = None if source.crs is None else pyproj.CRS.from_wkt(source.crs.to_wkt())
    system: Any = own
    if declared is not None:
        if webdatums.named(declared):  # cells cannot be moved one by one
            raise rules.error("CRS_UNKNOWN", value=declared, file=ledger.file, layer=layer.id)
        system = parse(declared, file=ledger.file, layer=layer.id)
        if own is not None and not same(own, system):
            ledger.note("CRS_OVERRIDDEN", file_says=name(own), declared=name(system))
    systems.refuse_old_datum(system, layer, ledger.file)
    systems.refuse_impossible(system, x, y, layer, ledger.file)
    return system


def _window(source: Any, system: pyproj.CRS, area: Window | None, layer: LayerSpec, file: str) -> Any:
    """Give the window of the source that covers the area, two cells wider, within the source."""
    from rasterio.windows import Window as Cells

    if area is None:
        return Cells(0, 0, source.width, source.height)
    west, south, east, north = transformer(area[0], system).transform_bounds(*area[1], densify_pts=21)
    columns, rows = zip(*(~source.transform @ (x, y) for x in (west, east) for y in (south, north)), strict=True)
    c0, c1 = max(int(np.floor(min(columns))) - MARGIN, 0), min(int(np.ceil(max(columns))) + MARGIN, source.width)
    r0, r1 = max(int(np.floor(min(rows))) - MARGIN, 0), min(int(np.ceil(max(rows))) + MARGIN, source.height)
    if c1 <= c0 or r1 <= r0:
        raise rules.error("RASTER_ELSEWHERE", file=file, layer=layer.id)
    return Cells(c0, r0, c1 - c0, r1 - r0)


def _without_untagged(values: NDArray[np.float64], nodata: float | None, ledger: Ledger) -> NDArray[np.float64]:
    """Give the values with NaN for fill values that the file does not declare; each is named."""
    values = values.copy()
    with np.errstate(invalid="ignore"):
        fills = [v for v in UNTAGGED if v != nodata]
        for fill in (*(np.float64(np.float32(v)) for v in fills), None):
            marked = np.abs(values) > LARGE if fill is None else values == fill
            if marked.any():
                value, n = float(values[marked].flat[0]), int(marked.sum())
                values[marked] = np.nan
                known = round(float(np.nansum(values)), 6)
                facts = {"value": value, "cells": n, "sum_of_the_rest": known}
                ledger.note("NODATA_UNTAGGED", value=value, n=n, rows_count=n, facts=facts)
    return values


def _note_largest(values: NDArray[np.float64], dtype: np.dtype[Any], ledger: Ledger) -> None:
    """Note cells that hold the largest number of the file's type, far above all others: perhaps no data, not tagged."""
    if dtype.kind not in "iu" or dtype.itemsize > 2:
        return
    largest = np.iinfo(dtype).max
    marked = values == largest
    rest = values[~marked & ~np.isnan(values)]
    if marked.any() and len(rest) and rest.max() < largest / 2:
        n = int(marked.sum())
        ledger.note("NODATA_SUSPECTED", value=float(largest), largest=float(rest.max()), n=n, rows_count=n)
