"""Compound points: where one hazard meets another, ranked by people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from riskmap import fields
from riskmap.crs import require_same
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

GEOHAZARD_PIPELINE, FLOOD_HAZCHEM, QUAKE_TAILINGS = "geohazard_pipeline", "flood_hazchem", "earthquake_tailings"
COLUMNS = [
    "chain",
    "first_layer",
    "first_id",
    "first_name",
    "second_layer",
    "second_id",
    "second_name",
    "value",
    "unit",
    "people",
]


def geohazard_pipeline(zones: gpd.GeoDataFrame, pieces: gpd.GeoDataFrame, names: dict[str, Any]) -> gpd.GeoDataFrame:
    """Find the pipelines that run through geohazard zones; one row per zone and pipeline.

    Parameters
    ----------
    zones : GeoDataFrame
        ``id``, polygons.
    pieces : GeoDataFrame
        ``pipeline_id``, ``name``, lines.
    names : dict
        Geohazard id -> name.

    Returns
    -------
    GeoDataFrame
        ``COLUMNS`` with ``value`` the metres inside the zone and ``people`` still unknown, at the middle of the stretch.
    """
    require_same(zones.crs, pieces.crs, what=Text("影响范围与管道", "zones and pipelines"))
    rows = []
    lines = pieces.dissolve("pipeline_id", as_index=False, aggfunc={fields.NAME: "first"})
    zone, line = shapely.STRtree(lines.geometry.to_numpy()).query(zones.geometry.to_numpy(), predicate="intersects")
    for z, k in sorted(zip(zone.tolist(), line.tolist(), strict=True)):
        inside = shapely.intersection(zones.geometry.iloc[z], lines.geometry.iloc[k])
        here, there = zones["id"].iloc[z], lines.iloc[k]
        rows.append(
            (GEOHAZARD_PIPELINE, "geohazard_points", here, names.get(here), "pipelines", there["pipeline_id"], there[fields.NAME],
             float(inside.length), "m", np.nan, inside.interpolate(0.5, normalized=True) if inside.geom_type == "LineString" else inside.representative_point())
        )  # fmt: skip
    return _frame(rows, zones.crs)


def at_points(
    chain: str,
    hazard: str,
    layer: str,
    objects: gpd.GeoDataFrame,
    value: pd.Series,
    people: pd.Series,
    *,
    from_value: float,
    unit: str,
) -> gpd.GeoDataFrame:
    """Find the objects at which a hazard reaches a limit (inclusive); unknown values are not listed.

    Parameters
    ----------
    chain, hazard, layer : str
        Kind of chain, hazard layer, object layer.
    objects : GeoDataFrame
        ``id``, ``name``.
    value, people : Series
        Of the hazard at each object, and the people concerned, on the objects' index.
    from_value : float
        The limit.
    unit : str
        Of the value.
    """
    hit = value >= from_value
    rows = [
        (chain, hazard, None, None, layer, o["id"], o[fields.NAME], float(value[i]), unit, people[i], o.geometry.representative_point())
        for i, o in objects[hit].iterrows()
    ]  # fmt: skip
    return _frame(rows, objects.crs)


def ranked(parts: list[gpd.GeoDataFrame], crs: Any) -> gpd.GeoDataFrame:
    """Put compound points together, most people first, unknown people last; ``rank`` counts from 1."""
    import geopandas as gpd

    held = [p for p in parts if len(p)]
    if not held:
        return _frame([], crs).assign(rank=pd.Series(dtype="int64"))
    together = pd.concat(held, ignore_index=True)
    together = together.sort_values(
        ["people", "chain", "second_id", "first_id"],
        ascending=[False, True, True, True],
        na_position="last",
        ignore_index=True,
    )
    return gpd.GeoDataFrame(together.assign(rank=np.arange(1, len(together) + 1)), crs=crs)


def _frame(rows: list[tuple[Any, ...]], crs: Any) -> gpd.GeoDataFrame:
    import geopandas as gpd

    frame = pd.DataFrame(rows, columns=[*COLUMNS, "geometry"])
    frame = frame.astype({c: "float64" if c in ("value", "people") else "object" for c in COLUMNS})
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=crs)
