"""Geohazard points, the people below them, dams, wardens: the threatened hills."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .common import LONLAT, METRIC, shares, stream, to_lonlat
from .country import Country
from .names import DISTRICT, DISTRICT_CODE, TOWNSHIPS

POINTS = [  # kind, type code, volume (10^4 m3), scale, danger, people, households, property (10^4 yuan), trend, cause
    ("滑坡", "01", 8.6, "小型", "小型", 46, 15, 210.0, "较稳定", "降雨"),
    ("崩塌", "02", 0.7, "小型", "小型", 18, 6, 64.5, "不稳定", "切坡"),
    ("泥石流", "03", 3.4, "中型", "中型", 112, 37, 530.0, "较稳定", "降雨"),
]


def geohazard_points(country: Country) -> gpd.GeoDataFrame:
    """Return the three points, each above a village in the hills, with census short field names (EPSG:4490)."""
    rows = []
    for n, village in enumerate(threatened_villages(country)):
        kind, code, volume, scale, danger, people, households, money, trend, cause = POINTS[n]
        point = _above(country, village)
        lon, lat = (float(v) for v in to_lonlat(point.x, point.y))
        town = TOWNSHIPS[village.town].name
        rows.append(
            {
                "xh": n + 1,
                "yhdbh": f"{DISTRICT_CODE}{code}{n + 1:04d}",
                "yhdmc": f"{village['name']}{kind}",
                "yhdlx": kind,
                "sz": "淄博市",
                "qx": DISTRICT,
                "xz": town,
                "c": village["name"],
                "dlwz": f"{town}{village['name']}示例位置",
                "jd": round(lon, 6),
                "wd": round(lat, 6),
                "zhgm": volume,
                "gmdj": scale,
                "xqdj": danger,
                "wxccwy": money,
                "wxhsh": households,
                "wxrsr": people,
                "yhdfxsj": ["2013-08-02", "2019-08-11", "2012-07-30"][n],
                "yfys": cause,
                "fzqs": trend,
                "geometry": shapely.Point(round(lon, 7), round(lat, 7)),
            }
        )
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=LONLAT)


def threatened_villages(country: Country) -> list[pd.Series]:
    """Return three hill villages, far from each other, below steep ground."""
    rural = country.places[country.places.kind == "village"]
    hills = country.land.hilliness
    steep = np.max([hills.at(rural.x + dx, rural.y + dy) for dx in (-200, 0, 200) for dy in (-200, 0, 200)], axis=0)
    rural = rural.assign(steep=steep)[(rural.people > 150)].nlargest(24, "steep")
    chosen = [rural.iloc[0]]
    while len(chosen) < len(POINTS):
        away = np.min([np.hypot(rural.x - c.x, rural.y - c.y) for c in chosen], axis=0)
        chosen.append(rural.iloc[int(away.argmax())])
    return chosen


def _above(country: Country, village: pd.Series) -> shapely.Point:
    """Return the highest place 190-260 m from a village's centre."""
    turn = np.linspace(0, 2 * np.pi, 73)[:-1]
    ring = np.vstack(
        [np.column_stack([village.x + r * np.cos(turn), village.y + r * np.sin(turn)]) for r in (190, 225, 260)]
    )
    return shapely.Point(ring[country.land.height.at(*ring.T).argmax()])


def households(country: Country) -> pd.DataFrame:
    """Return the threatened households by name (invented, half hidden), for the cards."""
    rng = stream("households")
    family = list("王李张刘陈杨赵孙周徐")
    rows: list[tuple[str, str, int, str, int]] = []
    for village, point in zip(threatened_villages(country), POINTS, strict=True):
        size = shares(point[5], rng.uniform(1, 3, point[6]), least=1)
        rows += [
            (
                village.code,
                f"{rng.choice(family)}某",
                int(n),
                f"1000000{len(rows) + k:04d}",
                int(rng.integers(0, 2) if n > 1 else 0),
            )
            for k, n in enumerate(size)
        ]
    return pd.DataFrame(rows, columns=["village_code", "head", "people", "phone", "slow_walkers"])


def wardens(points: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return two grid wardens per township and a monitor per geohazard point; numbers can't be dialled."""
    rows = [(f"网格员{chr(65 + k)}", "网格员", t.name, t.code, "") for t in TOWNSHIPS for k in range(2)]
    rows += [("监测人", "监测人", p.xz, "", p.yhdbh) for p in points.itertuples()]
    table = pd.DataFrame(rows, columns=["name", "role", "town", "town_code", "geohazard_id"])
    table.insert(2, "phone", [f"1000001{n:04d}" for n in range(len(table))])
    table["name"] = [f"示例{n}{k + 1:02d}" for k, n in enumerate(table.name)]
    return table


def dams(country: Country) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the two reservoir dams and one tailings dam, with the people who live below."""
    people = country.people
    x, y = people.grid.centres()
    rows: list[tuple[str, str, str, int, shapely.Point]] = []
    for n, pool in enumerate(country.land.reservoirs.itertuples()):
        ring = shapely.get_coordinates(pool.geometry)
        dam = ring[ring[:, 1].argmax()]
        below = (np.abs(x - dam[0]) < 1500) & (y > dam[1]) & (y < dam[1] + 6000)
        rows.append(
            (
                f"SK{n + 1:02d}",
                pool.name,
                ["中型", "小(1)型"][n],
                int(people.count[below].sum()),
                shapely.Point(dam.round(2)),
            )
        )
    names = ["id", "name", "grade", "people_below", "geometry"]
    reservoirs = gpd.GeoDataFrame(rows, columns=names, geometry="geometry", crs=METRIC)
    spot = _tailings_spot(country)
    below = np.hypot(x - spot.x, y - spot.y) < 1200
    tailings = gpd.GeoDataFrame(
        [("WK01", "示例一号尾矿库", "四等", int(people.count[below].sum()), spot)],
        columns=names,
        geometry="geometry",
        crs=METRIC,
    )
    return reservoirs, tailings


def _tailings_spot(country: Country) -> shapely.Point:
    """Return a place in the hills 600-1,000 m from a village, where a dam above people would stand."""
    rural = country.places[country.places.kind == "village"]
    hilly = country.land.hilliness.at(rural.x, rural.y)
    village = rural.iloc[int(np.argsort(-hilly, kind="stable")[5])]
    turn = np.linspace(0, 2 * np.pi, 36)
    ring = np.column_stack([village.x + 800 * np.cos(turn), village.y + 800 * np.sin(turn)])
    return shapely.Point(ring[country.land.height.at(*ring.T).argmax()].round(2))
