"""People: villages and communities, the population raster, buildings and the value produced."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from .drawing import Coords, noise, shares
from .grids import Grid, degrees, within
from .land import Land
from .names import COMMUNITY_WORDS, VILLAGE_WORDS
from .place import Place
from .settle import Settlement


@dataclass
class Population:
    """People per cell of a fine grid of degrees, and the village (row number) that each peopled cell belongs to."""

    grid: Grid
    count: np.ndarray
    owner: np.ndarray
    known: np.ndarray


def settle_people(communities: dict[str, Coords], villages: Coords, land: Land) -> pd.DataFrame:
    """Return the list of villages and communities with codes, people and households.

    Each township's people are split over its places with largest remainders, so the sums are exact.
    """
    place = land.place
    core, seat, country = place.settlement_weights
    rng = place.stream("people")
    town_of = land.township_at(villages)
    rows = []
    for t, row in enumerate(place.townships):
        for n, point in enumerate(communities[row.name]):
            weight = core if row.name in place.urban else seat
            rows.append((t, f"{row.code}{n + 1:03d}", "community", *point, weight * rng.lognormal(0, 0.28)))
        own = villages[town_of == t]
        for n, point in enumerate(own[np.argsort(-own[:, 1], kind="stable")]):
            rows.append((t, f"{row.code}{200 + n:03d}", "village", *point, country * rng.lognormal(0, 0.42)))
    places = pd.DataFrame(rows, columns=["town", "code", "kind", "x", "y", "weight"])
    places[["x", "y"]] = places[["x", "y"]].round(2)
    for t, row in enumerate(place.townships):
        places.loc[places.town == t, "people"] = shares(row.people, places.weight[places.town == t], least=60)
    places["people"] = places.people.astype(int)
    least, most, town_least, town_most = place.household_sizes
    in_villages, in_towns = rng.uniform(least, most, len(places)), rng.uniform(town_least, town_most, len(places))
    size = np.where(places.kind == "village", in_villages, in_towns)
    places["households"] = np.ceil(places.people / size).astype(int)
    places["name"] = _names(places.kind, place, rng)
    return places.drop(columns="weight")


def _names(kinds: pd.Series, place: Place, rng: np.random.Generator) -> list[str]:
    """Return invented names, no two alike."""
    first, family, end = VILLAGE_WORDS
    rural = [f"{a}{b}{c}" for a in dict.fromkeys(first) for b in family for c in end]
    urban = [f"{a}{b}社区" for a in COMMUNITY_WORDS[0] for b in COMMUNITY_WORDS[1]]
    pool = {"village": iter(rng.permutation(rural)), "community": iter(rng.permutation(urban))}
    names = [str(next(pool[k])) for k in kinds]
    if place.rare_village:
        names[int(np.flatnonzero(kinds == "village")[17])] = place.rare_village
    return names


def spread_people(
    places: pd.DataFrame, shapes: list[Settlement], towns: list[Settlement], green: list[shapely.Geometry], land: Land
) -> Population:
    """Put every person into a cell near home, clear of township lines and of the boundary.

    ``shapes`` are the built areas of the villages, in the order of the villages in ``places``.
    """
    place = land.place
    grid = degrees(place, land.outline, place.people_seconds)
    x, y = (v.ravel() for v in grid.centres())
    free = _where_people_may_live(x, y, green, land)
    owner = np.full(x.size, -1)
    weight = np.zeros(x.size)
    rough = np.exp(0.45 * land.height.like(noise(land.height, place.stream("density"), 450)).at(x, y))
    tree = shapely.STRtree(shapely.points(x, y))
    rural = np.flatnonzero(places.kind == "village")
    for village, shape in zip(rural, shapes, strict=True):
        cells = tree.query(shape.area.buffer(25), predicate="contains")
        cells = cells[free[cells]]
        owner[cells], weight[cells] = village, rough[cells]
    built = shapely.union_all([p.area for p in towns if p.kind in ("town", "seat")])
    town_cells = np.flatnonzero(free & (owner < 0) & shapely.contains_xy(built, x, y))
    town_of = land.township_at(np.column_stack([x, y])[town_cells])
    for t in np.unique(town_of[town_of >= 0]):
        mine = np.flatnonzero((places.town == t) & (places.kind == "community"))
        cells = town_cells[town_of == t]
        away, which = cKDTree(places[["x", "y"]].to_numpy()[mine]).query(np.column_stack([x, y])[cells])
        owner[cells], weight[cells] = mine[which], np.exp(-((away / 520) ** 2)) * rough[cells]
    count = np.zeros(x.size, dtype=np.int64)
    for home, people in enumerate(places.people):
        cells = np.flatnonzero(owner == home)
        if not len(cells):
            raise ValueError(f"{places.code[home]}: no cell of the grid for its people")
        count[cells] = shares(int(people), weight[cells])
    known = within(land.outline.buffer(160), grid)
    return Population(grid, count.reshape(grid.shape), np.where(count > 0, owner, -1).reshape(grid.shape), known)


def _where_people_may_live(x: Coords, y: Coords, green: list[shapely.Geometry], land: Land) -> np.ndarray:
    """Return which cells are clear of lines, water, railway, motorway and parks."""
    blocked = shapely.union_all(
        [
            land.river_net().buffer(70),
            land.rail.buffer(45),
            land.motorway.buffer(70),
            *land.reservoirs.buffer(60).values,
            *green,
        ]
    )
    lines = land.township_lines().buffer(land.place.clear_of_lines_m)
    free = land.outline.buffer(-land.place.clear_of_boundary_m).difference(lines).difference(blocked)
    shapely.prepare(free)
    return shapely.contains_xy(free, x, y)


def raise_buildings(
    place: Place,
    places: pd.DataFrame,
    people: Population,
    streets: list[shapely.LineString],
    towns: list[Settlement],
) -> gpd.GeoDataFrame:
    """Return building points: a town building or, in a village, a row of houses; sums equal the villages'."""
    rng = place.stream("buildings")
    table = _share_out_homes(place, places, people, rng)
    rows, cols = np.unravel_index(table.cell, people.grid.shape)
    x, y = (v[rows, cols] for v in people.grid.centres())
    xy = np.column_stack([x, y]) + rng.uniform(-1, 1, (len(table), 2)) * (34, 43)
    urban = (places.kind == "community").to_numpy()[table.place]
    high = np.clip(np.round(table.households / rng.uniform(3, 7, len(table))), 3, 32)
    homes = table.assign(
        floors=np.where(urban, high, rng.choice([1, 2], len(table), p=[0.7, 0.3])).astype(int),
        use=np.where(urban, "住宅", "农房"),
        area_m2=(table.households * np.where(urban, 105, 130)).astype(int),
    )
    empty, empty_xy = _empty_buildings(place, towns, rng)
    every = pd.concat([homes.drop(columns=["cell", "place"]), empty], ignore_index=True)
    points = shapely.points(off_streets(np.vstack([xy, empty_xy]), streets))
    return gpd.GeoDataFrame(every, geometry=points, crs=place.epsg)


def _share_out_homes(place: Place, places: pd.DataFrame, people: Population, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row per inhabited building: place, cell of the raster, households, people."""
    owner, count = people.owner.ravel(), people.count.ravel()
    numbers = 3 + shares(place.buildings - place.empty_buildings - 3 * len(places), places.households**0.9)
    parts = []
    for home, wanted in enumerate(numbers):
        cells = np.flatnonzero(owner == home)
        number = int(min(wanted, places.households[home] // 2))
        cell = rng.choice(cells, number, p=count[cells] / count[cells].sum())
        homes = shares(int(places.households[home]), rng.lognormal(0, 0.35, number), least=1)
        persons = shares(int(places.people[home]), homes, least=1)
        parts.append(pd.DataFrame({"place": home, "cell": cell, "households": homes, "people": persons}))
    return pd.concat(parts, ignore_index=True)


def _empty_buildings(place: Place, towns: list[Settlement], rng: np.random.Generator) -> tuple[pd.DataFrame, Coords]:
    """Return buildings in which nobody lives, in the parks and in the town."""
    spots = []
    for town in towns:
        number = {"park": 55, "town": 60, "seat": 5}[town.kind]
        west, south, east, north = town.area.buffer(-60).bounds
        points = np.column_stack([rng.uniform(west, east, 9 * number), rng.uniform(south, north, 9 * number)])
        inside = points[shapely.contains_xy(town.area.buffer(-60), *points.T)][:number]
        spots += [(p[0], p[1], "工业" if town.kind == "park" else rng.choice(["商业", "公共", "工业"])) for p in inside]
    spots = spots[: place.empty_buildings]
    table = pd.DataFrame(
        {
            "households": 0,
            "people": 0,
            "floors": rng.integers(1, 6, len(spots)),
            "use": [s[2] for s in spots],
            "area_m2": rng.integers(400, 9000, len(spots)),
        }
    )
    return table, np.array([s[:2] for s in spots])


def off_streets(xy: Coords, streets: list[shapely.LineString]) -> Coords:
    """Move points that stand on a street 15 m to its side."""
    lines = np.array(streets)
    points = shapely.points(xy)
    near = lines[shapely.STRtree(lines).nearest(points)]
    foot = shapely.get_coordinates(shapely.line_interpolate_point(near, shapely.line_locate_point(near, points)))
    off = xy - foot
    far = np.hypot(*off.T)[:, None]
    unit = np.divide(off, far, out=np.tile(np.array([0.0, 1.0]), (len(xy), 1)), where=far > 0.01)
    return np.where(far < 15, foot + unit * 15, xy).round(2).astype(np.float64)


def value_produced(people: Population, towns: list[Settlement], land: Land) -> tuple[Grid, np.ndarray]:
    """Return a 30-arc-second raster of value produced (10^4 yuan per cell): people and industry."""
    place = land.place
    grid = degrees(place, land.outline, 30, margin=1)
    x, y = people.grid.centres()
    rows, cols = grid.index(x.ravel(), y.ravel())
    weight = np.zeros(grid.shape)
    np.add.at(weight, (rows, cols), people.count.ravel())
    for park in (p for p in towns if p.kind == "park"):
        inside = within(park.area, people.grid).ravel()
        np.add.at(weight, (rows[inside], cols[inside]), 26.0)
    weight *= np.exp(0.2 * place.stream("gdp").normal(size=grid.shape))
    value = shares(place.gdp_10k_yuan, weight.ravel()).reshape(grid.shape)
    touched = np.zeros(grid.shape, bool)
    inside = people.known.ravel()
    touched[rows[inside], cols[inside]] = True
    return grid, np.where(touched, value, -9999.0)
