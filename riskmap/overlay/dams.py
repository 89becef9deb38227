"""Tailings dams: who lives close by, who of them lower, and which dams stand above people (头顶库)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from riskmap import fields
from riskmap.levels import UNKNOWN
from riskmap.overlay import exposure, influence
from riskmap.overlay.geohazards import colour_columns

if TYPE_CHECKING:
    from riskmap.grid import Raster
    from riskmap.overlay.exposure import Settled

TERRAIN, CIRCLE = "terrain", "circle"


def overhead_dams(
    dams: gpd.GeoDataFrame, people: Settled | None, dem: Raster | None, *, within_m: float, overhead_level: int
) -> gpd.GeoDataFrame:
    """List dams with the people near them, and whether they stand above people.

    Parameters
    ----------
    dams : GeoDataFrame
        Points or polygons with ``id``, ``name``, perhaps ``grade``, ``people_below`` (registered) and ``overhead`` (stated).
    people : Settled, optional
        Where people are counted.
    dem : Raster, optional
        Heights, m.
    within_m : float
        How far people are looked for, m.
    overhead_level : int
        Level of a dam above people.

    Returns
    -------
    GeoDataFrame
        A row per dam: ``people_below`` as registered; ``people_within_1km`` all who are counted within the distance (NaN
        without a source of people); ``people_lower_within_1km`` those of them lower than the dam (NaN where the terrain is
        not known); ``people_unknown`` places within the distance whose people are not known, which count as nobody;
        ``basis`` (which of the two counts decides); ``overhead``, missing where neither count, register nor statement tells.
    """
    tops = influence.height_at(list(dams.geometry.representative_point()), dem)
    around = gpd.GeoDataFrame(
        {"id": dams["id"], "height_m": tops}, geometry=dams.buffer(within_m, quad_segs=exposure.ROUND_BY), crs=dams.crs
    )
    near = exposure.people_in(around, people) if people else _nobody_counted(dams.index)
    lower = influence.people_below(around, people, dem)
    counted = lower.where(lower.notna(), near[fields.PEOPLE])
    stated = _column(dams, "overhead").astype("boolean")
    # ground of unknown people does not tell that nobody lives there
    telling = counted.mask((counted == 0) & (near["unknown"] > 0))
    above = overhead(telling, _column(dams, "people_below"), stated)
    level = above.fillna(False).map({True: overhead_level, False: UNKNOWN}).astype(int)
    frame = pd.DataFrame(
        {
            "id": dams["id"],
            fields.NAME: dams[fields.NAME],
            "grade": _column(dams, "grade"),
            "people_below": _column(dams, "people_below"),
            "people_within_1km": near[fields.PEOPLE],
            "people_lower_within_1km": lower,
            "people_unknown": near["unknown"],
            "within_m": float(within_m),
            "basis": np.where(lower.notna(), TERRAIN, CIRCLE),
            "stated_overhead": stated,
            "overhead": above,
            fields.LEVEL: level,
            **colour_columns(level),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=dams.geometry, crs=dams.crs)


def overhead(counted: pd.Series, registered: pd.Series, stated: pd.Series) -> pd.Series:
    """Tell which dams stand above people by count, register or statement; missing where none of them says anything."""
    known = registered.astype("Float64")
    some = (counted > 0) | known.gt(0).fillna(False).astype(bool) | stated.fillna(False).astype(bool)
    silent = counted.isna() & known.isna() & stated.isna()
    return some.astype("boolean").mask(silent)


def _nobody_counted(index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({fields.PEOPLE: np.nan, "unknown": 0}, index=index)


def _column(dams: pd.DataFrame, name: str) -> pd.Series:
    return dams[name] if name in dams.columns else pd.Series(None, index=dams.index, dtype=object)
