"""Roads of Luobei and Suibin as their two transport bureaux would hand them over: what the one drew does not quite meet the other's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import shapely
from shapely import LineString
from synth.contents import Facts
from synth.country import Country
from synth.drawing import drawn_loosely, vertices
from synth.files import Writer

COUNTIES = {"230421": "萝北县交通运输局", "230422": "绥滨县交通运输局"}
GRADES = {"trunk": "国道", "primary": "省道", "secondary": "县道", "tertiary": "乡道", "unclassified": "村道"}
LOOSE = ("乡道", "村道")
"""Drawn by another department than the main roads: where they cross one they have no vertex in common with it."""
SHORT_M = (4.0, 16.0)
"""How far the roads of Suibin stop short of Luobei's at the county line."""
WIDE_M = 38.0
"""The same for one road, which no drawing error explains."""
LOOSE_M = 40.0
"""Roads are drawn as loosely as this between junctions."""
SIGNS_KMH = (15, 20, 30, 40)


def county_roads(country: Country, out: Writer) -> Facts:
    """Write country roads of both counties, cut at their line, and say what is wrong with them."""
    land = country.land
    rng = land.place.stream("two bureaux")
    areas = {c: land.townships[land.townships.code.str[:6] == c].union_all() for c in COUNTIES}
    ways = [w for w in country.ways if w.highway in GRADES and any(a.intersects(w.line) for a in areas.values())]
    met = Counter(p for w in ways for p in vertices(w.coords))
    ends = {p for w in ways for p in vertices(w.coords[[0, -1]])}
    main = {p for w in ways if GRADES[w.highway] not in LOOSE for p in vertices(w.coords)}
    shared = {p for p, n in met.items() if n > 1}
    rows, gaps, crossings = [], [], set()
    for way in ways:
        loose = GRADES[way.highway] in LOOSE and not way.bridge and not way.tunnel
        dropped = (shared & main) - ends if loose else set()
        crossings |= dropped & vertices(way.coords)
        bare = np.array([c for c in way.coords.tolist() if tuple(c) not in dropped])
        line = drawn_loosely(bare, shared - dropped, LOOSE_M)
        for code, area in areas.items():
            for drawn in _lines(line.intersection(area)):
                shortened = code == "230422" and not (way.bridge or way.tunnel)
                piece, short = _short(drawn, areas["230421"], rng, wide=not gaps) if shortened else (drawn, [])
                gaps += short
                sign = int(rng.choice(SIGNS_KMH)) if rng.random() < 0.4 else None
                rows.append((way.name, GRADES[way.highway], sign, _yes(way.bridge), COUNTIES[code], piece))
    columns = ["路线名称", "道路等级", "限速", "桥梁", "填报单位", "geometry"]
    frame = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=land.place.epsg)
    frame["限速"] = frame["限速"].astype("Int32")
    out.zipped_shapefile("county_roads.zip", frame, land.place.epsg)
    return {
        "county_roads": {"gaps_at_the_line_m": [round(g, 2) for g in gaps], "crossings_without_vertex": len(crossings)}
    }


def _lines(geometry: shapely.Geometry) -> Iterable[LineString]:
    return [g for g in shapely.get_parts(geometry) if g.geom_type == "LineString" and g.length > WIDE_M + 1]


def _short(
    piece: LineString, neighbour: shapely.Geometry, rng: np.random.Generator, *, wide: bool
) -> tuple[LineString, list[float]]:
    """Take the last metres before the neighbour's line away from a road; give it and by how much it stops short."""
    gaps = []
    for end in (0, -1):
        if neighbour.distance(shapely.get_point(piece, end)) < 0.01:
            gap = WIDE_M if wide and not gaps else float(rng.uniform(*SHORT_M))
            a, b = (gap, piece.length) if end == 0 else (0.0, piece.length - gap)
            piece = shapely.ops.substring(piece, a, b)
            gaps.append(gap)
    return piece, gaps


def _yes(tag: str) -> str:
    return "是" if tag else "否"
