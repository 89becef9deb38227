"""Yonghe county as data: names, codes and totals are real, every position is invented."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from synth.contents import Contents, Facts
from synth.country import Country
from synth.drawing import shares
from synth.files import Writer
from synth.geohazards import Danger, Home, Site, danger_id
from synth.grids import metres, within
from synth.network import PRIMARY, SECONDARY, TERTIARY, TRUNK
from synth.pipelines import Pipe
from synth.place import Core, Fault, Park, Place, Pool, Relief, Route, Township
from synth.services import Service, Station, Store
from synth.shelters import Refuge
from synth.sites import highest, roadside, site_at

TOWNSHIPS = [
    Township("芝河镇", "141032100", 21_400, (1.0, 0.5), 1.0),
    Township("桑壁镇", "141032101", 7_300, (9.0, -13.0), 1.0),
    Township("坡头乡", "141032203", 5_900, (12.0, 3.0), 0.9),
    Township("乾坤湾乡", "141032205", 6_800, (-11.5, -9.0), 1.1),
    Township("望海寺乡", "141032206", 4_700, (-9.0, 8.5), 1.0),
    Township("楼山乡", "141032207", 3_846, (3.0, 14.0), 0.95),
]  # together 49,946: the census of 2020; the split is invented
ROUTES = [
    Route(TRUNK, "国道示例线", [(-19.0, -3.0), (-5.0, -1.5), "芝河镇", (9.0, 1.0), (19.0, 4.0)]),
    Route(PRIMARY, "省道示例一线", [(3.5, 20.0), "楼山乡", "芝河镇", (4.0, -7.0), "桑壁镇", (10.0, -20.0)]),
    Route(SECONDARY, "县道示例一线", ["芝河镇", (-6.0, -5.0), "乾坤湾乡", (-17.0, -12.0)]),
    Route(SECONDARY, "县道示例二线", ["芝河镇", "望海寺乡", (-16.0, 12.0)]),
    Route(SECONDARY, "县道示例三线", ["芝河镇", "坡头乡"]),
    Route(TERTIARY, "", ["乾坤湾乡", "桑壁镇"]),
    Route(TERTIARY, "", ["望海寺乡", "楼山乡"]),
    Route(TERTIARY, "", ["坡头乡", "楼山乡"]),
    Route(TERTIARY, "", ["示例工业集中区", "芝河镇"]),
]
YONGHE = Place(
    name="永和县",
    code="141032",
    city="临汾市",
    epsg="EPSG:4546",
    centre=(465_000.0, 4_065_000.0),  # about 110.61 E, 36.73 N
    area_km2=1214.38,
    outline_km=[
        (-2, 21),
        (5, 20),
        (10, 17),
        (13, 12),
        (18, 9),
        (19, 3),
        (17, -3),
        (18, -9),
        (14, -15),
        (10, -20),
        (3, -21),
        (-3, -18),
        (-9, -19),
        (-15, -15),
        (-18, -9),
        (-16, -3),
        (-18, 4),
        (-16, 11),
        (-11, 14),
        (-8, 19),
    ],
    townships=TOWNSHIPS,
    relief=Relief(
        rise=lambda east, north: 7.0 + 0.05 * north - 0.1 * east,
        floor=lambda east, north: 720 + 9.0 * (east + 18) + 3.0 * (north + 10),
        base_m=40,
        height_m=230,
        waves_m=(4200, 1900, 900),
        valley_m=1200,
    ),
    rivers_km={
        "芝河": [(6, 22), (3.5, 14.5), (1.6, 6), (1.8, 0), (-3, -4), (-8, -8.4), (-13, -12), (-22, -15)],
        "桑壁河": [(21, -8), (14, -10), (9.6, -12.2), (4, -14), (-1, -15), (-6, -20), (-8, -26)],
    },
    cores=[Core("县城", (1.0, 0.9), 5.0, {"芝河镇": 4}, spacing=240.0, greens=2)],
    parks=[Park("示例工业集中区", (6.5, -3.5), 1.6)],
    routes=ROUTES,
    pools=[Pool("示例河川水库", "桑壁河", 4000, 5200, 380, "小(1)型", (-1.0, 0.0))],
    grain=1.6,
    unit_m=800.0,
    warp_m=900.0,
    settlements=78,  # 69 villages; communities: 4 in the county town, 1 at each other seat
    village_gap_m=(2100.0, 300.0),
    settlement_weights=(3000.0, 1200.0, 420.0),
    household_sizes=(2.5, 3.0, 2.5, 2.9),
    seat_km2=0.7,
    seat_communities=1,
    people_seconds=3,
    buildings=1500,
    empty_buildings=60,
    tracks=96,
    forest_ha=34_666.67,  # 520,000 mu
    dem_seconds=6,
)

IN_TOWN = [("大型", 6), ("中型", 10), ("小型", 5)]
ON_ROADS = 35
POINTS = 180
HOUSEHOLDS = [("town", 16, 62, 197), ("芝河镇", 5, 8, 34), ("桑壁镇", 2, 2, 9)]  # where, points, households, people
VOLUME = {
    "滑坡": {"大型": (100, 420), "中型": (10, 90), "小型": (0.4, 9.5)},
    "崩塌": {"大型": (10, 60), "中型": (1, 9.5), "小型": (0.02, 0.95)},
}


def register(country: Country) -> tuple[list[Danger], list[Site], list[Home]]:
    """Return 180 dangers: 21 in the county town (6 large, 10 medium, 5 small), 35 small ones on roads, 124 small ones."""
    rng = country.land.place.stream("register")
    scales = [scale for scale, count in IN_TOWN for _ in range(count)] + ["小型"] * (POINTS - 21)
    sites = [
        *_town_sites(country, 21, rng),
        *_road_sites(country, rng),
        *_village_sites(country, POINTS - 21 - ON_ROADS, rng),
    ]
    people, households, homes = _high_risk(country, sites)
    dangers = []
    for n, scale in enumerate(scales):
        kind = "崩塌" if rng.random() < (0.75 if 21 <= n < 21 + ON_ROADS else 0.4) else "滑坡"
        low, high = VOLUME[kind][scale]
        worth = float(rng.uniform(3, 60)) + 4.5 * people[n]
        cause = "切坡" if n < 21 + ON_ROADS else "降雨"
        trend = str(rng.choice(["较稳定", "不稳定"], p=[0.7, 0.3]))
        found = f"20{rng.integers(5, 24):02d}-0{rng.integers(6, 10)}-{rng.integers(1, 29):02d}"
        grade = "小型" if people[n] < 100 else "中型"
        volume = round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 2)
        dangers.append(
            Danger(kind, volume, scale, grade, people[n], households[n], round(worth, 1), trend, cause, found)
        )
    named = [h._replace(geohazard_id=danger_id(country.land.place, dangers[n].kind, n + 1)) for n, h in homes]
    return dangers, sites, named


def _high_risk(country: Country, sites: list[Site]) -> tuple[list[int], list[int], list[tuple[int, Home]]]:
    """Return people and households per point: 72 households with 240 people live in high-risk areas, nobody else below one."""
    place = country.land.place
    people, households = [0] * len(sites), [0] * len(sites)
    homes: list[tuple[int, Home]] = []
    code = dict(zip(country.places.name, country.places.code, strict=True))
    for where, points, count, persons in HOUSEHOLDS:
        if where == "town":
            mine = list(range(points))
        else:
            mine = [n for n, s in enumerate(sites) if n >= 21 + ON_ROADS and place.townships[s.town].name == where][
                :points
            ]
        split = shares(count, np.arange(len(mine), 0, -1) + 4.0, least=1)
        heads = shares(persons, split, least=1)
        for n, h, p in zip(mine, split, heads, strict=True):
            people[n], households[n] = int(p), int(h)
            homes.append((n, Home(code[sites[n].village], "", int(p), int(h))))
    return people, households, homes


def _town_sites(country: Country, count: int, rng: np.random.Generator) -> list[Site]:
    """Return sites on the slopes at the rim of the county town."""
    edge = next(t.area for t in country.towns if t.kind == "town").exterior
    spots = [edge.interpolate((n + rng.uniform(0.1, 0.9)) / count, normalized=True) for n in range(count)]
    return [site_at(country, *highest(country, p.x, p.y, 60)) for p in spots]


def _road_sites(country: Country, rng: np.random.Generator) -> list[Site]:
    """Return sites at cut slopes, about 12 m from a road outside the settlements."""
    return [site_at(country, x, y, "（道路沿线）") for x, y in roadside(country, ON_ROADS, rng)]


def _village_sites(country: Country, count: int, rng: np.random.Generator) -> list[Site]:
    """Return sites above villages, at least one above each until the number is used up."""
    rural = country.places[country.places.kind == "village"]
    order = np.concatenate([rng.permutation(len(rural)) for _ in range(-(-count // len(rural)))])[:count]
    return [site_at(country, *highest(country, rural.x.iloc[n], rural.y.iloc[n], rng.uniform(190, 420))) for n in order]


def slip(country: Country, _: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the townships as the plan prints them: 49,946 in a column headed 万人, a slip that ``riskmap check`` must catch."""
    towns = country.land.townships
    table = towns.rename(columns={"name": "名称", "code": "区划代码", "population": "常住人口(万人)"})
    out.geojson("slip/townships_plan.geojson", table)
    track = [w.line.length for w in country.ways if w.highway == "track"]
    roads = shapely.union_all([w.line for w in country.ways if w.highway == "track"])
    return {"population_slip": {"rows": len(table)}, "track_km": round(roads.length / 1000, 2), "tracks": len(track)}


OLD_AND_YOUNG = (0.45, 0.36, 0.25)
"""Shares of old people and children from which a village group has level 1, 2, 3 of vulnerability; 1 is the worst."""
CAVES = {"高": 0.6, "中高": 0.45, "中": 0.3, "中低": 0.03, "低": 0.0}
"""Shares of cave dwellings from which the houses of a village group have a word of vulnerability."""


def village_groups(country: Country, out: Writer) -> Facts:
    """Write the ground of every village and community with how its people and its houses withstand."""
    places, towns = country.places, country.land.townships
    rng = country.land.place.stream("village groups")
    pieces = []
    for town, ground in enumerate(towns.geometry):  # a group ends at the line of its township
        own = np.flatnonzero(places.town == town)
        nearest = shapely.MultiPoint(country.place_points()[own])
        parts = np.array(shapely.voronoi_polygons(nearest, extend_to=ground.buffer(9000), ordered=True).geoms)
        pieces += [(n, shapely.intersection(part, ground)) for n, part in zip(own, parts, strict=True)]
    ground = [piece for _, piece in sorted(pieces, key=lambda p: p[0])]
    rural = (places.kind == "village").to_numpy()
    old = np.where(rural, rng.uniform(0.3, 0.52, len(places)), rng.uniform(0.22, 0.38, len(places))).round(3)
    caves = np.where(rural, rng.uniform(0.1, 0.8, len(places)), rng.uniform(0.0, 0.2, len(places))).round(3)
    table = {
        "村社代码": places.code,
        "村社名称": places.name,
        "常住人口": places.people,
        "户数": places.households,
        "老幼比例": old,
        "人口脆弱": 1 + sum((old < limit).astype(int) for limit in OLD_AND_YOUNG),
        "窑洞比例": caves,
        "房屋易损": [next(word for word, least in CAVES.items() if share >= least) for share in caves],
    }
    frame = gpd.GeoDataFrame(table, geometry=ground, crs=towns.crs)
    out.zipped_shapefile("village_groups.zip", frame, towns.crs)
    level, word = frame.人口脆弱.value_counts().sort_index(), frame.房屋易损.value_counts()
    return {
        "village_groups": {
            "rows": len(frame),
            "km2": round(frame.area.sum() / 1e6, 3),
            "people_levels": {str(n): int(count) for n, count in level.items()},
            "house_levels": {w: int(word.get(w, 0)) for w in CAVES},
        }
    }


def floor_space(country: Country, buildings: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write floor space as m2 for each m2 of ground."""
    grid = metres(country.land.place, country.land.outline, 100)
    rows, cols = grid.index(buildings.geometry.x.to_numpy(), buildings.geometry.y.to_numpy())
    held = np.zeros(grid.shape)
    np.add.at(held, (rows, cols), buildings.area_m2.to_numpy())
    known = within(country.land.outline.buffer(250), grid)
    tags = {"UNIT": "m2 of floor per m2 of ground", "CONTENT": "density"}
    out.raster("exposure_buildings.tif", grid, np.where(known, held / grid.step**2, -1), "float32", -1, **tags)
    return {"exposure_buildings": {"floor_m2": int(buildings.area_m2.sum())}}


def own_files(country: Country, buildings: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write what Yonghe alone has."""
    return {**slip(country, buildings, out), **village_groups(country, out), **floor_space(country, buildings, out)}


YONGHE_CONTENTS = Contents(
    place=YONGHE,
    title="the Fen graben",
    fault=Fault(60.0, 20.0, 0.34, 70.0),
    flood_m={"芝河": 2.2, "桑壁河": 1.6},
    rain=lambda east, north: 0.45 + 0.006 * east - 0.004 * north,
    flood_step_m=60,
    weak_townships=("楼山乡", "望海寺乡"),
    pipes=[
        Pipe("天然气", 610, 6.3, 2013, [(-15.0, -6.5), (-4.0, -3.0), (6.0, -5.0), (16.5, -2.0)]),
        Pipe("天然气", 323.9, 4.0, 2017, [(5.0, -4.8), (3.6, 4.0), (6.5, 12.0)]),
        Pipe("天然气", 219.1, 2.5, 2019, [(6.2, -5.2), (11.0, -9.0), (11.5, -15.0)]),
        Pipe("天然气", 159, 1.6, 2021, [(-5.0, -3.2), (-7.5, 2.5), (-8.5, 7.0)]),
    ],
    pipe_km={"天然气": 73.5},
    stations=[
        Station("示例永和一级站", "一级站", (1.4, 0.4), None, 5, 32),
        Station("示例桑壁乡镇专职队", "乡镇专职队", "桑壁镇", None, 1, 8),
        Station("示例乾坤湾乡镇专职队", "乡镇专职队", "乾坤湾乡", None, 1, 8),
    ],
    services={
        "学校": Service(22, "学校", 60, 1200),
        "医院": Service(8, "医院", 20, 260),
        "养老院": Service(6, "养老院", 20, 90),
        "加油站": Service(7, "加油站", 3, 9),
        "消防安全重点单位": Service(36, "商厦", 30, 900),
        "政府机关": Service(7, "政务中心", 15, 140),
        "医疗急救站": Service(1, "急救站", 6, 12),
    },
    refuge=Refuge(
        ratio={"芝河镇": 1.04, "桑壁镇": 1.1, "坡头乡": 1.02, "乾坤湾乡": 1.05, "望海寺乡": 0.9, "楼山乡": 1.0},
        without_capacity=(4,),
    ),
    teams={"综合应急救援队": 1, "森林防火队伍": 3, "防汛抢险队伍": 2, "医疗救护队": 1},
    stores=[
        Store("生活类", "救灾帐篷", "顶"),
        Store("生活类", "棉被", "床"),
        Store("防汛物资", "编织袋", "条"),
        Store("综合物资", "应急照明", "套"),
    ],
    register=register,
    wardens_a_town=4,
    extra=own_files,
)
