"""Townships, villages and counties: their level by three rules, ground and people by colour."""

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

UNIT_SHARE = 0.2
"""A unit has the highest level that holds at least this share of its known area (contract 11.10)."""

SLIVER = 1e-6
"""Ground in no township below this share of the boundary's area is rounding of digitised lines, not a gap."""


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
    """Give the ``risk_units`` layer: each unit's level, area by colour from the zones, people by colour from the cells.

    Parameters
    ----------
    zones : GeoDataFrame
        ``risk_zones`` that tile the boundary.
    townships : GeoDataFrame
        Townships, or villages or counties: ``name``, ``code``; sorted by code here, so that overlapping ground goes to the
        first code.
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
        The columns of contract 11.10; a last row ``unassigned`` where ground or people are in no unit. Areas sum to the
        zones', people to the cells'. Three rules stand side by side: ``level``, the highest level that holds a fifth of the
        known area; ``level_max``, the worst case; ``level_weighted``, the mean by area rounded, halves up.
    """
    import geopandas as gpd

    ordered = zonal.by_code(townships)
    cut, rest = zonal.partition(ordered, boundary)
    parts = np.append(cut, rest)
    area = _areas_by_level(zones, parts, boundary)
    counted = _people_by_level(levels, people, inside, ordered, grid)
    names = [*ordered[fields.NAME], fields.UNASSIGNED]
    codes = [*ordered[fields.CODE], None]
    frame = gpd.GeoDataFrame({fields.NAME: names, fields.CODE: codes}, geometry=parts, crs=townships.crs)
    for column, values in level_columns(area, counted).items():
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
        return np.full(shape, np.nan)
    units = zonal.unit_of_cells(townships, grid)
    return zonal.crosstab(people[inside], units[inside], levels[inside], shape)


def level_rules(area: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Give a unit's level by three rules from the area of each level, side by side.

    Parameters
    ----------
    area : float array (units, levels + 1)
        Column 0 is unknown ground.

    Returns
    -------
    dict of column -> array
        ``level``: the highest that holds a fifth of the known area; ``level_max``: the worst case; ``level_mean``: the mean by
        area, NaN without known ground; ``level_weighted``: that mean rounded, halves up. Levels of unknown units are 0.
    """
    levels = np.arange(area.shape[1])
    known = area.copy()
    known[:, UNKNOWN] = 0.0
    total = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.nan_to_num(known / total[:, None])
        mean = (known * levels).sum(axis=1) / total
    # the rounding of areas must neither cost a unit its level nor colour it by a neighbour's sliver
    return {
        fields.LEVEL: ((share >= UNIT_SHARE - SLIVER) * levels).max(axis=1),
        "level_max": ((share > SLIVER) * levels).max(axis=1),
        "level_mean": mean,
        "level_weighted": np.nan_to_num(np.floor(mean + 0.5 + SLIVER)).astype(np.int64),
    }


def level_columns(
    area: NDArray[np.float64], counted: NDArray[np.float64], *, what: str = fields.PEOPLE
) -> dict[str, NDArray[Any]]:
    """Give the columns of units: levels by three rules, area, its share and what is counted by colour.

    Parameters
    ----------
    area : float array (units, 5)
        km2 of each level, unknown first.
    counted : float array (units, 5)
        People, or another amount; NaN where it is not known at all.
    what : str
        Stem of the columns of ``counted``: ``people_red`` ... ``people_unknown``, ``people``.
    """
    total = area.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.nan_to_num(area / total[:, None])
    columns = level_rules(area) | {fields.AREA_KM2: total}
    for level in (*range(len(LEVELS) - 1, 0, -1), UNKNOWN):
        columns[fields.share_of(level)] = share[:, level]
    for level in (*range(len(LEVELS) - 1, 0, -1), UNKNOWN):
        columns[f"{what}_{fields.COLOURS[level]}"] = counted[:, level]
    columns[what] = counted.sum(axis=1)
    return columns


def parents(units: gpd.GeoDataFrame, above: gpd.GeoDataFrame) -> pd.Series:
    """Give the code of the unit above each unit: by code where one begins with the other, else by place.

    Parameters
    ----------
    units : GeoDataFrame
        ``code`` (12 digits for villages, 9 for townships) and geometry.
    above : GeoDataFrame
        ``code`` (9 or 6 digits) and geometry, in the same system.

    Returns
    -------
    Series of str
        On the caller's index; None where neither tells.
    """
    codes = [c for c in above[fields.CODE] if isinstance(c, str)]
    holding = zonal.first_holding(above.geometry.to_numpy(), units.geometry.representative_point().to_numpy())
    by_place = [above[fields.CODE].iloc[at] if at >= 0 else None for at in holding]
    found = []
    for code, place in zip(units[fields.CODE], by_place, strict=True):
        by_code = next((c for c in codes if isinstance(code, str) and code.startswith(c) and c != code), None)
        found.append(by_code or place)
    return pd.Series(found, index=units.index, dtype=object, name="parent")
