"""Hegang city as data: names, codes and totals are real, every position is invented."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from synth.contents import Contents, Facts
from synth.country import Country
from synth.files import Writer
from synth.forest import grow_forest
from synth.network import PRIMARY, SECONDARY, TERTIARY, TRUNK
from synth.pipelines import Pipe
from synth.place import Core, Fault, Park, Place, Pool, Relief, Route, Township
from synth.plants import Industry
from synth.services import Service, Station, Store
from synth.shelters import Refuge

from .bureaux import county_roads
from .works import after_works

COUNTIES = {
    "230402": "向阳区",
    "230403": "工农区",
    "230404": "南山区",
    "230405": "兴安区",
    "230406": "东山区",
    "230407": "兴山区",
    "230421": "萝北县",
    "230422": "绥滨县",
}
TOWNSHIPS = [
    # a district counts as one unit: its code and 000; people of the census of 2020
    Township("向阳区", "230402000", 72_867, (-53.4, -35.2), 0.5),
    Township("工农区", "230403000", 136_519, (-57.2, -37.6), 0.5),
    Township("南山区", "230404000", 119_662, (-53.0, -40.6), 0.5),
    Township("兴安区", "230405000", 99_013, (-58.0, -43.6), 0.62),
    Township("东山区", "230406000", 96_218, (-63.0, -18.0), 1.35),
    Township("兴山区", "230407000", 21_125, (-51.6, -30.6), 0.5),
    # Luobei county, together 206,072; the split is invented
    Township("凤翔镇", "230421100", 61_000, (-16.0, -13.0), 0.8),
    Township("鹤北镇", "230421101", 21_000, (-33.0, 3.0), 1.1),
    Township("名山镇", "230421102", 11_500, (0.0, 4.0), 0.8),
    Township("团结镇", "230421103", 14_200, (-27.0, -24.0), 0.8),
    Township("肇兴镇", "230421104", 15_400, (4.0, -9.0), 0.8),
    Township("云山镇", "230421105", 9_972, (-9.0, -4.0), 0.7),
    Township("太平沟乡", "230421203", 3_000, (-30.0, 40.0), 1.25),
    Township("宝泉岭农场", "230421506", 48_000, (-32.0, -34.0), 0.9),
    Township("江滨农场", "230421501", 22_000, (18.0, -20.0), 0.9),
    # Suibin county, together 139,795; the split is invented
    Township("绥滨镇", "230422100", 46_000, (40.0, -44.0), 0.9),
    Township("绥东镇", "230422101", 15_500, (57.0, -33.0), 0.9),
    Township("忠仁镇", "230422102", 14_800, (27.0, -36.0), 0.8),
    Township("连生乡", "230422200", 9_300, (30.0, -52.0), 0.8),
    Township("北岗乡", "230422201", 10_200, (20.0, -48.0), 0.8),
    Township("福兴乡", "230422204", 8_995, (50.0, -50.0), 0.8),
    Township("绥滨农场", "230422501", 35_000, (80.0, -27.0), 1.2),
]
ROUTES = [
    Route(TRUNK, "国道示例一线", [(-60.0, -62.0), "兴安区", "工农区", "向阳区", "团结镇", "凤翔镇", "名山镇"]),
    Route(PRIMARY, "省道示例一线", ["向阳区", "宝泉岭农场", (-8.0, -32.0), "忠仁镇", "绥滨镇", "绥东镇", "绥滨农场"]),
    Route(PRIMARY, "省道示例二线", ["凤翔镇", "肇兴镇", "江滨农场", "忠仁镇"]),
    Route(SECONDARY, "县道示例一线", ["兴山区", "东山区", (-66.0, 14.0)]),
    Route(SECONDARY, "县道示例二线", ["凤翔镇", "鹤北镇", "太平沟乡"]),
    Route(SECONDARY, "县道示例三线", ["绥滨镇", "连生乡", "北岗乡"]),
    Route(SECONDARY, "县道示例四线", ["绥滨镇", "福兴乡"]),
    Route(TERTIARY, "", ["示例煤化工园", "兴安区"]),
    Route(TERTIARY, "", ["示例石墨新材料园", "凤翔镇"]),
    Route(TERTIARY, "", ["云山镇", "凤翔镇"]),
]
HEGANG = Place(
    name="鹤岗市",
    code="230400",
    city="鹤岗市",
    epsg="EPSG:4553",
    centre=(425_000.0, 5_278_000.0),  # about 131.0 E, 47.64 N
    area_km2=14_684.0,
    outline_km=[
        (-96, -8),
        (-84, -26),
        (-78, -46),
        (-66, -58),
        (-52, -56),
        (-40, -50),
        (-26, -46),
        (-12, -44),
        (4, -52),
        (18, -60),
        (36, -60),
        (54, -58),
        (72, -46),
        (90, -36),
        (104, -22),
        (96, -12),
        (78, -14),
        (60, -20),
        (44, -22),
        (34, -14),
        (22, -8),
        (16, 4),
        (6, 14),
        (-6, 20),
        (-14, 32),
        (-20, 46),
        (-32, 58),
        (-46, 56),
        (-56, 42),
        (-72, 36),
        (-88, 20),
    ],
    townships=TOWNSHIPS,
    relief=Relief(
        rise=lambda east, north: -east * 0.42 + 0.22 * north - 9.0,
        floor=lambda east, north: 78 + 0.75 * np.clip(-east - 10, 0, None) + 0.4 * np.clip(north, 0, None),
        spread_km=26.0,
        wobble_km=3.5,
        base_m=60,
        height_m=360,
        waves_m=(16000, 8000, 4000),
        valley_m=3500,
        ripple_m=2.0,
    ),
    rivers_km={
        "黑龙江": [
            (-50, 60),
            (-34, 54),
            (-22, 42),
            (-12, 26),
            (2, 12),
            (14, 0),
            (24, -12),
            (40, -24),
            (62, -24),
            (84, -18),
            (110, -14),
        ],
        "松花江": [(-2, -62), (12, -54), (26, -56), (44, -56), (62, -50), (80, -38), (100, -22), (112, -16)],
        "梧桐河": [(-78, 16), (-68, 2), (-56, -12), (-46, -26), (-40, -38), (-36, -52)],
        "鹤立河": [(-66, -24), (-60, -33), (-55, -46), (-50, -60)],
    },
    cores=[
        Core(
            "主城区",
            (-55.2, -38.2),
            62.0,
            {"向阳区": 7, "工农区": 9, "南山区": 8, "兴安区": 7},
            spacing=480.0,
            greens=8,
        ),
    ],
    parks=[Park("示例煤化工园", (-63.0, -46.0), 6.0), Park("示例石墨新材料园", (-12.0, -17.0), 4.0)],
    routes=ROUTES,
    pools=[Pool("示例细鳞河水库", "梧桐河", 22_000, 26_000, 1300, "中型", (0.7, -0.7))],
    rail="铁路",
    rail_km=[(-62, -64), (-59, -48), (-54.5, -37), (-45, -30), (-20, -18)],
    grain=6.0,
    unit_m=1700.0,
    warp_m=500.0,
    settlements=230,
    village_gap_m=(4300.0, 2500.0),
    village_side_m=(700.0, 1400.0),
    village_street_m=(280.0, 340.0),
    settlement_weights=(9000.0, 3200.0, 900.0),
    household_sizes=(2.3, 2.7, 2.1, 2.4),
    seat_km2=3.4,
    seat_communities=2,
    clear_of_lines_m=300.0,
    clear_of_boundary_m=900.0,
    people_seconds=10,
    buildings=2600,
    empty_buildings=140,
    tracks=40,
    forest_ha=470_000.0,
    dem_seconds=30,
)


def counties_and_fire(country: Country, _: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the districts and counties, the townships with the code of their county, and the forest by fire zone."""
    land = country.land
    towns = land.townships.assign(county=land.townships.code.str[:6])
    shapes = towns.dissolve("county", aggfunc={"population": "sum"}).reset_index()
    shapes.insert(1, "name", [COUNTIES[c] for c in shapes.county])
    shapes = shapes.assign(code=shapes.county + "000").rename(
        columns={"name": "名称", "code": "区划代码", "population": "常住人口", "county": "县区代码"}
    )
    out.zipped_shapefile("counties.zip", shapes, land.place.epsg)
    named = towns.rename(columns={"name": "名称", "code": "区划代码", "population": "常住人口", "county": "县区代码"})
    out.zipped_shapefile("townships.zip", named, land.place.epsg)
    border = land.rivers["黑龙江"].buffer(10_000)
    near = shapely.union_all([p.area.buffer(3000) for p in country.towns]).difference(border)
    wood = grow_forest(land, country.built.buffer(120)).union_all()
    rows = []
    for name, mask in (
        ("高危区", border),
        ("高风险区", near),
        ("一般风险区", land.outline.difference(border).difference(near)),
    ):
        inside = shapely.simplify(shapely.set_precision(wood.intersection(mask), 1.0), 60.0)
        rows += [
            (f"示例{name}{n + 1:03d}", "林地", name, g) for n, g in enumerate(shapely.get_parts(inside)) if g.area > 4e5
        ]
    table = gpd.GeoDataFrame(
        rows, columns=["name", "kind", "火险区划", "geometry"], geometry="geometry", crs=land.place.epsg
    )
    out.areas("forest", table)
    hectares = (table.area.groupby(table["火险区划"], sort=False).sum() / 1e4).round(1)
    return {
        "counties": {c: int(p) for c, p in zip(shapes["县区代码"], shapes["常住人口"], strict=True)},
        "forest_fire_zones_ha": hectares.to_dict(),
        **after_works(country, out),
        **county_roads(country, out),
    }


HEGANG_CONTENTS = Contents(
    place=HEGANG,
    title="the Yilan-Yitong fault",
    fault=Fault(-70.0, 30.0, 0.14, -110.0),
    flood_m={"黑龙江": 3.6, "松花江": 3.4, "梧桐河": 2.0, "鹤立河": 1.6},
    rain=lambda east, north: 0.45 - 0.001 * east + 0.002 * north,
    flood_step_m=250,
    weak_townships=("太平沟乡", "北岗乡", "连生乡"),
    pipes=[
        Pipe("天然气", 508, 6.3, 2018, [(-60.0, -58.0), (-66.0, -45.0), (-60.5, -30.0), (-45.0, -22.0)]),
        Pipe("天然气", 323.9, 4.0, 2020, [(-46.0, -24.0), (-28.0, -19.0), (-18.0, -17.0)]),
        Pipe("原油", 406.4, 6.3, 2011, [(-44.0, -50.0), (-30.0, -40.0), (0.0, -34.0), (24.0, -30.0)]),
    ],
    pipe_km={"天然气": 70.0, "原油": 70.0},
    industry=Industry(24, 36, [(12, "coal"), (6, "fine")], with_process=8, process_mixes=("coal", "fine")),
    stations=[
        Station("示例工农特勤站", "特勤站", "工农区", None, 6, 88),
        Station("示例南山一级站", "一级站", "南山区", None, 5, 72),
        Station("示例萝北一级站", "一级站", "凤翔镇", None, 4, 62),
        Station("示例绥滨二级站", "二级站", "绥滨镇", None, 3, 50),
        Station("示例煤化工园企业专职队", "企业专职队", "示例煤化工园", 45, 4, 40),
        Station("示例石墨园企业专职队", "企业专职队", "示例石墨新材料园", 45, 2, 22),
        Station("示例宝泉岭企业专职队", "企业专职队", "宝泉岭农场", None, 2, 24),
        Station("示例兴山矿区企业专职队", "企业专职队", "兴山区", None, 2, 26),
    ],  # four government teams with 272 firefighters and four of enterprises: the plan's; the split is invented
    services={
        "学校": Service(48, "学校", 80, 1800),
        "医院": Service(26, "医院", 30, 800),
        "养老院": Service(18, "养老院", 20, 240),
        "加油站": Service(30, "加油站", 3, 12),
        "消防安全重点单位": Service(60, "商厦", 40, 1800, urban=True),
        "煤矿": Service(14, "煤矿", 60, 900),
        "政府机关": Service(18, "政务中心", 15, 220),
        "医疗急救站": Service(4, "急救站", 6, 20),
    },
    refuge=Refuge(
        ratio={
            t.name: r
            for t, r in zip(TOWNSHIPS, [1.02, 0.94, 1.0, 1.03, 1.0, 1.1, *[1.04, 0.9, 1.1, 1.0] * 4], strict=True)
        },
        heads={t.name: round(t.people * (0.7 if t.code.endswith("000") else 0.5)) for t in TOWNSHIPS},
        without_capacity=(8, 17, 33),
    ),
    teams={"综合应急救援队": 4, "企业专职队": 4, "半专业森林消防队": 59, "矿山救护队": 3, "防汛抢险队伍": 6},
    team_people={"综合应急救援队": 272, "半专业森林消防队": 760},
    stores=[
        Store("生活类", "救灾帐篷", "顶"),
        Store("生活类", "棉被", "床"),
        Store("防汛物资", "编织袋", "条"),
        Store("森林防火物资", "风力灭火机", "台", 900),
        Store("综合物资", "应急照明", "套"),
    ],
    wardens_a_town=3,
    extra=counties_and_fire,
)
