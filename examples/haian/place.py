"""Hai'an city as data: names, codes and totals are real, every position is invented."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from synth import hazards
from synth.contents import Contents, Facts
from synth.country import Country
from synth.drawing import lattice, noise, shares
from synth.files import Writer
from synth.network import PRIMARY, SECONDARY, TERTIARY, TRUNK
from synth.people import value_produced
from synth.pipelines import Pipe
from synth.place import Core, Fault, Km, Park, Place, Relief, Route, Township
from synth.plants import Industry, as_listed, found_plants
from synth.services import Service, Station, Store, beside_streets
from synth.shelters import Refuge, shelters

TOWNSHIPS = [
    Township("海安镇", "320685100", 268_000, (-10.2, 2.2), 0.95),
    Township("城东镇", "320685101", 112_000, (-4.4, 0.2), 0.9),
    Township("曲塘镇", "320685102", 92_000, (-21.5, -6.5), 1.0),
    Township("李堡镇", "320685103", 78_000, (17.5, 6.5), 1.05),
    Township("角斜镇", "320685105", 58_000, (28.0, 8.5), 1.05),
    Township("大公镇", "320685107", 66_000, (6.5, -5.0), 1.05),
    Township("雅周镇", "320685109", 52_000, (-15.0, -13.5), 0.95),
    Township("白甸镇", "320685111", 41_000, (-31.0, 4.0), 0.95),
    Township("南莫镇", "320685112", 54_000, (-22.0, 6.5), 0.95),
    Township("墩头镇", "320685113", 53_334, (-9.0, 13.0), 1.0),
]  # together 874,334: the census of 2020; the split is invented
ROUTES = [
    Route(
        TRUNK, "国道示例一线", [(-38.0, -3.0), "曲塘镇", (-12.0, -1.5), (0.0, -2.0), "大公镇", (18.0, 0.0), (36.0, 3.0)]
    ),
    Route(TRUNK, "国道示例二线", [(-7.2, 20.0), (-7.0, 9.0), (-6.8, 1.5), (-7.5, -8.0), (-6.0, -20.0)]),
    Route(
        PRIMARY,
        "省道示例一线",
        [(-38.0, 6.0), "白甸镇", "南莫镇", "海安镇", (6.0, 3.5), "李堡镇", "角斜镇", (36.0, 9.0)],
    ),
    Route(PRIMARY, "省道示例二线", ["墩头镇", "海安镇", "曲塘镇", "雅周镇", (-16.0, -20.0)]),
    Route(SECONDARY, "县道示例一线", ["墩头镇", "南莫镇"]),
    Route(SECONDARY, "县道示例二线", ["雅周镇", (-7.5, -9.0), "大公镇"]),
    Route(SECONDARY, "县道示例三线", ["大公镇", "李堡镇"]),
    Route(SECONDARY, "县道示例四线", ["城东镇", (4.0, 9.5), "李堡镇"]),
    Route(SECONDARY, "县道示例五线", ["示例滨海化工园", "角斜镇"]),
    Route(SECONDARY, "县道示例六线", ["示例滨海化工园", "李堡镇"]),
    Route(TERTIARY, "", ["示例曲塘工业园", "曲塘镇"]),
    Route(TERTIARY, "", ["示例城东工业园", "城东镇"]),
]
HAIAN = Place(
    name="海安市",
    code="320685",
    city="南通市",
    epsg="EPSG:4549",
    centre=(549_500.0, 3_600_000.0),  # about 120.53 E, 32.54 N
    area_km2=1180.0,
    outline_km=[
        (-36, 2),
        (-33, 9),
        (-26, 10),
        (-22, 14),
        (-15, 13),
        (-11, 18),
        (-5, 17),
        (-2, 11),
        (5, 13),
        (11, 10),
        (16, 13),
        (23, 12),
        (28, 15),
        (34, 12),
        (35, 5),
        (30, 2),
        (24, 0),
        (18, -3),
        (14, -9),
        (7, -11),
        (1, -9),
        (-6, -13),
        (-11, -18),
        (-18, -18),
        (-20, -12),
        (-27, -11),
        (-29, -4),
    ],
    townships=TOWNSHIPS,
    relief=Relief(
        rise=lambda east, _: np.full_like(east, -20.0),
        floor=lambda east, _: 3.6 - 0.055 * np.clip(-east, 0, None) + 0.02 * east,
        ripple_m=0.5,
    ),
    rivers_km={
        "通扬运河": [(-40, -6), (-28, -5.2), (-16, -3.6), (-11.4, -4.4), (-9.6, -9), (-9.2, -22)],
        "串场河": [(-11.6, -4.4), (-12.4, 2), (-13.4, 8.6), (-14.5, 20)],
        "栟茶运河": [(-13.2, 7.0), (-4, 7.6), (4, 6.6), (12, 4.4), (22, 5.2), (40, 6.4)],
    },
    cores=[Core("主城区", (-6.6, 1.4), 44.0, {"海安镇": 30, "城东镇": 12}, spacing=330.0)],
    parks=[
        Park("示例滨海化工园", (24.0, 6.6), 4.4),
        Park("示例曲塘工业园", (-18.5, -8.2), 2.6),
        Park("示例城东工业园", (0.5, 3.4), 3.2),
    ],
    routes=ROUTES,
    rail="铁路",
    rail_km=[(-40, -1.0), (-22, -1.5), (-8, -3.4), (4, -3.0), (12, -6), (18, -14)],
    motorway="沈海高速",
    motorway_km=[(3.0, 22), (2.6, 8), (3.2, -1), (2.2, -12), (2.5, -20)],
    interchanges=("国道示例一线", "省道示例一线"),
    grain=1.9,
    unit_m=800.0,
    warp_m=800.0,
    settlements=262,  # 42 communities in the town, 16 at seats, the rest villages
    village_gap_m=(1500.0, 600.0),
    village_side_m=(380.0, 760.0),
    village_street_m=(150.0, 190.0),
    settlement_weights=(6200.0, 3600.0, 2500.0),
    household_sizes=(2.5, 2.9, 2.4, 2.8),
    seat_km2=1.5,
    clear_of_lines_m=240.0,
    clear_of_boundary_m=380.0,
    people_seconds=6,
    buildings=3600,
    empty_buildings=160,
    tracks=0,
    dem_seconds=9,
)

SECTORS = {  # sector: points, share of red, orange, yellow, blue
    "危险化学品": (128, (0.16, 0.34, 0.30, 0.20)),
    "金属冶炼": (225, (0.05, 0.25, 0.40, 0.30)),
    "燃气": (146, (0.04, 0.22, 0.44, 0.30)),
    "建筑施工": (212, (0.03, 0.20, 0.42, 0.35)),
    "道路交通": (318, (0.02, 0.13, 0.40, 0.45)),
    "人员密集场所": (397, (0.02, 0.16, 0.42, 0.40)),
    "粉尘涉爆": (164, (0.06, 0.24, 0.40, 0.30)),
    "有限空间": (231, (0.01, 0.14, 0.45, 0.40)),
    "水上交通和闸站": (153, (0.01, 0.12, 0.42, 0.45)),
}  # together 1,974: the plan's; their split is invented
LEC = {4: (10, 6, 15), 3: (6, 3, 15), 2: (6, 2, 7), 1: (3, 2, 3)}
LS = {4: (5, 5), 3: (4, 4), 2: (3, 3), 1: (2, 2)}
WORDS = {4: "重大风险", 3: "较大风险", 2: "一般风险", 1: "低风险"}
METAL_WORKS = 75
GDP_10K_YUAN = 12_000_000  # invented, of the size of such a city
POWER_LINES: list[tuple[str, int, list[Km | str]]] = [  # name, kV, towers in km; beside the shelter of that number
    (
        "示例500kV东西线",
        500,
        [(-34.0, -6.4), (-21.0, -9.6), (-9.4, -14.6), (2.0, -7.6), (13.0, -7.2), (24.0, 2.6), (35.0, 6.0)],
    ),
    ("示例220kV曲大线", 220, [(-27.0, -7.5), "BN20", (-11.6, -7.0), "BN28", (8.6, -4.2), (17.0, 2.0), (24.2, 5.2)]),
    ("示例110kV海李线", 110, [(-11.4, 6.0), (-5.2, 6.4), (4.6, 5.0), (12.4, 6.0), "BN22", (23.2, 8.4)]),
    ("示例10kV城北线", 10, [(-11.4, 5.6), "BN07", "BN13", (-2.0, 5.0)]),
    ("示例10kV角斜线", 10, [(26.0, 7.6), "BN24", (30.4, 9.4)]),
]
COAST = "示例滨海化工园"
REPORTED = [  # what the park's companies declared beside the register: source, substance, tonnes; in no table
    ("WXY003", "示例聚合引发剂A", 9.0),
    ("WXY011", "示例催化剂中间体B", 6.5),
    ("WXY015", "引发剂A", 4.0),
]


def extras(country: Country, buildings: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the 1,974 risk points, the waterlogging of the polders, power lines, value produced, the coast park's list."""
    points = risk_points(country, buildings)
    columns = {
        "id": "风险点编号",
        "name": "名称",
        "sector": "所属行业",
        "town": "所属镇街",
        "unit": "责任单位",
        "L": "可能性",
        "E": "暴露频率",
        "C": "后果",
        "S": "严重性",
        "word": "风险等级",
    }
    out.csv("risk_points.csv", points[[*columns, "geometry"]].rename(columns=columns), "gbk")
    land = country.land
    frame = lattice(land.outline.bounds, 450, 1500)
    x, y = frame.centres()
    low = 3.4 - land.height.at(x, y) + 0.35 * noise(frame, land.place.stream("polders"), 5000)
    area = hazards.covering(land, low, frame, [-0.6, 0.1, 0.8, 1.5])
    table = area.assign(危险等级=[hazards.GEOLOGY_WORDS[k] for k in area.level]).drop(columns="level")
    out.areas("hazard_waterlogging", table)
    return {
        "risk_points": {
            "rows": len(points),
            "by_sector": points.sector.value_counts(sort=False).to_dict(),
            "by_level": {str(k): int(v) for k, v in points.true.value_counts().sort_index().items()},
            "stated_by": {
                "LEC": int(points.E.notna().sum()),
                "LS": int(points.S.notna().sum()),
                "word": int((points.word != "").sum()),
            },
        },
        "hazard_waterlogging": {"rows": len(table)},
        "power_lines": power_lines(country, out),
        "exposure_gdp": value_by_km2(country, out),
        "coast_inventory": coast_inventory(country, out),
    }


def power_lines(country: Country, out: Writer) -> Facts:
    """Write high-voltage lines as straight runs from tower to tower, and two lines of 10 kV."""
    refuge = shelters(country, HAIAN_CONTENTS.refuge).set_index("id").geometry
    rows = []
    for name, kilovolts, stops in POWER_LINES:
        towers: list[tuple[float, float]] = []
        for stop in stops:
            if isinstance(stop, str):  # along the northern edge of the yard
                west, _, east, north = refuge[stop].bounds
                towers += [(west - 60, north + 22), (east + 60, north + 22)]
            else:
                towers += [tuple(xy) for xy in HAIAN.metres([stop])]
        rows.append((name, kilovolts, shapely.LineString(np.round(towers, 1))))
    lines = gpd.GeoDataFrame(rows, columns=["线路名称", "电压等级", "geometry"], geometry="geometry", crs=HAIAN.epsg)
    out.areas("power_lines", lines)
    beside = {
        n: sorted(refuge.index[refuge.dwithin(g, 50)]) for n, g in zip(lines["线路名称"], lines.geometry, strict=True)
    }
    return {"rows": len(lines), "shelters_within_50_m": beside}


def value_by_km2(country: Country, out: Writer) -> Facts:
    """Write value produced as yuan per km2 in cells of 30 arc seconds."""
    place = replace(HAIAN, gdp_10k_yuan=GDP_10K_YUAN)
    grid, value = value_produced(country.people, country.towns, replace(country.land, place=place))
    rows, cols = np.indices(grid.shape)
    west, north = grid.west + grid.step * cols, grid.north - grid.step * rows
    corners = np.stack([(west + grid.step * i, north - grid.step * j) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))])
    x, y = place.to_metric(corners[:, 0].ravel(), corners[:, 1].ravel())
    km2 = shapely.area(shapely.polygons(np.stack([x, y], axis=-1).reshape(4, -1, 2).swapaxes(0, 1))) / 1e6
    density = np.where(value >= 0, value * 1e4 / km2.reshape(grid.shape), -9999.0)
    out.raster("exposure_gdp.tif", grid, density, "float32", -9999, UNIT="CNY per km2", CONTENT="density")
    return {"sum_10k_yuan": float(value[value >= 0].sum()), "max_yuan_per_km2": round(float(density.max()))}


def coast_inventory(country: Country, out: Writer) -> Facts:
    """Write what the companies of the coast park declared: the register's rows, and substances that no table has."""
    plants, stock = found_plants(country, HAIAN_CONTENTS.industry)
    mine = plants[plants.park == COAST].set_index("id").enterprise
    listed = as_listed(stock[stock.source_id.isin(mine.index)].reset_index(drop=True))
    columns = {
        "source_id": "危险源编号",
        "enterprise": "企业名称",
        "written": "名称",
        "cas": "CAS号",
        "group": "类别符号",
        "amount": "设计最大量(t)",
    }
    own = pd.DataFrame(REPORTED, columns=["source_id", "written", "amount"])
    both = pd.concat([listed, own.assign(enterprise=own.source_id.map(mine))], ignore_index=True)
    both = both.sort_values("source_id", kind="stable").rename(columns=columns)[[*columns.values()]]
    out.csv("hazchem_inventory_coast.csv", both, "gb18030")
    return {"rows": len(both), "sources": len(mine), "own_rows": len(own)}


def risk_points(country: Country, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the points: half state L, E, C, a quarter L, S, a quarter their level as a word."""
    place = country.land.place
    rng = place.stream("risk points")
    xy = np.column_stack([buildings.geometry.x, buildings.geometry.y])
    rows = []
    for sector, (count, share) in SECTORS.items():
        levels = np.repeat([4, 3, 2, 1], shares(count, share))
        spots = beside_streets(
            country, xy[rng.choice(len(xy), count, replace=False)] + rng.uniform(-120, 120, (count, 2))
        )
        rows += [(sector, int(level), x, y) for level, (x, y) in zip(levels, spots, strict=True)]
    table = pd.DataFrame(rows, columns=["sector", "true", "x", "y"])
    way = rng.choice(3, len(table), p=[0.5, 0.25, 0.25])
    scores = {
        k: [LEC[v][n] if w == 0 else None for v, w in zip(table.true, way, strict=True)] for n, k in enumerate("LEC")
    }
    likely = [LS[v][0] if w == 1 else old for v, w, old in zip(table.true, way, scores["L"], strict=True)]
    town = country.land.township_at(table[["x", "y"]].to_numpy())
    number = table.groupby("sector").cumcount() + 1
    table = table.assign(
        id=[f"FXD{n + 1:04d}" for n in range(len(table))],
        name=[f"示例{s}风险点{n:03d}" for s, n in zip(table.sector, number, strict=True)],
        town=[place.townships[t].name for t in town],
        unit=[f"示例责任单位{n % 613 + 1:03d}" for n in range(len(table))],
        L=pd.array(likely, dtype="Int64"),
        E=pd.array(scores["E"], dtype="Int64"),
        C=pd.array(scores["C"], dtype="Int64"),
        S=pd.array([LS[v][1] if w == 1 else None for v, w in zip(table.true, way, strict=True)], dtype="Int64"),
        word=[WORDS[v] if w == 2 else "" for v, w in zip(table.true, way, strict=True)],
    )
    return gpd.GeoDataFrame(table, geometry=shapely.points(table[["x", "y"]].to_numpy().round(2)), crs=place.epsg)


HAIAN_CONTENTS = Contents(
    place=HAIAN,
    title="the Yellow Sea margin",
    fault=Fault(80.0, 10.0, 0.20, 90.0),
    flood_m={"通扬运河": 1.3, "串场河": 1.5, "栟茶运河": 1.1},
    rain=lambda east, _: 0.5 + 0.004 * east,
    flood_step_m=100,
    weak_townships=("白甸镇", "角斜镇"),
    pipes=[
        Pipe("天然气", 1016, 10.0, 2014, [(-27.0, -9.0), (-14.0, -8.0), (-2.0, -6.0), (12.0, -3.0), (30.0, 3.5)]),
        Pipe("天然气", 508, 4.0, 2010, [(-10.0, -6.5), (-12.0, -1.8), (-14.5, 4.0), (-12.0, 12.0)]),
        Pipe("成品油", 323.9, 6.3, 2008, [(32.0, 9.5), (21.0, 3.5), (8.0, 1.0), (4.6, -4.0)]),
    ],
    pipe_km={"天然气": 76.0, "成品油": 32.0},
    industry=Industry(32, 41, [(13, "petrochemical"), (4, "fine"), (4, "depot")], with_process=9),
    stations=[
        Station("示例城区一级站", "一级站", (-8.4, 2.0), None, 6, 42),
        Station("示例城东一级站", "一级站", (-4.6, 0.6), None, 5, 40),
        Station("示例城北二级站", "二级站", (-6.4, 4.6), None, 3, 24),
        Station("示例曲塘二级站", "二级站", "曲塘镇", None, 3, 22),
        Station("示例李堡二级站", "二级站", "李堡镇", None, 3, 22),
        Station("示例滨海一级站", "一级站", "示例滨海化工园", 45, 5, 36),
        Station("示例角斜乡镇专职队", "乡镇专职队", "角斜镇", None, 2, 12),
        Station("示例大公乡镇专职队", "乡镇专职队", "大公镇", None, 2, 12),
        Station("示例雅周乡镇专职队", "乡镇专职队", "雅周镇", None, 2, 12),
        Station("示例白甸乡镇专职队", "乡镇专职队", "白甸镇", None, 1, 10),
        Station("示例南莫乡镇专职队", "乡镇专职队", "南莫镇", None, 2, 12),
        Station("示例墩头乡镇专职队", "乡镇专职队", "墩头镇", None, 1, 10),
    ],
    services={
        "学校": Service(60, "学校", 200, 2600),
        "医院": Service(18, "医院", 60, 900),
        "养老院": Service(20, "养老院", 30, 240),
        "加油站": Service(34, "加油站", 3, 14),
        "金属熔融企业": Service(METAL_WORKS, "金属制品有限公司", 12, 220),
        "政府机关": Service(11, "政务中心", 25, 260),
        "医疗急救站": Service(2, "急救站", 8, 24),
    },
    refuge=Refuge(
        ratio={
            "海安镇": 1.03,
            "城东镇": 1.02,
            "曲塘镇": 1.05,
            "李堡镇": 1.08,
            "角斜镇": 1.0,
            "大公镇": 1.04,
            "雅周镇": 0.94,
            "白甸镇": 1.1,
            "南莫镇": 1.02,
            "墩头镇": 1.0,
        },
        heads={  # people in communities
            "南莫镇": 6276,
            "城东镇": 60428,
            "墩头镇": 9010,
            "大公镇": 5123,
            "曲塘镇": 12229,
            "李堡镇": 4394,
            "海安镇": 227492,
            "白甸镇": 8497,
            "角斜镇": 11295,
            "雅周镇": 6253,
        },
        yards={
            "海安镇": 3,
            "城东镇": 2,
            "曲塘镇": 3,
            "李堡镇": 3,
            "角斜镇": 3,
            "大公镇": 3,
            "雅周镇": 3,
            "白甸镇": 3,
            "南莫镇": 3,
            "墩头镇": 3,
        },
        without_capacity=(7, 19, 30),
    ),
    teams={"综合应急救援队": 2, "危化品救援队": 2, "防汛抢险队伍": 4, "社会救援力量": 2},
    stores=[
        Store("生活类", "救灾帐篷", "顶", 320),
        Store("生活类", "棉被", "床", 1200),
        Store("生活类", "折叠床", "张", 1000),
        Store("防汛物资", "排水泵车", "台", 14),
        Store("防汛物资", "编织袋", "条"),
        Store("危化救援物资", "泡沫灭火剂", "吨", 60),
    ],
    extra=extras,
)
