"""People: villages and communities, the population raster, buildings and the value produced."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from .common import METRIC, Coords, noise, shares, stream
from .grids import Grid, degrees, within
from .land import Land
from .names import COMMUNITY_WORDS, RARE_VILLAGE, TOWNSHIPS, VILLAGE_WORDS
from .settle import Settlement

CLEAR_OF_LINES_M = 165.0  # people keep this far from township lines: sums per township survive a 100 m grid
CLEAR_OF_BOUNDARY_M = 325.0
BUILDINGS = 8000
BUILDINGS_EMPTY = 320  # of these nobody lives in: factories, shops, public buildings
GDP_10K_YUAN = 6_500_000


@dataclass
class Population:
    """People per 3-arc-second cell, and the village (row number) that each peopled cell belongs to."""

    grid: Grid
    count: np.ndarray
    owner: np.ndarray
    known: np.ndarray


def settle_people(communities: dict[str, Coords], villages: Coords, land: Land) -> pd.DataFrame:
    """Return the list of villages and communities with codes, people and households.

    Each township's people are split over its places with largest remainders, so the sums are exact.
    """
    rng = stream("people")
    town_of = land.township_at(villages)
    rows = []
    for t, row in enumerate(TOWNSHIPS):
        for n, point in enumerate(communities[row.name]):
            rows.append(
                (t, f"{row.code}{n + 1:03d}", "community", *point, (3400 if t < 4 else 1900) * rng.lognormal(0, 0.28))
            )
        own = villages[town_of == t]
        for n, point in enumerate(own[np.argsort(-own[:, 1], kind="stable")]):
            rows.append((t, f"{row.code}{200 + n:03d}", "village", *point, 760 * rng.lognormal(0, 0.42)))
    places = pd.DataFrame(rows, columns=["town", "code", "kind", "x", "y", "weight"])
    places[["x", "y"]] = places[["x", "y"]].round(2)
    for t, row in enumerate(TOWNSHIPS):
        places.loc[places.town == t, "people"] = shares(row.people, places.weight[places.town == t], least=60)
    places["people"] = places.people.astype(int)
    size = np.where(places.kind == "village", rng.uniform(2.6, 3.1, len(places)), rng.uniform(2.4, 2.9, len(places)))
    places["households"] = np.ceil(places.people / size).astype(int)
    places["name"] = _names(places.kind, rng)
    return places.drop(columns="weight")


def _names(kinds: pd.Series, rng: np.random.Generator) -> list[str]:
    """Return invented names, no two alike."""
    first, family, end = VILLAGE_WORDS
    rural = [f"{a}{b}{c}" for a in dict.fromkeys(first) for b in family for c in end]
    urban = [f"{a}{b}社区" for a in COMMUNITY_WORDS[0] for b in COMMUNITY_WORDS[1]]
    pool = {"village": iter(rng.permutation(rural)), "community": iter(rng.permutation(urban))}
    names = [str(next(pool[k])) for k in kinds]
    names[int(np.flatnonzero(kinds == "village")[17])] = RARE_VILLAGE
    return names


def spread_people(
    places: pd.DataFrame, shapes: list[Settlement], towns: list[Settlement], green: list[shapely.Geometry], land: Land
) -> Population:
    """Put every person into a 3-arc-second cell near home, clear of township lines and of the boundary.

    ``shapes`` are the built areas of the villages, in the order of the villages in ``places``.
    """
    grid = degrees(land.outline, 3)
    x, y = (v.ravel() for v in grid.centres())
    free = _where_people_may_live(x, y, green, land)
    owner = np.full(x.size, -1)
    weight = np.zeros(x.size)
    rough = np.exp(0.45 * land.height.like(noise(land.height, stream("density"), 450)).at(x, y))
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
    for place, people in enumerate(places.people):
        cells = np.flatnonzero(owner == place)
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
    lines = land.township_lines().buffer(CLEAR_OF_LINES_M)
    free = land.outline.buffer(-CLEAR_OF_BOUNDARY_M).difference(lines).difference(blocked)
    shapely.prepare(free)
    return shapely.contains_xy(free, x, y)


def raise_buildings(
    places: pd.DataFrame, people: Population, streets: list[shapely.LineString], towns: list[Settlement]
) -> gpd.GeoDataFrame:
    """Return building points: a town building or, in a village, a row of houses; sums equal the villages'."""
    rng = stream("buildings")
    table = _share_out_homes(places, people, rng)
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
    empty, empty_xy = _empty_buildings(towns, rng)
    every = pd.concat([homes.drop(columns=["cell", "place"]), empty], ignore_index=True)
    points = shapely.points(off_streets(np.vstack([xy, empty_xy]), streets))
    return gpd.GeoDataFrame(every, geometry=points, crs=METRIC)


def _share_out_homes(places: pd.DataFrame, people: Population, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row per inhabited building: place, cell of the raster, households, people."""
    owner, count = people.owner.ravel(), people.count.ravel()
    numbers = 3 + shares(BUILDINGS - BUILDINGS_EMPTY - 3 * len(places), places.households**0.9)
    parts = []
    for place, wanted in enumerate(numbers):
        cells = np.flatnonzero(owner == place)
        number = int(min(wanted, places.households[place] // 2))
        cell = rng.choice(cells, number, p=count[cells] / count[cells].sum())
        homes = shares(int(places.households[place]), rng.lognormal(0, 0.35, number), least=1)
        persons = shares(int(places.people[place]), homes, least=1)
        parts.append(pd.DataFrame({"place": place, "cell": cell, "households": homes, "people": persons}))
    return pd.concat(parts, ignore_index=True)


def _empty_buildings(towns: list[Settlement], rng: np.random.Generator) -> tuple[pd.DataFrame, Coords]:
    """Return buildings in which nobody lives, in the parks and in the town."""
    spots = []
    for place in towns:
        number = {"park": 55, "town": 60, "seat": 5}[place.kind]
        west, south, east, north = place.area.buffer(-60).bounds
        points = np.column_stack([rng.uniform(west, east, 9 * number), rng.uniform(south, north, 9 * number)])
        inside = points[shapely.contains_xy(place.area.buffer(-60), *points.T)][:number]
        spots += [
            (p[0], p[1], "工业" if place.kind == "park" else rng.choice(["商业", "公共", "工业"])) for p in inside
        ]
    spots = spots[:BUILDINGS_EMPTY]
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
    grid = degrees(land.outline, 30, margin=1)
    x, y = people.grid.centres()
    rows, cols = grid.index(x.ravel(), y.ravel())
    weight = np.zeros(grid.shape)
    np.add.at(weight, (rows, cols), people.count.ravel())
    for park in (p for p in towns if p.kind == "park"):
        inside = within(park.area, people.grid).ravel()
        np.add.at(weight, (rows[inside], cols[inside]), 26.0)
    weight *= np.exp(0.2 * stream("gdp").normal(size=grid.shape))
    value = shares(GDP_10K_YUAN, weight.ravel()).reshape(grid.shape)
    touched = np.zeros(grid.shape, bool)
    inside = people.known.ravel()
    touched[rows[inside], cols[inside]] = True
    return grid, np.where(touched, value, -9999.0)
