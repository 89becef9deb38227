"""The registry of checks on a prepared layer: each a few lines that look at one thing."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskmap.crs import LONLAT
from riskmap.data.findings import Finding
from riskmap.data.places import Area
from riskmap.data.spec import LayerSpec
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

OVERLAP_M2 = 10_000
"""Overlap of two units that is more than a digitised line's width (1 ha)."""

GAP_M2 = 10_000
"""Ground of the area in no unit that is more than a digitised line's width."""

FAR_DEGREES = 0.005
"""Coordinates in the attributes that lie farther from the geometry (about 500 m) contradict it."""


@dataclass(frozen=True, eq=False)
class Look:
    """What a check looks at: a layer in the project's system, the name of each row, and the area."""

    frame: gpd.GeoDataFrame
    spec: LayerSpec
    keys: pd.Series
    area: Area | None


@dataclass(frozen=True)
class Check:
    """A check: the layers it is for, and what it finds."""

    code: str
    layers: tuple[str, ...]
    run: Callable[[Look], Iterator[Finding]]


CHECKS: list[Check] = []


def register(
    code: str, *layers: str
) -> Callable[[Callable[[Look], Iterator[Finding]]], Callable[[Look], Iterator[Finding]]]:
    """Enter a check into the registry; layer names may be patterns (``*``)."""

    def enter(run: Callable[[Look], Iterator[Finding]]) -> Callable[[Look], Iterator[Finding]]:
        CHECKS.append(Check(code, layers, run))
        return run

    return enter


def check(frame: gpd.GeoDataFrame, spec: LayerSpec, keys: pd.Series, area: Area | None) -> list[Finding]:
    """Run every check that is for a layer.

    Parameters
    ----------
    frame : GeoDataFrame
        In the project's system, rows with geometry only.
    spec : LayerSpec
    keys : Series
        Name of each row, on the frame's index.
    area : Area, optional
    """
    look = Look(frame, spec, keys, area)
    chosen = [c for c in CHECKS if any(fnmatch.fnmatchcase(spec.id, pattern) for pattern in c.layers)]
    return [finding for c in chosen for finding in c.run(look)]


@register(
    "OUTSIDE_AREA",
    "geohazard_points",
    "villages",
    "hazchem_sources",
    "fire_stations",
    "shelters",
    "risk_points",
    "tailings_dams",
    "facilities",
    "hospitals",
    "rescue_teams",
    "supplies",
    "reservoirs",
    "buildings",
)
def outside_area(look: Look) -> Iterator[Finding]:
    """Rows outside the boundary: they stay in the layer and are not counted in figures of the area."""
    import shapely

    if look.area is None:
        return
    shapely.prepare(look.area.geometry)
    out = ~shapely.intersects(look.area.geometry, look.frame.geometry.to_numpy())
    if out.any():
        names = look.keys[look.frame.index[out]].astype(str).tolist()
        listed = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
        message = Text(f"{len(names)} 行在边界之外：{listed}", f"{len(names)} rows lie outside the boundary: {listed}")
        first = look.frame.geometry[out].iloc[0]
        yield Finding(
            look.spec.id,
            "warning",
            "OUTSIDE_AREA",
            message,
            Text("核对位置", "check their positions"),
            row=names[0] if len(names) == 1 else None,
            rows=len(names),
            geometry=first.representative_point(),
        )


@register("SAME_POSITION", "geohazard_points", "villages", "hazchem_sources", "fire_stations", "risk_points")
def same_position(look: Look) -> Iterator[Finding]:
    """Different rows at one position, to the centimetre: perhaps one thing entered twice."""
    points = look.frame.geometry[look.frame.geom_type == "Point"]
    x, y = points.x.round(2), points.y.round(2)
    for (_, _), rows in points.groupby([x, y], sort=True):
        if len(rows) > 1:
            names = "、".join(str(look.keys[i]) for i in rows.index)
            message = Text(f"{names} 在同一位置", f"{names.replace('、', ', ')} share one position")
            yield Finding(
                look.spec.id,
                "note",
                "SAME_POSITION",
                message,
                Text("核对是否重复登记", "check whether one is entered twice"),
                rows=len(rows),
                geometry=rows.iloc[0],
            )


@register("SAME_LINE", "pipelines", "roads", "barriers")
def same_line(look: Look) -> Iterator[Finding]:
    """Lines drawn twice, either way round: their length counts once in totals."""
    import shapely

    shapes = shapely.to_wkb(shapely.normalize(look.frame.geometry.to_numpy()))
    keys = look.keys[look.frame.index]
    again = keys[look.frame.geometry.notna().to_numpy()].groupby(shapes, sort=False).transform("size").gt(1)
    if not again.any():
        return
    twins = int(again.sum())
    if look.spec.id == "roads":
        message = Text(
            f"{twins} 行道路与另一行走同一条线（多为双向各一行），里程只计一次",
            f"{twins} rows run along the same line as another (mostly one row per direction); length counts once",
        )
        yield Finding(look.spec.id, "note", "SAME_LINE", message, rows=twins)
        return
    names = keys[again].astype(str).tolist()
    message = Text(
        f"{'、'.join(names[:10])} 有同一条线的重复，长度只计一次",
        f"{', '.join(names[:10])} are drawn along the same line; length counts once",
    )
    yield Finding(
        look.spec.id, "warning", "SAME_LINE", message, Text("核对是否重复", "check whether one is a copy"), rows=twins
    )


@register("COORD_ATTRIBUTES", "*")
def coordinate_attributes(look: Look) -> Iterator[Finding]:
    """Longitude and latitude columns that contradict the geometry; the geometry is used."""
    import pandas as pd

    columns = {c.lower(): c for c in look.frame.columns if isinstance(c, str)}
    pair = next(
        (
            (columns[a], columns[b])
            for a, b in (("jd", "wd"), ("lon", "lat"), ("经度", "纬度"))
            if a in columns and b in columns
        ),
        None,
    )
    if pair is None or not (look.frame.geom_type == "Point").all():
        return
    lon, lat = (pd.to_numeric(look.frame[c], errors="coerce") for c in pair)
    points = look.frame.geometry.to_crs(LONLAT)
    given = lon.notna() & lat.notna() & (lon.abs() <= 180) & (lat.abs() <= 180)
    off = given & (np.maximum((lon - points.x).abs(), (lat - points.y).abs()) > FAR_DEGREES)
    swapped = off & (np.maximum((lat - points.x).abs(), (lon - points.y).abs()) <= FAR_DEGREES)
    for row in look.frame.index[off]:
        way = Text("互换了", "are swapped") if swapped[row] else Text("与图形不符", "contradict the geometry")
        message = Text(
            f"属性里的 {pair[0]}、{pair[1]} {way.zh}，以图形为准",
            f"{pair[0]} and {pair[1]} in the attributes {way.en}; the geometry is used",
        )
        yield Finding(
            look.spec.id,
            "note",
            "COORD_ATTRIBUTES",
            message,
            Text("改正属性", "correct the attributes"),
            row=str(look.keys[row]),
            geometry=look.frame.geometry[row],
        )


@register("TOPOLOGY_OVERLAP", "townships")
def unit_overlap(look: Look) -> Iterator[Finding]:
    """Units that reach into each other: their common ground goes to the first code."""
    import shapely

    shapes = look.frame.geometry.to_numpy()
    a, b = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    a, b = a[a < b], b[a < b]
    common = shapely.intersection(shapes[a], shapes[b])
    for i, j, ground in zip(a, b, common, strict=True):
        if ground.area > OVERLAP_M2:
            names = [str(look.frame["name"].iloc[k]) for k in (i, j)]
            km2 = ground.area / 1e6
            message = Text(
                f"{names[0]} 与 {names[1]} 重叠 {km2:.3f} km²；归代码在前者",
                f"{names[0]} and {names[1]} overlap by {km2:.3f} km2; it goes to the first code",
            )
            yield Finding(
                look.spec.id,
                "warning",
                "TOPOLOGY_OVERLAP",
                message,
                Text("改正界线", "correct the lines"),
                row=str(look.keys.loc[look.frame.index[i]]),
                geometry=ground,
            )


@register("TOPOLOGY_GAP", "townships")
def unit_gap(look: Look) -> Iterator[Finding]:
    """Ground of the area in no unit."""
    import shapely

    if look.area is None:
        return
    rest = look.area.geometry.difference(look.frame.geometry.union_all())
    gaps = [g for g in shapely.get_parts(rest) if g.area > GAP_M2]
    if gaps:
        km2 = sum(g.area for g in gaps) / 1e6
        message = Text(
            f"边界内有 {len(gaps)} 处共 {km2:.3f} km² 不属于任何乡镇",
            f"{len(gaps)} places of the area, {km2:.3f} km2, are in no township",
        )
        yield Finding(
            look.spec.id,
            "warning",
            "TOPOLOGY_GAP",
            message,
            Text("核对乡镇界与行政区界", "check the township lines against the boundary"),
            rows=len(gaps),
            geometry=gaps[0].representative_point(),
        )
