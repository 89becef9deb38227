"""How far a geohazard reaches: a circle by kind and, where the terrain is known, a strip down the slope. Screening only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from riskmap.crs import require_same
from riskmap.overlay import rules
from riskmap.overlay.exposure import ROUND_BY
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.grid import Raster

CIRCLE, DOWNSLOPE = "circle", "downslope"
AROUND = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]


def influence_zones(
    points: gpd.GeoDataFrame, *, dem: Raster | None = None, table: Sequence[Mapping[str, Any]] | None = None
) -> gpd.GeoDataFrame:
    """Draw the influence zone of each point.

    The zone is a circle by kind; with terrain it also takes in a strip along the steepest way down, as far as the line of
    reach (drop over way) stays above the kind's angle, up to its limit.

    Parameters
    ----------
    points : GeoDataFrame
        With ``id`` and ``kind``, in a projected system.
    dem : Raster, optional
        Heights, m, in the same system; NaN unknown.
    table : sequence of mapping, optional
        Rows ``kind, radius_m, reach_degrees, limit_m, width_m``; the house's by default.

    Returns
    -------
    GeoDataFrame
        ``id, kind, basis`` (circle or downslope), ``reach_m``, ``height_m`` (of the point; NaN unknown), geometry; a point
        of unknown kind has no row.
    """
    import geopandas as gpd

    if dem is not None:
        require_same(points.crs, dem.grid.crs, what=Text("隐患点与高程", "points and terrain"))
    by_kind = {row["kind"]: row for row in (rules.table("geohazards", "influence") if table is None else table)}
    made = []
    for point in points.itertuples():
        row = by_kind.get(point.kind)
        if row is None:
            continue
        shape, basis, reach = point.geometry.buffer(row["radius_m"], quad_segs=ROUND_BY), CIRCLE, float(row["radius_m"])
        way = (
            runout(point.geometry, dem, row["reach_degrees"], row["limit_m"])
            if dem is not None and "limit_m" in row
            else None
        )
        if way is not None:
            shape = shape.union(way.buffer(row["width_m"] / 2, quad_segs=ROUND_BY))
            basis, reach = DOWNSLOPE, max(reach, float(way.length))
        made.append((point.id, point.kind, basis, reach, height_at([point.geometry], dem)[0], shape))
    columns = ["id", "kind", "basis", "reach_m", "height_m", "geometry"]
    return gpd.GeoDataFrame(pd.DataFrame(made, columns=columns), geometry="geometry", crs=points.crs)


def runout(point: Any, dem: Raster, reach_degrees: float, limit_m: float) -> Any:
    """Give the steepest way down from a point as far as the line of reach goes; None where it goes nowhere.

    At each step the way goes to the lowest-lying neighbour by slope; it ends in a hollow, at unknown ground, at the limit,
    or where the drop so far over the way so far falls below the tangent of the angle.
    """
    grid, heights = dem.grid, dem.values
    at = int(grid.locate(np.array([point.x]), np.array([point.y]))[0])
    if at < 0 or np.isnan(heights.flat[at]):
        return None
    xs, ys = grid.centres()
    row, col = divmod(at, grid.shape[1])
    top, tangent = float(heights[row, col]), math.tan(math.radians(reach_degrees))
    path, length = [(point.x, point.y)], 0.0
    while True:
        step = _steepest(heights, row, col, grid.cell_size)
        if step is None:
            break
        row, col = step
        length += math.dist(path[-1], (xs[col], ys[row]))
        if length > limit_m or top - float(heights[row, col]) < tangent * length:
            break
        path.append((float(xs[col]), float(ys[row])))
    return shapely.LineString(path) if len(path) > 1 else None


def _steepest(heights: Any, row: int, col: int, cell: tuple[float, float]) -> tuple[int, int] | None:
    best, chosen = 0.0, None
    for i, j in AROUND:
        r, c = row + i, col + j
        if 0 <= r < heights.shape[0] and 0 <= c < heights.shape[1] and not np.isnan(heights[r, c]):
            slope = (heights[row, col] - heights[r, c]) / math.hypot(i * cell[1], j * cell[0])
            if slope > best:
                best, chosen = slope, (r, c)
    return chosen


def height_at(points: Sequence[Any], dem: Raster | None) -> np.ndarray:
    """Give the height of the cell that holds each point, m; NaN without terrain or outside it."""
    if dem is None:
        return np.full(len(points), np.nan)
    xy = shapely.get_coordinates(points)
    at = dem.grid.locate(xy[:, 0], xy[:, 1])
    return np.append(dem.values.ravel().astype(float), np.nan)[at]


def people_below(zones: gpd.GeoDataFrame, where: Any, dem: Raster | None) -> pd.Series:
    """Count the people of each zone who live lower than its point (``height_m``), or at an unknown height; NaN where the point's is not known.

    Parameters
    ----------
    zones : GeoDataFrame
        From :func:`influence_zones`.
    where : Settled or None
        See :mod:`riskmap.overlay.exposure`.
    dem : Raster, optional
        On the same grid as the people when these are cells.
    """
    from riskmap.landing import covered_cells

    below = np.full(len(zones), np.nan)
    tops = zones["height_m"].to_numpy(float)
    if where is None or dem is None:
        return pd.Series(below, index=zones.index)
    if where.cells is not None:
        people, heights = where.cells.values.ravel().astype(float), dem.values.ravel()
        for n, (at, share) in enumerate(covered_cells(zones, where.cells.grid)):
            # ground of unknown height may lie lower
            below[n] = np.nansum((people[at] * share)[~(heights[at] >= tops[n])])
    else:
        places = where.places
        heights = height_at(list(places.geometry.representative_point()), dem)
        zone, place = shapely.STRtree(places.geometry.to_numpy()).query(
            zones.geometry.to_numpy(), predicate="intersects"
        )
        lower = ~(heights[place] >= tops[zone])
        below = np.bincount(
            zone, np.nan_to_num(places["people"].to_numpy(float)[place]) * lower, minlength=len(zones)
        ).astype(float)
    return pd.Series(np.where(np.isnan(tops), np.nan, below), index=zones.index)
