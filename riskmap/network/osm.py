"""Road lines as GDAL reads them from OpenStreetMap files (.osm, .pbf): most tags stand in one column of text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

TAGS_COLUMN = "other_tags"
PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')
SPEED = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh)?\s*$")
MILE_KM = 1.609344

COLUMNS = {
    "oneway": "oneway",
    "maxspeed": "maxspeed_kmh",
    "bridge": "bridge",
    "tunnel": "tunnel",
    "layer": "layer",
    "surface": "surface",
    "junction": "junction",
}
"""OSM key -> our column."""

UNPAVED = (
    "unpaved", "gravel", "fine_gravel", "compacted", "dirt", "ground", "earth", "sand", "mud", "grass", "pebblestone",
)  # fmt: skip
"""Values of ``surface`` that count as unpaved."""


def with_tags(roads: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """Give road lines with the columns that the tags hold, and how many lines were no roads.

    Parameters
    ----------
    roads : GeoDataFrame
        Not changed. Without a column ``other_tags`` it is given back as it is. A value that a column of the frame has
        already stays; lines without ``highway`` (rivers, power lines) are left out.
    """
    if TAGS_COLUMN not in roads.columns or "highway" not in roads.columns:
        return roads, 0
    is_road = roads["highway"].notna() & (roads["highway"] != "")
    kept = roads[is_road].drop(columns=TAGS_COLUMN)
    tags = [dict(PAIR.findall(text)) if isinstance(text, str) else {} for text in roads.loc[is_road, TAGS_COLUMN]]
    for key, column in COLUMNS.items():
        values = pd.Series([_value(column, t.get(key)) for t in tags], index=kept.index, dtype=object)
        if column in kept.columns:
            own = kept[column].astype(object)
            values = own.where(own.notna(), values)
        kept[column] = pd.to_numeric(values) if column in ("maxspeed_kmh", "layer") else values
    return kept, int((~is_road).sum())


def _value(column: str, tag: str | None) -> Any:
    if tag is None:
        return np.nan if column in ("maxspeed_kmh", "layer") else None
    if column == "maxspeed_kmh":
        return kmh(tag)
    if column == "layer":
        return float(tag) if re.fullmatch(r"-?\d+", tag.strip()) else np.nan
    if column == "surface":
        return "unpaved" if tag in UNPAVED else "paved"
    return tag


def kmh(tag: str) -> float:
    """Give a speed limit in km/h; NaN for words such as ``CN:urban``, whose number the tag does not say.

    Examples
    --------
    >>> kmh("60"), kmh("40 mph")
    (60.0, 64.37376)
    """
    found = SPEED.match(tag)
    if found is None:
        return float("nan")
    return float(found[1]) * (MILE_KM if found[2] == "mph" else 1.0)
