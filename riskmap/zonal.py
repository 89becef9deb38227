"""Areas and amounts in units: which unit a cell belongs to, units that tile the area, sums that add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmap import fields
from riskmap.crs import require_same
from riskmap.grid import Grid
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

ON_LINE = 1e-6
"""Metres from an outline within which rounding decides on which side a point lies."""

LOST = 1e-9
"""Share of an area that its faces may miss by rounding."""

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


def by_code(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give units in the order of their codes, in which the first owns ground that two claim."""
    return units.sort_values(fields.CODE, kind="stable").reset_index(drop=True)


def nearest_inside(inside: NDArray[np.bool_]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Give row and column of the inside cell nearest to each cell; ground of a cell that is not inside belongs to it."""
    from scipy import ndimage

    row, column = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return row, column


def moved_inside(marked: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give marks on inside cells only; one on a border cell, whose centre is outside, goes to the nearest inside cell.

    Parameters
    ----------
    marked : bool array
        Cells with a settlement, say.
    inside : bool array
        Cells whose centre lies in the boundary. Marks further out than the next ring of cells are dropped.
    """
    from scipy import ndimage

    ring = ndimage.binary_dilation(inside, np.ones((3, 3))) & ~inside & marked
    row, column = nearest_inside(inside)
    moved = marked & inside
    moved[row[ring], column[ring]] = True
    return moved


def faces(lines: Any, within: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give the faces between lines that lie within a geometry, and a point inside each.

    The lines are noded together once, so that neighbouring faces share every vertex. Overlays of polygon with polygon are
    not used where areas must add up: along lines that almost coincide, as digitised borders do, they can go wrong by a whole
    polygon (GEOS 3.14).

    Parameters
    ----------
    lines : array of lines
        Outlines that cut the ground; parts outside ``within`` do no harm.
    within : polygon or multipolygon
        Its outline must be among the lines.
    """
    import shapely

    shapely.prepare(within)
    whole = shapely.area(within)
    # full precision first; where lines almost coincide it may lose a face, and lines on a lattice of a micrometre do not
    for lattice in (None, ON_LINE):
        found = shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=lattice)]))
        points = inner_points(found)
        kept = shapely.contains_properly(within, points)
        if abs(shapely.area(found[kept]).sum() - whole) <= LOST * whole:
            break
    return found[kept], points[kept]


def inner_points(polygons: NDArray[Any]) -> NDArray[Any]:
    """Give a point inside each polygon, off its outline wherever the polygon is wider than rounding.

    ``shapely.point_on_surface`` gives a vertex of a polygon in which vertices almost coincide (GEOS 3.14), as they do where
    digitised borders were cut by each other; a face judged by such a point would go to its neighbour, or be lost.
    """
    import shapely

    points = shapely.point_on_surface(polygons)
    on_line = shapely.distance(shapely.boundary(polygons), points) <= ON_LINE
    points[on_line] = shapely.get_point(shapely.maximum_inscribed_circle(polygons[on_line]), 0)
    return points


def first_holding(polygons: NDArray[Any], points: NDArray[Any]) -> NDArray[np.int64]:
    """Give the number of the first polygon that holds each point, -1 for none."""
    import shapely

    # each polygon is indexed once for all its points: testing them one by one would walk its whole outline for each
    polygon, point = shapely.STRtree(points).query(polygons, predicate="intersects")
    first = np.full(len(points), len(polygons))
    np.minimum.at(first, point, polygon)
    return np.where(first == len(polygons), UNASSIGNED, first)


def points_per_100_km2(
    parts: NDArray[Any], points: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Count points in units.

    Parameters
    ----------
    parts : array of polygons
        The units' ground, without overlap (:func:`partition`).
    points : array of points
        In the units' system; one on the line between two units counts for the first.

    Returns
    -------
    (points,) int64 array
        Unit number of each point, -1 in none.
    (parts,) int64 array
        Points in each unit.
    (parts,) float64 array
        Points per 100 km2; NaN for a unit without ground.
    """
    import shapely

    owner = first_holding(parts, points)
    count = np.bincount(owner[owner >= 0], minlength=len(parts))
    km2 = shapely.area(parts) / 1e6
    return owner, count, 100 * np.divide(count, km2, out=np.full(len(parts), np.nan), where=km2 > 0)


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
        Polygons or multipolygons, one per unit, possibly empty.
    geometry
        The ground of the boundary in no unit, possibly empty.
    """
    import shapely

    shapes = shapely.make_valid(units.geometry.to_numpy())
    lines = [*shapely.get_parts(shapely.boundary(shapes)), *shapely.get_parts(shapely.boundary(boundary))]
    ground, points = faces(lines, boundary)
    owner = first_holding(shapes, points)
    parts = np.array([shapely.union_all(ground[owner == number]) for number in (*range(len(shapes)), UNASSIGNED)])
    parts[shapely.is_empty(parts)] = shapely.Polygon()
    return parts[:-1], parts[-1]


def covered_area(codes: NDArray[np.uint8], polygons: NDArray[Any], grid: Grid, *, count: int) -> NDArray[np.float64]:
    """Give the ground that each code covers in each polygon, by the covered share of each cell (exactextract).

    Parameters
    ----------
    codes : uint8 array of ``grid.shape``
        0 ... ``count`` - 1.
    polygons : array of geometries
        In the grid's system; empty ones cover nothing.
    grid : Grid
    count : int

    Returns
    -------
    float64 array (polygons, count)
        Square metres.
    """
    return covered_in(_cells_source(codes, grid), polygons, grid, count=count)


def covered_in(source: Any, polygons: NDArray[Any], grid: Grid, *, count: int) -> NDArray[np.float64]:
    """Give what :func:`covered_area` gives for an exactextract raster source on a grid."""
    import geopandas as gpd
    from exactextract import exact_extract

    filled = [not shape.is_empty for shape in polygons]
    frame = gpd.GeoDataFrame(geometry=polygons[filled], crs=grid.crs)
    area = np.zeros((len(polygons), count))
    if not len(frame):
        return area
    told = exact_extract(source, frame, ["unique", "frac", "count"], output="pandas")
    rows = np.flatnonzero(filled)
    for row, seen, shares, cells in zip(rows, told["unique"], told["frac"], told["count"], strict=True):
        area[row, np.asarray(seen, dtype=np.int64)] = np.asarray(shares) * cells * grid.cell_area
    return area


def _cells_source(values: NDArray[Any], grid: Grid) -> Any:
    from exactextract.raster import NumPyRasterSource

    west, south, east, north = grid.bounds
    return NumPyRasterSource(values, xmin=west, xmax=east, ymin=south, ymax=north, srs_wkt=grid.crs.to_wkt())


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
    found = np.bincount(flat, amounts[known], minlength=shape[0] * shape[1])
    return found.astype(float, copy=False).reshape(shape)
