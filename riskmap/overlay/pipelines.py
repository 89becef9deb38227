"""Pipelines: potential impact radius and high-consequence areas after GB 32167-2015, location classes after GB 50251."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmap import fields
from riskmap.crs import require_metric, require_same
from riskmap.levels import LEVELS
from riskmap.overlay import belts, paths, rules, windows
from riskmap.overlay.chainage import Course, Floats, Segments, courses
from riskmap.overlay.criteria import LABELS, Surroundings
from riskmap.overlay.paths import Group, Web
from riskmap.overlay.pieces import Cause, Piece, areas, pieces, place_columns, require_whole
from riskmap.overlay.surroundings import surroundings
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

ASSESSED, OUTSIDE, NOT_COVERED = "assessed", "outside_area", "not_covered"
NAMES = {
    ASSESSED: Text("不是高后果区", "outside any area"),
    OUTSIDE: Text("评估范围外，未评估", "beyond the area, not assessed"),
    NOT_COVERED: Text("介质不在 GB 32167 内，未评估", "medium not covered by GB 32167, not assessed"),
}
GRADE_NAMES = ("", "Ⅰ级高后果区", "Ⅱ级高后果区", "Ⅲ级高后果区")


@dataclass(frozen=True, eq=False)
class Identified:
    """What was identified: the pieces (layer ``pipeline_hca``), each qualifying stretch by itself (``pipeline_hca_causes``), each line's runs, and how these join."""

    pieces: gpd.GeoDataFrame
    causes: gpd.GeoDataFrame
    runs: list[Course]
    joined: Web


def potential_impact_radius_m(
    diameter_mm: Any, pressure_mpa: Any, *, constants: Mapping[str, Any] | None = None
) -> Any:
    """Give the potential impact radius of a natural-gas line: r = 0.099 sqrt(d2 p), m.

    Parameters
    ----------
    diameter_mm : float, array or Series
        Outside diameter.
    pressure_mpa : float or array
        Maximum allowable operating pressure. NaN in either gives NaN.
    constants : mapping, optional
        Values of the topic ``pipelines``.

    References
    ----------
    GB 32167-2015; the coefficient is 0.69 of ASME B31.8S (ft, in, psi) in m, mm and MPa.

    Examples
    --------
    >>> round(potential_impact_radius_m(1016, 10), 1)
    318.1
    """
    known = rules.values("pipelines") if constants is None else constants
    d, p = np.asarray(diameter_mm, dtype=float), np.asarray(pressure_mpa, dtype=float)
    if (d < 0).any() or (p < 0).any():
        raise ValueError(f"diameter and pressure must not be negative, got {diameter_mm!r} and {pressure_mpa!r}")
    radius = known["pir_coefficient"] * np.sqrt(d**2 * p)
    if isinstance(diameter_mm, pd.Series):
        return pd.Series(radius, index=diameter_mm.index)
    return float(radius) if radius.ndim == 0 else radius


def high_consequence_areas(
    pipelines: gpd.GeoDataFrame,
    *,
    buildings: gpd.GeoDataFrame | None,
    facilities: gpd.GeoDataFrame | None,
    **more: Any,
) -> gpd.GeoDataFrame:
    """Cut pipelines into high-consequence areas and the rest; see :func:`identify` for what ``more`` may be.

    Returns
    -------
    GeoDataFrame
        The layer ``pipeline_hca``: a row for every piece of every line, in the order of the lines and of their chainage.
    """
    return identify(pipelines, buildings=buildings, facilities=facilities, **more).pieces


def identify(
    pipelines: gpd.GeoDataFrame,
    *,
    boundary: Any = None,
    accuracy_m: float | None = None,
    constants: Mapping[str, Any] | None = None,
    **around: gpd.GeoDataFrame | None,
) -> Identified:
    """Identify high-consequence areas.

    Parameters
    ----------
    pipelines : GeoDataFrame
        Lines in a projected system (metres) with ``id, medium, diameter_mm, pressure_mpa``; perhaps ``accuracy_m``.
    boundary : geometry, optional
        Area that is assessed, in the same system; pieces beyond it have the status ``outside_area``.
    accuracy_m : float, optional
        Accuracy of the lines' position. Unknown or worse than 50 m: the pieces are marked not usable.
    constants : mapping, optional
        Values of the topic ``pipelines``.
    **around : GeoDataFrames, all optional, in the same system
        ``buildings`` (households, floors, use), ``villages`` (households; they stand for buildings where there are none),
        ``facilities`` (kind, people), ``roads`` (highway or class), ``barriers`` (kind rail), ``water`` (kind, grade),
        ``reserves`` (kind, grade), ``hazchem_sources``, ``built_up``.

    Notes
    -----
    An area reaches from 200 m before the first to 200 m after the last building or place that made it; along roads, rivers
    and reserves it is the stretch within the table's distance of them. Areas that overlap or lie 50 m apart or less are one,
    with the highest grade and all criteria. Windows, margins and areas go on where the end of a part or row touches another
    of the same table; each way through a branch counts by itself, a dwelling once in a window.

    Raises
    ------
    MissingFieldError
        The pipelines lack one of their four columns, or the facilities have no ``kind``.
    CRSError
        A system that is not in metres, or two systems.

    References
    ----------
    GB 32167-2015 tables 1 and 2; GB 50251 4.2.2.
    """
    known = rules.values("pipelines") if constants is None else constants
    remedy = Text("给出这些列；不知道的值留空", "give these columns; leave unknown values empty")
    fields.require(pipelines, ("id", "medium", "diameter_mm", "pressure_mpa"), layer="pipelines", remedy=remedy)
    if around.get("facilities") is not None:
        fields.require(around["facilities"], ("kind",), layer="facilities", remedy=remedy)
    require_metric(pipelines.crs, what=Text("管道", "pipelines"))
    for name, frame in around.items():
        if frame is not None and len(frame):
            require_same(pipelines.crs, frame.crs, what=Text(f"管道与 {name}", f"pipelines and {name}"))
    lines = pipelines.reset_index(drop=True)
    for size in ("diameter_mm", "pressure_mpa"):  # unknown may come as None
        lines[size] = pd.to_numeric(lines[size], errors="coerce").astype(float)
    runs = courses(lines, boundary)
    tables = [media_table(lines["medium"].iloc[run.row], known) for run in runs]
    joined = paths.web(
        runs, tables, gap_m=known["join_gap_m"], window_m=known["window_m"] + belts.HAIR_M, margin_m=known["margin_m"]
    )
    ways = [path for _, members in joined.groups for path in members]
    near = surroundings(Segments.of(runs), Segments.of([w.course for w in ways]), runs, lines, around, known)
    usable, rows, causes, first = _usable(lines, accuracy_m, known), {}, {}, 0
    for members, mine in joined.groups:
        group = Group(members, dict(enumerate(mine, first)))
        first += len(mine)
        found = _identified(group, runs, lines, tables[members[0]], near, known)
        for course, (kept, held, households) in found.items():
            run, line = runs[course], lines.iloc[runs[course].row]
            rows[course] = _piece_rows(
                run,
                line,
                kept,
                held,
                households if near.counts_households else None,
                usable=bool(usable[run.row]),
                known=known,
            )
            causes[course] = _cause_rows(run, line, held)
    frame = _frame([row for n in range(len(runs)) for row in rows[n]], PIECE_COLUMNS, pipelines.crs)
    require_whole(lines, frame, runs)
    made = _frame([row for n in range(len(runs)) for row in causes[n]], CAUSE_COLUMNS, pipelines.crs)
    return Identified(frame.drop(columns="row"), made, runs, joined)


def _identified(
    group: Group,
    runs: list[Course],
    lines: gpd.GeoDataFrame,
    table: str | None,
    near: Surroundings,
    known: Mapping[str, Any],
) -> dict[int, tuple[list[Piece], list[Cause], Floats]]:
    """Give for each course of a group its pieces, what made them, and the most households of each piece."""
    if table is None:
        whole = {course: pieces(runs[course], []) for course in group.courses}
        return {course: (kept, [], np.zeros(len(kept))) for course, kept in whole.items()}
    slid = {number: w for number, path in group.paths.items() if (w := near.slide(number, path)) is not None}
    causes = near.causes(group, runs, lines, table, slid)
    managed = areas(group, causes, known["merge_gap_m"] + belts.HAIR_M)
    found = {}
    for course in group.courses:
        kept = pieces(runs[course], managed[course])
        spans = np.array([(p.start, p.stop) for p in kept])
        counted = np.zeros(len(kept))
        for number in group.of[course]:
            if number in slid:
                on, of = group.paths[number].onto(course, spans)
                shared = on[:, 1] > on[:, 0]
                most = windows.largest(slid[number], on[shared, 0], on[shared, 1], known["margin_m"])
                np.maximum.at(counted, of[shared], most)
        found[course] = (kept, causes[course], counted)
    return found


PIECE_COLUMNS = (
    "row", "pipeline_id", "name", "medium", "from_m", "to_m", "from_station", "to_station", "length_m", "grade", "level",
    "level_name", "colour", "criterion", "criterion_en", "households", "location_class", "radius_m", "status", "usable", "geometry",
)  # fmt: skip
CAUSE_COLUMNS = (
    "pipeline_id", "criterion", "criterion_en", "clause", "grade", "object", "from_m", "to_m", "from_station", "to_station",
    "length_m", "geometry",
)  # fmt: skip


def media_table(medium: Any, known: Mapping[str, Any]) -> str | None:
    """Give the table of GB 32167 that a medium falls under: ``oil``, ``gas``, or None when it is not covered."""
    if medium in known["oil_media"]:
        return "oil"
    return "gas" if medium in known["gas_media"] else None


def _usable(lines: gpd.GeoDataFrame, accuracy_m: float | None, known: Mapping[str, Any]) -> Any:
    """Tell which lines are known to lie within the accuracy that belts of 200 m need."""
    given = pd.Series(np.nan if accuracy_m is None else float(accuracy_m), index=lines.index)
    own = pd.to_numeric(lines["accuracy_m"], errors="coerce") if "accuracy_m" in lines.columns else given
    return own.fillna(given).le(known["accuracy_m"]).to_numpy()


def _piece_rows(
    run: Course,
    line: pd.Series,
    kept: list[Piece],
    causes: list[Cause],
    counted: Floats | None,
    *,
    usable: bool,
    known: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Give the rows of a course's pieces; ``counted`` the most households of each, None where dwellings are not known."""
    table = media_table(line["medium"], known)
    radius = math.nan
    if table == "gas":
        radius = potential_impact_radius_m(line["diameter_mm"], line["pressure_mpa"], constants=known)
    rows = []
    for piece, households in zip(kept, np.zeros(len(kept)) if counted is None else counted, strict=True):
        assessed = piece.inside and table is not None
        status = ASSESSED if assessed else OUTSIDE if table else NOT_COVERED
        level = known["level_of_grade"][piece.grade]
        texts = [LABELS[c] for c in piece.criteria]
        rows.append(
            {
                "row": run.row,
                "pipeline_id": line["id"],
                "name": line.get(fields.NAME),
                "medium": line["medium"],
                **place_columns(run, piece.start, piece.stop),
                "grade": piece.grade,
                fields.LEVEL: level,
                fields.LEVEL_NAME: GRADE_NAMES[piece.grade] if piece.grade else NAMES[status].zh,
                fields.COLOUR: LEVELS[level].colour,
                "criterion": "；".join(t.zh for t in texts) or None,
                "criterion_en": "; ".join(t.en for t in texts) or None,
                "households": int(households) if assessed and counted is not None else None,
                "location_class": location_class(piece, causes, households, known)
                if assessed and counted is not None
                else None,
                "radius_m": radius,
                "status": status,
                "usable": usable,
            }
        )
    return rows


def location_class(piece: Piece, causes: list[Cause], households: float, known: Mapping[str, Any]) -> int:
    """Give the worst location class (1-4) on a piece: of the stretches of class 4 and 3 on it, else by its households."""
    for number, criteria in ((4, ("oil_a", "gas_a")), (3, ("oil_b", "gas_b"))):
        spans = [c.spans for c in causes if c.criterion in criteria and len(c.spans)]
        if spans and any(((s[:, 0] < piece.stop) & (s[:, 1] > piece.start)).any() for s in spans):
            return number
    if households >= known["class_3_from"]:
        return 3
    return 2 if households > known["class_2_over"] else 1


def _cause_rows(run: Course, line: pd.Series, causes: list[Cause]) -> list[dict[str, Any]]:
    rows = []
    for cause in causes:
        names = cause.objects or ("",) * len(cause.spans)
        for (start, stop), what in zip(cause.spans, names, strict=True):
            for low, high in _inside(run, start, stop):
                label = LABELS[cause.criterion]
                table, row = cause.criterion.split("_")
                rows.append(
                    {
                        "pipeline_id": line["id"],
                        "criterion": label.zh,
                        "criterion_en": label.en,
                        "clause": f"GB 32167-2015 table {1 if table == 'oil' else 2} {row}",
                        "grade": cause.grade,
                        "object": what or None,
                        **place_columns(run, low, high),
                    }
                )
    return sorted(rows, key=lambda r: (r["from_m"], -r["grade"], r["clause"], r["object"] or ""))


def _inside(run: Course, start: float, stop: float) -> list[tuple[float, float]]:
    """Give the parts of a stretch that lie inside the boundary."""
    changes = run.changes()
    cuts = [start, *changes[(changes > start) & (changes < stop)], stop]
    parts = pairwise(cuts)
    return [(float(a), float(b)) for a, b in parts if b - a > 0 and run.is_inside((a + b) / 2)]


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...], crs: Any) -> gpd.GeoDataFrame:
    import geopandas as gpd

    frame = pd.DataFrame({c: pd.Series([r[c] for r in rows], dtype=TYPES.get(c)) for c in columns})
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=crs)


TYPES = {
    "row": "int64", "from_m": "float64", "to_m": "float64", "length_m": "float64", "radius_m": "float64", "grade": "int64",
    "level": "int64", "households": "Int64", "location_class": "Int64", "usable": "bool", "geometry": "object",
    **dict.fromkeys(("pipeline_id", "name", "medium", "from_station", "to_station", "level_name", "colour", "criterion",
                     "criterion_en", "status", "clause", "object"), "object"),
}  # fmt: skip


def lengths_once(frame: gpd.GeoDataFrame, by: str, order: list[Any]) -> dict[Any, float]:
    """Give the length of lines by a class, ground that several lines share counted once, for the first class in ``order``.

    Returns
    -------
    dict
        Class -> m, planar.
    """
    import shapely

    lengths, covered, before = {}, [], 0.0
    for value in order:
        covered += list(frame.geometry[frame[by].eq(value).to_numpy()])
        total = float(shapely.length(shapely.union_all(covered))) if covered else 0.0
        lengths[value] = total - before
        before = total
    return lengths


def spacing_m(lines: gpd.GeoDataFrame) -> Floats:
    """Give the mean distance between the vertices of each line, m: kilometres betray a sketch."""
    import shapely

    steps = shapely.get_num_coordinates(lines.geometry.to_numpy()) - shapely.get_num_geometries(
        lines.geometry.to_numpy()
    )
    return shapely.length(lines.geometry.to_numpy()) / np.maximum(steps, 1)
