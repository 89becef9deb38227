"""Where pipelines cross red ground, geohazard zones, rivers, roads and railways; and their length by township."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from riskmap.crs import require_same
from riskmap.overlay import rules
from riskmap.overlay.chainage import Course, Segments
from riskmap.overlay.pieces import place_columns
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

COLUMNS = ("pipeline_id", "kind", "object", "from_m", "to_m", "from_station", "to_station", "length_m", "geometry")


def crossings(
    pipelines: gpd.GeoDataFrame,
    runs: list[Course],
    kind: str,
    objects: gpd.GeoDataFrame,
    names: pd.Series,
    *,
    same_place_m: float | None = None,
) -> gpd.GeoDataFrame:
    """Find where lines cross the objects of one kind, inside the boundary.

    Parameters
    ----------
    pipelines : GeoDataFrame
        With ``id``; its rows are those of the courses.
    runs : list of Course
    kind : str
        What the objects are, for the column ``kind``.
    objects : GeoDataFrame
        Lines (a crossing is a point) or polygons (a crossing is a stretch).
    names : Series
        What to call each object, on its index.
    same_place_m : float, optional
        Crossings of one name nearer than this along the line are one; the house's value by default.

    Returns
    -------
    GeoDataFrame
        ``pipeline_id, kind, object, from_m, to_m, from_station, to_station, length_m``, geometry; by line and chainage.
    """
    import geopandas as gpd

    require_same(pipelines.crs, objects.crs, what=Text("管道与被穿越物", "pipelines and what they cross"))
    together_m = rules.values("pipelines")["same_place_m"] if same_place_m is None else same_place_m
    segments = Segments.of(runs)
    lines, shapes = segments.lines(), objects.geometry.to_numpy()
    seg, other = shapely.STRtree(shapes).query(lines, predicate="intersects")
    shared, pair = shapely.get_parts(shapely.intersection(lines[seg], shapes[other]), return_index=True)
    seg, other = seg[pair], other[pair]
    point = shapely.get_dimensions(shared) == 0
    ends = [np.where(point, shared, shapely.get_point(shared, n)) for n in (0, -1)]
    at = np.array([shapely.line_locate_point(lines[seg], end) for end in ends]).reshape(2, -1)
    found = pd.DataFrame(
        {
            "course": segments.course[seg],
            "object": names.to_numpy(object)[other],
            "start": segments.s[seg] + at.min(axis=0),
            "stop": segments.s[seg] + at.max(axis=0),
        }
    )
    rows = [
        row for row in _joined(found, together_m) if runs[row["course"]].is_inside((row["start"] + row["stop"]) / 2)
    ]
    made = []
    for row in rows:
        run = runs[row["course"]]
        placed = place_columns(run, row["start"], row["stop"])
        if row["stop"] - row["start"] < together_m:
            placed["geometry"] = shapely.points(run.point((row["start"] + row["stop"]) / 2))
        made.append(
            {"pipeline_id": pipelines["id"].iloc[run.row], "kind": kind, "object": row["object"] or None, **placed}
        )
    frame = pd.DataFrame({c: pd.Series([m[c] for m in made], dtype=_type(c)) for c in COLUMNS})
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=pipelines.crs)


def _type(column: str) -> str:
    return "float64" if column in ("from_m", "to_m", "length_m") else "object"


def _joined(found: pd.DataFrame, together_m: float) -> list[dict[str, Any]]:
    """Join what one object of a name does on neighbouring metres of a course."""
    out: list[dict[str, Any]] = []
    for row in found.sort_values(["course", "object", "start"], kind="stable").to_dict("records"):
        last = out[-1] if out else None
        if (
            last
            and (last["course"], last["object"]) == (row["course"], row["object"])
            and row["start"] <= last["stop"] + together_m
        ):
            last["stop"] = max(last["stop"], row["stop"])
        else:
            out.append(row)
    return sorted(out, key=lambda r: (r["course"], r["start"], str(r["object"])))


def by_unit(pieces: gpd.GeoDataFrame, ground: list[Any]) -> gpd.GeoDataFrame:
    """Cut pieces by the ground of units.

    Parameters
    ----------
    pieces : GeoDataFrame
        Lines with any columns.
    ground : list of geometries
        Of the units, without overlap.

    Returns
    -------
    GeoDataFrame
        The parts with the columns of their piece and ``unit``, the unit's number (-1 in none).
    """
    import geopandas as gpd

    shapes = pieces.geometry.to_numpy()
    piece, unit = shapely.STRtree(np.asarray(ground, object)).query(shapes, predicate="intersects")
    parts = shapely.intersection(shapes[piece], np.asarray(ground, object)[unit])
    rest = shapely.difference(shapes, shapely.union_all(np.asarray(ground, object)))
    rows = np.concatenate([piece, np.arange(len(shapes))])
    frame = pieces.iloc[rows].assign(unit=np.concatenate([unit, np.full(len(shapes), -1)]))
    cut = gpd.GeoDataFrame(frame, geometry=np.concatenate([parts, rest]), crs=pieces.crs)
    return cut[cut.length > 1e-6].reset_index(drop=True)
