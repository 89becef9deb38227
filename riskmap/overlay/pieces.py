"""From qualifying stretches to line pieces that add up to the line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy.cluster.hierarchy import DisjointSet

from riskmap.errors import ConservationError
from riskmap.overlay.chainage import Course, Floats, station
from riskmap.overlay.windows import union
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.overlay.paths import Group

LENGTH_TOLERANCE = 1e-6
"""Relative (contract 11.13)."""

SHORTEST_M = 1e-6
"""A piece shorter than this is the rounding of a cut."""


@dataclass(frozen=True, eq=False)
class Cause:
    """Stretches of a course that qualify by one criterion: (k, 2) from and to, and what made each."""

    criterion: str
    grade: int
    spans: Floats
    objects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a course, from and to in m along the course; grade 0 is outside any area."""

    start: float
    stop: float
    grade: int
    criteria: tuple[str, ...]
    inside: bool


@dataclass(frozen=True, slots=True)
class Area:
    """A stretch of a course that is managed as one, and all causes of it, the worst first."""

    start: float
    stop: float
    causes: tuple[Cause, ...]


def areas(group: Group, causes: Mapping[int, list[Cause]], merge_gap_m: float) -> dict[int, list[Area]]:
    """Give the areas of each course: stretches that overlap or lie within the gap are managed as one, across joined ends too."""
    spans = {c: sections(causes[c], merge_gap_m) for c in group.courses}
    one: DisjointSet = DisjointSet((c, n) for c in group.courses for n in range(len(spans[c])))
    gaps = _merged(group, spans, one, merge_gap_m)
    stretches: dict[int, dict[Any, list[Floats]]] = {c: defaultdict(list) for c in group.courses}
    made_by: dict[Any, list[Cause]] = defaultdict(list)
    for c, n in one:
        stretches[c][one[c, n]].append(spans[c][n][None, :])
        made_by[one[c, n]] += [cause for cause in causes[c] if _touches(cause.spans, spans[c][n])]
    for section, c, gap in gaps:
        stretches[c][one[section]].append(gap)
    ranked = {root: tuple(sorted(held, key=lambda c: (-c.grade, c.criterion))) for root, held in made_by.items()}
    return {
        c: sorted(
            (
                Area(float(low), float(high), ranked[root])
                for root, held in of_course.items()
                for low, high in union(np.vstack(held), merge_gap_m)
            ),
            key=lambda area: area.start,
        )
        for c, of_course in stretches.items()
    }


def _merged(
    group: Group, spans: dict[int, Floats], one: DisjointSet, merge_gap_m: float
) -> list[tuple[tuple[int, int], int, Floats]]:
    """Merge the sections that a path joins, and give the gaps between them: a section beside it, course, from and to."""
    gaps: list[tuple[tuple[int, int], int, Floats]] = []
    for path in group.paths.values() if len(group.paths) > 1 or len(group.courses) > 1 else ():
        here = [
            (low, high, (c, int(n)))
            for c in dict.fromkeys(leg.course for leg in path.legs)
            for (low, high), n in zip(*path.onto(c, spans[c]), strict=True)
        ]
        reached, last = -np.inf, None
        for low, high, section in sorted(here):
            if last is not None and low <= reached + merge_gap_m:
                one.merge(last, section)
                if low > reached:
                    gaps += [(section, c, gap) for c, gap, _ in path.back(np.array([[reached, low]]))]
            if high > reached:
                reached, last = high, section
    return gaps


def sections(causes: list[Cause], merge_gap_m: float) -> Floats:
    """Join the stretches of a course that overlap or lie within the gap."""
    spans = [cause.spans for cause in causes if len(cause.spans)]
    return union(np.vstack(spans), merge_gap_m) if spans else np.empty((0, 2))


def pieces(run: Course, held: list[Area]) -> list[Piece]:
    """Cut a course into areas and the rest; areas end at the boundary, beyond which nothing is assessed.

    Each piece of an area has the highest grade and all criteria of what it is managed with.
    """
    edges = np.array([(a.start, a.stop) for a in held]).ravel()
    cuts = np.unique(np.concatenate([[0.0, run.length], run.changes(), edges]))
    cuts = cuts[np.concatenate([[True], np.diff(cuts) > SHORTEST_M])]
    cuts[-1] = run.length
    made = []
    for low, high in pairwise(cuts):
        middle = (low + high) / 2
        inside = run.is_inside(middle)
        ranked = next((a.causes for a in held if inside and a.start <= middle <= a.stop), ())
        grade = ranked[0].grade if ranked else 0
        made.append(Piece(low, high, grade, tuple(dict.fromkeys(c.criterion for c in ranked)), inside))
    return _joined(made)


def _touches(spans: Floats, area: Floats) -> bool:
    return bool(((spans[:, 0] <= area[1]) & (spans[:, 1] >= area[0])).any())


def _joined(made: list[Piece]) -> list[Piece]:
    """Join neighbours that say the same."""
    out: list[Piece] = []
    for piece in made:
        last = out[-1] if out else None
        if last and (last.grade, last.criteria, last.inside) == (piece.grade, piece.criteria, piece.inside):
            out[-1] = Piece(last.start, piece.stop, piece.grade, piece.criteria, piece.inside)
        else:
            out.append(piece)
    return out


def place_columns(run: Course, start: float, stop: float) -> dict[str, Any]:
    """Give chainage, stations, length and geometry of a stretch of a course."""
    low, high = (float(v) for v in run.chainage([start, stop]))
    return {
        "from_m": low,
        "to_m": high,
        "from_station": station(low),
        "to_station": station(high),
        "length_m": high - low,
        "geometry": run.cut(start, stop),
    }


def require_whole(lines: gpd.GeoDataFrame, made: pd.DataFrame, runs: list[Course]) -> None:
    """Raise unless the pieces of each line add up to the line, by chainage and by geometry.

    Raises
    ------
    ConservationError
    """
    whole = np.bincount([r.row for r in runs], [r.m[-1] - r.m[0] for r in runs], minlength=len(lines))
    by_chainage = (
        np.bincount(made["row"], made["length_m"], minlength=len(lines)) if len(made) else np.zeros(len(lines))
    )
    by_shape = np.zeros(len(lines))
    if len(made):
        drawn_m = shapely.length(made["geometry"].to_numpy())
        by_shape = np.bincount(made["row"], drawn_m, minlength=len(lines)).astype(float, copy=False)
    drawn = shapely.length(lines.geometry.to_numpy())
    for row in range(len(lines)):
        for what, a, b in (("chainage", whole[row], by_chainage[row]), ("geometry", drawn[row], by_shape[row])):
            if abs(a - b) > LENGTH_TOLERANCE * max(a, b, 1.0):
                name = lines["id"].iloc[row]
                raise ConservationError(
                    Text(
                        f"管道 {name} 各段长度之和 {b!r} 不等于全长 {a!r}（{what}）",
                        f"the pieces of pipeline {name} sum to {b!r}, the line to {a!r} ({what})",
                    ),
                    layer="pipelines",
                    row=str(name),
                )
