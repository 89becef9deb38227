"""The one immutable grid value: where the cells of a raster are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray

from riskmap.crs import parse, require_metric
from riskmap.text import Text


@dataclass(frozen=True)
class Grid:
    """Shape, transform and coordinate system of a north-up raster.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns, ``(ny, nx)``; row 0 is the northernmost.
    transform : affine.Affine
        Column, row -> x, y of the cell's upper left corner; no rotation.
    crs : pyproj.CRS
        Coordinate system of the transform.
    """

    shape: tuple[int, int]
    transform: Affine
    crs: pyproj.CRS

    def __post_init__(self) -> None:
        t = self.transform
        if t.b or t.d or t.a <= 0 or t.e >= 0:
            raise ValueError(f"a Grid is north-up without rotation, got {t!r}")
        if self.shape[0] < 1 or self.shape[1] < 1:
            raise ValueError(f"a Grid has at least one cell, got shape {self.shape!r}")

    @classmethod
    def covering(cls, bounds: Iterable[float], cell_size_m: float, crs: Any, *, margin: int = 1) -> Grid:
        """Give the grid of square cells over ``bounds``, its lines on multiples of the cell size.

        Parameters
        ----------
        bounds : (west, south, east, north)
            In metres of ``crs``.
        cell_size_m : float
            Side of a cell.
        crs : anything that names a projected system in metres
        margin : int
            Rings of cells around the bounds, so that every border cell has a neighbour.
        """
        crs = parse(crs)
        require_metric(crs, what=Text("格网", "grid"))
        west, south, east, north = bounds
        left, right = np.floor(west / cell_size_m) - margin, np.ceil(east / cell_size_m) + margin
        bottom, top = np.floor(south / cell_size_m) - margin, np.ceil(north / cell_size_m) + margin
        transform = Affine(cell_size_m, 0.0, float(left * cell_size_m), 0.0, -cell_size_m, float(top * cell_size_m))
        return cls((int(top - bottom), int(right - left)), transform, crs)

    @property
    def cell_size(self) -> tuple[float, float]:
        """Width and height of a cell in units of the system."""
        return self.transform.a, -self.transform.e

    @property
    def cell_area(self) -> float:
        """Area of a cell in squared units of the system (m2 when projected)."""
        return self.transform.a * -self.transform.e

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the whole grid."""
        t, (ny, nx) = self.transform, self.shape
        return t.c, t.f + ny * t.e, t.c + nx * t.a, t.f

    def column_edges(self) -> NDArray[np.float64]:
        """Give x of the ``nx + 1`` column edges, west to east."""
        return self.transform.c + self.transform.a * np.arange(self.shape[1] + 1, dtype=np.float64)

    def row_edges(self) -> NDArray[np.float64]:
        """Give y of the ``ny + 1`` row edges, north to south."""
        return self.transform.f + self.transform.e * np.arange(self.shape[0] + 1, dtype=np.float64)

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give x of the columns' centres and y of the rows' centres."""
        x, y = self.column_edges(), self.row_edges()
        return (x[:-1] + x[1:]) / 2, (y[:-1] + y[1:]) / 2

    def locate(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
        """Give the flat index (row * nx + column) of the cell that holds each point.

        Parameters
        ----------
        x, y : arrays of one shape
            In the grid's system; NaN is outside.

        Returns
        -------
        int64 array
            -1 where a point is outside the grid.
        """
        t, (ny, nx) = self.transform, self.shape
        with np.errstate(invalid="ignore"):
            col = np.floor((np.asarray(x, float) - t.c) / t.a)
            row = np.floor((np.asarray(y, float) - t.f) / t.e)
            inside = (col >= 0) & (col < nx) & (row >= 0) & (row < ny)
        flat = np.where(inside, row, 0).astype(np.int64) * nx + np.where(inside, col, 0).astype(np.int64)
        return np.where(inside, flat, -1)

    def burn(
        self, geometries: Iterable[Any], values: Iterable[int], *, fill: int = 0, touched: bool = False
    ) -> NDArray[np.int32]:
        """Write each geometry's value into the cells whose centre it holds; later geometries win.

        Parameters
        ----------
        geometries : iterable of shapely geometries
            In the grid's system; empty ones are passed over.
        values : iterable of int
        fill : int
            Value of the other cells.
        touched : bool
            Take every cell that the geometry touches instead.
        """
        from rasterio.features import rasterize

        shapes = [(g, int(v)) for g, v in zip(geometries, values, strict=True) if g is not None and not g.is_empty]
        if not shapes:
            return np.full(self.shape, fill, dtype=np.int32)
        return rasterize(
            shapes, out_shape=self.shape, transform=self.transform, fill=fill, all_touched=touched, dtype="int32"
        )

    def rows(self, start: int, stop: int) -> Grid:
        """Give the grid of rows ``start`` up to ``stop``."""
        t = self.transform
        return Grid((stop - start, self.shape[1]), Affine(t.a, 0.0, t.c, 0.0, t.e, t.f + start * t.e), self.crs)


@dataclass(frozen=True, eq=False)
class Raster:
    """Values on a grid.

    Parameters
    ----------
    grid : Grid
    values : array of ``grid.shape``
        float with NaN for unknown, or uint8 levels with 0 for unknown.
    """

    grid: Grid
    values: NDArray[Any]

    def __post_init__(self) -> None:
        if self.values.shape != self.grid.shape:
            raise ValueError(f"values of shape {self.values.shape} on a grid of shape {self.grid.shape}")
