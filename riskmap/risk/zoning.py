"""From coloured cells to zones that tile the boundary, and to the townships' shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap import fields, zonal
from riskmap.grid import Grid
from riskmap.levels import LEVELS, UNKNOWN

if TYPE_CHECKING:
    import geopandas as gpd

NO_ZONE = 255
"""Marks cells whose ground lies wholly outside the boundary."""

UNIT_SHARE = 0.2
"""A unit has the highest level that holds at least this share of its known area (contract 11.10)."""

SLIVER = 1e-6
"""Ground in no township below this share of the boundary's area is rounding of digitised lines, not a gap."""


def zone_polygons(codes: NDArray[np.uint8], inside: NDArray[np.bool_], boundary: Any, grid: Grid) -> gpd.GeoDataFrame:
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

    Returns
    -------
    GeoDataFrame
        ``code`` and geometry, one row per connected zone, the worst code first, then from the north-west.
    """
    import geopandas as gpd
    import shapely

    filled = _extended(codes, inside, boundary, grid)
    lines = [*_edges(filled, grid), *shapely.get_parts(shapely.boundary(boundary))]
    faces, points = zonal.faces(lines, boundary)
    at = grid.locate(shapely.get_x(points), shapely.get_y(points))
    frame = gpd.GeoDataFrame({"code": filled.ravel()[at].astype(int)}, geometry=faces, crs=grid.crs)
    box = frame.bounds
    order = np.lexsort((box["minx"], -box["maxy"], -frame["code"]))
    return frame.iloc[order].reset_index(drop=True)


def _extended(codes: NDArray[np.uint8], inside: NDArray[np.bool_], boundary: Any, grid: Grid) -> NDArray[np.uint8]:
    """Give the cells that the boundary touches but whose centre is outside the code of the nearest inside cell."""
    from scipy import ndimage

    touched = grid.burn([boundary], [1], touched=True).astype(bool)
    # GDAL may pass over a cell that the line only grazes
    touched = ndimage.binary_dilation(touched, np.ones((3, 3)))
    return np.where(touched, codes[zonal.nearest_inside(inside)], NO_ZONE).astype(np.uint8)


def _edges(codes: NDArray[np.uint8], grid: Grid) -> NDArray[Any]:
    """Give the lines between neighbouring cells of different codes, runs of edges joined."""
    import shapely

    x, y = grid.column_edges(), grid.row_edges()
    across = _runs(codes[:-1] != codes[1:])
    down = _runs((codes[:, :-1] != codes[:, 1:]).T)
    level = [np.stack([x[start], y[row + 1], x[stop], y[row + 1]], -1) for row, start, stop in [across]]
    upright = [np.stack([x[row + 1], y[start], x[row + 1], y[stop]], -1) for row, start, stop in [down]]
    return shapely.linestrings(np.concatenate(level + upright).reshape(-1, 2, 2))


def _runs(marked: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give row, start and stop of each run of marked cells along the second axis."""
    steps = np.diff(np.pad(marked, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(steps == 1)
    _, stop = np.nonzero(steps == -1)
    return row, start, stop


def risk_zones(levels: NDArray[np.uint8], inside: NDArray[np.bool_], boundary: Any, grid: Grid) -> gpd.GeoDataFrame:
    """Give the ``risk_zones`` layer of a level grid; see :func:`zone_polygons`."""
    zones = zone_polygons(levels, inside, boundary, grid)
    columns = {
        fields.LEVEL: zones["code"],
        fields.LEVEL_NAME: [LEVELS[c].name.zh for c in zones["code"]],
        fields.COLOUR: [LEVELS[c].colour for c in zones["code"]],
        fields.AREA_KM2: zones.area / 1e6,
    }
    return zones.drop(columns="code").assign(**columns)[[*columns, "geometry"]]


def risk_units(
    zones: gpd.GeoDataFrame,
    townships: gpd.GeoDataFrame,
    boundary: Any,
    *,
    levels: NDArray[np.uint8],
    people: NDArray[np.float64] | None,
    inside: NDArray[np.bool_],
    grid: Grid,
) -> gpd.GeoDataFrame:
    """Give the ``risk_units`` layer: each township's level, area by colour from the zones, people by colour from the cells.

    Parameters
    ----------
    zones : GeoDataFrame
        ``risk_zones`` that tile the boundary.
    townships : GeoDataFrame
        ``name``, ``code``; sorted by code here, so that overlapping ground goes to the first code.
    boundary : shapely geometry
    levels : uint8 array
        After the patch merge.
    people : float array, optional
        Persons per cell, NaN unknown.
    inside : bool array
    grid : Grid

    Returns
    -------
    GeoDataFrame
        The columns of contract 11.10; a last row ``unassigned`` where ground or people are in no township. Areas sum to the
        zones', people to the cells'.
    """
    import geopandas as gpd

    ordered = townships.sort_values(fields.CODE, kind="stable").reset_index(drop=True)
    cut, rest = zonal.partition(ordered, boundary)
    parts = np.append(cut, rest)
    area = _areas_by_level(zones, parts, boundary)
    counted = _people_by_level(levels, people, inside, ordered, grid)
    names = [*ordered[fields.NAME], fields.UNASSIGNED]
    codes = [*ordered[fields.CODE], None]
    frame = gpd.GeoDataFrame({fields.NAME: names, fields.CODE: codes}, geometry=parts, crs=townships.crs)
    for column, values in _unit_columns(area, counted).items():
        frame[column] = values
    stays = np.append(np.ones(len(ordered), bool), area[-1].sum() > SLIVER * area.sum() or counted[-1].sum() > 0)
    frame = frame[stays].reset_index(drop=True)
    return frame[[c for c in frame.columns if c != "geometry"] + ["geometry"]]


def _areas_by_level(zones: gpd.GeoDataFrame, parts: NDArray[Any], boundary: Any) -> NDArray[np.float64]:
    """Give km2 of each level in each part, shape (parts, 5)."""
    import shapely

    shapes = zones.geometry.to_numpy()
    lines = shapely.get_parts(shapely.boundary(np.concatenate([shapes, parts])))
    ground, points = zonal.faces(lines, boundary)
    # a sliver along the boundary line, in no part by rounding, goes to the rest
    part = zonal.first_holding(parts, points) % len(parts)
    level = zones[fields.LEVEL].to_numpy()[zonal.first_holding(shapes, points)]
    return zonal.crosstab(shapely.area(ground) / 1e6, part, level, (len(parts), len(LEVELS)))


def _people_by_level(
    levels: NDArray[np.uint8],
    people: NDArray[np.float64] | None,
    inside: NDArray[np.bool_],
    townships: gpd.GeoDataFrame,
    grid: Grid,
) -> NDArray[np.float64]:
    shape = (len(townships) + 1, len(LEVELS))
    if people is None:
        return np.zeros(shape)
    units = zonal.unit_of_cells(townships, grid)
    return zonal.crosstab(people[inside], units[inside], levels[inside], shape)


def _unit_columns(area: NDArray[np.float64], people: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    total = area.sum(axis=1)
    known = area.copy()
    known[:, UNKNOWN] = 0.0
    known_total = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        known_share = np.nan_to_num(known / known_total[:, None])
        mean = (known * np.arange(len(LEVELS))).sum(axis=1) / known_total
        share = np.nan_to_num(area / total[:, None])
    # the rounding of areas must neither cost a unit its level nor colour it by a neighbour's sliver
    reaches = known_share >= UNIT_SHARE - SLIVER
    columns: dict[str, NDArray[Any]] = {
        fields.LEVEL: (reaches * np.arange(len(LEVELS))).max(axis=1),
        "level_max": ((known_share > SLIVER) * np.arange(len(LEVELS))).max(axis=1),
        "level_mean": mean,
        fields.AREA_KM2: total,
    }
    for level in (*range(len(LEVELS) - 1, 0, -1), UNKNOWN):
        columns[fields.share_of(level)] = share[:, level]
    for level in (*range(len(LEVELS) - 1, 0, -1), UNKNOWN):
        columns[fields.people_of(level)] = people[:, level]
    columns[fields.PEOPLE] = people.sum(axis=1)
    return columns


def areas_by_code(zones: pd.DataFrame, column: str, count: int) -> NDArray[np.float64]:
    """Give km2 of each code 0 ... count - 1 from zone polygons."""
    return np.bincount(zones[column].to_numpy(), zones[fields.AREA_KM2].to_numpy(), minlength=count)
