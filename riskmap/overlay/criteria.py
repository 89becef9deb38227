"""The rows of GB 32167-2015 tables 1 (oil) and 2 (gas): which stretches of a line each of them catches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap import fields
from riskmap.overlay import belts, windows
from riskmap.overlay.belts import NONE, Stretches
from riskmap.overlay.chainage import Course, Floats, Segments
from riskmap.overlay.pieces import Cause
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

LABELS: dict[str, Text] = {
    "oil_a": Text("四级地区（四层及以上楼房集中）", "class-4 location (tall buildings)"),
    "oil_b": Text(
        "三级地区（2 km 内 100 户及以上，或建成区）", "class-3 location (100 households in 2 km, or built up)"
    ),
    "oil_c": Text("50 户及以上的村庄、乡镇", "settlement of 50 households or more"),
    "oil_d": Text(
        "高速、国道、省道、铁路或易燃易爆场所", "expressway, national or provincial road, railway, or flammable site"
    ),
    "oil_e": Text("湿地、森林、河口等自然保护区", "nature reserve (wetland, forest, estuary)"),
    "oil_f": Text("水源、河流、大中型水库", "water source, river, large or medium reservoir"),
    "gas_a": Text("四级地区（四层及以上楼房集中）", "class-4 location (tall buildings)"),
    "gas_b": Text(
        "三级地区（2 km 内 100 户及以上，或建成区）", "class-3 location (100 households in 2 km, or built up)"
    ),
    "gas_c": Text("大口径高压管道潜在影响半径内的特定场所", "specific place within the impact radius of a large line"),
    "gas_d": Text("小口径低压管道潜在影响半径内的特定场所", "specific place within the impact radius of a small line"),
    "gas_e": Text("200 m 内的特定场所", "specific place within 200 m"),
    "gas_f": Text("加油站、油库等易燃易爆场所", "fuel station, depot or other flammable site"),
}

BUILT_UP = "建成区"


@dataclass(frozen=True, eq=False)
class Layer:
    """One kind of surroundings: its stretches along all courses and the name of each object."""

    stretches: Stretches
    names: NDArray[Any]

    def on(self, course: int) -> tuple[Floats, tuple[str, ...]]:
        """Give the spans on a course and the objects' names."""
        mine = belts.of_course(self.stretches, course)
        spans = np.column_stack([mine.start, mine.stop])
        return spans, tuple(self.names[mine.object])


ABSENT = Layer(NONE, np.empty(0, object))


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Everything that the tables look at, as stretches of the courses."""

    known: Mapping[str, Any]
    dwellings: Stretches
    households: Floats
    tall: Floats
    counts_households: bool
    villages: Layer
    built_up: Layer
    places: Layer
    flammable: dict[str, Layer]
    transport: Layer
    reserves: Layer
    water: Layer

    def slide(self, course: int) -> windows.Windows | None:
        """Give the windows of a course; None where no dwelling is near."""
        mine = belts.of_course(self.dwellings, course)
        if not len(mine.start):
            return None
        length = self.known["window_m"] + belts.HAIR_M
        return windows.slide(mine.start, mine.stop, self.households[mine.object], self.tall[mine.object], length)

    def causes(
        self, course: int, run: Course, line: pd.Series, table: str, slid: windows.Windows | None
    ) -> list[Cause]:
        """Give all stretches of a course that qualify, by criterion."""
        found = self._by_households(course, run, table, slid)
        found += self._oil(course, run) if table == "oil" else self._gas(course, run, line, found)
        return [c for c in found if len(c.spans)]

    def _by_households(self, course: int, run: Course, table: str, slid: windows.Windows | None) -> list[Cause]:
        known, found = self.known, []
        if slid is not None:
            enough = (slid.tall >= known["class_4_from"]) & (slid.tall >= known["class_4_share"] * slid.households)
            four = windows.areas(slid.tall_first, slid.tall_last, enough, known["margin_m"], run.length)
            many = slid.households >= known["class_3_from"]
            three = windows.areas(slid.first, slid.last, many, known["margin_m"], run.length)
            found += [self._cause(table, "a", four), self._cause(table, "b", three)]
        spans, _ = self.built_up.on(course)
        found.append(self._cause(table, "b", windows.union(spans), BUILT_UP))
        return found

    def _oil(self, course: int, run: Course) -> list[Cause]:
        known = self.known
        mine = belts.of_course(self.dwellings, course)
        homes = self.households[mine.object]
        runs, counted = windows.settlements(mine.start, mine.stop, homes, known["settlement_gap_m"] + belts.HAIR_M)
        groups = self._widened(runs[counted >= known["settlement_from"]], run)
        villages, names = self.villages.on(course)
        sites, site_names = self.flammable["oil"].on(course)
        found = [
            self._cause("oil", "c", groups),
            Cause("oil_c", known["oil_c"], self._widened(villages, run), names),
            Cause("oil_d", known["oil_d"], self._widened(sites, run), site_names),
        ]
        for row, layer in (("d", self.transport), ("e", self.reserves), ("f", self.water)):
            spans, names = layer.on(course)
            found.append(Cause(f"oil_{row}", known[f"oil_{row}"], spans, names))
        return found

    def _gas(self, course: int, run: Course, line: pd.Series, found: list[Cause]) -> list[Cause]:
        known = self.known
        row = gas_row(line["diameter_mm"], line["pressure_mpa"], known)
        spans, names = self.places.on(course)
        places = Cause(f"gas_{row}", known[f"gas_{row}"], self._widened(spans, run), names)
        dense = [c.spans for c in found if c.criterion in ("gas_a", "gas_b") and len(c.spans)]
        spans, names = self.flammable["gas"].on(course)
        # row f speaks of places outside class 3 and 4 locations
        free = [not any(_inside(d, (a + b) / 2) for d in dense) for a, b in spans]
        kept = tuple(n for n, f in zip(names, free, strict=True) if f)
        return [places, Cause("gas_f", known["gas_f"], self._widened(spans[np.array(free, bool)], run), kept)]

    def _cause(self, table: str, row: str, spans: Floats, what: str = "") -> Cause:
        return Cause(f"{table}_{row}", self.known[f"{table}_{row}"], spans, (what,) * len(spans))

    def _widened(self, spans: Floats, run: Course) -> Floats:
        margin = self.known["margin_m"]
        return np.column_stack([np.maximum(spans[:, 0] - margin, 0.0), np.minimum(spans[:, 1] + margin, run.length)])


def _inside(spans: Floats, x: float) -> bool:
    return bool(((spans[:, 0] <= x) & (x <= spans[:, 1])).any())


def gas_row(diameter_mm: Any, pressure_mpa: Any, known: Mapping[str, Any]) -> str:
    """Give the row of table 2 for specific places: ``c`` large, ``d`` small, ``e`` other; unknown sizes take ``e``.

    Examples
    --------
    >>> from riskmap.overlay.rules import values
    >>> [gas_row(d, p, values("pipelines")) for d, p in ((1016, 10), (762, 10), (219, 1.0), (273, 1.0), (508, 4))]
    ['c', 'e', 'd', 'e', 'e']
    """
    if diameter_mm > known["large_diameter_mm"] and pressure_mpa > known["large_pressure_mpa"]:
        return "c"
    if diameter_mm < known["small_diameter_mm"] and pressure_mpa < known["small_pressure_mpa"]:
        return "d"
    return "e"


def surroundings(
    segments: Segments,
    runs: list[Course],
    lines: gpd.GeoDataFrame,
    around: Mapping[str, gpd.GeoDataFrame | None],
    known: Mapping[str, Any],
) -> Surroundings:
    """Search the surroundings of all courses at once."""
    belt, near_m = known["belt_m"], known["oil_transport_m"]
    homes, households, tall = dwellings(around.get("buildings"), around.get("villages"), known)
    settled = _kept(around.get("villages"), lambda f: _number(f, "households") >= known["settlement_from"])
    sites = _sites(around, known)
    built_up = around.get("built_up") if known["built_up_is_class_3"] else None
    return Surroundings(
        known,
        belts.by_course(belts.beside(segments, homes, belt)),
        households,
        tall,
        _present(around.get("buildings")) or _present(around.get("villages")),
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


def _present(frame: pd.DataFrame | None) -> bool:
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
    return Layer(belts.by_course(search(segments, frame["geometry"].to_numpy(), within_m)), np.asarray(names, object))


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
