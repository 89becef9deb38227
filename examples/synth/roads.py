"""From the mesh to ways as OpenStreetMap draws them: lines that share a vertex wherever they meet."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely import LineString
from shapely.ops import substring

from .drawing import Coords, chaikin, lines_of
from .land import Land
from .names import STREET_WORDS
from .network import CLASSES, PRIMARY, SECONDARY, TERTIARY, TRACK, TRUNK, UNCLASSIFIED, Mesh
from .settle import Settlement

CARRIAGEWAY_M = 13.0  # half the distance between the two carriageways of the motorway
MAXSPEED = {TRUNK: "80", PRIMARY: "70", SECONDARY: "60", TERTIARY: "40"}


@dataclass(frozen=True)
class Way:
    """One way: its vertices in metres and its tags."""

    coords: Coords
    highway: str
    name: str = ""
    oneway: str = ""
    maxspeed: str = ""
    bridge: str = ""
    tunnel: str = ""
    layer: int = 0

    @property
    def line(self) -> LineString:
        """Return the way as a line."""
        return LineString(self.coords)


def draw_ways(mesh: Mesh, land: Land, places: list[Settlement]) -> list[Way]:
    """Return all ways of the network, cut at bridges and underpasses."""
    mesh.xy = np.round(mesh.xy, 3)
    ways = _street_ways(mesh, land, places) + _country_ways(mesh)
    ways = node_crossings(ways)
    ways, links, feet = _interchanges(ways, land)
    carriageways = _carriageways(land, feet)
    cut = [piece for way in ways for piece in _cut(way, land, local=True)]
    cut += [piece for way in carriageways for piece in _cut(way, land, local=False)]
    return cut + links + _islands(places, mesh, land)


def _street_ways(mesh: Mesh, land: Land, places: list[Settlement]) -> list[Way]:
    """Return one way for each unbroken stretch of a street with one class and name."""
    rng = land.place.stream("street names")
    groups: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    for e in np.flatnonzero((mesh.line >= 0) & (mesh.rank > 0)):
        groups[mesh.line[e], mesh.rank[e], mesh.name[e]].append(int(e))
    first, last = STREET_WORDS
    names = [f"{a}{b}" for a in first for b in last]
    rng.shuffle(names)
    called: dict[int, str] = {}
    ways = []
    for (line, rank, road), edges in groups.items():
        place = places[mesh.settlement[mesh.edges[edges[0], 0]]]
        name = road
        if not road and (place.kind == "town" or (place.kind == "seat" and rank >= TERTIARY)):
            step = np.abs(np.diff(mesh.xy[mesh.edges[edges[0]]], axis=0))[0]
            name = called.setdefault(line, names[len(called) % len(names)] + ("街" if step[0] > step[1] else "路"))
        for chain in _chains(mesh.edges[edges]):
            ways += [Way(mesh.xy[part], CLASSES[rank], name) for part in _lengths(chain, 9)]
    return _one_ways(ways)


def _lengths(chain: list[int], most: int) -> list[list[int]]:
    """Cut a long chain of nodes into parts of at most ``most`` edges that share their ends."""
    count = -(-(len(chain) - 1) // most)
    cuts = np.linspace(0, len(chain) - 1, count + 1).round().astype(int)
    return [chain[a : b + 1] for a, b in pairwise(cuts)]


def _chains(edges: np.ndarray) -> list[list[int]]:
    """Return chains of nodes through edges, broken where more or fewer than two edges meet."""
    beside: dict[int, list[int]] = defaultdict(list)
    for a, b in edges.tolist():
        beside[a].append(b)
        beside[b].append(a)
    ends = [n for n in sorted(beside) if len(beside[n]) != 2]
    seen: set[tuple[int, int]] = set()
    chains = []
    for start in ends + [n for n in sorted(beside) if len(beside[n]) == 2]:
        for step in beside[start]:
            if (start, step) in seen or (start not in ends and any((start, n) in seen for n in beside[start])):
                continue
            chain = [start, step]
            seen |= {(start, step), (step, start)}
            while len(beside[chain[-1]]) == 2 and chain[-1] != start:
                following = next(n for n in beside[chain[-1]] if n != chain[-2])
                seen |= {(chain[-1], following), (following, chain[-1])}
                chain.append(following)
            chains.append(chain)
    return chains


def _one_ways(ways: list[Way]) -> list[Way]:
    """Make some middle-sized named town streets one-way; two of them drawn against the traffic (-1)."""
    able = [n for n, w in enumerate(ways) if w.name and w.highway == "unclassified" and 5 <= len(w.coords) <= 10]
    for k, n in enumerate(able[3::9]):
        ways[n] = replace(ways[n], oneway="-1" if k in (1, 4) else "yes")
    return ways


def _country_ways(mesh: Mesh) -> list[Way]:
    """Return the roads between settlements, rounded, joined straight through junctions of one class."""
    country = np.flatnonzero((mesh.line < 0) & (mesh.rank > 0))
    street_nodes = set(mesh.edges[(mesh.line >= 0) & (mesh.rank > 0)].ravel().tolist())
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    for e in country:
        groups[mesh.rank[e], mesh.name[e]].append(int(e))
    degree = np.bincount(mesh.edges[country].ravel(), minlength=len(mesh.xy))
    ways = []
    for (rank, name), edges in groups.items():
        arcs = []
        for chain in _chains(mesh.edges[edges]):
            stops = [
                0,
                *[k for k in range(1, len(chain) - 1) if degree[chain[k]] > 2 or chain[k] in street_nodes],
                len(chain) - 1,
            ]
            arcs.append([_round_arc(mesh.xy[chain[a : b + 1]], rank) for a, b in pairwise(stops)])
        for parts in arcs:
            for group in [parts[k : k + 3] for k in range(0, len(parts), 3)]:
                coords = np.vstack([group[0], *[p[1:] for p in group[1:]]])
                ways.append(Way(coords, CLASSES[rank], name))
    return ways


def _round_arc(coords: Coords, rank: int) -> Coords:
    """Take the zigzag of the mesh out of a road; its ends stay."""
    slim = np.array(LineString(coords).simplify(62 if rank >= TERTIARY else 50).coords)
    if rank == TRACK:
        return np.round(chaikin(slim, 1), 3)
    soft = LineString(chaikin(slim, 3)).simplify(1.6)
    return np.round(np.array(soft.coords), 3)


def node_crossings(ways: list[Way]) -> list[Way]:
    """Give two roads that cross after rounding a common vertex."""
    lines = np.array([w.line for w in ways])
    one, two = shapely.STRtree(lines).query(lines, predicate="crosses")
    extra: dict[int, list[Coords]] = defaultdict(list)
    for a, b in zip(one.tolist(), two.tolist(), strict=True):
        if a >= b:
            continue
        met = shapely.get_coordinates(shapely.intersection(lines[a], lines[b])).round(3)
        for point in met:
            for n in (a, b):
                if np.hypot(*(ways[n].coords - point).T).min() > 0.01:
                    extra[n].append(point)
    return [replace(w, coords=insert_vertices(w.coords, extra[n])) if n in extra else w for n, w in enumerate(ways)]


def insert_vertices(coords: Coords, points: list[Coords]) -> Coords:
    """Insert points into the segments of a line that they lie on."""
    line = LineString(coords)
    at = [line.project(shapely.Point(p)) for p in coords[:-1]] + [line.length]
    at[0] = 0.0
    rows = sorted(
        [
            *zip(np.maximum.accumulate(at), range(len(coords)), coords, strict=True),
            *[(line.project(shapely.Point(p)), -1, p) for p in points],
        ],
        key=lambda r: r[0],
    )
    return np.array([r[2] for r in rows])


def _interchanges(ways: list[Way], land: Land) -> tuple[list[Way], list[Way], list[tuple[bool, Coords]]]:
    """Join main roads to the motorway by four ramps each; nothing else touches it."""
    motorway = land.motorway
    links, feet = [], []
    lines = np.array([w.line for w in ways])
    for wanted in land.place.interchanges:
        n = next(i for i, w in enumerate(ways) if w.name == wanted and w.line.intersects(motorway))
        for reach in ((190, 430), (165, 360), (145, 300), (130, 250)):  # the widest that crosses no other road
            heads, ramps, ends = _ramps(lines[n], motorway, *reach)
            if not any(shapely.crosses(lines, ramp.line).any() for ramp in ramps):
                break
        ways[n] = replace(ways[n], coords=insert_vertices(ways[n].coords, heads))
        links += ramps
        feet += ends
    return ways, links, feet


def _ramps(
    road: LineString, motorway: LineString, along: float, away: float
) -> tuple[list[Coords], list[Way], list[tuple[bool, Coords]]]:
    """Return the two places on the road, the four ramps, and where these leave which carriageway (southern or not)."""
    cross = shapely.get_coordinates(road.intersection(motorway))[0]
    on_road, on_motorway = road.project(shapely.Point(cross)), motorway.project(shapely.Point(cross))
    heads = [np.round(np.array(road.interpolate(on_road + step).coords[0]), 3) for step in (-along, along)]
    ramps, feet = [], []
    for head in heads:
        south = bool(head[1] < cross[1])
        lane = motorway.offset_curve(-CARRIAGEWAY_M if south else CARRIAGEWAY_M)
        for step in (-away, away):
            foot = np.round(
                np.array(lane.interpolate(lane.project(motorway.interpolate(on_motorway + step))).coords[0]), 3
            )
            bend = foot * 0.45 + head * 0.35 + cross * 0.2 + (0, -28 if south else 28)
            coords = np.round(chaikin(np.array([foot, bend, head]), 2), 3)
            off = (step < 0) == south  # traffic keeps right: eastbound on the southern carriageway
            ramps.append(Way(coords if off else coords[::-1], "motorway_link", "", "yes", "40"))
            feet.append((south, foot))
    return heads, ramps, feet


def _carriageways(land: Land, feet: list[tuple[bool, Coords]]) -> list[Way]:
    """Return the two one-way carriageways, cut at the ramps and every few kilometres."""
    made: list[Way] = []
    if land.motorway.is_empty:
        return made
    for south in (True, False):
        line = land.motorway.offset_curve(-CARRIAGEWAY_M if south else CARRIAGEWAY_M)
        coords = insert_vertices(np.round(np.array(line.simplify(0.3).coords), 3), [f for s, f in feet if s == south])
        ramps = [k for k, c in enumerate(coords) if any(np.array_equal(c, f) for _, f in feet)]
        stops = sorted({0, len(coords) - 1, *ramps})
        for a, b in pairwise(stops):
            part = coords[a : b + 1]
            made.append(Way(part if south else part[::-1], "motorway", land.place.motorway, "yes", "120"))
    return made


def _cut(way: Way, land: Land, *, local: bool) -> list[Way]:
    """Cut a way where it passes over water or the motorway or under the railway, and tag that piece."""
    line = way.line
    spans: list[tuple[float, float, str]] = []
    walls = [(g, 45.0, "bridge") for g in land.rivers.values()]
    walls += [(land.motorway, 55.0, "bridge"), (land.rail, 26.0, "tunnel")] if local else []
    for wall, half, kind in walls:
        for point in shapely.get_coordinates(shapely.get_parts(line.intersection(wall))):
            at = line.project(shapely.Point(point))
            spans.append((max(0.0, at - half), min(line.length, at + half), kind))
    if not spans:
        return [way]
    pieces, done = [], 0.0
    for start, end, kind in _merge(sorted(spans)):
        if start > done:
            pieces.append(replace(way, coords=_part(line, done, start)))
        level = 1 if kind == "bridge" else -1
        pieces.append(replace(way, coords=_part(line, start, end), layer=level, **{kind: "yes"}))
        done = end
    if line.length - done > 1e-6:
        pieces.append(replace(way, coords=_part(line, done, line.length)))
    return pieces


def _merge(spans: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """Join overlapping spans."""
    joined = [spans[0]]
    for start, end, kind in spans[1:]:
        if start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]), joined[-1][2])
        else:
            joined.append((start, end, kind))
    return joined


def _part(line: LineString, start: float, end: float) -> Coords:
    return np.round(np.array(substring(line, start, end).coords), 3)


def _islands(places: list[Settlement], mesh: Mesh, land: Land) -> list[Way]:
    """Return two little networks that nothing joins, as every real extract has them: a works yard and a hill track."""
    park = next(p for p in places if p.kind == "park")
    x, y = np.round(np.add(park.centre, (70, 95)), 3)
    yard = np.array([(x, y), (x + 110, y + 8), (x + 104, y + 92), (x - 6, y + 84), (x, y)])
    lane = np.array([(x + 110, y + 8), (x + 150, y + 10)])
    used = cKDTree(mesh.xy[np.unique(mesh.edges[mesh.rank > 0])])
    lonely = np.where(mesh.settlement < 0, used.query(mesh.xy)[0], 0)
    hilly = land.hilliness.at(*mesh.xy.T) > 0.2
    in_hills = (np.diff(mesh.ids.indptr) >= 4) & (hilly if hilly.any() else True)
    first = int(np.where(in_hills, lonely, 0).argmax())
    track = [first]
    for _ in range(2):
        beside = [int(n) for n in mesh.ids[track[-1]].indices if n not in track and lonely[n] > 0]
        track.append(max(beside, key=lambda n: lonely[n]))
    return [Way(yard, "service"), Way(lane, "service"), Way(mesh.xy[track], "track")]


def ways_frame(ways: list[Way], land: Land) -> gpd.GeoDataFrame:
    """Return the ways as a table, with speed limits where a sign would stand."""
    rng = land.place.stream("way tags")
    rows = []
    for n, way in enumerate(ways):
        rank = CLASSES.index(way.highway) if way.highway in CLASSES else 0
        speed = way.maxspeed or (MAXSPEED.get(rank, "") if rng.random() < 0.55 else "")
        oneway = way.oneway or ("no" if rank >= UNCLASSIFIED and rng.random() < 0.3 else "")
        rows.append(
            (str(900_000_001 + n), way.highway, way.name, oneway, speed, way.bridge, way.tunnel, way.layer, way.line)
        )
    columns = ["osm_id", "highway", "name", "oneway", "maxspeed", "bridge", "tunnel", "layer", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=land.place.epsg)


def underpasses(ways: list[Way], rail: LineString) -> list[tuple[float, float, str]]:
    """Return where roads pass under the railway: x, y and the name of the road."""
    return [
        (p[0], p[1], w.name)
        for w in ways
        if w.tunnel
        for g in [w.line.intersection(rail)]
        for p in shapely.get_coordinates(g)
    ]


def street_lines(ways: list[Way]) -> list[LineString]:
    """Return lines that carry ordinary traffic on the ground, to place things beside."""
    return [
        g
        for w in ways
        if not (w.bridge or w.tunnel or w.highway.startswith("motorway") or w.highway in ("track", "service"))
        for g in lines_of(w.line)
    ]
