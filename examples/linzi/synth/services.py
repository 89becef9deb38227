"""Fire stations, shelters, facilities, hospitals, teams, supplies, wardens: what answers an emergency."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.affinity import rotate

from .common import METRIC, Coords, from_km, shares, stream
from .country import Country
from .industry import ALL_ENTERPRISES, company_names
from .names import TOWNSHIPS
from .people import off_streets

STATIONS = [  # name, kind, place (km), own turnout, engines, firefighters
    ("闻韶特勤站", "特勤站", (-1.5, 6.1), None, 6, 52),
    ("雪宫一级站", "一级站", (2.7, 5.7), None, 5, 42),
    ("辛店一级站", "一级站", (-1.9, 2.9), None, 5, 40),
    ("稷下小型站", "小型站", (3.2, 3.0), None, 2, 15),
    ("示例齐鲁化工区企业专职队", "企业专职队", (1.2, -1.8), 45, 5, 38),
    ("凤凰二级站", "二级站", (-7.5, 4.7), None, 3, 22),
    ("朱台乡镇专职队", "乡镇专职队", (-8.2, 12.2), None, 2, 14),
    ("示例东部物流化工园企业专职队", "企业专职队", (9.0, -0.6), None, 3, 18),
    ("金山乡镇专职队", "乡镇专职队", (0.4, -9.5), None, 2, 12),
]
SHELTER_RATIO = [
    1.06,
    0.82,
    1.04,
    1.10,
    1.20,
    1.05,
    0.91,
    1.08,
    1.02,
    1.15,
    1.03,
    1.30,
]  # of 2.5 m2 a head, by township
SHELTER_M2 = 2.5
PER_HEAD_M2 = {"紧急": 1.0, "短期": 2.0, "中期": 3.0, "长期": 4.5}
FACILITIES = {  # kind: how many, name ending, least and most people
    "学校": (108, "学校", 180, 2400),
    "医院": (14, "医院", 80, 900),
    "养老院": (26, "养老院", 30, 220),
    "加油站": (45, "加油站", 3, 14),
    "消防安全重点单位": (120, "商厦", 60, 2600),
    "政府机关": (13, "政务中心", 25, 260),
    "医疗急救站": (3, "急救站", 8, 30),
}


def beside_streets(country: Country, points: Coords) -> Coords:
    """Move points to the side of the street nearest to them, 18 m from its middle."""
    lines = np.array(country.streets())
    made = shapely.points(points)
    near = lines[shapely.STRtree(lines).nearest(made)]
    foot = shapely.get_coordinates(shapely.line_interpolate_point(near, shapely.line_locate_point(near, made)))
    off = points - foot
    unit = off / np.maximum(np.hypot(*off.T), 1e-6)[:, None]
    unit[np.hypot(*unit.T) < 0.5] = (0.0, 1.0)
    return off_streets(foot + unit * 18, country.streets())


def fire_stations(country: Country) -> gpd.GeoDataFrame:
    """Return nine stations with 33 engines and 253 firefighters."""
    rows = pd.DataFrame(STATIONS, columns=["name", "kind", "km", "turnout_s", "engines", "people"])
    rows.insert(0, "id", [f"XF{n + 1:02d}" for n in range(len(rows))])
    rows["turnout_s"] = rows.turnout_s.astype("Int64")
    xy = beside_streets(country, from_km(rows.km.tolist()))
    return gpd.GeoDataFrame(rows.drop(columns="km"), geometry=shapely.points(xy), crs=METRIC)


def shelters(country: Country) -> gpd.GeoDataFrame:
    """Return shelters as polygons; their effective area nearly meets 2.5 m2 a head, not in every township."""
    rng = stream("shelters")
    rows = []
    streets = shapely.union_all(country.streets())
    blocked = shapely.union_all(
        [
            shapely.buffer(streets, 14),
            country.land.river_net().buffer(150),
            country.land.rail.buffer(60),
            country.land.motorway.buffer(80),
            *[t.area for t in country.towns if t.kind == "park"],
        ]
    )
    green_in = country.land.township_at(np.array([g.centroid.coords[0] for g in country.green]))
    for t, (row, ratio) in enumerate(zip(TOWNSHIPS, SHELTER_RATIO, strict=True)):
        total = round(row.people * SHELTER_M2 * ratio)
        parks = [g for g, owner in zip(country.green, green_in, strict=True) if owner == t]
        yards = 2 if t < 4 else 3 if row.name in ("金山镇", "凤凰镇", "朱台镇", "齐都镇") else 2
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
    table = gpd.GeoDataFrame(rows, columns=["town", "effective_m2", "geometry"], geometry="geometry", crs=METRIC)
    return _describe(table, rng)


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
    raise ValueError(f"no free ground of {area:.0f} m2 in township {town}")


def _describe(table: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Add ids, names, kinds and capacities; six shelters know their area but not their capacity."""
    kind = np.select(
        [table.effective_m2 >= 50_000, table.effective_m2 >= 20_000, table.effective_m2 >= 6000],
        ["长期", "中期", "短期"],
        "紧急",
    )
    capacity = pd.Series(
        [int(a / PER_HEAD_M2[k]) for a, k in zip(table.effective_m2, kind, strict=True)], dtype="Int64"
    )
    capacity[[3, 9, 16, 22, 29, 35]] = pd.NA
    number = table.groupby("town").cumcount()
    short = table.town.str.removesuffix("街道").str.removesuffix("镇")
    word = np.where(table.effective_m2 > 20_000, "公园", "学校")
    return table.assign(
        id=[f"BN{n + 1:02d}" for n in range(len(table))],
        name=[f"{s}示例第{n + 1}{w}避难场所" for s, n, w in zip(short, number, word, strict=True)],
        kind=kind,
        capacity=capacity,
        indoor=(word == "学校") & (rng.random(len(table)) < 0.5),
        area_m2=table.area.round().astype(int),
    )


def facilities(
    country: Country,
    buildings: gpd.GeoDataFrame,
    sources: gpd.GeoDataFrame,
    underpasses: list[tuple[float, float, str]],
) -> gpd.GeoDataFrame:
    """Return all facilities: services near people, 189 hazchem enterprises, railway underpasses."""
    rng = stream("facilities")
    homes = buildings[buildings.households > 0]
    xy = np.column_stack([homes.geometry.x, homes.geometry.y])
    rows: list[tuple[str, str, float, float, int | None]] = []
    for kind, (count, ending, least, most) in FACILITIES.items():
        urban = homes.floors.to_numpy() > 2
        weight = np.where(urban, 3.0, 0.0 if kind == "消防安全重点单位" else 0.8) * homes.people.to_numpy() ** 0.5
        pick = rng.choice(len(xy), count, replace=False, p=weight / weight.sum())
        spots = beside_streets(country, xy[pick] + rng.uniform(-60, 60, (count, 2)))
        rows += [(f"示例{ending}{n + 1:03d}", kind, *p, int(rng.integers(least, most))) for n, p in enumerate(spots)]
    plants = sources.groupby("enterprise", sort=False).geometry.apply(lambda g: g.union_all().centroid)
    rows += [(name, "危险化学品企业", p.x, p.y, int(rng.integers(25, 900))) for name, p in plants.items()]
    rest = [n for n in company_names() if n not in plants.index][: ALL_ENTERPRISES - len(plants)]
    spots = beside_streets(
        country, xy[rng.choice(len(xy), len(rest), replace=False)] + rng.uniform(-250, 250, (len(rest), 2))
    )
    rows += [(name, "危险化学品企业", *p, int(rng.integers(4, 60))) for name, p in zip(rest, spots, strict=True)]
    rows += [
        (f"{road or '乡村道路'}铁路桥涵{n + 1:02d}", "铁路桥涵", x, y, None)
        for n, (x, y, road) in enumerate(underpasses)
    ]
    table = pd.DataFrame(rows, columns=["name", "kind", "x", "y", "people"])
    points = table[["x", "y"]].to_numpy()
    town = country.land.township_at(points)
    table = table.assign(
        id=[f"SS{n + 1:04d}" for n in range(len(table))],
        town=[TOWNSHIPS[t].name for t in town],
        people=table.people.astype("Int64"),
    )
    return gpd.GeoDataFrame(table.drop(columns=["x", "y"]), geometry=shapely.points(points.round(2)), crs=METRIC)


def hospitals(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return hospitals and emergency stations, taken from the facilities, with beds."""
    rng = stream("hospitals")
    table = places[places.kind.isin(["医院", "医疗急救站"])].reset_index(drop=True)
    kind = np.where(
        table.kind == "医疗急救站",
        "急救站",
        rng.choice(["综合医院", "中医医院", "乡镇卫生院"], len(table), p=[0.3, 0.2, 0.5]),
    )
    beds = np.select(
        [kind == "综合医院", kind == "中医医院", kind == "乡镇卫生院"],
        [rng.integers(200, 620, len(table)), rng.integers(60, 140, len(table)), rng.integers(15, 60, len(table))],
        0,
    )
    return table.assign(id=[f"YY{n + 1:02d}" for n in range(len(table))], kind=kind, beds=beds)[
        ["id", "name", "kind", "people", "beds", "geometry"]
    ]


def teams_and_supplies(country: Country) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return rescue teams and supply stores."""
    rng = stream("teams")
    seats = [t for t in country.towns if t.kind != "park"]
    spots = np.array([seats[n % len(seats)].centre for n in range(14)]) + rng.uniform(-700, 700, (14, 2))
    kinds = (
        ["综合应急救援队"] * 2
        + ["危化品救援队"] * 4
        + ["森林防火队伍"] * 3
        + ["防汛抢险队伍"] * 3
        + ["社会救援力量"] * 2
    )
    teams = pd.DataFrame(
        {
            "id": [f"DW{n + 1:02d}" for n in range(14)],
            "name": [f"示例{k}{n + 1:02d}" for n, k in enumerate(kinds)],
            "kind": kinds,
            "people": rng.integers(12, 60, 14),
        }
    )
    stores = pd.DataFrame(
        {
            "id": [f"WZ{n + 1:02d}" for n in range(8)],
            "name": [f"示例物资储备点{n + 1:02d}" for n in range(8)],
            "kind": ["生活类", "生活类", "防汛物资", "危化救援物资", "防汛物资", "综合物资", "危化救援物资", "生活类"],
            "item": ["救灾帐篷", "棉被", "排水泵车", "泡沫灭火剂", "编织袋", "应急照明", "防化服", "食品饮水"],
            "stock": rng.integers(20, 3000, 8),
            "unit": ["顶", "床", "台", "吨", "条", "套", "套", "份"],
        }
    )
    places = np.array([seats[n % len(seats)].centre for n in range(8)]) + rng.uniform(-600, 600, (8, 2))
    stores.loc[2, "stock"], stores.loc[3, "stock"] = 12, 86
    return (
        gpd.GeoDataFrame(teams, geometry=shapely.points(beside_streets(country, spots)), crs=METRIC),
        gpd.GeoDataFrame(stores, geometry=shapely.points(beside_streets(country, places)), crs=METRIC),
    )
