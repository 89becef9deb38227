"""From where people have to move: threatened points, villages, zones or cells, nobody twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.grid import Raster

if TYPE_CHECKING:
    import geopandas as gpd

COLUMNS = ("id", "layer", "name", "village", "village_code", "township", "people", "geometry")
"""Columns of origins; people NaN is unknown."""


def holding_village(points: gpd.GeoDataFrame, villages: gpd.GeoDataFrame, *, near_m: float) -> NDArray[np.int64]:
    """Give the row position of the village that holds each point, -1 for none.

    A point lies in the village whose polygon holds it; else in the one that it names (of several of that name the
    nearest); else in the nearest one within a distance.

    Parameters
    ----------
    points, villages : GeoDataFrame
        In one projected system; ``village`` (name) of the points where they state it.
    near_m : float
    """
    holder = np.full(len(points), -1)
    if not len(villages) or not len(points):
        return holder
    shapes, places = villages.geometry.to_numpy(), points.geometry.to_numpy()
    tree = shapely.STRtree(shapes)
    point, village = tree.query(places, predicate="intersects")
    area = shapely.get_dimensions(shapes[village]) == 2
    holder[point[area][::-1]] = village[area][::-1]
    named = points["village"].to_numpy(object) if "village" in points.columns else np.full(len(points), None)
    names = villages["name"].to_numpy(object)
    for i in np.flatnonzero(holder < 0):
        same = np.flatnonzero(names == named[i]) if isinstance(named[i], str) else np.empty(0, dtype=np.int64)
        if len(same):
            holder[i] = same[shapely.distance(shapes[same], places[i]).argmin()]
    left = np.flatnonzero(holder < 0)
    point, village = tree.query_nearest(places[left], max_distance=near_m, all_matches=False)
    holder[left[point]] = village
    return holder


def people_left(villages: pd.DataFrame, holder: NDArray[np.int64], threatened: NDArray[np.float64]) -> pd.Series:
    """Give the people of each village without those who are counted at threatened points; never below 0.

    Parameters
    ----------
    villages : DataFrame
        ``population``; NaN unknown.
    holder : int array (points)
        From :func:`holding_village`.
    threatened : float array (points)
        NaN unknown: nobody is taken out for it.
    """
    left = people_of(villages) - taken(len(villages), holder, threatened)
    return pd.Series(np.maximum(left, 0.0), index=villages.index, name="people")


def people_of(villages: pd.DataFrame) -> NDArray[np.float64]:
    """Give the people of each village; NaN unknown."""
    return pd.to_numeric(villages["population"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def taken(villages: int, holder: NDArray[np.int64], threatened: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the people whom the points of each village threaten.

    Parameters
    ----------
    villages : int
        Number of villages.
    holder, threatened
        See :func:`people_left`.
    """
    held = holder >= 0
    return np.bincount(holder[held], np.nan_to_num(threatened[held]), minlength=villages).astype(float)


def share_inside(places: gpd.GeoSeries, area: Any) -> NDArray[np.float64]:
    """Give the share of each place that lies in an area: 0 or 1 for points, by ground for polygons."""
    shapes = places.to_numpy()
    inside = shapely.intersects(shapes, area).astype(float)
    ground = shapely.get_dimensions(shapes) == 2
    if ground.any():
        inside[ground] = shapely.area(shapely.intersection(shapes[ground], area)) / shapely.area(shapes[ground])
    return inside


def from_cells(people: Raster, threatened: NDArray[np.bool_], block_m: float) -> gpd.GeoDataFrame:
    """Give one origin for each block of threatened cells with people, at the cell of the most people.

    Parameters
    ----------
    people : Raster
        People per cell; NaN unknown.
    threatened : bool array of the grid's shape
    block_m : float
        Side of a block.

    Returns
    -------
    GeoDataFrame
        ``id`` (``B`` and the block's row and column), ``people``, points.
    """
    import geopandas as gpd

    grid = people.grid
    rows, columns = np.nonzero(threatened & (people.values > 0))
    amount = people.values[rows, columns].astype(float)
    size = max(1, round(block_m / grid.cell_size[0]))
    xs, ys = grid.centres()
    frame = pd.DataFrame(
        {"row": rows // size, "column": columns // size, "people": amount, "x": xs[columns], "y": ys[rows]}
    )
    frame = frame.sort_values(["row", "column", "people"], ascending=[True, True, False], kind="stable")
    blocks = frame.groupby(["row", "column"], sort=True).agg(
        people=("people", "sum"), x=("x", "first"), y=("y", "first")
    )
    ids = [f"B{row:04d}{column:04d}" for row, column in blocks.index]
    return gpd.GeoDataFrame(
        {"id": ids, "people": blocks["people"].to_numpy()},
        geometry=shapely.points(blocks["x"], blocks["y"]),
        crs=grid.crs,
    )


def from_zones(zones: gpd.GeoSeries, people: Raster, inside: NDArray[np.bool_]) -> gpd.GeoDataFrame:
    """Give one origin for each connected part of the zones, with the people of the cells whose centre it holds.

    Parts that overlap are one, so that nobody is counted twice.
    """
    import geopandas as gpd

    parts = shapely.get_parts(zones.union_all())
    grid = people.grid
    number = grid.burn(parts, range(1, len(parts) + 1))
    amount = np.where(inside, np.nan_to_num(people.values.astype(float)), 0.0)
    counted = np.bincount(number.ravel(), amount.ravel(), minlength=len(parts) + 1)[1:]
    places = shapely.point_on_surface(parts)
    frame = gpd.GeoDataFrame(
        {"id": [f"Z{n:03d}" for n in range(1, len(parts) + 1)], "people": counted}, geometry=places, crs=zones.crs
    )
    return frame[frame["people"] > 0].reset_index(drop=True)
