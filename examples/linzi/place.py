"""Linzi district as data: names, codes and totals are real, every position is invented."""

from __future__ import annotations

from collections import Counter, defaultdict

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from synth.contents import Contents, Facts
from synth.country import Country
from synth.files import Writer, plain
from synth.geohazards import Danger, Home, Site, above, hill_villages
from synth.network import PRIMARY, SECONDARY, TERTIARY, TRUNK
from synth.pipelines import Pipe
from synth.place import NOTE, Core, Fault, Km, Park, Place, Pool, Relief, Route, Township
from synth.plants import Industry
from synth.roads import Way
from synth.services import Service, Station, Store, beside_streets
from synth.settle import blob
from synth.shelters import Refuge

TOWNSHIPS = [
    Township("闻韶街道", "370305001", 101_230, (-1.9, 6.2), 0.72),
    Township("雪宫街道", "370305002", 96_480, (2.6, 6.3), 0.70),
    Township("辛店街道", "370305003", 88_915, (-1.7, 2.0), 0.74),
    Township("稷下街道", "370305004", 84_207, (2.7, 2.2), 0.74),
    Township("齐陵街道", "370305005", 31_706, (8.9, -4.6), 1.12),
    Township("齐都镇", "370305100", 43_912, (3.6, 11.6), 0.95),
    Township("皇城镇", "370305102", 38_455, (9.1, 7.6), 0.95),
    Township("敬仲镇", "370305103", 33_871, (-0.2, 16.0), 0.98),
    Township("朱台镇", "370305104", 39_246, (-8.3, 12.3), 1.08),
    Township("金岭镇", "370305107", 17_903, (-7.4, -2.6), 0.86),
    Township("凤凰镇", "370305109", 45_128, (-7.6, 4.8), 1.0),
    Township("金山镇", "370305111", 28_107, (0.3, -9.6), 1.5),
]  # together 649,160: the census of 2020; the split is invented

OUTLINE_KM = [
    (-2.3, 18.9),
    (1.3, 17.6),
    (3.6, 19.4),
    (7.2, 17.9),
    (8.0, 14.4),
    (10.7, 12.4),
    (9.7, 8.8),
    (11.2, 5.0),
    (10.1, 1.2),
    (11.4, -3.2),
    (9.1, -6.2),
    (9.9, -10.3),
    (7.0, -13.0),
    (6.6, -17.2),
    (3.1, -18.6),
    (0.2, -16.9),
    (-2.9, -18.9),
    (-5.4, -15.2),
    (-4.5, -12.6),
    (-7.9, -10.4),
    (-8.6, -6.6),
    (-10.9, -4.0),
    (-9.5, -0.6),
    (-11.3, 3.4),
    (-9.8, 7.2),
    (-11.1, 10.9),
    (-8.6, 13.5),
    (-8.9, 16.6),
    (-5.2, 16.3),
]
RIVERS_KM = {  # listed from the spring down, south to north
    "淄河": [
        (2.6, -20),
        (2.2, -16.5),
        (4.4, -13.2),
        (4.6, -9.4),
        (6.6, -6.2),
        (7.6, -2.2),
        (6.7, 1.6),
        (7.8, 5.6),
        (7.0, 9.4),
        (5.6, 13.0),
        (6.2, 16.4),
        (5.4, 20),
    ],
    "乌河": [
        (-3.4, -8.2),
        (-4.3, -5.4),
        (-5.6, -2.4),
        (-5.2, 0.8),
        (-6.3, 4.0),
        (-5.6, 7.6),
        (-6.9, 11.0),
        (-6.3, 14.0),
        (-7.4, 19),
    ],
    "运粮河": [(1.7, 9.2), (1.5, 11.4), (2.1, 13.6), (1.9, 15.8), (2.9, 19.5)],
}
RAIL_KM = [(-13, 0.4), (-8.5, 0.6), (-3.5, 1.9), (1.5, 2.2), (6.0, 1.3), (12.5, 2.4)]
MOTORWAY_KM = [(-13, 8.3), (-7.5, 9.0), (-2.0, 8.9), (3.5, 9.9), (8.0, 10.3), (13, 9.6)]
ROUTES = [  # class, name, hand-drawn way points in km from the centre; points outside stand for "to the boundary"
    Route(TRUNK, "国道309", [(-11.4, -3.4), (-3.4, -4.0), (4.2, -4.4), (12.0, -3.0)]),
    Route(
        PRIMARY,
        "省道示例一线",
        [(-0.9, 18.8), (-0.2, 16.0), (0.1, 9.6), (0.2, 4.5), (-0.6, -4.4), (0.3, -9.6), (0.4, -18.0)],
    ),
    Route(PRIMARY, "省道示例二线", [(-8.9, 17.5), (-8.3, 12.3), (-7.6, 4.8), (-7.4, -2.6), (-8.2, -11.5)]),
    Route(PRIMARY, "省道示例三线", [(-11.9, 11.3), (-8.3, 12.3), (-0.1, 12.6), (3.6, 11.6), (11.6, 12.4)]),
    Route(PRIMARY, "省道示例四线", [(-12.0, 3.6), (-7.6, 4.8), (-2.9, 4.6), (3.8, 4.9), (8.3, 6.0), (12.0, 5.2)]),
    Route(SECONDARY, "县道示例一线", [(3.6, 20.0), (3.6, 11.6), (2.6, 7.2)]),
    Route(SECONDARY, "县道示例二线", [(3.4, 3.6), (8.9, -4.6), (9.2, -11.5)]),
    Route(SECONDARY, "县道示例三线", [(-7.4, -2.6), (-3.2, 2.9)]),
    Route(SECONDARY, "县道示例四线", [(0.3, -9.6), (5.4, -7.4), (8.9, -4.6)]),
    Route(SECONDARY, "县道示例五线", [(9.1, 7.6), (3.6, 6.4)]),
    Route(SECONDARY, "县道示例六线", [(-0.2, 16.0), (-8.3, 12.3)]),
    Route(SECONDARY, "县道示例七线", [(-0.2, 16.0), (8.6, 16.6)]),
    Route(SECONDARY, "县道示例八线", [(-0.2, -9.8), (-6.8, -8.2), (-10.0, -8.4)]),
    Route(SECONDARY, "县道示例九线", [(9.0, -0.7), (8.9, -4.6)]),
    Route(SECONDARY, "县道示例十线", [(0.4, -9.6), (5.9, -13.6)]),
    Route(SECONDARY, "县道示例十一线", [(9.1, 7.6), (9.4, 11.9)]),
    Route(TERTIARY, "", [(-8.5, 2.2), (-7.6, 4.8)]),
    Route(TERTIARY, "", [(-3.4, 11.9), (-8.3, 12.3)]),
    Route(TERTIARY, "", [(-3.4, 11.9), (-1.4, 7.2)]),
    Route(TERTIARY, "", [(9.0, -0.7), (4.0, 2.2)]),
    Route(TERTIARY, "", [(1.2, -1.9), (-0.6, 2.6)]),
    Route(TERTIARY, "", [(1.2, -1.9), (2.6, 2.4)]),
]

LINZI = Place(
    name="临淄区",
    code="370305",
    city="淄博市",
    epsg="EPSG:4548",
    centre=(618_000.0, 4_074_500.0),  # about 118.32 E, 36.80 N
    area_km2=668.39,  # 9,156.95 ha of forest are 13.7 % of it
    outline_km=OUTLINE_KM,
    townships=TOWNSHIPS,
    relief=Relief(
        rise=lambda east, north: -2.2 - north - 0.18 * np.abs(east),
        floor=lambda _, north: 46 - 1.35 * north + 6.5 * np.clip(-north - 2, 0, None),
    ),
    rivers_km=RIVERS_KM,
    cores=[Core("主城区", (0.3, 4.5), 36.5, {"闻韶街道": 27, "雪宫街道": 25, "辛店街道": 24, "稷下街道": 23})],
    parks=[
        Park("示例齐鲁化工区", (1.2, -1.9), 4.3),
        Park("示例凤凰化工园", (-8.5, 2.2), 3.3),
        Park("示例朱台精细化工园", (-3.4, 11.9), 3.3),
        Park("示例东部物流化工园", (9.0, -0.7), 2.6),
    ],
    routes=ROUTES,
    pools=[
        Pool("示例龙湾水库", "淄河", 5200, 6400, 520, "中型"),
        Pool("示例牛角水库", "乌河", 0, 700, 330, "小(1)型"),
    ],
    rail="铁路",
    rail_km=RAIL_KM,
    motorway="青银高速",
    motorway_km=MOTORWAY_KM,
    interchanges=("省道示例一线", "省道示例二线"),
    rare_village="石㙍村",  # a character that GB18030 has and GBK has not
    gdp_10k_yuan=6_500_000,
    forest_ha=9156.95,
    forest_belts_km=[(6.9, 8.6), (6.0, 15.2), (-6.4, 11.5)],
)

DANGERS = [
    Danger("滑坡", 8.6, "小型", "小型", 46, 15, 210.0, "较稳定", "降雨", "2013-08-02"),
    Danger("崩塌", 0.7, "小型", "小型", 18, 6, 64.5, "不稳定", "切坡", "2019-08-11"),
    Danger("泥石流", 3.4, "中型", "中型", 112, 37, 530.0, "较稳定", "降雨", "2012-07-30"),
]


def register(country: Country) -> tuple[list[Danger], list[Site], list[Home]]:
    """Return the three dangers, each above a village in the hills."""
    villages = hill_villages(country, len(DANGERS))
    homes = [Home(v.code, "", d.people, d.households) for v, d in zip(villages, DANGERS, strict=True)]
    return DANGERS, [above(country, v) for v in villages], homes


TAN_LU = Fault(26.0, 14.0, 0.30, 34.0)
BRANCHES = [("示例西支断裂", 8.2), ("示例边界断裂", 10.4)]  # km east of the centre, beside TAN_LU and as it turns
FAULT_REACH_M, FAULT_BENDS_M = 1200, 50

GOAF_KM = (-6.9, -2.4)
GOAF_KM2 = [("低", 30.0), ("中低", 16.0), ("中", 8.0), ("中高", 3.5), ("高", 1.2)]  # each within the one before

PLOTS: list[tuple[str, Km, float]] = [  # name, where, size in mu
    ("敬仲驻地北地块", (-0.3, 16.3), 9.6),
    ("齐都驻地西地块", (3.2, 11.9), 8.4),
    ("皇城驻地西地块", (8.8, 7.6), 7.5),
    ("金岭驻地南地块", (-7.3, -2.8), 8.0),
    ("齐陵驻地东地块", (9.2, -4.2), 7.2),
    ("主城区北门地块", (0.6, 7.7), 6.3),
    ("主城区中心地块", (0.2, 4.3), 4.5),
    ("主城区西门地块", (-3.3, 5.4), 6.0),
    ("主城区东门地块", (4.2, 4.9), 6.6),
    ("主城区南站地块", (0.8, 1.6), 5.4),
    ("朱台化工园北地块", (-3.3, 12.2), 12.0),
    ("主城区西南地块", (-2.9, 3.8), 5.7),
]
GREAT = ("trunk", "primary", "secondary")
STRAIGHT_DEGREES = 35


def extras(country: Country, _: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the faults of the main project, and what the further project files ask for."""
    lines = faults(country)
    out.zipped_shapefile("faults.zip", lines, LINZI.epsg)
    more = Writer(out.folder)  # its rows are those of further projects
    mined = goaf(country)
    more.geojson("hazard_goaf.geojson", mined)
    offered = plots(country)
    head = [f"{LINZI.name}可供消防站选址地块一览表（{NOTE}）", *[None] * (len(offered.columns) - 1)]
    body = [list(row) for row in offered.itertuples(index=False)]
    last = chr(64 + len(offered.columns))
    more.xlsx("site_candidates.xlsx", "储备地块", [head, list(offered.columns), *body], [f"A1:{last}1"], len(offered))
    turns = no_left_turns(country.ways)
    more.csv("turn_restrictions.csv", turns, "gbk")
    km2 = (mined.area / 1e6).round(3)
    return {
        "faults": {"km": [round(v / 1000, 3) for v in lines.length]},
        "goaf": {"km2": dict(zip(mined["危险等级"], km2, strict=True))},
        "further_rows": dict(sorted(more.rows.items())),
    }


def faults(country: Country) -> gpd.GeoDataFrame:
    """Return branches of the fault zone at the eastern edge, parallel to the fault that the shaking comes from."""
    rng = LINZI.stream("faults")
    turn = np.radians(TAN_LU.turn_degrees)
    around = country.land.outline.buffer(FAULT_REACH_M)
    rows = []
    for name, east in BRANCHES:
        north = np.linspace(-22, 22, 23)
        km = np.column_stack([(east + north * np.sin(turn)) / np.cos(turn), north])
        bent = km * 1000 + LINZI.centre + rng.normal(0, FAULT_BENDS_M, km.shape)
        pieces = shapely.get_parts(shapely.LineString(bent.round(1)).intersection(around))
        rows.append((name, "隐伏断裂", max(pieces, key=lambda g: g.length)))
    return gpd.GeoDataFrame(rows, columns=["名称", "类型", "geometry"], geometry="geometry", crs=LINZI.epsg)


def goaf(country: Country) -> gpd.GeoDataFrame:
    """Return how likely the ground over old mines sinks, in the five census words; only the mining area was surveyed."""
    rng = LINZI.stream("goaf")
    zones = [blob(LINZI, GOAF_KM, km2, rng, 1.3).intersection(country.land.outline) for _, km2 in GOAF_KM2]
    zones = [zones[0]] + [inner.intersection(zones[0]) for inner in zones[1:]]
    rings, inner = [], shapely.Polygon()
    for (word, _), zone in zip(reversed(GOAF_KM2), reversed(zones), strict=True):
        rings.append((word, zone.difference(inner)))
        inner = inner.union(zone)
    return gpd.GeoDataFrame(rings, columns=["危险等级", "geometry"], geometry="geometry", crs=LINZI.epsg)


def plots(country: Country) -> pd.DataFrame:
    """Return plots that a land department might offer, positions in degrees, minutes and seconds."""
    xy = beside_streets(country, LINZI.metres([where for _, where, _ in PLOTS]))
    lon, lat = LINZI.to_lonlat(*xy.T)
    table = pd.DataFrame(
        {
            "地块编号": [f"DK-{n + 1:02d}" for n in range(len(PLOTS))],
            "地块名称": [f"示例{name}" for name, _, _ in PLOTS],
            "面积(亩)": [mu for _, _, mu in PLOTS],
            "规划用途": "公用设施用地",
            "经度": [sexagesimal(v) for v in lon],
            "纬度": [sexagesimal(v) for v in lat],
        }
    )
    return plain(table)


def sexagesimal(degrees: float) -> str:
    """Write an angle as surveyors do: 118°19′03.5″."""
    tenths = round(degrees * 36_000)
    return f"{tenths // 36_000}°{tenths // 600 % 60:02d}′{tenths % 600 / 10:04.1f}″"


def no_left_turns(ways: list[Way]) -> pd.DataFrame:
    """Return left turns out of great roads that are forbidden, where four ways of the main town end at one junction."""
    coords = [np.round(np.asarray(way.coords), 3) for way in ways]
    at: dict[tuple[float, float], list[tuple[int, np.ndarray]]] = defaultdict(list)
    for n, xy in enumerate(coords):
        at[tuple(xy[0])].append((n, xy[1] - xy[0]))
        at[tuple(xy[-1])].append((n, xy[-2] - xy[-1]))
    passing = Counter(tuple(p) for xy in coords for p in xy[1:-1])
    core = LINZI.cores[0]
    middle, reach = np.multiply(core.centre, 1000) + LINZI.centre, 1000 * np.sqrt(core.km2 / np.pi)
    rows = []
    for place, arms in sorted(at.items()):
        if len(arms) != 4 or passing[place] or np.hypot(*(np.array(place) - middle)) > reach:
            continue
        for n, way_in in arms:
            if ways[n].highway in GREAT:
                others = [(k, way_out) for k, way_out in arms if ways[k].name != ways[n].name]
                rows += [(place, n, k) for k, way_out in others if _left(-way_in, way_out)]
    return pd.DataFrame(
        {
            "序号": range(1, len(rows) + 1),
            "路口": [f"{ways[n].name or '无名道路'}与{ways[k].name or '无名道路'}路口" for _, n, k in rows],
            "来向道路": [str(900_000_001 + n) for _, n, _ in rows],
            "去向道路": [str(900_000_001 + k) for _, _, k in rows],
            "限制": "禁左",
        }
    )


def _left(ahead: np.ndarray, turned: np.ndarray) -> bool:
    """Tell whether going on in a direction is a turn to the left, neither straight on nor back."""
    cross, dot = ahead[0] * turned[1] - ahead[1] * turned[0], ahead @ turned
    return bool(STRAIGHT_DEGREES < np.degrees(np.arctan2(cross, dot)) < 180 - STRAIGHT_DEGREES)


LINZI_CONTENTS = Contents(
    place=LINZI,
    title="the Tan-Lu fault zone",
    fault=TAN_LU,
    flood_m={"淄河": 2.5, "乌河": 1.7, "运粮河": 1.4},
    rain=lambda east, north: 0.50 - 0.011 * north + 0.008 * east,
    weak_townships=("金山镇", "敬仲镇", "皇城镇"),
    pipes=[
        Pipe("原油", 711, 6.3, 2006, [(-4.2, 17.6), (-4.1, 9.6), (-4.0, 3.4), (-1.0, -2.6)]),
        Pipe("原油", 508, 6.3, 1998, [(-11.6, 9.9), (-4.6, 10.2), (5.2, 8.4), (11.2, 10.2)]),
        Pipe("原油", 406.4, 4.0, 1987, [(5.4, -17.4), (4.0, -10.5), (2.6, -4.6), (-5.0, -3.4), (-11.4, -5.6)]),
        Pipe("原油", 610, 6.3, 2014, [(4.2, 18.4), (5.3, 12.0), (5.6, 4.0), (4.0, -2.4), (5.0, -5.4), (11.8, -5.8)]),
        Pipe("成品油", 323.9, 6.3, 2009, [(-11.4, 8.6), (-10.2, 0.2), (-5.0, -1.0), (-1.0, -2.2)]),
        Pipe("成品油", 273, 4.0, 2001, [(11.6, 7.6), (10.4, 5.0), (9.4, 1.2), (7.2, -1.6), (3.4, -2.0)]),
        Pipe("天然气", 1016, 10.0, 2012, [(-11.4, 14.6), (-5.0, 14.4), (3.0, 14.4), (10.6, 14.2)]),
        Pipe("天然气", 508, 4.0, 2008, [(-4.4, 14.2), (-5.0, 9.4), (-4.2, 5.0), (-4.0, 1.6)]),
        Pipe("天然气", 219.1, 1.0, 2016, [(-4.4, 5.6), (-8.6, 0.2), (-8.8, -4.4), (-8.8, -9.8)]),
    ],
    pipe_km={"原油": 99.2, "成品油": 32.3, "天然气": 48.3},
    industry=Industry(189, 238, [(36, "petrochemical"), (19, "coal"), (18, "fine"), (12, "depot")], with_process=31),
    stations=[
        Station("闻韶特勤站", "特勤站", (-1.5, 6.1), None, 6, 52),
        Station("雪宫一级站", "一级站", (2.7, 5.7), None, 5, 42),
        Station("辛店一级站", "一级站", (-1.9, 2.9), None, 5, 40),
        Station("稷下小型站", "小型站", (3.2, 3.0), None, 2, 15),
        Station("示例齐鲁化工区企业专职队", "企业专职队", (1.2, -1.8), 45, 5, 38),
        Station("凤凰二级站", "二级站", (-7.5, 4.7), None, 3, 22),
        Station("朱台乡镇专职队", "乡镇专职队", (-8.2, 12.2), None, 2, 14),
        Station("示例东部物流化工园企业专职队", "企业专职队", (9.0, -0.6), None, 3, 18),
        Station("金山乡镇专职队", "乡镇专职队", (0.4, -9.5), None, 2, 12),
    ],
    services={
        "学校": Service(108, "学校", 180, 2400),
        "医院": Service(14, "医院", 80, 900),
        "养老院": Service(26, "养老院", 30, 220),
        "加油站": Service(45, "加油站", 3, 14),
        "消防安全重点单位": Service(120, "商厦", 60, 2600, urban=True),
        "政府机关": Service(13, "政务中心", 25, 260),
        "医疗急救站": Service(3, "急救站", 8, 30),
    },
    refuge=Refuge(
        ratio=dict(
            zip(
                [t.name for t in TOWNSHIPS],
                [1.06, 0.82, 1.04, 1.10, 1.20, 1.05, 0.91, 1.08, 1.02, 1.15, 1.03, 1.30],
                strict=True,
            )
        ),
        yards={"金山镇": 3, "凤凰镇": 3, "朱台镇": 3, "齐都镇": 3},
        without_capacity=(3, 9, 16, 22, 29, 35),
    ),
    teams={"综合应急救援队": 2, "危化品救援队": 4, "森林防火队伍": 3, "防汛抢险队伍": 3, "社会救援力量": 2},
    stores=[
        Store("生活类", "救灾帐篷", "顶"),
        Store("生活类", "棉被", "床"),
        Store("防汛物资", "排水泵车", "台", 12),
        Store("危化救援物资", "泡沫灭火剂", "吨", 86),
        Store("防汛物资", "编织袋", "条"),
        Store("综合物资", "应急照明", "套"),
        Store("危化救援物资", "防化服", "套"),
        Store("生活类", "食品饮水", "份"),
    ],
    register=register,
    tailings=[(5, "四等", 800.0)],
    unsurveyed=True,
    extra=extras,
)
