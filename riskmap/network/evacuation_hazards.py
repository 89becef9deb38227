"""Hazard zones from cells of water depth or levels, and water depth at any place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.grid import Raster

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.network.evacuation_zones import Depths


def class_zones(raster: Raster, classes: list[tuple[str, NDArray[np.bool_]]]) -> gpd.GeoDataFrame:
    """Give the ground of each class of cells as polygons.

    Parameters
    ----------
    raster : Raster
        For its grid.
    classes : list of name and bool array of the grid's shape
        A cell belongs to the last class that has it.

    Returns
    -------
    GeoDataFrame
        One row for each connected piece: ``hazard`` (name of the class), polygons on the borders of the cells; the
        first class first, from north to south.
    """
    import geopandas as gpd
    from rasterio.features import shapes

    code = np.zeros(raster.grid.shape, dtype=np.uint8)
    for number, (_, cells) in enumerate(classes, 1):
        code[cells] = number
    found = shapes(code, mask=code > 0, transform=raster.grid.transform)
    rows = sorted(((int(value), shapely.geometry.shape(shape)) for shape, value in found), key=lambda r: r[0])
    names = [classes[value - 1][0] for value, _ in rows]
    return gpd.GeoDataFrame({"hazard": names}, geometry=[shape for _, shape in rows], crs=raster.grid.crs)


def depths_of(raster: Raster) -> Depths:
    """Give a function from coordinates (n, 2) to the depth of the cell there; NaN outside the grid."""
    values = np.append(raster.values.ravel().astype(float), np.nan)

    def depth(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[raster.grid.locate(xy[:, 0], xy[:, 1])]

    return depth


def channel(point: shapely.Point, heights: Raster, length_m: float) -> shapely.LineString | None:
    """Give a straight channel through a point, down the slope of the ground around it; None where that is not known.

    The slope is that of the plane through the three by three cells around the point.

    Parameters
    ----------
    point : Point
    heights : Raster
        Metres; NaN unknown.
    length_m : float
        Of the channel on either side of the point.
    """
    grid = heights.grid
    at = int(grid.locate(np.array([point.x]), np.array([point.y]))[0])
    row, column = divmod(at, grid.shape[1])
    if at < 0 or not (1 <= row < grid.shape[0] - 1 and 1 <= column < grid.shape[1] - 1):
        return None
    around = heights.values[row - 1 : row + 2, column - 1 : column + 2].astype(float)
    east = (around[:, 2] - around[:, 0]).mean() / (2 * grid.cell_size[0])
    north = (around[0] - around[2]).mean() / (2 * grid.cell_size[1])
    size = float(np.hypot(east, north))
    if not size > 0:
        return None
    step = np.array([east, north]) / size * length_m
    place = np.array([point.x, point.y])
    return shapely.LineString([place + step, place - step])
