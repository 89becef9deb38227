"""Shelters: how many they hold, whom they serve, and whether they stand in the right place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    import geopandas as gpd

UNKNOWN_KIND = "unknown"


def room(shelters: pd.DataFrame, table: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Give how many people each shelter holds, and from what that is known.

    The stated capacity counts; else the area over the square metres for one person of its kind, rounded down.

    Parameters
    ----------
    shelters : DataFrame
        ``capacity``, ``area_m2``, ``kind``, as far as they are there.
    table : rows of ``kind, m2, radius_m``
        With one of kind ``unknown``.

    Returns
    -------
    DataFrame
        On the shelters' index: ``capacity`` (NaN unknown), ``basis`` (stated, area, unknown), ``m2_per_person`` (of the
        kind), ``radius_m``.
    """
    by_kind = {row["kind"]: row for row in table}
    kinds = _column(shelters, "kind", object).map(lambda k: k if k in by_kind else UNKNOWN_KIND)
    m2 = kinds.map(lambda k: float(by_kind[k]["m2"]))
    stated, area = (_column(shelters, name, float) for name in ("capacity", "area_m2"))
    by_area = np.floor(area / m2 + 1e-9)
    capacity = stated.where(stated.notna(), by_area)
    basis = np.select([stated.notna(), area.notna()], ["stated", "area"], default="unknown")
    return pd.DataFrame(
        {
            "capacity": capacity,
            "basis": basis.astype(object),
            "m2_per_person": m2,
            "radius_m": kinds.map(lambda k: float(by_kind[k]["radius_m"])),
        },
        index=shelters.index,
    )


def _column(frame: pd.DataFrame, name: str, kind: type) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(None if kind is object else np.nan, index=frame.index, dtype=kind)
    if kind is object:
        return frame[name].astype(object)
    return pd.to_numeric(frame[name], errors="coerce").astype("Float64").astype(float)


def area_m2(shelters: gpd.GeoDataFrame) -> pd.Series:
    """Give the usable area of shelters: as stated, else of their polygon, else NaN."""
    stated = _column(shelters, "area_m2", float)
    drawn = shelters.geometry.area.where(shapely.get_dimensions(shelters.geometry.to_numpy()) == 2)
    return stated.where(stated.notna(), drawn)


def by_unit(
    shelters: gpd.GeoDataFrame, units: gpd.GeoDataFrame, residents: pd.Series, *, wanted_m2: float
) -> pd.DataFrame:
    """Give the square metres of shelter for each resident by township.

    Parameters
    ----------
    shelters : GeoDataFrame
        With ``area_m2`` (NaN unknown); each counts where its inner point lies.
    units : GeoDataFrame
        ``name``, ``code``.
    residents : Series
        On the units' index; NaN unknown.
    wanted_m2 : float
        The plan's figure.

    Returns
    -------
    DataFrame
        On the units' index: ``name, code, shelters, area_m2, unknown`` (shelters of unknown area), ``people``,
        ``m2_per_resident`` (NaN unknown), ``enough``, ``lacking_m2``.
    """
    inner = shelters.geometry.representative_point().to_numpy()
    at, unit = shapely.STRtree(units.geometry.to_numpy()).query(inner, predicate="intersects")
    first = pd.DataFrame({"at": at, "unit": unit}).sort_values(["at", "unit"]).drop_duplicates("at")
    area = area_m2(shelters).to_numpy()[first["at"]]
    count = len(units)
    total = np.bincount(first["unit"], np.nan_to_num(area), minlength=count)
    people = residents.to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(people > 0, total / people, np.nan)
    return pd.DataFrame(
        {
            "name": units["name"],
            "code": units["code"],
            "shelters": np.bincount(first["unit"], minlength=count),
            "area_m2": total,
            "unknown": np.bincount(first["unit"], np.isnan(area), minlength=count).astype(int),
            "people": people,
            "m2_per_resident": each,
            "enough": pd.array([None if np.isnan(m2) else m2 >= wanted_m2 for m2 in each], dtype="boolean"),
            "lacking_m2": np.maximum(people * wanted_m2 - total, 0.0),
        },
        index=units.index,
    )


def beyond_radius(places: gpd.GeoSeries, shelters: gpd.GeoSeries, radius_m: pd.Series) -> pd.Series:
    """Tell which places lie outside the service radius of every shelter; straight distances, to polygons from their edge.

    Parameters
    ----------
    places, shelters : GeoSeries
        In one projected system.
    radius_m : Series
        On the shelters' index.
    """
    served = np.zeros(len(places), dtype=bool)
    tree = shapely.STRtree(places.to_numpy())
    for shape, radius in zip(shelters.to_numpy(), radius_m.to_numpy(), strict=True):
        served[tree.query(shape, predicate="dwithin", distance=radius)] = True
    return pd.Series(~served, index=places.index, name="beyond")


def in_wrong_place(shelters: gpd.GeoDataFrame, avoided: Mapping[str, gpd.GeoSeries]) -> pd.DataFrame:
    """Give the shelters that touch what they should keep away from.

    Parameters
    ----------
    shelters : GeoDataFrame
        With ``id``.
    avoided : mapping
        Layer -> shapes, in the shelters' system; those to keep a distance from come with it already (buffers).

    Returns
    -------
    DataFrame
        ``shelter`` (index label), ``layer``, ``share`` of a polygon's ground inside (1 for points).
    """
    rows = []
    shapes = shelters.geometry.to_numpy()
    for layer, areas in avoided.items():
        parts = areas.to_numpy()
        shelter, area = shapely.STRtree(parts).query(shapes, predicate="intersects")
        for at in np.unique(shelter):
            shape = shapes[at]
            held = shapely.intersection(shape, shapely.union_all(parts[area[shelter == at]]))
            share = float(held.area / shape.area) if shape.area else 1.0
            rows.append((shelters.index[at], layer, share))
    return pd.DataFrame(rows, columns=["shelter", "layer", "share"])
