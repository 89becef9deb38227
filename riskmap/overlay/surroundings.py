"""What stands beside pipelines, sorted into the kinds that the tables of GB 32167-2015 ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap import fields
from riskmap.overlay import belts
from riskmap.overlay.chainage import Course, Floats, Segments
from riskmap.overlay.criteria import ABSENT, Layer, Surroundings, gas_row

if TYPE_CHECKING:
    import geopandas as gpd


def surroundings(
    segments: Segments,
    ways: Segments,
    runs: list[Course],
    lines: gpd.GeoDataFrame,
    around: Mapping[str, gpd.GeoDataFrame | None],
    known: Mapping[str, Any],
) -> Surroundings:
    """Search the surroundings of all courses (``segments``) and paths (``ways``) at once."""
    belt, near_m = known["belt_m"], known["oil_transport_m"]
    homes, households, tall = dwellings(around.get("buildings"), around.get("villages"), known)
    settled = _kept(around.get("villages"), lambda f: _number(f, "households") >= known["settlement_from"])
    sites = _sites(around, known)
    built_up = around.get("built_up") if known["built_up_is_class_3"] else None
    return Surroundings(
        known,
        belts.by_course(belts.beside(ways, homes, belt)),
        households,
        tall,
        _present(around.get("buildings")) or tells_households(around.get("villages")),
        _layer(segments, settled, belt, belts.beside),
        _layer(segments, built_up, belt, belts.along),
        _layer(segments, _places(around, known), _place_reach(runs, lines, known), belts.beside),
        {"oil": _layer(segments, sites, near_m, belts.beside), "gas": _layer(segments, sites, belt, belts.beside)},
        _layer(segments, _transport(around, known), near_m, belts.along),
        _layer(segments, _reserves(around, known), belt, belts.along),
        _layer(segments, _water(around, known), belt, belts.along),
    )


def dwellings(
    buildings: gpd.GeoDataFrame | None, villages: gpd.GeoDataFrame | None, known: Mapping[str, Any]
) -> tuple[NDArray[Any], Floats, Floats]:
    """Give where households live: buildings, else villages; a dwelling whose households are not given counts as one.

    Returns
    -------
    array of geometries
    array
        Households of each.
    array
        Households of each in a building tall enough for class 4.
    """
    if _present(buildings):
        homes = _number(buildings, "households")
        use = buildings["use"] if "use" in buildings.columns else pd.Series(None, index=buildings.index, dtype=object)
        lived_in = use.isna() | use.isin(known["dwelling_uses"])
        homes = homes.fillna(lived_in.astype(float))
        tall = homes.where(_number(buildings, "floors") >= known["class_4_floors"], 0.0)
        kept = (homes > 0).to_numpy()
        return buildings.geometry.to_numpy()[kept], homes.to_numpy()[kept], tall.to_numpy()[kept]
    if _present(villages):
        homes = _number(villages, "households")
        kept = (homes > 0).to_numpy()
        return villages.geometry.to_numpy()[kept], homes.to_numpy()[kept], np.zeros(int(kept.sum()))
    return np.empty(0, object), np.empty(0), np.empty(0)


def _places(around: Mapping[str, Any], known: Mapping[str, Any]) -> pd.DataFrame | None:
    """Give the specific places: schools, hospitals and the like, and where 30 people or more gather (unknown counts)."""
    many = known["places_2"]
    first = _kept(around.get("facilities"), lambda f: f["kind"].isin(known["places_1"]))
    crowded = _kept(
        around.get("facilities"),
        lambda f: f["kind"].isin(many) & ~(_number(f, "people") < known["place_people"]),
    )
    used = _kept(around.get("buildings"), lambda f: _text(f, "use").isin(known["building_places"]))
    return _together([first, crowded, used])


def _place_reach(runs: list[Course], lines: gpd.GeoDataFrame, known: Mapping[str, Any]) -> Floats:
    """Give for each course how near a specific place must be: the impact radius where the row says so, else 200 m."""
    reach = []
    for run in runs:
        d, p = float(lines["diameter_mm"].iloc[run.row]), float(lines["pressure_mpa"].iloc[run.row])
        by_radius = lines["medium"].iloc[run.row] in known["gas_media"] and gas_row(d, p, known) in ("c", "d")
        reach.append(known["pir_coefficient"] * np.sqrt(d**2 * p) if by_radius else known["belt_m"])
    return np.array(reach, dtype=float)


def _sites(around: Mapping[str, Any], known: Mapping[str, Any]) -> pd.DataFrame | None:
    sites = _kept(around.get("facilities"), lambda f: f["kind"].isin(known["flammable_sites"]))
    return _together([sites, around.get("hazchem_sources")])


def _transport(around: Mapping[str, Any], known: Mapping[str, Any]) -> pd.DataFrame | None:
    major = known["major_roads"]
    roads = _kept(around.get("roads"), lambda f: _text(f, "highway").isin(major) | _text(f, "class").isin(major))
    rails = _kept(around.get("barriers"), lambda f: _text(f, "kind").eq("rail"))
    return _together([roads, rails])


def _reserves(around: Mapping[str, Any], known: Mapping[str, Any]) -> pd.DataFrame | None:
    def national(f: pd.DataFrame) -> pd.Series:
        rank = _text(f, "grade")
        return _text(f, "kind").isin(known["reserves"]) & (rank.isna() | rank.eq("national"))

    return _kept(around.get("reserves"), national)


def _water(around: Mapping[str, Any], known: Mapping[str, Any]) -> pd.DataFrame | None:
    def counts(f: pd.DataFrame) -> pd.Series:
        kind = _text(f, "kind")
        pools = kind.isin(known["reservoirs"]) & ~_text(f, "grade").eq("small")
        return kind.isin(known["rivers"]) | kind.isin(known["water_sources"]) | pools

    protected = _kept(around.get("reserves"), lambda f: _text(f, "kind").isin(known["water_sources"]))
    return _together([_kept(around.get("water"), counts), protected])


def tells_households(villages: pd.DataFrame | None) -> bool:
    """Tell whether any village states its households: villages of unknown households are no empty land."""
    return _present(villages) and bool(_number(villages, "households").notna().any())


def _present(frame: pd.DataFrame | None) -> TypeGuard[pd.DataFrame]:
    return frame is not None and len(frame) > 0


def _kept(frame: pd.DataFrame | None, condition: Any) -> pd.DataFrame | None:
    return frame[condition(frame).to_numpy(bool)] if _present(frame) else None


def _together(frames: list[pd.DataFrame | None]) -> pd.DataFrame | None:
    """Put the rows of several layers side by side, name and geometry only."""
    held = [f for f in frames if _present(f)]
    if not held:
        return None
    return pd.concat(
        [pd.DataFrame({"what": _names(f), "geometry": f.geometry.to_numpy()}) for f in held], ignore_index=True
    )


def _layer(segments: Segments, frame: pd.DataFrame | None, within_m: Any, search: Any) -> Layer:
    if not _present(frame):
        return ABSENT
    names = frame["what"].to_numpy() if "what" in frame.columns else _names(frame)
    found = belts.by_course(search(segments, frame["geometry"].to_numpy(), within_m))
    return Layer(found, np.asarray(names, object), within_m)


def _names(frame: pd.DataFrame) -> NDArray[Any]:
    """Give what an inspector would call each object: its name, else its id, else nothing."""
    named = _text(frame, fields.NAME)
    named = named.where(named.notna(), _text(frame, "id"))
    return named.where(named.notna(), "").to_numpy(object)


def _number(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame.columns:
        return pd.Series(np.nan, index=frame.index)
    return pd.to_numeric(frame[column], errors="coerce").astype(float)


def _text(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame.columns:
        return pd.Series(None, index=frame.index, dtype=object)
    return frame[column].astype(object).where(frame[column].notna(), None)
