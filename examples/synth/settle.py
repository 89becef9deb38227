"""Where people live and work: the town, township seats, chemical parks, villages, and their streets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import Polygon
from shapely.affinity import affine_transform

from .drawing import Coords, chaikin, spread_out
from .land import Land
from .place import Km, Place


@dataclass
class Settlement:
    """A place with streets: ``kind`` is town, seat, park or village."""

    kind: str
    name: str
    area: Polygon
    spacing: float
    angle: float
    centre: tuple[float, float]


@dataclass
class Streets:
    """Street nodes and edges of all settlements. ``line`` names the street an edge belongs to."""

    xy: Coords
    settlement: np.ndarray
    edges: np.ndarray
    line: np.ndarray
    rank: np.ndarray
    green: list[Polygon] = field(default_factory=list)


def blob(place: Place, centre: Km, km2: float, rng: np.random.Generator, stretch: float = 1.25) -> Polygon:
    """Return an irregular patch of the given area."""
    turn = np.linspace(0, 2 * np.pi, 49)[:-1]
    radius = np.ones(48)
    for wave in range(2, 7):
        radius += rng.normal(0, 0.22 / wave) * np.cos(wave * turn + rng.uniform(0, 2 * np.pi))
    ring = np.column_stack([np.cos(turn) * radius * stretch, np.sin(turn) * radius / stretch])
    shape = Polygon(chaikin(np.vstack([ring, ring[:1]]), 1)).buffer(0)
    k = np.sqrt(km2 * 1e6 / shape.area)
    return affine_transform(shape, [k, 0, 0, k, *place.metres([centre])[0]])


def place_towns(land: Land) -> list[Settlement]:
    """Return the towns, the seats of the outer townships and the parks."""
    place = land.place
    rng = place.stream("towns")

    def settled(kind: str, name: str, centre: Km, shape: Polygon, spacing: float, angle: float) -> Settlement:
        return Settlement(kind, name, shape, spacing, angle, tuple(place.metres([centre])[0]))

    towns = [
        settled("town", c.name, c.centre, blob(place, c.centre, c.km2, rng, c.stretch), c.spacing, c.angle)
        for c in place.cores
    ]
    for t in place.townships:
        if t.name not in place.urban:
            shape = blob(place, t.seat_km, place.seat_km2, rng)
            towns.append(settled("seat", f"{t.name}驻地", t.seat_km, shape, 185.0, rng.uniform(-9, 9)))
    for park in place.parks:
        shape = blob(place, park.centre, park.km2, rng)
        towns.append(settled("park", park.name, park.centre, shape, 360.0, rng.uniform(-8, 8)))
    keep_out = shapely.union_all([land.river_net().buffer(90), land.motorway.buffer(120)])
    for town in towns:
        town.area = max(shapely.get_parts(town.area.difference(keep_out)), key=lambda g: g.area)
    return towns


def place_communities(land: Land, towns: list[Settlement]) -> dict[str, Coords]:
    """Return the places of urban communities by township, clear of the township lines."""
    place = land.place
    rng = place.stream("communities")
    lines = land.township_lines()
    built = {p.name: p.area for p in towns if p.kind in ("town", "seat")}
    found = {}
    for row in land.townships.itertuples():
        core = place.urban.get(row.name)
        area = built[core.name if core else f"{row.name}驻地"]
        away = lines.buffer(place.clear_of_lines_m + 75)
        free = area.intersection(row.geometry).difference(away).difference(land.rail.buffer(110))
        if free.is_empty:
            raise ValueError(f"{row.name}: its town has no room clear of the township's lines")
        points = random_points(free, 4000, rng)
        apart = 430 if core else 500
        wanted = core.communities[row.name] if core else place.seat_communities
        found[row.name] = points[spread_out(points, apart, wanted)]
    return found


def random_points(area: shapely.Geometry, count: int, rng: np.random.Generator) -> Coords:
    """Return points drawn evenly inside an area (fewer than ``count`` if it fills its box badly)."""
    west, south, east, north = area.bounds
    points = np.column_stack([rng.uniform(west, east, count), rng.uniform(south, north, count)])
    return points[shapely.contains_xy(area, *points.T)]


def place_villages(land: Land, towns: list[Settlement], wanted: int) -> Coords:
    """Return places of rural villages: dense in the plain, sparse and low-lying in the hills."""
    place, grain = land.place, land.place.grain
    rng = place.stream("villages")
    away = shapely.union_all(
        [
            land.township_lines().buffer(place.clear_of_lines_m + 235 * grain),
            land.outline.exterior.buffer(place.clear_of_boundary_m + 295 * grain),
            land.river_net().buffer(290),
            land.rail.buffer(360),
            land.motorway.buffer(420),
            *land.reservoirs.buffer(350).values,
            *[p.area.buffer(620) for p in towns],
        ]
    )
    points = random_points(land.outline.difference(away), 60_000, rng)
    hilly = land.hilliness.at(*points.T)
    low = land.height.at(*points.T) < np.mean(
        [land.height.at(points[:, 0] + dx, points[:, 1] + dy) for dx in (-600, 0, 600) for dy in (-600, 0, 600)], axis=0
    )
    good = (rng.random(len(points)) > hilly * 0.7) & (low | (hilly < 0.12))
    points, hilly = points[good], hilly[good]
    plain, steep = place.village_gap_m
    kept = spread_out(points, plain + steep * hilly, wanted)
    if len(kept) < wanted:
        raise ValueError(f"only {len(kept)} of {wanted} villages found room")
    return points[kept]


def village_settlements(centres: Coords, people: np.ndarray, land: Land) -> list[Settlement]:
    """Give each rural village a built area that fits its people."""
    rng = land.place.stream("village shapes")
    hilly = land.hilliness.at(*centres.T)
    found = []
    for centre, count, steep in zip(centres, people, hilly, strict=True):
        side = float(np.clip(np.sqrt(count) * 10.5, *land.place.village_side_m))
        long = side * rng.uniform(1.0, 1.35)
        box = shapely.box(-long / 2, -side * side / long / 2, long / 2, side * side / long / 2)
        angle = rng.uniform(-12, 12) if steep < 0.1 else rng.uniform(-50, 50)
        turned = affine_transform(box, [*_turn(angle), *centre])
        found.append(
            Settlement("village", "", turned, float(rng.uniform(*land.place.village_street_m)), angle, tuple(centre))
        )
    return found


def _turn(angle: float) -> tuple[float, float, float, float]:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return (c, -s, s, c)


def _nodes(place: Settlement, rng: np.random.Generator) -> tuple[np.ndarray, Coords]:
    """Return index pairs and places of the street nodes of one settlement."""
    reach = int(np.hypot(*(np.array(place.area.bounds[2:]) - place.area.bounds[:2])) / place.spacing) // 2 + 2
    offset = (
        rng.choice([0.0, 0.5], 2) if place.kind == "village" else np.zeros(2)
    )  # villages: odd or even street counts
    i, j = (a.ravel() for a in np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1)))
    local = (np.column_stack([i, j]) + offset) * place.spacing
    a, b, c, d = _turn(place.angle)
    xy = local @ np.array([[a, b], [c, d]]).T + place.centre
    bend = {"town": 55.0, "seat": 18.0, "park": 10.0, "village": 5.0}[place.kind]
    phase = rng.uniform(0, 2 * np.pi, 4)
    xy = xy + bend * np.column_stack(
        [
            np.sin(xy[:, 1] / 900 + phase[0]) + np.sin(xy[:, 0] / 1300 + phase[1]),
            np.sin(xy[:, 0] / 1000 + phase[2]) + np.sin(xy[:, 1] / 1500 + phase[3]),
        ]
    )
    xy = xy + rng.normal(0, place.spacing * (0.02 if place.kind == "town" else 0.04), xy.shape)
    inside = shapely.contains_xy(place.area.buffer(8), *xy.T)
    return np.column_stack([i, j])[inside], xy[inside]


def _stand_off(xy: Coords, land: Land, gap: float = 75.0) -> Coords:
    """Move nodes that stand on a railway or river a little to their own side."""
    for obstacle in land.obstacles():
        near = np.flatnonzero(shapely.distance(shapely.points(xy), obstacle) < gap)
        for n in near:
            foot = np.array(obstacle.interpolate(obstacle.project(shapely.Point(xy[n]))).coords[0])
            off = xy[n] - foot
            xy[n] = foot + off / max(np.hypot(*off), 1e-6) * gap
    return xy


def _rank(kind: str, index: int) -> int:
    """Return the road class of a street line by its number (see ``network.CLASSES``)."""
    if kind == "town":
        return 5 if index % 8 == 0 else 4 if index % 4 == 0 else 3 if index % 2 == 0 else 2
    if kind == "seat":
        return 4 if index == 0 else 3 if index % 2 == 0 else 2
    if kind == "park":
        return 4 if index == 0 else 3
    return 3 if index == 0 else 2


def _grid_edges(
    place: Settlement, index: np.ndarray, xy: Coords, land: Land, rng: np.random.Generator
) -> list[tuple[int, int, int, int, int]]:
    """Return street edges of one settlement: node, node, axis, line number, class."""
    number = {tuple(ij): n for n, ij in enumerate(index.tolist())}
    walls = shapely.union_all([land.rail, land.motorway, land.river_net()])
    edges = []
    for (i, j), n in number.items():
        for axis, other in ((0, (i + 1, j)), (1, (i, j + 1))):
            m = number.get(other)
            if m is None:
                continue
            line = j if axis == 0 else i
            rank = _rank(place.kind, line)
            crosses = shapely.LineString([xy[n], xy[m]]).intersects(walls)
            lane = place.kind in ("town", "seat") and line % 2 == 1
            if (crosses and not (place.kind == "town" and line % 4 == 0)) or (lane and rng.random() < 0.2):
                continue
            edges.append((n, m, axis, line, rank))
    return edges


def _green_blocks(
    index: np.ndarray, xy: Coords, land: Land, wanted: int, rng: np.random.Generator
) -> tuple[set[int], list[Polygon]]:
    """Choose town blocks for parks: their inner node goes, the block stays free."""
    number = {tuple(ij): n for n, ij in enumerate(index.tolist())}
    middle = [
        n
        for (i, j), n in number.items()
        if i % 2 and j % 2 and all((i + a, j + b) in number for a in (-1, 0, 1) for b in (-1, 0, 1))
    ]
    middle = [n for n in rng.permutation(middle) if not land.rail.dwithin(shapely.Point(xy[n]), 500)]
    chosen = [middle[k] for k in spread_out(xy[middle], 1150.0, wanted)]
    blocks = []
    for n in chosen:
        i, j = index[n]
        ring = [xy[number[(i + a, j + b)]] for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        blocks.append(Polygon(ring).buffer(-22))
    return set(chosen), blocks


def lay_streets(places: list[Settlement], land: Land) -> Streets:
    """Lay the streets of all settlements; nothing joins them to each other yet."""
    rng = land.place.stream("streets")
    xy, owner, edges, lines, ranks = [], [], [], [], []
    green: list[Polygon] = []
    wanted = {core.name: core.greens for core in land.place.cores}
    line_ids: dict[tuple[int, int, int], int] = {}
    total = 0
    for p, place in enumerate(places):
        index, points = _nodes(place, rng)
        points = _stand_off(points, land)
        dropped: set[int] = set()
        if place.kind == "town":
            dropped, blocks = _green_blocks(index, points, land, wanted[place.name], rng)
            green += blocks
        for a, b, axis, line, rank in _grid_edges(place, index, points, land, rng):
            if a in dropped or b in dropped:
                continue
            edges.append((a + total, b + total))
            lines.append(line_ids.setdefault((p, axis, line), len(line_ids)))
            ranks.append(rank)
        xy.append(points)
        owner.append(np.full(len(points), p))
        total += len(points)
    return Streets(np.vstack(xy), np.concatenate(owner), np.array(edges), np.array(lines), np.array(ranks), green)
