"""Geohazard points: danger grade, scale class, colours that disagree, nearest things, density, and dams above people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from riskmap import fields, zonal
from riskmap.crs import require_same
from riskmap.levels import LEVELS, LOW, UNKNOWN
from riskmap.overlay import rules
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.grid import Raster

GRADES = ("特大型", "大型", "中型", "小型")
"""Words of the danger grades 1 ... 4; grade 1 is red."""

SCHEME_OF_KIND = {"landslide": "landslide", "unstable_slope": "landslide", "collapse": "collapse"}
"""Volume classes of each kind; debris flows follow the scheme that the facts name, other kinds have none."""

PEOPLE_PROPERTY, STATED = "people_property", "stated"
AGREES, POINT_WORSE, CELL_WORSE = "same", "point_worse", "cell_worse"


def grade(
    people: pd.Series, property_cny: pd.Series | None = None, *, constants: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Grade the danger of points by threatened people and property, the worse of the two.

    Parameters
    ----------
    people : Series
        Threatened people; NaN unknown.
    property_cny : Series, optional
        Threatened property, yuan; NaN unknown.
    constants : mapping, optional
        Values of the topic ``geohazards``.

    Returns
    -------
    DataFrame
        On the index of ``people``: ``grade`` (1 extra large ... 4 small; missing when both are unknown), ``at_least``
        (one of the two is unknown: the true grade may be worse), ``level`` (4 red ... 1 blue; 0 unknown,
        also where people are unknown and the property alone would be blue).

    References
    ----------
    地质灾害防治条例 art. 4; lower bounds are inclusive.

    Examples
    --------
    >>> grade(pd.Series([1000, 999, 500, 100, 99]))["grade"].tolist()
    [1, 2, 2, 3, 4]
    """
    known = rules.values("geohazards") if constants is None else constants
    money = pd.Series(np.nan, index=people.index) if property_cny is None else property_cny
    by_people = _by_bounds(people, known["grade_people"])
    by_money = _by_bounds(money, known["grade_property_cny"])
    worse = np.fmin(by_people, by_money)
    at_least = (
        (by_people.isna() ^ by_money.isna()) if property_cny is not None else pd.Series(False, index=people.index)
    )
    level = (5 - worse).fillna(0).astype(int)
    # little property says nothing of the people: unknown people are not blue
    level = level.mask(by_people.isna() & (level == LOW), UNKNOWN)
    return pd.DataFrame({"grade": worse.astype("Int64"), "at_least": at_least, fields.LEVEL: level})


def decided(graded: pd.DataFrame, stated: pd.Series | None) -> pd.DataFrame:
    """Let the stated grade serve where people and property give no colour; say on what each grade rests.

    Parameters
    ----------
    graded : DataFrame
        From :func:`grade`.
    stated : Series, optional
        From :func:`stated_grade`.

    Returns
    -------
    DataFrame
        ``grade, at_least, level`` and ``grade_basis``: ``people_property``, ``stated``, missing where nothing is known.
    """
    known = pd.Series(pd.NA, index=graded.index, dtype="Int64") if stated is None else stated
    serves = (graded[fields.LEVEL] == UNKNOWN) & known.notna()
    # the worse of a property that says little and a statement
    grade_ = graded["grade"].mask(serves, pd.concat([graded["grade"], known], axis=1).min(axis=1).astype("Int64"))
    level = graded[fields.LEVEL].mask(serves, 5 - grade_.fillna(0).astype(int))
    basis = pd.Series(PEOPLE_PROPERTY, index=graded.index, dtype=object)
    basis = basis.where(graded["grade"].notna(), None).mask(serves, STATED)
    return pd.DataFrame(
        {"grade": grade_, "at_least": graded["at_least"] & ~serves, fields.LEVEL: level, "grade_basis": basis}
    )


def _by_bounds(amounts: pd.Series, lower: Sequence[float]) -> pd.Series:
    values = pd.to_numeric(amounts, errors="coerce").astype(float)
    given = len(lower) + 1 - sum((values >= bound).astype(int) for bound in lower)
    return given.where(values.notna()).astype(float)


def stated_grade(words: pd.Series) -> pd.Series:
    """Read the danger grade that a point's own record states; words of no grade are missing."""
    table = {word: n for n, word in enumerate(GRADES, 1)} | {str(n): n for n in range(1, 5)}
    table |= {
        "Ⅰ": 1,
        "Ⅱ": 2,
        "Ⅲ": 3,
        "Ⅳ": 4,
        "特大": 1,
        "大": 2,
        "中": 3,
        "小": 4,
        "一级": 1,
        "二级": 2,
        "三级": 3,
        "四级": 4,
    }
    cleaned = words.map(lambda w: str(w).strip().removesuffix("级隐患"), na_action="ignore")
    return cleaned.map(table).astype("Int64")


def scale_class(
    kind: pd.Series,
    volume_m3: pd.Series,
    *,
    constants: Mapping[str, Any] | None = None,
    table: Sequence[Mapping[str, Any]] | None = None,
) -> pd.DataFrame:
    """Class the scale of points by kind and volume.

    Returns
    -------
    DataFrame
        On the index of ``kind``: ``scale_by_volume`` and ``scale_scheme`` (the table used); missing where the volume is
        unknown or the kind has no volume classes.
    """
    known = rules.values("geohazards") if constants is None else constants
    rows = rules.table("geohazards", "volume_classes") if table is None else table
    scheme = kind.map({**SCHEME_OF_KIND, "debris_flow": known["debris_flow_scheme"]})
    volume = pd.to_numeric(volume_m3, errors="coerce").astype(float)
    scale = pd.Series(None, index=kind.index, dtype=object)
    for row in sorted(rows, key=lambda r: r["from_m3"]):
        scale = scale.mask((scheme == row["scheme"]) & (volume >= row["from_m3"]), row["scale"])
    return pd.DataFrame({"scale_by_volume": scale, "scale_scheme": scheme.where(volume.notna(), None)})


def level_at(points: gpd.GeoDataFrame, levels: Raster) -> pd.Series:
    """Give the level of the cell that holds each point; 0 outside the grid."""
    require_same(points.crs, levels.grid.crs, what=Text("点与格网", "points and grid"))
    at = levels.grid.locate(points.geometry.x.to_numpy(), points.geometry.y.to_numpy())
    codes = np.append(levels.values.ravel(), 0)
    return pd.Series(codes[at].astype(int), index=points.index)


def agreement(point_level: pd.Series, cell_level: pd.Series) -> pd.Series:
    """Compare a point's level with its cell's: ``same``, ``point_worse``, ``cell_worse``; missing where either is unknown."""
    given = pd.Series(AGREES, index=point_level.index, dtype=object)
    given = given.mask(point_level > cell_level, POINT_WORSE).mask(point_level < cell_level, CELL_WORSE)
    return given.where((point_level > 0) & (cell_level > 0), None)


def nearest(points: gpd.GeoDataFrame, others: gpd.GeoDataFrame | None, columns: Sequence[str]) -> pd.DataFrame:
    """Give the nearest other object of each point: the columns asked for, and ``metres`` in a straight line.

    Of several equally near the first row counts.
    """
    out = pd.DataFrame({c: pd.Series(None, index=points.index, dtype=object) for c in columns})
    out["metres"] = np.nan
    if others is None or not len(others):
        return out
    require_same(points.crs, others.crs, what=Text("点与图层", "points and layer"))
    tree = shapely.STRtree(others.geometry.to_numpy())
    (point, other), metres = tree.query_nearest(points.geometry.to_numpy(), return_distance=True, all_matches=True)
    found = pd.DataFrame({"point": point, "other": other, "metres": metres}).sort_values(["point", "other"])
    found = found.drop_duplicates("point")
    for column in columns:
        if column in others.columns:
            out.iloc[found["point"].to_numpy(), out.columns.get_loc(column)] = others[column].to_numpy(object)[
                found["other"]
            ]
    out.iloc[found["point"].to_numpy(), out.columns.get_loc("metres")] = found["metres"].to_numpy()
    return out


def wardens_of(points: gpd.GeoDataFrame, wardens: pd.DataFrame | None, township: pd.Series) -> pd.DataFrame:
    """Give the warden of each point: its own monitor, else the first warden of its township.

    Returns
    -------
    DataFrame
        On the points' index: ``warden`` and ``warden_phone``; missing where there is none.
    """
    out = pd.DataFrame({c: pd.Series(None, index=points.index, dtype=object) for c in ("warden", "warden_phone")})
    if wardens is None:
        return out
    for column, keys in (("township", township), ("geohazard_id", points["id"])):
        if column not in wardens.columns:
            continue
        own = wardens[wardens[column].notna()]
        if column == "township" and "geohazard_id" in wardens.columns:
            own = own[own["geohazard_id"].isna()]
        first = own.drop_duplicates(column).set_index(column)
        for ours, theirs in (("warden", "name"), ("warden_phone", "phone")):
            if theirs in first.columns:
                found = keys.map(first[theirs])
                out[ours] = found.where(found.notna(), out[ours])
    return out


def density(
    points: gpd.GeoDataFrame, people: pd.Series, townships: gpd.GeoDataFrame, ground: Sequence[Any], high: float
) -> pd.DataFrame:
    """Count points and threatened people by township.

    Parameters
    ----------
    points : GeoDataFrame
    people : Series
        Threatened people on the points' index.
    townships : GeoDataFrame
        With ``name`` and ``code``.
    ground : sequence of geometries
        The ground of each township inside the boundary, without overlap (:func:`riskmap.zonal.partition`).
    high : float
        Points per 100 km2 from which the density is called high.

    Returns
    -------
    DataFrame
        One row per township: ``name, code, area_km2, points, people`` (of those known; NaN where none is),
        ``people_unknown_points, density`` (per 100 km2), ``high``.
    """
    parts = np.asarray(ground, object)
    town, count, per_100 = zonal.points_per_100_km2(parts, points.geometry.to_numpy())
    given = pd.to_numeric(people, errors="coerce").astype("Float64").to_numpy(float, na_value=np.nan)[town >= 0]
    town = town[town >= 0]
    unknown = np.bincount(town, np.isnan(given), minlength=len(townships)).astype(int)
    threatened = np.bincount(town, np.nan_to_num(given), minlength=len(townships))
    return pd.DataFrame(
        {
            fields.NAME: townships[fields.NAME].to_numpy(),
            fields.CODE: townships[fields.CODE].to_numpy(),
            fields.AREA_KM2: shapely.area(parts) / 1e6,
            "points": count,
            fields.PEOPLE: np.where((unknown > 0) & (unknown == count), np.nan, threatened),
            "people_unknown_points": unknown,
            "density": per_100,
            "high": per_100 >= high,
        }
    )


def colour_columns(level: pd.Series) -> pd.DataFrame:
    """Give ``level_name`` and ``colour`` of levels 0 ... 4."""
    names = level.map(lambda n: LEVELS[int(n)].name.zh)
    return pd.DataFrame({fields.LEVEL_NAME: names, fields.COLOUR: level.map(lambda n: LEVELS[int(n)].colour)})
