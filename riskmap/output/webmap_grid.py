"""Grids for the page's script: class codes packed, and the mapping from longitude and latitude to the cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.polynomial.polynomial import polyval2d
from numpy.typing import NDArray

from riskmap.crs import LONLAT, transformer
from riskmap.errors import OutputError
from riskmap.grid import Grid
from riskmap.levels import UNKNOWN
from riskmap.output.symbology import CODES
from riskmap.output.webmap_page import GridLayer
from riskmap.text import Text
from riskmap.zonal import UNASSIGNED, unit_of_cells

if TYPE_CHECKING:
    import geopandas as gpd

OUTSIDE = CODES - 1
"""Code of cells outside the area in a packed grid."""

DEGREE = 3
LARGEST_RESIDUAL = 0.01
"""Cells. A mapping that is further off anywhere on the grid is refused."""


@dataclass(frozen=True, eq=False)
class Mapping:
    """A polynomial that stands in for the projection: longitude, latitude -> column, row of one grid.

    Parameters
    ----------
    centre, scale : (float, float)
        ``u = (lon - centre[0]) / scale[0]``, likewise v of the latitude, degrees.
    box : (west, south, east, north)
        Degrees; outside it the polynomial says nothing.
    column, row : array of shape ``(DEGREE + 1, DEGREE + 1)``
        Coefficient of ``u**i * v**j`` at ``[i, j]``, 0 where ``i + j > DEGREE``.
    residual : float
        Largest distance from the projection, in cells, on points that the fit did not use.
    """

    centre: tuple[float, float]
    scale: tuple[float, float]
    box: tuple[float, float, float, float]
    column: NDArray[np.float64]
    row: NDArray[np.float64]
    residual: float

    def __call__(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give column and row, with fractions, of points inside the box."""
        u, v = (lon - self.centre[0]) / self.scale[0], (lat - self.centre[1]) / self.scale[1]
        column, row = polyval2d(u, v, self.column), polyval2d(u, v, self.row)
        return np.asarray(column, float), np.asarray(row, float)

    def record(self) -> dict[str, Any]:
        """Give the mapping as plain lists."""
        return {
            "centre": list(self.centre),
            "scale": list(self.scale),
            "box": list(self.box),
            "column": self.column.tolist(),
            "row": self.row.tolist(),
        }


def fit(grid: Grid) -> Mapping:
    """Fit the cubic mapping of a grid and measure how far off it is.

    Raises
    ------
    OutputError
        If the largest residual is above 0.01 cell: the grid is too wide for one cubic.
    """
    columns, rows, lon, lat = _sample(grid, (1 - np.cos(np.linspace(0, np.pi, 25))) / 2)
    centre = (float(lon.mean()), float(lat.mean()))
    scale = (float(np.ptp(lon) / 2), float(np.ptp(lat) / 2))
    powers = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]
    u, v = (lon - centre[0]) / scale[0], (lat - centre[1]) / scale[1]
    design = np.column_stack([u**i * v**j for i, j in powers])
    solved = np.linalg.lstsq(design, np.column_stack([columns, rows]), rcond=None)[0]
    column, row = np.zeros((2, DEGREE + 1, DEGREE + 1))
    for (i, j), (c, r) in zip(powers, solved, strict=True):
        column[i, j], row[i, j] = c, r
    # the edges bow: a little wider than the sampled points, so that no cell falls outside
    slack = (scale[0] * 1e-3, scale[1] * 1e-3)
    box = (lon.min() - slack[0], lat.min() - slack[1], lon.max() + slack[0], lat.max() + slack[1])
    west, south, east, north = (float(side) for side in box)
    mapping = Mapping(centre, scale, (west, south, east, north), column, row, 0.0)
    return _checked(mapping, grid)


def _sample(grid: Grid, steps: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Give column, row, longitude and latitude of the points at these steps (0-1) across and down a grid."""
    rows, columns = (part.ravel() for part in np.meshgrid(steps * grid.shape[0], steps * grid.shape[1], indexing="ij"))
    t = grid.transform
    lon, lat = transformer(grid.crs, LONLAT).transform(t.c + t.a * columns, t.f + t.e * rows)
    return columns, rows, lon, lat


def _checked(mapping: Mapping, grid: Grid) -> Mapping:
    columns, rows, lon, lat = _sample(grid, np.linspace(0, 1, 61))
    column, row = mapping(lon, lat)
    residual = float(max(np.abs(column - columns).max(), np.abs(row - rows).max()))
    if not residual <= LARGEST_RESIDUAL:
        raise OutputError(
            Text(
                f"格网太大：经纬度到格网单元的换算误差 {residual:.3g} 格，超过 {LARGEST_RESIDUAL} 格",
                f"the grid is too wide: longitude and latitude land {residual:.3g} cells off, more than {LARGEST_RESIDUAL}",
            ),
            remedy=Text("缩小区域或加大单元", "take a smaller area or larger cells"),
        )
    return Mapping(mapping.centre, mapping.scale, mapping.box, mapping.column, mapping.row, residual)


def codes_of(layer: GridLayer) -> NDArray[np.uint8]:
    """Give the codes of a layer with 255 outside the area.

    Raises
    ------
    OutputError
        If the values are not uint8, the mask has another shape, or a code has no class.
    """
    values, name = layer.raster.values, layer.style.id
    if values.dtype != np.uint8 or layer.inside.shape != values.shape or layer.inside.dtype != bool:
        raise OutputError(
            Text(
                f"需要 uint8 编码和同形状的布尔掩膜，得到 {values.dtype} {values.shape} 与 {layer.inside.dtype} {layer.inside.shape}",
                f"needs uint8 codes and a boolean mask of one shape, got {values.dtype} {values.shape} and "
                f"{layer.inside.dtype} {layer.inside.shape}",
            ),
            layer=name,
        )
    classed = {c.value for c in layer.style.classes} - {OUTSIDE}
    strangers = sorted({int(code) for code in np.unique(values[layer.inside])} - {UNKNOWN} - classed)
    if strangers:
        raise OutputError(
            Text(f"编码 {strangers} 没有对应的类", f"the codes {strangers} have no class in the style"),
            remedy=Text(f"在 styles/ 的 {name} 里补上", f"add them to {name} in styles/"),
            layer=name,
        )
    return np.where(layer.inside, values, OUTSIDE).astype(np.uint8)


def area_bounds(layer: GridLayer) -> tuple[float, float, float, float]:
    """Give west, south, east, north of the area in degrees; the layer has at least one cell inside."""
    grid = layer.raster.grid
    rows, columns = np.flatnonzero(layer.inside.any(axis=1)), np.flatnonzero(layer.inside.any(axis=0))
    x, y = grid.column_edges()[[columns[0], columns[-1] + 1]], grid.row_edges()[[rows[-1] + 1, rows[0]]]
    west, south, east, north = transformer(grid.crs, LONLAT).transform_bounds(x[0], y[0], x[1], y[1], densify_pts=51)
    return west, south, east, north


def unit_cells(units: gpd.GeoDataFrame, layer: GridLayer) -> NDArray[np.unsignedinteger]:
    """Give the row number of the township of each cell of a layer, and the largest number of the type for none.

    Parameters
    ----------
    units : GeoDataFrame
        In the grid's system, sorted by code: where two overlap the first wins.
    layer : GridLayer
    """
    dtype = np.dtype("u1") if len(units) < CODES else np.dtype("<u2")
    rows = unit_of_cells(units, layer.raster.grid)
    none = np.iinfo(dtype).max
    return np.where((rows == UNASSIGNED) | ~layer.inside, none, rows).astype(dtype)
