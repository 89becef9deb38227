"""Geohazard points with the census's short field names, the households below them, wardens, dams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .country import Country
from .drawing import shares
from .place import LONLAT, Place

KIND_CODES = {"滑坡": "01", "崩塌": "02", "泥石流": "03", "地面塌陷": "04", "地裂缝": "05", "不稳定斜坡": "06"}


class Danger(NamedTuple):
    """A registered danger: volume in 10^4 m3, property in 10^4 yuan, and its words."""

    kind: str
    volume: float
    scale: str
    grade: str
    people: int
    households: int
    money: float
    trend: str
    cause: str
    found_on: str


class Site(NamedTuple):
    """Where a danger is: metres, number of the township, village it belongs to."""

    x: float
    y: float
    town: int
    village: str
    where: str = ""


class Home(NamedTuple):
    """Households of one village below one danger."""

    village_code: str
    geohazard_id: str
    people: int
    households: int


def danger_id(place: Place, kind: str, number: int) -> str:
    """Return the register's number of a danger: county, kind, running number."""
    return f"{place.code}{KIND_CODES[kind]}{number:04d}"


def dangers_frame(country: Country, dangers: Sequence[Danger], sites: Sequence[Site]) -> gpd.GeoDataFrame:
    """Return the register as the census delivers it (EPSG:4490)."""
    place = country.land.place
    rows = []
    for n, (danger, site) in enumerate(zip(dangers, sites, strict=True)):
        lon, lat = (float(v) for v in place.to_lonlat(site.x, site.y))
        town = place.townships[site.town].name
        rows.append(
            {
                "xh": n + 1,
                "yhdbh": danger_id(place, danger.kind, n + 1),
                "yhdmc": f"{site.village}{danger.kind}",
                "yhdlx": danger.kind,
                "sz": place.city,
                "qx": place.name,
                "xz": town,
                "c": site.village,
                "dlwz": f"{town}{site.village}示例位置{site.where}",
                "jd": round(lon, 6),
                "wd": round(lat, 6),
                "zhgm": danger.volume,
                "gmdj": danger.scale,
                "xqdj": danger.grade,
                "wxccwy": danger.money,
                "wxhsh": danger.households,
                "wxrsr": danger.people,
                "yhdfxsj": danger.found_on,
                "yfys": danger.cause,
                "fzqs": danger.trend,
                "geometry": shapely.Point(round(lon, 7), round(lat, 7)),
            }
        )
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=LONLAT)


def hill_villages(country: Country, count: int) -> list[pd.Series]:
    """Return villages below steep ground, far from each other."""
    rural = country.places[country.places.kind == "village"]
    hills = country.land.hilliness
    steep = np.max([hills.at(rural.x + dx, rural.y + dy) for dx in (-200, 0, 200) for dy in (-200, 0, 200)], axis=0)
    rural = rural.assign(steep=steep)[(rural.people > 150)].nlargest(24, "steep")
    chosen = [rural.iloc[0]]
    while len(chosen) < count:
        away = np.min([np.hypot(rural.x - c.x, rural.y - c.y) for c in chosen], axis=0)
        chosen.append(rural.iloc[int(away.argmax())])
    return chosen


def above(country: Country, village: pd.Series) -> Site:
    """Return the highest place 190-260 m from a village's centre."""
    turn = np.linspace(0, 2 * np.pi, 73)[:-1]
    ring = np.vstack(
        [np.column_stack([village.x + r * np.cos(turn), village.y + r * np.sin(turn)]) for r in (190, 225, 260)]
    )
    x, y = ring[country.land.height.at(*ring.T).argmax()]
    return Site(float(x), float(y), int(village.town), str(village["name"]))


def households_frame(place: Place, homes: Sequence[Home]) -> pd.DataFrame:
    """Return threatened households by name (invented, half hidden), for the cards."""
    rng = place.stream("households")
    family = list("王李张刘陈杨赵孙周徐")
    rows: list[tuple[str, str, str, int, str, int]] = []
    for home in homes:
        size = shares(home.people, rng.uniform(1, 3, home.households), least=1)
        rows += [
            (
                home.village_code,
                home.geohazard_id,
                f"{rng.choice(family)}某",
                int(n),
                f"1000000{len(rows) + k:04d}",
                int(rng.integers(0, 2) if n > 1 else 0),
            )
            for k, n in enumerate(size)
        ]
    return pd.DataFrame(rows, columns=["village_code", "geohazard_id", "head", "people", "phone", "slow_walkers"])


def wardens(place: Place, points: gpd.GeoDataFrame | None, a_town: int = 2) -> pd.DataFrame:
    """Return grid wardens of each township and a monitor per geohazard point; numbers can't be dialled."""
    rows = [(f"网格员{chr(65 + k)}", "网格员", t.name, t.code, "") for t in place.townships for k in range(a_town)]
    if points is not None:
        rows += [("监测人", "监测人", p.xz, "", p.yhdbh) for p in points.itertuples()]
    table = pd.DataFrame(rows, columns=["name", "role", "town", "town_code", "geohazard_id"])
    table.insert(2, "phone", [f"1000001{n:04d}" for n in range(len(table))])
    table["name"] = [f"示例{n}{k + 1:02d}" for k, n in enumerate(table.name)]
    return table


def reservoir_dams(country: Country) -> gpd.GeoDataFrame:
    """Return the dams of the reservoirs, with the people who live in the valley below."""
    people, place = country.people, country.land.place
    x, y = people.grid.centres()
    rows: list[tuple[str, str, str, int, shapely.Point]] = []
    for n, (pool, shape) in enumerate(zip(place.pools, country.land.reservoirs.geometry, strict=True)):
        ring = shapely.get_coordinates(shape)
        east, north = pool.toward
        dam = ring[(ring[:, 0] * east + ring[:, 1] * north).argmax()]
        along = (x - dam[0]) * east + (y - dam[1]) * north
        below = (np.abs((x - dam[0]) * north - (y - dam[1]) * east) < 1500) & (along > 0) & (along < 6000)
        rows.append(
            (f"SK{n + 1:02d}", pool.name, pool.grade, int(people.count[below].sum()), shapely.Point(dam.round(2)))
        )
    names = ["id", "name", "grade", "people_below", "geometry"]
    return gpd.GeoDataFrame(rows, columns=names, geometry="geometry", crs=place.epsg)


def tailings_dams(country: Country, dams: Sequence[tuple[int, str, float]]) -> gpd.GeoDataFrame:
    """Return tailings dams in the hills above villages, with the people within 1,200 m.

    Each dam is told by the rank of the village by hilliness, its grade, and its distance from the village in metres.
    """
    x, y = country.people.grid.centres()
    rural = country.places[country.places.kind == "village"]
    hilly = np.argsort(-country.land.hilliness.at(rural.x, rural.y), kind="stable")
    turn = np.linspace(0, 2 * np.pi, 36)
    rows = []
    for n, (rank, grade, away) in enumerate(dams):
        village = rural.iloc[int(hilly[rank])]
        ring = np.column_stack([village.x + away * np.cos(turn), village.y + away * np.sin(turn)])
        spot = shapely.Point(ring[country.land.height.at(*ring.T).argmax()].round(2))
        below = int(country.people.count[np.hypot(x - spot.x, y - spot.y) < 1200].sum())
        rows.append((f"WK{n + 1:02d}", f"示例{'一二三四五六七八九'[n]}号尾矿库", grade, below, spot))
    columns = ["id", "name", "grade", "people_below", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=country.land.place.epsg)
