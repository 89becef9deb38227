"""Reach, nearest, times and routes: against networkx on random graphs, and by hand on small streets."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point

from riskmap.errors import CRSError, CRSMismatchError, MissingCRSError, NetworkError, UnreachableError
from riskmap.network.roads import RoadNetwork

SECONDS = [0.0, 0.0, 1.5, 7.0, 13.0, 20.5]


def random_world(seed: int):
    """Directed edges with parallels, zero lengths, self-loops and islands, and starts at nodes and along edges."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(4, 40))
    edges = int(rng.integers(3, 4 * nodes))
    xy = rng.uniform(0, 1000, (nodes, 2))
    half = max(2, nodes // 2)
    tail, head = rng.integers(0, nodes, edges), rng.integers(0, nodes, edges)
    island = rng.random(edges) < 0.5  # edges that stay within the first half of the nodes
    tail[island], head[island] = tail[island] % half, head[island] % half
    tail[0], head[0] = 0, 1  # not all are loops
    both = rng.random(edges) < 0.4
    seconds = np.where(rng.random(edges) < 0.2, rng.choice(SECONDS, edges), rng.uniform(0, 100, edges))
    tail, head = np.concatenate((tail, head[both])), np.concatenate((head, tail[both]))
    seconds = np.concatenate((seconds, seconds[both] * rng.uniform(1, 2, both.sum())))
    return rng, xy, tail, head, seconds


def as_networkx(nodes: int, tail, head, seconds) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(nodes))
    graph.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), seconds.tolist(), strict=True))
    return graph


def with_place(graph: nx.MultiDiGraph, name: str, u: int, v: int, share: float) -> None:
    """Split every edge between two nodes at a share, for an oracle that knows nothing of our code."""
    for a, b, part in ((u, v, share), (v, u, 1 - share)):
        for data in list((graph.get_edge_data(a, b) or {}).values()):
            graph.add_edge(a, name, weight=data["weight"] * part)
            graph.add_edge(name, b, weight=data["weight"] * (1 - part))


@pytest.mark.parametrize("seed", range(200))
def test_reach_equals_networkx(seed: int) -> None:
    rng, xy, tail, head, seconds = random_world(seed)
    network = RoadNetwork.from_edges(tail, head, seconds, xy=xy)
    oracle = as_networkx(len(xy), tail, head, seconds)
    limit = float(rng.uniform(20, 300))
    long = np.flatnonzero(tail != head)
    starts, points = [], []
    for k in range(int(rng.integers(1, 4))):
        if rng.random() < 0.6 and len(long):
            edge, share = int(rng.choice(long)), float(rng.uniform(0.05, 0.95))
            u, v = int(tail[edge]), int(head[edge])
            with_place(oracle, f"place {k}", u, v, share)
            starts.append(f"place {k}")
            points.append(Point(xy[u] + share * (xy[v] - xy[u])))
        else:
            node = int(rng.integers(len(xy)))
            if node in np.concatenate((tail, head)):
                starts.append(node)
                points.append(Point(xy[node]))
    if not points:
        return
    expected = nx.multi_source_dijkstra_path_length(oracle, set(starts), cutoff=limit)
    expected = {node: s for node, s in expected.items() if not isinstance(node, str)}
    found = network.reach(points, limit_s=limit)
    assert set(found.index) == set(expected)
    np.testing.assert_allclose(found.to_numpy(), [expected[n] for n in found.index], atol=1e-6)
    first = network.nearest(points, limit_s=limit)
    assert set(first.index) == set(expected)
    for k, start in enumerate(starts):  # each node's source really is that near
        alone = nx.single_source_dijkstra_path_length(oracle, start)
        mine = first[first["source"] == k]
        np.testing.assert_allclose(mine["seconds"], [alone[n] for n in mine.index], atol=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_times_and_routes_between_places_along_edges_equal_networkx(seed: int) -> None:
    rng, xy, tail, head, seconds = random_world(seed + 1000)
    network = RoadNetwork.from_edges(tail, head, seconds, xy=xy)
    oracle = as_networkx(len(xy), tail, head, seconds)
    edge = int(rng.choice(np.flatnonzero(tail != head)))
    u, v = int(tail[edge]), int(head[edge])
    shares = sorted(rng.uniform(0.05, 0.95, 2))
    points = [Point(xy[u] + s * (xy[v] - xy[u])) for s in shares]
    cut = nx.MultiDiGraph(oracle)
    for a, b, chain in ((u, v, [u, "p", "q", v]), (v, u, [v, "q", "p", u])):
        steps = np.diff([0, *shares, 1]) if a == u else np.diff([0, *shares, 1])[::-1]
        for data in (oracle.get_edge_data(a, b) or {}).values():
            for one, other, step in zip(chain[:-1], chain[1:], steps, strict=True):
                cut.add_edge(one, other, weight=data["weight"] * step)
    other = int(rng.integers(len(xy)))
    targets = pd.Series([points[0], points[1]])
    matrix = network.times(points, targets.to_list())
    lengths = {name: nx.single_source_dijkstra_path_length(cut, name) for name in ("p", "q")}
    for i, one in enumerate("pq"):
        for j, two in enumerate("pq"):
            assert matrix.iloc[i, j] == pytest.approx(lengths[one].get(two, np.inf), abs=1e-6)
    for one, point in zip("pq", points, strict=True):
        if other in lengths[one]:
            route = network.route(point, other)
            assert route.seconds == pytest.approx(lengths[one][other], abs=1e-6)
            assert route.geometry.length == pytest.approx(route.length_m, abs=1e-6)
            assert Point(route.geometry.coords[-1]).distance(Point(xy[other])) < 1e-6
        else:
            with pytest.raises(UnreachableError):
                network.route(point, other)


@pytest.mark.parametrize("seed", range(20))
def test_the_reversed_network_says_who_gets_here(seed: int) -> None:
    rng, xy, tail, head, seconds = random_world(seed + 2000)
    network = RoadNetwork.from_edges(tail, head, seconds, xy=xy)
    edge = int(rng.choice(np.flatnonzero(tail != head)))
    point = Point(xy[tail[edge]] * 0.3 + xy[head[edge]] * 0.7)
    here = network.reversed().reach(point)
    there = network.times(list(range(len(xy))), point).iloc[:, 0]
    assert set(here.index) == set(there.index[np.isfinite(there)])
    np.testing.assert_allclose(here, there[here.index], atol=1e-6)


def line_world() -> RoadNetwork:
    """One way 0 -> 1 of 100 s, both ways 1 - 2 of 100 s, and 3 - 4 by itself; 10 m a second."""
    xy = [(0, 0), (1000, 0), (2000, 0), (0, 500), (1000, 500)]
    return RoadNetwork.from_edges([0, 1, 2, 3, 4], [1, 2, 1, 4, 3], [100.0] * 5, xy=xy)


def test_a_start_on_a_one_way_street_goes_forward_only() -> None:
    assert line_world().reach(Point(400, 5)).to_dict() == {1: 60.0, 2: 160.0}


def test_a_start_on_a_two_way_street_goes_both_ways() -> None:
    assert line_world().reach(Point(1400, 0)).to_dict() == {1: 40.0, 2: 60.0}


def test_the_limit_is_inclusive_and_counts_the_start() -> None:
    network = line_world()
    assert list(network.reach(0, limit_s=200.0).index) == [0, 1, 2]
    assert list(network.reach(0, limit_s=199.9).index) == [0, 1]
    assert list(network.reach(0, limit_s=200.0, start_s=60.0).index) == [0, 1]
    assert network.reach([0, 2], start_s=[0.0, 30.0]).to_dict() == {0: 0.0, 1: 100.0, 2: 30.0}


def test_nearest_names_the_source_as_the_caller_does() -> None:
    stations = gpd.GeoDataFrame(index=["east", "west"], geometry=[Point(1900, 0), Point(100, 0)])
    first = line_world().nearest(stations)
    assert first["source"].to_dict() == {1: "east", 2: "east"}
    assert first["seconds"].to_dict() == pytest.approx({1: 90.0, 2: 10.0})
    second = line_world().nearest([0, 2], start_s=[0.0, 150.0])
    assert second["source"].to_dict() == {0: 0, 1: 0, 2: 2}


def test_behind_on_a_one_way_street_is_all_the_way_round() -> None:
    ring = RoadNetwork.from_edges([0, 1, 2], [1, 2, 0], [100.0, 100.0, 100.0], xy=[(0, 0), (1000, 0), (500, 800)])
    route = ring.route(Point(600, 0), Point(400, 0))
    assert route.seconds == pytest.approx(280.0)
    assert route.nodes == [1, 2, 0]
    assert ring.route(Point(400, 0), Point(600, 0)).seconds == pytest.approx(20.0)
    assert ring.route(Point(400, 0), Point(600, 0)).nodes == []


def test_no_way_is_an_error_never_a_number() -> None:
    network = line_world()
    with pytest.raises(UnreachableError):
        network.route(0, 3)
    with pytest.raises(UnreachableError):
        network.route(1, 0)
    assert 3 not in network.reach(0).index
    assert np.isinf(network.times([0], [3]).iloc[0, 0])


def test_a_route_to_where_one_stands() -> None:
    route = line_world().route(1, 1)
    assert (route.seconds, route.length_m, route.nodes) == (0.0, 0.0, [1])
    assert route.geometry.length == 0.0


def test_points_far_from_any_road_are_refused_by_name() -> None:
    with pytest.raises(NetworkError, match="far out"):
        line_world().reach(gpd.GeoSeries([Point(0, 9000)], index=["far out"]))
    with pytest.raises(NetworkError, match="99"):
        line_world().reach([0, 99])


def test_systems_must_agree() -> None:
    network = RoadNetwork.from_edges([0], [1], [1.0], xy=[(0, 0), (10, 0)], crs="EPSG:4548")
    network.reach(gpd.GeoSeries([Point(1, 0)], crs="EPSG:4548"))
    with pytest.raises(CRSMismatchError):
        network.reach(gpd.GeoSeries([Point(1, 0)], crs="EPSG:4549"))
    with pytest.raises(MissingCRSError):
        network.reach(gpd.GeoSeries([Point(1, 0)]))


def test_any_ids_serve_tuples_and_words_too() -> None:
    network = RoadNetwork.from_edges([(0, 0), (0, 1)], [(0, 1), "end"], [1.0, 2.0])
    assert network.reach((0, 0)).to_dict() == {(0, 0): 0.0, (0, 1): 1.0, "end": 3.0}
    assert network.route((0, 0), "end").nodes == [(0, 0), (0, 1), "end"]
    with pytest.raises(NetworkError, match="coordinates"):
        network.reach(Point(0, 0))


@pytest.mark.parametrize("wrong", [-1.0, np.nan])
def test_seconds_are_checked(wrong: float) -> None:
    with pytest.raises(NetworkError):
        RoadNetwork.from_edges([0], [1], [wrong])


def test_two_stations_in_one_place_and_at_the_ends() -> None:
    network = line_world()
    points = [Point(1400, 0), Point(1400, 0), Point(1000, 0), Point(2000, 0)]
    assert network.nearest(points)["seconds"].to_dict() == {1: 0.0, 2: 0.0}
    matrix = network.times(points, points)
    np.testing.assert_allclose(matrix.loc[0], [0, 0, 40, 60])
    np.testing.assert_allclose(matrix.loc[2], [40, 40, 0, 100])


def test_networkx_there_and_back() -> None:
    _, xy, tail, head, seconds = random_world(77)
    network = RoadNetwork.from_edges(tail, head, seconds, xy=xy)
    again = RoadNetwork.from_networkx(network.to_networkx())
    a, b = network.reach([0, 1], limit_s=200), again.reach([0, 1], limit_s=200)
    pd.testing.assert_series_equal(a.sort_index(), b.sort_index())


def test_networkx_with_curved_and_undirected_edges() -> None:
    graph = nx.MultiDiGraph(crs="EPSG:4548")
    graph.add_node("a", x=0, y=0)
    graph.add_node("b", x=100, y=0)
    curve = LineString([(0, 0), (50, 50), (100, 0)])
    graph.add_edge("a", "b", travel_time=20.0, geometry=curve, length=142.0)
    graph.add_edge("b", "a", travel_time=30.0, geometry=curve.reverse(), length=142.0)
    graph.add_edge("a", "b", travel_time=40.0)
    network = RoadNetwork.from_networkx(graph)
    assert len(network.edges) == 2
    found = network.reach(gpd.GeoSeries([Point(50, 50)], crs="EPSG:4548"))
    assert found["a"] == pytest.approx(15.0)
    assert found["b"] == pytest.approx(10.0)
    assert network.route("a", "b").geometry.equals(curve)
    plain = nx.Graph()
    plain.add_edge(0, 1, seconds=5.0)
    assert RoadNetwork.from_networkx(plain).reach(1).to_dict() == {0: 5.0, 1: 0.0}
    with pytest.raises(NetworkError):
        RoadNetwork.from_networkx(plain, seconds="minutes")


def test_reading_changes_nothing() -> None:
    tail, head, seconds = np.array([0, 1]), np.array([1, 0]), np.array([5.0, 7.0])
    kept = tail.copy(), head.copy(), seconds.copy()
    network = RoadNetwork.from_edges(tail, head, seconds, xy=[(0, 0), (10, 0)])
    before = network.graph.forward_s.copy()
    network.reach(Point(4, 0))
    network.route(Point(4, 0), 1)
    for a, b in zip((tail, head, seconds), kept, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(network.graph.forward_s, before)
    assert shapely.equals(network.lines[0], LineString([(0, 0), (10, 0)]))


def test_no_source_and_no_time_reach_nothing() -> None:
    net = RoadNetwork.from_edges([0, 1], [1, 2], [5.0, 5.0], xy=[(0, 0), (1, 0), (2, 0)])
    assert len(net.reach([])) == len(net.nearest([])) == 0
    assert len(net.reach([0], limit_s=-1)) == len(net.nearest([0], limit_s=5, start_s=6)) == 0
    assert np.isinf(net.times([0], [1], limit_s=-1).to_numpy()).all()
    assert net.reach([0], limit_s=0).to_dict() == {0: 0.0}


def osmnx_like(crs: str = "EPSG:32650") -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph(crs=crs)
    for node, (x, y) in {10: (0, 0), 20: (1000, 0), 30: (1000, 1000)}.items():
        graph.add_node(node, x=x, y=y, street_count=3)
    for u, v in ((10, 20), (20, 10)):
        graph.add_edge(u, v, osmid=1, highway="primary", name="人民路", length=1000.0, travel_time=60.0)
    around = LineString([(0, 0), (500, 500), (1000, 0)])
    graph.add_edge(10, 20, osmid=2, highway="service", length=1500.0, travel_time=300.0, geometry=around)
    graph.add_edge(20, 30, osmid=3, highway=["motorway", "trunk"], length=1000.0, travel_time=70.0)
    return graph


def test_what_edges_say_of_themselves_survives_the_way_through_networkx() -> None:
    network = RoadNetwork.from_networkx(osmnx_like())
    back = network.to_networkx()
    said = sorted((u, v, d["osmid"], d["travel_time"], d["length"]) for u, v, d in osmnx_like().edges(data=True))
    assert sorted((u, v, d["osmid"], d["travel_time"], d["length"]) for u, v, d in back.edges(data=True)) == said
    assert {type(node) for edge in back.edges() for node in edge} == {int}
    again = RoadNetwork.from_networkx(back)
    assert (
        again.reach(Point(500, 510)).to_dict()
        == network.reach(Point(500, 510)).to_dict()
        == {20: 150.0, 30: 220.0, 10: 210.0}
    )
    # nobody steps onto the motorway, which is nearer: it would lead to the last node only
    assert set(again.reach(Point(1010, 40)).index) == {10, 20, 30}


def test_points_are_not_joined_in_degrees() -> None:
    network = RoadNetwork.from_networkx(osmnx_like("EPSG:4326"))
    assert network.reach(10, limit_s=60).to_dict() == {10: 0.0, 20: 60.0}
    with pytest.raises(CRSError):
        network.reach(Point(0, 0))


@pytest.mark.parametrize("of", [list, np.array, pd.Series, gpd.GeoSeries, lambda p: gpd.GeoSeries(p).array])
def test_points_in_any_array(of) -> None:
    network = RoadNetwork.from_edges([0, 1], [1, 2], [10, 10], xy=[(0, 0), (100, 0), (200, 0)])
    assert network.reach(of([Point(50, 5), Point(150, 5)])).to_dict() == {1: 5.0, 2: 5.0}
