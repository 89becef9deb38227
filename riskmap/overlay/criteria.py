"""The rows of GB 32167-2015 tables 1 (oil) and 2 (gas): which stretches of a line each of them catches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmap.overlay import belts, windows
from riskmap.overlay.belts import NONE, Stretches
from riskmap.overlay.chainage import Course, Floats
from riskmap.overlay.paths import Group, Path
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
    """One kind of surroundings: its stretches along all courses, the name of each object, and how near it counts (m)."""

    stretches: Stretches
    names: NDArray[Any]
    within_m: Any = 0.0

    def on(self, course: int) -> Found:
        """Give the spans on a course, with each one's object and name."""
        mine = belts.of_course(self.stretches, course)
        spans = np.column_stack([mine.start, mine.stop])
        within = float(self.within_m if np.ndim(self.within_m) == 0 else self.within_m[course])
        return Found(spans, mine.object, tuple(self.names[mine.object]), within)


class Found(NamedTuple):
    """Spans of a course, the object that made each, its name, and how near objects count there (m)."""

    spans: Floats
    objects: NDArray[np.int64]
    names: tuple[str, ...]
    within_m: float


ABSENT = Layer(NONE, np.empty(0, object))


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Everything that the tables look at: dwellings as stretches of the paths, all else of the courses."""

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

    def slide(self, number: int, path: Path) -> windows.Windows | None:
        """Give the windows of a path that it is there for; None where no dwelling is near."""
        mine = belts.of_course(self.dwellings, number)
        if not len(mine.start):
            return None
        length = self.known["window_m"] + belts.HAIR_M
        homes, tall = self.households[mine.object], self.tall[mine.object]
        slid = windows.slide(mine.start, mine.stop, homes, tall, length, mine.object)
        return slid.only(path.serves(slid.start, slid.start + length))

    def causes(
        self, group: Group, runs: list[Course], lines: gpd.GeoDataFrame, table: str, slid: dict[int, windows.Windows]
    ) -> dict[int, list[Cause]]:
        """Give all stretches of each course of a group that qualify, by criterion."""
        found: dict[int, list[Cause]] = {course: [] for course in group.courses}
        self._by_households(group, table, slid, found)
        self._built_up(group, table, found)
        if table == "oil":
            self._oil(group, found)
        else:
            self._gas(group, lines, runs, found)
        return {course: [c for c in causes if len(c.spans)] for course, causes in found.items()}

    def _by_households(
        self, group: Group, table: str, slid: dict[int, windows.Windows], found: dict[int, list[Cause]]
    ) -> None:
        known, margin = self.known, self.known["margin_m"]
        rows: dict[str, list[tuple[Path, Floats]]] = {"a": [], "b": [], "c": []}
        for number, path in group.paths.items():
            if number not in slid:
                continue
            at, length = slid[number], path.course.length
            enough = (at.tall >= known["class_4_from"]) & (at.tall >= known["class_4_share"] * at.households)
            rows["a"].append((path, windows.areas(at.tall_first, at.tall_last, enough, margin, length)))
            many = at.households >= known["class_3_from"]
            rows["b"].append((path, windows.areas(at.first, at.last, many, margin, length)))
            if table == "oil":
                rows["c"].append((path, self._settlements(number, path)))
        for row, made in rows.items():
            for course, spans in _on_courses(made).items():
                found[course].append(self._cause(table, row, spans))

    def _settlements(self, number: int, path: Path) -> Floats:
        """Give the stretches of a path beside settlements that are large enough."""
        known = self.known
        mine = belts.of_course(self.dwellings, number)
        gap = known["settlement_gap_m"] + belts.HAIR_M
        runs, counted = windows.settlements(mine.start, mine.stop, self.households[mine.object], gap, mine.object)
        large = (counted >= known["settlement_from"]) & path.serves(runs[:, 0], runs[:, 1])
        return _wider(runs[large], known["margin_m"], path)

    def _built_up(self, group: Group, table: str, found: dict[int, list[Cause]]) -> None:
        for course in group.courses:
            found[course].append(self._cause(table, "b", windows.union(self.built_up.on(course).spans), BUILT_UP))

    def _oil(self, group: Group, found: dict[int, list[Cause]]) -> None:
        known = self.known
        for row, layer in (("c", self.villages), ("d", self.flammable["oil"])):
            self._spread(group, dict.fromkeys(group.courses, f"oil_{row}"), layer, found)
        for course in group.courses:
            for row, layer in (("d", self.transport), ("e", self.reserves), ("f", self.water)):
                spans, _, names, _ = layer.on(course)
                found[course].append(Cause(f"oil_{row}", known[f"oil_{row}"], spans, names))

    def _gas(self, group: Group, lines: gpd.GeoDataFrame, runs: list[Course], found: dict[int, list[Cause]]) -> None:
        sizes = {
            c: (lines["diameter_mm"].iloc[runs[c].row], lines["pressure_mpa"].iloc[runs[c].row]) for c in group.courses
        }
        rows = {course: f"gas_{gas_row(d, p, self.known)}" for course, (d, p) in sizes.items()}
        dense = {
            course: [c.spans for c in causes if c.criterion in ("gas_a", "gas_b") and len(c.spans)]
            for course, causes in found.items()
        }
        self._spread(group, rows, self.places, found)

        # row f speaks of places outside class 3 and 4 locations
        def free(course: int, spans: Floats) -> NDArray[np.bool_]:
            return np.array([not any(_inside(d, (a + b) / 2) for d in dense[course]) for a, b in spans], bool)

        self._spread(group, dict.fromkeys(group.courses, "gas_f"), self.flammable["gas"], found, free)

    def _spread(
        self,
        group: Group,
        criterion: dict[int, str],
        layer: Layer,
        found: dict[int, list[Cause]],
        counts: Callable[[int, Floats], NDArray[np.bool_]] | None = None,
    ) -> None:
        """Add the stretches beside objects with their margins, which go on across the ends of courses."""
        made: dict[tuple[int, str, int, str], list[Floats]] = {}
        held = {course: layer.on(course) for course in group.courses}
        counted = {c: np.ones(len(f.spans), bool) if counts is None else counts(c, f.spans) for c, f in held.items()}
        for path in group.paths.values():
            if not any(len(held[leg.course].spans) for leg in path.legs):
                continue  # most paths of a net have nothing beside them
            for leg, (stands, source) in zip(path.legs, _standing(path, held), strict=True):
                kept = np.flatnonzero(counted[leg.course][source])
                if not len(kept):
                    continue
                objects, names = held[leg.course].objects, held[leg.course].names
                for target, back, which in path.back(_wider(stands[kept], self.known["margin_m"], path)):
                    for span, n in zip(back, source[kept[which]], strict=True):
                        made.setdefault((target, criterion[leg.course], int(objects[n]), names[n]), []).append(span)
        for (course, row, _, name), margins in made.items():
            joined = windows.union(np.array(margins))
            found[course].append(Cause(row, self.known[row], joined, (name,) * len(joined)))

    def _cause(self, table: str, row: str, spans: Floats, what: str = "") -> Cause:
        return Cause(f"{table}_{row}", self.known[f"{table}_{row}"], spans, (what,) * len(spans))


def _standing(path: Path, held: Mapping[int, Found]) -> list[tuple[Floats, NDArray[np.int64]]]:
    """Give for each leg where objects stand on the path, and which span of the course each is.

    An object abreast of the leg beyond a joint has the joint as its nearest place on this leg. On the way as a whole it
    stands beyond, and only there.
    """
    stands = [path.onto_leg(n, held[leg.course].spans) for n, leg in enumerate(path.legs)]
    kept = [np.ones(len(source), bool) for _, source in stands]
    for one in range(len(stands) - 1):
        ends = path.offsets[one] + abs(path.legs[one].stop - path.legs[one].start), path.offsets[one + 1]
        here, other = (held[path.legs[n].course] for n in (one, one + 1))
        if here.within_m != other.within_m:  # who is near enough to one may not be to the other
            continue
        at = [(np.abs(stands[one + n][0] - ends[n]) <= belts.HAIR_M).all(axis=1) for n in (0, 1)]
        whose = here.objects[stands[one][1]], other.objects[stands[one + 1][1]]
        for n in (0, 1):
            kept[one + n] &= ~at[n] | np.isin(whose[n], whose[1 - n][at[1 - n]]) | ~np.isin(whose[n], whose[1 - n])
    return [(spans[k], source[k]) for (spans, source), k in zip(stands, kept, strict=True)]


def _on_courses(made: list[tuple[Path, Floats]]) -> dict[int, Floats]:
    """Give spans of paths as spans of their courses, those that overlap as one."""
    found: dict[int, list[Floats]] = {}
    for path, spans in made:
        for course, back, _ in path.back(spans):
            found.setdefault(course, []).append(back)
    return {course: windows.union(np.vstack(spans)) for course, spans in found.items()}


def _wider(spans: Floats, margin_m: float, path: Path) -> Floats:
    return np.column_stack(
        [np.maximum(spans[:, 0] - margin_m, 0.0), np.minimum(spans[:, 1] + margin_m, path.course.length)]
    )


def _inside(spans: Floats, x: float) -> bool:
    return bool(((spans[:, 0] <= x + belts.HAIR_M) & (x - belts.HAIR_M <= spans[:, 1])).any())


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
