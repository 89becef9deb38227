"""Roads under hazard: closed edges, exit rules, least-shared backups; against networkx and brute force."""

from __future__ import annotations

import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from worlds import METRIC

from riskmap.network import streets
from riskmap.network.evacuation_plan import Limits, plan
from riskmap.network.evacuation_search import OpenArcs, Scratch, follow, least_seconds, least_shared, to_target
from riskmap.network.evacuation_ways import Ways, line_of, ways
from riskmap.network.evacuation_zones import Cut, ExitLimits, cut_streets, may_leave
from riskmap.network.roads import RoadNetwork
from riskmap.network.speeds import SpeedTable

WALK = 1.0


def zones_frame(shapes: list, **columns: object) -> gpd.GeoDataFrame:
    count = len(shapes)
    base = {"action": "closed", "exit": "shortest", "factor": 1.0, "source": None, "axis": None}
    filled = {k: (v if isinstance(v, list) else [v] * count) for k, v in (base | columns).items()}
    return gpd.GeoDataFrame(filled, geometry=shapes, crs=METRIC)


def grid_roads(size: int, step: float = 100.0) -> gpd.GeoDataFrame:
    """Streets along every line of a square grid, a vertex at every crossing."""
    at = [i * step for i in range(size)]
    lines = [shapely.LineString([(x, y) for x in at]) for y in at]
    lines += [shapely.LineString([(x, y) for y in at]) for x in at]
    names = [f"东西路{i}" for i in range(size)] + [f"南北路{i}" for i in range(size)]
    return gpd.GeoDataFrame({"highway": "residential", "name": names}, geometry=lines, crs=METRIC)


def world(
    roads: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, origins: list, shelters: list, **options: object
) -> tuple[Cut, Ways]:
    cut = cut_streets(streets.tables(roads), zones)
    network = RoadNetwork.from_streets(cut.tables, SpeedTable.of("pedestrian"))
    places = [
        network.places(gpd.GeoSeries(gpd.points_from_xy(*zip(*p, strict=True)), crs=METRIC))[0]
        for p in (origins, shelters)
    ]
    return cut, ways(network, cut, zones, *places, **options)


def solve(made: Ways, people: list[float], capacity: list[float], limit_s: float = 1e6) -> object:
    nothing = np.zeros(len(made.origins)), np.zeros(len(made.shelters))
    return plan(made, pd.Series(people), pd.Series(capacity), nothing, limits=Limits(limit_s))


def test_streets_end_at_the_border_and_none_is_lost() -> None:
    roads = grid_roads(5)
    zone = shapely.box(150, 130, 260, 270)
    cut = cut_streets(streets.tables(roads), zones_frame([zone]))
    edges = cut.tables.edges
    assert edges.length_m.sum() == pytest.approx(streets.tables(roads).edges["length_m"].sum())
    inside = np.zeros(len(edges), dtype=bool)
    inside[cut.piece] = True
    held = shapely.length(shapely.intersection(edges.geometry.to_numpy(), zone))
    assert held[inside] == pytest.approx(edges["length_m"].to_numpy()[inside])
    assert held[~inside] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", range(200))
def test_routes_avoid_closed_edges(seed: int) -> None:
    """Nobody enters a zone: a route meets zones only in one stretch from its start, and its seconds are networkx's."""
    rng = np.random.default_rng(seed)
    roads = grid_roads(7).sample(frac=0.9, random_state=seed).sort_index()
    shapes = [shapely.Point(*rng.uniform(0, 600, 2)).buffer(rng.uniform(40, 130)) for _ in range(3)]
    zones = zones_frame(shapes)
    nodes = streets.tables(roads).nodes.geometry
    picked = rng.choice(len(nodes), 5, replace=False)
    at = [(nodes.iloc[i].x, nodes.iloc[i].y) for i in picked]
    area = shapely.union_all(shapes)
    shelters = [xy for xy in at[3:] if not area.intersects(shapely.Point(xy))]
    if not shelters:
        return
    _, made = world(roads, zones, at[:3], shelters)
    found = solve(made, [10.0, 20, 30], [100.0] * len(shelters))
    for group in found.groups:
        start = int(made.origins[group.origin])
        arcs = made.early if found.times.early[group.origin] else made.arcs
        for way in (group.main, group.backup):
            if way is None:
                continue
            inside = made.inside[way.number // 2]
            assert not (inside[1:] & ~inside[:-1]).any(), "a route goes back into a zone"
            line = line_of(made, way.number, start)
            held = line.intersection(area.buffer(-1e-6)).length
            assert held == pytest.approx(_metres(made, way.number[inside]), abs=1e-3)
            assert line.length == pytest.approx(way.length_m, rel=1e-9)
        graph = nx.DiGraph()
        for tail, head, cost in zip(arcs.tail, arcs.head, arcs.cost, strict=True):
            if not graph.has_edge(tail, head) or graph.edges[tail, head]["cost"] > cost:
                graph.add_edge(tail, head, cost=cost)
        least = nx.shortest_path_length(graph, start, int(made.shelters[group.shelter]), weight="cost")
        costs = dict(zip(arcs.number.tolist(), arcs.cost.tolist(), strict=True))
        assert sum(costs[n] for n in group.main.number.tolist()) == pytest.approx(least, rel=1e-9)


def _metres(made: Ways, number: np.ndarray) -> float:
    edge = number // 2
    share = np.ones(len(edge)) if made.graph.base is None else made.graph.share_to[edge] - made.graph.share_from[edge]
    return float((made.network.length_m[made.base[edge]] * share).sum())


def test_roads_beside_a_hazard_are_taken_where_the_way_round_takes_too_long() -> None:
    """100 m of road, then 200 m beside a hazard or 300 m round it, then 100 m: the limit decides, not the order of search."""
    roads = gpd.GeoDataFrame(
        {"highway": "residential"},
        index=range(2),
        geometry=[
            shapely.LineString([(-100, 0), (0, 0), (200, 0), (300, 0)]),
            shapely.LineString([(0, 0), (0, 50), (200, 50), (200, 0)]),
        ],
        crs=METRIC,
    )
    zones = zones_frame([shapely.box(50, -20, 150, 20)], action="penalised", factor=3.0)
    _, made = world(roads, zones, [(-100, 0)], [(300, 0)])
    for limit_s, metres in ((1000.0, 500), (450.0, 400)):
        found = solve(made, [5.0], [9.0], limit_s)
        assert found.assignment.placed == 5
        assert found.times.seconds.iloc[0, 0] == found.groups[0].main.seconds == pytest.approx(metres)
        assert found.times.nearest_s[0] == pytest.approx(metres)
        assert found.times.hurried[0, 0] == (metres == 400)
    assert solve(made, [5.0], [9.0], 399.0).assignment.placed == 0


def test_shortest_exit_comes_before_the_shorter_way() -> None:
    """From 10 m inside the western border the way out is west, though the shelter lies east."""
    roads = gpd.GeoDataFrame(
        {"highway": ["residential", "residential"]},
        geometry=[
            shapely.LineString([(-200, 0), (0, 0), (300, 0), (600, 0)]),
            shapely.LineString([(-200, 0), (-200, 400), (600, 400), (600, 0)]),
        ],
        crs=METRIC,
    )
    _, made = world(roads, zones_frame([shapely.box(0, -50, 300, 50)]), [(10, 0)], [(600, 0)])
    found = solve(made, [5.0], [9.0])
    assert found.groups[0].main.length_m == pytest.approx(10 + 200 + 400 + 800 + 400)
    assert not found.times.early[0]
    # the other way, through the zone, is the backup: it leaves too, and shares nothing
    assert found.groups[0].backup.length_m == pytest.approx(590)
    assert found.groups[0].shared_m == 0


def crossing(**zone: object) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """A cross of roads through the middle of a zone of 100 m; its channel runs from north to south."""
    lines = [shapely.LineString([(-300, 0), (0, 0), (300, 0)]), shapely.LineString([(0, -300), (0, 0), (0, 300)])]
    roads = gpd.GeoDataFrame({"highway": "residential"}, index=[0, 1], geometry=lines, crs=METRIC)
    return roads, zones_frame([shapely.box(-100, -100, 100, 100)], **zone)


def test_debris_flow_is_left_sideways_never_along_or_across_the_channel() -> None:
    axis = shapely.LineString([(0, 200), (0, -200)])
    roads, zones = crossing(exit="sideways", axis=[axis])
    # from the eastern bank: east is open, west lies across the channel, north and south along it
    _, made = world(roads, zones, [(30, 0)], [(300, 0), (-300, 0), (0, 300)])
    found = solve(made, [5.0], [0.0, 9.0, 9.0])
    assert found.times.early[0], "with the east closed there is no way by the rule"
    found = solve(made, [5.0], [9.0, 0.0, 0.0])
    assert not found.times.early[0]
    assert found.groups[0].main.length_m == pytest.approx(270)


def test_toxic_release_is_left_away_from_the_source_and_not_with_the_wind() -> None:
    roads, zones = crossing(exit="away", source=[shapely.Point(-50, 0)])
    _, made = world(roads, zones, [(20, 0)], [(300, 0), (-300, 0)])
    found = solve(made, [5.0], [9.0, 9.0])
    assert found.times.seconds.iloc[0, 0] == pytest.approx(280)
    assert np.isinf(found.times.seconds.iloc[0, 1])
    # wind from the west blows along the road east: that way is closed too
    limits = ExitLimits(wind_from_degrees=270)
    _, made = world(roads, zones, [(20, 0)], [(300, 0), (0, 300)], limits=limits)
    found = solve(made, [5.0], [9.0, 0.0])
    assert found.times.early[0]


@pytest.mark.parametrize(
    ("bends", "open_"),
    [
        ([(60, 2), (100, 0)], True),  # a bend of two metres is none
        ([(30, 60), (100, 60)], False),  # sixty metres along the channel, though the ends lie sideways of one another
        ([(60, 60), (40, 70), (100, 80)], False),  # back towards the channel on the way
    ],
)
def test_exit_rules_hold_on_every_bend_of_a_road(bends: list[tuple], open_: bool) -> None:
    axis = shapely.LineString([(0, 200), (0, -200)])
    zones = zones_frame([shapely.box(-100, -100, 100, 100)], exit="sideways", axis=[axis])
    road = shapely.LineString([(30, 0), *bends, (300, bends[-1][1])])
    roads = gpd.GeoDataFrame({"highway": "residential"}, index=[0], geometry=[road], crs=METRIC)
    _, made = world(roads, zones, [(30, 0)], [(300, bends[-1][1])])
    assert solve(made, [5.0], [9.0]).times.early[0] != open_
    # the same for a release at the channel: away from it on every part of the way
    release = zones_frame([shapely.box(-100, -100, 100, 100)], exit="away", source=[shapely.Point(0, 0)])
    _, made = world(roads, release, [(30, 0)], [(300, bends[-1][1])])
    assert solve(made, [5.0], [9.0]).times.early[0] == (bends[1] == (40, 70))


def test_flood_is_left_towards_lower_water() -> None:
    """Depth grows to the east: west is open, east is not."""
    roads, zones = crossing(exit="lower_depth", action="slowed", factor=0.5)

    def depth(xy: np.ndarray) -> np.ndarray:
        return np.clip(0.3 + xy[:, 0] / 500, 0, None)

    _, made = world(roads, zones, [(0, 0)], [(300, 0), (-300, 0)], depths=depth)
    found = solve(made, [5.0], [9.0, 9.0])
    assert np.isinf(found.times.seconds.iloc[0, 0])
    assert found.times.seconds.iloc[0, 1] == pytest.approx(100 / 0.5 + 200)


@pytest.mark.parametrize("deepest", [0.4, 0.49])
def test_a_hollow_on_the_way_is_deeper_water_though_the_road_ends_in_lower(deepest: float) -> None:
    """Water of 0.3 m with a hollow 60 m to the east, none beyond: what the road crosses counts, not only its ends."""
    roads, zones = crossing(exit="lower_depth", action="slowed", factor=0.5)

    def depth(xy: np.ndarray) -> np.ndarray:
        return np.where(np.abs(xy[:, 0] - 60) < 15, deepest, np.where(np.hypot(*xy.T) < 90, 0.3, 0.0))

    _, made = world(roads, zones, [(0, 0)], [(300, 0), (-300, 0)], depths=depth)
    found = solve(made, [5.0], [9.0, 9.0])
    assert np.isfinite(found.times.seconds.iloc[0]).tolist() == [deepest == 0.4, True], (
        "0.1 m is no deeper by the facts"
    )
    assert not found.times.early[0]


def test_deep_water_closes_a_road_and_early_leavers_still_get_out() -> None:
    roads, zones = crossing(exit="none")
    _, made = world(roads, zones, [(0, 50), (300, 0)], [(0, 300), (-300, 0)])
    found = solve(made, [5.0, 7.0], [9.0, 9.0])
    assert found.times.early.tolist() == [True, False]
    assert found.assignment.unplaced.tolist() == [0, 7], "from the east the road west goes through the zone"
    assert found.groups[0].main.length_m == pytest.approx(250)


def test_penalised_ground_is_passed_only_when_there_is_no_better_way() -> None:
    lines = [shapely.LineString([(0, 0), (400, 0)]), shapely.LineString([(0, 0), (0, 100), (400, 100), (400, 0)])]
    roads = gpd.GeoDataFrame({"highway": "residential"}, index=[0, 1], geometry=lines, crs=METRIC)
    for factor, length in ((2.0, 600.0), (1.2, 400.0)):
        zones = zones_frame([shapely.box(50, -20, 350, 20)], action="penalised", factor=factor)
        _, made = world(roads, zones, [(0, 0)], [(400, 0)])
        main = solve(made, [1.0], [1.0]).groups[0].main
        # 300 of 400 m are penalised: at 2.0 the way costs 700, round it 600; at 1.2 it costs 460
        assert main.length_m == pytest.approx(length)
        assert main.seconds == pytest.approx(length / WALK), "minutes are real minutes"


@pytest.mark.parametrize("seed", range(60))
def test_backup_shares_the_fewest_metres_and_then_is_the_shortest(seed: int) -> None:
    """Against all simple ways of a small network."""
    rng = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(8, 0.4, seed=seed)
    nx.add_path(graph, range(8))
    pairs = sorted(tuple(sorted(e)) for e in graph.edges)
    length = dict(zip(pairs, rng.integers(1, 30, len(pairs)).astype(float), strict=True))
    tail = np.array([p[d] for p in pairs for d in (0, 1)])
    head = np.array([p[1 - d] for p in pairs for d in (0, 1)])
    metres = np.repeat(list(length.values()), 2)
    arcs = OpenArcs(8, tail, head, metres, metres, np.arange(len(tail)), metres)
    main = follow(arcs, to_target(arcs, np.array([7]), np.inf), 0)
    assert metres[main].sum() == pytest.approx(
        nx.shortest_path_length(nx.Graph((a, b, {"w": w}) for (a, b), w in length.items()), 0, 7, weight="w")
    )
    scratch = Scratch(8)
    for _ in range(2):  # the room is left clean
        other = least_shared(arcs, least_seconds(arcs, 7, np.inf), 0, 7, main, np.inf, scratch)
    used = set((arcs.number[main] // 2).tolist())
    edge_of = {pair: i for i, pair in enumerate(pairs)}

    def judged(nodes: list[int]) -> tuple[float, float]:
        steps = [tuple(sorted(p)) for p in itertools.pairwise(nodes)]
        return sum(length[s] for s in steps if edge_of[s] in used), sum(length[s] for s in steps)

    best = min(judged(nodes) for nodes in nx.all_simple_paths(graph, 0, 7))
    shared = metres[other][np.isin(other // 2, list(used))].sum()
    assert (shared, metres[other].sum()) == (pytest.approx(best[0]), pytest.approx(best[1]))


def test_the_limit_counts_real_seconds_and_is_inclusive() -> None:
    roads = gpd.GeoDataFrame(
        {"highway": ["residential"]}, geometry=[shapely.LineString([(0, 0), (600, 0)])], crs=METRIC
    )
    _, made = world(roads, zones_frame([shapely.box(9000, 0, 9001, 1)]), [(0, 0)], [(600, 0)])
    assert solve(made, [1.0], [1.0], 600.0).assignment.unplaced.sum() == 0
    assert solve(made, [1.0], [1.0], 599.0).assignment.unplaced.sum() == 1


def test_the_same_on_every_run() -> None:
    roads, zones = grid_roads(6), zones_frame([shapely.Point(250, 250).buffer(90)])
    made = [world(roads, zones, [(220, 250), (0, 0)], [(500, 500), (0, 500)])[1] for _ in range(2)]
    plans = [solve(m, [5.0, 5.0], [6.0, 6.0]) for m in made]
    for one, other in zip(plans[0].groups, plans[1].groups, strict=True):
        assert (one.main.number == other.main.number).all()
        assert (one.backup.number == other.backup.number).all()


def test_rules_without_what_they_need_allow_every_arc() -> None:
    tail, head = np.array([[0.0, 0]]), np.array([[1.0, 0]])
    for rule in ("sideways", "away", "lower_depth"):
        zones = zones_frame([shapely.box(-1, -1, 1, 1)], exit=rule)
        assert may_leave(tail, head, zones, np.array([0]), limits=ExitLimits()).all()
