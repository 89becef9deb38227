"""The road network as a graph: a planar mesh over the whole district on which roads find their way.

Mesh points lie loosely all over the country, street nodes stand in the settlements. Roads are least-cost
paths that shun slopes, rivers and the railway and like to use roads that are there already; so they
join, cross few rivers and form a tree of classes as real ones do. A Delaunay mesh is planar, hence no
two roads cross without a node.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import Delaunay, cKDTree

from .drawing import Coords, lattice
from .land import Land
from .settle import Settlement, Streets

CLASSES = ["", "track", "residential", "unclassified", "tertiary", "secondary", "primary", "trunk"]
TRACK, RESIDENTIAL, UNCLASSIFIED, TERTIARY, SECONDARY, PRIMARY, TRUNK = range(1, 8)


@dataclass
class Mesh:
    """The planar mesh: nodes, edges, what an edge costs and what road runs on it (``rank`` 0: none)."""

    xy: Coords
    settlement: np.ndarray
    edges: np.ndarray
    cost: np.ndarray
    line: np.ndarray
    rank: np.ndarray
    name: np.ndarray

    def __post_init__(self) -> None:
        a, b = self.edges.T
        ids = np.arange(1, len(a) + 1)
        n = len(self.xy)
        self.ids = csr_matrix((np.r_[ids, ids], (np.r_[a, b], np.r_[b, a])), (n, n))
        label = connected_components(self.ids, directed=False)[1]
        self.joined = np.flatnonzero(label == np.bincount(label).argmax())
        self.tree = cKDTree(self.xy[self.joined])

    def graph(self, only: np.ndarray | None = None) -> csr_matrix:
        """Return the weighted graph, or that of a choice of edges alone."""
        weight = self.cost if only is None else np.where(only, self.cost, 0)
        made = csr_matrix(
            (weight[self.ids.data - 1], self.ids.indices, self.ids.indptr), self.ids.shape, copy=only is not None
        )
        if only is not None:
            made.eliminate_zeros()
        return made

    def nearest(self, point: Coords) -> int:
        """Return the node nearest to a point from which the rest can be reached."""
        return int(self.joined[self.tree.query(point)[1]])

    def trace(self, before: np.ndarray, start: int, end: int) -> np.ndarray:
        """Return the edge numbers of a path from a predecessor row."""
        found = []
        while end != start:
            if before[end] < 0:
                raise ValueError("no way between two places of the mesh")
            found.append(self.ids[before[end], end] - 1)
            end = before[end]
        return np.array(found, dtype=int)

    def take(self, edges: np.ndarray, rank: int, name: str = "") -> None:
        """Build a road along edges: the class only rises, and built roads become cheap to use."""
        new = self.rank[edges] == 0
        raised = edges[self.rank[edges] < rank]
        self.cost[edges[new]] *= 0.42
        self.rank[raised] = rank
        self.name[raised] = name


def build_mesh(land: Land, places: list[Settlement], streets: Streets) -> Mesh:
    """Lay the mesh over the country and join it to the streets."""
    grain = land.place.grain
    rng = land.place.stream("mesh")
    points = _country_points(land, places, rng)
    xy = np.vstack([streets.xy, points])
    owner = np.r_[streets.settlement, np.full(len(points), -1)]
    tri = Delaunay(xy).simplices
    pairs = np.unique(np.sort(np.vstack([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [0, 2]]]), axis=1), axis=0)
    key = {(min(a, b), max(a, b)): n for n, (a, b) in enumerate(streets.edges.tolist())}
    street = np.array([key.get((a, b), -1) for a, b in pairs.tolist()])
    lines = shapely.linestrings(xy[pairs])
    length = shapely.length(lines)
    inner = (owner[pairs[:, 0]] == owner[pairs[:, 1]]) & (owner[pairs[:, 0]] >= 0)
    hem = land.outline.buffer(-40)
    shapely.prepare(hem)
    good = np.where(inner, street >= 0, (length < 1400 * grain) & shapely.contains_properly(hem, lines))
    good &= ~shapely.intersects(lines, shapely.union_all(land.reservoirs.buffer(25).values))
    pairs, street, lines, length, inner = (v[good] for v in (pairs, street, lines, length, inner))
    slope = np.abs(np.diff(land.height.at(*xy[pairs].reshape(-1, 2).T).reshape(-1, 2), axis=1))[:, 0] / length
    cost = length * (1 + 9 * slope) * rng.uniform(0.94, 1.06, len(length)) * np.where(inner, 0.55, 1)
    for wall, extra in ((land.river_net(), 1700), (land.rail, 1500), (land.motorway, 1500)):
        cost += extra * shapely.intersects(lines, wall)
    rank = np.where(street >= 0, streets.rank[street], 0)
    line = np.where(street >= 0, streets.line[street], -1)
    return Mesh(xy, owner, pairs, cost, line, rank, np.full(len(pairs), "", dtype=object))


def _country_points(land: Land, places: list[Settlement], rng: np.random.Generator) -> Coords:
    """Return loose points outside settlements, clear of rivers, railway and motorway."""
    grain = land.place.grain
    x, y = lattice(land.outline.bounds, 185 * grain, 0).centres()
    points = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-62 * grain, 62 * grain, (x.size, 2))
    blocked = shapely.union_all(
        [
            land.river_net().buffer(125),
            land.rail.buffer(115),
            land.motorway.buffer(125),
            *land.reservoirs.buffer(70).values,
            *[p.area.buffer(95 if p.kind == "village" else 130) for p in places],
        ]
    )
    return points[shapely.contains_xy(land.outline.buffer(-70).difference(blocked), *points.T)]


def grow_roads(mesh: Mesh, land: Land, seed_points: Coords, township: np.ndarray) -> None:
    """Build all roads on the mesh: main roads first, then roads to villages, links and hill tracks."""
    for route in land.place.routes:
        stops = [mesh.nearest(p) for p in land.place.metres(route.stops)]
        for a, b in pairwise(stops):
            before = dijkstra(mesh.graph(), indices=a, return_predecessors=True)[1]
            mesh.take(mesh.trace(before, a, b), route.rank, route.name)
    nodes = np.array([mesh.nearest(p) for p in seed_points])
    _village_roads(mesh, land, nodes, township)
    _links(mesh, land, nodes)
    _tracks(mesh, land)
    _drop_strays(mesh)


def _village_roads(mesh: Mesh, land: Land, nodes: np.ndarray, township: np.ndarray) -> None:
    """Join every village to the seat of its township; busy stretches become tertiary roads."""
    for t, row in enumerate(land.place.townships):
        start = mesh.nearest(land.place.metres([row.seat_km])[0])
        before = dijkstra(mesh.graph(), indices=start, return_predecessors=True)[1]
        use = np.zeros(len(mesh.edges), int)
        for node in nodes[township == t]:
            use[mesh.trace(before, start, int(node))] += 1
        mesh.take(np.flatnonzero(use >= 1), UNCLASSIFIED)
        mesh.take(np.flatnonzero(use >= 5), TERTIARY)


def _links(mesh: Mesh, land: Land, nodes: np.ndarray) -> None:
    """Join neighbouring villages where the way round is long: most of them in the plain, few in the hills."""
    grain = land.place.grain
    rng = land.place.stream("links")
    xy = mesh.xy[nodes]
    tri = Delaunay(xy).simplices
    pairs = np.unique(np.sort(np.vstack([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [0, 2]]]), axis=1), axis=0)
    apart = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    hilly = land.hilliness.at(*xy[pairs].mean(axis=1).T)
    pairs = pairs[(apart < 2300 * grain) & (rng.random(len(pairs)) < np.where(hilly < 0.1, 0.8, 0.4))]
    for a in np.unique(pairs[:, 0]):
        before = dijkstra(mesh.graph(), indices=nodes[a], return_predecessors=True, limit=9000 * grain)[1]
        for b in pairs[pairs[:, 0] == a, 1]:
            if before[nodes[b]] >= 0:
                mesh.take(mesh.trace(before, int(nodes[a]), int(nodes[b])), UNCLASSIFIED)


def _tracks(mesh: Mesh, land: Land) -> None:
    """Run forest tracks from roads up into the hills; most of them end there."""
    place, grain = land.place, land.place.grain
    rng = place.stream("tracks")
    wild = np.flatnonzero((mesh.settlement < 0) & (land.hilliness.at(*mesh.xy.T) > 0.3))
    used = np.unique(mesh.edges[mesh.rank > 0])
    distance, _, _ = dijkstra(mesh.graph(), indices=used, min_only=True, return_predecessors=True)
    ends = [n for n in rng.permutation(wild) if 500 * grain < distance[n] < 2600 * grain][: place.tracks]
    for end in ends:
        used = np.unique(mesh.edges[mesh.rank > 0])
        _, before, source = dijkstra(
            mesh.graph(), indices=used, min_only=True, return_predecessors=True, limit=4000 * grain
        )
        if before[end] >= 0:
            mesh.take(mesh.trace(before, int(source[end]), int(end)), TRACK)


def _drop_strays(mesh: Mesh) -> None:
    """Take away street pieces that nothing joins to the main network."""
    used = mesh.rank > 0
    label = connected_components(mesh.graph(used), directed=False)[1]
    main = np.bincount(label[mesh.edges[used].ravel()]).argmax()
    mesh.rank[used & (label[mesh.edges[:, 0]] != main)] = 0
