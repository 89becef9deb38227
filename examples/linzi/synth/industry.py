"""Pipelines and hazardous-chemical sources. Lengths and counts are the plan's; every position is invented."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from shapely import LineString
from shapely.ops import substring

from .chemicals import ALIASES, HELD, PROCESSES, SUBSTANCES
from .common import LONLAT, METRIC, Coords, chaikin, from_km, resample, shares, spread_out, stream
from .country import Country
from .names import COMPANY_WORDS
from .settle import PARKS, random_points

ENTERPRISES, SOURCES, ALL_ENTERPRISES = 85, 238, 189
PARK_ENTERPRISES = [36, 19, 18, 12]
LENGTH_KM = {"原油": 99.2, "成品油": 32.3, "天然气": 48.3}


@dataclass(frozen=True)
class Route:
    """A pipeline to draw: its data and hand-drawn way points in km from the centre."""

    medium: str
    diameter_mm: float
    pressure_mpa: float
    year: int
    points: list[tuple[float, float]]


PIPES = [
    Route("原油", 711, 6.3, 2006, [(-4.2, 17.6), (-4.1, 9.6), (-4.0, 3.4), (-1.0, -2.6)]),
    Route("原油", 508, 6.3, 1998, [(-11.6, 9.9), (-4.6, 10.2), (5.2, 8.4), (11.2, 10.2)]),
    Route("原油", 406.4, 4.0, 1987, [(5.4, -17.4), (4.0, -10.5), (2.6, -4.6), (-5.0, -3.4), (-11.4, -5.6)]),
    Route("原油", 610, 6.3, 2014, [(4.2, 18.4), (5.3, 12.0), (5.6, 4.0), (4.0, -2.4), (5.0, -5.4), (11.8, -5.8)]),
    Route("成品油", 323.9, 6.3, 2009, [(-11.4, 8.6), (-10.2, 0.2), (-5.0, -1.0), (-1.0, -2.2)]),
    Route("成品油", 273, 4.0, 2001, [(11.6, 7.6), (10.4, 5.0), (9.4, 1.2), (7.2, -1.6), (3.4, -2.0)]),
    Route("天然气", 1016, 10.0, 2012, [(-11.4, 14.6), (-5.0, 14.4), (3.0, 14.4), (10.6, 14.2)]),
    Route("天然气", 508, 4.0, 2008, [(-4.4, 14.2), (-5.0, 9.4), (-4.2, 5.0), (-4.0, 1.6)]),
    Route("天然气", 219.1, 1.0, 2016, [(-4.4, 5.6), (-8.6, 0.2), (-8.8, -4.4), (-8.8, -9.8)]),
]


def draw_pipelines(country: Country) -> gpd.GeoDataFrame:
    """Return nine pipelines in EPSG:4490; the length of each medium is the plan's to the metre in EPSG:4548."""
    graph, nodes = _pipe_graph(country)
    rough = [_find_way(country, graph, nodes, p.points) for p in PIPES]
    lines: list[LineString] = []
    for medium, total_km in LENGTH_KM.items():
        mine = [k for k, p in enumerate(PIPES) if p.medium == medium]
        natural = sum(rough[k].length for k in mine)
        surplus = natural - total_km * 1000
        if not 0 <= surplus < 0.12 * natural:
            raise ValueError(
                f"{medium}: the routes are {natural / 1000:.1f} km long, wanted {total_km} or a little more"
            )
        cuts = [surplus * rough[k].length / natural for k in mine]
        lines += _exact([rough[k] for k in mine], cuts, total_km * 1000)
    table = pd.DataFrame(
        [(p.medium, p.diameter_mm, p.pressure_mpa, p.year) for p in PIPES],
        columns=["medium", "diameter_mm", "pressure_mpa", "year"],
    )
    table.insert(0, "id", [f"GX{k + 1:02d}" for k in range(len(PIPES))])
    number = table.groupby("medium").cumcount()
    table.insert(1, "name", [f"示例{m}{'一二三四'[n]}线" for m, n in zip(table.medium, number, strict=True)])
    return gpd.GeoDataFrame(table, geometry=[_to_degrees(g) for g in lines], crs=LONLAT)


def _pipe_graph(country: Country) -> tuple[csr_matrix, np.ndarray]:
    """Return the mesh as a pipeline sees it: open country only, keeping away from villages where it can."""
    mesh, land = country.mesh, country.land
    open_edge = (mesh.settlement[mesh.edges] < 0).all(axis=1)
    edges = mesh.edges[open_edge]
    lines = shapely.linestrings(mesh.xy[edges])
    length = shapely.length(lines)
    slope = np.abs(np.diff(land.height.at(*mesh.xy[edges].reshape(-1, 2).T).reshape(-1, 2), axis=1))[:, 0] / length
    near_village = shapely.intersects(lines, shapely.union_all([v.area for v in country.villages]).buffer(130))
    near_town = shapely.intersects(lines, shapely.union_all([t.area for t in country.towns]).buffer(80))
    near_edge = ~shapely.contains_properly(land.outline.buffer(-260), lines)
    cost = (
        length
        * (1 + 5 * slope)
        * np.where(near_village, 1.7, 1)
        * np.where(near_town, 3, 1)
        * np.where(near_edge, 2, 1)
    )
    graph = csr_matrix(
        (np.r_[cost, cost], (np.r_[edges[:, 0], edges[:, 1]], np.r_[edges[:, 1], edges[:, 0]])), (len(mesh.xy),) * 2
    )
    return graph, np.unique(edges)


def _find_way(country: Country, graph: csr_matrix, nodes: np.ndarray, points: list[tuple[float, float]]) -> LineString:
    """Return a rounded least-cost line through way points."""
    xy = country.mesh.xy
    stops = [int(nodes[np.hypot(*(xy[nodes] - p).T).argmin()]) for p in from_km(points)]
    path = [stops[0]]
    for a, b in pairwise(stops):
        before = dijkstra(graph, indices=a, return_predecessors=True)[1]
        leg = [b]
        while leg[-1] != a:
            leg.append(int(before[leg[-1]]))
        path += leg[::-1][1:]
    coords = np.array(LineString(xy[path]).simplify(85).coords)
    return LineString(chaikin(coords, 4))


def _exact(lines: list[LineString], cuts: list[float], total: float) -> list[LineString]:
    """Shorten lines at their start and space their vertices so that the lengths sum to ``total``."""

    def drawn(shift: float) -> list[LineString]:
        return [resample(substring(g, cut + shift, g.length), 118) for g, cut in zip(lines, cuts, strict=True)]

    low, high = -min(cuts), 400.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(g.length for g in drawn(middle)) > total else (low, middle)
    return drawn((low + high) / 2)


def _to_degrees(line: LineString) -> LineString:
    """Return a line in degrees with seven decimals (about a centimetre)."""
    degrees = gpd.GeoSeries([line], crs=METRIC).to_crs(LONLAT).iloc[0]
    return shapely.transform(degrees, lambda c: np.round(c, 7))


def company_names() -> list[str]:
    """Return invented company names, enough for all enterprises; each begins with 示例."""
    first, trade = COMPANY_WORDS
    names = [f"示例{a}{b}{t}有限公司" for t in trade for a in first for b in ("", "新")]
    return [str(n) for n in stream("companies").permutation(names)[:ALL_ENTERPRISES]]


def found_plants(country: Country) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the 238 major hazard sources of 85 enterprises (EPSG:4548) and what they hold.

    Each source holds enough for S = sum(q / Q) >= 1, for each of them is a major hazard.
    """
    rng = stream("plants")
    names = company_names()[:ENTERPRISES]
    per_plant = shares(SOURCES, rng.gamma(1.6, 1.0, ENTERPRISES), least=1)
    parks = np.repeat(np.arange(len(PARKS)), PARK_ENTERPRISES)
    sites = np.vstack([_sites(country, p, n, rng) for p, n in enumerate(PARK_ENTERPRISES)])
    rows: list[tuple[object, ...]] = []
    stock: list[tuple[object, ...]] = []
    for k, name in enumerate(names):
        process = PROCESSES[k % len(PROCESSES)] if k < 31 and parks[k] in (0, 2) else ""
        for n in range(per_plant[k]):
            source = f"WXY{len(rows) + 1:03d}"
            unit = str(rng.choice(["罐区", "装置区", "仓库"], p=[0.5, 0.35, 0.15]))
            turn = 2 * np.pi * (n + rng.uniform(-0.2, 0.2)) / per_plant[k]
            spot = sites[k] + (12 + 9 * per_plant[k]) * np.array([np.cos(turn), np.sin(turn)])
            rows.append(
                (
                    source,
                    f"{name}{n + 1}号{unit}",
                    name,
                    PARKS[parks[k]][0],
                    unit,
                    process,
                    shapely.Point(np.round(spot, 2)),
                )
            )
            stock += [(source, name, *held) for held in _stock(HELD[parks[k]], rng)]
    sources = gpd.GeoDataFrame(
        rows,
        columns=["id", "name", "enterprise", "park", "unit", "process", "geometry"],
        geometry="geometry",
        crs=METRIC,
    )
    return sources, pd.DataFrame(
        stock, columns=["source_id", "enterprise", "substance", "written", "cas", "group", "quantity_t"]
    )


def _sites(country: Country, park: int, count: int, rng: np.random.Generator) -> Coords:
    """Return plant sites inside a park, apart from each other and off its streets."""
    area = next(t.area for t in country.towns if t.name == PARKS[park][0])
    free = area.buffer(-110).difference(
        shapely.union_all([g.buffer(45) for g in country.streets() if g.intersects(area)])
    )
    points = random_points(free, 12_000, rng)
    kept = spread_out(points, 175, count)
    if len(kept) < count:
        raise ValueError(f"{PARKS[park][0]}: room for {len(kept)} of {count} plants")
    return points[kept]


def _stock(held: list[str], rng: np.random.Generator) -> list[tuple[str, str, str, str, float]]:
    """Return what one unit holds: substance, name as written, CAS, class, tonnes."""
    number = int(rng.choice([1, 2, 3, 4], p=[0.42, 0.32, 0.17, 0.09]))
    chosen = [SUBSTANCES[str(n)] for n in rng.choice(held, number, replace=False)]
    ratio = float(np.exp(rng.uniform(np.log(1.15), np.log(95))))
    part = rng.dirichlet(np.full(number, 1.5))
    tonnes = [min(round(s.threshold_t * ratio * p, 1) + 0.1, s.cap_t) for s, p in zip(chosen, part, strict=True)]
    total = sum(t / s.threshold_t for t, s in zip(tonnes, chosen, strict=True))
    if total < 1.02:  # a cap cut it below the limit of a major hazard
        tonnes[0] = round(tonnes[0] + (1.05 - total) * chosen[0].threshold_t + 0.1, 1)
    return [
        (s.name, ALIASES[s.name] if s.name in ALIASES and rng.random() < 0.22 else s.name, s.cas, s.group, round(t, 1))
        for s, t in zip(chosen, tonnes, strict=True)
    ]
