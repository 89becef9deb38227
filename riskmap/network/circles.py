"""What follows from a coverage: the gaps, the minutes of every cell, and the ground that each station answers for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.errors import ConservationError
from riskmap.grid import Grid, Raster
from riskmap.landing import covered_cells
from riskmap.network.arcs import HAIR_S
from riskmap.network.coverage import MINUTE, Coverage
from riskmap.network.positions import Places
from riskmap.network.split import Mapper
from riskmap.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

KM2 = 1e6
AGREE = 1e-6
"""Covered and open ground must add up to the whole within this share."""


def gaps(
    covering: Coverage, built_up: gpd.GeoDataFrame, people: Raster | None = None, *, small_m2: float = 0.0
) -> gpd.GeoDataFrame:
    """Give the built-up ground out of reach.

    Parameters
    ----------
    covering : Coverage
    built_up : GeoDataFrame
        Polygons, perhaps with ``name``.
    people : Raster, optional
        Amounts per cell; a cell counts by the share of it that lies in a gap.
    small_m2 : float
        Gaps smaller than this stand together in one row for each built-up polygon.

    Returns
    -------
    GeoDataFrame
        ``name``, ``area_km2``, ``population`` (NaN without people), ``minutes`` (arrival at the road nearest to a point
        in the gap; NaN where there is no road near or none comes), ``parts``; the largest first. The areas and those
        covered add up to the built-up area.
    """
    import geopandas as gpd

    names = built_up["name"] if "name" in built_up.columns else pd.Series(None, index=built_up.index, dtype=object)
    area, rows = covering.area, []
    shapely.prepare(area)
    for name, whole in zip(names, shapely.make_valid(built_up.geometry.to_numpy()), strict=True):
        rest = shapely.difference(whole, area)
        covered = shapely.intersection(whole, area).area
        if abs(rest.area + covered - whole.area) > AGREE * whole.area:
            raise ConservationError(
                Text("建成区的覆盖与空白面积不合", "covered and open built-up ground do not add up")
            )
        parts = shapely.get_parts(rest)
        parts = parts[shapely.area(parts) > 0]
        large = shapely.area(parts) >= small_m2
        shapes = [*parts[large], *([shapely.multipolygons(parts[~large])] if (~large).any() else [])]
        rows += [(name, shape, len(shapely.get_parts(shape))) for shape in shapes]
    drawn = np.array([shape for _, shape, _ in rows], dtype=object)
    seconds = covering.seconds_at(shapely.point_on_surface(drawn)) if len(rows) else np.empty(0)
    frame = gpd.GeoDataFrame(
        {
            "name": pd.Series([name for name, _, _ in rows], dtype=object),
            "area_km2": shapely.area(drawn) / KM2 if len(rows) else np.empty(0),
            "population": np.nan,
            "minutes": np.where(np.isfinite(seconds), seconds / MINUTE, np.nan),
            "parts": np.array([count for _, _, count in rows], dtype=np.int64),
        },
        geometry=drawn if len(rows) else [],
        crs=built_up.crs,
    )
    if people is not None:
        frame["population"] = amounts(people, frame)
    return frame.sort_values("area_km2", ascending=False, kind="stable", ignore_index=True)


def amounts(cells: Raster, polygons: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Give the amount in each polygon, each cell by the share of it that lies inside; unknown cells count 0."""
    values = np.nan_to_num(cells.values.ravel())
    if not len(polygons):
        return np.empty(0)
    return np.array([float(values[at] @ share) for at, share in covered_cells(polygons, cells.grid)])


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a grid on the network.

    Parameters
    ----------
    grid : Grid
    places : Places
        Of the centres of the cells inside, in the order of their flat indices.
    at : int array
        Flat indices of the cells inside.
    minutes : Raster
        From dispatch to the nearest road of a cell; NaN outside, far from roads, and where none comes.
    station : int array of the grid's shape
        Position of the station that comes first, of the nearest answered cell where a cell has no road; -1 if none.
    ranked_s : float array (3, cells inside)
        Arrival (s) of the first three stations at the road of each cell inside; ``inf`` where fewer come.
    ranked : int array (3, cells inside)
        Positions of these stations; -1 where fewer come.
    """

    grid: Grid
    places: Places
    at: NDArray[np.int64]
    minutes: Raster
    station: NDArray[np.int64]
    ranked_s: NDArray[np.float64]
    ranked: NDArray[np.int64]

    def depth(self, limit_s: float) -> Raster:
        """Give how many stations are at the road of each cell in time: 0, 1, 2, or 3 for three and more; NaN far from roads."""
        count = np.full(self.grid.shape[0] * self.grid.shape[1], np.nan)
        in_time = (self.ranked_s <= limit_s + HAIR_S).sum(axis=0)
        count[self.at] = np.where(self.places.found, in_time, np.nan)
        return Raster(self.grid, count.reshape(self.grid.shape))


def cells(covering: Coverage, grid: Grid, inside: NDArray[np.bool_], *, mapper: Mapper | None = None) -> Cells:
    """Give when an engine reaches each cell, and which station it comes from.

    Parameters
    ----------
    covering : Coverage
    grid : Grid
        In the network's system.
    inside : bool array of the grid's shape
    mapper : callable, optional
        Works on blocks of stations elsewhere; see :mod:`riskmap.network.split`.
    """
    from scipy import ndimage

    x, y = np.meshgrid(*grid.centres())
    at = np.flatnonzero(inside.ravel())
    places = covering.join(shapely.points(x.ravel()[at], y.ravel()[at]))
    ranked_s, ranked = covering.arrivals(places, 3, mapper=mapper)
    minutes, first = np.full(inside.size, np.nan), np.full(inside.size, -1)
    minutes[at] = np.where(np.isfinite(ranked_s[0]), ranked_s[0] / MINUTE, np.nan)
    first[at] = ranked[0]
    station = first.reshape(inside.shape)
    known = station >= 0
    if known.any():
        row, column = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
        station = station[row, column]
    return Cells(grid, places, at, Raster(grid, minutes.reshape(inside.shape)), station, ranked_s, ranked)


def responsibility(
    covering: Coverage,
    found: Cells,
    boundary: Any,
    *,
    built_up: Any = None,
    people: Raster | None = None,
    norms_km2: Mapping[str, float | None],
    winding: tuple[float, float],
    stations: pd.DataFrame,
) -> gpd.GeoDataFrame:
    """Give the ground that each station answers for: the cells that it is the first to reach.

    Parameters
    ----------
    covering : Coverage
    found : Cells
    boundary : geometry
        The polygons tile it.
    built_up : geometry, optional
    people : Raster, optional
        On the grid of the cells.
    norms_km2 : mapping
        Kind of station -> area by the standard; None where a kind has none.
    winding : (float, float)
        Low and high ratio of road to straight line, for the area ``A = 2 (S / k)^2``: a square with the station in
        its middle whose corners are ``S / k`` away, ``S`` being the way driven in the time after turnout at the mean
        speed of the roads that the station is the first to reach (standards 6.1).
    stations : DataFrame
        By position of the stations: ``name``, ``kind`` where they are.

    Returns
    -------
    GeoDataFrame
        One row a station, in their order; see ``layers/fire_responsibility.yaml``. A station that is first nowhere has
        an empty polygon of area 0.
    """
    import geopandas as gpd

    shapes = _polygons(found, len(covering.labels), boundary)
    area = shapely.area(shapes) / KM2
    built = (
        np.full(len(shapes), np.nan) if built_up is None else shapely.area(shapely.intersection(shapes, built_up)) / KM2
    )
    kind = stations["kind"].astype(object) if "kind" in stations.columns else pd.Series(None, index=stations.index)
    norm = np.array([np.nan if (km2 := norms_km2.get(k)) is None else float(km2) for k in kind])
    with np.errstate(invalid="ignore"):
        ratio = (area if built_up is None else built) / norm
    each, speed = covering.stations, _mean_speeds(covering)
    way_km = speed * np.maximum(covering.limit_s - covering.turnout_s, 0) / 1e3
    residents, alone = _people(covering, found, people)
    return gpd.GeoDataFrame(
        {
            "station_id": covering.labels.to_numpy(),
            "name": stations["name"].to_numpy() if "name" in stations.columns else None,
            "kind": kind.to_numpy(),
            "area_km2": area,
            "built_up_km2": built,
            "population": residents,
            "norm_km2": norm,
            "ratio": ratio,
            "formula_low_km2": 2 * (way_km / winding[1]) ** 2,
            "formula_high_km2": 2 * (way_km / winding[0]) ** 2,
            "turnout_s": covering.turnout_s,
            "reach_km": each["reach_km"].to_numpy(),
            "first_km": each["first_km"].to_numpy(),
            "only_km": each["only_km"].to_numpy(),
            "only_people": alone,
        },
        geometry=shapes,
        crs=covering.network.crs,
    )


def _polygons(found: Cells, stations: int, boundary: Any) -> NDArray:
    """Give the cells of each station as polygons within the boundary."""
    from rasterio.features import shapes as trace

    parts: list[list[Any]] = [[] for _ in range(stations)]
    for shape, value in trace(found.station.astype(np.int32), transform=found.grid.transform):
        if value >= 0:
            parts[int(value)].append(shapely.geometry.shape(shape))
    whole = np.array([shapely.union_all(p) if p else shapely.Polygon() for p in parts], dtype=object)
    cut = shapely.intersection(whole, boundary)
    return np.array([shapely.Polygon() if c.is_empty else c for c in cut], dtype=object)


def _mean_speeds(covering: Coverage) -> NDArray[np.float64]:
    """Give the mean speed (m/s) on the roads that each station is the first to reach; NaN where there are none."""
    pieces, count = covering.pieces, len(covering.labels)
    seconds = (pieces["minutes_to"] - pieces["minutes_from"]).to_numpy() * MINUTE
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.bincount(covering.reached.source, pieces["length_m"], minlength=count) / np.bincount(
            covering.reached.source, seconds, minlength=count
        )


def _people(covering: Coverage, found: Cells, people: Raster | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the people of the cells that each station answers for, and of those that it alone reaches in time."""
    count = len(covering.labels)
    if people is None:
        return np.full(count, np.nan), np.full(count, np.nan)
    amount = np.nan_to_num(people.values.ravel()[found.at])
    station = found.station.ravel()[found.at]
    in_time = found.ranked_s <= covering.limit_s + HAIR_S
    alone = in_time[0] & ~in_time[1]
    residents = np.bincount(station[station >= 0], amount[station >= 0], minlength=count)
    only = np.bincount(found.ranked[0][alone], amount[alone], minlength=count)
    return residents.astype(float, copy=False), only.astype(float, copy=False)
