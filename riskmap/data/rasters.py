"""Rasters in and out: any GDAL raster to values with NaN, grids to cloud-optimised GeoTIFF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from riskmap.crs import parse, transformer
from riskmap.data.findings import Finding
from riskmap.data.vectors import require_content
from riskmap.errors import DataError, MissingCRSError
from riskmap.grid import Grid, Raster
from riskmap.text import Text

UNTAGGED = (-9999.0, -99999.0, -32768.0, -3.4028234663852886e38, 9.969209968386869e36, 1e20)
"""Numbers that deliveries use for no data; in a file without a nodata tag they are found and named, never summed."""

LARGE = 1e30
"""No measured value is as large: such cells are an undeclared fill value."""


MOST_LEVELS = 5
SEVERAL_LEVELS = 3
"""Levels of a delivery; floats are taken for codes only when so many different whole numbers from 1 on are all there is."""


@dataclass(frozen=True, eq=False)
class Band:
    """One band of a raster file: float64 values with NaN for unknown, and what was noticed on the way."""

    raster: Raster
    dtype: str
    tags: dict[str, str]
    findings: tuple[Finding, ...] = ()


def read_raster(
    path: Path,
    *,
    crs: str | None = None,
    variable: str | None = None,
    area: tuple[Any, tuple[float, float, float, float]] | None = None,
    layer: str = "",
) -> Band:
    """Read the first band of a raster.

    Parameters
    ----------
    path : Path
        GeoTIFF, NetCDF, ASCII grid or anything GDAL reads.
    crs : str, optional
        Declared system; wins over the file's own only when the file has none.
    variable : str, optional
        Name of a sub-dataset (NetCDF variable).
    area : (crs, bounds), optional
        Read only the window that covers these bounds, two cells wider.
    layer : str
        Layer id for messages.

    Raises
    ------
    DataError, MissingCRSError, CRSError
    """
    import rasterio
    from rasterio.errors import RasterioIOError
    from rasterio.windows import Window

    require_content(path, layer)
    name = f"netcdf:{path}:{variable}" if variable else str(path)
    try:
        with rasterio.open(name) as source:
            system = _system(source, crs, path, layer)
            if source.transform.b or source.transform.d:
                raise DataError(
                    Text("栅格带旋转，不是正北朝上", "the raster is rotated, not north-up"),
                    remedy=Text("先用 gdalwarp 转正", "warp it to north-up first (gdalwarp)"),
                    file=path.name,
                    layer=layer,
                )
            window = _window(source, system, area) if area else Window(0, 0, source.width, source.height)
            if window.width < 1 or window.height < 1:
                raise DataError(
                    Text("栅格不在区域内", "the raster does not meet the area"),
                    remedy=Text("检查坐标系和文件", "check the coordinate system and the file"),
                    file=path.name,
                    layer=layer,
                )
            data = source.read(1, window=window, masked=True)
            transform, nodata = source.window_transform(window), source.nodata
            dtype, tags = source.dtypes[0], dict(source.tags())
    except RasterioIOError as error:
        raise DataError(
            Text(f"GDAL 读不了：{error}", f"GDAL cannot read it: {error}"), file=path.name, layer=layer
        ) from error
    values = data.astype(np.float64).filled(np.nan)
    if transform.e > 0:  # south-up: NetCDF with ascending latitude
        values = values[::-1]
        transform = transform @ transform.translation(0, values.shape[0]) @ transform.scale(1, -1)
    findings = _fill_untagged(values, nodata, path, layer)
    return Band(Raster(Grid(values.shape, transform, system), values), dtype, tags, tuple(findings))


def write_cog(
    raster: Raster, path: Path, *, title: str, colours: dict[int, tuple[int, int, int, int]] | None = None
) -> Path:
    """Write a grid as a cloud-optimised GeoTIFF.

    Parameters
    ----------
    raster : Raster
        float32 or float64 (amounts, which must add up) with NaN as nodata, uint8 codes with 0 as nodata.
    path : Path
        Written anew; the bytes depend on nothing but the arguments.
    title : str
        Stored as the band's description.
    colours : mapping, optional
        Colour table of codes.
    """
    import rasterio
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
        copy(memory.name, path, driver="COG", blocksize=512, **options)
    return path


def read_grid(path: Path) -> Raster:
    """Read a grid that :func:`write_cog` wrote: floats with NaN, or uint8 codes."""
    import rasterio

    with rasterio.open(path) as source:
        grid = Grid((source.height, source.width), source.transform, pyproj.CRS.from_wkt(source.crs.to_wkt()))
        return Raster(grid, source.read(1))


def _system(source: Any, declared: str | None, path: Path, layer: str) -> pyproj.CRS:
    if source.crs is None and declared is None:
        raise MissingCRSError(
            Text("栅格没有坐标系", "the raster has no coordinate system"),
            remedy=Text("在项目文件里写明 crs: EPSG:…", "say crs: EPSG:... in the project file"),
            file=path.name,
            layer=layer,
        )
    if source.crs is None:
        return parse(declared, file=path.name, layer=layer)
    return pyproj.CRS.from_wkt(source.crs.to_wkt())


def _window(source: Any, system: pyproj.CRS, area: tuple[Any, tuple[float, float, float, float]]) -> Any:
    """Give the window of the source that covers the area, two cells wider, within the source."""
    from rasterio.windows import Window

    to_source = transformer(area[0], system)
    west, south, east, north = to_source.transform_bounds(*area[1], densify_pts=21)
    columns, rows = zip(*(~source.transform @ (x, y) for x in (west, east) for y in (south, north)), strict=True)
    c0, c1 = max(int(np.floor(min(columns))) - 2, 0), min(int(np.ceil(max(columns))) + 2, source.width)
    r0, r1 = max(int(np.floor(min(rows))) - 2, 0), min(int(np.ceil(max(rows))) + 2, source.height)
    return Window(c0, r0, max(c1 - c0, 0), max(r1 - r0, 0))


def _fill_untagged(values: NDArray[np.float64], nodata: float | None, path: Path, layer: str) -> list[Finding]:
    """Turn fill values that the file does not declare into NaN, in place, and name them."""
    found: dict[float, int] = {}
    with np.errstate(invalid="ignore"):
        for fill in UNTAGGED:
            count = int((values == np.float64(np.float32(fill))).sum())
            if count and fill != nodata:
                found[fill] = count
                values[values == np.float64(np.float32(fill))] = np.nan
        huge = np.abs(values) > LARGE
    if huge.any():
        found[float(np.abs(values[huge]).max())] = int(huge.sum())
        values[huge] = np.nan
    return [
        Finding(
            layer,
            "warning",
            "NODATA_UNTAGGED",
            Text(
                f"{count} 个格子的值 {fill:g} 没有声明为无数据；按未知处理",
                f"{count} cells hold {fill:g}, not declared as nodata; taken as unknown",
            ),
            Text("在文件里声明 nodata", "declare nodata in the file"),
            file=path.name,
            rows=count,
        )
        for fill, count in found.items()
    ]


def require_levels_said(band: Band, layer: str, file: str) -> None:
    """Raise when a raster of small whole numbers came without saying what the numbers mean.

    Raises
    ------
    DataError
        The message shows both readings, for nothing guesses which end is worst.
    """
    found = np.unique(band.raster.values[~np.isnan(band.raster.values)])
    codes = found[(found >= 0) & (found <= MOST_LEVELS)]
    # desktop GIS saves codes as floats too, and leaves one fill value (255, -1) undeclared beside them
    if (codes != np.round(codes)).any() or len(found) - len(codes) > 1:
        return
    if not len(codes) or (np.dtype(band.dtype).kind == "f" and (codes >= 1).sum() < SEVERAL_LEVELS):
        return
    counts = {int(c): int((band.raster.values == c).sum()) for c in found}
    raise DataError(
        Text(
            f"整数代码 {counts}（代码: 格数）没有说明哪一端最坏：若高码最坏，{int(codes.max())} 是最高；若低码最坏，{int(codes.min())} 是最高",
            f"whole codes {counts} (code: cells) without saying which end is worst: read high_code, {int(codes.max())} is the worst; read low_code, {int(codes.min())} is",
        ),
        remedy=Text(
            "写明 levels: {count: 5, worst: high_code} 或 low_code；若是测量值写 content: value",
            "say levels: {count: 5, worst: high_code} or low_code; for measured values say content: value",
        ),
        file=file,
        layer=layer,
    )
