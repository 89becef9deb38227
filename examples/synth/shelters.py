"""Shelters: parks and school yards whose usable area is a stated number of square metres by township."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.affinity import rotate

from .country import Country
from .drawing import shares

M2_A_HEAD = 2.5
PER_HEAD_M2 = {"紧急": 1.0, "短期": 2.0, "中期": 3.0, "长期": 4.5}


@dataclass(frozen=True)
class Refuge:
    """What shelters a place has: m2 by township as a ratio of 2.5 m2 a head, and yards beside the parks.

    ``heads`` counts the people of a township who are to be sheltered; all of them when it is not named.
    """

    ratio: Mapping[str, float]
    yards: Mapping[str, int] = field(default_factory=dict)
    heads: Mapping[str, int] = field(default_factory=dict)
    without_capacity: tuple[int, ...] = ()


def shelters(country: Country, refuge: Refuge) -> gpd.GeoDataFrame:
    """Return shelters as polygons; townships without a ratio have none."""
    place, land = country.land.place, country.land
    rng = place.stream("shelters")
    rows = []
    streets = shapely.union_all(country.streets())
    blocked = shapely.union_all(
        [
            shapely.buffer(streets, 14),
            land.river_net().buffer(150),
            land.rail.buffer(60),
            land.motorway.buffer(80),
            *[t.area for t in country.towns if t.kind == "park"],
        ]
    )
    green_in = land.township_at(np.array([g.centroid.coords[0] for g in country.green]))
    for t, row in enumerate(place.townships):
        if row.name not in refuge.ratio:
            continue
        total = round(refuge.heads.get(row.name, row.people) * M2_A_HEAD * refuge.ratio[row.name])
        parks = [g for g, owner in zip(country.green, green_in, strict=True) if owner == t]
        yards = refuge.yards.get(row.name, 2)
        weight = np.r_[
            rng.uniform(5, 7, len(parks)), rng.uniform(0.25, 0.6, yards) if parks else rng.uniform(0.8, 1.6, yards)
        ]
        effective = shares(total, weight)
        for n, area in enumerate(effective):
            ground = (
                _park_ground(parks[n], area / 0.72)
                if n < len(parks)
                else _free_ground(country, t, area / 0.74, blocked, streets, rng)
            )
            blocked = blocked.union(ground.buffer(20))
            rows.append((row.name, int(area), ground))
    table = gpd.GeoDataFrame(rows, columns=["town", "effective_m2", "geometry"], geometry="geometry", crs=place.epsg)
    return _describe(table, refuge, rng)


def _park_ground(block: shapely.Polygon, area: float) -> shapely.Polygon:
    """Return a part of a park of the wanted size."""
    if area > block.area:
        raise ValueError(f"a park of {block.area:.0f} m2 can't hold {area:.0f} m2")
    k = float(np.sqrt(area / block.area))
    return shapely.transform(
        block, lambda c: np.round((c - block.centroid.coords[0]) * k + block.centroid.coords[0], 2)
    )


def _free_ground(
    country: Country,
    town: int,
    area: float,
    blocked: shapely.Geometry,
    streets: shapely.Geometry,
    rng: np.random.Generator,
) -> shapely.Polygon:
    """Return a free rectangle near a larger village or community of a township, with a road not far off."""
    shapely.prepare(blocked)
    land = country.land.townships.geometry.iloc[town].buffer(-60)
    own = country.places[country.places.town == town].nlargest(14, "people")
    side = np.sqrt(area)
    for _ in range(4000):
        home = own.iloc[int(rng.integers(len(own)))]
        away, turn = rng.uniform(90, 650), rng.uniform(0, 2 * np.pi)
        x, y = home.x + away * np.cos(turn), home.y + away * np.sin(turn)
        long = side * rng.uniform(1.0, 1.3)
        ground = rotate(
            shapely.box(x - long / 2, y - area / long / 2, x + long / 2, y + area / long / 2), rng.uniform(-12, 12)
        )
        if land.contains(ground) and not blocked.intersects(ground) and streets.distance(ground) < 70:
            return shapely.transform(ground, lambda c: np.round(c, 2))
    raise ValueError(f"no free ground of {area:.0f} m2 in {country.land.place.townships[town].name}")


def _describe(table: gpd.GeoDataFrame, refuge: Refuge, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Add ids, names, kinds and capacities; some shelters know their area but not their capacity."""
    kind = np.select(
        [table.effective_m2 >= 50_000, table.effective_m2 >= 20_000, table.effective_m2 >= 6000],
        ["长期", "中期", "短期"],
        "紧急",
    )
    capacity = pd.Series(
        [int(a / PER_HEAD_M2[k]) for a, k in zip(table.effective_m2, kind, strict=True)], dtype="Int64"
    )
    capacity[list(refuge.without_capacity)] = pd.NA
    number = table.groupby("town").cumcount()
    short = table.town.str.removesuffix("街道").str.removesuffix("镇").str.removesuffix("乡")
    word = np.where(table.effective_m2 > 20_000, "公园", "学校")
    return table.assign(
        id=[f"BN{n + 1:02d}" for n in range(len(table))],
        name=[f"{s}示例第{n + 1}{w}避难场所" for s, n, w in zip(short, number, word, strict=True)],
        kind=kind,
        capacity=capacity,
        indoor=(word == "学校") & (rng.random(len(table)) < 0.5),
        area_m2=table.area.round().astype(int),
    )
