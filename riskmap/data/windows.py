"""Rasters too large for memory: read window by window, written as COG the same way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray

from riskmap.errors import DataError, OutputError
from riskmap.grid import Grid
from riskmap.text import Text

GDAL_CACHE_MB = 256
"""GDAL would take a twentieth of the machine's memory for its cache; the tiles pass once and need little."""

TILE = 512
ACROSS = 8
"""Tiles of a window side by side: windows follow the files' tiles, so that none is decoded twice."""


class Window(NamedTuple):
    """A rectangle of cells."""

    row: int
    column: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns as slices."""
        return slice(self.row, self.row + self.height), slice(self.column, self.column + self.width)


def grid_of(path: Path) -> Grid:
    """Give where the cells of a raster are, from its header."""
    import rasterio

    with rasterio.open(path) as source:
        return Grid((source.height, source.width), source.transform, pyproj.CRS.from_wkt(source.crs.to_wkt()))


def common_grid(paths: Sequence[Path]) -> Grid:
    """Give the grid that all rasters share.

    Raises
    ------
    DataError
        They do not: cells of one are not cells of another.
    """
    grids = [grid_of(path) for path in paths]
    for path, grid in zip(paths, grids, strict=True):
        if grid != grids[0]:
            raise DataError(
                Text(
                    f"格网与 {paths[0].name} 不同：{grid.shape} {grid.bounds}，{grids[0].shape} {grids[0].bounds}",
                    f"the grid differs from that of {paths[0].name}: {grid.shape} {grid.bounds}, {grids[0].shape} {grids[0].bounds}",
                ),
                remedy=Text(
                    "先落到同一格网上（riskmap build 会做）", "land them on one grid first, as riskmap build does"
                ),
                file=path.name,
            )
    return grids[0]


def windows(grid: Grid) -> list[Window]:
    """Cut a grid into windows of whole tiles, from the north-west, row by row."""
    ny, nx = grid.shape
    wide = TILE * ACROSS
    return [
        Window(row, column, min(TILE, ny - row), min(wide, nx - column))
        for row in range(0, ny, TILE)
        for column in range(0, nx, wide)
    ]


def sample_tiles(grid: Grid, share: float) -> list[Window]:
    """Give tiles spread evenly over a grid, at most that share of all of them but at least one; no randomness."""
    ny, nx = grid.shape
    tiles = [
        Window(row, column, min(TILE, ny - row), min(TILE, nx - column))
        for row in range(0, ny, TILE)
        for column in range(0, nx, TILE)
    ]
    rows, columns = -(-ny // TILE), -(-nx // TILE)
    count = max(1, int(share * len(tiles)))
    # the plastic number's sequence fills the square evenly for any count
    step = 1.32471795724474602596
    at = (0.5 + np.arange(1, count + 1)[:, None] * [1 / step, 1 / step**2]) % 1.0
    chosen = {int(y * rows) * columns + int(x * columns): None for y, x in at}
    return [tiles[number] for number in sorted(chosen)]


def read_window(path: Path, window: Window) -> NDArray[Any]:
    """Read a window of the first band: numbers with NaN for nodata, or uint8 codes with 0 for it."""
    import rasterio
    from rasterio.windows import Window as Rectangle

    with environment(), rasterio.open(path) as source:
        values = source.read(1, window=Rectangle(window.column, window.row, window.width, window.height))
        nodata = source.nodata
    if nodata is None or np.isnan(nodata):
        return values
    if values.dtype == np.uint8:
        return values if nodata == 0 else np.where(values == nodata, np.uint8(0), values)
    # whole numbers have no NaN
    kind = values.dtype if values.dtype.kind == "f" else np.float64
    return np.where(values == nodata, np.asarray(np.nan, kind), values)


def kind_of(path: Path) -> tuple[bool, bool]:
    """Tell whether a raster is read as codes (whole numbers of one byte), and whether it declares a value for no data."""
    import rasterio

    with environment(), rasterio.open(path) as source:
        return source.dtypes[0] == "uint8", source.nodata is not None


@contextlib.contextmanager
def environment() -> Iterator[None]:
    """Hold GDAL to a small cache."""
    import rasterio

    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_MB, GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        yield


class TileWriter:
    """A raster written window by window, from the north-west, and turned into a COG at the end.

    Parameters
    ----------
    path : Path
        Of the COG; a plain file beside it is removed when it is done.
    grid : Grid
    dtype : {"float32", "uint8"}
        NaN and 0 are no data.
    title : str
        The band's description.
    threads : int
        For compressing.
    """

    def __init__(self, path: Path, grid: Grid, dtype: str, *, title: str, threads: int = 1) -> None:
        import rasterio

        self._path, self._plain, self._dtype = path, path.with_name(f".{path.stem}.plain.tif"), dtype
        self._threads = threads
        profile = {
            "driver": "GTiff",
            "dtype": dtype,
            "count": 1,
            "height": grid.shape[0],
            "width": grid.shape[1],
            "crs": rasterio.crs.CRS.from_wkt(grid.crs.to_wkt()),
            "transform": grid.transform,
            "nodata": 0 if dtype == "uint8" else float("nan"),
            "tiled": True,
            "blockxsize": TILE,
            "blockysize": TILE,
            "bigtiff": "IF_SAFER",
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = rasterio.open(self._plain, "w", **profile)
        self._file.set_band_description(1, title)

    def __enter__(self) -> Self:
        return self

    def write(self, values: NDArray[Any], window: Window) -> None:
        """Write a window."""
        from rasterio.windows import Window as Rectangle

        self._file.write(values, 1, window=Rectangle(window.column, window.row, window.width, window.height))

    def read(self, window: Window) -> NDArray[Any]:
        """Read back a window that was written; the writer must have been flushed with :meth:`settle`."""
        return read_window(self._plain, window)

    def settle(self) -> None:
        """Finish the plain file, so that it can be read."""
        self._file.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        try:
            if kind is None:
                self._to_cog()
        finally:
            self._plain.unlink(missing_ok=True)

    def _to_cog(self) -> None:
        from rasterio.errors import RasterioIOError
        from rasterio.shutil import copy

        codes = self._dtype == "uint8"
        options = {
            "compress": "DEFLATE",
            "predictor": "STANDARD" if codes else "FLOATING_POINT",
            "overview_resampling": "MODE" if codes else "AVERAGE",
            "num_threads": str(self._threads),
            "bigtiff": "IF_SAFER",
        }
        try:
            with environment():
                copy(str(self._plain), str(self._path), driver="COG", blocksize=TILE, **options)
        except RasterioIOError as error:
            raise OutputError(
                Text(f"写不了 COG：{error}", f"the COG cannot be written: {error}"),
                remedy=Text("检查磁盘空间", "check the disk space"),
                file=str(self._path),
            ) from error


def cell_grid(grid: Grid, window: Window) -> Grid:
    """Give the grid of a window's cells."""
    t = grid.transform
    moved = Affine(t.a, 0.0, t.c + window.column * t.a, 0.0, t.e, t.f + window.row * t.e)
    return Grid((window.height, window.width), moved, grid.crs)


def covered_area(path: Path, polygons: NDArray[Any], *, count: int) -> NDArray[np.float64]:
    """Give the ground that each code of a raster file covers in each polygon, reading only what the polygons meet.

    Parameters
    ----------
    path : Path
        uint8 codes 0 ... ``count`` - 1.
    polygons : array of geometries
        In the raster's system.
    count : int

    Returns
    -------
    float64 array (polygons, count)
        Square metres, as :func:`riskmap.zonal.covered_area` gives for cells in memory.
    """
    import rasterio
    from exactextract.raster import RasterioRasterSource

    from riskmap import zonal

    class Codes(RasterioRasterSource):
        """Unknown ground is counted too."""

        def nodata_value(self) -> None:
            return None

        def read_window(self, x0: int, y0: int, nx: int, ny: int) -> NDArray[Any]:
            return read_window(path, Window(y0, x0, ny, nx))

    with environment(), rasterio.open(path) as source:
        return zonal.covered_in(Codes(source), polygons, grid_of(path), count=count)
