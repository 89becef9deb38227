"""Turn restrictions, through other roads too: against a search that remembers how it came, and by hand."""

from __future__ import annotations

import heapq
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from riskmap.network.coverage import coverage
from riskmap.network.roads import RoadNetwork

CRS = "EPSG:4548"
METRES_PER_SECOND = 10.0
MEMORY = 4
"""Arcs that the oracle remembers: one more than the longest restriction has before its last street."""


class World:
    """A grid of straight streets, some one-way, with restrictions along random walks; its own search as oracle."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = np.random.default_rng(seed)
        side = int(rng.integers(3, 5))
        self.xy = np.array([(i * 100.0, j * 100.0) for i in range(side) for j in range(side)])
        self.xy += rng.uniform(-20, 20, self.xy.shape)
        pairs = [(k, k + step) for k in range(side * side) for step in (1, side)]
        pairs = [(a, b) for a, b in pairs if b < side * side and (b - a == side or a // side == b // side)]
        self.ends = [p if rng.random() < 0.5 else p[::-1] for p in pairs if rng.random() < 0.9]
        self.oneway = rng.random(len(self.ends)) < 0.3
        self.arcs = [(e, a, b) for e, (a, b) in enumerate(self.ends)]
        self.arcs += [(e, b, a) for e, (a, b) in enumerate(self.ends) if not self.oneway[e]]
        self.out = {a: [k for k, arc in enumerate(self.arcs) if arc[1] == a] for a in range(len(self.xy))}
        self.rules = [rule for rule in (self.walk() for _ in range(6)) if rule is not None]
        self.starts = [(int(rng.integers(len(self.ends))), float(rng.uniform(0.05, 0.95))) for _ in range(2)]

    def walk(self) -> tuple[tuple[int, ...], str] | None:
        way = [int(self.rng.integers(len(self.arcs)))]
        seen = set(self.arcs[way[0]][1:])
        for _ in range(int(self.rng.integers(1, 4))):
            further = [k for k in self.out[self.arcs[way[-1]][2]] if self.arcs[k][2] not in seen]
            if not further:
                return None
            way.append(int(self.rng.choice(further)))
            seen.add(self.arcs[way[-1]][2])
        return tuple(way), str(self.rng.choice(["no", "no", "only"]))

    def line(self, edge: int) -> LineString:
        return LineString(self.xy[list(self.ends[edge])])

    def frame(self) -> gpd.GeoDataFrame:
        lines = [self.line(e) for e in range(len(self.ends))]
        columns = {"id": [f"R{e}" for e in range(len(lines))], "highway": "residential"}
        return gpd.GeoDataFrame(columns | {"oneway": np.where(self.oneway, "yes", "no")}, geometry=lines, crs=CRS)

    def turns(self) -> gpd.GeoDataFrame:
        roads = [[f"R{self.arcs[k][0]}" for k in way] for way, _ in self.rules]
        columns = {
            "from_road": [r[0] for r in roads],
            "via_road": [" ".join(r[1:-1]) or None for r in roads],
            "to_road": [r[-1] for r in roads],
            "rule": [rule for _, rule in self.rules],
        }
        points = [Point(self.xy[self.arcs[way[0]][2]]) for way, _ in self.rules]
        return gpd.GeoDataFrame(columns, geometry=points, crs=CRS)

    def allowed(self, past: tuple[int, ...], arc: int) -> bool:
        for way, rule in self.rules:
            if rule == "no" and (*past, arc)[-len(way) :] == way:
                return False
            begun = [n for n in range(1, len(way)) if past[-n:] == way[:n]]
            others = {w[n] for w, r in self.rules if r == "only" for n in begun if w[:n] == way[:n] and len(w) > n}
            if rule == "only" and begun and arc not in others:
                return False
        return True

    def solve(self) -> tuple[dict[int, float], np.ndarray]:
        """Give the seconds at nodes, and when each arc is entered at its beginning."""
        length = [self.line(e).length for e in range(len(self.ends))]
        entered, nodes, best, queue = np.full(len(self.arcs), np.inf), {}, {}, []

        def push(past: tuple[int, ...], seconds: float) -> None:
            if seconds < best.get(past, np.inf):
                best[past] = seconds
                heapq.heappush(queue, (seconds, past))

        for k, (e, a, _) in enumerate(self.arcs):
            for edge, share in self.starts:
                if edge == e:
                    push((k,), length[e] * (1 - share if a == self.ends[e][0] else share) / METRES_PER_SECOND)
        while queue:
            seconds, past = heapq.heappop(queue)
            node = self.arcs[past[-1]][2]
            nodes[node] = min(nodes.get(node, np.inf), seconds)
            for k in self.out[node]:
                if seconds == best[past] and self.allowed(past, k):
                    entered[k] = min(entered[k], seconds)
                    push((*past, k)[-MEMORY:], seconds + length[self.arcs[k][0]] / METRES_PER_SECOND)
        return nodes, entered

    def at(self, edge: int, share: float, entered: np.ndarray) -> float:
        """Give the seconds at a place along a street."""
        seconds = [np.inf]
        for k, (e, a, _) in enumerate(self.arcs):
            if e == edge:
                along = share if a == self.ends[e][0] else 1 - share
                step = self.line(e).length / METRES_PER_SECOND
                seconds.append(entered[k] + along * step)
                from_starts = [s if a == self.ends[e][0] else 1 - s for on, s in self.starts if on == e]
                seconds += [(along - s) * step for s in from_starts if s <= along]
        return min(seconds)


@pytest.mark.parametrize("seed", range(30))
def test_restricted_ways_equal_a_search_that_remembers(seed: int) -> None:
    world = World(seed)
    kmh = {"residential": METRES_PER_SECOND * 3.6}
    net = RoadNetwork.from_frame(world.frame(), turns=world.turns(), speeds_kmh=kmh)
    nodes, entered = world.solve()
    starts = [world.line(e).interpolate(s, normalized=True) for e, s in world.starts]
    number = {tuple(np.round(place, 3)): node for node, place in zip(net.ids, net.xy, strict=True)}
    expected = pd.Series({number[tuple(np.round(world.xy[n], 3))]: s for n, s in nodes.items()}).sort_index()
    pd.testing.assert_series_equal(net.reach(starts), expected, check_names=False, check_index_type=False)
    pd.testing.assert_series_equal(net.nearest(starts)["seconds"], expected, check_names=False, check_index_type=False)
    covering = coverage(net, starts, limit_s=40, turnout_s=0)
    reversed_net = net.reversed()
    for edge, share in zip(world.rng.integers(0, len(world.ends), 12), world.rng.uniform(0.02, 0.98, 12), strict=True):
        place, seconds = world.line(edge).interpolate(share, normalized=True), world.at(edge, share, entered)
        assert covering.seconds_at(np.array([place]))[0] == pytest.approx(seconds, abs=1e-6)
        assert reversed_net.times([place], starts).min(axis=None) == pytest.approx(seconds, abs=1e-6)
        if abs(seconds - 40) > 0.01:
            assert covering.pieces.dwithin(place, 1e-6).any() == (seconds < 40)


LINES = {  # two carriageways and a link between them, as on a divided road
    "west": [(0, 0), (100, 0)],
    "east": [(100, 0), (200, 0)],
    "link": [(100, 0), (100, 30)],
    "back": [(100, 30), (0, 30)],
    "on": [(100, 30), (200, 30)],
}


def divided(rows: list[tuple], **further) -> RoadNetwork:
    columns = {"id": list(LINES), "highway": "residential", "oneway": ["yes", "yes", "yes", "yes", "no"]}
    frame = gpd.GeoDataFrame(columns, geometry=[LineString(xy) for xy in LINES.values()], crs=CRS)
    turns = pd.DataFrame(rows, columns=["from_road", "via_road", "to_road", "rule"])
    return RoadNetwork.from_frame(frame, turns=turns, speeds_kmh={"residential": 36}, **further)


def time(net: RoadNetwork, origin: tuple, target: tuple) -> float:
    return float(net.times([Point(origin)], [Point(target)]).iloc[0, 0])


def test_turning_round_over_a_link_is_forbidden_and_straight_on_is_not() -> None:
    net = divided([("west", "link", "back", "no")])
    assert time(divided([]), (50, 0), (50, 30)) == pytest.approx(5 + 3 + 5)
    assert time(net, (50, 0), (50, 30)) == pytest.approx(5 + 3 + 10 + 10 + 5)  # to the end of the other street and back
    assert time(net, (50, 0), (150, 30)) == pytest.approx(5 + 3 + 5)
    # who starts on the link did not come from the west
    assert time(net, (100, 10), (50, 30)) == pytest.approx(2 + 5)
    # an asked place on the link is no place to forget where one came from
    assert net.times([Point(50, 0), Point(100, 20)], [Point(50, 30)])[0].tolist() == pytest.approx([33, 6])


def test_only_the_whole_way() -> None:
    net = divided([("west", "link", "back", "only")])
    assert time(net, (50, 0), (150, 0)) == np.inf
    assert time(net, (50, 0), (150, 30)) == np.inf
    assert time(net, (50, 0), (50, 30)) == pytest.approx(13)


def test_turning_round_on_one_street() -> None:
    columns = {"id": ["a", "b"], "highway": "residential"}
    lines = [LineString([(0, 0), (100, 0)]), LineString([(100, 0), (200, 0)])]
    frame = gpd.GeoDataFrame(columns, geometry=lines, crs=CRS)
    turns = pd.DataFrame([("a", "a", "no")], columns=["from_road", "to_road", "rule"])
    net = RoadNetwork.from_frame(frame, turns=turns, speeds_kmh={"residential": 36}).route
    start, back = Point(90, 0), Point(10, 0)
    assert net(start, back).seconds == pytest.approx(8)
    assert net(start, Point(150, 0)).seconds == pytest.approx(6)
    oneway = frame.assign(oneway=["yes", "no"])
    with_rule = RoadNetwork.from_frame(oneway, turns=turns, speeds_kmh={"residential": 36})
    assert with_rule.route(start, Point(150, 0)).seconds == pytest.approx(6)


def test_a_point_says_at_which_of_two_junctions() -> None:
    ring = LineString([(100, 0), (100, 50), (200, 50), (200, 0)])
    columns = {"id": ["main", "ring"], "highway": "residential"}
    frame = gpd.GeoDataFrame(columns, geometry=[LineString([(0, 0), (300, 0)]), ring], crs=CRS)
    plain = pd.DataFrame([("main", "ring", "no")], columns=["from_road", "to_road", "rule"])
    here = gpd.GeoDataFrame(plain, geometry=[Point(100, 0)], crs=CRS)
    at_both, at_one = (RoadNetwork.from_frame(frame, turns=t, speeds_kmh={"residential": 36}) for t in (plain, here))
    assert time(at_both, (0, 0), (150, 50)) == np.inf
    assert time(at_one, (0, 0), (150, 50)) == pytest.approx(20 + 10)  # past it, and in from the other side


def test_a_way_through_a_closed_street_is_gone_and_one_elsewhere_is_kept() -> None:
    rows = [("west", "link", "back", "no")]
    far, on_link = (gpd.GeoSeries([box(*bounds)], crs=CRS) for bounds in ((150, -5, 160, 5), (95, 10, 105, 20)))
    assert time(divided(rows, closures=far), (50, 0), (50, 30)) == pytest.approx(33)
    assert time(divided(rows, closures=on_link), (50, 0), (50, 30)) == np.inf


def test_streets_of_the_way_are_named_in_order() -> None:
    from riskmap.network.streets import tables

    frame = gpd.GeoDataFrame(
        {"id": list("abc"), "highway": "residential"},
        geometry=[LineString(p) for p in ([(0, 0), (100, 0)], [(100, 0), (200, 0), (300, 0)], [(300, 0), (400, 0)])],
        crs=CRS,
    )
    side = gpd.GeoDataFrame(
        {"id": ["d"], "highway": "residential"}, geometry=[LineString([(200, 0), (200, 50)])], crs=CRS
    )
    turns = pd.DataFrame([("a", "b", "c", "no")], columns=["from_road", "via_road", "to_road", "rule"])
    made = tables(pd.concat([frame, side], ignore_index=True), turns=turns)
    row = made.turns.iloc[0]
    way = [row["from_edge"], *map(int, row["through"].split()), row["to_edge"]]
    ends = [set(made.edges.loc[made.edges["edge"] == e, ["u", "v"]].iloc[0]) for e in way]
    assert len(way) == 4
    assert all(a & b for a, b in pairwise(ends))
    assert row["via"] in ends[0] & ends[1]
    assert not len(made.turns_lost)
    lost = tables(frame, turns=turns.assign(via_road="nothing"))
    assert lost.turns_lost.tolist() == [0]
