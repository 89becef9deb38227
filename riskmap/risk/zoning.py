"""From coloured cells to zones that tile the boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap import fields, zonal
from riskmap.grid import Grid
from riskmap.levels import LEVELS

if TYPE_CHECKING:
    import geopandas as gpd

NO_ZONE = 255
"""Marks cells whose ground lies wholly outside the boundary."""


def zone_polygons(
    codes: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    boundary: Any,
    grid: Grid,
    *,
    along: NDArray[Any] | None = None,
) -> gpd.GeoDataFrame:
    """Give polygons of equal codes, clipped to the boundary and extended to it.

    They are the faces between the edges of cells of different codes and the boundary line (:func:`riskmap.zonal.faces`):
    neighbours share every vertex, no gap and no overlap.

    Parameters
    ----------
    codes : uint8 array
    inside : bool array
        Cells whose centre lies in the boundary. The ground of the others takes the code of the nearest of these.
    boundary : shapely polygon or multipolygon
        In the grid's system.
    grid : Grid
    along : array of polygons, optional
        Units without overlap (:func:`riskmap.zonal.partition`). A cell that their lines cut is divided along them: ground
        takes the code of the nearest cell whose centre is in the same unit, so that a zone that ends at a unit ends on its
        line.

    Returns
    -------
    GeoDataFrame
        ``code`` and geometry, one row per connected zone, the worst code first, then from the north-west.
    """
    import geopandas as gpd
    import shapely

    filled = _extended(codes, inside, boundary, grid)
    outline = shapely.get_parts(shapely.boundary(boundary))
    if along is None:
        faces, points = zonal.faces([*_edges(filled, grid), *outline], boundary)
        at = grid.locate(shapely.get_x(points), shapely.get_y(points))
        found = filled.ravel()[at]
    else:
        faces, found = _divided(codes, filled, inside, boundary, grid, along)
    frame = gpd.GeoDataFrame({"code": found.astype(int)}, geometry=faces, crs=grid.crs)
    box = frame.bounds
    order = np.lexsort((box["minx"], -box["maxy"], -frame["code"]))
    return frame.iloc[order].reset_index(drop=True)


def _divided(
    codes: NDArray[np.uint8],
    filled: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    boundary: Any,
    grid: Grid,
    units: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Give zones and their codes with the cells that the units' lines cut divided along them."""
    import shapely
    from scipy import ndimage

    lines = shapely.get_parts(shapely.boundary(np.append(units, boundary)))
    cut = grid.burn(lines, [1] * len(lines), touched=True).astype(bool)
    cut = ndimage.binary_dilation(cut, np.ones((3, 3)))
    faces, points = zonal.faces([*_edges(filled, grid, cut), *lines], boundary)
    x, y = shapely.get_x(points), shapely.get_y(points)
    at = grid.locate(x, y)
    found = filled.ravel()[at]
    owner = zonal.first_holding(units, points)
    centre_x, centre_y = np.meshgrid(*grid.centres())
    home = np.full(grid.shape, zonal.UNASSIGNED)
    near = inside & ndimage.binary_dilation(cut, np.ones((3, 3)))
    home[near] = zonal.first_holding(units, shapely.points(centre_x[near], centre_y[near]))
    # only where a face's unit is not that of its cell may the cell's code be another unit's
    for unit in np.unique(owner):
        strange = (owner == unit) & cut.ravel()[at] & ~((home.ravel()[at] == unit) & inside.ravel()[at])
        own = near & (home == unit)
        if strange.any() and own.any():
            found[strange] = codes[own][_nearest(centre_x[own], centre_y[own], x[strange], y[strange])]
    dissolved = [shapely.get_parts(shapely.union_all(faces[found == code])) for code in np.unique(found)]
    counts = [len(parts) for parts in dissolved]
    return np.concatenate(dissolved), np.repeat(np.unique(found), counts)


def _nearest(
    x: NDArray[np.float64], y: NDArray[np.float64], to_x: NDArray[np.float64], to_y: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Give the number of the nearest point to each place."""
    from scipy.spatial import cKDTree

    return cKDTree(np.stack([x, y], -1)).query(np.stack([to_x, to_y], -1))[1]


def _extended(codes: NDArray[np.uint8], inside: NDArray[np.bool_], boundary: Any, grid: Grid) -> NDArray[np.uint8]:
    """Give the cells that the boundary touches but whose centre is outside the code of the nearest inside cell."""
    from scipy import ndimage

    touched = grid.burn([boundary], [1], touched=True).astype(bool)
    # GDAL may pass over a cell that the line only grazes
    touched = ndimage.binary_dilation(touched, np.ones((3, 3)))
    return np.where(touched, codes[zonal.nearest_inside(inside)], NO_ZONE).astype(np.uint8)


def _edges(codes: NDArray[np.uint8], grid: Grid, cut: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """Give the lines between neighbouring cells of different codes, and all around cut cells; runs of edges joined."""
    import shapely

    x, y = grid.column_edges(), grid.row_edges()
    differ_across, differ_down = codes[:-1] != codes[1:], codes[:, :-1] != codes[:, 1:]
    if cut is not None:
        differ_across, differ_down = differ_across | cut[:-1] | cut[1:], differ_down | cut[:, :-1] | cut[:, 1:]
    across = _runs(differ_across)
    down = _runs(differ_down.T)
    level = [np.stack([x[start], y[row + 1], x[stop], y[row + 1]], -1) for row, start, stop in [across]]
    upright = [np.stack([x[row + 1], y[start], x[row + 1], y[stop]], -1) for row, start, stop in [down]]
    return shapely.linestrings(np.concatenate(level + upright).reshape(-1, 2, 2))


def _runs(marked: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give row, start and stop of each run of marked cells along the second axis."""
    steps = np.diff(np.pad(marked, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(steps == 1)
    _, stop = np.nonzero(steps == -1)
    return row, start, stop


def risk_zones(
    levels: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    boundary: Any,
    grid: Grid,
    *,
    along: NDArray[Any] | None = None,
) -> gpd.GeoDataFrame:
    """Give the ``risk_zones`` layer of a level grid; arguments as of :func:`zone_polygons`."""
    zones = zone_polygons(levels, inside, boundary, grid, along=along)
    columns = {
        fields.LEVEL: zones["code"],
        fields.LEVEL_NAME: [LEVELS[c].name.zh for c in zones["code"]],
        fields.COLOUR: [LEVELS[c].colour for c in zones["code"]],
        fields.AREA_KM2: zones.area / 1e6,
    }
    return zones.drop(columns="code").assign(**columns)[[*columns, "geometry"]]


def areas_by_code(zones: pd.DataFrame, column: str, count: int) -> NDArray[np.float64]:
    """Give km2 of each code 0 ... count - 1 from zone polygons."""
    return np.bincount(zones[column].to_numpy(), zones[fields.AREA_KM2].to_numpy(), minlength=count).astype(float)
