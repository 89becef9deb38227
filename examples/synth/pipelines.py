"""Pipelines through open country, cut so that the length of each medium is exactly the stated one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

from .country import Country
from .drawing import chaikin, resample
from .place import LONLAT, Where


@dataclass(frozen=True)
class Pipe:
    """A pipeline to draw: its data and its way points."""

    medium: str
    diameter_mm: float
    pressure_mpa: float
    year: int
    stops: Sequence[Where]


def draw_pipelines(country: Country, pipes: Sequence[Pipe], length_km: Mapping[str, float]) -> gpd.GeoDataFrame:
    """Return pipelines in EPSG:4490; the length of each medium is right to the metre in the place's system."""
    graph, nodes = _pipe_graph(country)
    rough = [_find_way(country, graph, nodes, p.stops) for p in pipes]
    lines: dict[int, LineString] = {}
    for medium, total_km in length_km.items():
        mine = [k for k, p in enumerate(pipes) if p.medium == medium]
        natural = sum(rough[k].length for k in mine)
        surplus = natural - total_km * 1000
        if not 0 <= surplus < 0.12 * natural:
            raise ValueError(
                f"{medium}: the routes are {natural / 1000:.1f} km long, wanted {total_km} or a little more"
            )
        cuts = [surplus * rough[k].length / natural for k in mine]
        lines |= dict(zip(mine, _exact([rough[k] for k in mine], cuts, total_km * 1000), strict=True))
    table = pd.DataFrame(
        [(p.medium, p.diameter_mm, p.pressure_mpa, p.year) for p in pipes],
        columns=["medium", "diameter_mm", "pressure_mpa", "year"],
    )
    table.insert(0, "id", [f"GX{k + 1:02d}" for k in range(len(pipes))])
    number = table.groupby("medium").cumcount()
    table.insert(1, "name", [f"示例{m}{'一二三四五六七八九'[n]}线" for m, n in zip(table.medium, number, strict=True)])
    geometry = [_to_degrees(lines[k], country.land.place.epsg) for k in range(len(pipes))]
    return gpd.GeoDataFrame(table, geometry=geometry, crs=LONLAT)


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


def _find_way(country: Country, graph: csr_matrix, nodes: np.ndarray, stops: Sequence[Where]) -> LineString:
    """Return a rounded least-cost line through way points."""
    xy = country.mesh.xy
    met = [int(nodes[np.hypot(*(xy[nodes] - p).T).argmin()]) for p in country.land.place.metres(stops)]
    path = [met[0]]
    for a, b in pairwise(met):
        before = dijkstra(graph, indices=a, return_predecessors=True)[1]
        leg = [b]
        while leg[-1] != a:
            if before[leg[-1]] < 0:
                raise ValueError(f"no open country between two way points of {stops}")
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


def _to_degrees(line: LineString, crs: str) -> LineString:
    """Return a line in degrees with seven decimals (about a centimetre)."""
    degrees = gpd.GeoSeries([line], crs=crs).to_crs(LONLAT).iloc[0]
    return shapely.transform(degrees, lambda c: np.round(c, 7))
