"""Townships by control zone: areas from the zone polygons, people from the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmap import fields, zonal
from riskmap.levels import ZONES
from riskmap.risk.units import level_rules

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.grid import Grid

SUFFIXES = ("unzoned", "general", "secondary", "key")
"""Suffix of the columns of each zone, indexed by zone code."""


def control_units(
    zones: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    *,
    codes: NDArray[np.uint8],
    people: NDArray[np.float64] | None,
    inside: NDArray[np.bool_],
    grid: Grid,
) -> gpd.GeoDataFrame:
    """Give the ``control_units`` layer.

    Parameters
    ----------
    zones : GeoDataFrame
        ``control_zones``: polygons that tile the boundary, with ``zone``.
    units : GeoDataFrame
        ``risk_units``: parts that tile the boundary, with ``name`` and ``code``; the row without a code is the ground in no
        township.
    codes : uint8 array
        Zone of each cell, 0-3.
    people : float array, optional
        Persons per cell, NaN unknown.
    inside : bool array
    grid : Grid

    Returns
    -------
    GeoDataFrame
        The rows and shapes of ``units``; area shares 0-1 of the whole unit.
    """
    import shapely

    shapes, parts = zones.geometry.to_numpy(), units.geometry.to_numpy()
    boundary = shapely.union_all(parts)
    ground, points = zonal.faces(shapely.get_parts(shapely.boundary(np.concatenate([shapes, parts]))), boundary)
    part = zonal.first_holding(parts, points) % len(parts)
    zone = zones[fields.ZONE].to_numpy()[zonal.first_holding(shapes, points)]
    area = zonal.crosstab(shapely.area(ground) / 1e6, part, zone, (len(parts), len(ZONES)))
    counted = np.full((len(parts), len(ZONES)), np.nan)
    if people is not None:
        owner = zonal.unit_of_cells(units, grid)
        # cells in no township belong to the last row, which stands for them
        counted = zonal.crosstab(people[inside], owner[inside], codes[inside], counted.shape)
    return units[[fields.NAME, fields.CODE, "geometry"]].assign(**_columns(area, counted))[
        [fields.NAME, fields.CODE, *_columns(area, counted), "geometry"]
    ]


def _columns(area: NDArray[np.float64], people: NDArray[np.float64]) -> dict[str, Any]:
    total = area.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.nan_to_num(area / total[:, None])
    # a township has its zone by the rule that gives it its level
    columns: dict[str, Any] = {fields.ZONE: level_rules(area)[fields.LEVEL], fields.AREA_KM2: total}
    order = (3, 2, 1, 0)
    columns |= {f"share_{SUFFIXES[code]}": share[:, code] for code in order}
    columns |= {f"people_{SUFFIXES[code]}": people[:, code] for code in order}
    return columns | {fields.PEOPLE: people.sum(axis=1)}
