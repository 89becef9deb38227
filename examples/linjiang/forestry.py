"""What Linjiang's forestry and mining bureaux hand over: reserves, ground below tailings dams, past fires, forest roads."""

from __future__ import annotations

from collections import Counter

import geopandas as gpd
import numpy as np
import shapely
from scipy.ndimage import gaussian_filter
from shapely import LineString
from shapely.ops import substring
from synth.contents import Facts
from synth.country import Country
from synth.drawing import drawn_loosely, fractal, noise, vertices
from synth.files import Writer
from synth.grids import degrees, within
from synth.place import LONLAT, Km
from synth.settle import blob

RESERVE: tuple[str, Km, float] = ("示例红松自然保护区", (13.0, 4.0), 62.0)
"""Name, middle, km2; the middle is invented."""
SOURCE = ("示例五道沟饮用水水源保护区", "示例五道沟水库", 900.0)
"""Name, reservoir, how far beyond its shore the ground is protected, in metres."""

REACH = [("高", 110.0), ("中高", 220.0), ("中", 330.0)]
"""How the miners' dam-break analyses word the ground on either side of the mud's way, up to how many metres from it."""
BEYOND_M = 500.0
MUD_M_S = 4.0

FIRE_SECONDS = 60
UNRECORDED = ("闹枝镇",)
"""The township whose fire records before a merger of forest farms are lost."""

GRADES = {
    "trunk": "国道",
    "primary": "省道",
    "secondary": "县道",
    "tertiary": "乡道",
    "unclassified": "村道",
    "residential": "支路",
}
TRANSPORT, FORESTRY = "临江市交通运输局", "临江市林业局"
FOREST_ROAD = "林区道路"
SIGNS_KMH = {"国道": 80, "省道": 60, "县道": 40, "乡道": 20, FOREST_ROAD: 15}
"""Where a sign stands: two roads of five."""
LOOSE_M = 15.0
"""Public roads are drawn as loosely as this between junctions."""
SHORT_M = (0.4, 1.8)
"""How far the forestry's roads stop short of the road that they turn off."""
LINK_KM = (4.0, 9.0)
LINKS = 9
BELT = "边境防火隔离带"
BELT_M = 2600.0
"""How far inside the border river the patrol road of the fire belt runs."""


def reserves(country: Country, out: Writer) -> Facts:
    """Write a nature reserve in the hills and the protected ground around a reservoir."""
    land = country.land
    name, middle, km2 = RESERVE
    wild = blob(land.place, middle, km2, land.place.stream("reserve")).difference(country.built.buffer(300))
    water, pool, metres = SOURCE
    shore = land.reservoirs.geometry[land.reservoirs.name == pool].iloc[0]
    rows = [(name, "自然保护区", "省级", wild), (water, "饮用水水源保护区", "县级", shore.buffer(metres))]
    columns = ["名称", "类别", "级别", "geometry"]
    table = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=land.place.epsg)
    table.geometry = shapely.simplify(table.geometry.intersection(land.outline).values, 10)
    out.zipped_shapefile("reserves.zip", table, LONLAT)
    return {"reserves_km2": dict(zip(table["名称"], (table.area / 1e6).round(2), strict=True))}


def below_dams(country: Country, dams: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the ground that the mud of a broken dam would cover: through the nearest village, in three words of five."""
    land, rng = country.land, country.land.place.stream("below the dams")
    rural = country.places[country.places.kind == "village"]
    rows = []
    for dam in dams.itertuples():
        away = np.hypot(rural.x - dam.geometry.x, rural.y - dam.geometry.y)
        home = rural.loc[away.idxmin()]
        step = np.array([home.x - dam.geometry.x, home.y - dam.geometry.y])
        end = np.array([home.x, home.y]) + step / away.min() * BEYOND_M
        course = fractal(np.array([[dam.geometry.x, dam.geometry.y], [home.x, home.y], end]), rng, 3, 0.05)
        inner = shapely.Polygon()
        for word, metres in REACH:
            ground = LineString(course).buffer(metres).simplify(8).union(inner).intersection(land.outline)
            minutes = round(float(away.min()) / MUD_M_S / 60, 1)
            rows.append((dam.id, home["name"], word, minutes, ground.difference(inner)))
            inner = ground
    columns = ["尾矿库编号", "下游村社", "危险等级", "到村时间(min)", "geometry"]
    table = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=land.place.epsg)
    out.geojson("hazard_tailings.geojson", table)
    return {
        "below_dams": {
            "village_of_dam": dict(zip(table["尾矿库编号"], table["下游村社"], strict=True)),
            "minutes_to_the_village": dict(zip(table["尾矿库编号"], table["到村时间(min)"], strict=True)),
        }
    }


def past_fires(country: Country, out: Writer) -> Facts:
    """Write forest fires of twenty years per 100 km2: more along the border and around villages; one township unknown."""
    land, place = country.land, country.land.place
    grid = degrees(place, land.outline, FIRE_SECONDS)
    x, y = grid.centres()
    points = shapely.points(x, y)
    border = shapely.distance(points, land.rivers["鸭绿江"]) / 1000
    homes = shapely.distance(points, shapely.multipoints(country.place_points())) / 1000
    rough = land.height.like(noise(land.height, place.stream("past fires"), 6000)).at(x, y)
    fires = 9.0 * np.exp(-border / 3.5) + 3.0 * np.exp(-homes / 1.5) + 0.6 + 0.5 * rough
    fires = gaussian_filter(np.clip(fires, 0.0, None), 0.7)
    lost = within(land.townships[land.townships.name.isin(UNRECORDED)].union_all(), grid)
    known = within(land.outline.buffer(3000), grid) & ~lost
    tags = {"UNIT": "fires per 100 km2 in 20 years"}
    out.raster("hazard_fire_history.tif", grid, np.where(known, np.round(fires, 2), -9999), "float32", -9999, **tags)
    inside = within(land.outline, grid)
    return {"past_fires": {"cells": int(inside.sum()), "cells_unknown": int((inside & lost).sum())}}


def forest_roads(country: Country, out: Writer) -> Facts:
    """Write the public roads with the forestry's laid over them, and say what is wrong with how those are drawn."""
    land = country.land
    public = [w for w in country.ways if w.highway in GRADES]
    courses = [np.round(w.coords, 3) for w in public]
    met = Counter(p for c in courses for p in vertices(c))
    shared = {p for p, n in met.items() if n > 1}
    rows = [
        (w.name, GRADES[w.highway], _yes(w.bridge), TRANSPORT, drawn_loosely(c, shared, LOOSE_M))
        for w, c in zip(public, courses, strict=True)
    ]
    net = shapely.union_all([row[-1] for row in rows if row[2] == "否"])  # nothing turns off on a bridge
    belt = _belt(country, net)
    own = [(BELT, g) for g in belt] + [("", g) for g in _links(country, net, belt)]
    own = [(name, shapely.set_precision(g, 0.001)) for name, g in own]
    rows += [(name, FOREST_ROAD, "否", FORESTRY, g) for name, g in own]
    columns = ["路线名称", "道路等级", "桥梁", "填报单位", "geometry"]
    table = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=land.place.epsg)
    signed = land.place.stream("signs").random(len(table)) < 0.4
    table.insert(2, "限速", table["道路等级"].map(SIGNS_KMH).where(signed).astype("Int32"))
    out.zipped_shapefile("forest_roads.zip", table, land.place.epsg)
    lines = np.array([g for _, g in own])
    gaps = shapely.distance(shapely.points(np.vstack([shapely.get_coordinates(g)[[0, -1]] for g in lines])), net)
    km = table.length.groupby(table["填报单位"]).sum() / 1000
    return {
        "forest_roads": {
            "km": km.round(2).to_dict(),
            "belt_km": round(sum(g.length for name, g in own if name == BELT) / 1000, 2),
            "gaps_under_2_m": int((gaps < 2).sum()),
            "crossings_without_vertex": sum(len(_crossings(g, net)) for g in lines),
        }
    }


def _belt(country: Country, net: shapely.Geometry) -> list[LineString]:
    """Return the patrol road beside the border river; it stops at rivers, ponds and settlements."""
    land = country.land
    river = land.rivers["鸭绿江"].simplify(400)
    inner = max(
        (river.offset_curve(side * BELT_M) for side in (-1, 1)), key=lambda g: g.intersection(land.outline).length
    )
    shut = shapely.union_all([land.river_net().buffer(60), *land.reservoirs.buffer(100), country.built.buffer(150)])
    course = inner.simplify(150).intersection(land.outline.buffer(-300)).difference(shut)
    pieces = [g for g in shapely.get_parts(course) if g.length > 2500]
    led: list[LineString] = []
    for piece in pieces:
        on = _off(_off(piece, net, -1), net, 0)
        # where two pieces would end at one spot of a road, the second keeps its dead end
        apart = all(on.distance(other) > 5 for other in led)
        led.append(on if apart else _off(piece, net, -1))
    return led


def _links(country: Country, net: shapely.Geometry, belt: list[LineString]) -> list[LineString]:
    """Return roads over the hills between villages of two valleys, each stopping short of the village's road."""
    land, rng = country.land, country.land.place.stream("forest roads")
    rural = country.places[country.places.kind == "village"]
    xy = rural[["x", "y"]].to_numpy()
    walls = shapely.union_all([land.river_net().buffer(30), *land.reservoirs.buffer(100)])
    found: list[LineString] = []
    used: set[int] = set()
    for a in rng.permutation(len(xy)).tolist():
        far = np.hypot(*(xy - xy[a]).T)
        for b in np.argsort(far, kind="stable").tolist():
            if a in used or b in used or not LINK_KM[0] < far[b] / 1000 < LINK_KM[1]:
                continue
            ends = [shapely.shortest_line(shapely.Point(xy[k]), net).coords[1] for k in (a, b)]
            line = LineString(fractal(np.array(ends), rng, 4, 0.08))
            crossed = _crossings(line, net)
            if not line.is_simple or line.intersects(walls) or not 1 <= len(crossed) <= 4:
                continue
            if not line.within(land.outline.buffer(-300)) or any(line.distance(g) < 50 for g in [*belt, *found]):
                continue
            short = [float(v) for v in rng.uniform(*SHORT_M, 2)]
            drawn = substring(line, short[0], line.length - short[1])
            if all(
                s * 0.5 < net.distance(shapely.get_point(drawn, k)) < 2 for k, s in zip((0, -1), short, strict=True)
            ):
                found.append(drawn)
                used |= {a, b}
        if len(found) == LINKS:
            break
    return found


def _off(line: LineString, net: shapely.Geometry, end: int) -> LineString:
    """Return the line led on to the road nearest to one of its ends, but for the last metre."""
    tip = shapely.get_point(line, end)
    spur = LineString(shapely.shortest_line(tip, net))
    if not 30 < spur.length < 1500 or spur.intersection(line).length > 0:
        return line
    spur = substring(spur, 0, spur.length - 1.2)
    coords = list(spur.coords)
    whole = list(line.coords) + coords[1:] if end == -1 else coords[::-1] + list(line.coords)[1:]
    return LineString(whole)


def _crossings(line: LineString, net: shapely.Geometry) -> list[shapely.Point]:
    """Return where a line crosses the roads, its ends aside."""
    return [p for p in shapely.get_parts(line.intersection(net)) if p.geom_type == "Point"]


def _yes(tag: str) -> str:
    return "是" if tag else "否"
