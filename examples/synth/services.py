"""Fire stations, facilities, hospitals, rescue teams, stores of supplies: what answers an emergency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .country import Country
from .drawing import Coords, shares
from .people import off_streets
from .place import Where

Facility = tuple[str, str, float, float, int | None]
"""Name, kind, x, y, people."""


class Station(NamedTuple):
    """A fire station: name, kind, place, own turnout, engines, firefighters."""

    name: str
    kind: str
    where: Where
    turnout_s: int | None
    engines: int | None
    people: int


class Service(NamedTuple):
    """A kind of facility: how many, how their names end, least and most people, whether only in towns."""

    count: int
    ending: str
    least: int
    most: int
    urban: bool = False


class Store(NamedTuple):
    """A store of supplies; without ``stock`` it holds a random amount."""

    kind: str
    item: str
    unit: str
    stock: int | None = None


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


def fire_stations(country: Country, stations: Sequence[Station]) -> gpd.GeoDataFrame:
    """Return the stations beside a street."""
    place = country.land.place
    rows = pd.DataFrame(stations, columns=["name", "kind", "where", "turnout_s", "engines", "people"])
    rows.insert(0, "id", [f"XF{n + 1:02d}" for n in range(len(rows))])
    rows["turnout_s"], rows["engines"] = rows.turnout_s.astype("Int64"), rows.engines.astype("Int64")
    xy = beside_streets(country, place.metres(rows["where"].tolist()))
    return gpd.GeoDataFrame(rows.drop(columns="where"), geometry=shapely.points(xy), crs=place.epsg)


def near_people(
    country: Country, buildings: gpd.GeoDataFrame, services: Mapping[str, Service], rng: np.random.Generator
) -> list[Facility]:
    """Return services near homes, more of them where more people live in tall buildings."""
    homes = buildings[buildings.households > 0]
    xy = np.column_stack([homes.geometry.x, homes.geometry.y])
    rows: list[Facility] = []
    for kind, service in services.items():
        urban = homes.floors.to_numpy() > 2
        weight = np.where(urban, 3.0, 0.0 if service.urban else 0.8) * homes.people.to_numpy() ** 0.5
        pick = rng.choice(len(xy), service.count, replace=False, p=weight / weight.sum())
        spots = beside_streets(country, xy[pick] + rng.uniform(-60, 60, (service.count, 2)))
        rows += [
            (f"示例{service.ending}{n + 1:03d}", kind, *p, int(rng.integers(service.least, service.most)))
            for n, p in enumerate(spots)
        ]
    return rows


def hazchem_enterprises(
    country: Country,
    buildings: gpd.GeoDataFrame,
    plants: gpd.GeoDataFrame,
    others: Sequence[str],
    rng: np.random.Generator,
) -> list[Facility]:
    """Return the enterprises with major hazard sources, in the middle of these, and others beside streets."""
    homes = buildings[buildings.households > 0]
    xy = np.column_stack([homes.geometry.x, homes.geometry.y])
    sites = plants.groupby("enterprise", sort=False).geometry.apply(lambda g: g.union_all().centroid)
    rows: list[Facility] = [(name, "危险化学品企业", p.x, p.y, int(rng.integers(25, 900))) for name, p in sites.items()]
    rest = [n for n in others if n not in sites.index]
    spots = beside_streets(
        country, xy[rng.choice(len(xy), len(rest), replace=False)] + rng.uniform(-250, 250, (len(rest), 2))
    )
    return rows + [(name, "危险化学品企业", *p, int(rng.integers(4, 60))) for name, p in zip(rest, spots, strict=True)]


def facilities_frame(country: Country, rows: Sequence[Facility]) -> gpd.GeoDataFrame:
    """Return facilities as a table with ids and townships."""
    place = country.land.place
    table = pd.DataFrame(rows, columns=["name", "kind", "x", "y", "people"])
    points = table[["x", "y"]].to_numpy()
    town = country.land.township_at(points)
    table = table.assign(
        id=[f"SS{n + 1:04d}" for n in range(len(table))],
        town=[place.townships[t].name for t in town],
        people=table.people.astype("Int64"),
    )
    return gpd.GeoDataFrame(table.drop(columns=["x", "y"]), geometry=shapely.points(points.round(2)), crs=place.epsg)


def hospitals(country: Country, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return hospitals and emergency stations, taken from the facilities, with beds."""
    rng = country.land.place.stream("hospitals")
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


def teams_and_supplies(
    country: Country,
    team_kinds: Sequence[str],
    stores: Sequence[Store],
    people: Mapping[str, int] | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return rescue teams, with so many people in a kind where that is stated, and supply stores."""
    place = country.land.place
    rng = place.stream("teams")
    seats = [t for t in country.towns if t.kind != "park"]
    count = len(team_kinds)
    spots = np.array([seats[n % len(seats)].centre for n in range(count)]) + rng.uniform(-700, 700, (count, 2))
    size = rng.integers(12, 60, count)
    digits = len(str(count)) if count > 99 else 2
    teams = pd.DataFrame(
        {
            "id": [f"DW{n + 1:0{digits}d}" for n in range(count)],
            "name": [f"示例{k}{n + 1:0{digits}d}" for n, k in enumerate(team_kinds)],
            "kind": list(team_kinds),
            "people": _strength(team_kinds, size, people or {}),
        }
    )
    amount = rng.integers(20, 3000, len(stores))
    supplies = pd.DataFrame(
        {
            "id": [f"WZ{n + 1:02d}" for n in range(len(stores))],
            "name": [f"示例物资储备点{n + 1:02d}" for n in range(len(stores))],
            "kind": [s.kind for s in stores],
            "item": [s.item for s in stores],
            "stock": [int(a) if s.stock is None else s.stock for a, s in zip(amount, stores, strict=True)],
            "unit": [s.unit for s in stores],
        }
    )
    sites = np.array([seats[n % len(seats)].centre for n in range(len(stores))])
    sites = sites + rng.uniform(-600, 600, (len(stores), 2))
    return (
        gpd.GeoDataFrame(teams, geometry=shapely.points(beside_streets(country, spots)), crs=place.epsg),
        gpd.GeoDataFrame(supplies, geometry=shapely.points(beside_streets(country, sites)), crs=place.epsg),
    )


def _strength(kinds: Sequence[str], size: np.ndarray, people: Mapping[str, int]) -> np.ndarray:
    """Return people per team: drawn, or split so that the teams of a kind sum to what is stated."""
    kind = np.array(kinds)
    strength = size.copy()
    for name, total in people.items():
        mine = kind == name
        strength[mine] = shares(total, size[mine], least=5)
    return strength
