"""Areas and amounts in zones: which unit a cell belongs to, and sums that add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmap.crs import require_same
from riskmap.grid import Grid
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

UNASSIGNED = -1
"""Unit number of cells and ground that belong to no unit."""


def inside(boundary: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.bool_]:
    """Give the cells whose centre lies in the boundary, shape ``grid.shape``."""
    require_same(boundary.crs, grid.crs, what=Text("边界与格网", "boundary and grid"))
    return grid.burn(boundary.geometry, [1] * len(boundary)).astype(bool)


def unit_of_cells(units: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.int32]:
    """Give the row number of the unit that holds each cell's centre.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons in the grid's system; where they overlap the earlier row wins, so sort by code first.
    grid : Grid

    Returns
    -------
    int32 array of ``grid.shape``
        Row position in ``units``; -1 in no unit.
    """
    require_same(units.crs, grid.crs, what=Text("单元与格网", "units and grid"))
    # the last one burnt wins
    order = range(len(units) - 1, -1, -1)
    return grid.burn([units.geometry.iloc[i] for i in order], order, fill=UNASSIGNED)


def partition(units: gpd.GeoDataFrame, boundary: Any) -> tuple[NDArray[Any], Any]:
    """Cut units so that they and a rest tile the boundary without overlap.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons; where two overlap the ground goes to the earlier row.
    boundary : shapely geometry
        In the system of the units.

    Returns
    -------
    array of geometries
        One per unit, possibly empty.
    geometry
        The ground of the boundary in no unit, possibly empty.
    """
    import shapely

    cut = shapely.intersection(shapely.make_valid(units.geometry.to_numpy()), boundary)
    tree = shapely.STRtree(cut)
    for later in range(1, len(cut)):
        near = tree.query(cut[later])
        earlier = near[(near < later)]
        # units that only touch share a line: no ground to give away
        earlier = earlier[shapely.relate_pattern(cut[earlier], cut[later], "T********")]
        if len(earlier):
            cut[later] = shapely.difference(cut[later], shapely.union_all(cut[earlier]))
    return cut, shapely.difference(boundary, shapely.union_all(cut))


def crosstab(
    amounts: NDArray[np.float64], rows: NDArray[np.integer], columns: NDArray[np.integer], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Add up amounts by two classifications.

    Parameters
    ----------
    amounts : float array
        NaN counts as nothing.
    rows, columns : integer arrays of the same shape
        Class numbers from 0; a negative row means the last row (unassigned).
    shape : (int, int)
        Of the result.
    """
    known = ~np.isnan(amounts)
    r = np.where(rows[known] < 0, shape[0] - 1, rows[known]).astype(np.int64)
    flat = r * shape[1] + columns[known]
    return np.bincount(flat, amounts[known], minlength=shape[0] * shape[1]).reshape(shape)
