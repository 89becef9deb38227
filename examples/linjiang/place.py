"""Linjiang city as data: names, codes and totals are real, every position is invented."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from synth.contents import Contents, Facts
from synth.country import Country
from synth.files import Writer
from synth.forest import grow_forest
from synth.geohazards import Danger, Home, Site, danger_id, tailings_dams
from synth.network import PRIMARY, SECONDARY, TERTIARY, TRUNK
from synth.place import Core, Fault, Park, Place, Pool, Relief, Route, Township
from synth.services import Service, Station, Store
from synth.shelters import Refuge
from synth.sites import highest, roadside, site_at

from . import forestry, woods

TOWNSHIPS = [
    Township("建国街道", "220681001", 26_500, (-30.4, -9.6), 0.55),
    Township("新市街道", "220681002", 18_200, (-26.6, -9.7), 0.55),
    Township("兴隆街道", "220681003", 14_300, (-28.5, -6.9), 0.6),
    Township("大湖街道", "220681004", 7_800, (-24.0, -3.4), 0.75),
    Township("森工街道", "220681005", 8_900, (-32.5, -4.6), 0.8),
    Township("大栗子街道", "220681006", 8_100, (-41.0, -14.0), 0.9),
    Township("桦树镇", "220681100", 5_900, (5.0, 17.0), 1.1),
    Township("六道沟镇", "220681101", 8_400, (2.0, -9.5), 1.1),
    Township("苇沙河镇", "220681102", 6_100, (-47.5, -21.0), 1.0),
    Township("花山镇", "220681103", 4_916, (-19.0, 12.5), 1.1),
    Township("闹枝镇", "220681104", 5_200, (-39.0, 3.5), 1.1),
    Township("四道沟镇", "220681105", 4_300, (-13.0, -8.5), 1.0),
    Township("蚂蚁河乡", "220681200", 3_000, (26.0, -2.0), 1.25),
]  # together 121,616: the census of 2020; the split is invented
ROUTES = [
    Route(
        TRUNK,
        "国道示例一线",
        [(-55.0, -24.0), "苇沙河镇", "大栗子街道", "建国街道", "四道沟镇", "六道沟镇", (20.0, -8.0), (50.0, 0.0)],
    ),
    Route(
        PRIMARY, "省道示例一线", ["新市街道", "大湖街道", (-22.0, 4.0), "花山镇", (-8.0, 15.0), "桦树镇", (12.0, 26.0)]
    ),
    Route(PRIMARY, "省道示例二线", ["兴隆街道", "森工街道", "闹枝镇", (-44.0, 12.0)]),
    Route(SECONDARY, "县道示例一线", ["六道沟镇", "蚂蚁河乡"]),
    Route(SECONDARY, "县道示例二线", ["桦树镇", (16.0, 9.0), "蚂蚁河乡"]),
    Route(SECONDARY, "县道示例三线", ["闹枝镇", "花山镇"]),
    Route(TERTIARY, "", ["四道沟镇", "大湖街道"]),
    Route(TERTIARY, "", ["示例矿业园", "大栗子街道"]),
]
LINJIANG = Place(
    name="临江市",
    code="220681",
    city="白山市",
    epsg="EPSG:4551",
    centre=(606_000.0, 4_628_000.0),  # about 127.28 E, 41.79 N
    area_km2=3008.5,
    outline_km=[
        (-53, -24),
        (-47, -27),
        (-42, -19),
        (-34, -15),
        (-26, -13.5),
        (-17, -13),
        (-8, -14),
        (2, -14),
        (11, -13),
        (20, -10),
        (29, -9),
        (38, -5),
        (46, 1),
        (44, 8),
        (36, 10),
        (28, 9),
        (22, 14),
        (17, 21),
        (10, 26),
        (2, 25),
        (-6, 22),
        (-14, 21),
        (-23, 20),
        (-31, 15),
        (-39, 14),
        (-46, 9),
        (-44, 0),
        (-48, -8),
        (-51, -16),
    ],
    townships=TOWNSHIPS,
    relief=Relief(
        rise=lambda _, north: 7.5 + 0.05 * north,
        floor=lambda east, north: 420 + 6.0 * (north + 16) + 1.5 * (east + 40),
        base_m=70,
        height_m=420,
        waves_m=(7600, 3600, 1600),
        valley_m=1900,
    ),
    rivers_km={
        "鸭绿江": [
            (52, 0),
            (40, -4.6),
            (30, -7.6),
            (20, -8.8),
            (10, -11.4),
            (0, -12),
            (-10, -12.2),
            (-20, -11.6),
            (-28, -12.2),
            (-36, -14.6),
            (-43, -18.6),
            (-49, -25.6),
            (-56, -26),
        ],
        "头道沟河": [(-36, 11), (-35, 4), (-33.4, -2), (-29, -6), (-28.6, -12.6)],
        "五道沟河": [(0, 24), (-6, 16), (-16, 10), (-20, 3), (-21.6, -4), (-20.6, -12)],
        "蚂蚁河": [(20, 12), (24, 4), (23, -2), (21, -9)],
    },
    cores=[Core("主城区", (-28.5, -8.8), 20.0, {"建国街道": 5, "新市街道": 4, "兴隆街道": 3}, spacing=270.0, greens=4)],
    parks=[Park("示例矿业园", (-37.0, -11.0), 1.8)],
    routes=ROUTES,
    pools=[
        Pool("示例五道沟水库", "五道沟河", 20_000, 21_800, 620, "中型", (0.0, -1.0)),
        Pool("示例蚂蚁河水库", "蚂蚁河", 6_000, 7_200, 420, "小(1)型", (0.0, -1.0)),
    ],
    grain=2.5,
    unit_m=1000.0,
    warp_m=500.0,
    settlements=118,
    village_gap_m=(2600.0, 300.0),
    village_side_m=(380.0, 700.0),
    village_street_m=(130.0, 160.0),
    settlement_weights=(4200.0, 1500.0, 520.0),
    household_sizes=(2.3, 2.7, 2.2, 2.6),
    seat_km2=1.1,
    seat_communities=2,
    people_seconds=6,
    buildings=2200,
    empty_buildings=80,
    tracks=50,
    forest_ha=240_000.0,
    dem_seconds=15,
)

KINDS = ["滑坡", "崩塌", "泥石流"]
POINTS, ROAD_POINTS = 64, 18
VOLUME = {"滑坡": (0.5, 45.0), "崩塌": (0.05, 8.0), "泥石流": (0.4, 22.0)}
LIMITS = {"滑坡": (10, 100), "崩塌": (1, 10), "泥石流": (2, 20)}  # medium and large from, 10^4 m3


def register(country: Country) -> tuple[list[Danger], list[Site], list[Home]]:
    """Return invented dangers: 18 on roads that slides and debris flows threaten, the others above villages."""
    rng = country.land.place.stream("register")
    sites = [site_at(country, x, y, "（公路沿线）") for x, y in roadside(country, ROAD_POINTS, rng)]
    rural = country.places[country.places.kind == "village"]
    for n in rng.permutation(len(rural))[: POINTS - ROAD_POINTS]:
        sites.append(site_at(country, *highest(country, rural.x.iloc[n], rural.y.iloc[n], rng.uniform(160, 330))))
    code = dict(zip(country.places.name, country.places.code, strict=True))
    dangers, homes = [], []
    for n, site in enumerate(sites):
        kind = str(rng.choice(KINDS, p=[0.4, 0.25, 0.35]))
        volume = round(float(np.exp(rng.uniform(*np.log(VOLUME[kind])))), 2)
        medium, large = LIMITS[kind]
        scale = "大型" if volume >= large else "中型" if volume >= medium else "小型"
        households = 0 if n < ROAD_POINTS else int(rng.integers(1, 26))
        people = households * 2 + int(rng.integers(0, households + 1))
        money = round(float(rng.uniform(4, 60)) + 5.0 * people, 1)
        grade = "中型" if people >= 100 or money >= 500 else "小型"
        found = f"20{rng.integers(6, 24):02d}-0{rng.integers(6, 10)}-{rng.integers(1, 29):02d}"
        dangers.append(Danger(kind, volume, scale, grade, people, households, money, "较稳定", "降雨", found))
        if households:
            number = danger_id(country.land.place, kind, n + 1)
            homes.append(Home(code[site.village], number, people, households))
    return dangers, sites, homes


TAILINGS = [(2, "三等", 700.0), (9, "四等", 900.0), (15, "四等", 650.0), (22, "五等", 800.0)]


def extras(country: Country, _: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write what the forestry and mining bureaux hand over."""
    forest = grow_forest(country.land, country.built.buffer(120))
    return {
        **fire_zones(country, forest, out),
        **forestry.reserves(country, out),
        **forestry.below_dams(country, tailings_dams(country, TAILINGS), out),
        **forestry.past_fires(country, out),
        **forestry.forest_roads(country, out),
        **woods.fuel(country, forest, out),
    }


def fire_zones(country: Country, forest: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the forest by fire zone: 高危区 along the border, 高风险区 near settlements, 一般风险区 elsewhere."""
    land = country.land
    border = land.rivers["鸭绿江"].buffer(4000)
    near = shapely.union_all([p.area.buffer(1500) for p in country.towns + country.villages]).difference(border)
    rows = []
    for name, mask in (
        ("高危区", border),
        ("高风险区", near),
        ("一般风险区", land.outline.difference(border).difference(near)),
    ):
        inside = shapely.simplify(shapely.set_precision(forest.union_all().intersection(mask), 1.0), 25.0)
        rows += [
            (f"示例{name}{n + 1:03d}", "林地", name, g) for n, g in enumerate(shapely.get_parts(inside)) if g.area > 2e4
        ]
    table = gpd.GeoDataFrame(
        rows, columns=["name", "kind", "火险区划", "geometry"], geometry="geometry", crs=land.place.epsg
    )
    out.areas("forest", table)
    hectares = (table.area.groupby(table["火险区划"], sort=False).sum() / 1e4).round(1)
    return {"forest_fire_zones_ha": hectares.to_dict()}


LINJIANG_CONTENTS = Contents(
    place=LINJIANG,
    title="the Yalu fault zone",
    fault=Fault(-45.0, 30.0, 0.16, -80.0),
    flood_m={"鸭绿江": 3.0, "头道沟河": 1.7, "五道沟河": 1.9, "蚂蚁河": 1.5},
    rain=lambda east, north: 0.5 - 0.003 * east + 0.004 * north,
    flood_step_m=100,
    weak_townships=("蚂蚁河乡", "桦树镇"),
    stations=[
        Station("示例城区一级站", "一级站", (-29.2, -9.6), None, 5, 40),
        Station("示例新市二级站", "二级站", (-26.6, -9.6), None, 3, 22),
        Station("示例矿业园企业专职队", "企业专职队", "示例矿业园", 45, 2, 14),
        Station("示例桦树乡镇专职队", "乡镇专职队", "桦树镇", None, 1, 10),
        Station("示例六道沟乡镇专职队", "乡镇专职队", "六道沟镇", None, 1, 10),
    ],
    services={
        "学校": Service(26, "学校", 60, 1500),
        "医院": Service(14, "医院", 20, 420),
        "养老院": Service(9, "养老院", 20, 120),
        "加油站": Service(12, "加油站", 3, 10),
        "消防安全重点单位": Service(40, "商厦", 30, 1200),
        "政府机关": Service(14, "政务中心", 15, 180),
        "医疗急救站": Service(2, "急救站", 6, 16),
    },
    refuge=Refuge(
        ratio={
            t.name: r
            for t, r in zip(
                TOWNSHIPS, [1.02, 1.0, 1.05, 1.1, 0.92, 1.0, 1.2, 1.1, 1.05, 1.1, 1.0, 1.15, 1.3], strict=True
            )
        },
        without_capacity=(5, 14, 21),
    ),
    teams={
        "综合应急救援队": 6,
        "森林防火队伍": 38,
        "防汛抢险队伍": 22,
        "矿山救护队": 3,
        "医疗救护队": 6,
        "社会救援力量": 12,
        "基层应急队伍": 22,
    },
    team_people={
        "综合应急救援队": 190,
        "森林防火队伍": 860,
        "防汛抢险队伍": 440,
        "矿山救护队": 60,
        "医疗救护队": 90,
        "社会救援力量": 260,
        "基层应急队伍": 400,
    },  # together 109 teams and 2,300 people: the plan's; the split is invented
    stores=[
        Store("生活类", "救灾帐篷", "顶"),
        Store("生活类", "棉被", "床"),
        Store("防汛物资", "编织袋", "条"),
        Store("森林防火物资", "风力灭火机", "台", 460),
        Store("综合物资", "应急照明", "套"),
    ],
    register=register,
    tailings=TAILINGS,
    wardens_a_town=6,
    extra=extras,
)
